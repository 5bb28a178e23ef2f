"""The fit finds the smile that made the points, and never one that no market can have."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from engine.kernels import smile


def svi(k, a, b, rho, m, s):
    return a + b * (rho * (k - m) + np.sqrt((k - m) ** 2 + s**2))


def fit(k, iv, t, weight=None):
    found = smile.fit(k, iv, np.ones_like(k) if weight is None else weight, t)
    return dict(zip((*smile.FIELDS, "rmse", "worst", "butterflies"), found, strict=True))


def cases(count: int, seed: int = 0):
    """Smiles of weeks to half a year: skewed, shifted, all with positive variance."""
    rng = np.random.default_rng(seed)
    while count:
        t = rng.choice([3, 7, 14, 30, 60, 180]) / 365.0
        spread = rng.uniform(0.08, 0.6) * math.sqrt(t)
        b = rng.uniform(0.1, 0.6) * spread
        rho = rng.uniform(-0.9, 0.5)
        m = rng.uniform(-0.5, 0.5) * spread
        s = rng.uniform(0.3, 2.0) * spread
        a = spread**2 - b * (rho * -m + math.hypot(m, s))
        if a + b * s * math.sqrt(1 - rho * rho) > 0.0:
            count -= 1
            yield t, spread, (a, b, rho, m, s)


def test_a_smile_of_its_own_kind_is_found_again():
    worst = 0.0
    for t, spread, parameters in cases(60):
        k = np.linspace(-4.0, 3.0, 40) * spread
        found = fit(k, np.sqrt(svi(k, *parameters) / t), t)
        assert found["butterflies"] == 0
        worst = max(worst, found["worst"])
    assert worst < 2e-5  # a five-hundredth of a volatility point


def test_noise_is_smoothed_and_not_followed():
    rng = np.random.default_rng(2)
    for t, spread, parameters in cases(20, seed=3):
        k = np.linspace(-3.0, 2.5, 40) * spread
        true = np.sqrt(svi(k, *parameters) / t)
        found = fit(k, true + 0.01 * rng.standard_normal(len(k)), t)
        fitted = np.sqrt(svi(k, *(found[name] for name in smile.FIELDS)) / t)
        assert np.sqrt(np.mean((fitted - true) ** 2)) < 0.006
        assert 0.006 < found["rmse"] < 0.014


def test_an_untrusted_point_does_not_pull():
    t, spread, parameters = next(cases(1, seed=5))
    k = np.linspace(-3.0, 2.5, 30) * spread
    iv = np.sqrt(svi(k, *parameters) / t)
    true = iv.copy()
    iv[3] += 0.5
    weight = np.ones_like(k)
    weight[3] = 1e-9
    found = fit(k, iv, t, weight)
    fitted = np.sqrt(svi(k, *(found[name] for name in smile.FIELDS)) / t)
    assert np.abs(fitted - true).max() < 1e-4


def test_a_flat_smile_is_flat():
    k = np.linspace(-0.2, 0.2, 12)
    found = fit(k, np.full(12, 0.25), 30 / 365)
    assert found["worst"] < 1e-6
    assert found["butterflies"] == 0


def test_wings_are_never_steeper_than_two():
    k = np.linspace(-0.5, 0.5, 15)
    iv = np.sqrt((0.01 + 5.0 * np.abs(k)) / 0.25)  # steeper than any market can be
    found = fit(k, iv, 0.25)
    assert found["b"] * (1.0 + abs(found["rho"])) <= 2.0 + 1e-12


def test_points_with_a_butterfly_get_a_smile_without_one():
    t = 0.25
    k = np.linspace(-0.3, 0.3, 21)
    iv = 0.2 + 3.0 * np.maximum(0.05 - np.abs(k - 0.1), 0.0) + 1.6 * np.abs(k)
    found = fit(k, iv, t)
    assert found["butterflies"] == 0
    parameters = tuple(found[name] for name in smile.FIELDS)
    strikes = 100.0 * np.exp(np.linspace(k[0], k[-1], 400))
    logs = np.log(strikes / 100.0)
    sd = np.sqrt(svi(logs, *parameters))
    d1 = -logs / sd + 0.5 * sd
    call = 100.0 * norm.cdf(d1) - strikes * norm.cdf(d1 - sd)
    slope = np.diff(call) / np.diff(strikes)
    assert (np.diff(slope) > -1e-9).all()  # call prices are convex in the strike


def test_variance_is_nowhere_negative():
    k = np.linspace(-0.1, 0.1, 9)
    iv = np.array([0.30, 0.2, 0.1, 0.02, 0.01, 0.02, 0.1, 0.2, 0.30])
    found = fit(k, iv, 0.1)
    grid = np.linspace(-1.0, 1.0, 2001)
    assert svi(grid, *(found[name] for name in smile.FIELDS)).min() >= -1e-15


def test_the_density_condition_is_durrlemans():
    a, b, rho, m, s = 0.02, 0.1, -0.4, 0.01, 0.15
    h = 1e-4
    for k in (-0.3, 0.0, 0.2):
        w = svi(k, a, b, rho, m, s)
        first = (svi(k + h, a, b, rho, m, s) - svi(k - h, a, b, rho, m, s)) / (2 * h)
        second = (svi(k + h, a, b, rho, m, s) - 2 * w + svi(k - h, a, b, rho, m, s)) / h**2
        g = (1 - k * first / (2 * w)) ** 2 - first**2 / 4 * (1 / w + 0.25) + second / 2
        assert smile.density(k, a, b, rho, m, s) == pytest.approx(g, rel=1e-5)


@pytest.mark.parametrize("count", [0, 1, 4])
def test_too_few_points_give_no_smile(count):
    k = np.linspace(-0.1, 0.1, count)
    assert np.isnan(smile.fit(k, np.full(count, 0.2), np.ones(count), 0.1)).all()


def test_points_at_one_strike_and_expired_ones_give_no_smile():
    k = np.zeros(6)
    assert np.isnan(smile.fit(k, np.full(6, 0.2), np.ones(6), 0.1)).all()
    k = np.linspace(-0.1, 0.1, 6)
    assert np.isnan(smile.fit(k, np.full(6, 0.2), np.ones(6), 0.0)).all()


def test_fits_do_not_depend_on_the_order_of_points():
    random = np.random.default_rng(3)
    k = np.linspace(-0.3, 0.2, 30)
    iv = 0.2 - 0.3 * k + k * k + random.normal(0.0, 1e-3, 30)
    weight = random.random(30) + 0.5
    order = random.permutation(30)
    t, offsets = np.array([0.25]), np.array([0, 30])
    found = smile.fits(k, iv, weight, offsets, t)
    again = smile.fits(k[order], iv[order], weight[order], offsets, t)
    np.testing.assert_array_equal(found, again)
