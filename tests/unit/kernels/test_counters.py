"""Counters against hand-worked sequences, and what a value of theirs depends on."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.kernels.counters import bars_in_state, bars_since, streak

NAN = np.nan


def test_a_state_counts_from_zero_once_its_first_bar_has_been_seen():
    state = np.array([1, 1, 0, 0, 0, 1, -1, -1], dtype=float)
    np.testing.assert_array_equal(bars_in_state(state, 252), [NAN, NAN, 0, 1, 2, 0, 0, 1])


def test_a_missing_bar_forgets_when_the_state_began():
    state = np.array([0, 1, 1, NAN, 1, 1, 0, 0])
    np.testing.assert_array_equal(bars_in_state(state, 252), [NAN, 0, 1, NAN, NAN, NAN, 0, 1])


def test_the_count_stops_at_its_cap_and_is_known_from_there():
    np.testing.assert_array_equal(bars_in_state(np.ones(6), 3), [NAN, NAN, NAN, 3, 3, 3])


def test_bars_since_a_flag_are_unknown_until_it_is_seen_or_the_cap_is_reached():
    flag = np.array([0, 0, 1, 0, 0, 1, NAN, 0, 0, 0, 0])
    expected = [NAN, NAN, 0, 1, 2, 0, NAN, NAN, NAN, 3, 3]
    np.testing.assert_array_equal(bars_since(flag, 3), expected)


def test_a_streak_has_the_sign_of_its_changes_and_a_standstill_is_zero():
    change = np.array([0.5, -1.0, -2.0, 3.0, 0.0, 1.0, 1.0, 1.0, 1.0])
    np.testing.assert_array_equal(streak(change, 3), [NAN, -1, -2, 1, 0, 1, 2, 3, 3])


def test_a_streak_after_a_missing_bar_is_unknown_until_it_turns():
    change = np.array([-1.0, 1.0, NAN, 1.0, 1.0, -1.0])
    np.testing.assert_array_equal(streak(change, 252), [NAN, 1, NAN, NAN, NAN, -1])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0, NAN]), min_size=6, max_size=40))
def test_counters_depend_on_no_more_bars_than_their_cap(values):
    x, cap = np.array(values), 4
    for function, bars in ((bars_in_state, cap + 1), (bars_since, cap), (streak, cap)):
        whole = function(x, cap)
        for t in range(bars - 1, len(x)):
            alone = function(x[t - bars + 1 : t + 1].copy(), cap)
            np.testing.assert_array_equal(alone[-1], whole[t])
