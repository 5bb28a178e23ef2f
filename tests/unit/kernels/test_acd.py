"""The ACD model: likelihood, filter and adjustment against plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from engine.kernels.acd import adjusted_durations, expected_duration, likelihood


def test_likelihood_equals_the_recursion_in_python_and_its_derivatives_finite_differences():
    x = np.random.default_rng(1).exponential(1.0, 300)

    def plain(point):
        omega, alpha, beta = point
        psi, total = x.mean(), 0.0
        for value in x:
            total += np.log(psi) + value / psi
            psi = omega + alpha * value + beta * psi
        return total / len(x)

    point = np.array([0.1, 0.12, 0.75])
    got = likelihood(x, *point)
    assert got[0] == pytest.approx(plain(point), rel=1e-12)
    np.testing.assert_allclose(got[1:], approx_fprime(point, plain, 1e-7), rtol=1e-4, atol=1e-5)


def test_filter_equals_the_recursion_in_python():
    rng = np.random.default_rng(2)
    x = rng.exponential(1.0, (40, 5))
    omega, alpha, beta = 0.1, 0.2, 0.7
    forecast, residual = expected_duration(
        x, np.full(40, omega), np.full(40, alpha), np.full(40, beta), 30, 10
    )
    assert np.isnan(forecast[:9]).all()
    steps = min(30, int(np.ceil(np.log(1e-6) / np.log(beta) / 5)) + 1)
    for t in range(9, 40):
        past = x[max(0, t + 1 - steps) : t + 1].ravel()
        psi, ratios = past.mean(), []
        for value in past:
            ratios.append(value / psi)
            psi = omega + alpha * value + beta * psi
        assert forecast[t] == pytest.approx(psi, rel=1e-12)
        assert residual[t] == pytest.approx(np.mean(ratios[-5:]), rel=1e-12)


def test_filter_skips_missing_sessions_and_needs_parameters():
    rng = np.random.default_rng(3)
    x = rng.exponential(1.0, (30, 5))
    holed = np.insert(x, 20, np.nan, axis=0)
    parameters = [np.full(31, value) for value in (0.1, 0.2, 0.7)]
    whole = expected_duration(x, *(p[:30] for p in parameters), 30, 5)
    found = expected_duration(holed, *parameters, 30, 5)
    for a, b in zip(whole, found, strict=True):
        assert np.isnan(b[20])
        np.testing.assert_array_equal(np.delete(b, 20), a)
    parameters[0][25] = np.nan
    assert np.isnan(expected_duration(holed, *parameters, 30, 5)[0][25])


def test_durations_are_adjusted_by_the_sessions_before():
    # Two bars a session. Usual shares are the means of two sessions before.
    shares = np.array([[0.4, 0.6, 0.5, 0.7], [0.6, 0.4, 0.5, 0.3]])
    pace = np.array([1.0, 1.0, 2.0, 1.0])
    got = adjusted_durations(shares, pace, 2)
    assert np.isnan(got[:2]).all()
    np.testing.assert_allclose(got[2], [2.0, 2.0])
    np.testing.assert_allclose(got[3], [0.7 / 0.55, 0.3 / 0.45])


def test_a_missing_session_blanks_those_it_would_have_been_usual_for():
    shares = np.full((2, 8), 0.5)
    shares[:, 3] = np.nan
    got = adjusted_durations(shares, np.ones(8), 2)
    assert np.isnan(got[[0, 1, 3, 4, 5], 0]).all()
    assert (got[[2, 6, 7]] == 1.0).all()
    pace = np.ones(8)
    pace[7] = np.nan
    assert np.isnan(adjusted_durations(shares, pace, 2)[7]).all()
