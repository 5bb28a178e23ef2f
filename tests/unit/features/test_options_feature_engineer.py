"""The options module on chain levels: each column against pandas, numpy or a hand-made case."""

from __future__ import annotations

import csv
import dataclasses
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.stats import norm, rankdata

from engine.features import assemble, registry
from engine.features.options_feature_engineer import surface_fits
from engine.features.options_feature_engineer.surface import COMPONENTS, NODES, parameter_names
from engine.settings import project_root
from engine.validation.audit_bars import random_bars

NAME = "options_feature_engineer"
MODULE = registry.module(NAME)
COUNT = 700
TENORS = (7, 14, 30, 45, 60, 90)


def compute(bars):
    return assemble.compute(NAME, bars)


def changed(bars, **extra):
    return dataclasses.replace(bars, extra={**bars.extra, **extra})


@pytest.fixture(scope="module")
def made():
    bars = random_bars("SPY", COUNT, 7)
    frame = pd.DataFrame({"close": bars.close, "dollar_volume": bars.dollar_volume} | bars.extra)
    frame["ret"] = np.log(frame.close).diff()
    frame["rv"] = frame.ret.rolling(20).std() * np.sqrt(252)
    return SimpleNamespace(bars=bars, frame=frame, found=compute(bars))


def agree(found, expected, first, rel=1e-9, tolerance=1e-11):
    expected = np.asarray(expected, dtype=np.float64)
    assert not np.isnan(found[first:]).any()
    np.testing.assert_allclose(found[first:], expected[first:], rtol=rel, atol=tolerance)


def zscore(x, w):
    return (x - x.rolling(w).mean()) / x.rolling(w).std()


def test_the_module_has_every_core_column_of_the_design_in_its_order():
    catalog = project_root().parent / "shared" / "design" / "feature_catalog.csv"
    if not catalog.is_file():
        pytest.skip(f"the design's catalog is not beside the checkout ({catalog})")
    with catalog.open(newline="") as file:
        names = [
            row["name"]
            for row in csv.DictReader(file)
            if (row["module"], row["tier"]) == (NAME, "core")
        ]
    assert list(MODULE.columns) == names
    assert len(names) == 74


def test_columns_appear_when_the_registry_says():
    bars = random_bars("TLT", COUNT, 3)
    found = compute(bars)
    for feature in MODULE.features:
        if feature.family.engine == "fit" or feature.name == "opt_ts_inv_days":
            continue  # when a quarter has parameters, when it is known since when
        known = np.flatnonzero(~np.isnan(found[feature.name]))
        assert known[0] + 1 == feature.min_obs, feature.name
        assert not np.isnan(found[feature.name][feature.lookback :]).any(), feature.name


# At the money ---------------------------------------------------------------------------------


@pytest.mark.parametrize("days", TENORS)
def test_a_straddle_costs_what_blacks_call_and_put_at_the_forward_do(made, days):
    stdev = made.frame[f"atm_{days}"] * np.sqrt(days / 365)
    call = norm.cdf(stdev / 2) - norm.cdf(-stdev / 2)  # and the put is the same
    agree(made.found[f"opt_atm_cost_{days}"], 2 * call, 0)


def test_costs_are_scored_and_changed_as_pandas_does(made):
    costs = {days: pd.Series(made.found[f"opt_atm_cost_{days}"]) for days in (7, 30, 60)}
    for days, cost in costs.items():
        agree(made.found[f"opt_atm_cost_z60_{days}"], zscore(cost, 60), 59)
    for k in (1, 5):
        agree(made.found[f"opt_atm_cost_chg_{k}"], costs[30].diff(k), k)


def test_rank_and_percentile_are_those_of_the_year(made):
    window = made.frame.atm_30.rolling(252)
    spread = window.max() - window.min()
    agree(made.found["opt_ivrank_252"], (made.frame.atm_30 - window.min()) / spread, 251)
    assert np.nanmin(made.found["opt_ivrank_252"]) >= 0.0
    assert np.nanmax(made.found["opt_ivrank_252"]) <= 1.0
    for row in range(251, COUNT, 37):
        values = made.frame.atm_30.to_numpy()[row - 251 : row + 1]
        expected = (rankdata(values)[-1] - 1) / 251
        assert made.found["opt_ivpct_252"][row] == pytest.approx(expected, abs=1e-12)


def test_implied_is_set_against_realised(made):
    frame = made.frame
    agree(made.found["opt_ivrv_20"], np.log(frame.atm_30 / frame.rv), 20)
    agree(made.found["opt_vrp_30"], frame.mf_iv_30 - frame.rv, 20)
    agree(made.found["opt_vrp_z60_30"], zscore(frame.mf_iv_30 - frame.rv, 60), 79)
    implied = np.sqrt(2 / np.pi) * frame.atm_30.shift(1) / np.sqrt(252)
    ratio = frame.ret.abs().rolling(20).mean() / implied.rolling(20).mean()
    agree(made.found["opt_move_ratio_20"], ratio, 21)
    changes = np.log(frame.atm_30).diff()
    agree(made.found["opt_ivofiv_20"], changes.rolling(20).std() * np.sqrt(252), 20)


def test_a_share_that_moves_as_implied_has_a_move_ratio_of_one():
    bars = random_bars("SPY", 3000, 1)
    rng = np.random.default_rng(0)
    iv = 0.2
    close = 100 * np.exp(np.cumsum(iv / np.sqrt(252) * rng.standard_normal(3000)))
    bars = dataclasses.replace(bars, close=close)
    found = compute(changed(bars, atm_30=np.full(3000, iv)))
    assert np.nanmean(found["opt_move_ratio_20"]) == pytest.approx(1.0, abs=0.02)
    assert np.nanmean(found["opt_ivrv_20"]) == pytest.approx(0.0, abs=0.05)


# Smile and term structure ---------------------------------------------------------------------


def test_the_smile_is_read_by_points(made):
    frame, found = made.frame, made.found
    for days in (7, 30, 60, 90):
        call, put, atm = (frame[f"{name}_{days}"] for name in ("call25", "put25", "atm"))
        agree(found[f"opt_rr25_{days}"], call - put, 0)
        agree(found[f"opt_bf25_{days}"], (call + put) / 2 - atm, 0)
    for days in (30, 60):
        agree(found[f"opt_skew10_{days}"], frame[f"put10_{days}"] - frame[f"atm_{days}"], 0)
    reversal = frame.call25_30 - frame.put25_30
    agree(found["opt_rr25_z60_30"], zscore(reversal, 60), 59)
    agree(found["opt_rr25_chg5_30"], reversal.diff(5), 5)
    agree(found["opt_rr25_term"], reversal - (frame.call25_90 - frame.put25_90), 0)
    agree(found["opt_wing_30"], np.log(frame.put10_30 / frame.call10_30), 0)


def test_slope_and_curvature_are_those_of_polyfit(made):
    roots = np.sqrt(np.array(TENORS) / 365)
    for row in range(0, COUNT, 53):
        ivs = [made.frame[f"atm_{days}"][row] for days in TENORS]
        slope = np.polyfit(roots, ivs, 1)[0]
        curvature = np.polyfit(roots, ivs, 2)[0]
        assert made.found["opt_ts_slope"][row] == pytest.approx(slope, rel=1e-9, abs=1e-12)
        assert made.found["opt_ts_curv"][row] == pytest.approx(curvature, rel=1e-8, abs=1e-11)


def test_a_flat_surface_has_no_skew_and_no_term_structure(made):
    flat = np.full(COUNT, 0.23)
    names = [name for name in made.bars.extra if name.split("_")[0] in ("atm", "put25", "call25")]
    found = compute(changed(made.bars, **dict.fromkeys([*names, "put10_30", "call10_30"], flat)))
    zero = ("rr25_7", "bf25_30", "skew10_30", "ts_7_30", "ts_30_90", "ts_slope", "ts_curv")
    for name in (*zero, "ts_inverted", "ts_inv_days", "wing_30", "rr25_term"):
        np.testing.assert_allclose(found[f"opt_{name}"], 0.0, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(found["opt_fwdvol_30_60"], 0.23, rtol=1e-12)
    np.testing.assert_allclose(found["opt_fwdvar_ratio"], 0.0, atol=1e-10)
    # what never moves has no score and no beta: unknown, not infinite
    for name in ("atm_cost_z60_30", "rr25_z60_30", "ivrank_252", "spotvol_60"):
        assert np.isnan(found[f"opt_{name}"]).all(), name
    assert (found["opt_ivofiv_20"][20:] == 0.0).all()


def test_forward_volatility_by_hand(made):
    found = compute(
        changed(
            made.bars,
            atm_30=np.full(COUNT, 0.20),
            atm_60=np.full(COUNT, 0.25),
            atm_90=np.full(COUNT, 0.20),
        )
    )
    # 60 days hold 0.0625 x 2 months, 30 of them 0.04: 0.085 are left for the second month
    assert found["opt_fwdvol_30_60"][0] == pytest.approx(np.sqrt(0.085), rel=1e-12)
    # and 0.12 - 0.125 < 0 for the third
    assert np.isnan(found["opt_fwdvol_60_90"]).all()
    assert np.isnan(found["opt_fwdvar_ratio"]).all()


def test_days_inverted_are_counted_from_the_first_one_seen(made):
    near = np.full(COUNT, 0.2)
    far = np.full(COUNT, 0.21)
    far[:3] = far[10:13] = 0.19
    far[20:] = 0.19
    found = compute(changed(made.bars, atm_30=near, atm_90=far))
    days = found["opt_ts_inv_days"]
    assert np.isnan(days[:3]).all()  # nobody knows since when
    assert days[3:15].tolist() == [0.0] * 7 + [1.0, 2.0, 3.0] + [0.0] * 2
    assert (days[20], days[270], days[271], days[-1]) == (1.0, 251.0, 252.0, 252.0)
    agree(found["opt_ts_inverted"], far < near, 0)
    term = pd.Series(far - near)
    agree(found["opt_ts_chg5"], term.diff(5), 5)


def test_the_term_structure_is_scored_as_pandas_does(made):
    term = made.frame.atm_90 - made.frame.atm_30
    agree(made.found["opt_ts_z60"], zscore(term, 60), 59)
    agree(made.found["opt_ts_30_90"], term, 0)


# Activity -------------------------------------------------------------------------------------


def test_ratios_of_volume_and_open_interest(made):
    frame = made.frame
    for name, a, b in (
        ("pcr_vol", "put_volume", "call_volume"),
        ("pcr_oi", "put_oi", "call_oi"),
        ("vol_oi", "option_volume", "option_oi"),
        ("0_7dte_share", "short_volume", "option_volume"),
        ("otmput_share", "otm_put_volume", "option_volume"),
    ):
        agree(made.found[f"opt_{name}"], frame[a] / frame[b], 20)
    adv = frame.dollar_volume.rolling(20).mean()
    agree(made.found["opt_flow_delta"], frame.dollar_delta / adv, 20)
    ratio = np.log(frame.put_volume / frame.call_volume)
    agree(made.found["opt_pcr_vol_chg5"], ratio.diff(5), 5)
    agree(made.found["opt_pcr_vol_z20"], zscore(ratio, 20), 21)
    agree(made.found["opt_unusual_z20"], zscore(np.log1p(frame.option_volume), 20), 21)


def test_a_session_without_call_volume_has_no_ratio(made):
    calls = made.bars.extra["call_volume"].copy()
    calls[300] = 0.0
    found = compute(changed(made.bars, call_volume=calls))
    assert np.isnan(found["opt_pcr_vol"][300])
    assert not np.isnan(found["opt_pcr_vol"][301])


def test_a_missing_chain_leaves_its_windows_and_nothing_else(made):
    holes = {name: values.copy() for name, values in made.bars.extra.items()}
    for values in holes.values():
        values[400] = np.nan
    found = compute(dataclasses.replace(made.bars, extra=holes))
    for feature in MODULE.features:
        if feature.family.engine == "fit":
            continue
        assert np.array_equal(
            found[feature.name][:400], made.found[feature.name][:400], equal_nan=True
        )
        later = slice(400 + feature.lookback, None)
        assert np.array_equal(found[feature.name][later], made.found[feature.name][later])
    assert np.isnan(found["opt_atm_cost_z60_30"][400:460]).all()
    assert not np.isnan(found["opt_atm_cost_z60_30"][460])


# The surface in motion ------------------------------------------------------------------------


def test_the_beta_to_the_share_is_least_squares_and_the_correlation_numpys(made):
    iv, spot = made.frame.atm_30.to_numpy(), made.frame.spot.to_numpy()
    move = np.diff(np.log(spot), prepend=np.nan)
    change, relative = np.diff(iv, prepend=np.nan), np.diff(np.log(iv), prepend=np.nan)
    for row in range(80, COUNT, 41):
        rows = slice(row - 19, row + 1)
        design = np.column_stack([np.ones(20), move[rows]])
        slope = np.linalg.lstsq(design, change[rows], rcond=None)[0][1]
        assert made.found["opt_sticky_20"][row] == pytest.approx(slope, rel=1e-9)
        rows = slice(row - 59, row + 1)
        expected = np.corrcoef(relative[rows], move[rows])[0, 1]
        assert made.found["opt_spotvol_60"][row] == pytest.approx(expected, rel=1e-9)


@pytest.fixture(scope="module")
def panel(made):
    bars = made.bars
    columns = {
        name: getattr(bars, name)
        for name in ("open", "high", "low", "close", "volume", "raw_close", "raw_volume", "vwap")
    }
    columns |= {"dollar_volume": bars.dollar_volume, "factor": bars.factor}
    columns |= {"transactions": bars.transactions}
    columns |= {node: bars.extra[node] for node in NODES}
    return pa.table(
        {"symbol": ["SPY"] * COUNT, "session_date": pa.array(bars.time, pa.date32()), **columns}
    )


def test_components_are_numpys_of_the_changes_before_the_quarter(made, panel):
    rows = surface_fits.surface_fits(panel).to_pylist()
    logs = np.log(made.frame[list(NODES)].to_numpy())
    days = made.bars.time.astype("datetime64[D]")
    assert len(rows) % 3 == 0 and len(rows) > 6
    for row in rows:
        start = np.datetime64(row["quarter_start"])
        past = np.flatnonzero(days < start)[1:]
        assert np.datetime64(row["fit_as_of"]) == days[past[-1]] < start
        assert row["observations"] == len(past) >= 250
        changes = logs[past] - logs[past - 1]
        values, vectors = np.linalg.eigh(np.cov(changes.T))
        place = COMPONENTS.index(row["component"])
        vector = vectors[:, -1 - place]
        assert row["share"] == pytest.approx(values[-1 - place] / values.sum(), rel=1e-9)
        scores = (logs[past] - logs[past].mean(axis=0)) @ vector
        loads = np.array([row[f"load_{i}"] for i in range(9)]) * scores.std(ddof=1)
        assert abs(loads @ vector) == pytest.approx(1.0, abs=1e-7)
        if row["component"] == "level":
            assert loads.sum() > 0


def test_the_score_is_in_deviations_of_the_past(made, panel):
    rows = surface_fits.surface_fits(panel).to_pylist()
    last = [row for row in rows if row["quarter_start"] == rows[-1]["quarter_start"]]
    fitted = {}
    for row in last:
        names = ("intercept", *(f"load_{i}" for i in range(9)))
        for name, column in zip(names, parameter_names(row["component"]), strict=True):
            fitted[column] = np.full(COUNT, row[name])
    found = compute(changed(made.bars, **fitted))
    days = made.bars.time.astype("datetime64[D]")
    past = np.flatnonzero(days < np.datetime64(last[0]["quarter_start"]))[1:]
    for component in COMPONENTS:
        score = found[f"opt_pca_{component}"][past]
        assert score.mean() == pytest.approx(0.0, abs=1e-9)
        assert score.std(ddof=1) == pytest.approx(1.0, rel=1e-9)
    everything_dearer = {node: 1.5 * made.bars.extra[node] for node in NODES}
    dearer = compute(changed(made.bars, **fitted, **everything_dearer))
    assert (dearer["opt_pca_level"] > found["opt_pca_level"]).all()


def test_a_fit_knows_nothing_of_its_own_quarter_and_is_kept(panel):
    whole = surface_fits.surface_fits(panel)
    middle = whole["quarter_start"].to_pylist()[len(whole) // 2]
    before = [day < middle for day in panel["session_date"].to_pylist()]
    # one session of the quarter is needed for it to exist
    cut = surface_fits.surface_fits(panel.slice(0, sum(before) + 1))
    assert cut.to_pylist() == whole.to_pylist()[: len(cut)]
    assert cut["quarter_start"].to_pylist()[-1] == middle
    assert surface_fits.surface_fits(panel, whole).equals(whole)


def test_a_surface_that_never_moves_has_no_components():
    assert surface_fits.fit_components(np.zeros((300, 18))) == []
