"""What the chain's models say of chains that are known: flat ones, hand-made ones."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pyarrow as pa
import pytest
from chain_models import CLOSE, DAY, run

from engine.features.options_feature_engineer.surface import COMPONENTS, NODES, parameter_names

SPOT = 100.0
DAYS = (5, 12, 19, 26, 40, 75, 110)
TENORS = (7, 14, 21, 30, 45, 60, 90, 180)
POINTS = ("10p", "16p", "25p", "35p", "atm", "35c", "25c", "16c", "10c")


def variance(k, smile):
    a, b, rho, m, s = smile
    return a + b * (rho * (k - m) + math.sqrt((k - m) ** 2 + s**2))


def flat(t):
    return (0.04 * t, 0.0, 0.0, 0.0, 0.1)


def skewed(t):
    stdev = 0.2 * math.sqrt(t)
    b, rho, m, s = 0.3 * stdev, -0.4, 0.1 * stdev, 0.8 * stdev
    return (0.04 * t - b * (rho * -m + math.hypot(m, s)), b, rho, m, s)


def chain(smile_of, *, extra=None, half_spread=0.05, quotes=True, carry=0.03):
    """The tables of one session: smiles, a surface of one value, contracts, forwards."""
    smiles, solved, forwards = [], [], []
    for days in DAYS:
        t = days / 365.0
        smile = smile_of(t)
        added = (extra or {}).get(days, 0.0)
        smile = (smile[0] + added, *smile[1:])
        expiry = {
            "session_date": DAY,
            "underlying": "XYZ",
            "root": "XYZ",
            "expiration": DAY + dt.timedelta(days),
        }
        stdev = math.sqrt(variance(0.0, smile))
        forward = SPOT * math.exp(carry * t)
        names = ("a", "b", "rho", "m", "s")
        smiles.append(
            expiry
            | dict(zip(names, smile, strict=True))
            | {"fit_source": "own", "t": t, "known_at": CLOSE, "count_points": 25}
        )
        forwards.append(
            expiry
            | {"known_at": CLOSE, "t": t, "spot": SPOT, "carry": carry, "rate": 0.02}
            | {"forward_method": "parity" if quotes else "dividends", "count_pairs": 9}
        )
        for number, k in enumerate(np.linspace(-2.45, 2.55, 26) * stdev):
            for side in "CP":
                mid = 2.0 + 0.1 * number
                solved.append(
                    expiry
                    | {
                        "option_type": side,
                        "strike": forward * math.exp(k),
                        "forward": forward,
                        "t": t,
                        "bid": mid - half_spread if quotes else None,
                        "ask": mid + half_spread if quotes else None,
                        "quote_check": "good" if quotes else "no_quote",
                        "iv": math.sqrt(variance(k, smile) / t),
                        "delta": 0.3,
                    }
                )
    surface = [
        {"session_date": DAY, "underlying": "XYZ", "tenor_days": tenor, "point": point}
        | {"iv": 0.2 + 1e-4 * tenor + 1e-3 * number}
        for tenor in TENORS
        for number, point in enumerate(POINTS)
    ]
    return {
        "iv_smiles": smiles,
        "iv_surface": surface,
        "int_options__solved": solved,
        "option_forwards": forwards,
    }


def volatility(smile_of, **more):
    return run("int_session__option_volatility", **chain(smile_of, **more))


def test_a_flat_chain_has_no_skew_no_events_and_its_own_volatility():
    row = volatility(flat)
    for tenor in (7, 30, 60):
        assert row[f"skew_slope_{tenor}"] == 0.0
    for name in ("mf_iv_30", "mf_iv_60"):
        assert row[name] == pytest.approx(0.2, rel=1e-7)
    assert math.hypot(row["mf_up_30"], row["mf_down_30"]) == pytest.approx(0.2, rel=1e-7)
    assert row["mf_skew_30"] == pytest.approx(0.0, abs=1e-6)
    assert row["mf_kurt_30"] == pytest.approx(3.0, abs=1e-5)
    assert row["event_move"] == pytest.approx(0.0, abs=1e-8)
    assert row["carry_30"] == pytest.approx(0.01, rel=1e-12)  # of 3% carry, 2% are the rate
    assert row["spot"] == SPOT
    assert row["known_at"] == CLOSE


def test_the_surface_is_passed_on_by_tenor_and_point():
    row = volatility(flat)
    assert row["atm_45"] == pytest.approx(0.2 + 45e-4 + 4e-3)
    assert row["put25_90"] == pytest.approx(0.2 + 90e-4 + 2e-3)
    assert row["call25_7"] == pytest.approx(0.2 + 7e-4 + 6e-3)
    assert row["put10_60"] == pytest.approx(0.2 + 60e-4)
    assert row["call10_30"] == pytest.approx(0.2 + 30e-4 + 8e-3)


def test_the_slope_is_the_smiles_between_two_expiries():
    row = volatility(skewed)
    near, far, t = 26 / 365.0, 40 / 365.0, 30 / 365.0
    share = (t - near) / (far - near)

    def iv(x):
        k = x * math.sqrt(t)
        w = (1.0 - share) * variance(k, skewed(near)) + share * variance(k, skewed(far))
        return math.sqrt(w / t)

    step = 1e-5
    assert row["skew_slope_30"] == pytest.approx((iv(step) - iv(-step)) / (2 * step), rel=1e-6)
    assert row["skew_slope_30"] < 0.0
    assert row["mf_skew_30"] < 0.0
    assert row["mf_down_30"] > row["mf_up_30"]


def test_an_announcement_between_two_expiries_is_found_in_size():
    move = 0.03
    row = volatility(flat, extra={days: move**2 for days in DAYS if days >= 19})
    assert row["event_move"] == pytest.approx(move, rel=1e-9)


def test_the_spread_is_of_both_sides_at_the_strike_nearest_to_the_forward():
    row = volatility(flat)
    # the thirteenth strike lies 0.05 deviations below the forward, the next one 0.15 above
    for tenor in (7, 30, 60):
        assert row[f"spread_{tenor}"] == pytest.approx(0.2 / (2 * 3.2), rel=1e-9)


def test_without_quotes_there_is_no_spread_and_no_carry_but_all_else():
    row, quoted = volatility(skewed, quotes=False), volatility(skewed)
    missing = {"spread_7", "spread_30", "spread_60", "carry_30"}
    assert {name for name, value in row.items() if value is None} == missing
    assert all(row[name] == quoted[name] for name in row if name not in missing)


def test_beyond_the_expiries_nothing_is_said():
    tables = chain(skewed)
    last = DAY + dt.timedelta(40)
    short = {
        name: [row for row in rows if row.get("expiration", DAY) <= last]
        for name, rows in tables.items()
    }
    row = run("int_session__option_volatility", **short)
    assert row["skew_slope_30"] is not None
    assert (row["skew_slope_60"], row["mf_iv_60"]) == (None, None)


# What the kernels read ------------------------------------------------------------------------


def bars(symbol, close, factor=1.0):
    values = ("open", "high", "low", "volume", "raw_volume", "vwap", "dollar_volume")
    return {
        "symbol": symbol,
        "session_date": DAY,
        "known_at": CLOSE,
        "first_chain": DAY,
        "has_chain": True,
        **dict.fromkeys(values, close),
        "close": close,
        "raw_close": close,
        "factor": factor,
    }


def kernel_inputs(row, *, is_index=False, late=CLOSE):
    key = {"underlying": row["symbol"], "session_date": DAY}
    schema = pa.schema(
        [("symbol", pa.string()), ("session_date", pa.date32())]
        + [("known_at", pa.timestamp("us", tz="UTC")), ("first_chain", pa.date32())]
        + [("has_chain", pa.bool_())]
        + [(name, pa.float64()) for name in row if name not in INPUT_KEYS]
    )
    return run(
        "int_features__options_chain",
        int_options__panel=pa.Table.from_pylist([row], schema=schema),
        dim_universe=[{"symbol": row["symbol"], "is_index": is_index}],
        int_session__option_volatility=[key | {"known_at": CLOSE, "spot": 50.0, "atm_30": 0.2}],
        int_session__option_activity=[key | {"known_at": late, "put_oi": 7.0}],
    )


INPUT_KEYS = ("symbol", "session_date", "known_at", "first_chain", "has_chain")


def test_the_chains_spot_is_adjusted_as_the_bars_are_and_a_row_known_with_its_last_input():
    late = CLOSE + dt.timedelta(minutes=20)
    row = kernel_inputs(bars("XYZ", 49.0, factor=1.25), late=late)
    assert (row["spot"], row["close"], row["known_at"]) == (62.5, 49.0, late)
    assert (row["atm_30"], row["put_oi"]) == (0.2, 7.0)


def test_an_index_without_bars_has_its_chains_price_and_a_share_without_a_bar_has_none():
    nothing = bars("SPX", None, factor=None)
    row = kernel_inputs(nothing, is_index=True)
    assert (row["close"], row["raw_close"], row["factor"], row["spot"]) == (50.0, 50.0, 1.0, 50.0)
    row = kernel_inputs(nothing)
    assert (row["close"], row["spot"]) == (None, None)


def test_each_quarter_has_its_own_components():
    fits = [
        {"symbol": "XYZ", "quarter_start": start, "component": component, "intercept": value}
        | {f"load_{i}": value + i for i in range(len(NODES))}
        for start, shift in ((dt.date(2024, 4, 1), 0.0), (dt.date(2024, 7, 1), 500.0))
        for value, component in enumerate(COMPONENTS, 1)
        for value in [100.0 * value + shift]
    ]
    row = run(
        "int_features__options_feature_engineer_inputs",
        int_features__surface_fits=fits,
        int_features__options_chain=[{"symbol": "XYZ", "session_date": DAY, "close": 1.0}],
    )
    for place, component in enumerate(COMPONENTS, 1):
        found = [row[name] for name in parameter_names(component)]
        assert found == [100.0 * place, *(100.0 * place + i for i in range(len(NODES)))]


# Activity -------------------------------------------------------------------------------------


def contract(strike, side, volume, oi, days=10, delta=0.5, **more):
    return {
        "session_date": DAY,
        "underlying": "XYZ",
        "root": "XYZ",
        "expiration": DAY + dt.timedelta(days),
        "strike": float(strike),
        "option_type": side,
        "known_at": CLOSE - dt.timedelta(minutes=15),
        "spot": SPOT,
        "forward": 101.0,
        "delta": delta,
        "volume": volume,
        "open_interest": oi,
        "is_observed": True,
        **more,
    }


SIDES = pa.table(
    {
        "session_date": [DAY],
        "root": ["XYZ"],
        "expiration": [DAY],
        "strike": [1.0],
        "option_type": ["C"],
        "signed_volume": [1.0],
    }
)
HAND = [
    contract(90, "P", 30.0, 100.0, delta=-0.2),
    contract(100, "P", 50.0, 40.0, delta=-0.5, days=5),
    contract(101, "P", 10.0, 0.0, delta=-0.5, days=60),  # at the forward: not out of the money
    contract(100, "C", 20.0, 60.0, delta=0.5),
    contract(110, "C", 40.0, 20.0, delta=0.25),
    contract(100, "C", 70.0, 999.0, delta=1.0, days=0),  # expires in the session
    contract(95, "P", None, None, is_observed=False),
]


def activity(contracts, bought=1.0):
    """`bought`: the share of each contract's volume that customers bought less what they sold."""
    keys = ("session_date", "root", "expiration", "strike", "option_type")
    sides = [
        {key: row[key] for key in keys} | {"signed_volume": bought * row["volume"]}
        for row in contracts
        if row["volume"] and bought
    ]
    return run(
        "int_session__option_activity",
        option_marks=contracts,
        int_options__trade_sides=sides or SIDES.slice(0, 0),
        option_forwards=[{"session_date": DAY, "underlying": "XYZ", "spot": SPOT}],
        dim_sessions=[{"session_date": DAY, "close_at": CLOSE}],
    )


def test_a_hand_made_chain_is_counted_by_hand():
    row = activity(HAND)
    assert row["option_volume"] == 220.0
    assert (row["put_volume"], row["call_volume"]) == (90.0, 130.0)
    assert row["short_volume"] == 120.0
    assert row["otm_put_volume"] == 80.0
    # what expired in the session is open no more
    assert (row["put_oi"], row["call_oi"], row["option_oi"]) == (140.0, 80.0, 220.0)
    delta = 30 * -0.2 + 50 * -0.5 + 10 * -0.5 + 20 * 0.5 + 40 * 0.25 + 70 * 1.0
    assert row["dollar_delta"] == pytest.approx(delta * 100 * SPOT, rel=1e-12)
    sold = activity(HAND, bought=-0.5)
    assert sold["dollar_delta"] == pytest.approx(-0.5 * delta * 100 * SPOT, rel=1e-12)
    assert activity(HAND, bought=0.0)["dollar_delta"] is None
    center = (100 * math.log(0.9) + 20 * math.log(1.1)) / 220
    assert row["oi_center"] == pytest.approx(center, rel=1e-12)
    assert row["known_at"] == CLOSE


def pays(strike, contracts):
    """What holders get of all contracts that expire within 30 days, settled at a strike."""
    return sum(
        row["open_interest"]
        * max(strike - row["strike"] if row["option_type"] == "C" else row["strike"] - strike, 0.0)
        for row in contracts
        if row["open_interest"] and 0 < (row["expiration"] - DAY).days <= 30
    )


def test_max_pain_is_where_payoffs_summed_at_every_strike_are_least():
    rng = np.random.default_rng(4)
    for _ in range(10):
        contracts = [
            contract(strike, side, 1.0, float(rng.integers(0, 50)), days=int(rng.integers(1, 60)))
            for strike in range(80, 121, 5)
            for side in "CP"
        ]
        best = min(sorted({row["strike"] for row in contracts}), key=lambda k: pays(k, contracts))
        assert activity(contracts)["max_pain"] == pytest.approx(math.log(best / SPOT), abs=1e-15)


def test_what_the_files_do_not_say_is_unknown_and_not_zero():
    row = activity([contract(100, side, None, None) for side in "CP"])
    values = {name: row[name] for name in row if name not in ("session_date", "underlying")}
    assert {name for name, value in values.items() if value is not None} == {"known_at"}
    one_sided = activity([contract(90, "P", 30.0, 100.0)])
    assert (one_sided["call_volume"], one_sided["call_oi"]) == (0.0, 0.0)
    assert one_sided["max_pain"] is None


def test_a_volume_is_not_known_before_the_close():
    late = CLOSE + dt.timedelta(hours=1)
    assert activity(HAND)["known_at"] == CLOSE
    assert activity([contract(100, "C", 1.0, 1.0, known_at=late)])["known_at"] == late
