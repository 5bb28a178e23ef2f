"""The dynamics module on bars: every column against its oracle, and what holds for all."""

from __future__ import annotations

import csv
import dataclasses
import importlib.util
import os
from pathlib import Path
from types import SimpleNamespace

import antropy
import arch.unitroot
import duckdb
import numpy as np
import pandas as pd
import pytest
import scipy.signal
import scipy.special
import scipy.stats
import talib
from statsmodels.stats.diagnostic import acorr_ljungbox
from statsmodels.tsa.stattools import acf, pacf

from engine.features import assemble, registry
from engine.features.panel import Bars
from engine.kernels import lyapunov, scaling
from engine.kernels.scaling import chunk_sizes

MODULE = registry.module("dynamics")
FEATURES = {feature.name: feature for feature in MODULE.features}
LENGTH = 900


def load_nolds():
    """Return nolds' measures: its package opens a data file in a way that Python 3.11 cannot."""
    folder = importlib.util.find_spec("nolds").submodule_search_locations[0]
    spec = importlib.util.spec_from_file_location("nolds_measures", f"{folder}/measures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


nolds = load_nolds()


def make_bars(close, volume, spread=0.006) -> Bars:
    missing = np.isnan(close)
    volume = np.where(missing, np.nan, volume)
    wide = spread * (1.0 + np.cos(np.arange(len(close))) / 2)
    one = np.where(missing, np.nan, 1.0)
    return Bars(
        symbol="AAA",
        time=np.datetime64("2020-01-01") + np.arange(len(close)),
        open=close,
        high=close * (1.0 + wide),
        low=close * (1.0 - wide),
        close=close,
        volume=volume,
        raw_close=close,
        raw_volume=volume,
        vwap=close,
        dollar_volume=close * volume,
        transactions=one,
        factor=one,
    )


@pytest.fixture(scope="module")
def case() -> SimpleNamespace:
    generator = np.random.default_rng(40)
    sigma = 0.01 * np.exp(0.4 * np.sin(np.arange(LENGTH) / 50))
    close = 100.0 * np.exp(np.cumsum(sigma * generator.standard_t(4, LENGTH)))
    volume = np.round(np.exp(generator.normal(14.0, 0.4, LENGTH)))
    bars = make_bars(close, volume)
    return SimpleNamespace(
        bars=bars,
        values=assemble.compute("dynamics", bars),
        c=np.log(close),
        r=np.concatenate([[np.nan], np.diff(np.log(close))]),
        v=volume,
    )


def windows(x, window, step=53):
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
        rows = [
            (row["name"], row["tier"])
            for row in csv.DictReader(file)
            if (row["module"], row["scope"]) == ("dynamics", "daily")
        ]
    assert [(f.name, f.family.tier) for f in MODULE.features] == rows
    assert sum(tier == "core" for _, tier in rows) == 66


# Each oracle: the series, the values it takes of it, and the function.


def _range_exponent(x):
    # nolds cuts its chunks from the start, and a range is the same backwards.
    sizes = chunk_sizes(len(x))
    plain = nolds.hurst_rs(x[::-1], nvals=sizes, fit="poly", corrected=False, unbiased=False)
    bias = np.polyfit(np.log(sizes), np.log([anis_lloyd(n) for n in sizes]), 1)[0]
    return plain - bias + 0.5


def anis_lloyd(n):
    k = np.arange(1, n)
    beta = scipy.special.beta((n - 1) / 2, 0.5) / np.pi  # gamma((n-1)/2) / sqrt(pi) / gamma(n/2)
    return beta * np.sqrt((n - k) / k).sum()


def _fluctuation_exponent(x):
    # The walk's chunks end with the window when it is cut from the end: reverse the walk's steps.
    sizes = chunk_sizes(len(x))
    roots = []
    for n in sizes:
        whole = x[len(x) % n :]
        walk = np.cumsum(whole - x.mean()).reshape(-1, n)
        time = np.arange(n)
        rest = [y - np.polyval(np.polyfit(time, y, 1), time) for y in walk]
        roots.append(np.sqrt(np.mean(np.square(rest))))
    return np.polyfit(np.log(sizes), np.log(roots), 1)[0]


def _moment_exponent(power):
    def exponent(x):
        spans = np.arange(1, 20)
        means = [np.mean(np.abs(x[k:] - x[:-k]) ** power) for k in spans]
        slopes = [
            np.polyfit(np.log(spans[:last]), np.log(means[:last]), 1)[0] for last in range(5, 20)
        ]
        return np.mean(slopes) / power

    return exponent


def _ratio(q, statistic):
    def value(x):
        test = arch.unitroot.VarianceRatio(x, lags=q, trend="c", overlap=True, robust=True)
        return getattr(test, statistic)

    return value


def _half_life(x):
    slope = np.polyfit(x[:-1], x[1:], 1)[0]
    life = -np.log(2) / np.log(slope) if 0 < slope < 1 else (np.inf if slope >= 1 else 0.0)
    return np.log(np.clip(life, 0.5, len(x)))


def _spectrum(x):
    frequency, power = scipy.signal.periodogram(x, window="hann", detrend="constant")
    return frequency[1:], power[1:]


def _period(x):
    frequency, power = _spectrum(x)
    return 1.0 / frequency[power.argmax()]


def _slow_share(x):
    frequency, power = _spectrum(x)
    return power[frequency < 1 / 16].sum() / power.sum()


def _area(pairs):
    r, volume = pairs.T
    x = np.concatenate([[0], np.cumsum(r)]) / np.sqrt((r**2).sum())
    y = np.concatenate([[0], np.cumsum(volume)]) / volume.sum()
    # The polygon that the chord closes: the shoelace formula.
    return 0.5 * (x * np.roll(y, -1) - y * np.roll(x, -1)).sum()


def _exponent_of_neighbours(x):
    return nolds.lyap_r(
        x, emb_dim=4, lag=1, min_tsep=10, trajectory_len=8, tau=1, min_neighbors=1, fit="poly"
    )


ORACLES = {
    **{f"dyn_hurst_rs_{w}": ("r", w, _range_exponent) for w in (60, 120, 252)},
    **{f"dyn_dfa_{w}": ("r", w, _fluctuation_exponent) for w in (60, 120, 252)},
    **{f"dyn_ghe_q{q}_{w}": ("c", w, _moment_exponent(q)) for q in (1, 2) for w in (120, 252)},
    **{f"dyn_vr_{q}_120": ("c", 121, _ratio(q, "vr")) for q in (2, 5, 10, 20)},
    **{f"dyn_vrz_{q}_120": ("c", 121, _ratio(q, "stat")) for q in (2, 5, 10)},
    **{
        f"dyn_acf{k}_{w}": ("r", w, lambda x, k=k: acf(x, nlags=k, fft=False)[k])
        for k in (1, 2, 5)
        for w in (60, 120)
    },
    **{
        f"dyn_absacf{k}_120": ("a", 120, lambda x, k=k: acf(x, nlags=k, fft=False)[k])
        for k in (1, 5, 10)
    },
    "dyn_pacf2_120": ("r", 120, lambda x: pacf(x, nlags=2, method="ldb")[2]),
    "dyn_lbq10_120": ("r", 120, lambda x: np.log1p(acorr_ljungbox(x, lags=[10]).lb_stat.iloc[0])),
    **{f"dyn_oulife_{w}": ("c", w, _half_life) for w in (60, 120, 252)},
    **{
        f"dyn_dft_{w}": ("c", w, lambda x: arch.unitroot.ADF(x, lags=0, trend="c").stat)
        for w in (60, 120, 252)
    },
    "dyn_kpss_120": ("c", 120, lambda x: arch.unitroot.KPSS(x, lags=12, trend="c").stat),
    "dyn_katz_60": ("c", 60, antropy.katz_fd),
    "dyn_petrosian_60": ("c", 60, antropy.petrosian_fd),
    **{
        f"dyn_higuchi_{w}": ("c", w, lambda x: antropy.higuchi_fd(x[::-1].copy(), kmax=10))
        for w in (60, 120)
    },
    **{f"dyn_period_{w}": ("r", w, _period) for w in (64, 128)},
    **{f"dyn_lowpower_{w}": ("r", w, _slow_share) for w in (64, 128)},
    **{
        f"dyn_leverage_{w}": ("r", w + 1, lambda x: np.corrcoef(x[:-1], np.abs(x[1:]))[0, 1])
        for w in (60, 120)
    },
    **{f"dyn_levyarea_{w}": ("rv", w, _area) for w in (20, 60)},
    **{
        f"dyn_dvolume_{w}": (
            "v",
            w,
            lambda x: scipy.stats.linregress(np.arange(len(x)), np.log1p(x)).slope,
        )
        for w in (5, 10, 20)
    },
    "dyn_lyap_252": ("r", 252, _exponent_of_neighbours),
}


@pytest.mark.parametrize("name", ORACLES)
def test_column_equals_its_oracle_on_its_window(case, name):
    series, window, oracle = ORACLES[name]
    x = {
        "r": case.r,
        "a": np.abs(case.r),
        "c": case.c,
        "v": case.v,
        "rv": np.column_stack([case.r, case.v]),
    }[series]
    compared = 0
    for t, y in windows(x, window):
        assert case.values[name][t] == pytest.approx(oracle(y), rel=1e-9, abs=1e-11), t
        compared += 1
    assert compared > 10


def test_fluctuations_equal_nolds_where_chunks_fill_the_window(case):
    sizes = np.array([8, 12, 24, 48])
    columns = np.stack([scaling.chunk_fluctuations(case.r, n) for n in sizes])
    ours = scaling.fluctuation_exponent(
        case.r, columns, sizes, scaling.slope_weights(np.log(sizes)), 96
    )
    for t, x in windows(case.r, 96):
        theirs = nolds.dfa(x, nvals=sizes, overlap=False, order=1, fit_exp="poly")
        assert ours[t] == pytest.approx(theirs, rel=1e-10)


def test_acceleration_and_jerk_are_differences_of_returns_in_sigmas(case):
    c = pd.Series(case.c)
    sigma = c.diff().rolling(60).std()
    for k in (5, 10, 20, 60):
        accel = (c.diff(k) - c.diff(k).shift(k)) / (sigma * np.sqrt(k))
        np.testing.assert_allclose(
            case.values[f"dyn_accel_{k}"][130:], accel[130:], rtol=1e-9, atol=1e-12
        )
    for k in (5, 10, 20):
        jerk = c.diff(k).diff(k).diff(k) / (sigma * np.sqrt(k))
        np.testing.assert_allclose(
            case.values[f"dyn_jerk_{k}"][130:], jerk[130:], rtol=1e-9, atol=1e-12
        )


def test_risk_slopes_are_lines_through_the_log_of_risk(case):
    risk = np.log(pd.Series(case.r).rolling(20).std().to_numpy())
    for w in (5, 10, 20):
        for t, y in windows(risk, w):
            slope = scipy.stats.linregress(np.arange(w), y).slope
            assert case.values[f"dyn_dsigma_{w}"][t] == pytest.approx(slope, rel=1e-7, abs=1e-10)
    for w in (5, 10):
        column = case.values[f"dyn_dsigma_{w}"]
        expected = column[w:] - column[:-w]
        np.testing.assert_array_equal(case.values[f"dyn_d2sigma_{w}"][w:], expected)


def test_efficiency_is_way_made_over_way_gone(case):
    close = pd.Series(case.bars.close)
    for w in (10, 20, 60):
        expected = close.diff(w).abs() / close.diff().abs().rolling(w).sum()
        np.testing.assert_allclose(
            case.values[f"dyn_er_{w}"][70:], expected[70:], rtol=1e-9, atol=1e-12
        )


def test_choppiness_is_summed_true_ranges_over_the_range_in_logs(case):
    b = case.bars
    true_range = pd.Series(talib.TRANGE(b.high, b.low, b.close))
    for w in (14, 60):
        reach = pd.Series(b.high).rolling(w).max() - pd.Series(b.low).rolling(w).min()
        expected = np.log10(true_range.rolling(w).sum() / reach) / np.log10(w)
        np.testing.assert_allclose(case.values[f"dyn_chop_{w}"][70:], expected[70:], rtol=1e-9)


@pytest.mark.parametrize(("percent", "count"), [(30, 387), (40, 282), (50, 200)])
def test_fractional_differences_are_binomial_filters_of_fixed_width(case, percent, count):
    d = percent / 100
    k = np.arange(1000)
    weights = (-1.0) ** k * scipy.special.binom(d, k)
    weights = weights[np.abs(weights) >= 1e-4]
    change = pd.Series(scipy.signal.lfilter(weights, [1.0], case.c))
    change[: len(weights) - 1] = np.nan
    expected = (change - change.rolling(252).mean()) / change.rolling(252).std()
    column = case.values[f"dyn_fracdiff_{percent}"]
    assert abs(len(weights) - count) <= 1
    assert np.isfinite(column).sum() == LENGTH - len(weights) - 250
    np.testing.assert_allclose(column, expected, rtol=1e-6, atol=1e-9)


def fractional_noise(h, count, seed):
    """Fractional Gaussian noise of known H, by circulant embedding: exact in distribution."""
    k = np.arange(count + 1)
    covariance = 0.5 * (
        np.abs(k + 1.0) ** (2 * h) - 2 * np.abs(k * 1.0) ** (2 * h) + np.abs(k - 1.0) ** (2 * h)
    )
    spectrum = np.fft.fft(np.concatenate([covariance, covariance[-2:0:-1]])).real
    generator = np.random.default_rng(seed)
    noise = generator.normal(size=len(spectrum)) + 1j * generator.normal(size=len(spectrum))
    return np.fft.fft(np.sqrt(np.maximum(spectrum, 0) / len(spectrum)) * noise).real[:count]


@pytest.fixture(scope="module")
def known_memory():
    return {
        h: assemble.compute(
            "dynamics",
            make_bars(100 * np.exp(0.01 * np.cumsum(fractional_noise(h, 4000, 41))), np.ones(4000)),
        )
        for h in (0.3, 0.5, 0.7)
    }


@pytest.mark.parametrize(
    ("name", "bias"),
    [
        ("dyn_hurst_rs_120", 0.1),  # chunks this small pull it towards 1/2
        ("dyn_hurst_rs_252", 0.1),
        ("dyn_dfa_120", 0.07),
        ("dyn_dfa_252", 0.07),
        ("dyn_ghe_q1_252", 0.05),
        ("dyn_ghe_q2_252", 0.05),
    ],
)
def test_planted_memory_is_found(known_memory, name, bias):
    for h, columns in known_memory.items():
        assert np.nanmedian(columns[name]) == pytest.approx(h, abs=bias), h


def test_planted_memory_is_told_apart_in_most_windows(known_memory):
    for name in ("dyn_hurst_rs_252", "dyn_dfa_252", "dyn_ghe_q1_252"):
        low, middle, high = (known_memory[h][name] for h in (0.3, 0.5, 0.7))
        assert np.nanquantile(low, 0.75) < np.nanmedian(middle) < np.nanquantile(high, 0.25), name


def test_planted_memory_moves_variance_ratios_and_dimensions(known_memory):
    for name, sign in (("dyn_vr_10_120", 1), ("dyn_acf1_120", 1), ("dyn_higuchi_120", -1)):
        medians = [sign * np.nanmedian(known_memory[h][name]) for h in (0.3, 0.5, 0.7)]
        assert medians == sorted(medians), name
    for h in (0.3, 0.5, 0.7):
        assert np.nanmedian(known_memory[h]["dyn_higuchi_120"]) == pytest.approx(2 - h, abs=0.08)


def test_half_life_of_an_ornstein_uhlenbeck_path_is_found():
    generator = np.random.default_rng(42)
    life = 8.0
    phi = 0.5 ** (1 / life)
    x = np.zeros(6000)
    for t in range(1, len(x)):
        x[t] = phi * x[t - 1] + 0.01 * generator.normal()
    columns = assemble.compute("dynamics", make_bars(100 * np.exp(x), np.ones(len(x))))
    # Least squares in 252 bars of phi = 0.917: biased by -(1 + 3 phi) / n.
    biased = phi - (1 + 3 * phi) / 252
    expected = np.log(-np.log(2) / np.log(biased))
    assert np.nanmedian(columns["dyn_oulife_252"]) == pytest.approx(expected, abs=0.1)
    assert np.nanmedian(columns["dyn_dft_252"]) < -2.86  # 5% of random walks go there
    walk = assemble.compute(
        "dynamics",
        make_bars(100 * np.exp(0.01 * np.cumsum(generator.normal(size=6000))), np.ones(6000)),
    )
    assert np.nanmean(walk["dyn_dft_252"] < -2.86) < 0.15


def test_a_cycle_is_found_by_its_period():
    t = np.arange(400)
    generator = np.random.default_rng(43)
    r = 0.01 * np.sin(2 * np.pi * t / 16) + 0.002 * generator.normal(size=400)
    columns = assemble.compute("dynamics", make_bars(100 * np.exp(np.cumsum(r)), np.ones(400)))
    assert (columns["dyn_period_64"][64:] == 16.0).all()
    assert (columns["dyn_period_128"][128:] == 16.0).all()
    assert (columns["dyn_lowpower_128"][128:] < 0.5).all()


def test_volume_that_comes_after_the_rise_has_a_positive_area():
    rise = np.concatenate([[0.0], np.full(10, 0.01), np.zeros(10)])
    late = np.concatenate([[1.0], np.zeros(10), np.ones(10)])
    price = 100 * np.exp(np.cumsum(rise))
    early = np.concatenate([[1.0], np.ones(10), np.zeros(10)])
    one = assemble.compute("dynamics", make_bars(price, late))["dyn_levyarea_20"][-1]
    # A corner: right by 0.1 / sqrt(10 x 0.01^2) = sqrt(10), then up by 1.
    assert one == pytest.approx(np.sqrt(10) / 2)
    together = assemble.compute("dynamics", make_bars(price, early))["dyn_levyarea_20"][-1]
    assert together == pytest.approx(0.0, abs=1e-12)


def test_a_straight_line_is_smooth_efficient_and_a_zigzag_is_not():
    up = 100.0 + np.arange(400.0)
    line = assemble.compute("dynamics", make_bars(up, np.ones(400)))
    assert line["dyn_er_60"][-1] == pytest.approx(1.0)
    assert line["dyn_petrosian_60"][-1] == 1.0
    assert line["dyn_katz_60"][-1] == pytest.approx(1.0, abs=0.01)
    assert line["dyn_higuchi_120"][-1] == pytest.approx(1.0, abs=0.01)
    zigzag = 100.0 + np.arange(400) % 2
    back = assemble.compute("dynamics", make_bars(zigzag, np.ones(400)))
    assert back["dyn_er_60"][-1] == 0.0
    assert back["dyn_acf1_120"][-1] == pytest.approx(-119 / 120, rel=1e-3)
    assert np.isnan(back["dyn_katz_60"][-1])  # never two steps from its start


def test_the_logistic_map_parts_faster_than_a_cycle():
    x = np.empty(700)
    x[0] = 0.4
    for t in range(1, len(x)):
        x[t] = 4.0 * x[t - 1] * (1.0 - x[t - 1])
    weights = scaling.slope_weights(np.arange(8.0))
    chaos = lyapunov.largest_exponent(x, 600, 2, 10, scaling.slope_weights(np.arange(4.0)))[-1]
    assert chaos == pytest.approx(np.log(2), abs=0.02)  # the exponent of the map
    cycle = np.sin(2 * np.pi * np.arange(700) / 23.7)
    assert abs(lyapunov.largest_exponent(cycle, 600, 2, 30, weights)[-1]) < 0.05


# What holds for every column.


@pytest.mark.parametrize("name", MODULE.computed)
def test_value_appears_at_min_obs_and_stays(case, name):
    values = case.values[name]
    first = FEATURES[name].min_obs - 1
    assert np.isnan(values[:first]).all()
    assert np.isfinite(values[first:]).all()


def test_cutting_bars_on_either_side_changes_no_bit(case):
    for start, stop in ((0, 613), (1, LENGTH), (97, LENGTH - 1), (230, 900)):
        arrays = {
            field.name: getattr(case.bars, field.name)[start:stop]
            for field in dataclasses.fields(case.bars)
            if isinstance(getattr(case.bars, field.name), np.ndarray)
        }
        part = assemble.compute("dynamics", dataclasses.replace(case.bars, **arrays))
        for name in MODULE.computed:
            settled = 0 if start == 0 else FEATURES[name].lookback - 1
            np.testing.assert_array_equal(
                part[name][settled:], case.values[name][start + settled : stop], err_msg=name
            )


def test_a_missing_bar_blanks_its_windows_and_nothing_else(case):
    hole = 250
    close = case.bars.close.copy()
    close[hole] = np.nan
    holed = assemble.compute("dynamics", make_bars(close, case.bars.volume))
    for name in MODULE.computed:
        lookback = FEATURES[name].lookback
        np.testing.assert_array_equal(
            holed[name][hole + lookback :], case.values[name][hole + lookback :], err_msg=name
        )
        np.testing.assert_array_equal(holed[name][:hole], case.values[name][:hole], err_msg=name)
        assert np.isnan(holed[name][hole]), name


def test_flat_bars_are_unknown_and_infinite_nowhere(case):
    close = case.bars.close.copy()
    close[400:760] = close[399]
    values = assemble.compute("dynamics", make_bars(close, case.bars.volume))
    for name in MODULE.computed:
        assert not np.isinf(values[name]).any(), name
        np.testing.assert_array_equal(values[name][:400], case.values[name][:400], err_msg=name)
    for name in ("dyn_hurst_rs_252", "dyn_dfa_252", "dyn_vr_5_120", "dyn_acf1_120", "dyn_kpss_120"):
        assert np.isnan(values[name][700:760]).all(), name
    for name in ("dyn_oulife_252", "dyn_dft_252", "dyn_katz_60", "dyn_higuchi_120", "dyn_er_20"):
        assert np.isnan(values[name][700:760]).all(), name
    for name in ("dyn_period_64", "dyn_leverage_60", "dyn_levyarea_20", "dyn_lyap_252"):
        assert np.isnan(values[name][700:760]).all(), name
    assert (values["dyn_petrosian_60"][500:760] == 1.0).all()  # a line


def test_the_unit_of_price_is_no_part_of_a_value(case):
    values = assemble.compute("dynamics", make_bars(case.bars.close * 1024, case.bars.volume))
    for name in MODULE.computed:
        np.testing.assert_allclose(
            values[name], case.values[name], rtol=1e-6, atol=1e-8, err_msg=name
        )


@pytest.mark.real
def test_real_bars_leave_no_value_unknown_and_no_column_still_for_a_year():
    folder = Path(os.environ.get("QUANT_REAL", Path(__file__).parents[4] / "shared" / "data"))
    file = folder / "eq_daily_16etf_av_1999_2021.parquet"
    if not file.exists():
        pytest.skip(f"the private real data is not at {folder}")
    for ticker in ("TLT", "USO"):
        rows = duckdb.sql(
            f"select adjusted_close, volume from '{file}' where ticker = '{ticker}' order by date"
        ).fetchnumpy()
        close = np.asarray(rows["adjusted_close"], dtype=np.float64)
        volume = np.asarray(rows["volume"], dtype=np.float64)
        values = assemble.compute("dynamics", make_bars(close, volume))
        for name in MODULE.computed:
            settled = values[name][FEATURES[name].min_obs - 1 :]
            assert np.isfinite(settled).all(), name
            year = np.lib.stride_tricks.sliding_window_view(settled, 252)
            assert (year.max(axis=1) > year.min(axis=1)).all(), name
