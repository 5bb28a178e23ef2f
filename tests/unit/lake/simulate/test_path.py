from __future__ import annotations

import datetime as dt
from dataclasses import fields

import numpy as np
import pytest
from simulated_market import Long, long_path

from engine.lake.simulate.model import physical_law
from engine.lake.simulate.path import simulate_path
from engine.lake.simulate.scenario import EDGES, scenario
from engine.lake.simulate.timeline import timeline
from engine.lake.simulate.universe import EQUITY, SYMBOLS


def net_returns(made: Long) -> np.ndarray:
    """Return log returns close to close, dividends included, splits undone."""
    path, line = made.path, made.line
    raw = path.close + path.outstanding
    paid, ratio = np.zeros_like(raw), np.ones_like(raw)
    for dividend in path.dividends:
        if dividend.ex < line.count:
            paid[dividend.ex, dividend.instrument] += dividend.amount
    for split in path.splits:
        if split.ex < line.count:
            ratio[split.ex, split.instrument] = split.numerator / split.denominator
    return np.log((raw[1:] + paid[1:]) * ratio[1:] / raw[:-1])


@pytest.fixture(scope="module")
def null_paths() -> list[Long]:
    return [long_path("null", seed) for seed in (1, 2, 3)]


@pytest.fixture(scope="module")
def planted_paths() -> list[Long]:
    return [long_path("planted", seed) for seed in (1, 2, 3)]


def test_a_longer_path_begins_with_the_shorter_one() -> None:
    first = dt.date(2019, 11, 4)
    short, long = (
        simulate_path(timeline(first, count), 3, scenario("planted")) for count in (150, 400)
    )
    for each in fields(short):
        a, b = getattr(short, each.name), getattr(long, each.name)
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b[:150], err_msg=each.name)
        else:
            assert b[: len(a)] == a, each.name


def test_seeds_give_different_paths() -> None:
    line = timeline(dt.date(2024, 1, 2), 30)
    a, b = (simulate_path(line, seed, scenario("default")) for seed in (1, 2))
    assert not np.isclose(a.close, b.close).any(axis=0).all()


def test_returns_have_fat_tails(default_path: Long) -> None:
    returns = net_returns(default_path)
    z = (returns - returns.mean(0)) / returns.std(0)
    assert ((z**4).mean(0) > 3.5).all()


def test_falls_raise_variance_more_than_rises(default_path: Long) -> None:
    path, spy = default_path.path, SYMBOLS.index("SPY")
    move = path.day_shock[:, EQUITY]
    change = np.log(path.variance_after[:, EQUITY] / path.variance[:, EQUITY])
    assert np.corrcoef(move, change)[0, 1] < -0.4
    returns = net_returns(default_path)[:, spy]
    later = np.array([(returns[k + 1 : k + 11] ** 2).mean() for k in range(len(returns) - 10)])
    assert np.corrcoef(returns[:-10], later)[0, 1] < -0.05


def test_volatility_clusters(default_path: Long) -> None:
    size = np.abs(net_returns(default_path)[:, SYMBOLS.index("SPY")])
    for lag in (1, 5, 20):
        assert np.corrcoef(size[:-lag], size[lag:])[0, 1] > 0.08


def test_correlations_have_their_signs(default_path: Long) -> None:
    correlation = dict(
        zip(
            SYMBOLS,
            np.corrcoef(net_returns(default_path).T)[SYMBOLS.index("SPY")],
            strict=True,
        )
    )
    assert -0.5 < correlation["TLT"] < -0.05
    assert correlation["VXX"] < -0.75
    assert all(correlation[name] > 0.75 for name in ("QQQ", "IWM", "DIA", "XLF", "XLK"))
    assert correlation["HYG"] > 0.5
    assert abs(correlation["GLD"]) < 0.25
    gold = np.corrcoef(net_returns(default_path).T)[SYMBOLS.index("GLD"), SYMBOLS.index("SLV")]
    assert gold > 0.6


def test_volatilities_are_those_of_their_kind(default_path: Long) -> None:
    annual = dict(zip(SYMBOLS, net_returns(default_path).std(0) * np.sqrt(252.0), strict=True))
    assert 0.11 < annual["SPY"] < 0.25
    assert annual["LQD"] < annual["TLT"] < annual["SPY"] < annual["IWM"] < annual["USO"]
    assert 0.5 < annual["VXX"] < 1.1


def test_every_regime_is_visited_and_worse_ones_are_wilder(default_path: Long) -> None:
    returns = net_returns(default_path)[:, SYMBOLS.index("SPY")]
    regime = default_path.path.regime[1:]
    assert np.bincount(regime, minlength=4).min() > 20
    deviations = [returns[regime == state].std() for state in range(4)]
    assert deviations == sorted(deviations)


def test_null_prices_are_martingales(null_paths: list[Long]) -> None:
    growth = np.concatenate([np.expm1(net_returns(made)) for made in null_paths])
    error = growth.std(0) / np.sqrt(len(growth))
    assert (np.abs(growth.mean(0)) < 3.5 * error).all()
    for a, b in (("open", "snapshot"), ("snapshot", "close")):
        steps = np.concatenate(
            [getattr(made.path, b) / getattr(made.path, a) - 1.0 for made in null_paths]
        )
        assert (np.abs(steps.mean(0)) < 3.5 * steps.std(0) / np.sqrt(len(steps))).all()


def test_null_returns_are_not_predictable_from_the_past(null_paths: list[Long]) -> None:
    growth = np.concatenate([np.expm1(net_returns(made)) for made in null_paths])
    squared = physical_law().loadings ** 2
    scale = np.concatenate([np.sqrt(made.path.variance[1:] @ squared.T) for made in null_paths])
    signed = growth / scale  # known before the return, so still unpredictable
    for lag in (1, 2, 5):
        for past in (signed, np.abs(signed)):
            products = signed[lag:] * past[:-lag]
            z = products.mean(0) / (products.std(0) / np.sqrt(len(products)))
            assert (np.abs(z) < 3.8).all()


def test_null_has_no_rates_and_default_has(null_paths: list[Long], default_path: Long) -> None:
    assert all((made.path.rate == 0.0).all() for made in null_paths)
    assert (default_path.path.rate > 0.0).all()


@pytest.mark.parametrize("which", range(len(EDGES)))
def test_planted_edges_have_the_stated_strength(planted_paths: list[Long], which: int) -> None:
    """18,000 sessions: the standard error of an annual Sharpe ratio is 0.12."""
    edge = EDGES[which]
    at = SYMBOLS.index(edge.symbol)
    reward, signal = [], []
    for made in planted_paths:
        path = made.path
        sigma = np.sqrt(path.variance @ physical_law().loadings[at] ** 2)
        reward.append(np.log(path.close[:, at] / path.open[:, at]) / sigma)
        signal.append(path.signals[:, which])
    y, x = np.concatenate(reward), np.concatenate(signal)
    gain = x * y
    sharpe = gain.mean() / gain.std() * np.sqrt(252.0)
    assert abs(sharpe - edge.sharpe) < 0.36
    r_squared = np.corrcoef(x, y)[0, 1] ** 2
    error = 2.0 * np.sqrt(edge.r_squared / len(y))
    assert abs(r_squared - edge.r_squared) < 3.0 * error + 0.1 * edge.r_squared
    assert 0.7 < np.mean(x**2) < 1.3


def test_planted_strengths_are_in_the_issue_s_bands() -> None:
    by_name = {edge.name: edge for edge in EDGES}
    assert by_name["momentum"].sharpe == pytest.approx(1.3, abs=0.1)
    assert by_name["mean_reversion"].sharpe == pytest.approx(1.3, abs=0.1)
    assert 0.02 < by_name["interaction"].r_squared < 0.05


def test_neither_half_of_the_interaction_predicts_alone(planted_paths: list[Long]) -> None:
    at = SYMBOLS.index("XLK")
    for name in ("last", "older"):
        x, y = [], []
        for made in planted_paths:
            returns = net_returns(made)[:, at]
            reward = np.log(made.path.close[:, at] / made.path.open[:, at])
            sums = np.convolve(returns, np.ones(20), mode="valid")
            # return k is of session k + 1; session t knows returns up to t - 2 (0-based)
            days = np.arange(60, len(reward))
            x.append(returns[days - 2] if name == "last" else sums[days - 22])
            y.append(reward[days])
        a, b = np.concatenate(x), np.concatenate(y)
        assert abs(np.corrcoef(np.sign(a), b)[0, 1]) < 4.0 / np.sqrt(len(a))


def test_no_other_symbol_is_predictable_in_planted(planted_paths: list[Long]) -> None:
    quiet = [i for i, name in enumerate(SYMBOLS) if name not in {e.symbol for e in EDGES}]
    growth = np.concatenate([np.expm1(net_returns(made)) for made in planted_paths])[:, quiet]
    z = growth.mean(0) / (growth.std(0) / np.sqrt(len(growth)))
    assert (np.abs(z) < 3.8).all()


def test_splits_never_meet_an_unpaid_dividend(default_path: Long) -> None:
    path = default_path.path
    assert {SYMBOLS[split.instrument] for split in path.splits} >= {"VXX", "XLK"}
    for split in path.splits:
        for dividend in path.dividends:
            if dividend.instrument == split.instrument:
                assert not dividend.declared <= split.ex <= dividend.ex
