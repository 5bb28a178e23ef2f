"""The entropy module on bars: definitions, and what holds for each of its columns."""

from __future__ import annotations

import csv
import dataclasses
import os
from pathlib import Path
from types import SimpleNamespace

import antropy
import duckdb
import numpy as np
import pytest
import scipy.stats
from scipy.spatial.distance import jensenshannon

from engine.features import assemble, registry
from engine.features.panel import Bars
from engine.features.udf import register
from engine.kernels.session_entropy import session_entropy

MODULE = registry.module("entropy")
FEATURES = {feature.name: feature for feature in MODULE.features}
KERNEL = MODULE.computed
SESSION = ("ent_minwords_1", "ent_minperm3_1")
LENGTH = 800


def make_bars(close, volume, extra) -> Bars:
    missing = np.isnan(close)
    volume = np.where(missing, np.nan, volume)
    one = np.where(missing, np.nan, 1.0)
    return Bars(
        symbol="AAA",
        time=np.datetime64("2020-01-01") + np.arange(len(close)),
        open=close,
        high=close * 1.01,
        low=close * 0.99,
        close=close,
        volume=volume,
        raw_close=close,
        raw_volume=volume,
        vwap=close,
        dollar_volume=close * volume,
        transactions=one,
        factor=one,
        extra={name: np.where(missing, np.nan, values) for name, values in extra.items()},
    )


def cut(bars: Bars, rows: slice) -> Bars:
    arrays = {
        field.name: getattr(bars, field.name)[rows]
        for field in dataclasses.fields(bars)
        if isinstance(getattr(bars, field.name), np.ndarray)
    }
    extra = {name: values[rows] for name, values in bars.extra.items()}
    return dataclasses.replace(bars, **arrays, extra=extra)


@pytest.fixture(scope="module")
def case() -> SimpleNamespace:
    generator = np.random.default_rng(30)
    sigma = 0.01 * np.exp(0.3 * np.sin(np.arange(LENGTH) / 40))
    close = 100.0 * np.exp(np.cumsum(sigma * generator.standard_t(4, LENGTH)))
    volume = np.round(np.exp(generator.normal(14.0, 0.4, LENGTH)))
    extra = {name: generator.uniform(0.8, 1.0, LENGTH) for name in SESSION}
    bars = make_bars(close, volume, extra)
    return SimpleNamespace(
        bars=bars,
        values=assemble.compute("entropy", bars),
        r=np.concatenate([[np.nan], np.log(close[1:] / close[:-1])]),
        v=np.concatenate([[np.nan], np.diff(np.log1p(volume))]),
    )


def windows(x, window, step=37):
    """Yield (row, window) for rows spread over the series, those with NaN left out."""
    for t in range(window - 1, len(x), step):
        y = x[t - window + 1 : t + 1]
        if not np.isnan(y).any():
            yield t, y


def test_columns_are_those_of_the_catalog_in_its_order():
    catalog = Path(__file__).parents[4] / "shared" / "design" / "feature_catalog.csv"
    if not catalog.exists():
        pytest.skip("the design folder is not beside the checkout")
    with catalog.open(newline="") as file:
        names = [
            (row["name"], row["tier"])
            for row in csv.DictReader(file)
            if (row["module"], row["scope"]) == ("entropy", "daily")
        ]
    assert sum(tier == "core" for _, tier in names) == 50
    assert [(feature.name, feature.family.tier) for feature in MODULE.features] == names


def _antropy_sample(x):
    return antropy.sample_entropy(x)


ORACLES = {
    **{f"ent_sampen_{w}": ("r", w, _antropy_sample) for w in (60, 120, 252)},
    **{f"ent_sampen_abs_{w}": ("a", w, _antropy_sample) for w in (120, 252)},
    **{f"ent_sampen_volume_{w}": ("v", w, _antropy_sample) for w in (60, 120)},
    **{f"ent_apen_{w}": ("r", w, antropy.app_entropy) for w in (60, 120)},
    **{
        f"ent_perm{order}_{w}": (
            "r",
            w,
            lambda x, order=order: antropy.perm_entropy(x, order=order, normalize=True),
        )
        for order, w in ((3, 20), (3, 60), (3, 120), (3, 252), (4, 120), (4, 252), (5, 252))
    },
    **{
        f"ent_perm3_volume_{w}": ("v", w, lambda x: antropy.perm_entropy(x, normalize=True))
        for w in (60, 120)
    },
    **{
        f"ent_lz_{w}": (
            "r",
            w,
            lambda x: antropy.lziv_complexity((x > 0).astype(int), normalize=True),
        )
        for w in (60, 120, 252)
    },
    **{
        f"ent_spectral_{w}": (
            "r",
            w,
            lambda x: antropy.spectral_entropy(x, 1.0, normalize=True),
        )
        for w in (64, 128)
    },
    **{
        f"ent_svd_{w}": ("r", w, lambda x: antropy.svd_entropy(x, 3, normalize=True))
        for w in (60, 120)
    },
}


@pytest.mark.parametrize("name", ORACLES)
def test_column_equals_antropy_on_its_series_and_window(case, name):
    series, window, oracle = ORACLES[name]
    x = {"r": case.r, "a": np.abs(case.r), "v": case.v}[series]
    compared = 0
    for t, y in windows(x, window):
        expected = oracle(y)
        if np.isfinite(expected):
            assert case.values[name][t] == pytest.approx(expected, rel=1e-12, abs=1e-13)
            compared += 1
    assert compared > 10


@pytest.mark.parametrize("scale", [2, 3, 5])
def test_multiscale_columns_equal_antropy_on_block_means(case, scale):
    for t, x in windows(case.r, 252):
        blocks = x[252 % scale :].reshape(-1, scale).mean(axis=1)
        expected = antropy.sample_entropy(blocks, tolerance=float(0.2 * np.std(x)))
        assert case.values[f"ent_mse{scale}_252"][t] == pytest.approx(expected, rel=1e-13)


def test_complexity_index_adds_up_scales_one_to_five(case):
    for t, x in windows(case.r, 252):
        r = float(0.2 * np.std(x))
        expected = sum(
            antropy.sample_entropy(x[252 % s :].reshape(-1, s).mean(axis=1), tolerance=r)
            for s in (1, 2, 3, 4, 5)
        )
        assert case.values["ent_mse_ci_252"][t] == pytest.approx(expected, rel=1e-13)


def _bins(values, edges):
    return np.bincount(np.searchsorted(edges, values, side="left"), minlength=10)


@pytest.mark.parametrize(
    ("name", "window"),
    [
        ("ent_shannon_20", 20),
        ("ent_shannon_60", 60),
        ("ent_shannon_120", 120),
        ("ent_shannon_volume_60", 60),
        ("ent_shannon_volume_120", 120),
    ],
)
def test_shannon_columns_equal_scipy_in_deciles_of_the_252_bars_before(case, name, window):
    x = case.v if "volume" in name else case.r
    for t, y in windows(x, window + 252):
        edges = np.quantile(y[:252], np.arange(1, 10) / 10)
        shares = _bins(y[252:], edges) / window
        expected = scipy.stats.entropy(shares, base=2)
        assert case.values[name][t] == pytest.approx(expected, rel=1e-12)
        if name == "ent_shannon_120":
            collision = (shares**2).sum()
            assert case.values["ent_tsallis2_120"][t] == pytest.approx(1 - collision, rel=1e-12)
            assert case.values["ent_renyi2_120"][t] == pytest.approx(-np.log2(collision), rel=1e-12)


def test_divergence_column_compares_the_last_20_with_the_120_before(case):
    for t, x in windows(case.r, 140):
        edges = np.quantile(x[:120], np.arange(1, 10) / 10)
        distance = jensenshannon(_bins(x[120:], edges), _bins(x[:120], edges), base=2)
        assert case.values["ent_jsd_20_120"][t] == pytest.approx(distance**2, rel=1e-10)


def test_missing_patterns_are_those_of_the_close(case):
    for t, x in windows(case.bars.close, 252):
        seen = {tuple(np.argsort(piece)) for piece in x.reshape(-1, 4)}
        assert case.values["ent_forbidden4_252"][t] == pytest.approx((24 - len(seen)) / 24)


def test_session_means_are_means_of_twenty_sessions(case):
    for name in SESSION:
        mean = case.values[name.replace("_1", "_mean_20")]
        for t, x in windows(case.bars.extra[name], 20):
            assert mean[t] == pytest.approx(x.mean(), rel=1e-14)


@pytest.mark.parametrize("name", KERNEL)
def test_value_appears_at_min_obs_and_stays(case, name):
    feature = FEATURES[name]
    values = case.values[name]
    assert np.isnan(values[: feature.min_obs - 1]).all()
    assert np.isfinite(values[feature.min_obs - 1 :]).all()


def test_cutting_the_end_changes_no_bit(case):
    for stop in (LENGTH - 1, 613, 300):
        shorter = assemble.compute("entropy", cut(case.bars, slice(0, stop)))
        for name in KERNEL:
            np.testing.assert_array_equal(shorter[name], case.values[name][:stop], err_msg=name)


def test_cutting_the_start_changes_no_bit_after_the_lookback(case):
    for start in (1, 97, 250):
        later = assemble.compute("entropy", cut(case.bars, slice(start, None)))
        for name in KERNEL:
            settled = FEATURES[name].lookback - 1
            np.testing.assert_array_equal(
                later[name][settled:], case.values[name][start + settled :], err_msg=name
            )


def test_replacing_the_future_changes_no_bit_of_the_past(case):
    close = case.bars.close.copy()
    volume = case.bars.volume.copy()
    close[500:] = close[499] * np.exp(np.cumsum(np.full(LENGTH - 500, 0.05)))
    volume[500:] = 1.0
    extra = {name: np.where(np.arange(LENGTH) < 500, x, 0.0) for name, x in case.bars.extra.items()}
    other = assemble.compute("entropy", make_bars(close, volume, extra))
    for name in KERNEL:
        np.testing.assert_array_equal(other[name][:500], case.values[name][:500], err_msg=name)
        assert not np.array_equal(other[name][500:], case.values[name][500:], equal_nan=True)


def test_a_missing_bar_blanks_its_windows_and_nothing_else(case):
    hole = 380
    close = case.bars.close.copy()
    close[hole] = np.nan
    holed = assemble.compute(
        "entropy", make_bars(close, case.bars.raw_volume, dict(case.bars.extra))
    )
    for name in KERNEL:
        lookback = FEATURES[name].lookback
        # Neither a return into the hole nor one out of it is known.
        assert np.isnan(holed[name][hole : hole + lookback]).all(), name
        np.testing.assert_array_equal(
            holed[name][hole + lookback :], case.values[name][hole + lookback :], err_msg=name
        )
        np.testing.assert_array_equal(holed[name][:hole], case.values[name][:hole], err_msg=name)


COUNTED = (
    "ent_perm3_60",
    "ent_perm4_120",
    "ent_words3_120",
    "ent_condsign_120",
)
MEASURED = (
    "ent_sampen_60",
    "ent_sampen_abs_120",
    "ent_apen_120",
    "ent_fuzzyen_120",
    "ent_wperm3_120",
    "ent_spectral_128",
    "ent_svd_120",
)


def test_flat_bars_give_zero_where_symbols_are_counted_and_unknown_where_spread_is_the_unit(case):
    close = case.bars.close.copy()
    close[300:500] = close[299]
    values = assemble.compute("entropy", make_bars(close, case.bars.volume, dict(case.bars.extra)))
    for name in COUNTED:
        assert (values[name][440:500] == 0.0).all(), name
    for name in MEASURED:
        assert np.isnan(values[name][440:500]).all(), name
    assert values["ent_lz_60"][450] == pytest.approx(2 * np.log2(60) / 60)
    assert values["ent_shannon_120"][450] == 0.0  # all in the bin of the median
    assert values["ent_renyi2_120"][450] == 0.0
    assert values["ent_tsallis2_120"][450] == 0.0
    assert np.isnan(values["ent_jsd_20_120"][440:500]).all()
    for name in KERNEL:
        assert not np.isinf(values[name]).any(), name
        np.testing.assert_array_equal(values[name][:300], case.values[name][:300], err_msg=name)


def test_bars_that_never_move_blow_nothing_up():
    extra = {name: np.full(LENGTH, 0.9) for name in SESSION}
    values = assemble.compute(
        "entropy", make_bars(np.full(LENGTH, 25.0), np.full(LENGTH, 1e6), extra)
    )
    for name in KERNEL:
        finite = values[name][np.isfinite(values[name])]
        assert not np.isinf(values[name]).any(), name
        assert (np.abs(finite) <= 1.0).all(), name


def test_bars_without_volume_are_values_and_blow_nothing_up(case):
    volume = case.bars.volume.copy()
    volume[::50] = 0.0
    values = assemble.compute("entropy", make_bars(case.bars.close, volume, dict(case.bars.extra)))
    for name in KERNEL:
        feature = FEATURES[name]
        assert np.isfinite(values[name][feature.min_obs - 1 :]).all(), name
        if "volume" not in name:
            np.testing.assert_array_equal(values[name], case.values[name], err_msg=name)
        else:
            assert (np.abs(values[name][feature.min_obs - 1 :]) < 10.0).all(), name


@pytest.mark.parametrize("factor", [2.0**10, 2.0**-10])
def test_the_unit_of_price_changes_no_bit(case, factor):
    values = assemble.compute(
        "entropy", make_bars(case.bars.close * factor, case.bars.volume, dict(case.bars.extra))
    )
    for name in KERNEL:
        np.testing.assert_array_equal(values[name], case.values[name], err_msg=name)


def test_bounded_columns_stay_in_their_bounds(case):
    for name in KERNEL:
        if FEATURES[name].family.units == "[0,1]":
            values = case.values[name][np.isfinite(case.values[name])]
            assert values.min() >= 0.0, name
            assert values.max() <= 1.0, name


def test_no_two_columns_rank_alike_beyond_those_declared(case):
    names = [name for name in KERNEL if "mean_20" not in name]
    rows = np.array([case.values[name] for name in names])
    rows = rows[:, np.isfinite(rows).all(axis=0)]
    assert rows.shape[1] > 300
    ranks = scipy.stats.spearmanr(rows, axis=1).statistic
    alike = {
        (names[i], names[j])
        for i in range(len(names))
        for j in range(i)
        if abs(ranks[i, j]) > 0.999
    }
    declared = {(name, other) for name in names for other in FEATURES[name].family.near_duplicates}
    assert alike == {pair for pair in declared if names.index(pair[0]) > names.index(pair[1])}


def test_session_function_in_sql_equals_the_kernel():
    generator = np.random.default_rng(31)
    closes = [
        np.round(50 * np.exp(np.cumsum(generator.normal(0, 5e-4, n))), 2) for n in (390, 210, 60)
    ]
    minutes = np.array([390, 210, 390])
    con = duckdb.connect()
    register(con)
    con.execute("create table minutes (day integer, minute integer, close double, length integer)")
    for day, close in enumerate(closes):
        con.executemany(
            "insert into minutes values (?, ?, ?, ?)",
            [(day, i, float(c), int(minutes[day])) for i, c in enumerate(close)][::-1],
        )
    rows = con.execute(
        """
        select day, unnest(entropy_session(list(close order by minute), any_value(length)))
        from minutes group by day order by day
        """
    ).fetchall()
    offsets = np.cumsum([0, *(len(c) for c in closes)])
    words, patterns = session_entropy(offsets, np.concatenate(closes), minutes)
    assert [row[1:] for row in rows[:2]] == [(words[k], patterns[k]) for k in (0, 1)]
    assert rows[2] == (2, None, None)  # 60 of 390 minutes: unknown, and NULL


@pytest.mark.real
def test_real_bars_leave_no_value_unknown_and_no_column_still_for_a_year():
    folder = Path(os.environ.get("QUANT_REAL", Path(__file__).parents[4] / "shared" / "data"))
    file = folder / "eq_daily_16etf_av_1999_2021.parquet"
    if not file.exists():
        pytest.skip(f"the private real data is not at {folder}")
    rows = duckdb.sql(
        f"select adjusted_close, volume from '{file}' "
        "where ticker = 'TLT' and date >= date '2010-01-01' order by date"
    ).fetchnumpy()
    close = np.asarray(rows["adjusted_close"], dtype=np.float64)
    volume = np.asarray(rows["volume"], dtype=np.float64)
    generator = np.random.default_rng(32)
    extra = {name: generator.uniform(0.8, 1.0, len(close)) for name in SESSION}
    values = assemble.compute("entropy", make_bars(close, volume, extra))
    for name in KERNEL:
        settled = values[name][FEATURES[name].min_obs - 1 :]
        assert np.isfinite(settled).all(), name
        year = np.lib.stride_tricks.sliding_window_view(settled, 252)
        assert (year.max(axis=1) > year.min(axis=1)).all(), name
