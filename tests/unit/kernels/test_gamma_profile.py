"""Dollar gamma over a grid and its root, beside closed forms in mpmath and scipy's brentq."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from engine.kernels.gamma_profile import FLAT, PLACES, REACH, STEP, at, flip, profile

SPOT = 100.0
MOVES = STEP * np.arange(-REACH, REACH + 1)


def chain(seed, count=60):
    """Return (strike, t, sigma, carry, rate, weight): calls held, puts owed."""
    rng = np.random.default_rng(seed)
    strike = SPOT * np.exp(0.12 * rng.standard_normal(count))
    t = rng.uniform(0.5 / 365, 1.0, count)
    sigma = rng.uniform(0.08, 0.6, count)
    rate = rng.uniform(-0.01, 0.06, count)
    carry = np.exp((rate - rng.uniform(0.0, 0.03, count)) * t)
    side = np.where(strike * np.exp(0.08 * rng.standard_normal(count)) > SPOT, 1.0, -1.0)
    return strike, t, sigma, carry, rate, side * 100.0 * rng.integers(1, 5000, count)


def curve_of(contracts, spot=SPOT):
    out = np.empty(PLACES)
    profile(spot, *contracts, out)
    return out


def exposure(move, contracts, spot=SPOT):
    """The closed form: weight x Black-Scholes gamma of a yield x S^2 x 0.01, with scipy."""
    strike, t, sigma, carry, rate, weight = contracts
    s = spot * np.exp(move)
    q = rate - np.log(carry) / t
    d1 = (np.log(s / strike) + (rate - q + 0.5 * sigma**2) * t) / (sigma * np.sqrt(t))
    gamma = np.exp(-q * t) * norm.pdf(d1) / (s * sigma * np.sqrt(t))
    return float(np.sum(weight * gamma * s * s * 0.01))


@pytest.mark.parametrize("seed", range(5))
def test_every_place_of_the_grid_has_the_closed_forms_gamma(seed):
    contracts = chain(seed)
    expected = [exposure(move, contracts) for move in MOVES]
    gross = exposure(0.0, (*contracts[:5], np.abs(contracts[5])))
    np.testing.assert_allclose(curve_of(contracts), expected, rtol=1e-11, atol=1e-11 * gross)


def test_one_contract_agrees_with_mpmath_to_twelve_digits_out_to_the_wings():
    mp.mp.dps = 40
    strike, t, sigma, carry, rate, weight = 103.0, 0.02, 0.11, 1.0004, 0.03, 700.0
    found = curve_of(tuple(np.array([x]) for x in (strike, t, sigma, carry, rate, weight)))
    for place, move in enumerate(MOVES):
        s = mp.mpf(SPOT) * mp.e ** (mp.mpf(place - REACH) / 100)
        width = mp.mpf(sigma) * mp.sqrt(mp.mpf(t))
        d1 = mp.log(s * mp.mpf(carry) / strike) / width + width / 2
        gamma = mp.e ** (-mp.mpf(rate) * t) * carry * mp.npdf(d1) / (s * width)
        true = float(weight * gamma * s**2 / 100)
        assert found[place] == pytest.approx(true, rel=1e-12), move


def test_a_contract_near_expiry_and_far_from_the_spot_still_peaks_at_its_strike():
    """d1 at the spot is about 170: a recurrence from the spot would start with nothing."""
    strike = SPOT * np.exp(-0.15)
    contracts = tuple(np.array([x]) for x in (strike, 1.0 / 365 / 24, 0.08, 1.0, 0.0, 100.0))
    curve = curve_of(contracts)
    assert np.argmax(curve) == REACH - 15
    assert curve[REACH - 15] == pytest.approx(exposure(-0.15, contracts), rel=1e-9)
    assert curve[REACH] == 0.0


@pytest.mark.parametrize("seed", range(8))
def test_the_flip_is_the_root_that_brentq_finds_nearest_the_spot(seed):
    contracts = chain(seed)
    curve = curve_of(contracts)
    root, _ = flip(curve, SPOT, *contracts)
    true = [exposure(move, contracts) for move in MOVES]
    roots = [
        brentq(exposure, a, b, args=(contracts,), xtol=1e-14)
        for a, b, fa, fb in zip(MOVES, MOVES[1:], true, true[1:], strict=False)
        if fa * fb < 0
    ]
    if not roots:
        assert np.isnan(root)
    else:
        assert root == pytest.approx(min(roots, key=abs), abs=1e-10)
        assert abs(at(SPOT, root, *contracts)) < 1e-9 * np.abs(curve).max()


def test_a_straddle_pair_flips_where_its_two_gammas_are_equal_by_symmetry():
    """Long at K1, short at K2, same t and volatility, no carry: the flip is sqrt(K1 K2)."""
    t, sigma = 0.1, 0.2
    contracts = (
        np.array([95.0, 105.0]), np.full(2, t), np.full(2, sigma), np.ones(2), np.zeros(2),
        np.array([-500.0, 500.0]),
    )  # fmt: skip
    root, _ = flip(curve_of(contracts), SPOT, *contracts)
    # S phi(d1) is symmetric about ln K = ln S - sigma^2 t / 2
    expected = 0.5 * np.log(95.0 * 105.0) - 0.5 * sigma**2 * t
    assert SPOT * np.exp(root) == pytest.approx(np.exp(expected), rel=1e-12)


def test_an_exposure_of_one_sign_has_no_flip():
    contracts = chain(3)
    held = (*contracts[:5], np.abs(contracts[5]))
    root, width = flip(curve_of(held), SPOT, *held)
    assert np.isnan(root)
    assert np.isnan(width)


def test_the_flat_width_is_where_the_curve_stays_below_a_tenth_of_its_largest():
    contracts = chain(1, 400)
    curve = curve_of(contracts)
    root, width = flip(curve, SPOT, *contracts)
    fine = np.linspace(MOVES[0], MOVES[-1], 40_001)
    small = np.abs([np.interp(x, MOVES, curve) for x in fine]) < FLAT * np.abs(curve).max()
    here = int(np.argmin(np.abs(fine - root)))
    left = here
    while left > 0 and small[left - 1]:
        left -= 1
    right = here
    while right < len(fine) - 1 and small[right + 1]:
        right += 1
    assert width == pytest.approx(np.exp(fine[right]) - np.exp(fine[left]), abs=2e-4)


def test_nothing_held_is_a_flat_line_without_a_flip():
    contracts = (*chain(0)[:5], np.zeros(60))
    curve = curve_of(contracts)
    assert np.all(curve == 0.0)
    assert np.isnan(flip(curve, SPOT, *contracts)[0])
