"""The momentum columns against TA-Lib, pandas, scipy, hand examples and plain recursions."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import talib
from scipy.stats import kendalltau, linregress

from engine.features import assemble, registry
from engine.features.momentum_logic import velocity
from engine.features.panel import Bars
from engine.features.workspace import Workspace
from engine.kernels.supertrend import supertrend

MODULE = registry.module("momentum_logic")
WARM = 700  # bars after which TA-Lib has forgotten its start


def agree(got, expected, *, start=0, rtol=1e-9, atol=1e-12, fewest=800):
    got, expected = np.asarray(got)[start:], np.asarray(expected)[start:]
    both = ~np.isnan(got)
    assert both.sum() >= fewest
    np.testing.assert_allclose(got[both], expected[both], rtol=rtol, atol=atol)


def bars_of(close, *, spread=0.01, volume=None) -> Bars:
    """Bars around a path of closes."""
    close = np.asarray(close, dtype=float)
    one = np.where(np.isnan(close), np.nan, 1.0)
    volume = one * 1e6 if volume is None else np.asarray(volume, dtype=float)
    return Bars(
        symbol="AAA",
        time=np.datetime64("2020-01-01") + np.arange(len(close)),
        open=close,
        high=close * (1.0 + spread),
        low=close * (1.0 - spread),
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
def mom(case) -> SimpleNamespace:
    f = case.frame
    high, low, close = (f[name].to_numpy() for name in ("high", "low", "close"))
    return SimpleNamespace(
        values=assemble.compute("momentum_logic", case.bars),
        frame=f,
        high=high,
        low=low,
        close=close,
        atr=talib.ATR(high, low, close, 14),
    )


def test_columns_are_those_of_the_catalog_in_its_order():
    catalog = Path(__file__).parents[4] / "shared" / "design" / "feature_catalog.csv"
    if not catalog.exists():
        pytest.skip("the design folder is not beside the checkout")
    with catalog.open(newline="") as file:
        names = [
            row["name"]
            for row in csv.DictReader(file)
            if (row["module"], row["scope"]) == ("momentum_logic", "daily")
        ]
    assert len(names) == 51
    assert list(MODULE.columns) == names


@pytest.mark.parametrize("name", MODULE.computed)
def test_a_value_appears_with_min_obs_bars_and_never_before(mom, name):
    feature = next(f for f in MODULE.features if f.name == name)
    first = int(np.flatnonzero(~np.isnan(mom.values[name]))[0])
    # counters, the streak and the trailing band wait for the first turn
    waits = ("mom_state_days", "mom_x_days", "mom_connors", "mom_supertrend")
    if name.startswith(waits):
        assert feature.min_obs - 1 <= first < feature.lookback
    else:
        assert first == feature.min_obs - 1


@pytest.mark.parametrize("w", [2, 7, 14, 21])
def test_rsi_is_that_of_talib_after_warm_up(mom, w):
    agree(mom.values[f"mom_rsi_{w}"], talib.RSI(mom.close, w), start=WARM, rtol=1e-5, atol=1e-3)


def test_slow_stochastic_is_that_of_talib(mom):
    _, expected = talib.STOCH(mom.high, mom.low, mom.close, 14, 3, 0, 3, 0)
    agree(mom.values["mom_stochd_14"], expected, rtol=1e-8)


def test_macd_parts_are_those_of_talib_over_its_atr(mom):
    line, _, histogram = talib.MACD(mom.close, 12, 26, 9)
    agree(mom.values["mom_macd_line"], line / mom.atr, start=WARM, rtol=1e-5, atol=1e-6)
    agree(mom.values["mom_macd_hist"], histogram / mom.atr, start=WARM, rtol=1e-5, atol=1e-6)


def test_true_strength_is_the_ratio_of_pandas_double_averages(mom):
    def twice(x):
        return x.ewm(span=25, adjust=False).mean().ewm(span=13, adjust=False).mean()

    step = mom.frame.close.diff().dropna()
    expected = (100.0 * twice(step) / twice(step.abs())).reindex(mom.frame.index)
    agree(mom.values["mom_tsi"], expected, start=WARM, rtol=1e-4, atol=1e-4)


def test_cci_and_ultimate_oscillator_are_those_of_talib(mom):
    bars = (mom.high, mom.low, mom.close)
    agree(mom.values["mom_cci_20"], talib.CCI(*bars, 20), rtol=1e-7, atol=1e-7)
    agree(mom.values["mom_uo"], talib.ULTOSC(*bars, 7, 14, 28), rtol=1e-7)


def test_trix_is_that_of_talib_after_warm_up(mom):
    agree(mom.values["mom_trix_15"], talib.TRIX(mom.close, 15), start=WARM, rtol=1e-4, atol=1e-6)


def test_know_sure_thing_adds_up_smoothed_percent_changes(mom):
    expected = sum(
        weight * (100.0 * mom.frame.close.pct_change(k)).rolling(smoothing).mean()
        for weight, k, smoothing in ((1, 10, 10), (2, 15, 10), (3, 20, 10), (4, 30, 15))
    )
    agree(mom.values["mom_kst"], expected, rtol=1e-8, atol=1e-9)


def test_vortex_is_the_difference_of_rolling_sums(mom):
    f = mom.frame
    up = (f.high - f.low.shift()).abs().rolling(14).sum()
    down = (f.low - f.high.shift()).abs().rolling(14).sum()
    reach = pd.Series(talib.TRANGE(mom.high, mom.low, mom.close), f.index).rolling(14).sum()
    agree(mom.values["mom_vortex_14"], (up - down) / reach, rtol=1e-7, atol=1e-10)


def test_connors_is_the_mean_of_two_strengths_and_a_rank(mom):
    runs, run = [], 0
    for step in np.diff(mom.close, prepend=np.nan):
        if step > 0:
            run = run + 1 if run > 0 else 1
        elif step < 0:
            run = run - 1 if run < 0 else -1
        else:
            run = 0
        runs.append(float(run))
    rank = (mom.frame.ret.rolling(101).rank() - 1.0) / 100.0
    expected = (talib.RSI(mom.close, 3) + talib.RSI(np.array(runs), 2) + 100.0 * rank) / 3.0
    agree(mom.values["mom_connors"], expected, start=WARM, rtol=1e-5)


@pytest.mark.parametrize("w", [5, 10, 20, 60])
def test_velocity_is_the_slope_of_the_last_half_window_of_the_average(mom, w):
    average, size = talib.EMA(mom.close, w), max(3, w // 2)
    for t in range(WARM, len(average), 97):
        fit = linregress(np.arange(size), average[t - size + 1 : t + 1])
        expected = fit.slope / mom.atr[t]
        assert mom.values[f"mom_velocity_{w}"][t] == pytest.approx(expected, rel=1e-4, abs=1e-7)


def test_velocity_of_a_straight_line_is_its_slope_over_its_range():
    close = 100.0 + 0.5 * np.arange(800)
    bars = dataclasses.replace(bars_of(close), high=close + 1.0, low=close - 1.0)
    found = assemble.compute("momentum_logic", bars)
    for w in (5, 10, 20, 60):  # true range is 2: high less low
        assert found[f"mom_velocity_{w}"][-1] == pytest.approx(0.25, rel=1e-5)


def test_states_follow_the_table_of_sign_and_change_of_velocity(monkeypatch):
    usual = [1.0, -1.0] * 60  # their median size is 1: the dead band is half of it
    ends = {
        (2.0, 2.0, 2.0, 2.6): velocity.ACCELERATING,
        (2.0, 2.0, 2.0, 1.4): velocity.DYING,
        (2.0, 2.0, 2.0, 2.4): velocity.STEADY,
        (-2.0, -2.0, -2.0, -2.6): velocity.ACCELERATING,
        (-2.0, -2.0, -2.0, -1.4): velocity.DYING,
        (-0.3, -0.3, -0.3, 0.3): velocity.ACCELERATING,  # turned up: the new direction grows
        (0.0, 0.0, 0.0, 0.4): velocity.STEADY,
    }
    for last, expected in ends.items():
        speed = np.array([*usual, *last])
        monkeypatch.setattr(velocity, "velocity", lambda s, w, speed=speed: speed)
        s = Workspace(bars_of(np.full(len(speed), 100.0)))
        assert velocity.state(s, 5)[-1] == expected, last


def test_flags_are_one_hot_and_days_count_since_their_change(mom):
    for w in (5, 20):
        flags = [mom.values[f"mom_{name}_{w}"] for name in ("dying", "steady", "accelerating")]
        total = sum(flags)
        np.testing.assert_array_equal(total[~np.isnan(total)], 1.0)
        assert all(np.nanmean(flag) > 0.1 for flag in flags)
        state, days = flags[2] - flags[0], mom.values[f"mom_state_days_{w}"]
        for t in range(400, 500):
            count = next(k for k in range(1, 300) if state[t - k] != state[t]) - 1
            assert days[t] == count


def test_skip_month_momentum_leaves_the_last_month_out(mom):
    log = np.log(mom.frame.close)
    agree(mom.values["mom_12_1"], log.shift(21) - log.shift(252))
    agree(mom.values["mom_6_1"], log.shift(21) - log.shift(126))


@pytest.mark.parametrize("w", [120, 252])
def test_time_series_momentum_divides_by_weighted_volatility(mom, w):
    variance = (mom.frame.ret**2).ewm(com=60).mean()
    expected = np.log(mom.frame.close).diff(w) / np.sqrt(variance * w)
    agree(mom.values[f"mom_tsmom_{w}"], expected, start=850, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("w", [60, 252])
def test_information_discreteness_counts_rises_and_falls(mom, w):
    ret = mom.frame.ret.to_numpy()
    for t in range(w, len(ret), 53):
        r = ret[t - w + 1 : t + 1]
        expected = np.sign(r.sum()) * ((r < 0).mean() - (r > 0).mean())
        assert mom.values[f"mom_fip_{w}"][t] == pytest.approx(expected, abs=1e-12)


def test_many_small_rises_are_continuous_information_and_one_jump_is_not():
    smooth = 100.0 * np.exp(0.001 * np.arange(80))
    jump = np.where(np.arange(80) < 79, 100.0 * np.exp(-0.001 * np.arange(80)), 200.0)
    assert assemble.compute("momentum_logic", bars_of(smooth))["mom_fip_60"][-1] == -1.0
    found = assemble.compute("momentum_logic", bars_of(jump))["mom_fip_60"][-1]
    assert found == pytest.approx(59 / 60 - 1 / 60)


def test_divergence_is_the_difference_of_changes_in_their_spread(mom):
    price = np.log(mom.frame.close).diff(14)
    strength = pd.Series(talib.RSI(mom.close, 14), mom.frame.index).diff(14)
    expected = price / price.rolling(60).std() - strength / strength.rolling(60).std()
    agree(mom.values["mom_rsi_div_14"], expected, start=WARM, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("w", [20, 55])
def test_breakouts_are_measured_from_the_channel_before(mom, w):
    f = mom.frame
    top, bottom = f.high.rolling(w).max().shift(), f.low.rolling(w).min().shift()
    distance = (f.close - top).clip(lower=0) + (f.close - bottom).clip(upper=0)
    agree(mom.values[f"mom_donchian_{w}"], distance / mom.atr, start=WARM, rtol=1e-5, atol=1e-9)
    found = mom.values[f"mom_donchian_{w}"]
    assert np.nanmin(found) < 0.0 < np.nanmax(found)


@pytest.mark.parametrize(("a", "b"), [(20, 60), (50, 200)])
def test_crossings_are_those_of_talib_means(mom, a, b):
    apart = talib.SMA(mom.close, a) - talib.SMA(mom.close, b)
    got = mom.values[f"mom_x_{a}_{b}"]
    agree(got, apart / mom.atr, start=WARM, rtol=1e-5, atol=1e-7)
    days = mom.values[f"mom_x_days_{a}_{b}"]
    for t in range(700, 1700, 41):
        since = next((k for k in range(253) if (apart[t - k - 1] > 0) != (apart[t] > 0)), 252)
        assert days[t] == min(since, 252)


def test_the_ribbon_is_kendalls_tau_between_speed_and_place(mom):
    windows = (5, 8, 13, 21, 34, 55, 89, 144)
    averages = np.array([talib.EMA(mom.close, w) for w in windows])
    for t in range(1300, 1700, 23):
        expected = kendalltau(-np.array(windows), averages[:, t]).statistic
        assert mom.values["mom_ribbon"][t] == pytest.approx(expected, abs=1e-12)


def test_the_cloud_is_the_one_drawn_26_bars_before(mom):
    def mid(w):
        return 0.5 * (mom.frame.high.rolling(w).max() + mom.frame.low.rolling(w).min())

    agree(mom.values["mom_ichi_tk"], (mid(9) - mid(26)) / mom.atr, start=WARM, rtol=1e-5, atol=1e-8)
    spans = pd.concat([0.5 * (mid(9) + mid(26)), mid(52)], axis=1).shift(26)
    close = mom.frame.close
    top, bottom = spans.max(axis=1), spans.min(axis=1)
    distance = (close - top).clip(lower=0) + (close - bottom).clip(upper=0)
    agree(mom.values["mom_ichi_cloud"], distance / mom.atr, start=WARM, rtol=1e-5, atol=1e-8)


def trailing_band(middle, close, width):
    """Supertrend over all history, as its charts draw it."""
    upper, lower, rising, line = np.nan, np.nan, True, []
    for t in range(len(close)):
        up, down = middle[t] + width[t], middle[t] - width[t]
        if np.isnan(up):
            line.append(np.nan)
            continue
        if close[t] > upper:
            rising = True
        elif close[t] < lower:
            rising = False
        upper = up if not upper <= up or close[t - 1] > upper else upper
        lower = down if not lower >= down or close[t - 1] < lower else lower
        line.append(lower if rising else upper)
    return np.array(line)


def test_the_trailing_band_of_252_bars_is_that_of_all_history(mom):
    width = 3.0 * talib.ATR(mom.high, mom.low, mom.close, 10)
    line = trailing_band(0.5 * (mom.high + mom.low), mom.close, width)
    expected = (mom.close - line) / mom.atr
    got = mom.values["mom_supertrend"]
    same = np.isclose(got[WARM:], expected[WARM:], rtol=1e-3, atol=1e-4)
    assert same.mean() > 0.99
    assert np.nanmin(got) < -1.0 and np.nanmax(got) > 1.0


def test_the_trailing_band_turns_when_the_close_breaks_it():
    close = np.array([100.0, 101.0, 104.0, 106.0, 104.0, 102.5, 99.0])
    line = supertrend(close, close, np.full(7, 2.0), 252)
    # Up: broken at 104, above 100 + 2. The band follows to 104 and holds; 102.5 breaks it, and
    # the band above has come down to 106 by then.
    np.testing.assert_array_equal(line[:4], [np.nan, np.nan, 102.0, 104.0])
    np.testing.assert_array_equal(line[4:], [104.0, 104.5, 101.0])


def test_elder_rays_are_high_and_low_from_the_average(mom):
    average = talib.EMA(mom.close, 13)
    for name, price in (("bull", mom.high), ("bear", mom.low)):
        expected = (price - average) / mom.atr
        agree(mom.values[f"mom_elder_{name}"], expected, start=WARM, rtol=1e-4, atol=1e-5)


def test_horizons_vote_by_their_moves_in_sigmas(mom):
    sigma = mom.frame.ret.rolling(60).std()
    log = np.log(mom.frame.close)
    z = pd.concat([log.diff(h) / (sigma * np.sqrt(h)) for h in (5, 20, 60, 252)], axis=1).dropna()
    vote = np.tanh(z)
    rows = slice(len(mom.close) - len(z), None)

    def got(name):
        return mom.values[name][rows]

    agree(got("mom_mtf_score"), vote.mean(axis=1), rtol=1e-7, atol=1e-9)
    agree(got("mom_mtf_agree"), vote.sum(axis=1).abs() / vote.abs().sum(axis=1), rtol=1e-7)
    apart = (z.max(axis=1) >= 0.5) & (z.min(axis=1) <= -0.5)
    np.testing.assert_array_equal(got("mom_mtf_conflict"), apart)
    np.testing.assert_array_equal(got("mom_mtf_dominant"), z.abs().to_numpy().argmax(axis=1))
    slopes = np.polyfit([3.0, 2.0, 1.0, 0.0], vote.to_numpy().T, 1)[0]
    agree(got("mom_mtf_slope"), slopes, rtol=1e-7, atol=1e-9)


def test_in_a_straight_rise_all_horizons_agree():
    rng = np.random.default_rng(2)
    close = 100.0 * np.exp(np.cumsum(0.004 + 0.001 * rng.standard_normal(400)))
    found = assemble.compute("momentum_logic", bars_of(close))
    assert found["mom_mtf_score"][-1] > 0.99
    assert found["mom_mtf_agree"][-1] == 1.0
    assert found["mom_mtf_conflict"][-1] == 0.0
    assert found["mom_mtf_dominant"][-1] == 3.0
    assert abs(found["mom_mtf_slope"][-1]) < 0.01


def test_reversal_weights_returns_by_relative_volume(mom):
    f = mom.frame
    weighted = f.ret * f.volume / f.volume.rolling(20).mean()
    expected = -weighted.rolling(5).sum() / (f.ret.rolling(60).std() * np.sqrt(5))
    agree(mom.values["mom_reversal_5"], expected, rtol=1e-7, atol=1e-9)


def test_a_bar_without_volume_adds_nothing_to_the_reversal(case):
    volume = case.bars.volume.copy()
    volume[1000] = 0.0
    close = case.bars.close.copy()
    close[1000:] *= 1.3
    quiet = dataclasses.replace(case.bars, volume=volume)
    jumped = dataclasses.replace(quiet, close=close, high=close * 1.01, low=close * 0.99)
    one, two = (
        assemble.compute("momentum_logic", b)["mom_reversal_5"]
        * pd.Series(np.log(b.close)).diff().rolling(60).std().to_numpy()
        for b in (quiet, jumped)
    )
    np.testing.assert_allclose(two[1000:1005], one[1000:1005], rtol=1e-9)
