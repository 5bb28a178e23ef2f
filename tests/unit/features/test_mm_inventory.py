"""The module of inventories on bars: each column against pandas, statsmodels or closed form."""

from __future__ import annotations

import csv
import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import statsmodels.api as sm

from engine.features import assemble, registry
from engine.features.flow.session import FIELDS
from engine.features.mm_inventory.inventory import QUOTING
from engine.settings import project_root

MODULE = registry.module("mm_inventory")
FEATURES = {f.name: f for f in MODULE.features if f.name in MODULE.computed}
HALF_LIVES = {"h1": 60 / 390, "d1": 1.0, "d5": 5.0}


@pytest.fixture(scope="module")
def made(case):
    """The shared bars with session statistics: persistent flow that moves the price."""
    rng = np.random.default_rng(78)
    count = len(case.bars)
    noise = rng.normal(0.0, 0.04, count)
    extra = {name: rng.uniform(0.1, 0.9, count) for name in FIELDS}
    ret = case.frame.ret.fillna(0.0).to_numpy()
    for label in HALF_LIVES:
        extra[f"net_fading_{label}"] = noise + 2.0 * ret + rng.normal(0.0, 0.02, count)
    extra["net_of_last30"] = 0.3 * noise + rng.normal(0.0, 0.02, count)
    extra["minute_variance"] = rng.uniform(2e-5, 2e-4, count)
    bars = dataclasses.replace(case.bars, extra=extra)
    frame = case.frame.drop(columns=list(case.bars.extra)).assign(**extra)
    adv = frame.volume.rolling(50).mean().shift(1)
    columns = assemble.compute("mm_inventory", bars)
    return SimpleNamespace(bars=bars, frame=frame, adv=adv, columns=columns)


def agree(found, expected, first, rel=1e-9, tolerance=1e-12):
    """Compare from bar `first` on (0-based)."""
    expected = np.asarray(expected, dtype=np.float64)
    assert not np.isnan(found[first:]).any()
    np.testing.assert_allclose(found[first:], expected[first:], rtol=rel, atol=tolerance)


def zscore(x, w):
    return (x - x.rolling(w).mean()) / x.rolling(w).std()


def fading(made, label):
    """Inventory by the recursion that the column's name promises."""
    keep, held, found = 0.5 ** (1.0 / HALF_LIVES[label]), 0.0, []
    for net in made.frame[f"net_fading_{label}"] * made.frame.volume:
        held = keep * held + net
        found.append(-held)
    return np.array(found) / made.adv.to_numpy()


def rows(count, step=61):
    return range(400, count, step)


def test_the_module_has_every_core_column_of_the_design_in_its_order():
    catalog = project_root().parent / "shared" / "design" / "feature_catalog.csv"
    if not catalog.is_file():
        pytest.skip(f"the design's catalog is not beside the checkout ({catalog})")
    with catalog.open(newline="") as file:
        names = [
            row["name"]
            for row in csv.DictReader(file)
            if (row["scope"], row["module"], row["tier"]) == ("daily", "mm_inventory", "core")
        ]
    assert list(MODULE.columns) == names
    assert len(names) == 32


@pytest.mark.parametrize("name", FEATURES)
def test_a_value_appears_at_min_obs_and_stays(made, name):
    there = ~np.isnan(made.columns[name])
    first = FEATURES[name].min_obs - 1
    assert not there[:first].any()
    # A persistence may fall outside of 0 to 1, where nothing halves.
    assert there[first:].mean() > 0.99 if name.startswith("mm_invlife") else there[first:].all()


@pytest.mark.parametrize("label", HALF_LIVES)
def test_inventory_is_the_fading_recursion_in_adv(made, label):
    # What the lookback leaves out weighs a millionth.
    agree(made.columns[f"mm_inv_{label}"], fading(made, label), 50, 1e-5, 2e-6)


def test_inventory_of_one_session_by_hand(case):
    """One session of net selling, 10% of its volume, at constant volume: then it halves."""
    count = 80
    rows_ = slice(0, count)
    names = [f.name for f in dataclasses.fields(case.bars) if f.name not in ("symbol", "extra")]
    arrays = {name: getattr(case.bars, name)[rows_] for name in names if name != "periods_per_year"}
    for name in ("volume", "raw_volume"):
        arrays[name] = np.full(count, 1e6)
    extra = {name: np.zeros(count) for name in FIELDS}
    extra["net_fading_d1"][60] = -0.1
    bars = dataclasses.replace(case.bars, **arrays, extra=extra)
    found = assemble.compute("mm_inventory", bars)["mm_inv_d1"]
    np.testing.assert_allclose(found[58:64], [0.0, 0.0, 0.1, 0.05, 0.025, 0.0125], rtol=1e-12)


@pytest.mark.parametrize("w", [20, 60])
@pytest.mark.parametrize("label", ["d1", "d5"])
def test_z_scores_are_those_of_the_inventory(made, label, w):
    held = made.frame.assign(x=made.columns[f"mm_inv_{label}"]).x
    agree(made.columns[f"mm_invz_{label}_{w}"], zscore(held, w), 200, 1e-7)


def test_quotes_are_those_of_avellaneda_and_stoikov(made):
    gamma, kappa = QUOTING.risk_aversion, QUOTING.order_decay
    variance = 1e8 * made.frame.minute_variance.rolling(QUOTING.variance_sessions).mean()
    risk = gamma * variance * QUOTING.horizon
    agree(made.columns["mm_resskew"], -made.columns["mm_inv_d1"] * risk, 50)
    agree(made.columns["mm_optspread"], risk + 2 / gamma * np.log(1 + gamma / kappa), 19)


def test_a_maker_who_is_long_quotes_lower(made):
    held, skew = made.columns["mm_inv_d1"][60:], made.columns["mm_resskew"][60:]
    assert (np.sign(held) == -np.sign(skew)).all()


@pytest.mark.parametrize("w", [20, 60])
def test_pressure_correlates_returns_with_the_inventory_before(made, w):
    held = made.frame.assign(x=made.columns["mm_inv_d1"]).x
    agree(
        made.columns[f"mm_pressure_{w}"], made.frame.ret.rolling(w).corr(held.shift(1)), 200, 1e-7
    )


@pytest.mark.parametrize("w", [60, 120])
def test_half_life_is_that_of_statsmodels_autoregression(made, w):
    held = made.columns["mm_inv_d1"]
    for t in rows(len(held)):
        now = np.arange(t - w + 1, t + 1)
        phi = sm.OLS(held[now], sm.add_constant(held[now - 1])).fit().params[1]
        expected = np.log(np.log(2.0) / -np.log(phi))
        assert made.columns[f"mm_invlife_{w}"][t] == pytest.approx(expected, rel=1e-7, abs=1e-9)


def test_independent_flow_halves_in_a_session(made):
    assert np.nanmedian(made.columns["mm_invlife_120"]) == pytest.approx(0.0, abs=0.15)


@pytest.mark.parametrize("name", ["mm_tempimpact", "mm_permfrac", "mm_gh_trans", "mm_gh_perm"])
def test_means_over_sessions_are_those_of_the_named_column(made, name):
    agree(made.columns[f"{name}_mean_20"], made.frame[f"{name}_1"].rolling(20).mean(), 19)


def test_a_session_without_a_permanent_share_is_left_out_of_its_mean(made):
    extra = dict(made.bars.extra)
    extra["mm_permfrac_1"] = extra["mm_permfrac_1"].copy()
    extra["mm_permfrac_1"][300:304] = np.nan
    found = assemble.compute("mm_inventory", dataclasses.replace(made.bars, extra=extra))
    mean = found["mm_permfrac_mean_20"]
    assert mean[305] == pytest.approx(np.nanmean(extra["mm_permfrac_1"][286:306]), rel=1e-12)


def test_closing_imbalance_is_in_adv_and_tied_to_the_night_after(made):
    f = made.frame
    closing = f.net_of_last30 * f.volume / made.adv
    agree(made.columns["mm_closeimb_1"], closing, 50)
    agree(made.columns["mm_closeimb_5"], closing.rolling(5).mean(), 54)
    night = np.log(f.open / f.close.shift(1))
    agree(made.columns["mm_unwind_60"], night.rolling(60).corr(closing.shift(1)), 200, 1e-7)


def test_adjusted_returns_and_price_pressure_come_from_statsmodels_line(made):
    r = made.frame.ret.to_numpy()
    for label, w in (("d1", 1), ("d5", 5)):
        held = made.columns[f"mm_inv_{label}"]
        change = np.diff(held, prepend=np.nan)
        for t in rows(len(r)):
            cut = slice(t - 59, t + 1)
            fit = sm.OLS(r[cut], sm.add_constant(change[cut])).fit()
            spread = np.sqrt(fit.mse_resid)
            pressure = fit.params[1] * held[t] / spread
            assert made.columns[f"mm_pricepress_{w}"][t] == pytest.approx(pressure, rel=1e-7)
            if label == "d1":
                for tail in (5, 20):
                    expected = fit.resid[-tail:].sum() / (spread * np.sqrt(tail))
                    found = made.columns[f"mm_invadjret_{tail}"][t]
                    assert found == pytest.approx(expected, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("w", [20, 60])
def test_grossman_miller_is_minus_statsmodels_weighted_slope(made, w):
    r, v = made.frame.ret.to_numpy(), made.frame.volume.to_numpy()
    for t in rows(len(r)):
        now = np.arange(t - w + 1, t + 1)
        fit = sm.WLS(r[now], sm.add_constant(r[now - 1]), weights=v[now - 1]).fit()
        assert made.columns[f"mm_gm_{w}"][t] == pytest.approx(-fit.params[1], rel=1e-7)


@pytest.mark.parametrize("w", [60, 120])
def test_volume_return_coefficient_equals_statsmodels_at_any_level_of_volume(made, w):
    r, v = made.frame.ret.to_numpy(), np.log1p(made.frame.volume.to_numpy())
    for t in rows(len(r)):
        before = np.arange(t - w, t)
        detrended = v[before] - v[before].mean()
        x = sm.add_constant(np.column_stack([r[before], detrended * r[before]]))
        expected = sm.OLS(r[before + 1], x).fit().params[2]
        assert made.columns[f"mm_cgw_{w}"][t] == pytest.approx(expected, rel=1e-6)


def test_returns_that_only_tremble_have_no_response(made):
    b = made.bars
    flat = b.close.copy()
    flat[500:600] = flat[500] * (1.0 + 4.0 * np.finfo(float).eps * (np.arange(100) % 3))
    found = assemble.compute("mm_inventory", dataclasses.replace(b, close=flat))
    for name in ("mm_gm_20", "mm_gm_60", "mm_cgw_60"):
        assert np.isnan(found[name][565:600]).all()
