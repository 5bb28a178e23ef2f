"""Market-wide columns against pandas, numpy, scipy, statsmodels and examples by hand."""

from __future__ import annotations

import csv
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from markets import market_table
from scipy.spatial.distance import mahalanobis
from scipy.stats import linregress

from engine.features import assemble, registry
from engine.features.market_panel import market_from_table
from engine.features.market_universe import token, universe
from engine.settings import project_root

U = universe()
SYMBOLS = U.symbols
BENCHMARK = U.benchmark
GROUP = U.with_role("sector", "style", "region")
COUNT = 700
AT = (310, 512, 699)  # rows that are computed by hand


@pytest.fixture(scope="module")
def case() -> SimpleNamespace:
    """The columns, and closes, log closes, returns as frames by symbol."""
    table = market_table(COUNT, 3)
    market, _ = market_from_table(table, SYMBOLS)
    close = pd.DataFrame({symbol: bars.close for symbol, bars in market.members.items()})
    return SimpleNamespace(
        table=table,
        market=market,
        columns=both(market),
        close=close,
        log=np.log(close),
        ret=np.log(close).diff(),
        vix=pd.Series(np.log(market.levels["vix"])),
    )


def both(market):
    return assemble.compute("cross_asset", market) | assemble.compute("sector_regime", market)


def agree(found, expected, rtol=1e-9):
    """Equal where both are known, and known for all but a few rows of warming up."""
    expected = np.asarray(expected, dtype=float)
    known = ~np.isnan(found)
    assert known.sum() > 100
    np.testing.assert_allclose(found[known], expected[known], rtol=rtol, atol=1e-9)
    assert known[300:].all()


def window(frame, at, w):
    return frame.iloc[at - w + 1 : at + 1]


def ols(y, x):
    return sm.OLS(y.to_numpy(), sm.add_constant(x.to_numpy())).fit()


def test_the_modules_have_every_column_of_the_design():
    catalog = project_root().parent / "shared" / "design" / "feature_catalog.csv"
    if not catalog.is_file():
        pytest.skip(f"the design's catalog is not beside the checkout ({catalog})")
    with catalog.open(newline="") as file:
        design = {row["name"] for row in csv.DictReader(file) if row["scope"] == "cross"}
    assert len(design) == 252
    assert {feature.name for feature in registry.columns("cross")} >= design


@pytest.mark.parametrize("pair", U.of_kind("ratio"), ids=lambda pair: pair.name)
def test_a_ratio_has_the_z_score_momentum_and_trend_of_pandas_and_scipy(case, pair):
    x = case.log[pair.symbol] - case.log[pair.against]
    agree(
        case.columns[f"xa_ratio_z_{pair.name}_60"],
        (x - x.rolling(60).mean()) / x.rolling(60).std(),
    )
    sigma = x.diff().rolling(60).std()
    agree(case.columns[f"xa_ratio_mom_{pair.name}_20"], x.diff(20) / (sigma * np.sqrt(20)))
    for at in AT:
        line = linregress(np.arange(60), window(x, at, 60))
        found = case.columns[f"xa_ratio_slopet_{pair.name}_60"][at]
        assert found == pytest.approx(line.slope / line.stderr, rel=1e-8)


@pytest.mark.parametrize("symbol", U.others)
def test_correlations_with_the_benchmark_are_those_of_pandas(case, symbol):
    name = f"{token(BENCHMARK)}_{token(symbol)}"
    r, b = case.ret[symbol], case.ret[BENCHMARK]
    short, mid, long = (r.rolling(w).corr(b) for w in (20, 60, 120))
    agree(case.columns[f"xa_corr_{name}_20"], short)
    agree(case.columns[f"xa_corr_{name}_60"], mid)
    agree(case.columns[f"xa_corrchg_{name}_20_120"], short - long)
    agree(case.columns[f"xa_lead_{token(symbol)}_60"], r.shift().rolling(60).corr(b))


def test_correlations_of_pairs_are_those_of_pandas(case):
    pairs = [(f"xa_corr_{p.name}_60", p, 60) for p in U.of_kind("correlation")]
    pairs += [(f"xa_goldoil_{w}", p, w) for p in U.of_kind("gold_oil") for w in (20, 60)]
    for name, pair, w in pairs:
        agree(case.columns[name], case.ret[pair.symbol].rolling(w).corr(case.ret[pair.against]))
    sectors = U.with_role("sector")
    for a, b in ((a, b) for i, a in enumerate(sectors) for b in sectors[i + 1 :]):
        name = f"sec_corr_{token(a)}_{token(b)}_60"
        agree(case.columns[name], case.ret[a].rolling(60).corr(case.ret[b]))


def test_a_residual_correlation_is_that_with_the_residuals_of_statsmodels(case):
    (pair,) = U.of_kind("residual_correlation")
    for at in AT:
        r = window(case.ret, at, 60)
        residuals = ols(r[pair.against], r[pair.given]).resid
        expected = np.corrcoef(r[pair.symbol], residuals)[0, 1]
        assert case.columns[f"xa_corr_{pair.name}_60"][at] == pytest.approx(expected, rel=1e-9)


def test_relative_strength_is_the_excess_over_beta_in_residual_deviations_of_statsmodels(case):
    pairs = [(f"xa_rs_{token(s)}", s, BENCHMARK, (20, 60)) for s in U.others]
    pairs += [("xa_credit", p.symbol, p.against, (5, 20, 60)) for p in U.of_kind("credit")]
    for name, symbol, against, windows in pairs:
        for at in AT:
            r = window(case.ret, at, 60)
            fit = ols(r[symbol], r[against])
            for w in windows:
                last = r.iloc[-w:].sum()
                excess = last[symbol] - fit.params[1] * last[against]
                expected = excess / (np.sqrt(fit.mse_resid) * np.sqrt(w))
                assert case.columns[f"{name}_{w}"][at] == pytest.approx(expected, rel=1e-8)


def test_dispersion_is_the_deviation_across_members_of_returns_in_their_own_deviations(case):
    sigma = case.ret.rolling(60).std()
    for w in (1, 5, 20):
        scores = case.log.diff(w) / (sigma * np.sqrt(w))
        agree(case.columns[f"xa_disp_{w}"], scores.std(axis=1))


@pytest.mark.parametrize("w", [20, 60, 120])
def test_average_correlation_is_the_mean_off_the_diagonal(case, w):
    off = ~np.eye(len(SYMBOLS), dtype=bool)
    for at in AT:
        expected = np.corrcoef(window(case.ret, at, w).T)[off].mean()
        assert case.columns[f"xa_avgcorr_{w}"][at] == pytest.approx(expected, rel=1e-9)


def test_principal_components_are_those_of_numpy(case):
    count = len(SYMBOLS)
    for w in (60, 252):
        for at in AT:
            correlations = np.corrcoef(window(case.ret, at, w).T)
            values, vectors = np.linalg.eigh(correlations)
            values, vectors = values[::-1], vectors[:, ::-1]
            got = {k: case.columns[f"xa_absorb{k}_{w}"][at] for k in (1, 3)}
            assert got[1] == pytest.approx(values[0] / count, rel=1e-9)
            assert got[3] == pytest.approx(values[:3].sum() / count, rel=1e-9)
            if w == 60:
                shares = values * (vectors.sum(axis=0) ** 2)
                shares = shares / correlations.sum()
                bets = np.exp(-(shares * np.log(shares)).sum())
                assert case.columns["xa_enb_60"][at] == pytest.approx(bets, rel=1e-7)
                loadings = (vectors[:, 0] ** 4).sum()
                assert case.columns["xa_pc1_conc_60"][at] == pytest.approx(loadings, rel=1e-7)
    ratio = pd.Series(case.columns["xa_absorb3_60"])
    year = ratio.rolling(252)
    expected = (ratio.rolling(15).mean() - year.mean()) / year.std()
    found = case.columns["xa_absorb_shift"]
    known = ~np.isnan(found)
    assert known.sum() > 300
    np.testing.assert_allclose(found[known], expected[known], rtol=1e-9)


def test_turbulence_is_the_squared_mahalanobis_distance_of_scipy_over_the_members(case):
    for at in AT:
        before = window(case.ret, at - 1, 252)
        inverse = np.linalg.inv(np.cov(before.T))
        distance = mahalanobis(case.ret.iloc[at], before.mean(), inverse)
        expected = distance**2 / len(SYMBOLS)
        assert case.columns["xa_turb_252"][at] == pytest.approx(expected, rel=1e-7)
    turbulence = pd.Series(case.columns["xa_turb_252"])
    agree(case.columns["xa_turb_mean_20"], turbulence.rolling(20).mean())


def test_turbulence_of_normal_returns_is_one_on_average(case):
    assert np.nanmean(case.columns["xa_turb_252"]) == pytest.approx(1.1, abs=0.25)


def test_breadth_counts_the_equity_members(case):
    close = case.close[list(U.of_class("equity"))]
    for w in (20, 60, 200):
        above = (close > close.rolling(w).mean()).mean(axis=1)
        agree(case.columns[f"xa_breadth_sma_{w}"], above)
    for w in (1, 5, 20):
        agree(case.columns[f"xa_breadth_pos_{w}"], (close.diff(w) > 0).mean(axis=1))
    for w in (20, 60, 252):
        top, bottom = close.rolling(w).max(), close.rolling(w).min()
        expected = (close == top).mean(axis=1) - (close == bottom).mean(axis=1)
        agree(case.columns[f"xa_hilo_{w}"], expected)


def test_risk_appetite_is_the_mean_z_score_of_its_ratios(case):
    pairs = U.of_kind("risk_appetite")
    x = pd.DataFrame({p.name: case.log[p.symbol] - case.log[p.against] for p in pairs})
    scores = (x - x.rolling(60).mean()) / x.rolling(60).std()
    mean = scores.mean(axis=1)
    agree(case.columns["xa_riskon"], mean)
    agree(case.columns["xa_riskon_chg_5"], mean.diff(5))
    agree(case.columns["xa_riskon_z_60"], (mean - mean.rolling(60).mean()) / mean.rolling(60).std())
    sign = np.sign(mean)
    run = sign.groupby((sign != sign.shift()).cumsum()).cumcount() + 1
    found = case.columns["xa_riskon_days"]
    known = ~np.isnan(found)
    assert (found[known] == (run * sign)[known]).all()
    assert known[150:].all()


def test_a_flight_to_quality_is_a_fall_of_stocks_with_a_rise_of_bonds(case):
    (pair,) = U.of_kind("stock_bond")
    stocks, bonds = case.ret[pair.symbol], case.ret[pair.against]
    down = stocks < -stocks.rolling(60).std().shift()
    up = bonds > bonds.rolling(60).std().shift()
    flag = (down & up).astype(float)
    agree(case.columns["xa_ftq"], flag)
    assert flag.sum() >= 3
    rows = np.arange(COUNT)
    last = pd.Series(np.where(flag > 0, rows, np.nan)).ffill()
    expected = np.minimum(rows - last, 252)
    found = case.columns["xa_ftq_since"]
    known = ~np.isnan(found)
    assert (found[known] == expected[known]).all()
    assert known.sum() > 400


def test_the_sign_of_stocks_against_bonds_lasts_as_long_as_it_is_the_same(case):
    (pair,) = U.of_kind("stock_bond")
    sign = np.sign(case.ret[pair.symbol].rolling(20).corr(case.ret[pair.against]))
    agree(case.columns[f"xa_{pair.name}_sign"], sign)
    run = sign.groupby((sign != sign.shift()).cumsum()).cumcount() + 1
    found = case.columns[f"xa_{pair.name}_days"]
    known = ~np.isnan(found)
    assert (found[known] == np.minimum(run, 252)[known]).all()


def test_the_volatility_product_has_the_betas_of_statsmodels(case):
    (pair,) = U.of_kind("volatility")
    for at in AT:
        for w in (20, 60):
            r = window(case.ret, at, w)
            beta = ols(r[pair.symbol], r[pair.against]).params[1]
            assert case.columns[f"xa_{pair.name}beta_{w}"][at] == pytest.approx(beta, rel=1e-9)
        r = window(case.ret, at, 60)
        sides = pd.DataFrame({"falls": r[pair.against].clip(upper=0.0)})
        sides["rises"] = r[pair.against].clip(lower=0.0)
        _, falls, rises = ols(r[pair.symbol], sides).params
        found = case.columns[f"xa_{pair.name}asym_60"][at]
        assert found == pytest.approx(falls - rises, rel=1e-8)
        change = window(case.vix.diff(), at, 60)
        beta = ols(r[pair.symbol], change).params[1]
        expected = r[pair.symbol].iloc[-20:].sum() - beta * change.iloc[-20:].sum()
        assert case.columns[f"xa_{pair.name}decay_20"][at] == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("symbol", GROUP)
def test_relative_rotation_is_that_of_pandas(case, symbol):
    x = case.log[symbol] - case.log[BENCHMARK]
    line = x.rolling(10).mean()
    level = (line - x.rolling(120).mean()) / x.rolling(120).std()
    change = line.diff(10) / (x.diff().rolling(60).std() * np.sqrt(10))
    agree(case.columns[f"sec_rsratio_{token(symbol)}"], level)
    agree(case.columns[f"sec_rsmom_{token(symbol)}"], change)
    names = {(False, False): 0.0, (False, True): 1.0, (True, False): 2.0, (True, True): 3.0}
    expected = [names[a, b] for a, b in zip(level > 0, change > 0, strict=True)]
    agree(case.columns[f"sec_quadrant_{token(symbol)}"], expected)


def test_ranks_turnover_and_leader_are_those_of_pandas(case):
    logs = case.log[list(GROUP)]
    ranks = {}
    for w in (20, 60):
        score = logs.diff(w) / (logs.diff().rolling(w).std() * np.sqrt(w))
        ranks[w] = (score.rank(axis=1) - 1.0) / (len(GROUP) - 1.0)
        for symbol in GROUP:
            agree(case.columns[f"sec_rank_{token(symbol)}_{w}"], ranks[w][symbol])
    agree(case.columns["sec_turnover_20"], ranks[20].diff(20).abs().mean(axis=1))
    leader = pd.Series(ranks[60].fillna(-1.0).to_numpy().argmax(axis=1))
    run = leader.groupby((leader != leader.shift()).cumsum()).cumcount() + 1
    found = case.columns["sec_leader_days"]
    known = ~np.isnan(found)
    assert (found[known] == run[known]).all()
    assert known[200:].all()


def test_cycle_style_and_dispersion_are_those_of_pandas(case):
    pairs = U.of_kind("cyclical_growth")
    x = sum(case.log[p.symbol] - case.log[p.against] for p in pairs) / len(pairs)
    (style,) = U.of_kind("style")
    y = case.log[style.symbol] - case.log[style.against]
    for w in (20, 60):
        for name, series in (("sec_cyc_growth", x), (f"sec_style_{style.name}", y)):
            sigma = series.diff().rolling(60).std() * np.sqrt(w)
            agree(case.columns[f"{name}_{w}"], series.diff(w) / sigma)
        spread = case.log[list(GROUP)].diff(w).std(axis=1) * np.sqrt(252.0 / w)
        agree(case.columns[f"sec_dispersion_{w}"], spread)


@pytest.mark.parametrize("feature", registry.columns("cross"), ids=lambda feature: feature.name)
def test_a_value_appears_after_min_obs_bars(case, feature):
    there = np.flatnonzero(~np.isnan(case.columns[feature.name]))
    if feature.name.endswith(("_days", "_since")):  # unknown until a beginning was seen
        assert there[0] >= feature.min_obs - 1
    else:
        assert there[0] == feature.min_obs - 1
        assert len(there) == COUNT - there[0]


# -- a symbol that is not there --------------------------------------------------------------


def reads(feature, symbol: str) -> bool:
    return f"close of {symbol}" in feature.family.inputs


@pytest.mark.parametrize("symbol", ["VXX", "SPY", "XLE"])
def test_without_a_symbol_its_own_columns_are_unknown_and_the_others_are_not(case, symbol):
    rows = case.table.filter([s != symbol for s in case.table["symbol"].to_pylist()])
    market, _ = market_from_table(rows, SYMBOLS)
    found = both(market)
    for feature in registry.columns("cross"):
        known = ~np.isnan(found[feature.name])
        partly = feature.name.startswith("xa_riskon")  # a mean over the ratios that are known
        if reads(feature, symbol) and not partly:
            assert not known.any(), feature.name
        elif not reads(feature, symbol) and "every" not in feature.family.inputs[0] and not partly:
            if feature.name.startswith("sec_rank") and symbol in GROUP:
                assert known[300:].all(), feature.name  # a rank among fewer
                continue
            before = case.columns[feature.name]
            assert np.array_equal(found[feature.name], before, equal_nan=True), feature.name
        else:
            assert known[600:].all(), feature.name


def test_a_missing_index_level_is_missed_by_its_own_column_only(case):
    table = case.table.drop_columns(["vix"])
    market, _ = market_from_table(table, SYMBOLS)
    found = both(market)
    reading = {f.name for f in registry.columns("cross") if "vix" in f.family.inputs}
    unknown = {name for name, values in found.items() if np.isnan(values).all()}
    assert unknown == reading
    assert len(reading) == 1


def test_fewer_than_half_of_the_members_say_nothing_about_the_market(case):
    few = set(SYMBOLS[:7])
    rows = case.table.filter([s in few for s in case.table["symbol"].to_pylist()])
    market, _ = market_from_table(rows, SYMBOLS)
    found = assemble.compute("cross_asset", market)
    for name in ("xa_avgcorr_60", "xa_turb_252", "xa_absorb1_60", "xa_disp_5"):
        assert np.isnan(found[name]).all(), name
    assert (~np.isnan(found["xa_breadth_sma_20"][30:])).all()  # the seven are equities: of nine


def test_a_member_without_a_bar_is_left_out_of_that_window_only(case):
    closes = {s: case.close[s].to_numpy().copy() for s in SYMBOLS}
    closes["GLD"][500] = np.nan
    market, _ = market_from_table(market_table(COUNT, 3, closes), SYMBOLS)
    found = assemble.compute("cross_asset", market)
    fifteen = [s for s in SYMBOLS if s != "GLD"]
    correlations = np.corrcoef(window(case.ret[fifteen], 510, 60).T)
    expected = correlations[~np.eye(15, dtype=bool)].mean()
    assert found["xa_avgcorr_60"][510] == pytest.approx(expected, rel=1e-9)
    assert found["xa_avgcorr_60"][600] == case.columns["xa_avgcorr_60"][600]
    assert np.isnan(found["xa_ratio_z_gld_slv_60"][500:560]).all()
    assert not np.isnan(found["xa_ratio_z_gld_slv_60"][560])
