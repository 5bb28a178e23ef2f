"""The morphology module on bars: definitions, comparisons of sessions, the function in SQL."""

from __future__ import annotations

import csv
import dataclasses
from types import SimpleNamespace

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.stats
import talib
from diptest import dipstat

from engine.features import assemble, registry
from engine.features.morphology import profile
from engine.features.panel import Bars
from engine.features.udf import Lists, register
from engine.settings import project_root

MODULE = registry.module("morphology")
FEATURES = {feature.name: feature for feature in MODULE.features}
LENGTH = 900


def make_bars(seed: int = 40) -> Bars:
    rng = np.random.default_rng(seed)
    sigma = 0.01 * np.exp(0.4 * np.sin(np.arange(LENGTH) / 50))
    close = 100.0 * np.exp(np.cumsum(sigma * rng.standard_t(4, LENGTH)))
    open_ = close * np.exp(rng.normal(0.0, 0.004, LENGTH))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0.0, 0.004, LENGTH)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0.0, 0.004, LENGTH)))
    one = np.ones(LENGTH)
    members = rng.dirichlet(np.full(5, 0.4), LENGTH)
    low_value = 1.0 - rng.uniform(0.0, 0.012, LENGTH)
    extra = {name: rng.uniform(0.1, 0.9, LENGTH) for name in profile.FIELDS}
    extra |= {f"morph_shape_{x}_1": members[:, k] for k, x in enumerate(profile.LETTERS)}
    extra |= {
        "profile_value_low": low_value,
        "profile_value_high": low_value + rng.uniform(0.002, 0.02, LENGTH),
        "profile_poc": low_value + 0.001,
        "profile_extension_up": rng.uniform(0.0, 0.01, LENGTH),
        "profile_extension_down": rng.uniform(0.0, 0.01, LENGTH),
    }
    return Bars(
        symbol="AAA",
        time=np.datetime64("2020-01-01") + np.arange(LENGTH),
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=one * 1e6,
        raw_close=close,
        raw_volume=one * 1e6,
        vwap=close,
        dollar_volume=close * 1e6,
        transactions=one,
        factor=one,
        extra=extra,
    )


@pytest.fixture(scope="module")
def case() -> SimpleNamespace:
    bars = make_bars()
    frame = pd.DataFrame({name: getattr(bars, name) for name in ("high", "low", "close")})
    return SimpleNamespace(
        bars=bars,
        values=assemble.compute("morphology", bars),
        r=np.log(frame.close).diff(),
        frame=frame,
        extra=pd.DataFrame(dict(bars.extra)),
        atr=pd.Series(talib.ATR(bars.high, bars.low, bars.close, 14)),
    )


def test_columns_are_those_of_the_catalog_in_its_order():
    design = project_root().parent / "shared" / "design" / "feature_catalog.csv"
    if not design.is_file():
        pytest.skip("the design folder is not beside the checkout")
    with design.open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["scope"] == "daily" and r["tier"] == "core"]
    names = [r["name"] for r in rows if r["module"] == "morphology"]
    assert len(names) == 69
    assert list(MODULE.columns) == names


def _skew(y):
    return scipy.stats.skew(y)


def _moors(y):
    e = np.quantile(y, np.arange(9) / 8)
    return (e[7] - e[5] + e[3] - e[1]) / (e[6] - e[2])


def _omega(z):
    gain, loss = (z - 1).clip(0).sum(), (-z - 1).clip(0).sum()
    return (gain - loss) / (gain + loss)


ORACLES = {
    "morph_skew_20": _skew,
    "morph_skew_252": _skew,
    "morph_kurt_60": scipy.stats.kurtosis,
    "morph_kurt_252": scipy.stats.kurtosis,
    "morph_moors_60": _moors,
    "morph_moors_252": _moors,
    "morph_dip_60": dipstat,
    "morph_dip_120": dipstat,
    "morph_dip_252": dipstat,
    "morph_jb_60": lambda y: np.log1p(scipy.stats.jarque_bera(y).statistic),
    "morph_jb_120": lambda y: np.log1p(scipy.stats.jarque_bera(y).statistic),
    "morph_var95_60": lambda y: -np.quantile(y, 0.05) / y.std(ddof=1),
    "morph_omega_60": lambda y: _omega(y / y.std(ddof=1)),
    "morph_ksnorm_120": lambda y: (
        scipy.stats.kstest((y - y.mean()) / y.std(ddof=1), "norm").statistic
    ),
}


@pytest.mark.parametrize("name", ORACLES)
def test_column_equals_its_oracle_on_the_returns_of_its_window(case, name):
    (window,) = FEATURES[name].sizes
    r = case.r.to_numpy()
    for t in range(window, LENGTH, 41):
        expected = ORACLES[name](r[t - window + 1 : t + 1])
        assert case.values[name][t] == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_wasserstein_distance_is_in_standard_deviations_of_the_120_before(case):
    r = case.r.to_numpy()
    for t in range(140, LENGTH, 41):
        prior, recent = r[t - 139 : t - 19], r[t - 19 : t + 1]
        expected = scipy.stats.wasserstein_distance(recent, prior) / prior.std(ddof=1)
        assert case.values["morph_wass_20_120"][t] == pytest.approx(expected, rel=1e-9)
        expected = scipy.stats.ks_2samp(recent, prior).statistic
        assert case.values["morph_ks2_20_120"][t] == pytest.approx(expected, abs=1e-12)


def test_distances_from_the_profile_are_in_average_true_ranges(case):
    close = case.frame.close
    poc = close * case.extra.profile_poc
    expected = {
        "morph_vah_dist_1": close - close * case.extra.profile_value_high,
        "morph_val_dist_1": close - close * case.extra.profile_value_low,
        "morph_ib_ext_up_1": close * case.extra.profile_extension_up,
        "morph_ib_ext_dn_1": close * case.extra.profile_extension_down,
        "morph_poc_migration_1": poc.diff(),
    }
    settled = slice(400, None)  # TA-Lib's average remembers its first bars
    for name, distance in expected.items():
        np.testing.assert_allclose(
            case.values[name][settled], (distance / case.atr)[settled], rtol=1e-6, atol=1e-9
        )


def test_overlap_of_value_areas_is_shared_over_covered_length(case):
    # 99 to 101 and, a session later, 100 to 103: 1 of 4. Then 104 to 105: apart, 0.
    bars = make_bars()
    prices = np.array([100.0, 102.0, 104.0])
    lows, highs = np.array([99.0, 100.0, 104.0]), np.array([101.0, 103.0, 105.0])
    close, extra = bars.close.copy(), dict(bars.extra)
    close[:3] = prices
    for name, edge in (("profile_value_low", lows), ("profile_value_high", highs)):
        extra[name] = extra[name].copy()
        extra[name][:3] = edge / prices
    got = assemble.compute("morphology", dataclasses.replace(bars, close=close, extra=extra))
    overlap = got["morph_va_overlap_1"]
    np.testing.assert_allclose(overlap[:3], [np.nan, 0.25, 0.0], atol=1e-12)
    expected = pd.Series(overlap).rolling(5).mean()
    np.testing.assert_allclose(got["morph_va_overlap_mean_5"], expected, rtol=1e-9)


def test_a_dividend_between_two_sessions_moves_no_value_area(case):
    # The session's prices count relative to its last one: a factor on all prices leaves them.
    bars = case.bars
    scaled = {name: getattr(bars, name) * 2.0 for name in ("open", "high", "low", "close")}
    got = assemble.compute("morphology", dataclasses.replace(bars, **scaled))
    for name in ("morph_va_overlap_1", "morph_poc_migration_1", "morph_vah_dist_1"):
        np.testing.assert_allclose(got[name], case.values[name], rtol=1e-12)


def test_frequencies_are_mean_memberships_and_their_entropy_is_scipy_s(case):
    names = [f"morph_shape_{x}_1" for x in profile.LETTERS]
    for name in names:
        expected = case.extra[name].rolling(20).mean()
        got = case.values[name.replace("_1", "_freq_20")]
        np.testing.assert_allclose(got, expected, rtol=1e-9)
    shares = case.extra[names].rolling(60).mean().to_numpy()[59:]
    expected = scipy.stats.entropy(shares, axis=1) / np.log(5)
    np.testing.assert_allclose(case.values["morph_shape_entropy_60"][59:], expected, rtol=1e-9)
    expected = case.extra["morph_profile_dip_1"].rolling(5).mean()
    np.testing.assert_allclose(case.values["morph_profile_dip_mean_5"], expected, rtol=1e-9)


def test_one_shape_for_sixty_sessions_has_no_entropy():
    bars = make_bars()
    extra = dict(bars.extra) | {
        f"morph_shape_{x}_1": np.full(LENGTH, float(x == "d")) for x in profile.LETTERS
    }
    got = assemble.compute("morphology", dataclasses.replace(bars, extra=extra))
    assert (got["morph_shape_entropy_60"][59:] == 0.0).all()
    assert (got["morph_shape_d_freq_20"][19:] == 1.0).all()
    # Never another shape: known from the cap on.
    assert np.isnan(got["morph_shape_run"][:251]).all()
    assert (got["morph_shape_run"][251:] == np.log1p(252.0)).all()


def test_run_of_a_shape_counts_sessions_with_the_same_leader(case):
    leaders = np.argmax(case.extra[[f"morph_shape_{x}_1" for x in profile.LETTERS]], axis=1)
    count = np.ones(LENGTH)
    for t in range(1, LENGTH):
        count[t] = count[t - 1] + 1 if leaders[t] == leaders[t - 1] else 1
    first = int(np.flatnonzero(np.diff(leaders))[0]) + 1
    np.testing.assert_allclose(case.values["morph_shape_run"][first:], np.log1p(count[first:]))
    assert np.isnan(case.values["morph_shape_run"][:first]).all()


def test_without_session_profiles_the_columns_of_returns_are_all_there(case):
    got = assemble.compute("morphology", dataclasses.replace(case.bars, extra={}))
    for name in ("morph_va_overlap_1", "morph_shape_run", "morph_vah_dist_1"):
        assert np.isnan(got[name]).all()
    np.testing.assert_array_equal(got["morph_skew_60"], case.values["morph_skew_60"])


@pytest.mark.parametrize("name", [n for n in MODULE.computed if "overlap" not in n])
def test_value_appears_at_min_obs_and_stays(case, name):
    feature = FEATURES[name]
    there = ~np.isnan(case.values[name])
    if name != "morph_shape_run":
        assert np.flatnonzero(there)[0] == feature.min_obs - 1
    assert there[feature.lookback - 1 :].all()


def test_session_function_in_sql_equals_the_kernel():
    rng = np.random.default_rng(41)
    days = []
    for n in (390, 210, 60):
        close = np.round(50 * np.exp(np.cumsum(rng.normal(0, 5e-4, n))), 2)
        high = close + np.round(rng.uniform(0, 0.05, n), 2)
        low = close - np.round(rng.uniform(0, 0.05, n), 2)
        days.append(pd.DataFrame({"high": high, "low": low, "close": close, "volume": 100.0}))
    lengths = [390, 210, 390]
    minutes = pd.concat(
        [d.assign(day=k, minute=np.arange(len(d)), length=lengths[k]) for k, d in enumerate(days)]
    )
    con = duckdb.connect()
    register(con)
    con.register("minutes", pa.Table.from_pandas(minutes[::-1], preserve_index=False))
    rows = con.execute(
        """
        select day, unnest(morphology_session(
            list(minute::integer), list(high), list(low), list(close), list(volume),
            any_value(length::integer)
        ))
        from minutes group by day order by day
        """
    ).fetchall()
    assert [column[0] for column in con.description] == ["day", *profile.FIELDS]
    offsets = np.cumsum([0, 390, 210, 60])
    lists = {
        name: Lists(minutes[name].to_numpy(), offsets)
        for name in ("minute", "high", "low", "close", "volume")
    }
    expected = np.array(profile.morphology_session(*lists.values(), np.array(lengths))).T
    for k in (0, 1):
        assert rows[k][1:] == tuple(expected[k])
    assert set(rows[2][1:]) == {None}  # 60 of 390 minutes: unknown, and NULL
