"""The domain columns against pandas, statsmodels, hand-worked tables and simulated truth."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from engine.features import assemble, registry

MODULE = registry.module("domain_features")
LENGTH = 900
INDICES = ("vix", "vix9d", "vix3m", "vvix", "skew")


def market(make_daily, make_bars, **extra):
    """The benchmark's bars with the given extras beside them."""
    bars = make_bars(make_daily("SPY", LENGTH, 31))
    names = (*INDICES, "fund_return")
    whole = {name: extra.get(name, np.full(LENGTH, np.nan)) for name in names}
    return dataclasses.replace(bars, extra=whole)


@pytest.fixture(scope="module")
def case(make_daily, make_bars) -> SimpleNamespace:
    rng = np.random.default_rng(32)
    log_vix = np.zeros(LENGTH)
    for t in range(1, LENGTH):
        log_vix[t] = 0.95 * log_vix[t - 1] + 0.05 * rng.standard_t(4)
    change = np.diff(log_vix, prepend=0.0)
    extra = {
        "vix": 18.0 * np.exp(log_vix),
        "vix9d": 18.0 * np.exp(1.2 * log_vix + 0.03 * rng.standard_normal(LENGTH)),
        "vix3m": 19.0 * np.exp(0.6 * log_vix + 0.03 * rng.standard_normal(LENGTH)),
        "vvix": 90.0 * np.exp(0.4 * log_vix + 0.05 * rng.standard_normal(LENGTH)),
        "skew": 130.0 + 6.0 * rng.standard_normal(LENGTH),
        "fund_return": 0.45 * change - 0.002 + 0.01 * rng.standard_normal(LENGTH),
    }
    bars = market(make_daily, make_bars, **extra)
    frame = pd.DataFrame({**extra, "close": bars.close})
    frame["lnvix"] = np.log(frame.vix)
    frame["d"] = frame.lnvix.diff()
    frame["r"] = np.log(frame.close).diff()
    return SimpleNamespace(bars=bars, f=frame, values=assemble.compute("domain_features", bars))


@pytest.fixture(scope="module")
def of_vix(make_daily, make_bars):
    """Compute the columns of a path of ln VIX; the other indices are absent."""

    def make(log_vix):
        path = np.concatenate([np.full(LENGTH - len(log_vix), np.nan), log_vix])
        bars = market(make_daily, make_bars, vix=np.exp(path))
        found = assemble.compute("domain_features", bars)
        return {name: values[LENGTH - len(log_vix) :] for name, values in found.items()}

    return make


def agree(got, expected, rtol=1e-8, atol=1e-10, fewest=400):
    got, expected = np.asarray(got), np.asarray(expected)
    known = ~np.isnan(got)
    assert known.sum() >= fewest
    np.testing.assert_allclose(got[known], expected[known], rtol=rtol, atol=atol)


def test_columns_are_those_of_the_catalog_in_its_order():
    catalog = Path(__file__).parents[4] / "shared" / "design" / "feature_catalog.csv"
    if not catalog.exists():
        pytest.skip("the design folder is not beside the checkout")
    with catalog.open(newline="") as file:
        names = [
            row["name"]
            for row in csv.DictReader(file)
            if (row["module"], row["scope"]) == ("domain_features", "daily")
        ]
    assert len(names) == 36
    assert list(MODULE.columns) == names


@pytest.mark.parametrize("name", MODULE.computed)
def test_a_value_appears_with_min_obs_sessions(case, name):
    feature = next(f for f in MODULE.features if f.name == name)
    first = int(np.flatnonzero(~np.isnan(case.values[name]))[0])
    if name.startswith(("dom_ts_days", "dom_since", "dom_spike_halflife")):  # wait for an event
        assert feature.min_obs - 1 <= first
    else:
        assert first == feature.min_obs - 1


def test_level_change_and_deviation_of_the_index(case):
    f = case.f
    agree(case.values["dom_vix_log"], f.lnvix)
    for k in (1, 5, 20):
        agree(case.values[f"dom_vix_chg_{k}"], f.lnvix.diff(k))
    for w in (20, 60, 252):
        rolling = f.lnvix.rolling(w)
        agree(case.values[f"dom_vix_z_{w}"], (f.lnvix - rolling.mean()) / rolling.std())
    log_skew = np.log(f["skew"])
    rolling = log_skew.rolling(252)
    agree(case.values["dom_skew_z_252"], (log_skew - rolling.mean()) / rolling.std())


def test_term_structure_is_log_ratios_of_the_indices(case):
    f = case.f
    slope = np.log(f.vix / f.vix3m)
    agree(case.values["dom_ts_vix_vix3m"], slope)
    agree(case.values["dom_ts_vix9d_vix"], np.log(f.vix9d / f.vix))
    agree(case.values["dom_vvix_vix"], np.log(f.vvix / f.vix))
    agree(case.values["dom_ts_chg_5"], slope.diff(5))
    np.testing.assert_array_equal(case.values["dom_ts_backwardation"], f.vix > f.vix3m)


def test_sessions_in_contango_and_backwardation_count_from_the_crossing(make_daily, make_bars):
    near = np.full(LENGTH, 15.0)
    near[-6:] = [15.0, 21.0, 22.0, 19.0, 23.0, 23.0]
    bars = market(make_daily, make_bars, vix=near, vix3m=np.full(LENGTH, 20.0))
    found = assemble.compute("domain_features", bars)
    assert found["dom_ts_backwardation"][-6:].tolist() == [0, 1, 1, 0, 1, 1]
    assert found["dom_ts_days"][-6:].tolist() == [252, 0, 1, 0, 0, 1]


def test_roll_is_what_the_fund_returned_beyond_its_beta(case):
    f = case.f
    for t in range(100, LENGTH, 61):
        rows = slice(t - 59, t + 1)
        beta = sm.OLS(f.fund_return[rows].to_numpy(), sm.add_constant(f.d[rows].to_numpy())).fit()
        for w in (5, 20):
            fund = f.fund_return[t - w + 1 : t + 1].sum()
            expected = fund - beta.params[1] * (f.lnvix[t] - f.lnvix[t - w])
            assert case.values[f"dom_roll_{w}"][t] == pytest.approx(expected, rel=1e-7, abs=1e-10)


def test_a_fund_that_loses_a_tenth_of_a_percent_a_session_has_that_roll(case):
    fund = 0.45 * case.f.d.fillna(0.0).to_numpy() - 0.001
    bars = dataclasses.replace(case.bars, extra={**case.bars.extra, "fund_return": fund})
    found = assemble.compute("domain_features", bars)
    np.testing.assert_allclose(found["dom_roll_5"][100:], -0.005, atol=1e-9)
    np.testing.assert_allclose(found["dom_roll_20"][100:], -0.020, atol=1e-9)


def test_variance_premium_is_implied_less_realised(case):
    f = case.f
    premium = f.vix**2 - (100.0 * f.r.rolling(20).std()) ** 2 * 252.0
    agree(case.values["dom_vrp_20"], premium, rtol=1e-7, atol=1e-7)
    for w in (60, 252):
        rolling = premium.rolling(w)
        agree(case.values[f"dom_vrp_z_{w}"], (premium - rolling.mean()) / rolling.std(), rtol=1e-6)
    agree(case.values["dom_vrp_rank_252"], (premium.rolling(252).rank() - 1.0) / 251.0)


def quiet(count):
    """Changes of one size, one up, one down: their spread is known and none is a shock."""
    return 0.01 * (-1.0) ** np.arange(count)


def test_crush_and_spike_follow_the_table_of_moves(of_vix):
    changes = np.concatenate([quiet(80), [0.05], quiet(3), [-0.06], quiet(2), [0.015], quiet(4)])
    found = of_vix(np.cumsum(changes))
    spikes = np.flatnonzero(found["dom_spike"] == 1.0)
    crushes = np.flatnonzero(found["dom_crush"] == 1.0)
    # 0.015 is less than twice the prior spread, which the shocks themselves have raised
    assert spikes.tolist() == [80]
    assert crushes.tolist() == [84]
    assert np.isnan(found["dom_since_spike"][:80]).all()
    assert found["dom_since_spike"][80:].tolist() == list(range(len(changes) - 80))
    assert found["dom_since_crush"][84:].tolist() == list(range(len(changes) - 84))


def test_without_a_shock_in_a_year_the_counters_stand_at_their_cap(of_vix):
    found = of_vix(np.cumsum(quiet(400)))
    assert found["dom_since_spike"][-1] == found["dom_since_crush"][-1] == 252.0
    assert np.isnan(found["dom_spike_halflife"][-1])


def test_crush_size_is_the_fall_from_the_top_in_sigmas_before_it(case, of_vix):
    f = case.f
    top = f.vix.rolling(6).max()
    expected = np.log(top / f.vix) / f.d.rolling(60).std().shift(5)
    agree(case.values["dom_crush_mag_5"], expected)
    found = of_vix(np.cumsum(np.concatenate([quiet(80), [0.05, -0.02, -0.03]])))
    sigma = np.std(quiet(60), ddof=1)  # the 60 changes before those of the last 5 sessions
    assert found["dom_crush_mag_5"][-1] == pytest.approx(0.05 / sigma)
    assert found["dom_crush_mag_5"][80] == 0.0


@pytest.mark.parametrize("half_life", [2.0, 5.0, 12.0])
def test_a_spike_that_decays_exponentially_has_its_half_life(of_vix, half_life):
    # A still index rises by 0.5 and loses the excess by halves.
    calm = 3.0 + 1e-4 * (-1.0) ** np.arange(300)
    level = calm[279:299].mean()
    decay = level + 0.5 * 0.5 ** (np.arange(60) / half_life)
    found = of_vix(np.concatenate([calm[:299], decay]))
    assert found["dom_spike"][299] == 1.0
    assert found["dom_spike_halflife"][-1] == pytest.approx(half_life, rel=1e-6)


def test_a_spike_that_stays_has_no_half_life_within_the_cap(of_vix):
    calm = 3.0 + 1e-4 * (-1.0) ** np.arange(300)
    stays = calm.mean() + 0.5 + 0.01 * np.arange(40)
    assert of_vix(np.concatenate([calm, stays]))["dom_spike_halflife"][-1] == 252.0


def test_a_spike_that_is_gone_the_next_session_has_half_life_zero(of_vix):
    calm = 3.0 + 1e-4 * (-1.0) ** np.arange(300)
    gone = np.concatenate([[calm.mean() + 0.5], np.full(40, calm.mean() - 0.01)])
    found = of_vix(np.concatenate([calm, gone]))
    assert found["dom_spike_halflife"][-1] == 0.0


def test_co_movement_with_the_benchmark(case):
    f = case.f
    for w in (20, 60):
        agree(case.values[f"dom_vixspx_corr_{w}"], f.d.rolling(w).corr(f.r), rtol=1e-6, atol=1e-8)
    for t in range(300, LENGTH, 67):
        d, r = (f[name][t - 59 : t + 1].to_numpy() for name in ("d", "r"))
        slopes = [
            sm.OLS(d[side], sm.add_constant(r[side])).fit().params[1]
            for side in (r < r.mean(), r >= r.mean())
        ]
        assert case.values["dom_vixspx_dnbeta_60"][t] == pytest.approx(slopes[0], rel=1e-7)
        asymmetry = slopes[0] - slopes[1]
        assert case.values["dom_vixspx_asym_60"][t] == pytest.approx(asymmetry, rel=1e-6)


@pytest.mark.parametrize("w", [20, 60])
def test_the_cone_is_the_rank_of_yang_zhang_volatility(case, w):
    b = case.bars
    on = pd.Series(np.log(b.open)) - pd.Series(np.log(b.close)).shift()
    day = pd.Series(np.log(b.close / b.open))
    inside = pd.Series(
        np.log(b.high / b.close) * np.log(b.high / b.open)
        + np.log(b.low / b.close) * np.log(b.low / b.open)
    )
    k = 0.34 / (1.34 + (w + 1) / (w - 1))
    variance = on.rolling(w).var() + k * day.rolling(w).var() + (1 - k) * inside.rolling(w).mean()
    agree(case.values[f"dom_cone_{w}"], (variance.rolling(252).rank() - 1.0) / 251.0)


OWN_COLUMNS = {
    "vix9d": {"dom_ts_vix9d_vix"},
    "vix3m": {"dom_ts_vix_vix3m", "dom_ts_backwardation", "dom_ts_days", "dom_ts_chg_5"},
    "vvix": {"dom_vvix_vix"},
    "skew": {"dom_skew_z_252"},
    "fund_return": {"dom_roll_5", "dom_roll_20"},
}


@pytest.mark.parametrize("absent", OWN_COLUMNS)
def test_an_absent_index_blanks_its_own_columns_and_no_other(case, absent):
    extra = {**case.bars.extra, absent: np.full(LENGTH, np.nan)}
    found = assemble.compute("domain_features", dataclasses.replace(case.bars, extra=extra))
    for name in MODULE.computed:
        if name in OWN_COLUMNS[absent]:
            assert np.isnan(found[name]).all(), name
        else:
            np.testing.assert_array_equal(found[name], case.values[name], name)


def test_a_symbol_without_indices_has_its_cone_alone(case):
    extra = {name: np.full(LENGTH, np.nan) for name in case.bars.extra}
    found = assemble.compute("domain_features", dataclasses.replace(case.bars, extra=extra))
    known = {name for name, values in found.items() if not np.isnan(values).all()}
    assert known == {"dom_cone_20", "dom_cone_60"}
