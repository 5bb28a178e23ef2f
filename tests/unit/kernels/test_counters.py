"""Counters, worked by hand."""

from __future__ import annotations

import numpy as np

from engine.kernels.counters import bars_since, run_length

NAN = np.nan


def test_a_run_is_known_once_its_beginning_was_seen():
    codes = np.array([1.0, 1, 2, 2, 2, 0, NAN, 0, 0, 3])
    np.testing.assert_array_equal(run_length(codes, 252), [NAN, NAN, 1, 2, 3, 1, NAN, NAN, NAN, 1])


def test_a_run_of_unknown_beginning_counts_from_the_cap():
    np.testing.assert_array_equal(run_length(np.zeros(6), 4), [NAN, NAN, NAN, 4, 4, 4])


def test_a_run_counts_no_further_than_the_cap():
    codes = np.array([9.0, 1, 1, 1, 1, 1])
    np.testing.assert_array_equal(run_length(codes, 3), [NAN, 1, 2, 3, 3, 3])


def test_bars_since_an_event_begin_at_zero_and_end_at_the_cap():
    events = np.array([0.0, 0, 1, 0, 0, 0, 0, 1, NAN, 0, 0, 0, 0])
    np.testing.assert_array_equal(
        bars_since(events, 4), [NAN, NAN, 0, 1, 2, 3, 4, 0, NAN, NAN, NAN, NAN, 4]
    )
