"""The correlation columns against numpy, scipy, statsmodels, pandas and hand-worked cases."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import statsmodels.api as sm

from engine.features import assemble, registry

MODULE = registry.module("correlation")
LENGTH = 900


@pytest.fixture(scope="module")
def pair(make_daily, make_bars) -> SimpleNamespace:
    """A symbol that follows its benchmark, more so when it falls."""
    bars = make_bars(make_daily("AAA", LENGTH, 21))
    rng = np.random.default_rng(22)
    ret = np.diff(np.log(bars.close), prepend=np.nan)
    bench = 0.5 * np.nan_to_num(ret) + 0.006 * rng.standard_t(5, LENGTH)
    bench[400:404] = 0.0  # ties
    bars = dataclasses.replace(bars, extra={"bench_return": bench})
    return SimpleNamespace(
        bars=bars,
        values=assemble.compute("correlation", bars),
        r=ret,
        b=bench,
        lnc=np.log(bars.close),
        lnv=np.log1p(bars.volume),
        dlnv=np.diff(np.log1p(bars.volume), prepend=np.nan),
        on=np.append(np.nan, np.log(bars.open[1:] / bars.close[:-1])),
        intra=np.log(bars.close / bars.open),
        range=np.log(bars.high / bars.low),
    )


def windows(w, *series, step=31):
    """Yield (row, windows of the series) for rows spread over them, those with NaN left out."""
    for t in range(w + 1, LENGTH, step):
        parts = [x[t - w + 1 : t + 1] for x in series]
        if not any(np.isnan(part).any() for part in parts):
            yield (t, *parts)


def lagged(x):
    return np.append(np.nan, x[:-1])


def test_columns_are_those_of_the_catalog_in_its_order():
    catalog = Path(__file__).parents[4] / "shared" / "design" / "feature_catalog.csv"
    if not catalog.exists():
        pytest.skip("the design folder is not beside the checkout")
    with catalog.open(newline="") as file:
        names = [
            row["name"]
            for row in csv.DictReader(file)
            if (row["module"], row["scope"]) == ("correlation", "daily")
        ]
    assert len(names) == 40
    assert set(MODULE.columns) == set(names)


@pytest.mark.parametrize("name", MODULE.computed)
def test_a_value_appears_with_min_obs_bars(pair, name):
    feature = next(f for f in MODULE.features if f.name == name)
    assert int(np.flatnonzero(~np.isnan(pair.values[name]))[0]) == feature.min_obs - 1


PEARSON = [
    *((f"corr_pv_{w}", w, lambda p: (p.lnc, p.lnv)) for w in (20, 60, 120)),
    *((f"corr_retdvolume_{w}", w, lambda p: (p.r, p.dlnv)) for w in (20, 60, 120)),
    *((f"corr_absretvolume_{w}", w, lambda p: (np.abs(p.r), p.lnv)) for w in (20, 60)),
    *((f"corr_onintra_{w}", w, lambda p: (p.on, p.intra)) for w in (20, 60, 120)),
    *((f"corr_retrange_{w}", w, lambda p: (p.r, p.range)) for w in (20, 60)),
    ("corr_retlagvolume_60", 60, lambda p: (p.r, lagged(p.lnv))),
    *((f"corr_bench_{w}", w, lambda p: (p.r, p.b)) for w in (20, 60, 120, 252)),
    *((f"corr_lead_{w}", w, lambda p: (p.r, lagged(p.b))) for w in (60, 120)),
    *((f"corr_lag_{w}", w, lambda p: (lagged(p.r), p.b)) for w in (60, 120)),
]


@pytest.mark.parametrize(("name", "w", "series"), PEARSON, ids=[name for name, *_ in PEARSON])
def test_correlations_are_those_of_numpy(pair, name, w, series):
    compared = 0
    for t, x, y in windows(w, *series(pair)):
        assert pair.values[name][t] == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-11)
        compared += 1
    assert compared > 15


@pytest.mark.parametrize("w", [20, 60, 120, 252])
def test_beta_and_residual_volatility_are_those_of_least_squares(pair, w):
    for t, r, b in windows(w, pair.r, pair.b, step=83):
        fit = sm.OLS(r, sm.add_constant(b)).fit()
        assert pair.values[f"corr_beta_{w}"][t] == pytest.approx(fit.params[1], rel=1e-9)
        if w in (60, 120):
            expected = np.sqrt(fit.mse_resid * 252)
            assert pair.values[f"corr_idiovol_{w}"][t] == pytest.approx(expected, rel=1e-9)
        if w == 120:
            skew = scipy.stats.skew(fit.resid)
            assert pair.values["corr_idioskew_120"][t] == pytest.approx(skew, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("w", [120, 252])
def test_half_betas_are_least_squares_on_the_bars_of_their_side(pair, w):
    for t, r, b in windows(w, pair.r, pair.b, step=83):
        for name, side in (("dnbeta", b < b.mean()), ("upbeta", b >= b.mean())):
            fit = sm.OLS(r[side], sm.add_constant(b[side])).fit()
            assert pair.values[f"corr_{name}_{w}"][t] == pytest.approx(fit.params[1], rel=1e-8)


def test_a_kinked_line_has_its_two_slopes(pair):
    b = np.where(np.arange(LENGTH) % 2 == 0, 1.0, -1.0) * (1.0 + np.arange(LENGTH) % 7) / 100
    r = np.where(b < 0.0, 1.5 * b, 0.5 * b)
    close = 100.0 * np.exp(np.cumsum(r))
    bars = dataclasses.replace(pair.bars, close=close, extra={"bench_return": b})
    found = assemble.compute("correlation", bars)
    # 140 bars hold whole periods, 120 do not: the mean is near 0 and no bar lies between
    assert found["corr_dnbeta_120"][-1] == pytest.approx(1.5, rel=1e-6)
    assert found["corr_upbeta_120"][-1] == pytest.approx(0.5, rel=1e-6)


def test_the_spread_of_beta_is_the_rolling_deviation_of_rolling_betas(pair):
    frame = pd.DataFrame({"r": pair.r, "b": pair.b})
    beta = frame.r.rolling(20).cov(frame.b) / frame.b.rolling(20).var()
    got, expected = pair.values["corr_betastd_120"], beta.rolling(120).std()
    known = ~np.isnan(got)
    assert known.sum() > 600
    np.testing.assert_allclose(got[known], expected[known], rtol=1e-6)
    change = pair.values["corr_bench_20"] - pair.values["corr_bench_120"]
    np.testing.assert_array_equal(pair.values["corr_chg_20_120"], change)


def dcor(x, y):
    """The definition: correlation of doubly centred distance matrices."""

    def centred(v):
        d = np.abs(v[:, None] - v[None, :])
        return d - d.mean(axis=0) - d.mean(axis=1)[:, None] + d.mean()

    a, b = centred(x), centred(y)
    return np.sqrt((a * b).mean() / np.sqrt((a * a).mean() * (b * b).mean()))


def test_distance_correlation_is_that_of_centred_distances(pair):
    for t, r, b in windows(120, pair.r, pair.b):
        assert pair.values["corr_dcor_120"][t] == pytest.approx(dcor(r, b), rel=1e-9)


def test_distance_correlation_sees_what_correlation_does_not(pair):
    x = np.linspace(-1.0, 1.0, 120) * 0.01
    steps = np.concatenate([np.random.default_rng(3).normal(0.0, 0.01, LENGTH - 120), x])
    close = 100.0 * np.exp(np.cumsum(steps))
    bench = steps**2 * 50.0
    bars = dataclasses.replace(pair.bars, close=close, extra={"bench_return": bench})
    found = assemble.compute("correlation", bars)
    assert abs(found["corr_bench_120"][-1]) < 1e-6
    assert found["corr_dcor_120"][-1] > 0.4


def test_rank_correlation_is_that_of_scipy_with_ties(pair):
    for t, r, b in windows(60, pair.r, pair.b, step=7):
        expected = scipy.stats.spearmanr(r, b).statistic
        assert pair.values["corr_spearman_60"][t] == pytest.approx(expected, abs=1e-12)


def test_tail_dependence_counts_joint_lows(pair):
    for t, r, b in windows(252, pair.r, pair.b):
        low = b <= np.quantile(b, 0.05)
        expected = (r[low] <= np.quantile(r, 0.05)).mean()
        assert pair.values["corr_taildep_252"][t] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("percent", [94, 97])
def test_weighted_correlation_is_that_of_pandas_averages(pair, percent):
    frame = pd.DataFrame({"rb": pair.r * pair.b, "rr": pair.r**2, "bb": pair.b**2})
    mean = frame.ewm(alpha=1.0 - percent / 100.0).mean()
    expected = (mean.rb / np.sqrt(mean.rr * mean.bb)).to_numpy()
    got = pair.values[f"corr_ewma_{percent}"]
    np.testing.assert_allclose(got[480:], expected[480:], rtol=1e-5, atol=1e-6)


def test_the_benchmark_against_itself_is_one_and_leaves_nothing_over(pair):
    bars = dataclasses.replace(pair.bars, extra={"bench_return": pair.r})
    found = {name: values[-1] for name, values in assemble.compute("correlation", bars).items()}
    for name in ("bench_252", "beta_60", "dnbeta_120", "upbeta_120", "dcor_120", "spearman_60"):
        assert found[f"corr_{name}"] == pytest.approx(1.0, rel=1e-9), name
    assert found["corr_taildep_252"] == 1.0
    assert found["corr_idiovol_60"] == pytest.approx(0.0, abs=1e-9)
    assert np.isnan(found["corr_idioskew_120"])


def test_a_missing_benchmark_bar_blanks_only_the_windows_that_contain_it(pair):
    bench = pair.b.copy()
    bench[600:602] = np.nan  # a missing bar takes two returns with it
    bars = dataclasses.replace(pair.bars, extra={"bench_return": bench})
    found = assemble.compute("correlation", bars)
    own = ("corr_pv", "corr_ret", "corr_absret", "corr_onintra")
    for feature in MODULE.features:
        got, whole = found[feature.name], pair.values[feature.name]
        if feature.name.startswith(own):
            np.testing.assert_array_equal(got, whole)
            continue
        first = 601 if feature.name.startswith("corr_lead") else 600  # it reads the bar before
        assert np.isnan(got[first:602]).all(), feature.name
        np.testing.assert_array_equal(got[:600], whole[:600])
        if feature.lookback + 602 < LENGTH:
            np.testing.assert_array_equal(
                got[602 + feature.lookback :], whole[602 + feature.lookback :], feature.name
            )
    blank = np.isnan(found["corr_bench_60"][:700]) & ~np.isnan(pair.values["corr_bench_60"][:700])
    assert np.flatnonzero(blank).tolist() == list(range(600, 661))


def test_a_benchmark_that_stands_still_has_no_beta(pair):
    bench = np.where(np.arange(LENGTH) >= 700, 0.0, pair.b)
    bars = dataclasses.replace(pair.bars, extra={"bench_return": bench})
    found = assemble.compute("correlation", bars)
    for name in ("corr_beta_60", "corr_bench_60", "corr_idiovol_60", "corr_spearman_60"):
        assert np.isnan(found[name][-1]), name
