"""What a chain's makers hold: hand chains, finite differences, identities."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from engine.kernels import black_scholes as bs
from engine.kernels.dealer_exposure import CONTRACT, FIELDS, STRIKE, exposures

SPOT = 100.0


def rows_of(contracts):
    """Contracts as the kernel takes them, Greeks by our own closed forms."""
    table = {name: np.array([c[name] for c in contracts], float) for name in contracts[0]}
    t, rate, carry = table["t"], table["rate"], table["carry"]
    with np.errstate(divide="ignore"):
        q = rate - np.log(carry) / t
    greeks = bs.greeks(
        table["is_call"].astype(np.int8), np.full(len(t), SPOT), table["strike"], t, rate, q,
        table["iv"],
    )  # fmt: skip
    table |= dict(zip(bs.GREEKS, greeks, strict=True))
    table["spot"] = np.full(len(t), SPOT)
    return np.array([table[name] for name in CONTRACT])


def contract(strike, side, oi, days=30.0, iv=0.2, rate=0.03, **more):
    t = days / 365.0
    return {
        "is_call": float(side == "C"), "strike": strike, "t": t, "iv": iv,
        "carry": np.exp((rate - 0.01) * t), "rate": rate, "days": days, "is_opex": 0.0,
        "open_interest": float(oi), "signed_volume": np.nan, **more,
    }  # fmt: skip


HAND = [
    contract(95.0, "P", 900.0, 5.0, 0.24),
    contract(95.0, "C", 40.0, 5.0, 0.24),
    contract(100.0, "C", 500.0, 20.0, 0.2, is_opex=1.0),
    contract(100.0, "P", 300.0, 20.0, 0.2, is_opex=1.0),
    contract(105.0, "C", 2000.0, 60.0, 0.18),
    contract(110.0, "C", 100.0, 5.0, 0.19),
]


def found_of(contracts, call_sign=1.0, put_sign=-1.0, spot=SPOT):
    rows = rows_of(contracts)
    offsets = np.array([0, rows.shape[1]])
    found, strikes, counts, curves = exposures(
        rows, offsets, np.array([spot]), np.array([call_sign]), np.array([put_sign])
    )
    by_strike = dict(zip(STRIKE, strikes[:, : counts[0]], strict=True))
    return dict(zip(FIELDS, found[:, 0], strict=True)), by_strike, curves[0]


def price(c, s, iv=None, later=0.0):
    """Black-Scholes with a yield, in scipy: independent of the kernels."""
    t, k, r = c["t"] - later / 365.0, c["strike"], c["rate"]
    q = r - np.log(c["carry"]) / c["t"]
    sigma = iv or c["iv"]
    d1 = (np.log(s / k) + (r - q + sigma**2 / 2) * t) / (sigma * np.sqrt(t))
    d2 = d1 - sigma * np.sqrt(t)
    call = s * np.exp(-q * t) * norm.cdf(d1) - k * np.exp(-r * t) * norm.cdf(d2)
    return call if c["is_call"] else call - s * np.exp(-q * t) + k * np.exp(-r * t)


def delta(c, s, iv=None, later=0.0):
    h = 1e-4 * s
    return (price(c, s + h, iv, later) - price(c, s - h, iv, later)) / (2 * h)


def gamma(c, s):
    h = 1e-4 * s
    return (price(c, s + h) - 2 * price(c, s) + price(c, s - h)) / h**2


def signed(c):
    return (1.0 if c["is_call"] else -1.0) * c["open_interest"] * 100.0


def test_dollar_gamma_is_that_of_finite_differences():
    found, _, curve = found_of(HAND)
    each = [signed(c) * gamma(c, SPOT) * SPOT**2 * 0.01 for c in HAND]
    assert found["net"] == pytest.approx(sum(each), rel=1e-5)
    assert found["calls"] == pytest.approx(
        sum(x for x, c in zip(each, HAND, strict=True) if c["is_call"]), rel=1e-5
    )
    assert found["calls"] - found["puts"] == pytest.approx(found["net"], rel=1e-12)
    assert curve[20] == pytest.approx(found["net"], rel=1e-11)


def test_delta_vanna_and_charm_are_those_of_finite_differences():
    found, _, _ = found_of(HAND)
    dollars = sum(signed(c) * delta(c, SPOT) * SPOT for c in HAND)
    point = sum(
        signed(c) * (delta(c, SPOT, c["iv"] + 1e-3) - delta(c, SPOT, c["iv"] - 1e-3)) / 2e-3
        for c in HAND
    )
    day = sum(
        signed(c) * (delta(c, SPOT, later=0.01) - delta(c, SPOT, later=-0.01)) / 0.02 for c in HAND
    )
    assert found["delta"] == pytest.approx(dollars, rel=1e-6)
    assert found["vanna"] == pytest.approx(point * SPOT * 0.01, rel=1e-4)
    assert found["charm"] == pytest.approx(day * SPOT, rel=1e-3)


def test_the_tilt_is_the_slope_of_the_exposure_by_log_price():
    found, _, _ = found_of(HAND)
    h = 1e-4
    up, down = (
        sum(signed(c) * gamma(c, SPOT * np.exp(x)) * (SPOT * np.exp(x)) ** 2 * 0.01 for c in HAND)
        for x in (h, -h)
    )
    assert found["tilt"] == pytest.approx((up - down) / (2 * h), rel=1e-2)


def test_hedgers_trade_against_the_change_of_every_delta():
    found, _, _ = found_of(HAND)
    for name, move in (("hedge_up", 1.01), ("hedge_down", 0.99)):
        shares = -sum(signed(c) * (delta(c, SPOT * move) - delta(c, SPOT)) for c in HAND)
        assert found[name] == pytest.approx(shares * SPOT * move, rel=1e-5)
    # long gamma: they sell into a rise
    assert np.sign(found["hedge_up"]) == -np.sign(found["net"])


def test_strikes_add_up_to_the_net_and_walls_are_their_largest():
    found, strikes, _ = found_of(HAND)
    assert strikes["strike"].tolist() == [95.0, 100.0, 105.0, 110.0]
    net = strikes["gex_call"] + strikes["gex_put"]
    assert net.sum() == pytest.approx(found["net"], rel=1e-13)
    assert found["call_wall"] == strikes["strike"][np.argmax(np.abs(strikes["gex_call"]))]
    assert found["put_wall"] == strikes["strike"][np.argmax(np.abs(strikes["gex_put"]))]
    assert strikes["call_oi"].tolist() == [40.0, 500.0, 2000.0, 100.0]
    assert strikes["put_oi"].tolist() == [900.0, 300.0, 0.0, 0.0]
    gross = np.abs(strikes["gex_call"]) + np.abs(strikes["gex_put"])
    assert found["concentration"] == pytest.approx(np.sum((gross / gross.sum()) ** 2), rel=1e-13)


def test_maturities_opex_and_pinned_strikes_are_those_of_the_hand_chain():
    found, _, _ = found_of(HAND)
    each = [abs(signed(c)) * gamma(c, SPOT) * SPOT**2 * 0.01 for c in HAND]
    assert found["within_7"] == pytest.approx(each[0] + each[1] + each[5], rel=1e-4)
    assert found["within_30"] == pytest.approx(each[2] + each[3], rel=1e-4)
    assert found["opex"] == pytest.approx(each[2] + each[3], rel=1e-4)
    assert found["pinned"] == 0.0  # the strikes near the spot expire in 20 days
    near = [*HAND, contract(100.5, "C", 10.0, 2.0)]
    assert found_of(near)[0]["pinned"] > 0.0
    weights = np.array(each) / sum(each)
    assert found["iv"] == pytest.approx(float(weights @ [c["iv"] for c in HAND]), rel=1e-4)


def test_the_pin_is_the_nearest_of_the_five_busiest_strikes():
    chain = [contract(90.0 + k, "C", 1000.0 - 10.0 * k) for k in range(0, 20, 2)]
    assert found_of(chain)[0]["pin_strike"] == 98.0  # 90 to 98 are the busiest
    assert found_of(chain, spot=91.2)[0]["pin_strike"] == 92.0


def test_makers_take_the_other_side_of_what_customers_bought():
    bought = contract(100.0, "C", 0.0, signed_volume=30.0)
    found, _, _ = found_of([bought, contract(105.0, "P", 10.0)])
    assert found["flow"] == pytest.approx(-3000.0 * gamma(bought, SPOT) * SPOT**2 * 0.01, rel=1e-5)
    assert np.isnan(found_of(HAND)[0]["flow"])  # nobody can tell


@pytest.mark.parametrize(("call_sign", "put_sign"), [(1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)])
def test_the_convention_only_changes_signs(call_sign, put_sign):
    naive, _, _ = found_of(HAND)
    other, strikes, _ = found_of(HAND, call_sign, put_sign)
    assert other["net"] == pytest.approx(
        call_sign * naive["calls"] + put_sign * naive["puts"], rel=1e-12
    )
    assert (other["calls"], other["puts"]) == (naive["calls"], naive["puts"])
    assert np.all(strikes["gex_call"] * call_sign >= 0.0)
    if call_sign == put_sign:
        assert np.isnan(other["flip"])
    else:
        assert other["flip"] == pytest.approx(naive["flip"], rel=1e-12)


def test_the_flip_is_where_the_chain_priced_again_holds_nothing():
    found, _, _ = found_of(HAND)
    there = sum(signed(c) * gamma(c, found["flip"]) for c in HAND)
    gross = sum(abs(signed(c)) * gamma(c, found["flip"]) for c in HAND)
    assert abs(there) < 1e-4 * gross


def test_a_chain_is_the_same_alone_and_among_others_and_an_empty_one_is_unknown():
    alone = rows_of(HAND)
    many = np.concatenate([alone, alone[:, :3], alone], axis=1)
    offsets = np.array([0, 6, 9, 9, 15])
    found, strikes, counts, curves = exposures(
        many, offsets, np.array([SPOT, SPOT, SPOT, SPOT]), np.ones(4), -np.ones(4)
    )
    np.testing.assert_array_equal(found[:, 0], found[:, 3])
    np.testing.assert_array_equal(curves[0], curves[3])
    np.testing.assert_array_equal(strikes[:, :4], strikes[:, 9:13])
    assert counts.tolist() == [4, 2, 0, 4]
    assert found[0, 2] == 0.0
    assert np.isnan(found[1:, 2]).all()


def test_contracts_that_nobody_holds_make_zeros_not_unknowns():
    found, strikes, _ = found_of([contract(100.0, "C", 0.0), contract(100.0, "P", 0.0)])
    assert (found["net"], found["calls"], found["puts"]) == (0.0, 0.0, 0.0)
    assert np.isnan([found[name] for name in ("flip", "call_wall", "pin_strike", "iv")]).all()
    assert strikes["strike"].tolist() == [100.0]
