"""What all strikes together say, against distributions that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import norm

from engine.kernels import model_free
from engine.kernels.straddle import straddle


def call(k, stdev):
    """Black's call over the forward, undiscounted, at log moneyness k."""
    d1 = -k / stdev + 0.5 * stdev
    return norm.cdf(d1) - math.exp(k) * norm.cdf(d1 - stdev)


def otm(k, stdev):
    return call(k, stdev) - (0.0 if k >= 0.0 else 1.0 - math.exp(k))


def moments(k, iv, t):
    found = model_free.moments(np.asarray(k, float), np.asarray(iv, float), t)
    return dict(zip(model_free.FIELDS, found, strict=True))


@pytest.mark.parametrize(("sigma", "days"), [(0.08, 7), (0.2, 30), (0.6, 60), (1.5, 180)])
def test_a_lognormal_chain_has_its_own_volatility_no_skew_and_a_kurtosis_of_three(sigma, days):
    t = days / 365.0
    k = np.linspace(-2.0, 2.0, 9) * sigma * math.sqrt(t)
    found = moments(k, np.full(9, sigma), t)
    assert math.sqrt(found["mf_variance"] / t) == pytest.approx(sigma, rel=1e-7)
    assert found["mf_cumulant_2"] == pytest.approx(sigma**2 * t, rel=1e-6)
    assert found["mf_cumulant_3"] / found["mf_cumulant_2"] ** 1.5 == pytest.approx(0.0, abs=1e-6)
    assert found["mf_cumulant_4"] / found["mf_cumulant_2"] ** 2 == pytest.approx(0.0, abs=1e-5)


def test_calls_and_puts_are_the_integrals_of_their_prices_and_add_up():
    sigma, t = 0.3, 60 / 365.0
    stdev = sigma * math.sqrt(t)
    found = moments(np.linspace(-3.0, 3.0, 13) * stdev, np.full(13, sigma), t)

    def price(k):
        return 2.0 * math.exp(-k) * otm(k, stdev)

    assert found["mf_up"] == pytest.approx(quad(price, 0.0, 2.0)[0], rel=1e-6)
    assert found["mf_down"] == pytest.approx(quad(price, -2.0, 0.0)[0], rel=1e-6)
    assert found["mf_up"] + found["mf_down"] == pytest.approx(found["mf_variance"], rel=1e-14)


def mixture(weight, low, high):
    """Two normal log returns, shifted so that the forward is their mean price."""
    (m1, s1), (m2, s2) = low, high
    shift = math.log(
        weight * math.exp(m1 + 0.5 * s1**2) + (1.0 - weight) * math.exp(m2 + 0.5 * s2**2)
    )
    return [(weight, m1 - shift, s1), (1.0 - weight, m2 - shift, s2)]


def cumulants(parts):
    """Second to fourth cumulant of a mixture of normals, and its mean."""
    mean = sum(w * m for w, m, _ in parts)
    central = [0.0, 0.0, 0.0]
    for w, m, s in parts:
        d = m - mean
        central[0] += w * (d**2 + s**2)
        central[1] += w * (d**3 + 3 * d * s**2)
        central[2] += w * (d**4 + 6 * d**2 * s**2 + 3 * s**4)
    return mean, central[0], central[1], central[2] - 3 * central[0] ** 2


def mixture_iv(parts, k, t):
    """Black volatility of the mixture's price: a sum of Black prices."""
    worth = sum(w * math.exp(m + 0.5 * s * s) * call(k - m - 0.5 * s * s, s) for w, m, s in parts)
    return brentq(lambda x: call(k, x * math.sqrt(t)) - worth, 1e-3, 5.0, xtol=1e-13)


def test_a_crash_that_may_come_has_the_cumulants_of_its_density():
    t = 30 / 365.0
    parts = mixture(0.9, (0.01, 0.04), (-0.08, 0.08))
    k = np.linspace(-0.45, 0.22, 400)
    found = moments(k, [mixture_iv(parts, x, t) for x in k], t)
    mean, second, third, fourth = cumulants(parts)
    assert third < 0.0 < fourth
    assert found["mf_variance"] == pytest.approx(-2.0 * mean, rel=1e-4)
    assert found["mf_cumulant_2"] == pytest.approx(second, rel=1e-3)
    assert found["mf_cumulant_3"] == pytest.approx(third, rel=3e-3)
    assert found["mf_cumulant_4"] == pytest.approx(fourth, rel=1e-2)
    assert found["mf_down"] > found["mf_up"]


def test_over_dense_strikes_it_is_the_sum_that_the_volatility_index_is_made_of():
    t, forward = 30 / 365.0, 1000.0
    strikes = np.arange(500.0, 1500.0, 1.0)
    k = np.log(strikes / forward)
    iv = 0.2 - 0.25 * k + 0.3 * k**2
    price = np.array([forward * otm(x, v * math.sqrt(t)) for x, v in zip(k, iv, strict=True)])
    at = int(np.searchsorted(strikes, forward))  # a strike is the forward: no correction
    assert strikes[at] == forward
    total = 2.0 * np.sum(np.gradient(strikes) / strikes**2 * price)
    wanted = (k > -0.45) & (k < 0.3)
    assert moments(k[wanted], iv[wanted], t)["mf_variance"] == pytest.approx(total, rel=2e-4)


def test_coarse_strikes_and_cut_wings_cost_little_of_the_variance():
    t = 30 / 365.0
    k = np.linspace(-3.0, 3.0, 601) * 0.2 * math.sqrt(t)
    iv = 0.2 - 0.15 * k
    fine = moments(k, iv, t)["mf_variance"]
    few = np.abs(k) <= 2.01 * 0.2 * math.sqrt(t)
    coarse = moments(k[few][::50], iv[few][::50], t)["mf_variance"]
    assert coarse == pytest.approx(fine, rel=5e-3)


@pytest.mark.parametrize(
    ("k", "iv", "t"),
    [
        ([-0.1, -0.05, 0.0, 0.05], [0.2] * 4, 0.1),  # too few
        ([-0.01, 0.0, 0.05, 0.1, 0.2], [0.2] * 5, 0.1),  # puts that do not reach
        ([-0.2, -0.1, -0.05, 0.0, 0.01], [0.2] * 5, 0.1),  # nor calls
        ([-0.2, -0.1, -0.1, 0.1, 0.2], [0.2] * 5, 0.1),  # a strike twice
        ([-0.2, -0.1, 0.0, 0.1, 0.2], [0.2, 0.2, 0.0, 0.2, 0.2], 0.1),
        ([-0.2, -0.1, 0.0, 0.1, 0.2], [0.2, 0.2, np.nan, 0.2, 0.2], 0.1),
        ([-0.2, -0.1, 0.0, 0.1, 0.2], [0.2] * 5, 0.0),
        ([], [], 0.1),
    ],
)
def test_what_is_no_smile_says_nothing(k, iv, t):
    assert all(math.isnan(value) for value in moments(k, iv, t).values())


def test_smiles_one_after_another_are_each_their_own():
    t = np.array([0.1, 0.2])
    k = np.linspace(-0.3, 0.3, 7)
    both = model_free.moments_of(np.r_[k, k], np.full(14, 0.2), np.array([0, 7, 14]), t)
    for i in range(2):
        alone = model_free.moments(k, np.full(7, 0.2), t[i])
        assert np.array_equal(both[:, i], alone)


def test_a_straddle_at_the_forward_is_a_call_and_a_put_and_about_four_fifths_of_the_deviation():
    t = 30 / 365.0
    iv = np.array([0.1, 0.25, 0.8, np.nan])
    found = straddle(iv, t)
    for sigma, cost in zip(iv[:3], found[:3], strict=True):
        stdev = sigma * math.sqrt(t)
        assert cost == pytest.approx(2.0 * call(0.0, stdev), rel=1e-13)
        assert cost == pytest.approx(0.8 * stdev, rel=0.01)
    assert np.isnan(found[3])
