from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from engine.kernels import black
from engine.lake.simulate import model
from engine.lake.simulate.model import CLOSING_SHARE, Law, Surface, pricing_law
from engine.lake.simulate.universe import EQUITY, FACTORS, SYMBOLS

SPY, TLT, VXX = (SYMBOLS.index(name) for name in ("SPY", "TLT", "VXX"))
STRIKES = np.array([0.85, 0.92, 0.97, 1.0, 1.02, 1.05, 1.10])


@pytest.fixture(scope="module")
def surface(law: Law) -> Surface:
    return Surface(pricing_law(law), (SPY, TLT, VXX))


def otm_prices(surface: Surface, member: int, steps: int, variance, regime: int, strikes):
    density, width = surface.density(np.array([member]), np.array([steps]), variance, regime)
    return black.cosine_otm(
        density,
        width,
        np.ones(1),
        surface.is_right_tailed[[member]],
        np.zeros(len(strikes), np.int64),
        strikes,
    )


def calls(surface: Surface, member: int, steps: int, variance, regime: int, strikes):
    return otm_prices(surface, member, steps, variance, regime, strikes) + np.maximum(
        1.0 - strikes, 0.0
    )


def monte_carlo(law: Law, instrument: int, steps: int, regime: int, variance, paths: int):
    """Simulate log returns straight from the module's formulas, with a loop over steps."""
    random = np.random.default_rng(5)
    load = law.loadings[instrument]
    used = np.flatnonzero(load)
    h = np.repeat(variance[used][:, None], paths, 1)
    state = np.full(paths, regime)
    total = np.zeros(paths)
    chance = np.cumsum(law.transitions, axis=1)
    mean_jump = np.exp(load * law.jump_mean + 0.5 * (load * law.jump_stdev) ** 2) - 1.0
    for _ in range(steps):
        z = random.standard_normal((len(used), paths))
        after = (random.random(paths)[:, None] > chance[state]).sum(1)
        total += (load[used][:, None] * np.sqrt(h) * z).sum(0)
        total -= 0.5 * (load[used][:, None] ** 2 * h).sum(0)
        total += load[EQUITY] * law.shifts[state, after]
        growth = (law.transitions * np.exp(load[EQUITY] * law.shifts)).sum(1)
        total -= np.log(growth)[state]
        for p in used:
            for _block in range(2):
                half = 0.5 * law.jump_chance[p][state]
                hit = random.random(paths) < half
                size = law.jump_mean[p] + law.jump_stdev[p] * random.standard_normal(paths)
                total += load[p] * np.where(hit, size, 0.0) - np.log1p(half * mean_jump[p])
        news = random.gamma(law.news_shape, 1.0, (len(used), paths)) * law.news_scale[used][:, None]
        h = (
            law.omega[used][:, after]
            + law.beta[used][:, None] * h
            + law.alpha[used][:, None] * (z - law.gamma[used][:, None] * np.sqrt(h)) ** 2
            + news
        )
        state = after
    rest = random.standard_normal((len(used), paths)) * np.sqrt(CLOSING_SHARE * h)
    total += (load[used][:, None] * rest).sum(0)
    return total - 0.5 * CLOSING_SHARE * (load[used][:, None] ** 2 * h).sum(0)


@pytest.mark.parametrize(("instrument", "regime"), [(SPY, 0), (SPY, 2), (VXX, 1)])
def test_option_prices_equal_simulated_expectations(law: Law, instrument: int, regime: int) -> None:
    surface = Surface(law, (instrument,))
    variance = law.usual_variance()[:, regime]
    paths = 60_000
    ends = np.exp(monte_carlo(law, instrument, 12, regime, variance, paths))
    assert abs(ends.mean() - 1.0) < 4.0 * ends.std() / np.sqrt(paths)
    for strike, price in zip(
        STRIKES, otm_prices(surface, 0, 12, variance, regime, STRIKES), strict=True
    ):
        payoff = np.maximum(ends - strike if strike >= 1.0 else strike - ends, 0.0)
        assert abs(payoff.mean() - price) < 4.0 * payoff.std() / np.sqrt(paths) + 1e-6


@pytest.mark.parametrize("member", [0, 1, 2])
@pytest.mark.parametrize("regime", [0, 1, 2, 3])
def test_calls_from_their_own_payoff_equal_calls_from_puts(
    surface: Surface, law: Law, member: int, regime: int
) -> None:
    variance = law.usual_variance()[:, regime]
    steps = np.array([0, 1, 5, 21, 42])
    density, width = surface.density(np.full(5, member), steps, variance, regime)
    strikes = np.tile([1.001, 1.02, 1.06], 5)
    series = np.repeat(np.arange(5), 3)
    direct, parity = (
        black.cosine_otm(density, width, np.ones(5), np.full(5, way), series, strikes)
        for way in (False, True)
    )
    np.testing.assert_allclose(direct, parity, atol=2e-6)


@pytest.mark.parametrize("member", [0, 1, 2])
def test_surface_has_no_static_arbitrage(surface: Surface, law: Law, member: int) -> None:
    strikes = np.linspace(0.80, 1.25, 91)
    for regime in range(4):
        variance = law.usual_variance()[:, regime]
        ladder = [
            calls(surface, member, steps, variance, regime, strikes)
            for steps in (0, 1, 2, 5, 10, 21, 42, 63, 126, 252)
        ]
        for price in ladder:
            slope = np.diff(price) / np.diff(strikes)
            assert (slope <= 2e-5).all() and (slope >= -1.0 - 2e-5).all()
            assert (np.diff(slope) >= -4e-5).all()  # butterflies
        for short, long in pairwise(ladder):
            assert (long - short >= -5e-7).all()  # calendars, on the forward


def test_skew_falls_with_strike_for_equity_and_rises_for_volatility(
    surface: Surface, law: Law
) -> None:
    variance = law.usual_variance()[:, 1]
    for member, sign in ((0, -1.0), (2, 1.0)):
        stdev = 0.03 if member == 0 else 0.15
        strikes = np.exp(np.array([-1.5, 1.5]) * stdev)
        price = otm_prices(surface, member, 21, variance, 1, strikes)
        low, high = black.implied_stdev(1.0, strikes, price)
        assert np.sign(high - low) == sign


def test_worse_regimes_invert_the_term_structure(surface: Surface, law: Law) -> None:
    def vol(steps: int, regime: int) -> float:
        _, variance, _ = surface.cumulants(
            np.array([0]), steps, law.usual_variance()[:, regime][None], np.array([regime])
        )
        return float(np.sqrt(variance[0] * 252.0 / (steps + CLOSING_SHARE)))

    assert vol(6, 0) < vol(63, 0)
    assert vol(6, 3) > vol(63, 3)
    assert vol(21, 0) < vol(21, 1) < vol(21, 2) < vol(21, 3)


def test_cumulants_equal_simulated_moments(law: Law) -> None:
    surface = Surface(law, (SPY,))
    variance = law.usual_variance()[:, 1]
    sampled = monte_carlo(law, SPY, 10, 1, variance, 60_000)
    mean, second, third = (
        float(each[0])
        for each in surface.cumulants(np.array([0]), 10, variance[None], np.array([1]))
    )
    deviation = sampled - sampled.mean()
    assert abs(sampled.mean() - mean) < 4.0 * sampled.std() / np.sqrt(sampled.size)
    assert second == pytest.approx(float(sampled.var()), rel=0.04)
    skewness = third / second**1.5
    assert skewness == pytest.approx(float((deviation**3).mean() / sampled.std() ** 3), abs=0.12)


def test_more_terms_change_prices_by_less_than_a_tick(
    law: Law, monkeypatch: pytest.MonkeyPatch
) -> None:
    variance = 0.6 * law.usual_variance()[:, 0]  # the narrowest density is the hardest
    few = otm_prices(Surface(law, (SPY,)), 0, 10, variance, 0, STRIKES)
    monkeypatch.setattr(model, "TERMS", 600)
    many = otm_prices(Surface(law, (SPY,)), 0, 10, variance, 0, STRIKES)
    np.testing.assert_allclose(few, many, atol=1e-6)


def test_variance_stays_positive_and_settles_where_stated(law: Law) -> None:
    assert (law.omega > 0.0).all() and (law.beta >= 0.0).all()
    assert (law.beta + law.alpha * law.gamma**2 < 1.0).all()
    vols = np.sqrt(252.0 * law.usual_variance()[FACTORS.index("equity")])
    np.testing.assert_allclose(vols, model._FACTOR_VOLS["equity"])


def test_pricing_law_fears_more_than_the_law_of_motion(law: Law) -> None:
    feared = pricing_law(law)
    np.testing.assert_allclose(feared.transitions.sum(1), 1.0)
    assert (np.triu(feared.transitions, 1) >= np.triu(law.transitions, 1)).all()
    assert feared.stationary()[3] > law.stationary()[3]
