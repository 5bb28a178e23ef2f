"""The duration module on bars: definitions in pandas, hand examples, the function in SQL."""

from __future__ import annotations

import csv
import dataclasses
from types import SimpleNamespace

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from engine.features import assemble, registry
from engine.features.duration import session
from engine.features.panel import Bars
from engine.features.udf import Lists, register
from engine.kernels.session_durations import price_spells
from engine.settings import project_root

MODULE = registry.module("duration")
FEATURES = {feature.name: feature for feature in MODULE.features}
LENGTH = 900


def make_bars(close=None, seed: int = 50) -> Bars:
    rng = np.random.default_rng(seed)
    sigma = 0.01 * np.exp(0.4 * np.sin(np.arange(LENGTH) / 50))
    if close is None:
        close = 100.0 * np.exp(np.cumsum(sigma * rng.standard_t(4, LENGTH)))
    n = len(close)
    high = close * np.exp(np.abs(rng.normal(0.0, 0.004, n)))
    low = close * np.exp(-np.abs(rng.normal(0.0, 0.004, n)))
    volume = np.round(np.exp(rng.normal(14.0, 0.4, n)))
    extra = {name: rng.uniform(0.1, 0.9, n) for name in session.FIELDS}
    spells = np.sort(np.exp(rng.uniform(0.0, 5.0, (len(session.SPELLS), n))), axis=0)
    extra |= dict(zip(session.SPELLS, spells, strict=True))
    extra |= {"acd_omega": np.full(n, 0.05), "acd_alpha": np.full(n, 0.15)}
    extra |= {"acd_beta": np.full(n, 0.80)}
    return Bars(
        symbol="AAA",
        time=np.datetime64("2020-01-01") + np.arange(n),
        open=close,
        high=high,
        low=low,
        close=close,
        volume=volume,
        raw_close=close,
        raw_volume=volume,
        vwap=close,
        dollar_volume=close * volume,
        transactions=np.ones(n),
        factor=np.ones(n),
        extra=extra,
    )


@pytest.fixture(scope="module")
def case() -> SimpleNamespace:
    bars = make_bars()
    frame = pd.DataFrame({name: getattr(bars, name) for name in ("high", "low", "close", "volume")})
    return SimpleNamespace(
        bars=bars,
        values=assemble.compute("duration", bars),
        frame=frame,
        r=np.log(frame.close).diff(),
        extra=pd.DataFrame(dict(bars.extra)),
    )


def agree(got, expected, rtol=1e-9):
    """Both are known in the same rows, from some row on, and equal there."""
    expected = np.asarray(expected, dtype=np.float64)
    known = ~np.isnan(got)
    assert known.sum() > 300
    np.testing.assert_allclose(got[known], expected[known], rtol=rtol, atol=1e-12)


def test_columns_are_those_of_the_catalog_in_its_order():
    design = project_root().parent / "shared" / "design" / "feature_catalog.csv"
    if not design.is_file():
        pytest.skip("the design folder is not beside the checkout")
    with design.open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["scope"] == "daily" and r["tier"] == "core"]
    names = [r["name"] for r in rows if r["module"] == "duration"]
    assert len(names) == 33
    assert list(MODULE.columns) == names


def since(events: pd.Series) -> np.ndarray:
    """ln(1 + bars since the last event, at most 252)."""
    place = pd.Series(np.arange(len(events), dtype=float)).where(events).ffill()
    return np.log1p((np.arange(len(events)) - place).fillna(252.0).clip(upper=252.0))


@pytest.mark.parametrize("size", [1, 2])
def test_moves_are_counted_from_in_sigmas_of_the_60_returns_before(case, size):
    sigma = case.r.rolling(60).std().shift()
    agree(case.values[f"dur_since_move{size}s"], since(case.r.abs() > size * sigma))


@pytest.mark.parametrize("window", [20, 60, 252])
def test_new_extremes_are_those_of_their_own_window(case, window):
    top = case.frame.high.rolling(window).max() == case.frame.high
    agree(case.values[f"dur_since_high{window}"], since(top))
    bottom = case.frame.low.rolling(window).min() == case.frame.low
    agree(case.values[f"dur_since_low{window}"], since(bottom))


def test_runs_of_a_hand_example():
    close = np.concatenate([[10.0, 11, 12, 11, 10, 9, 9, 9, 10], np.full(300, 11.0)])
    got = assemble.compute("duration", make_bars(close))["dur_run"]
    np.testing.assert_array_equal(got[:10], [np.nan, np.nan, np.nan, -1, -2, -3, 0, 0, 1, 2])
    assert (got[10:] == 0.0).all()  # flat: a run of zeros


def test_runs_equal_a_count_in_pandas(case):
    signs = np.sign(case.r)
    blocks = (signs != signs.shift()).cumsum()
    agree(case.values["dur_run"], (signs.groupby(blocks).cumcount() + 1) * signs)
    for window in (20, 60):
        changes = (signs != signs.shift()).astype(float).rolling(window - 1).sum()
        agree(case.values[f"dur_run_mean_{window}"], window / (changes + 1))


def test_drawdowns_are_those_of_the_window(case):
    close = case.frame.close
    present = close.rolling(252).apply(lambda x: 251 - np.argmax(x.to_numpy()))
    agree(case.values["dur_underwater"], np.log1p(present))
    assert (case.values["dur_dd_max_252"] >= case.values["dur_underwater"])[251:].all()

    def longest(x):
        below = x < x.expanding().max()
        return below.groupby((~below).cumsum()).sum().max()

    agree(case.values["dur_dd_max_120"], np.log1p(close.rolling(120).apply(longest)))


@pytest.mark.parametrize("window", [20, 60])
def test_share_above_the_average_is_pandas(case, window):
    above = (case.frame.close > case.frame.close.rolling(window).mean()).astype(float)
    agree(
        case.values[f"dur_above_{window}"],
        above.where(np.arange(LENGTH) >= window - 1).rolling(window).mean(),
    )


def test_volume_durations_are_the_session_s_at_the_usual_volume(case):
    volume = case.frame.volume
    usual = volume.rolling(20).mean().shift()
    expected = case.extra.duration_volbar_log + np.log(usual / volume)
    agree(case.values["dur_volbar_mean_1"], expected)
    z = (expected - expected.rolling(20).mean()) / expected.rolling(20).std()
    agree(case.values["dur_volbar_z_20"], z, rtol=1e-6)


def test_an_even_session_of_twice_the_usual_volume_has_bars_half_as_long():
    bars = make_bars()
    volume = np.full(LENGTH, 1e6)
    volume[-1] = 2e6
    extra = dict(bars.extra) | {"duration_volbar_log": np.full(LENGTH, np.log(390 / 50))}
    got = assemble.compute("duration", dataclasses.replace(bars, volume=volume, extra=extra))
    assert got["dur_volbar_mean_1"][-2] == pytest.approx(np.log(7.8))
    assert got["dur_volbar_mean_1"][-1] == pytest.approx(np.log(3.9))


def test_price_durations_lie_between_two_rungs_of_the_ladder(case):
    move = 0.25 * case.r.rolling(20).std().shift()
    place = (2 * np.log2(move / 1e-4)).clip(0, 16)
    ladder = np.log(case.extra[list(session.SPELLS)].to_numpy())
    expected = [
        np.interp(p, np.arange(17), row) if p == p else np.nan
        for p, row in zip(place, ladder, strict=True)
    ]
    agree(case.values["dur_price_mean_1"], expected)
    cvs = case.extra[list(session.SPELL_CVS)].to_numpy()
    expected = [row[round(p)] if p == p else np.nan for p, row in zip(place, cvs, strict=True)]
    agree(case.values["dur_price_cv_1"], expected)
    mean = pd.Series(case.values["dur_price_mean_1"])
    z = (mean - mean.rolling(20).mean()) / mean.rolling(20).std()
    agree(case.values["dur_price_z_20"], z, rtol=1e-6)


def test_the_ladder_is_close_to_moves_counted_at_the_very_size():
    rng = np.random.default_rng(8)
    errors = []
    for _ in range(40):
        price = np.cumsum(rng.normal(0.0, 6e-4, 390))
        move = 0.25 * 0.012 * rng.uniform(0.8, 1.2)
        minutes = np.arange(390)
        rungs = [price_spells(minutes, price, 0.0, 390, 1e-4 * 2 ** (k / 2))[1] for k in range(17)]
        between = np.interp(2 * np.log2(move / 1e-4), np.arange(17), np.log(rungs))
        errors.append(between - np.log(price_spells(minutes, price, 0.0, 390, move)[1]))
    assert np.abs(np.mean(errors)) < 0.05
    assert np.std(errors) < 0.2


def test_times_of_extremes_are_averaged(case):
    for end in ("high", "low"):
        expected = case.extra[f"dur_{end}time_1"].rolling(20).mean()
        agree(case.values[f"dur_{end}time_mean_20"], expected)


def test_a_rise_reaches_the_upper_barrier_first():
    # After a stir that gives sigma its size, up 1% a bar: every path goes up.
    stir = np.cumsum(np.tile([0.01, -0.01], 200))
    rise = stir[-1] + 0.03 * np.arange(1, 41)
    fall = rise[-1] - 0.03 * np.arange(1, 41)
    close = 100 * np.exp(np.concatenate([stir, rise, fall]))
    got = assemble.compute("duration", make_bars(close))["dur_firstpass_20"]
    assert got[439] > 0.9
    assert got[479] < 0.1


def test_forecast_of_durations_is_the_recursion_in_python(case):
    shares = case.extra[list(session.SHARES)]
    volume = case.frame.volume
    usual = shares.rolling(20).mean().shift()
    x = (shares / usual).mul(volume.rolling(20).mean().shift() / volume, axis=0).to_numpy()
    steps = int(np.ceil(np.log(1e-6) / np.log(0.80) / 50)) + 1
    for t in range(300, LENGTH, 97):
        past = x[t - steps + 1 : t + 1].ravel()
        psi, ratios = past.mean(), []
        for value in past:
            ratios.append(value / psi)
            psi = 0.05 + 0.15 * value + 0.80 * psi
        assert case.values["dur_acd_psi_1"][t] == pytest.approx(np.log(psi), rel=1e-9)
        expected = np.log(np.mean(ratios[-50:]))
        assert case.values["dur_acd_eps_1"][t] == pytest.approx(expected, rel=1e-9)
        assert case.values["dur_acd_persist"][t] == pytest.approx(0.95)


def test_without_minutes_the_columns_of_bars_are_all_there(case):
    got = assemble.compute("duration", dataclasses.replace(case.bars, extra={}))
    for name in ("dur_acd_psi_1", "dur_volbar_mean_1", "dur_price_mean_1", "dur_price_cv_1"):
        assert np.isnan(got[name]).all()
    np.testing.assert_array_equal(got["dur_run"], case.values["dur_run"])


@pytest.mark.parametrize("name", MODULE.computed)
def test_value_appears_no_earlier_than_min_obs_and_stays_after_the_lookback(case, name):
    feature = FEATURES[name]
    there = ~np.isnan(case.values[name])
    first = np.flatnonzero(there)[0]
    assert first >= feature.min_obs - 1
    if not name.startswith(("dur_since", "dur_run")):
        assert first == feature.min_obs - 1
    assert there[feature.lookback - 1 :].all()


def test_session_function_in_sql_equals_the_kernel():
    rng = np.random.default_rng(51)
    lengths = [390, 210, 390]
    days = []
    for k, n in enumerate((390, 210, 60)):
        close = np.round(50 * np.exp(np.cumsum(rng.normal(0, 5e-4, n))), 2)
        frame = {"minute": np.arange(n), "open": close, "high": close + 0.01, "low": close - 0.01}
        frame |= {"close": close, "volume": rng.exponential(100.0, n)}
        days.append(pd.DataFrame(frame).assign(day=k, length=lengths[k]))
    minutes = pd.concat(days)
    con = duckdb.connect()
    register(con)
    con.register("minutes", pa.Table.from_pandas(minutes[::-1], preserve_index=False))
    rows = con.execute(
        """
        select day, unnest(duration_session(
            list(minute::integer), list(open), list(high), list(low), list(close), list(volume),
            any_value(length::integer)
        ))
        from minutes group by day order by day
        """
    ).fetchall()
    assert [column[0] for column in con.description] == ["day", *session.FIELDS]
    names = ("minute", "open", "high", "low", "close", "volume")
    lists = [Lists(minutes[name].to_numpy(), np.cumsum([0, 390, 210, 60])) for name in names]
    expected = np.array(session.duration_session(*lists, np.array(lengths))).T
    for k in (0, 1):
        got = np.array(rows[k][1:], dtype=np.float64)
        np.testing.assert_array_equal(got, expected[k])
    assert set(rows[2][1:]) == {None}  # 60 of 390 minutes: unknown, and NULL
