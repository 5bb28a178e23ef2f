"""The GARCH filter against the library that fits it, and its window."""

from __future__ import annotations

import numpy as np
import pytest
from arch import arch_model

from engine.kernels.garch import forecast_variance

RETURNS = np.random.default_rng(6).standard_t(6, 1600) * 0.008


def forecast(r, omega, alpha, gamma, beta, lookback=1000, min_obs=250):
    constant = [np.full(len(r), value) for value in (omega, alpha, gamma, beta)]
    return forecast_variance(r, *constant, lookback, min_obs)


@pytest.mark.parametrize(("o", "gamma"), [(0, 0.0), (1, 0.07)])
def test_filter_is_the_conditional_variance_of_arch_with_the_same_parameters(o, gamma):
    omega, alpha, beta = 2e-6, 0.05, 0.90
    model = arch_model(100.0 * RETURNS, mean="Zero", vol="GARCH", p=1, o=o, q=1, rescale=False)
    parameters = [omega * 1e4, alpha, *([gamma] if o else []), beta]
    sigma = np.asarray(model.fix(parameters).conditional_volatility) / 100.0
    got = forecast(RETURNS, omega, alpha, gamma, beta)
    # arch's sigma[t] uses returns before t: it is our forecast made at t - 1.
    np.testing.assert_allclose(got[600:-1], sigma[601:] ** 2, rtol=2e-6)


def test_filter_depends_on_its_lookback_and_nothing_before():
    parameters = (2e-6, 0.02, 0.0, 0.97)
    full = forecast(RETURNS, *parameters, lookback=400)
    cut = forecast(RETURNS[700:], *parameters, lookback=400)
    assert np.array_equal(cut[399:], full[700 + 399 :])
    assert np.array_equal(
        forecast(RETURNS[:900], *parameters), forecast(RETURNS, *parameters)[:900], equal_nan=True
    )


def test_each_row_uses_the_parameters_in_force_at_it():
    n = len(RETURNS)
    omega, alpha, gamma, beta = (np.full(n, v) for v in (2e-6, 0.05, 0.0, 0.9))
    changed = omega.copy()
    changed[1200:] = 4e-6
    before = forecast_variance(RETURNS, omega, alpha, gamma, beta, 1000, 250)
    after = forecast_variance(RETURNS, changed, alpha, gamma, beta, 1000, 250)
    assert np.array_equal(after[:1200], before[:1200], equal_nan=True)
    assert (after[1200:] > before[1200:]).all()


@pytest.mark.parametrize("beta", [0.0, 1.0])
def test_parameters_at_their_bounds_give_a_finite_forecast(beta):
    got = forecast(RETURNS, 1e-6, 0.0, 0.0, beta)
    assert np.isfinite(got[249:]).all()


def test_without_parameters_or_returns_there_is_no_forecast():
    assert np.isnan(forecast(RETURNS, np.nan, 0.05, 0.0, 0.9)).all()
    holed = np.insert(RETURNS, 700, np.nan)
    got = forecast(holed, 2e-6, 0.05, 0.0, 0.9)
    assert np.isnan(got[700])
    assert np.array_equal(
        np.delete(got, 700), forecast(RETURNS, 2e-6, 0.05, 0.0, 0.9), equal_nan=True
    )
