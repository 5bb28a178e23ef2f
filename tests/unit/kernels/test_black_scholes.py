"""European price, implied volatility and Greeks against published values, mpmath and identities."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from engine.kernels import black_scholes as bs
from engine.kernels import implied_vol

EPS = 2.0**-52
MANY = 100_000
FEW = 250  # points for the oracle of 50 digits


def columns(*values):
    """Return float columns of one length."""
    return [np.array(column, float) for column in np.broadcast_arrays(*values)]


def prices(side, *rest):
    spot = columns(*rest)
    return bs.prices(np.broadcast_to(np.int8(side), spot[0].shape).copy(), *spot)


def one(side, *rest):
    return float(prices(np.array([side]), *([x] for x in rest))[0])


def greek(name, side, *rest):
    found = bs.greeks(np.array([side], np.int8), *columns(*([x] for x in rest)))
    return float(found[bs.GREEKS.index(name), 0])


# --- published values -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "spot", "strike", "t", "r", "q", "sigma", "value"),
    [
        (1, 60.0, 65.0, 0.25, 0.08, 0.0, 0.30, 2.133368),
        (0, 100.0, 95.0, 0.50, 0.10, 0.05, 0.20, 2.464788),
        (0, 19.0, 19.0, 0.75, 0.10, 0.10, 0.28, 1.701051),
        (1, 42.0, 40.0, 0.50, 0.10, 0.0, 0.20, 4.759422),
        (0, 42.0, 40.0, 0.50, 0.10, 0.0, 0.20, 0.808599),
    ],
)
def test_prices_equal_haug_and_hull(side, spot, strike, t, r, q, sigma, value):
    price = one(side, spot, strike, t, r, q, sigma)
    assert price == pytest.approx(value, abs=6e-7)
    back = bs.implied_vols(np.array([side], np.int8), *columns([price], spot, strike, t, r, q))
    assert back[0][0] == pytest.approx(sigma, rel=1e-14)


@pytest.mark.parametrize(
    ("name", "side", "inputs", "value"),
    [
        ("delta", 1, (105.0, 100.0, 0.5, 0.10, 0.10, 0.36), 0.594629),
        ("delta", 0, (105.0, 100.0, 0.5, 0.10, 0.10, 0.36), -0.356601),
        ("gamma", 1, (55.0, 60.0, 0.75, 0.10, 0.0, 0.30), 0.027821),
        ("vega", 1, (55.0, 60.0, 0.75, 0.10, 0.0, 0.30), 18.935777),
        ("theta", 0, (430.0, 405.0, 1 / 12, 0.07, 0.05, 0.20), -31.192350 / 365),
        ("rho", 1, (72.0, 75.0, 1.0, 0.09, 0.0, 0.19), 38.732505),
    ],
)
def test_greeks_equal_haug(name, side, inputs, value):
    assert greek(name, side, *inputs) == pytest.approx(value, abs=1e-6)


# --- mpmath -----------------------------------------------------------------------------------


def exact_price(side, spot, strike, t, r, q, sigma):
    """Return the price with 60 digits."""
    x = mp.log(spot / strike) + (r - q) * t
    s = sigma * mp.sqrt(t)
    sign = 1 if side else -1
    d1 = x / s + s / 2

    def normal(z):
        return mp.erfc(-z / mp.sqrt(2)) / 2

    return sign * (
        spot * mp.exp(-q * t) * normal(sign * d1)
        - strike * mp.exp(-r * t) * normal(sign * (d1 - s))
    )


def exact_derivative(variables, orders, side):
    """Return a derivative of the price by numerical differentiation with 60 digits."""
    numbers = [mp.mpf(float(v)) for v in variables]
    return mp.diff(lambda *v: exact_price(side, *v), numbers, orders)


DOMAINS = {
    "a chain": {"t": (0.02, 2.0), "width": (0.01, 0.6), "depth": (0.0, 3.0)},
    "minutes to expiry": {"t": (2e-6, 3e-4), "width": (1e-4, 0.02), "depth": (0.0, 4.0)},
    "wings to seven sigma": {"t": (0.01, 1.0), "width": (0.02, 0.5), "depth": (3.0, 7.0)},
    "below a cent, far beyond": {"t": (0.005, 0.5), "width": (0.005, 0.2), "depth": (7.0, 25.0)},
    "wide": {"t": (1.0, 30.0), "width": (0.5, 6.0), "depth": (0.0, 2.0)},
    "at the money": {"t": (1e-5, 2.0), "width": (1e-4, 1.0), "depth": (0.0, 1e-6)},
    "in the money": {"t": (0.02, 1.0), "width": (0.05, 0.5), "depth": (-2.0, 0.0)},
}


def sample(name, n, seed):
    """Return side, spot, strike, t, r, q, sigma; depth counts widths out of the money."""
    random = np.random.default_rng([seed, len(name)])
    domain = DOMAINS[name]
    t = np.exp(random.uniform(*np.log(domain["t"]), n))
    # far less than 5% a year would leave nothing but the rounding of (r - q) t
    width = np.maximum(np.exp(random.uniform(*np.log(domain["width"]), n)), 0.05 * np.sqrt(t))
    r, q = random.uniform(-0.02, 0.10, n), random.uniform(-0.01, 0.06, n)
    side = random.integers(0, 2, n).astype(np.int8)
    depth = random.uniform(*domain["depth"], n)
    spot = np.exp(random.uniform(0.0, 9.0, n))
    strike = spot * np.exp((r - q) * t + np.where(side == 1, 1, -1) * depth * width)
    return side, spot, strike, t, r, q, width / np.sqrt(t)


@pytest.mark.parametrize("name", DOMAINS)
def test_implied_vol_is_exact_to_four_units_in_the_last_place(name):
    """At most 4 max(eps sigma, eps price / vega): less no double can promise."""
    mp.mp.dps = 60
    side, *inputs = sample(name, FEW, 1)
    price = bs.prices(side, *inputs)
    sigma = inputs[-1]
    found, code = bs.implied_vols(side, price, *inputs[:-1])
    vega = bs.greeks(side, *inputs)[2]
    worst = 0.0
    for i in range(FEW):
        numbers = [mp.mpf(float(x[i])) for x in inputs]
        lacking = mp.mpf(float(price[i])) - exact_price(side[i], *numbers)
        if code[i] != bs.SOLVED:
            continue  # the time value is less than the price's rounding
        assert abs(lacking) <= 8 * EPS * max(price[i], sigma[i] * vega[i])
        truth = numbers[-1] + lacking / mp.mpf(float(vega[i]))  # the next term is of 1e-30
        unit = max(EPS * sigma[i], EPS * price[i] / vega[i])
        worst = max(worst, float(abs(mp.mpf(float(found[i])) - truth)) / unit)
    assert np.mean(code == bs.SOLVED) > 0.95
    assert worst <= 4.0


@pytest.mark.parametrize("name", DOMAINS)
def test_many_points_come_back_from_their_prices(name):
    side, *inputs = sample(name, MANY, 2)
    price = bs.prices(side, *inputs)
    found, code = bs.implied_vols(side, price, *inputs[:-1])
    vega = bs.greeks(side, *inputs)[2]
    solved = code == bs.SOLVED
    unit = np.maximum(EPS * inputs[-1], EPS * price / vega)
    assert np.max(np.abs(found - inputs[-1])[solved] / unit[solved]) <= 10.0  # price and solution
    rest = code[~solved]
    assert np.isin(rest, (bs.SUB_TICK, bs.ABOVE_MAX, bs.NO_PRICE)).all()
    assert solved.mean() > 0.97


def test_the_normal_form_solves_the_whole_plane():
    """Every price between 1e-300 and the bound, at any distance from the money."""
    random = np.random.default_rng(3)
    k = np.concatenate([10 ** random.uniform(-12, 1.5, MANY), np.zeros(1000)])
    half = MANY // 2
    c = np.concatenate([10 ** random.uniform(-300, 0, half), random.uniform(0, 1, half + 1000)])
    c = np.clip(c, 1e-300, 1 - 2**-53)
    found = implied_vol.widths(k, c)
    assert np.isfinite(found).all()
    assert (found > 0).all()
    # a higher price never has a lower volatility (beyond rounding)
    order = np.sort(np.minimum(c[:MANY], 0.9))
    for at in (0.0, 1e-9, 1e-3, 0.1, 1.0, 5.0):
        rising = implied_vol.widths(np.full(MANY, at), order)
        assert (np.diff(rising) >= -40 * EPS * rising[1:]).all()


def test_greeks_equal_derivatives_of_the_price():
    mp.mp.dps = 60
    side, *inputs = sample("a chain", 12, 4)
    found = dict(zip(bs.GREEKS, bs.greeks(side, *inputs), strict=True))
    # order of differentiation by (spot, strike, t, r, q, sigma), and its unit
    wanted = {
        "delta": ((1, 0, 0, 0, 0, 0), 1),
        "gamma": ((2, 0, 0, 0, 0, 0), 1),
        "vega": ((0, 0, 0, 0, 0, 1), 1),
        "theta": ((0, 0, 1, 0, 0, 0), -1 / mp.mpf(365)),
        "rho": ((0, 0, 0, 1, 0, 0), 1),
        "vanna": ((1, 0, 0, 0, 0, 1), 1),
        "volga": ((0, 0, 0, 0, 0, 2), 1),
        "charm": ((1, 0, 1, 0, 0, 0), -1 / mp.mpf(365)),
    }
    for i in range(len(side)):
        for name, (orders, unit) in wanted.items():
            truth = float(exact_derivative([x[i] for x in inputs], orders, side[i]) * unit)
            assert found[name][i] == pytest.approx(truth, rel=1e-11, abs=1e-13), name


# --- identities -------------------------------------------------------------------------------


def test_parity_holds_for_prices_and_deltas_and_not_for_gamma_and_vega():
    _, spot, strike, t, r, q, sigma = sample("a chain", MANY, 5)
    call, put = (prices(side, spot, strike, t, r, q, sigma) for side in (1, 0))
    forward = spot * np.exp(-q * t) - strike * np.exp(-r * t)
    np.testing.assert_allclose(call - put, forward, atol=1e-11, rtol=1e-13)
    of_call, of_put = (
        bs.greeks(np.full(MANY, side, np.int8), spot, strike, t, r, q, sigma) for side in (1, 0)
    )
    np.testing.assert_allclose(of_call[0] - of_put[0], np.exp(-q * t), rtol=1e-13)
    for i in (1, 2, 5, 6):
        np.testing.assert_array_equal(of_call[i], of_put[i])


def test_call_and_put_of_one_volatility_give_it_back_alike():
    _, spot, strike, t, r, q, sigma = sample("at the money", 5000, 6)
    for side in (1, 0):
        both = np.full(5000, side, np.int8)
        price = bs.prices(both, spot, strike, t, r, q, sigma)
        found, _ = bs.implied_vols(both, price, spot, strike, t, r, q)
        np.testing.assert_allclose(found, sigma, rtol=2e-11)


def test_one_pass_gives_what_two_give():
    side, *inputs = sample("a chain", 5000, 7)
    price = bs.prices(side, *inputs)
    sigma, code, found = bs.implied_vols_and_greeks(side, price, *inputs[:-1])
    again, code_again = bs.implied_vols(side, price, *inputs[:-1])
    np.testing.assert_array_equal(sigma, again)
    np.testing.assert_array_equal(code, code_again)
    np.testing.assert_allclose(
        found, bs.greeks(side, *inputs[:-1], np.where(code == 0, sigma, np.nan)), rtol=1e-9
    )


def test_rows_do_not_know_their_neighbours():
    """Any order, any batch: the same bits."""
    side, *inputs = sample("a chain", 5000, 8)
    price = bs.prices(side, *inputs)
    price[::50] = -1.0
    whole, code, found = bs.implied_vols_and_greeks(side, price, *inputs[:-1])
    order = np.random.default_rng(9).permutation(5000)
    shuffled = bs.implied_vols_and_greeks(
        side[order], price[order], *(x[order] for x in inputs[:-1])
    )
    np.testing.assert_array_equal(shuffled[0], whole[order])
    np.testing.assert_array_equal(shuffled[1], code[order])
    np.testing.assert_array_equal(shuffled[2], found[:, order])
    for begin, end in ((0, 1), (7, 40), (4990, 5000)):
        piece = bs.implied_vols(
            side[begin:end], price[begin:end], *(x[begin:end] for x in inputs[:-1])
        )
        np.testing.assert_array_equal(piece[0], whole[begin:end])


# --- edges ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "price", "spot", "strike", "t", "code"),
    [
        (-1, 1.0, 100.0, 100.0, 0.5, bs.BAD_OPTION_TYPE),
        (1, 1.0, 100.0, 0.0, 0.5, bs.BAD_STRIKE),
        (1, 1.0, np.nan, 100.0, 0.5, bs.NO_UNDERLYING),
        (1, 1.0, -3.0, 100.0, 0.5, bs.NO_UNDERLYING),
        (1, 1.0, 100.0, 100.0, np.nan, bs.MISSING_INPUT),
        (1, 1.0, 100.0, 100.0, 0.0, bs.EXPIRED),
        (1, 1.0, 100.0, 100.0, -0.1, bs.EXPIRED),
        (1, np.nan, 100.0, 100.0, 0.5, bs.NO_PRICE),
        (1, 0.0, 100.0, 100.0, 0.5, bs.NO_PRICE),
        (1, -2.0, 100.0, 100.0, 0.5, bs.NO_PRICE),
        (1, 9.0, 100.0, 90.0, 0.5, bs.BELOW_INTRINSIC),
        (1, 100.0, 100.0, 90.0, 0.5, bs.ABOVE_MAX),
        (0, 95.0, 100.0, 95.0, 0.5, bs.ABOVE_MAX),
        (0, np.inf, 100.0, 95.0, 0.5, bs.ABOVE_MAX),
    ],
)
def test_every_row_without_a_value_has_its_reason(side, price, spot, strike, t, code):
    inputs = columns([price], spot, strike, t, 0.04, 0.0)
    sigma, found = bs.implied_vols(np.array([side], np.int8), *inputs)
    assert np.isnan(sigma[0])
    assert found[0] == code


def test_a_price_of_exactly_the_intrinsic_value_has_no_time_value():
    side = np.array([1, 0], np.int8)
    inputs = columns([100.0, 100.0], [50.0, 150.0], 0.01, 0.03, 0.01)
    intrinsic = bs.prices(side, *inputs, np.zeros(2))
    assert bs.implied_vols(side, intrinsic, *inputs)[1].tolist() == [bs.SUB_TICK] * 2
    above = intrinsic + 1e-9
    assert bs.implied_vols(side, above, *inputs)[1].tolist() == [bs.SOLVED] * 2


def test_at_expiry_price_and_greeks_are_those_of_exercise():
    assert one(1, 105.0, 100.0, 0.0, 0.05, 0.02, 0.2) == 5.0
    assert one(0, 105.0, 100.0, 0.0, 0.05, 0.02, 0.2) == 0.0
    assert one(1, 105.0, 100.0, 0.5, 0.05, 0.02, 0.0) == pytest.approx(
        105 * np.exp(-0.01) - 100 * np.exp(-0.025), rel=1e-15
    )
    for side, spot, delta in ((1, 105.0, 1.0), (1, 95.0, 0.0), (0, 105.0, 0.0), (0, 95.0, -1.0)):
        rest = (spot, 100.0, 0.0, 0.05, 0.02, 0.2)
        assert greek("delta", side, *rest) == delta
        for name in ("gamma", "vega", "vanna", "volga"):
            assert greek(name, side, *rest) == 0.0
    assert np.isnan(greek("gamma", 1, 100.0, 100.0, 0.0, 0.05, 0.02, 0.2))


@pytest.mark.parametrize("place", range(6))
def test_a_missing_input_gives_no_number(place):
    inputs = columns([100.0], 100.0, 0.5, 0.05, 0.02, 0.2)
    inputs[place][0] = np.nan
    side = np.ones(1, np.int8)
    assert np.isnan(bs.prices(side, *inputs)).all()
    assert np.isnan(bs.greeks(side, *inputs)).all()
