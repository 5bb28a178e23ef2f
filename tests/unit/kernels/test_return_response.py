"""Regressions and correlations of moving windows against statsmodels and numpy."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from engine.kernels.return_response import (
    correlation,
    fitted_line,
    second_coefficient,
    weighted_slope,
)

W = 40


@pytest.fixture(scope="module")
def series():
    rng = np.random.default_rng(8)
    a = rng.normal(size=300)
    b = 0.6 * a + rng.normal(size=300)
    return 0.3 * a - 0.2 * b + rng.normal(size=300), a, b


def rows():
    return range(W - 1, 300, 23)


def test_second_coefficient_equals_statsmodels(series):
    y, a, b = series
    found = second_coefficient(y, a, b, W)
    assert np.isnan(found[: W - 1]).all()
    for t in rows():
        cut = slice(t - W + 1, t + 1)
        fit = sm.OLS(y[cut], sm.add_constant(np.column_stack([a[cut], b[cut]]))).fit()
        assert found[t] == pytest.approx(fit.params[2], rel=1e-9)


def test_regressors_that_say_the_same_have_no_coefficient(series):
    y, a, _ = series
    assert np.isnan(second_coefficient(y, a, 3.0 * a - 1.0, W)).all()
    assert np.isnan(second_coefficient(y, a, np.ones(300), W)).all()


def test_correlation_equals_numpy_and_needs_variation(series):
    y, a, _ = series
    found = correlation(y, a, W)
    for t in rows():
        cut = slice(t - W + 1, t + 1)
        assert found[t] == pytest.approx(np.corrcoef(y[cut], a[cut])[0, 1], rel=1e-11)
    assert np.isnan(correlation(y, np.ones(300), W)).all()


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_missing_value_in_any_series_blanks_its_windows_only(series, place):
    holed = [x.copy() for x in series]
    holed[place][100] = np.nan
    whole, found = second_coefficient(*series, W), second_coefficient(*holed, W)
    assert np.isnan(found[100 : 100 + W]).all()
    np.testing.assert_array_equal(found[100 + W :], whole[100 + W :])
    np.testing.assert_array_equal(found[:100], whole[:100])


def test_fitted_line_equals_statsmodels(series):
    y, a, _ = series
    slope, spread = fitted_line(y, a, W)
    for t in rows():
        cut = slice(t - W + 1, t + 1)
        fit = sm.OLS(y[cut], sm.add_constant(a[cut])).fit()
        assert slope[t] == pytest.approx(fit.params[1], rel=1e-9)
        assert spread[t] == pytest.approx(np.sqrt(fit.mse_resid), rel=1e-9)


def test_a_perfect_line_leaves_no_spread_to_measure_in(series):
    a = series[1]
    slope, spread = fitted_line(2.0 * a, a, W)
    np.testing.assert_allclose(slope[W - 1 :], 2.0, rtol=1e-12)
    assert np.isnan(spread).all()


def test_weighted_slope_equals_statsmodels_and_needs_weights(series):
    y, a, b = series
    weight = b * b
    found = weighted_slope(y, a, weight, W)
    for t in rows():
        cut = slice(t - W + 1, t + 1)
        fit = sm.WLS(y[cut], sm.add_constant(a[cut]), weights=weight[cut]).fit()
        assert found[t] == pytest.approx(fit.params[1], rel=1e-9)
    rare = np.where(np.arange(300) % 3 == 0, 1.0, 0.0)
    assert np.isnan(weighted_slope(y, a, rare, W)).all()
