"""The flow module on bars: each column against pandas, statsmodels or TA-Lib."""

from __future__ import annotations

import csv
import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.stats
import statsmodels.api as sm
import talib

from engine.features import assemble, registry
from engine.features.flow.session import FIELDS
from engine.kernels.klinger import volume_force
from engine.settings import project_root

MODULE = registry.module("flow")
FEATURES = {f.name: f for f in MODULE.features if f.name in MODULE.computed}
SIGNED = ("flow_ofi_1", "flow_largesigned_1", "flow_first30_1", "flow_last30_1", "flow_acf_1")


@pytest.fixture(scope="module")
def flow(case):
    """The shared bars with session statistics of this module, and its columns."""
    rng = np.random.default_rng(77)
    extra = {
        name: rng.uniform(-0.6 if name in SIGNED else 0.1, 0.9, len(case.bars)) for name in FIELDS
    }
    bars = dataclasses.replace(case.bars, extra=extra)
    frame = case.frame.drop(columns=list(case.bars.extra)).assign(**extra)
    frame["dollars"] = bars.dollar_volume
    return SimpleNamespace(bars=bars, frame=frame, columns=assemble.compute("flow", bars))


def agree(found, expected, first, rel=1e-9):
    """Compare from bar `first` on (0-based)."""
    expected = np.asarray(expected, dtype=np.float64)
    assert not np.isnan(found[first:]).any()
    np.testing.assert_allclose(found[first:], expected[first:], rtol=rel, atol=1e-12)


def zscore(x, w):
    return (x - x.rolling(w).mean()) / x.rolling(w).std()


def pairs(length, w, step=61):
    return range(max(w, 300), length, step)


def test_the_module_has_every_column_of_the_design_in_its_order():
    catalog = project_root().parent / "shared" / "design" / "feature_catalog.csv"
    if not catalog.is_file():
        pytest.skip(f"the design's catalog is not beside the checkout ({catalog})")
    with catalog.open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if (r["scope"], r["module"]) == ("daily", "flow")]
    assert list(MODULE.columns) == [row["name"] for row in rows]
    assert len(rows) == 52


@pytest.mark.parametrize("name", FEATURES)
def test_a_value_appears_at_min_obs_and_stays(flow, name):
    there = ~np.isnan(flow.columns[name])
    first = FEATURES[name].min_obs - 1
    assert not there[:first].any()
    assert there[first:].all()


@pytest.mark.parametrize(
    ("column", "of", "w"),
    [
        ("flow_bvc_mean_5", "flow_bvc_1", 5),
        ("flow_bvc_mean_20", "flow_bvc_1", 20),
        ("flow_vpin_mean_5", "flow_vpin_eod_1", 5),
        ("flow_vpin_mean_20", "flow_vpin_eod_1", 20),
        ("flow_largeshare_mean_5", "flow_largeshare_1", 5),
        ("flow_largesigned_mean_5", "flow_largesigned_1", 5),
        ("flow_first30_mean_5", "flow_first30_1", 5),
        ("flow_last30_mean_5", "flow_last30_1", 5),
        ("flow_acf_mean_20", "flow_acf_1", 20),
        ("flow_retcorr_mean_20", "flow_retcorr_1", 20),
        ("flow_signrun_mean_20", "flow_signrun_1", 20),
    ],
)
def test_means_over_sessions_are_those_of_the_named_column(flow, column, of, w):
    agree(flow.columns[column], flow.frame[of].rolling(w).mean(), w - 1)


def test_vpin_rank_is_the_share_of_the_year_below(flow):
    rank = flow.frame.flow_vpin_eod_1.rolling(252).rank()
    agree(flow.columns["flow_vpin_cdf_252"], (rank - 1.0) / 251.0, 251)


@pytest.mark.parametrize("w", [5, 20, 60])
def test_flow_over_sessions_is_weighted_by_volume(flow, w):
    f = flow.frame
    expected = (f.flow_ofi_1 * f.volume).rolling(w).sum() / f.volume.rolling(w).sum()
    agree(flow.columns[f"flow_ofi_{w}"], expected, 300)
    agree(flow.columns[f"flow_dollarz_{w}"], zscore(f.flow_ofi_1 * f.dollars, w), 300, 1e-7)


def test_minute_slopes_come_into_units_of_adv_and_dollars(flow):
    f = flow.frame
    adv = f.volume.rolling(50).mean().shift(1)
    kyle = f.kyle_of_session * adv / f.volume
    agree(flow.columns["flow_kyle_1"], kyle, 50)
    for w in (5, 20):
        agree(flow.columns[f"flow_kyle_mean_{w}"], kyle.rolling(w).mean(), 50 + w)
    hasbrouck = f.hasbrouck_of_session / np.sqrt(f.dollars)
    agree(flow.columns["flow_hasbrouck_1"], hasbrouck, 20)
    agree(flow.columns["flow_hasbrouck_mean_20"], hasbrouck.rolling(20).mean(), 40)
    agree(flow.columns["flow_amihud_min_1"], np.log(f.amihud_of_session / f.dollars), 20)


def test_a_slope_a_percent_of_adv_is_the_regression_on_percent_of_adv():
    """Twice the usual volume: a percent of ADV is half a percent of the session's volume."""
    rng = np.random.default_rng(5)
    volume, adv = rng.uniform(1.0, 3.0, 390), 0.5 * 390 * 2.0
    signed = volume * np.where(rng.random(390) < 0.5, -1.0, 1.0)
    r = 1e-4 * signed + rng.normal(0.0, 1e-3, 390)
    own = sm.OLS(1e4 * r, sm.add_constant(100.0 * signed / volume.sum())).fit().params[1]
    usual = sm.OLS(1e4 * r, sm.add_constant(100.0 * signed / adv)).fit().params[1]
    assert own * adv / volume.sum() == pytest.approx(usual, rel=1e-10)


def test_amihud_is_the_log_of_the_mean_move_a_dollar(flow):
    ratio = flow.frame.ret.abs() / flow.frame.dollars
    for w in (5, 20, 60, 120):
        agree(flow.columns[f"flow_amihud_{w}"], np.log(ratio.rolling(w).mean()), 300)
    five = np.log(ratio.rolling(5).mean())
    agree(flow.columns["flow_amihud_z_252"], zscore(five, 252), 600, 1e-7)


@pytest.mark.parametrize("w", [60, 120])
def test_pastor_stambaugh_gamma_equals_statsmodels(flow, w):
    r, v = flow.frame.ret.to_numpy(), flow.frame.volume.to_numpy()
    for t in pairs(len(r), w):
        before = np.arange(t - w, t)
        percent = 100.0 * np.sign(r[before]) * v[before] / v[before].mean()
        x = sm.add_constant(np.column_stack([r[before], percent]))
        gamma = sm.OLS(1e4 * r[before + 1], x).fit().params[2]
        assert flow.columns[f"flow_psgamma_{w}"][t] == pytest.approx(gamma, rel=1e-7)


def test_divergence_counts_opposite_signs_and_compares_z_scores(flow):
    f = flow.frame
    opposed = (np.sign(f.ret) * np.sign(f.flow_ofi_1) < 0).astype(float)
    for w in (20, 60):
        agree(flow.columns[f"flow_divergefreq_{w}"], opposed.rolling(w).mean(), w)
    for w in (5, 20):
        expected = zscore(f.ret, w) - zscore(f.flow_ofi_1, w)
        agree(flow.columns[f"flow_diverge_{w}"], expected, 300, 1e-7)


def _line(frame):
    return talib.AD(*(frame[c].to_numpy() for c in ("high", "low", "close", "volume")))


@pytest.mark.parametrize("w", [20, 60])
def test_accumulation_slope_is_that_of_talibs_line(flow, w):
    line, v = _line(flow.frame), flow.frame.volume.to_numpy()
    for t in pairs(len(v), w):
        cut = slice(t - w + 1, t + 1)
        slope = scipy.stats.linregress(np.arange(w), line[cut]).slope
        found = flow.columns[f"flow_adslope_{w}"][t]
        assert found == pytest.approx(slope / v[cut].mean(), rel=1e-6)


def test_chaikin_oscillator_equals_talib_after_warm_up(flow):
    f = flow.frame
    bars = (f[c].to_numpy() for c in ("high", "low", "close", "volume"))
    expected = talib.ADOSC(*bars, fastperiod=3, slowperiod=10) / f.volume.rolling(20).mean()
    np.testing.assert_allclose(
        flow.columns["flow_chaikin_1"][400:], expected[400:], rtol=1e-5, atol=1e-5
    )


def test_force_and_klinger_average_as_talib_does_after_warm_up(flow):
    f = flow.frame
    push = (f.close.diff() * f.volume).to_numpy()
    force = talib.EMA(push, 13) / (f.close * f.volume.rolling(13).mean())
    np.testing.assert_allclose(
        flow.columns["flow_force_13"][700:], force[700:], rtol=1e-5, atol=1e-7
    )
    vf = volume_force(*(f[c].to_numpy() for c in ("high", "low", "close", "volume")))
    klinger = (talib.EMA(vf, 34) - talib.EMA(vf, 55)) / f.volume.rolling(55).mean()
    np.testing.assert_allclose(
        flow.columns["flow_klinger_1"][900:], klinger[900:], rtol=1e-4, atol=1e-5
    )


def test_a_split_of_the_shares_changes_no_column(flow):
    """The panel's volume is in the first bar's shares: only raw columns see a split."""
    b = flow.bars
    half = np.where(np.arange(len(b)) < 800, 1.0, 2.0)
    split = dataclasses.replace(
        b, raw_close=b.raw_close / half, raw_volume=b.raw_volume * half, factor=b.factor * half
    )
    for name, values in assemble.compute("flow", split).items():
        np.testing.assert_array_equal(values, flow.columns[name], err_msg=name)


def test_sessions_without_minutes_blank_what_is_read_from_minutes_only(flow):
    columns = assemble.compute("flow", dataclasses.replace(flow.bars, extra={}))
    known = {name for name, values in columns.items() if not np.isnan(values).all()}
    of_bars = ("flow_amihud_", "flow_psgamma", "flow_adslope", "flow_chaikin", "flow_force")
    assert known == {
        n for n in FEATURES if n.startswith((*of_bars, "flow_klinger")) and n != "flow_amihud_min_1"
    }
    for name in known:
        np.testing.assert_array_equal(columns[name], flow.columns[name])
