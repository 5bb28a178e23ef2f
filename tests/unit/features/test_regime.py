"""The regime module on bars: state machines, trend, directional movement, hidden states."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import talib

from engine.errors import BuildError
from engine.features import assemble, registry
from engine.features import regime_definitions as definitions
from engine.features.fits import quarter_starts
from engine.features.regime import fits, hidden, rules
from engine.features.workspace import Workspace
from engine.settings import project_root

MODULE = registry.module("regime")
FEATURES = {feature.name: feature for feature in MODULE.features}
FLAGS = {
    "vix": ("reg_vix_pause", "reg_vix_suboptimal", "reg_vix_optimal"),
    "trend": (
        "reg_trend_strong_down",
        "reg_trend_down",
        "reg_trend_neutral",
        "reg_trend_up",
        "reg_trend_strong_up",
    ),
    "combined": ("reg_combo_upcalm", "reg_combo_upwild", "reg_combo_dncalm", "reg_combo_dnwild"),
}


def extras(bars):
    """Fit the bars' own parameters and spread them over the rows, as SQL does; add a VIX."""
    rng = np.random.default_rng(8)
    level = np.zeros(len(bars))
    for row in range(1, len(bars)):
        level[row] = 0.98 * level[row - 1] + 0.08 * rng.standard_normal()
    found = {"vix": 19.0 * np.exp(level)}
    quarter = quarter_starts(bars.time)
    for row in PARAMETERS:
        at = quarter == np.datetime64(row["quarter_start"])
        state = row["state"]
        values = {f"mean_{state}": row["mean"], f"sigma_{state}": row["sigma"]}
        values |= {f"from_{state}_to_{j}": row[f"to_{j}"] for j in range(3)}
        for name, value in values.items():
            if value is not None:
                column = found.setdefault(f"{row['model']}_{name}", np.full(len(bars), np.nan))
                column[at] = value
    return found


PARAMETERS: list[dict] = []


@pytest.fixture(scope="module")
def panel(make_daily, make_panel):
    return make_panel(make_daily("AAA", 1700, 11))


@pytest.fixture(scope="module")
def table(panel):
    return fits.hmm_fits(panel)


@pytest.fixture(scope="module")
def bars(case, table):
    PARAMETERS[:] = table.to_pylist()
    return dataclasses.replace(case.bars, extra=extras(case.bars))


@pytest.fixture(scope="module")
def found(bars):
    return assemble.compute("regime", bars)


def test_there_are_35_columns(found):
    assert len(MODULE.features) == len(found) == 35


@pytest.mark.parametrize("name", MODULE.columns)
def test_values_appear_at_min_obs_and_stay(found, name):
    feature, values = FEATURES[name], found[name]
    assert np.isnan(values[: feature.min_obs - 1]).all()
    assert np.isfinite(values[feature.lookback - 1 :]).all()


@pytest.mark.parametrize("family", FLAGS)
def test_exactly_one_flag_of_a_family_is_up(found, family):
    flags = np.array([found[name] for name in FLAGS[family]])
    known = ~np.isnan(flags).any(axis=0)
    assert known.sum() > 1000
    assert np.isin(flags[:, known], (0.0, 1.0)).all()
    assert (flags[:, known].sum(axis=0) == 1.0).all()
    assert (flags[:, known].sum(axis=1) > 0).all()  # and each state occurs


# Definitions ------------------------------------------------------------------------------------


def test_the_seed_says_what_the_contract_says():
    vix = definitions.bands("vix", "vix_close")
    assert vix.edges.tolist() == [15.0, 25.0, 35.0]
    names = {row.code: row.name for row in definitions.definitions() if row.family == "vix"}
    assert [names[int(code)] for code in vix.codes] == [
        "SUBOPTIMAL",
        "OPTIMAL",
        "SUBOPTIMAL",
        "PAUSE",
    ]
    jump = definitions.lower_bound_of(definitions.definitions(), "vix", "vix_change")
    assert (jump.name, jump.lower) == ("PAUSE", 0.2)
    combined = [row for row in definitions.definitions() if row.family == "combined"]
    assert [(row.code, row.name) for row in combined] == [
        (0, "up_calm"),
        (1, "up_wild"),
        (2, "down_calm"),
        (3, "down_wild"),
    ]
    assert definitions.bands("trend", "trend_t").codes.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("x,0,A,m,,1,0,\nx,1,B,m,2,,0,\n", "do not cover"),
        ("x,0,A,m,,1,0,\nx,1,B,m,1,,0.5,\n", "do not cover"),
        ("x,0,A,m,0,1,0,\n", "do not cover"),
        ("x,0,A,m,low,1,0,\n", "line 2"),
        ("x,zero,A,m,,,0,\n", "line 2"),
    ],
    ids=["gap", "two margins", "open end", "no number", "no code"],
)
def test_definitions_that_cannot_be_meant_are_refused(tmp_path, rows, words):
    header = "regime_family,code,name,measure,lower_bound,upper_bound,hysteresis,meaning\n"
    path = tmp_path / "regimes.csv"
    path.write_text(header + rows)
    with pytest.raises(BuildError, match=words):
        definitions.bands_of(definitions.read(path), "x", "m")


def test_a_missing_seed_and_an_unknown_state_are_named(tmp_path):
    with pytest.raises(BuildError, match="are missing"):
        definitions.read(tmp_path / "none.csv")
    with pytest.raises(BuildError, match="no state PANIC"):
        definitions.code("vix", "PANIC")


# VIX --------------------------------------------------------------------------------------------


def vix_states(bars, levels):
    level = np.full(len(bars), np.nan)
    level[: len(levels)] = levels
    s = Workspace(dataclasses.replace(bars, extra={"vix": level}))
    names = {row.code: row.name for row in definitions.definitions() if row.family == "vix"}
    codes = rules.vix_state(s)[: len(levels)]
    return [None if np.isnan(code) else names[int(code)] for code in codes]


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([12, 20, 30, 40], ["SUBOPTIMAL", "PAUSE", "PAUSE", "PAUSE"]),  # jumps of over 20%
        ([20, 22, 24, 25.5, 26.1], ["OPTIMAL"] * 4 + ["SUBOPTIMAL"]),
        ([33, 34, 35.9, 36.1, 34.5, 33.9], ["SUBOPTIMAL"] * 3 + ["PAUSE"] * 2 + ["SUBOPTIMAL"]),
        ([20, 23.9, 24, 24], ["OPTIMAL"] * 4),  # 19.5% is no jump
        ([19, 23, 23], ["OPTIMAL", "PAUSE", "OPTIMAL"]),  # 21%, and one session only
        ([16.5, 15.2, 14.1, 13.9], ["OPTIMAL"] * 3 + ["SUBOPTIMAL"]),
        ([20, np.nan, 30], ["OPTIMAL", None, "SUBOPTIMAL"]),  # no level the day before: no jump
    ],
)
def test_vix_regime_follows_its_truth_table(bars, levels, expected):
    assert vix_states(bars, levels) == expected


def test_distances_are_to_the_nearest_thresholds_and_negative_beyond_the_last(bars):
    level = np.full(len(bars), 20.0)
    level[:4] = [10.0, 15.0, 30.0, 70.0]
    values = assemble.compute("regime", dataclasses.replace(bars, extra={"vix": level}))
    up, down = values["reg_vix_dist_up"], values["reg_vix_dist_dn"]
    assert up[:5] == pytest.approx(np.log([1.5, 25 / 15, 35 / 30, 0.5, 1.25]))
    assert down[:5] == pytest.approx(np.log([10 / 15, 1.0, 30 / 25, 2.0, 20 / 15]))


def test_without_a_vix_its_columns_are_unknown_and_the_others_as_they_were(bars, found):
    extra = {name: values for name, values in bars.extra.items() if name != "vix"}
    values = assemble.compute("regime", dataclasses.replace(bars, extra=extra))
    for name in MODULE.columns:
        if name.startswith("reg_vix"):
            assert np.isnan(values[name]).all()
        else:
            np.testing.assert_array_equal(values[name], found[name])


# Trend, directional movement, volatility --------------------------------------------------------


def test_trend_state_is_the_band_of_the_t_of_scipys_regression(case, found):
    price = np.log(case.frame.close.to_numpy())
    states = np.array([found[name] for name in FLAGS["trend"]])
    edges = np.array([-10.0, -3.0, 3.0, 10.0])
    state = None
    for t in range(59, 1700):
        line = scipy.stats.linregress(np.arange(60), price[t - 59 : t + 1])
        value = line.slope / line.stderr
        band = int(np.searchsorted(edges, value, side="right"))
        if state is None:
            state = band
        low = edges[state - 1] - 1 if state > 0 else -np.inf
        high = edges[state] + 1 if state < 4 else np.inf
        state = state if low <= value <= high else band
        assert states[:, t].argmax() == state
    days = found["reg_trend_days"]
    changed = (np.diff(states[:, 59:].argmax(axis=0)) != 0).nonzero()[0] + 60
    assert (days[changed] == 0).all()
    assert (days[changed[:-1] + 1] <= 1).all()


def test_adx_and_di_spread_are_those_of_talib_after_warm_up(case, found):
    frame = case.frame
    high, low, close = (frame[name].to_numpy() for name in ("high", "low", "close"))
    adx = talib.ADX(high, low, close, 14)
    spread = talib.PLUS_DI(high, low, close, 14) - talib.MINUS_DI(high, low, close, 14)
    np.testing.assert_allclose(found["reg_adx_14"][450:], adx[450:], rtol=1e-5)
    np.testing.assert_allclose(found["reg_dispread_14"][250:], spread[250:], atol=1e-4)


def test_score_is_the_mean_of_its_three_votes(case, found):
    close = case.frame.close.to_numpy()
    short, long = talib.EMA(close, 20), talib.EMA(close, 50)
    state = np.array([found[name] for name in FLAGS["trend"]]).argmax(axis=0)
    line = (state - 2) / 2
    order = (np.sign(close - short) + np.sign(short - long)) / 2
    movement = np.sign(found["reg_dispread_14"]) * (found["reg_adx_14"] >= 25)
    expected = (line + order + movement) / 3
    np.testing.assert_allclose(found["reg_trend_score"][450:], expected[450:], atol=1e-12)
    assert np.nanmax(np.abs(found["reg_trend_score"])) <= 1.0


def test_volatility_rank_is_scipys_percentile(case, found):
    sigma = case.frame.ret.rolling(20).std().to_numpy()
    for t in range(300, 1700, 53):
        window = sigma[t - 251 : t + 1]
        share = scipy.stats.percentileofscore(window, sigma[t], kind="strict") / 100
        assert found["reg_sigmarank_252"][t] == pytest.approx(share * 252 / 251)


def test_combined_state_and_what_follows_it_are_pandas_groupby(case, found):
    states = np.array([found[name] for name in FLAGS["combined"]])
    code = np.where(np.isnan(states[0]), np.nan, states.argmax(axis=0))
    r = case.frame.ret.to_numpy()
    changes = (pd.Series(code).diff().fillna(0) != 0).rolling(60).sum().to_numpy()
    np.testing.assert_array_equal(found["reg_switches_60"][340:], changes[340:])
    for t in range(600, 1700, 71):
        before, after, window = code[t - 252 : t], code[t - 251 : t + 1], r[t - 251 : t + 1]
        same = before == code[t]
        stay = ((after == code[t])[same].sum() + 1) / (same.sum() + 2)
        assert found["reg_combo_stay_252"][t] == pytest.approx(stay)
        mean = (window[same].sum() + 10 * window.mean()) / (same.sum() + 10)
        assert found["reg_mean_same_252"][t] == pytest.approx(mean / window.std())
        squares = ((window[same] - mean) ** 2).sum() + 10 * window.var()
        expected = np.sqrt(squares / (same.sum() + 10)) / window.std()
        assert found["reg_vol_same_252"][t] == pytest.approx(expected)
    # wild bars are those of high volatility ranks
    wild = code % 2 == 1
    rank = found["reg_sigmarank_252"]
    assert rank[wild].min() >= 0.4 - 1e-12
    assert rank[~wild & ~np.isnan(code)].max() <= 0.6 + 1e-12


# Hidden states ----------------------------------------------------------------------------------


def test_probabilities_are_the_forward_recursion_with_the_quarters_parameters(case, found, table):
    rows = [row for row in table.to_pylist() if row["model"] == "hmm3"]
    r = case.frame.ret.to_numpy()
    days = case.bars.time
    for quarter in sorted({row["quarter_start"] for row in rows})[-3:]:
        state = [row for row in rows if row["quarter_start"] == quarter]
        mean, sigma = (np.array([row[name] for row in state]) for name in ("mean", "sigma"))
        move = np.array([[row[f"to_{j}"] for j in range(3)] for row in state])
        inside = np.flatnonzero(quarter_starts(days) == np.datetime64(quarter))
        p = np.full(3, 1 / 3)
        for t in range(max(1, inside[0] - 1000), inside[-1] + 1):
            p = (p @ move) * scipy.stats.norm.pdf(r[t], mean, sigma)
            p /= p.sum()
        t = inside[-1]
        assert found["reg_hmm_p_low"][t] == pytest.approx(p[0], rel=1e-7)
        assert found["reg_hmm_p_high"][t] == pytest.approx(p[2], rel=1e-7)
        assert found["reg_hmm_entropy"][t] == pytest.approx(scipy.stats.entropy(p, base=2))
        assert found["reg_hmm_p_high_next"][t] == pytest.approx((p @ move)[2])


def test_mixture_probability_is_bayes_rule(case, found, table):
    (low, high) = [row for row in table.to_pylist() if row["model"] == "mixture2"][-2:]
    squares = (case.frame.ret**2).rolling(5).mean().to_numpy()
    x = 0.5 * np.log(squares[-1])
    odds = [row["to_1" if row is high else "to_0"] for row in (low, high)] * np.array(
        [scipy.stats.norm.pdf(x, row["mean"], row["sigma"]) for row in (low, high)]
    )
    assert low["mean"] < high["mean"]
    assert found["reg_gmm_p_high"][-1] == pytest.approx(odds[1] / odds.sum())


def test_a_planted_change_of_volatility_moves_the_filter(case, table):
    PARAMETERS[:] = table.to_pylist()
    row = [r for r in PARAMETERS if r["model"] == "hmm3"][-3:]
    low, high = row[0]["sigma"], row[2]["sigma"]
    r = case.frame.ret.to_numpy().copy()
    rng = np.random.default_rng(3)
    r[-40:-20] = rng.normal(0, low, 20)
    r[-20:] = rng.normal(0, high, 20)
    close = 100 * np.exp(np.nancumsum(r))
    bars = dataclasses.replace(case.bars, close=close)
    values = assemble.compute("regime", dataclasses.replace(bars, extra=extras(bars)))
    assert values["reg_hmm_p_high"][-21] < 0.1
    assert values["reg_hmm_p_high"][-1] > 0.8
    assert values["reg_hmm_since_switch"][-1] < 20


def test_every_parameter_that_kernels_read_is_named_by_the_macro():
    macro = (project_root() / "macros" / "features" / "hmm_parameters.sql").read_text()
    counts = {model: int(n) for model, n in re.findall(r"'(\w+)': (\d)", macro)}
    assert counts == hidden.MODELS
    pattern = re.compile(r"model ~ '_(\w+?)_' ~ i(?: ~ '_(\w+)_' ~ j)?")
    assert pattern.findall(macro) == [("mean", ""), ("sigma", ""), ("from", "to")]
    assert hidden.parameter_names("hmm2") == (
        *(f"hmm2_{name}_{i}" for name in ("mean", "sigma") for i in range(2)),
        *(f"hmm2_from_{i}_to_{j}" for i in range(2) for j in range(2)),
    )


def test_states_of_a_fit_are_ordered_and_its_rows_add_up(table):
    frame = table.to_pandas()
    for (model, _), fit in frame.groupby(["model", "quarter_start"]):
        assert fit.state.tolist() == list(range(hidden.MODELS[model]))
        order = fit["mean"] if model == "mixture2" else fit.sigma
        assert order.is_monotonic_increasing
        np.testing.assert_allclose(fit[["to_0", "to_1", "to_2"]].fillna(0).sum(axis=1), 1.0)
    assert (frame.fit_as_of < frame.quarter_start).all()


def test_a_known_model_is_found_again_and_its_filter_is_nearly_as_good_as_the_truths():
    rng = np.random.default_rng(7)
    sigma = np.array([0.006, 0.012, 0.030])
    move = np.full((3, 3), 0.01) + 0.97 * np.eye(3)
    state = np.zeros(4000, dtype=int)
    for t in range(1, 4000):
        state[t] = rng.choice(3, p=move[state[t - 1]])
    r = sigma[state] * rng.normal(size=4000)
    rows = fits.fit_hmm(r[:1000], 3)
    assert [row["sigma"] for row in rows] == pytest.approx(sigma, rel=0.2)

    def accuracy(mean, spread, transition):
        p, right = np.full(3, 1 / 3), 0
        for t in range(1000, 4000):
            p = (p @ transition) * scipy.stats.norm.pdf(r[t], mean, spread)
            p /= p.sum()
            right += p.argmax() == state[t]
        return right / 3000

    fitted = accuracy(
        np.array([row["mean"] for row in rows]),
        np.array([row["sigma"] for row in rows]),
        np.array([[row[f"to_{j}"] for j in range(3)] for row in rows]),
    )
    assert fitted > accuracy(np.zeros(3), sigma, move) - 0.03


def test_a_calm_state_that_ends_the_sample_can_be_left():
    # A storm, then calm to the end: EM says that calm is for ever.
    rng = np.random.default_rng(3)
    r = np.concatenate([rng.normal(0.0, 0.03, 300), rng.normal(0.0, 0.005, 700)])
    for states in (2, 3):
        rows = fits.fit_hmm(r, states)
        chances = np.array([[row[f"to_{k}"] for k in range(states)] for row in rows])
        assert chances.min() > 0.99 / (len(r) + states)
        np.testing.assert_allclose(chances.sum(axis=1), 1.0, rtol=1e-12)


def test_a_fit_has_no_unit_and_is_the_same_twice(case):
    r = case.frame.ret.to_numpy()[1:700]
    once, again, larger = fits.fit_hmm(r, 3), fits.fit_hmm(r, 3), fits.fit_hmm(100.0 * r, 3)
    assert once == again
    for a, b in zip(once, larger, strict=True):
        assert b["sigma"] == pytest.approx(100 * a["sigma"], rel=1e-6)
        assert b["to_0"] == pytest.approx(a["to_0"], abs=1e-6)


def test_unchanged_input_is_not_fitted_again_and_the_past_knows_no_future(
    panel, table, monkeypatch
):
    early = fits.hmm_fits(panel.slice(0, 900))
    assert early.num_rows > 0
    kept = {row["input_hash"]: row for row in table.to_pylist()}
    assert all(row["input_hash"] in kept for row in early.to_pylist())
    for name in ("fit_hmm", "fit_mixture"):
        monkeypatch.setattr(fits, name, lambda *_: pytest.fail("fitted again"))
    assert fits.hmm_fits(panel, table).equals(table)
    assert fits.hmm_fits(panel.slice(0, 900), table).equals(early)


def test_flat_prices_are_not_fitted_and_leave_no_wrong_number(bars):
    flat = np.full(len(bars), 25.0)
    extra = {name: values for name, values in bars.extra.items() if name != "vix"}
    still = dataclasses.replace(bars, open=flat, high=flat, low=flat, close=flat, extra=extra)
    values = assemble.compute("regime", still)
    for name in MODULE.columns:
        known = values[name][~np.isnan(values[name])]
        assert np.isfinite(known).all()
        if name.startswith(("reg_trend", "reg_adx", "reg_di", "reg_vix")):
            assert known.size == 0
