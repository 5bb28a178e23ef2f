"""Window statistics: equal to pandas, blind to what lies outside, dead on a missing value."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.kernels import trend, volume, window

SERIES = np.random.default_rng(3).normal(10.0, 3.0, 300)


@pytest.mark.parametrize("w", [2, 5, 60, 252])
def test_mean_std_and_total_are_those_of_pandas(w):
    rolling = pd.Series(SERIES).rolling(w)
    mean, std = window.mean_std(SERIES, w)
    np.testing.assert_allclose(mean, rolling.mean(), rtol=1e-10)
    np.testing.assert_allclose(std, rolling.std(), rtol=1e-8)
    np.testing.assert_allclose(window.total(SERIES, w), rolling.sum(), rtol=1e-10)


@pytest.mark.parametrize("w", [2, 20, 252])
def test_percent_rank_is_the_mid_rank_of_pandas_from_zero_to_one(w):
    tied = np.round(SERIES)  # many ties
    expected = (pd.Series(tied).rolling(w).rank(method="average") - 1.0) / (w - 1.0)
    np.testing.assert_allclose(window.percent_rank(tied, w), expected, atol=1e-15)


def test_percent_rank_of_a_flat_window_is_one_half():
    assert window.percent_rank(np.full(10, 7.0), 5)[4:].tolist() == [0.5] * 6


@given(st.lists(st.integers(-5, 5), min_size=6, max_size=40))
@settings(max_examples=50, deadline=None)
def test_percent_rank_of_the_negative_is_the_mirror_image(values):
    x = np.array(values, dtype=np.float64)
    np.testing.assert_allclose(
        window.percent_rank(x, 6)[5:], 1.0 - window.percent_rank(-x, 6)[5:], atol=1e-15
    )


def test_a_constant_window_has_standard_deviation_exactly_zero():
    _, std = window.mean_std(np.full(30, 0.1), 7)  # ten times 0.1 does not sum to 1
    assert std[6:].tolist() == [0.0] * 24


def test_extremes_count_bars_since_the_latest_of_equals():
    high = np.array([1.0, 5.0, 5.0, 2.0, 3.0])
    low = np.array([1.0, 0.5, 0.7, 0.5, 2.0])
    top, bottom, since_top, since_bottom = window.extremes(high, low, 4)
    assert top[3:].tolist() == [5.0, 5.0]
    assert since_top[3:].tolist() == [1.0, 2.0]
    assert bottom[3:].tolist() == [0.5, 0.5]
    assert since_bottom[3:].tolist() == [0.0, 1.0]


def test_autocovariance_is_that_of_numpy_over_the_pairs():
    got = window.autocovariance(SERIES, 20)
    for t in (20, 100, 299):
        now, before = SERIES[t - 19 : t + 1], SERIES[t - 20 : t]
        assert got[t] == pytest.approx(np.cov(now, before)[0, 1], rel=1e-10)
    assert np.isnan(got[19])


def test_mean_of_defined_skips_undefined_values_while_half_are_there():
    x = np.array([1.0, np.nan, 3.0, np.nan, np.nan, 5.0])
    bars = np.array([1.0, 1.0, 1.0, 1.0, 1.0, np.nan])
    got = window.mean_of_defined(x, bars, 3)
    assert got[2] == 2.0  # 1 and 3
    assert np.isnan(got[3:]).all()  # one of three defined; none; a missing bar


def test_trend_of_a_line_has_its_slope_and_r2_one():
    slope, t_stat, r2 = trend.trend(2.0 + 0.5 * np.arange(30.0), 10)
    assert slope[9:] == pytest.approx(0.5)
    assert r2[9:] == pytest.approx(1.0)
    assert np.isnan(t_stat).all()  # a residual of rounding has no t


def test_trend_of_a_constant_has_slope_zero_and_no_fit():
    slope, t_stat, r2 = trend.trend(np.full(12, 3.3), 5)
    assert slope[4:].tolist() == [0.0] * 8
    assert np.isnan(t_stat).all()
    assert np.isnan(r2).all()


def test_cumulative_slope_is_the_slope_of_the_running_sum():
    steps = np.random.default_rng(1).normal(size=50)
    got = volume.cumulative_slope(steps, 12)
    for t in (11, 30, 49):
        line = np.cumsum(steps)[t - 11 : t + 1]
        assert got[t] == pytest.approx(np.polyfit(np.arange(12), line, 1)[0], rel=1e-10)


STATISTICS = {
    "mean": lambda x: window.mean_std(x, 9)[0],
    "std": lambda x: window.mean_std(x, 9)[1],
    "total": lambda x: window.total(x, 9),
    "rank": lambda x: window.percent_rank(x, 9),
    "high": lambda x: window.extremes(x, x, 9)[0],
    "since": lambda x: window.extremes(x, x, 9)[3],
    "slope": lambda x: trend.trend(x, 9)[0],
    "t": lambda x: trend.trend(x, 9)[1],
    "r2": lambda x: trend.trend(x, 9)[2],
    "autocovariance": lambda x: window.autocovariance(x, 8),
    "cumulative": lambda x: volume.cumulative_slope(x, 9),
}


@pytest.mark.parametrize("name", STATISTICS)
def test_a_window_is_a_pure_function_of_its_values(name):
    statistic = STATISTICS[name]
    full = statistic(SERIES)
    # What came before the window, and what came after it, does not change a bit of it.
    assert np.array_equal(statistic(SERIES[100:])[8:], full[108:])
    assert np.array_equal(statistic(SERIES[:200]), full[:200], equal_nan=True)
    spoiled = SERIES.copy()
    spoiled[:100] *= 1e9
    assert np.array_equal(statistic(spoiled)[108:], full[108:])


@pytest.mark.parametrize("name", STATISTICS)
def test_a_missing_value_blanks_its_windows_and_no_others(name):
    statistic = STATISTICS[name]
    holed = SERIES.copy()
    holed[50] = np.nan
    got, full = statistic(holed), statistic(SERIES)
    assert np.isnan(got[50:59]).all()
    assert np.array_equal(got[59:], full[59:])
    assert np.array_equal(got[:50], full[:50], equal_nan=True)


@pytest.mark.parametrize("name", STATISTICS)
def test_a_series_shorter_than_the_window_has_no_value(name):
    assert np.isnan(STATISTICS[name](SERIES[:5])).all()
