"""Gamma columns beside pandas, numpy and hand-worked cases; the module's audit."""

from __future__ import annotations

import csv
import dataclasses

import numpy as np
import pandas as pd
import pytest

from engine.features import assemble, registry
from engine.settings import project_root
from engine.validation.audit_bars import random_bars
from engine.validation.kernel_audit import audit_catalog

COUNT = 700
MODULE = registry.module("gamma_calc")


@pytest.fixture(scope="module")
def bars():
    return random_bars("SPY", COUNT, 5)


@pytest.fixture(scope="module")
def found(bars):
    return assemble.compute("gamma_calc", bars)


@pytest.fixture(scope="module")
def frame(bars):
    frame = pd.DataFrame({name[7:]: x for name, x in bars.extra.items() if name[:7] == "dealer_"})
    frame["adv"] = pd.Series(bars.dollar_volume).rolling(20).mean()
    frame["close"] = bars.close
    frame["ret"] = np.log(frame.close).diff()
    return frame


def changed(bars, **held):
    """Return bars with another chain from some row on."""
    return dataclasses.replace(
        bars, extra=dict(bars.extra) | {f"dealer_{name}": x for name, x in held.items()}
    )


def agree(values, expected, rtol=1e-10):
    both = ~np.isnan(values)
    assert both.sum() > COUNT / 3
    np.testing.assert_allclose(values[both], np.asarray(expected)[both], rtol=rtol, atol=1e-12)


def test_the_module_has_every_column_of_the_design():
    catalog = project_root().parent / "shared" / "design" / "feature_catalog.csv"
    if not catalog.is_file():
        pytest.skip(f"the design's catalog is not beside the checkout ({catalog})")
    with catalog.open(newline="") as file:
        design = [row["name"] for row in csv.DictReader(file) if row["module"] == "gamma_calc"]
    assert len(design) == 41
    assert sorted(MODULE.columns) == sorted(design)


def test_every_options_module_passes_its_audits():
    bars = [random_bars(symbol, 1800, seed) for seed, symbol in enumerate(("SPY", "TLT"))]
    audits = audit_catalog(bars, scope="options")
    assert {audit.module for audit in audits} >= {"gamma_calc", "catalog"}
    assert not [str(finding) for audit in audits for finding in audit.findings]


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("gex_net", "net"), ("gex_dgds", "tilt"), ("gex_dex", "delta"), ("gex_vanna", "vanna"),
        ("gex_charm", "charm"), ("gex_hedge_up1", "hedge_up"), ("gex_hedge_dn1", "hedge_down"),
        ("gex_flow_signed", "flow"),
    ],
)  # fmt: skip
def test_exposures_are_over_the_mean_dollars_of_twenty_sessions(found, frame, column, name):
    agree(found[column], frame[name] / frame.adv)


def test_gross_and_shares(found, frame):
    gross = frame.calls + frame.puts
    agree(found["gex_abs"], gross / frame.adv)
    agree(found["gex_call_share"], frame.calls / gross)
    agree(found["gex_0_7_share"], frame.within_7 / gross)
    agree(found["gex_8_30_share"], frame.within_30 / gross)
    agree(found["gex_opex_rolloff"], frame.opex / gross)
    agree(found["gex_pin_score"], frame.pinned / gross)


@pytest.mark.parametrize(
    ("column", "name", "w"),
    [
        ("gex_z_20", "net", 20), ("gex_z_60", "net", 60), ("gex_z_252", "net", 252),
        ("gex_dex_z60", "delta", 60), ("gex_vanna_z60", "vanna", 60),
        ("gex_charm_z60", "charm", 60),
    ],
)  # fmt: skip
def test_scores_are_those_of_pandas(found, frame, column, name, w):
    x = frame[name] / frame.adv
    agree(found[column], (x - x.rolling(w).mean()) / x.rolling(w).std(), 1e-8)


def test_changes_and_slopes_of_the_net_exposure(found, frame):
    x = frame.net / frame.adv
    agree(found["gex_chg_1"], x.diff())
    agree(found["gex_chg_5"], x.diff(5))
    for w in (5, 10):
        agree(
            found[f"gex_slope_{w}"],
            x.rolling(w).apply(lambda y: np.polyfit(np.arange(len(y)), y, 1)[0]),
            1e-7,
        )


def test_levels_are_told_from_the_spot_and_in_average_ranges(bars, found, frame):
    talib = pytest.importorskip("talib")
    agree(found["gex_flip_dist"], frame.flip / frame.spot - 1)
    agree(found["gex_callwall_dist"], frame.call_wall / frame.spot - 1)
    agree(found["gex_putwall_dist"], frame.put_wall / frame.spot - 1)
    agree(found["gex_pin_dist"], frame.pin_strike / frame.spot - 1)
    late = slice(260, None)
    usual = talib.ATR(bars.high, bars.low, bars.close, 14) / bars.close
    flip = (frame.flip / frame.spot - 1) / usual
    width = (frame.call_wall - frame.put_wall) / frame.spot / usual
    np.testing.assert_allclose(found["gex_flip_atr"][late], flip[late], rtol=1e-5)
    np.testing.assert_allclose(found["gex_wall_width"][late], width[late], rtol=1e-5)


def test_a_split_does_not_move_the_walls(bars):
    """Raw strikes fall to a quarter where the factor grows to four."""
    ratio = np.where(np.arange(COUNT) < 400, 1.0, 4.0)
    level = 480.0 / ratio
    after = assemble.compute(
        "gamma_calc",
        dataclasses.replace(
            changed(bars, flip=level, call_wall=level, put_wall=level), factor=ratio
        ),
    )
    for name in ("gex_callwall_mig_5", "gex_putwall_mig_5", "gex_flip_vel_5"):
        assert np.all(after[name][10:] == 0.0), name


def test_migration_and_velocity_are_log_changes_over_five_sessions(found, frame):
    agree(found["gex_callwall_mig_5"], np.log(frame.call_wall).diff(5))
    agree(found["gex_putwall_mig_5"], np.log(frame.put_wall).diff(5))
    agree(found["gex_flip_vel_5"], np.log(frame.flip).diff(5) / 5)


def test_the_side_its_age_and_its_changes(bars):
    net = np.full(COUNT, 5e8)
    net[100:103] = -1e6
    net[110:] = -7e8
    found = assemble.compute("gamma_calc", changed(bars, net=net))
    assert found["gex_flip_side"][[99, 100, 103, 110]].tolist() == [1.0, -1.0, 1.0, -1.0]
    days = found["gex_flip_days"]
    assert np.isnan(days[99])  # nobody knows when it began
    assert days[[100, 102, 103, 109, 110, 120, COUNT - 1]].tolist() == [0, 2, 0, 6, 0, 10, 252]
    assert found["gex_flip_count_20"][[99, 100, 103, 110, 129, 130]].tolist() == [0, 1, 2, 3, 1, 0]


def test_hedging_damps_or_feeds_volatility(bars, found, frame):
    damping = 1 + frame.ret.rolling(20).std() * 100 * frame.net / frame.adv
    agree(found["gex_impliedvol_adj"], (frame.iv / damping).where(damping > 0.1), 1e-9)
    assert np.isnan(found["gex_impliedvol_adj"][(damping < 0.1).to_numpy()]).all()
    agree(
        found["gex_x_rv20"],
        frame.net / frame.adv * frame.ret.rolling(20).std() * np.sqrt(252),
        1e-9,
    )
    both = frame.hedge_up.abs() + frame.hedge_down.abs()
    agree(found["gex_hedge_asym"], (frame.hedge_up + frame.hedge_down) / both)


def test_without_bars_only_what_is_over_their_dollars_or_ranges_is_unknown(bars):
    nothing = np.full(COUNT, np.nan)
    names = ("open", "high", "low", "close", "volume", "raw_close", "raw_volume", "vwap",
             "dollar_volume", "transactions", "factor")  # fmt: skip
    found = assemble.compute(
        "gamma_calc", dataclasses.replace(bars, **dict.fromkeys(names, nothing))
    )
    known = {name for name, values in found.items() if not np.isnan(values).all()}
    needs = {
        feature.name
        for feature in MODULE.features
        if {"dollar_volume", "close"} & set(feature.family.inputs)
    }
    assert known == set(MODULE.columns) - needs
    assert {"gex_call_share", "gex_flip_dist", "gex_hhi", "gex_flip_days"} <= known


def test_a_session_without_a_chain_is_unknown_and_the_rest_is_exact_again(bars, found):
    at = 350
    held = {
        name[7:]: np.where(np.arange(COUNT) == at, np.nan, values)
        for name, values in bars.extra.items()
        if name.startswith("dealer_")
    }
    without = assemble.compute("gamma_calc", changed(bars, **held))
    for feature in MODULE.features:
        name = feature.name
        assert np.isnan(without[name][at]), name
        np.testing.assert_array_equal(without[name][:at], found[name][:at], err_msg=name)
        clean = at + feature.lookback + 1
        np.testing.assert_array_equal(without[name][clean:], found[name][clean:], err_msg=name)


def test_a_chain_without_gamma_has_zeros_and_no_shares(bars):
    zero = np.zeros(COUNT)
    held = dict.fromkeys(("net", "calls", "puts", "hedge_up", "hedge_down"), zero)
    found = assemble.compute("gamma_calc", changed(bars, **held))
    assert np.all(found["gex_net"][30:] == 0.0)
    assert np.all(found["gex_flip_side"] == 0.0)
    for name in ("gex_call_share", "gex_0_7_share", "gex_hedge_asym", "gex_z_20"):
        assert np.isnan(found[name]).all(), name
