"""American price and volatility against published values, QuantLib and identities."""

from __future__ import annotations

import numpy as np
import pytest
import QuantLib as ql  # noqa: N813

from engine.kernels import american as kernel
from engine.kernels import american_options as american
from engine.kernels import black_scholes as bs
from engine.kernels.american_options import Dividends

TODAY = ql.Date(2, 1, 2026)
DAYS = ql.Actual365Fixed()
MANY = 100_000


@pytest.fixture(autouse=True)
def _today():
    ql.Settings.instance().evaluationDate = TODAY


def columns(side, *rest):
    """Return side and float columns of one length."""
    side, *rest = np.broadcast_arrays(side, *rest)
    return [side.astype(np.int8), *(np.array(x, float) for x in rest)]


def price(side, *rest, times=(), amounts=()):
    given = columns(side, *rest)
    return american.prices(*given, Dividends.same(len(given[0]), times, amounts))


def volatility(side, *rest, times=(), amounts=(), **more):
    given = columns(side, *rest)
    return american.implied_vols(*given, Dividends.same(len(given[0]), times, amounts), **more)


def in_vol_points(error, given, **more):
    """Return price errors as errors of the volatility, in hundredths, and the deltas."""
    *rest, sigma = given
    vega = price(*rest, sigma * 1.005, **more) - price(*rest, sigma * 0.995, **more)
    vega = np.where(vega > 0, vega, np.nan)
    spot = rest[1]
    up, down = ([rest[0], spot * (1 + h), *rest[2:], sigma] for h in (1e-3, -1e-3))
    delta = (price(*up, **more) - price(*down, **more)) / (2e-3 * spot)
    return 100 * error / (vega / (0.01 * sigma)), delta


def quantlib(side, spot, strike, days, r, q, sigma, engine):
    def flat(rate):
        return ql.YieldTermStructureHandle(ql.FlatForward(TODAY, float(rate), DAYS))

    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(float(spot))),
        flat(q),
        flat(r),
        ql.BlackVolTermStructureHandle(
            ql.BlackConstantVol(TODAY, ql.NullCalendar(), float(sigma), DAYS)
        ),
    )
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if side else ql.Option.Put, float(strike))
    option = ql.VanillaOption(payoff, ql.AmericanExercise(TODAY, TODAY + int(days)))
    option.setPricingEngine(engine(process))
    return option.NPV()


def boundary_engine(process):
    return ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.highPrecisionScheme())


def grid_engine(days=(), amounts=(), steps=400, points=800):
    dividends = ql.DividendVector([TODAY + int(day) for day in days], [float(a) for a in amounts])

    def engine(process):
        return ql.FdBlackScholesVanillaEngine(
            process,
            dividends,
            steps,
            points,
            0,
            ql.FdmSchemeDesc.CrankNicolson(),
            False,
            -1.0,
            ql.FdBlackScholesVanillaEngine.Spot,
        )

    return engine


def sample(n, seed, days=(3, 181), sigma=(0.08, 0.7), reach=1.5, r=(0.0, 0.08), q=(0.0, 0.06)):
    """Return side, spot, strike, days, r, q, sigma."""
    random = np.random.default_rng(seed)
    days = random.integers(*days, n)
    r, sigma = random.uniform(*r, n), random.uniform(*sigma, n)
    q = np.where(random.random(n) < 0.4, 0.0, random.uniform(*q, n))
    away = random.uniform(-reach, reach, n) * sigma * np.sqrt(days / 365)
    side = random.integers(0, 2, n)
    return side, np.full(n, 100.0), 100.0 * np.exp((r - q) * days / 365 + away), days, r, q, sigma


# --- published values -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "inputs", "value"),
    [
        (1, (90.0, 100.0, 0.1, 0.1, 0.1, 0.15), 0.020498),
        (1, (100.0, 100.0, 0.1, 0.1, 0.1, 0.15), 1.876453),
        (1, (110.0, 100.0, 0.1, 0.1, 0.1, 0.15), 10.010527),
        (0, (50.0, 50.0, 5 / 12, 0.1, 0.0, 0.4), 4.28326),
    ],
)
def test_prices_equal_published_ones_to_a_hundredth_vol_point(side, inputs, value):
    given = columns([side], *inputs)
    error, _ = in_vol_points(price(*given) - value, given)
    assert abs(error[0]) < 0.011


def test_the_premium_of_a_year_is_that_of_andersen_lake_and_offengenden():
    given = columns([0], 100.0, 100.0, 1.0, 0.05, 0.05, 0.25)
    premium = price(*given) - bs.prices(*given)
    assert premium[0] == pytest.approx(0.106952702747, abs=5e-6)


# --- QuantLib ---------------------------------------------------------------------------------


def test_american_prices_match_qdfp_within_a_hundredth_vol_point():
    side, spot, strike, days, r, q, sigma = sample(300, 1)
    given = columns(side, spot, strike, days / 365, r, q, sigma)
    truth = np.array(
        [quantlib(*row, boundary_engine) for row in zip(*given[:3], days, r, q, sigma, strict=True)]
    )
    error, delta = in_vol_points(price(*given) - truth, given)
    assert (np.abs(delta) <= 0.85).sum() > 200
    assert np.nanmax(np.abs(error[np.abs(delta) <= 0.85])) < 0.01


def test_the_lattice_of_chains_matches_qdfp_too():
    side, spot, strike, days, r, q, sigma = sample(200, 2, sigma=(0.08, 0.5))
    given = columns(side, spot, strike, days / 365, r, q, sigma)
    truth = np.array(
        [quantlib(*row, boundary_engine) for row in zip(*given[:3], days, r, q, sigma, strict=True)]
    )
    _, delta = in_vol_points(truth, given)
    found, code = volatility(side, truth, *given[1:-1], is_chain=True)
    good = (np.abs(delta) <= 0.85) & (code == bs.SOLVED)
    assert good.sum() > 130
    assert np.quantile(100 * np.abs(found - sigma)[good], 0.99) < 0.01
    assert 100 * np.abs(found - sigma)[good].max() < 0.02


def test_cash_dividends_match_converged_finite_differences():
    """One to three dividends of 0.2 to 1.2 per cent; QuantLib's grid is wrong by as much as we."""
    random = np.random.default_rng(3)
    side, spot, strike, days, r, _, sigma = sample(40, 3, days=(10, 181), sigma=(0.1, 0.5))
    errors = []
    for i in range(len(side)):
        count = random.integers(1, 4)
        when = np.sort(random.choice(np.arange(1, days[i]), count, replace=False))
        amounts = random.uniform(0.2, 1.2, count)
        row = (side[i], spot[i], strike[i])
        truth = quantlib(*row, days[i], r[i], 0.0, sigma[i], grid_engine(when, amounts, 600, 1200))
        given = columns([side[i]], spot[i], strike[i], days[i] / 365, r[i], 0.0, sigma[i])
        cash = {"times": when / 365, "amounts": amounts}
        error, delta = in_vol_points(price(*given, **cash) - truth, given, **cash)
        if abs(delta[0]) <= 0.85:
            errors.append(abs(error[0]))
    assert len(errors) > 25
    assert max(errors) < 0.01


@pytest.mark.parametrize(
    ("side", "strike", "sigma"),
    [(0, 560.0, 0.07), (0, 620.0, 0.3), (1, 470.0, 0.07), (1, 300, 0.2)],
)
def test_far_in_the_money_a_dividend_is_waited_for_or_fled(side, strike, sigma):
    """Beyond the lattice, and where the strike changes how much a dividend matters."""
    given = columns([side], 515.0, strike, 60 / 365, 0.04, 0.0, sigma)
    found = price(*given, times=[9 / 365], amounts=[1.5])[0]
    truth = quantlib(side, 515.0, strike, 60, 0.04, 0.0, sigma, grid_engine([9], [1.5], 600, 1200))
    assert found == pytest.approx(truth, abs=2e-3)


def test_early_exercise_adds_no_more_than_its_bound():
    given = wide_sample(20_000, 11)
    _, spot, strike = given[:3]
    days = np.maximum(np.round(given[3] * 365), 1)
    given[3] = days / 365
    bound = np.array([kernel.most_early(*row) for row in zip(*given, strict=True)])
    premium = price(*given) - bs.prices(*given)
    assert np.isfinite(bound).mean() > 0.9
    assert (premium <= bound + 2e-5 * np.maximum(spot, strike)).all()
    tight = (bound < 1e-9 * np.minimum(spot, strike)) & (bound > 0.0)
    assert tight.sum() > 100
    few = [x[tight][:20] for x in given]
    rows = zip(*few[:3], days[tight][:20], *few[4:], strict=True)
    truth = [quantlib(*row, boundary_engine) for row in rows]
    np.testing.assert_allclose(truth, bs.prices(*few), atol=1e-6)


# --- Greeks -----------------------------------------------------------------------------------


def greeks(side, *rest, times=(), amounts=()):
    given = columns(side, *rest)
    return american.greeks(*given, Dividends.same(len(given[0]), times, amounts))


@pytest.mark.parametrize("cash", [{}, {"times": [20 / 365, 50 / 365], "amounts": [0.6, 0.9]}])
@pytest.mark.parametrize("side", [0, 1])
def test_greeks_are_those_of_quantlib(side, cash):
    """Delta, gamma from its grid; vega, rho, vanna, volga from its prices at moved inputs."""
    r, q, sigma, days = 0.05, 0.01, 0.25, 90
    engine = grid_engine(
        [round(x * 365) for x in cash.get("times", ())], cash.get("amounts", ()), 600, 1200
    )

    def option(strike, r=r, sigma=sigma):
        def flat(rate):
            return ql.YieldTermStructureHandle(ql.FlatForward(TODAY, rate, DAYS))

        volatility = ql.BlackConstantVol(TODAY, ql.NullCalendar(), sigma, DAYS)
        process = ql.BlackScholesMertonProcess(
            ql.QuoteHandle(ql.SimpleQuote(100.0)), flat(q), flat(r),
            ql.BlackVolTermStructureHandle(volatility),
        )  # fmt: skip
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if side else ql.Option.Put, strike)
        made = ql.VanillaOption(payoff, ql.AmericanExercise(TODAY, TODAY + days))
        made.setPricingEngine(engine(process))
        return made

    for strike in (92.0, 99.0, 106.0):
        found = greeks([side], 100.0, strike, days / 365, r, q, sigma, **cash)[:, 0]
        here = option(strike)
        up, down = option(strike, sigma=sigma + 0.01), option(strike, sigma=sigma - 0.01)
        more, less = option(strike, r=r + 0.0025), option(strike, r=r - 0.0025)
        truth = {
            "delta": here.delta(),
            "gamma": here.gamma(),
            "vega": (up.NPV() - down.NPV()) / 0.02,
            "rho": (more.NPV() - less.NPV()) / 0.005,
            "vanna": (up.delta() - down.delta()) / 0.02,
            "volga": (up.NPV() + down.NPV() - 2 * here.NPV()) / 0.0001,
        }
        known = dict(zip(bs.GREEKS, found, strict=True))
        scale = {"delta": 1, "gamma": 0.03, "vega": 20, "rho": 12, "vanna": 1, "volga": 120}
        for name, value in truth.items():
            assert abs(known[name] - value) < 0.01 * scale[name], name


@pytest.mark.parametrize("side", [0, 1])
def test_theta_and_charm_are_what_a_day_changes(side):
    given = columns([side], 100.0, [94.0, 100.0, 105.0], 0.3, 0.05, 0.01, 0.25)
    day = 1 / 365

    def moved(by):
        there = [*given[:3], given[3] - by, *given[4:]]
        cash = {"times": [0.1 - by], "amounts": [0.8]}
        return price(*there, **cash), greeks(*there, **cash)

    (before, early), (after, late) = moved(-day), moved(day)
    found = greeks(*given, times=[0.1], amounts=[0.8])
    np.testing.assert_allclose(found[3], (after - before) / 2, atol=2e-4)
    np.testing.assert_allclose(found[7], (late[0] - early[0]) / 2, atol=1e-4)


def test_what_is_due_for_exercise_moves_with_the_share():
    found = greeks([0, 1], 100.0, [130.0, 70.0], 0.2, 0.05, [0.0, 0.3], 0.15)
    np.testing.assert_array_equal(found[:, 0], [-1, 0, 0, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(found[:, 1], [1, 0, 0, 0, 0, 0, 0, 0])


def test_greeks_without_early_exercise_are_european_to_the_bit():
    given = columns([1], 100.0, [90.0, 100.0, 110.0], 0.3, 0.05, 0.0, 0.25)
    np.testing.assert_array_equal(greeks(*given), bs.greeks(*given))


def test_impossible_inputs_have_no_greeks():
    given = columns([1], 100.0, 100.0, [-1.0, 0.0, np.nan, 0.3], 0.05, 0.0, [0.2, 0.2, 0.2, -0.1])
    assert np.isnan(greeks(*given)).all()
    assert np.isnan(greeks([0], 100.0, 100.0, 0.3, 0.05, 0.0, 0.2, times=[0.1], amounts=[-1])).all()


@pytest.mark.parametrize(("r", "q"), [(-0.02, -0.05), (-0.005, -0.03), (-0.03, -0.02), (-0.02, 0)])
@pytest.mark.parametrize("side", [0, 1])
def test_negative_rates_have_two_boundaries_or_none(side, r, q):
    """The double boundary of a put (of a call with rate and yield exchanged) is the lattice's."""
    if side:
        r, q = q, r
    given = columns([side], 100.0, [94.0, 100.0, 106.0], 182 / 365, r, q, 0.2)
    found = price(*given)
    truth = [quantlib(side, 100.0, strike, 182, r, q, 0.2, grid_engine()) for strike in given[2]]
    error, _ = in_vol_points(found - truth, given)
    assert np.abs(error).max() < 0.02
    european = bs.prices(*given)
    is_early = found > european + 1e-9
    assert is_early.all() if kernel.needs_grid(side, r, q) else not is_early.any()


# --- identities and edges ---------------------------------------------------------------------


def wide_sample(n, seed):
    random = np.random.default_rng(seed)
    t = np.exp(random.uniform(np.log(1e-5), np.log(5.0), n))
    sigma = np.exp(random.uniform(np.log(0.03), np.log(2.0), n))
    r, q = random.uniform(-0.03, 0.12, n), random.uniform(-0.03, 0.12, n)
    side = random.integers(0, 2, n)
    away = random.uniform(-7.0, 7.0, n) * np.minimum(sigma * np.sqrt(t), 0.5)
    given = columns(side, 100.0, 100.0 * np.exp((r - q) * t + away), t, r, q, sigma)
    two = np.array([kernel.needs_grid(s, a, b) for s, a, b in zip(side, r, q, strict=True)])
    return [x[~two] for x in given]


def test_american_is_worth_at_least_european_and_exercise():
    given = wide_sample(MANY, 4)
    side, spot, strike = given[:3]
    found, european = price(*given), bs.prices(*given)
    inside = np.where(side == 1, spot - strike, strike - spot)
    assert np.isfinite(found).all()
    assert (found >= european - 1e-12 * spot).all()
    assert (found >= inside).all()
    upper = np.where(side == 1, spot, strike) * np.exp(0.03 * given[3])
    assert (found <= upper * (1 + 1e-9)).all()


def test_no_early_exercise_no_premium():
    given = wide_sample(20_000, 5)
    rows = zip(given[0], given[4], given[5], strict=True)
    never = np.array([kernel.never_early(*row) for row in rows])
    assert 1000 < never.sum() < 19_000
    found, european = price(*given), bs.prices(*given)
    inside = np.where(given[0] == 1, given[1] - given[2], given[2] - given[1])
    np.testing.assert_array_equal(found[never], np.maximum(european, inside)[never])


def test_calls_are_puts_with_spot_and_strike_rate_and_yield_exchanged():
    side, spot, strike, t, r, q, sigma = wide_sample(3000, 6)
    one = price(side, spot, strike, t, r, q, sigma)
    other = price(1 - side, strike, spot, t, q, r, sigma)
    np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


def test_volatility_comes_back_from_the_price():
    """As far as the price tells: a price error of 1e-5 of the spot is 0.01 points of 4 weeks."""
    given = wide_sample(MANY, 7)
    *rest, sigma = given
    side, spot, strike = given[:3]
    worth = price(*given)
    found, code = volatility(side, worth, *rest[1:])
    assert np.isin(code, (bs.SOLVED, bs.SUB_TICK, bs.BELOW_INTRINSIC, bs.NO_PRICE)).all()
    assert np.isfinite(found[code == bs.SOLVED]).all()
    solved = code == bs.SOLVED
    assert solved.mean() > 0.6
    again = price(*[x[solved] for x in rest], found[solved])
    error = np.abs(again - worth[solved]) / np.maximum(spot, strike)[solved]
    assert np.quantile(error, 0.999) < 1e-5
    assert error.max() < 1e-3
    inside = np.where(side == 1, spot - strike, strike - spot)
    clear = solved & (worth > inside + 0.01) & (worth > 0.01)
    clear &= given[3] < 0.5
    assert np.quantile(100 * np.abs(found - sigma)[clear], 0.995) < 0.01


def test_cash_volatility_comes_back_from_the_price():
    side, spot, strike, _, _, _, sigma = sample(400, 8)
    given = columns(side, spot, strike, 60 / 365, 0.04, 0.0, sigma)
    cash = {"times": [0.05, 0.13], "amounts": [0.5, 0.4]}
    worth = price(*given, **cash)
    found, code = volatility(side, worth, *given[1:-1], **cash)
    inside = np.where(side == 1, spot - strike, strike - spot)
    clear = (code == bs.SOLVED) & (worth > inside + 0.01)
    assert clear.mean() > 0.8
    assert np.abs(found - sigma)[clear].max() < 1e-6


def test_dividends_before_now_and_after_expiry_do_not_matter():
    given = columns([0, 1], 100.0, 101.0, 0.25, 0.04, 0.0, 0.2)
    plain = price(*given)
    np.testing.assert_array_equal(
        price(*given, times=[-0.1, 0.0, 0.2501], amounts=[1, 1, 1]), plain
    )
    assert price(*given, times=[0.2499], amounts=[1.0])[0] > plain[0] + 0.1


def test_a_dividend_at_expiry_is_missed_by_who_exercises_after_it():
    """A put waits for it; a call without time value left before it is exercised."""
    given = columns([0, 1], 100.0, [120.0, 80.0], 0.25, 0.0, 0.0, 0.1)
    found = price(*given, times=[0.25], amounts=[2.0])
    assert found[0] == pytest.approx(22.0, abs=2e-3)
    assert found[1] == pytest.approx(20.0, abs=2e-3)


def test_a_call_is_exercised_only_before_dividends_worth_it():
    """Without a dividend above the strike's interest the price is European: parity of forwards."""
    given = columns([1], 100.0, 100.0, 0.5, 0.06, 0.0, 0.2)
    small, large = (price(*given, times=[0.25], amounts=[d])[0] for d in (0.5, 5.0))
    european = [
        bs.prices(*columns([1], 100.0 - d * np.exp(-0.015), 100.0, 0.5, 0.06, 0.0, 0.2))[0]
        for d in (0.5, 5.0)
    ]
    assert small == pytest.approx(european[0], abs=0.03)  # the spot, not the forward, is lognormal
    assert large > european[1] + 0.3


@pytest.mark.parametrize("bad", [np.nan, -1.0, 99.0, np.inf])
def test_impossible_dividends_have_their_reason(bad):
    given = columns([0], 100.0, 100.0, 0.5, 0.04, 0.0, 5.0)
    found, code = volatility(given[0], given[6], *given[1:6], times=[0.1, 0.2], amounts=[0.5, bad])
    assert np.isnan(found).all()
    assert code.tolist() == [bs.BAD_DIVIDENDS]


@pytest.mark.parametrize(
    ("worth", "strike", "code"),
    [(9.9, 110.0, bs.BELOW_INTRINSIC), (10.0, 110.0, bs.SUB_TICK), (111.0, 110.0, bs.ABOVE_MAX)],
)
@pytest.mark.parametrize("cash", [{}, {"times": [0.1], "amounts": [0.01]}])
def test_rows_without_a_volatility_have_reasons(worth, strike, code, cash):
    found, given = volatility([0], worth, 100.0, strike, 0.5, 0.04, 0.0, **cash)
    assert np.isnan(found[0])
    assert given.tolist() == [code]


def test_rows_do_not_know_their_neighbours():
    """Any order, any batch: the same bits, with and without dividends mixed."""
    random = np.random.default_rng(9)
    n = 400
    side, spot, strike, days, _, _, sigma = sample(n, 9)
    given = columns(side, spot, strike, (7 + days // 40 * 30) / 365, 0.04, 0.0, sigma)
    counts = random.integers(0, 3, n)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    dividends = Dividends(offsets, np.full(offsets[-1], 0.06), np.full(offsets[-1], 0.4))
    worth = american.prices(*given, dividends)
    once = american.implied_vols(given[0], worth, *given[1:-1], dividends)
    order = random.permutation(n)
    again = american.implied_vols(
        given[0][order], worth[order], *(x[order] for x in given[1:-1]), dividends.take(order)
    )
    np.testing.assert_array_equal(again[0], once[0][order])
    np.testing.assert_array_equal(again[1], once[1][order])
    for i in (0, 17, 399):
        row = np.array([i])
        alone = american.implied_vols(
            given[0][row], worth[row], *(x[row] for x in given[1:-1]), dividends.take(row)
        )
        np.testing.assert_array_equal(alone[0], once[0][row])
