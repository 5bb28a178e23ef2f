"""State machines: truth tables, durations, and what followed each state."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from engine.kernels import states

EDGES = np.array([15.0, 25.0, 35.0])


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([14.9, 15.0, 24.9, 25.0, 35.0, 35.1], [0, 0, 1, 1, 3, 3]),
        ([12, 15.5, 16.1, 15.5, 14.5, 13.9], [0, 0, 1, 1, 1, 0]),
        ([20, 25.9, 26.1, 24.1, 23.9], [1, 1, 2, 2, 1]),
        ([20, 40, 34.5, 34.1, 33.9, 26], [1, 3, 3, 3, 2, 2]),
        ([40, 12, 40], [3, 0, 3]),  # straight across two bands
        ([14.5, 15.5, 14.5], [0, 0, 0]),  # begins undecided: in the band of its first value
    ],
)
def test_a_band_is_left_only_by_more_than_the_margin(levels, expected):
    got = states.bands(np.array(levels, dtype=float), EDGES, 1.0, 252)
    assert got.tolist() == expected


def test_without_a_margin_a_state_is_its_band():
    x = np.random.default_rng(1).uniform(5, 50, 500)
    expected = np.searchsorted(EDGES, x, side="right")
    np.testing.assert_array_equal(states.bands(x, EDGES, 0.0, 10), expected)


def test_the_machine_is_the_one_that_runs_over_everything_once_a_value_was_clear():
    x = 22.0 + np.cumsum(np.random.default_rng(2).normal(0, 0.7, 3000)) * 0.3
    got = states.bands(x, EDGES, 1.0, 252)
    state = int(np.searchsorted(EDGES, x[0], side="right"))
    for t, value in enumerate(x):
        low = EDGES[state - 1] - 1.0 if state > 0 else -np.inf
        high = EDGES[state] + 1.0 if state < 3 else np.inf
        if not low <= value <= high:
            state = int(np.searchsorted(EDGES, value, side="right"))
        assert got[t] == state
    cut = states.bands(x[700:], EDGES, 1.0, 252)
    np.testing.assert_array_equal(cut[252:], got[952:])


def test_missing_values_are_passed_over():
    x = np.array([20.0, np.nan, 25.5, 24.5])
    got = states.bands(x, EDGES, 1.0, 252)
    assert np.isnan(got[1])
    assert got[[0, 2, 3]].tolist() == [1, 1, 1]
    state = np.array([0.0, 1.0, np.nan, 1.0, 1.0, 0.0])
    np.testing.assert_array_equal(
        states.bars_in_state(state, 9), [np.nan, 0.0, np.nan, 2.0, 3.0, 0.0]
    )


def test_bars_in_a_state_are_capped_and_unknown_before_the_first_change():
    state = np.concatenate([np.zeros(3), np.ones(8)])
    got = states.bars_in_state(state, 5)
    np.testing.assert_array_equal(got[:3], np.nan)
    assert got[3:].tolist() == [0, 1, 2, 3, 4, 5, 5, 5]
    assert states.bars_in_state(np.zeros(8), 5)[-3:].tolist() == [5, 5, 5]
    warming = np.concatenate([np.full(9, np.nan), np.zeros(7)])
    np.testing.assert_array_equal(states.bars_in_state(warming, 5)[9:14], np.nan)
    assert states.bars_in_state(warming, 5)[14:].tolist() == [5, 5]


def test_bars_since_an_event_and_its_direction():
    event = np.array([0.0, 0, -1, 0, 0, 1, 0, 0, 0, 0])
    since, kind = states.bars_since(event, 4)
    np.testing.assert_array_equal(since, [np.nan, np.nan, 0, 1, 2, 0, 1, 2, 3, 4])
    np.testing.assert_array_equal(kind, [np.nan, np.nan, -1, -1, -1, 1, 1, 1, 1, 0])
    warming = np.concatenate([np.full(9, np.nan), np.zeros(5)])
    np.testing.assert_array_equal(states.bars_since(warming, 4)[0][9:], [np.nan] * 3 + [4, 4])


STATE = np.random.default_rng(3).choice(4, 600, p=[0.5, 0.25, 0.2, 0.05]).astype(float)
STATE = np.repeat(STATE, 3)[:600]
R = np.random.default_rng(4).normal(0.0, 0.01, 600) * (1.0 + STATE)


def test_what_followed_a_state_is_pandas_groupby():
    stay, mean, deviation = states.after_state(STATE, R, 252, 0.0)
    for t in range(252, 600, 29):
        frame = pd.DataFrame(
            {"before": STATE[t - 252 : t], "now": STATE[t - 251 : t + 1], "r": R[t - 251 : t + 1]}
        )
        same = frame[frame.before == STATE[t]]
        expected = ((same.now == same.before).sum() + 1) / (len(same) + 2)
        assert stay[t] == pytest.approx(expected, rel=1e-12)
        if len(same) < 2:
            continue
        spread = frame.r.std(ddof=0)
        group = frame.groupby("before").r
        assert mean[t] == pytest.approx(group.mean()[STATE[t]] / spread, rel=1e-10)
        assert deviation[t] == pytest.approx(group.std(ddof=0)[STATE[t]] / spread, rel=1e-10)


def test_a_state_never_seen_has_the_windows_own_mean_and_an_even_chance():
    state = np.zeros(300)
    state[299] = 3.0
    stay, mean, deviation = states.after_state(state, R[:300], 252, 10.0)
    window = R[48:300]
    assert stay[299] == 0.5
    assert mean[299] == pytest.approx(window.mean() / window.std())
    assert deviation[299] == pytest.approx(1.0)


def test_occupancy_entropy_is_scipys_and_switches_are_pandas_changes():
    entropy = states.occupancy_entropy(STATE, 60, 4)
    changes = states.switches(STATE, 20)
    expected = (pd.Series(STATE).diff().fillna(0) != 0).rolling(20).sum().to_numpy()
    np.testing.assert_array_equal(changes[20:], expected[20:])
    for t in range(59, 600, 31):
        shares = np.bincount(STATE[t - 59 : t + 1].astype(int), minlength=4) / 60
        assert entropy[t] == pytest.approx(scipy.stats.entropy(shares, base=2), abs=1e-12)
    assert states.occupancy_entropy(np.zeros(60), 60, 4)[-1] == 0.0
