"""Recursions over the last bars that exist."""

from __future__ import annotations

import numpy as np
import pytest
import talib
from arch.univariate import EWMAVariance

from engine.kernels import wilder

SERIES = 100.0 + np.cumsum(np.random.default_rng(4).normal(size=1500))


@pytest.mark.parametrize("w", [5, 20, 50])
def test_ema_is_that_of_talib_after_warm_up(w):
    got = wilder.ema(SERIES, w)
    expected = talib.EMA(SERIES, w)
    warm = wilder.ema_lookback(w)
    np.testing.assert_allclose(got[warm:], expected[warm:], rtol=1e-6)
    # Both begin with the mean of the first w values.
    np.testing.assert_allclose(got[w - 1], SERIES[:w].mean(), rtol=1e-12)


@pytest.mark.parametrize("w", [5, 14])
def test_wilder_average_of_true_range_is_that_of_talib_after_warm_up(w):
    rng = np.random.default_rng(2)
    high = SERIES + rng.uniform(0.1, 2.0, len(SERIES))
    low = SERIES - rng.uniform(0.1, 2.0, len(SERIES))
    got = wilder.wilder(wilder.true_range(high, low, SERIES), w)
    expected = talib.ATR(high, low, SERIES, w)
    warm = wilder.wilder_lookback(w) + 1
    np.testing.assert_allclose(got[warm:], expected[warm:], rtol=1e-5)


def test_true_range_reads_the_last_close_that_exists():
    high = np.array([11.0, np.nan, 21.0])
    low = np.array([9.0, np.nan, 20.0])
    close = np.array([10.0, np.nan, 20.5])
    got = wilder.true_range(high, low, close)
    assert np.isnan(got[:2]).all()
    assert got[2] == 11.0  # 21 less the close of 10


@pytest.mark.parametrize(
    ("name", "lookback"),
    [("ema", wilder.ema_lookback(10)), ("wilder", wilder.wilder_lookback(10)), ("ewma", 300)],
)
def test_a_recursion_depends_on_its_lookback_and_nothing_before(name, lookback):
    functions = {
        "ema": lambda x: wilder.ema(x, 10),
        "wilder": lambda x: wilder.wilder(x, 10),
        "ewma": lambda x: wilder.ewma_variance(x, 0.94, 300, 20),
    }
    function = functions[name]
    full = function(SERIES)
    cut = function(SERIES[400:])
    assert np.array_equal(cut[lookback - 1 :], full[400 + lookback - 1 :])
    assert np.array_equal(function(SERIES[:700]), full[:700], equal_nan=True)
    # Sooner than that, the start still shows.
    assert cut[lookback // 2] != full[400 + lookback // 2]


def test_the_start_weighs_a_millionth_after_the_lookback():
    spiked = np.zeros(400)
    spiked[0] = 1.0
    for w in (5, 14):
        level = wilder.smooth(spiked, 1, 1.0 / w, 400, np.ones(400, dtype=np.bool_))
        after = wilder.decay_length(1.0 - 1.0 / w)
        assert level[after] <= 1e-6 < level[after - 1]


def test_a_missing_value_has_none_and_is_skipped_by_the_next():
    holed = np.insert(SERIES[:300], 200, np.nan)
    got = wilder.ema(holed, 10)
    assert np.isnan(got[200])
    assert np.array_equal(np.delete(got, 200), wilder.ema(SERIES[:300], 10), equal_nan=True)


def test_ewma_variance_is_that_of_arch_after_warm_up():
    returns = np.diff(np.log(SERIES))
    model = EWMAVariance(0.94)
    sigma2 = np.zeros(len(returns))
    model.compute_variance(
        np.empty(0), returns, sigma2, model.backcast(returns), model.variance_bounds(returns)
    )
    got = wilder.ewma_variance(returns, 0.94, 500, 20)
    # arch's value is the forecast for its own row: known one row before.
    np.testing.assert_allclose(got[600:-1], sigma2[601:], rtol=1e-6)
