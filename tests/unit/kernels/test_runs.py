"""Runs and passages: itertools, scipy and hand examples."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from engine.kernels.passage import first_passage, time_under_water
from engine.kernels.runs import run_statistics, weibull_shape


def complete(codes):
    """Lengths of the runs between the first and the last, and the last."""
    lengths = [len(list(group)) for _, group in groupby(codes)]
    return lengths[1:-1], lengths[-1], len(lengths)


@pytest.fixture(scope="module")
def codes():
    rng = np.random.default_rng(1)
    return np.sign(np.cumsum(rng.normal(size=600)) % 2.0 - 1.0)


def test_mean_shape_and_hazard_equal_their_definitions(codes):
    mean, shape, hazard = run_statistics(codes, 120, True)
    compared = 0
    for t in range(119, 600, 7):
        lengths, last, runs = complete(codes[t - 119 : t + 1])
        assert mean[t] == pytest.approx(120 / runs)
        came = [length for length in lengths if length >= last]
        assert hazard[t] == pytest.approx((came.count(last) + 1) / (len(came) + 2))
        if len(lengths) >= 10 and len(set(lengths)) > 1:
            expected = scipy.stats.weibull_min.fit(lengths, floc=0)[0]
            assert shape[t] == pytest.approx(expected, rel=1e-3)  # scipy's simplex is coarse
            compared += 1
    assert compared > 30


def test_weibull_shape_solves_the_likelihood_equation():
    counts = np.array([0, 30, 14, 9, 3, 0, 2])
    logs = np.concatenate([[0.0], np.log(np.arange(1.0, 7.0))])
    shape = weibull_shape(counts, logs)
    x = np.repeat(np.arange(7.0), counts)
    score = (x**shape * np.log(x)).sum() / (x**shape).sum() - 1 / shape - np.log(x).mean()
    assert score == pytest.approx(0.0, abs=1e-10)


def test_weibull_shape_needs_ten_lengths_that_differ():
    logs = np.log(np.array([1.0, 1.0, 2.0]))
    assert np.isnan(weibull_shape(np.array([0, 5, 4]), logs))
    assert np.isnan(weibull_shape(np.array([0, 40, 0]), logs))
    assert weibull_shape(np.array([0, 5, 5]), logs) > 1.0


def test_a_hand_example_of_runs():
    # ++ - +++ -- + : five runs in nine; complete ones have 1, 3 and 2; the present one has 1.
    codes = np.array([1.0, 1, -1, 1, 1, 1, -1, -1, 1])
    mean, shape, hazard = run_statistics(codes, 9, True)
    assert mean[-1] == pytest.approx(9 / 5)
    assert hazard[-1] == pytest.approx((1 + 1) / (3 + 2))
    assert np.isnan(shape[-1])


def test_a_window_of_one_run_has_even_odds(codes):
    mean, shape, hazard = run_statistics(np.zeros(30), 20, True)
    assert (mean[19:] == 20.0).all()
    assert (hazard[19:] == 0.5).all()
    assert np.isnan(shape).all()


def test_a_missing_code_blanks_its_windows_only(codes):
    holed = codes.copy()
    holed[200] = np.nan
    for whole, found in zip(
        run_statistics(codes, 60, True), run_statistics(holed, 60, True), strict=True
    ):
        assert np.isnan(found[200:260]).all()
        np.testing.assert_array_equal(found[260:], whole[260:])


def test_time_under_water_equals_the_expanding_maximum():
    close = pd.Series(100 * np.exp(np.cumsum(np.random.default_rng(2).normal(0, 0.01, 400))))
    longest, present = time_under_water(close.to_numpy(), 60)
    for t in range(59, 400, 7):
        x = close[t - 59 : t + 1]
        below = (x < x.expanding().max()).astype(int).tolist()
        runs = [len(list(group)) for value, group in groupby(below) if value]
        assert longest[t] == max(runs, default=0)
        assert present[t] == 59 - int(np.argmax(x.to_numpy()))


def test_time_under_water_of_a_hand_example():
    longest, present = time_under_water(np.array([3.0, 1, 2, 3, 2, 4, 3, 3.5]), 8)
    assert (longest[-1], present[-1]) == (2.0, 2.0)
    longest, present = time_under_water(np.full(8, 2.0), 8)
    assert (longest[-1], present[-1]) == (0.0, 0.0)


def plain_passage(high, low, close, barrier):
    up = down = 0.0
    for start in range(len(close) - 1):
        for top, bottom in zip(high[start + 1 :], low[start + 1 :], strict=True):
            above = int(top >= close[start] + barrier)
            below = int(bottom <= close[start] - barrier)
            if above or below:
                up += above / (above + below)
                down += below / (above + below)
                break
    return (up + 1) / (up + down + 2)


def test_first_passage_equals_the_definition():
    rng = np.random.default_rng(3)
    close = np.cumsum(rng.normal(0, 0.01, 300))
    high = close + rng.exponential(0.01, 300)
    low = close - rng.exponential(0.01, 300)
    got = first_passage(high, low, close, np.full(300, 0.02), 20)
    assert np.isnan(got[:20]).all()
    for t in range(20, 300, 7):
        part = slice(t - 20, t + 1)
        assert got[t] == pytest.approx(plain_passage(high[part], low[part], close[part], 0.02))


def test_first_passage_of_a_hand_example():
    # From 0 the path reaches +1, from 1 it reaches -1, from 0.5 both in one bar.
    close = np.array([0.0, 1.0, 0.5, 0.0])
    high, low = np.array([0.0, 1.0, 0.5, 1.6]), np.array([0.0, 1.0, 0.5, -0.6])
    got = first_passage(high, low, close, np.full(4, 1.0), 3)
    # From 0: bar 1 has 1.0: up. From 1: the last bar goes to -0.6: down. From 0.5: 1.6 and -0.6.
    assert got[3] == pytest.approx((1.5 + 1) / (3 + 2))


def test_a_path_that_reaches_nothing_gives_one_half_and_no_barrier_nothing():
    still = np.zeros(30)
    assert (first_passage(still, still, still, np.full(30, 0.1), 20)[20:] == 0.5).all()
    assert np.isnan(first_passage(still, still, still, still, 20)).all()
