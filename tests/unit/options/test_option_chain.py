"""SQL functions of whole chains against closed forms, scipy and brute force."""

from __future__ import annotations

import math

import duckdb
import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from engine.warehouse import register


@pytest.fixture(scope="module")
def db():
    with duckdb.connect() as connection:
        register(connection)
        yield connection


def one(db, sql):
    ((value,),) = db.execute(f"select {sql}").fetchall()
    return value


def black(forward, strike, t, sigma):
    d1 = math.log(forward / strike) / (sigma * math.sqrt(t)) + 0.5 * sigma * math.sqrt(t)
    return forward * norm.cdf(d1) - strike * norm.cdf(d1 - sigma * math.sqrt(t))


def test_a_row_is_solved_with_greeks_in_one_call(db):
    found = one(db, "solve_european('C', 2.133368, 60, 65, 0.25, 0.08, 0.0)")
    assert found["iv"] == pytest.approx(0.30, abs=1e-5)  # Haug
    assert found["reason"] is None
    assert 0 < found["delta"] < 1 and found["gamma"] > 0 and found["theta"] < 0


@pytest.mark.parametrize(
    ("price", "t", "reason"),
    [("1.0", "0.0", "expired"), ("null", "0.5", "no_price"), ("4.0", "0.5", "below_intrinsic")],
)
def test_a_row_without_a_volatility_has_a_reason(db, price, t, reason):
    found = one(db, f"solve_european('C', {price}, 105, 100, {t}, 0.0, 0.0)")
    assert found["iv"] is None and found["delta"] is None
    assert found["reason"] == reason


def test_value_and_solution_are_inverse(db):
    value = one(db, "value_european('P', 100, 90, 0.4, 0.04, 0.01, 0.27)")
    back = one(db, f"solve_european('P', {value['price']!r}, 100, 90, 0.4, 0.04, 0.01)")
    assert back["iv"] == pytest.approx(0.27, abs=1e-13)
    assert back["vanna"] == pytest.approx(value["vanna"], rel=1e-9)


def test_pairs_of_lists_name_the_forward_and_the_discount(db):
    strikes = np.arange(80.0, 121.0, 1.0)
    discount, forward = 0.97, 101.3
    calls = [discount * black(forward, k, 0.5, 0.2) for k in strikes]
    puts = [c - discount * (forward - k) for c, k in zip(calls, strikes, strict=True)]
    lists = ", ".join(str([float(x) for x in column]) for column in (strikes, calls, puts))
    found = one(db, f"parity_forward({lists}, {[0.02] * len(strikes)}, {discount}, 100.0)")
    assert found["forward"] == pytest.approx(forward, abs=1e-9)
    assert found["discount"] == pytest.approx(discount, abs=1e-9)
    assert found["pairs"] == len(strikes)


def test_no_pairs_name_no_forward(db):
    found = one(db, "parity_forward([]::double[], [], [], [], 1.0, 100.0)")
    assert found["forward"] is None and found["pairs"] == 0


def test_points_on_a_smile_give_it_back(db):
    a, b, rho, m, s, t = 0.01, 0.08, -0.4, 0.02, 0.15, 0.25
    k = np.linspace(-0.4, 0.3, 25)
    iv = np.sqrt((a + b * (rho * (k - m) + np.sqrt((k - m) ** 2 + s * s))) / t)
    found = one(db, f"smile_fit({k.tolist()}, {iv.tolist()}, {[1.0] * 25}, {t})")
    assert found["rmse"] < 1e-5
    assert found["butterflies"] == 0
    assert found["middle_k"] == pytest.approx(k.mean())
    assert found["middle_iv"] == pytest.approx(iv.mean())


def test_four_points_have_a_middle_and_no_smile(db):
    found = one(db, "smile_fit([-0.1, 0.0, 0.1, 0.2], [0.2, 0.2, 0.2, 0.2], [1, 1, 1, 1], 0.1)")
    assert found["a"] is None
    assert found["middle_iv"] == pytest.approx(0.2)


@pytest.mark.parametrize("delta", [0.9, 0.75, 0.5, 0.25, 0.1])
def test_the_strike_of_a_delta_solves_the_smile(db, delta):
    a, b, rho, m, s, t = 0.01, 0.08, -0.4, 0.02, 0.15, 0.25

    def gap(k):
        w = a + b * (rho * (k - m) + math.sqrt((k - m) ** 2 + s * s))
        return norm.cdf((0.5 * w - k) / math.sqrt(w)) - delta

    found = one(db, f"smile_at_delta({a}, {b}, {rho}, {m}, {s}, {t}, {delta})")
    assert found == pytest.approx(brentq(gap, -1.0, 1.0, xtol=1e-14), abs=1e-12)


def test_the_nearest_strike_is_found_where_a_steep_wing_far_out_turns_the_delta_back(db):
    a, b, rho, m, s, t = -0.003, 1.0, 0.97, 0.155, 0.018, 0.09  # beyond 0.155 a slope of 1.97

    def gap(k):
        w = a + b * (rho * (k - m) + math.sqrt((k - m) ** 2 + s * s))
        return norm.cdf((0.5 * w - k) / math.sqrt(w)) - 0.25

    assert gap(0.0) > 0 > gap(0.1) and gap(0.5) > 0
    found = one(db, f"smile_at_delta({a}, {b}, {rho}, {m}, {s}, {t}, 0.25)")
    assert found == pytest.approx(brentq(gap, 0.0, 0.1, xtol=1e-14), abs=1e-12)


def test_a_delta_that_no_strike_has_is_null(db):
    assert one(db, "smile_at_delta(0.01, 0.1, 0.0, 0.0, 0.1, 0.25, 1.5)") is None
    assert one(db, "smile_at_delta(null, 0.1, 0.0, 0.0, 0.1, 0.25, 0.5)") is None


def test_a_curve_is_straight_between_its_points_and_flat_beyond(db):
    x, y = [1.0, 30.0, 365.0], [0.05, 0.04, 0.03]
    for at in (0.0, 1.0, 15.0, 30.0, 200.0, 365.0, 4000.0):
        found = one(db, f"interpolate({x}, {y}, {at})")
        assert found == pytest.approx(np.interp(at, x, y), rel=1e-14)
    assert one(db, "interpolate([]::double[], []::double[], 3.0)") is None
    assert one(db, f"interpolate({x}, {y}, null)") is None


def test_american_pairs_name_the_forward_under_their_premium(db):
    spot, rate, q, t, sigma = 100.0, 0.05, 0.01, 0.3, 0.25
    forward = spot * math.exp((rate - q) * t)
    strikes = [float(k) for k in range(90, 113, 2)]
    prices = {
        side: [
            one(db, f"value_american('{side}', {spot}, {k}, {t}, {rate}, {q}, {sigma}, [], [])")[
                "price"
            ]
            for k in strikes
        ]
        for side in "CP"
    }
    found = one(
        db,
        f"american_parity_forward({strikes}, {prices['C']}, {prices['P']}, "
        f"{[0.02] * len(strikes)}, {spot}, {t}, {rate}, {spot}, [], [])",
    )
    assert found["forward"] == pytest.approx(forward, rel=2e-5)
    plain = one(
        db,
        f"parity_forward({strikes}, {prices['C']}, {prices['P']}, "
        f"{[0.02] * len(strikes)}, {math.exp(-rate * t)}, {spot})",
    )
    assert abs(plain["forward"] / forward - 1) > 10 * abs(found["forward"] / forward - 1)


def test_american_pairs_know_of_cash_dividends(db):
    """A call before its ex-date is worth more than a yield would make it: 8 basis points here."""
    spot, rate, t, sigma, cash = 100.0, 0.05, 0.3, 0.15, "[0.03, 0.15], [0.8, 0.8]"
    strikes = [float(k) for k in range(92, 109, 2)]
    prices = {
        side: [
            one(db, f"american_price('{side}', {spot}, {k}, {t}, {rate}, 0, {sigma}, {cash})")
            for k in strikes
        ]
        for side in "CP"
    }
    forward = (spot - 0.8 * (math.exp(-rate * 0.03) + math.exp(-rate * 0.15))) * math.exp(rate * t)
    found = one(
        db,
        f"american_parity_forward({strikes}, {prices['C']}, {prices['P']}, "
        f"{[0.02] * len(strikes)}, {spot}, {t}, {rate}, {spot}, {cash})",
    )
    assert found["forward"] == pytest.approx(forward, rel=2e-5)


def test_an_american_price_is_solved_for_the_volatility_that_made_it(db):
    value = one(db, "value_american('P', 100, 105, 0.3, 0.05, 0.01, 0.25, [], [])")
    european = one(db, "value_european('P', 100, 105, 0.3, 0.05, 0.01, 0.25)")
    assert value["price"] > european["price"]
    found = one(db, f"solve_american('P', {value['price']!r}, 100, 105, 0.3, 0.05, 0.01, [], [])")
    assert found["iv"] == pytest.approx(0.25, abs=1e-4)  # priced by boundary, solved by lattice
    assert found["delta"] < european["delta"] - 0.01  # what may be exercised moves more
    american = one(db, f"american_greeks('P', 100, 105, 0.3, 0.05, 0.01, {found['iv']!r}, [], [])")
    assert {name: found[name] for name in american} == american


def test_cash_dividends_lower_an_american_call_as_their_forward_does(db):
    inputs = "100, 100, 0.5, 0.04"
    without = one(db, f"value_american('C', {inputs}, 0.0, 0.2, [], [])")["price"]
    with_cash = one(db, f"value_american('C', {inputs}, 0.0, 0.2, [0.2], [1.5])")["price"]
    european = one(db, "value_european('C', 98.5119, 100, 0.5, 0.04, 0.0, 0.2)")["price"]
    assert european - 0.02 < with_cash < without
