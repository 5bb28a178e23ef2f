"""The raw columns against pandas, TA-Lib, scipy and identities."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import talib
from scipy.stats import linregress

from engine.features import assemble

YEAR = np.sqrt(252.0)


def agree(got, expected, *, start=0, rtol=1e-9, atol=1e-12):
    """Equal from `start` on, with at least 800 values compared."""
    got, expected = np.asarray(got)[start:], np.asarray(expected)[start:]
    both = ~np.isnan(got)
    assert both.sum() > 800
    np.testing.assert_allclose(got[both], expected[both], rtol=rtol, atol=atol)


def first(values):
    """Position of the first value that is there."""
    return int(np.flatnonzero(~np.isnan(values))[0])


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 40, 60])
def test_returns_are_log_differences(case, k):
    agree(case.raw[f"raw_ret_{k}"], np.log(case.frame.close).diff(k))
    assert first(case.raw[f"raw_ret_{k}"]) == k


@pytest.mark.parametrize("k", [1, 2, 5, 10, 20, 60])
def test_returns_in_units_of_risk_divide_by_sixty_day_volatility(case, k):
    expected = np.log(case.frame.close).diff(k) / (case.frame.ret.rolling(60).std() * np.sqrt(k))
    agree(case.raw[f"raw_retvol_{k}"], expected)


def test_overnight_and_intraday_add_up_to_the_return(case):
    agree(case.raw["raw_overnight_1"] + case.raw["raw_intraday_1"], case.raw["raw_ret_1"])
    for w in (5, 20, 60):
        parts = case.raw[f"raw_overnight_sum_{w}"] + case.raw[f"raw_intraday_sum_{w}"]
        agree(parts, case.raw[f"raw_ret_{w}"], atol=1e-11)


def test_gap_columns_are_those_of_a_frame(case):
    f = case.frame
    before = f.close.shift()
    gap = f.open - before
    agree(case.raw["raw_gap_pct_1"], gap / before)
    for w in (20, 60):
        agree(case.raw[f"raw_gap_upfreq_{w}"], (gap > 0).rolling(w).mean())
        agree(case.raw[f"raw_gap_absmean_{w}"], (gap / before).abs().rolling(w).mean())
    atr = talib.ATR(*(f[c].to_numpy() for c in ("high", "low", "close")), 14)
    agree(case.raw["raw_gap_atr_1"], gap / pd.Series(atr, f.index).shift(), start=250, rtol=1e-5)


def test_the_share_of_a_gap_that_came_back_is_that_of_five_drawn_bars(make_bars, make_daily):
    bars = make_bars(make_daily("AAA", 30, 2))
    #         close before 100: open, high, low and what of the gap the bar came back over
    drawn = [
        (104.0, 105.0, 103.0, 0.25),  # up four, down one of them
        (104.0, 105.0, 99.0, 1.0),  # closed, and beyond
        (98.0, 99.0, 97.0, 0.5),  # down two, up one of them
        (98.0, 98.0, 96.0, 0.0),  # never came back
        (100.0, 101.0, 100.0, 1.0),  # no gap
    ]
    for open_, high, low, share in drawn:
        for name, value in (("open", open_), ("high", high), ("low", low), ("close", low)):
            getattr(bars, name)[-1] = value
        bars.close[-2] = 100.0
        got = assemble.compute("raw", bars)["raw_gap_fill_1"][-1]
        assert got == pytest.approx(share, rel=1e-12)


@pytest.mark.parametrize("w", [20, 60, 252])
def test_range_rank_is_the_rolling_rank(case, w):
    spread = np.log(case.frame.high / case.frame.low)
    agree(case.raw[f"raw_range_rank_{w}"], (spread.rolling(w).rank() - 1) / (w - 1))
    agree(case.raw["raw_range_1"], spread)
    agree(case.raw["raw_range_mean_20"], spread.rolling(20).mean())


@pytest.mark.parametrize("w", [5, 14, 20, 60])
def test_natr_is_that_of_talib(case, w):
    f = case.frame
    expected = talib.NATR(*(f[c].to_numpy() for c in ("high", "low", "close")), w) / 100.0
    agree(case.raw[f"raw_natr_{w}"], expected, start=400 if w < 60 else 850, rtol=1e-5)
    assert first(case.raw[f"raw_natr_{w}"]) == w


def test_candle_geometry_is_that_of_alpha158(case):
    f = case.frame
    spread = f.high - f.low + 1e-12
    expected = {
        "body": (f.close - f.open) / spread,  # KMID2
        "uppershadow": (f.high - np.maximum(f.open, f.close)) / spread,  # KUP2
        "lowershadow": (np.minimum(f.open, f.close) - f.low) / spread,  # KLOW2
        "clv": (2 * f.close - f.high - f.low) / spread,  # KSFT2
    }
    for name, values in expected.items():
        agree(case.raw[f"raw_{name}_1"], values, rtol=1e-9, atol=1e-10)
        for w in (5, 20):
            mean = pd.Series(case.raw[f"raw_{name}_1"], f.index).rolling(w).mean()
            agree(case.raw[f"raw_{name}_mean_{w}"], mean, start=60, atol=1e-11)
    # Close location = lower shadow - upper shadow + body: an exact combination.
    agree(
        case.raw["raw_clv_1"],
        case.raw["raw_lowershadow_1"] - case.raw["raw_uppershadow_1"] + case.raw["raw_body_1"],
        atol=1e-10,
    )


@pytest.mark.parametrize("w", [5, 10, 20, 60, 120, 252])
def test_close_to_close_volatility_is_the_rolling_std(case, w):
    agree(case.raw[f"raw_vol_cc_{w}"], case.frame.ret.rolling(w).std() * YEAR, rtol=1e-8)
    assert first(case.raw[f"raw_vol_cc_{w}"]) == w


@pytest.mark.parametrize("w", [10, 20, 60, 120])
def test_range_volatilities_are_their_formulas(case, w):
    f = case.frame
    hl, co = np.log(f.high / f.low), np.log(f.close / f.open)
    parkinson = hl**2 / (4 * np.log(2))
    garman_klass = 0.5 * hl**2 - (2 * np.log(2) - 1) * co**2
    rogers_satchell = np.log(f.high / f.close) * np.log(f.high / f.open) + np.log(
        f.low / f.close
    ) * np.log(f.low / f.open)
    for name, variance in (
        ("parkinson", parkinson),
        ("gk", garman_klass),
        ("rs", rogers_satchell),
    ):
        expected = np.sqrt(variance.rolling(w).mean() * 252)
        agree(case.raw[f"raw_vol_{name}_{w}"], expected, rtol=1e-8)
    k = 0.34 / (1.34 + (w + 1) / (w - 1))
    yang_zhang = (
        np.log(f.open / f.close.shift()).rolling(w).var()
        + k * co.rolling(w).var()
        + (1 - k) * rogers_satchell.rolling(w).mean()
    )
    agree(case.raw[f"raw_vol_yz_{w}"], np.sqrt(yang_zhang * 252), rtol=1e-8)


def test_downside_deviation_counts_losses_over_all_returns(case):
    loss = case.frame.ret.clip(upper=0.0) ** 2
    for w in (20, 60):
        agree(case.raw[f"raw_downdev_{w}"], np.sqrt(loss.rolling(w).mean() * 252), rtol=1e-8)


@pytest.mark.parametrize("percent", [94, 97])
def test_ewma_volatility_is_the_weighted_mean_square(case, percent):
    decay = percent / 100.0
    expected = np.sqrt((case.frame.ret**2).ewm(alpha=1 - decay).mean() * 252)
    agree(case.raw[f"raw_vol_ewma_{percent}"], expected, start=501, rtol=1e-5)


@pytest.mark.parametrize("w", [5, 10, 20, 60, 120, 252])
def test_position_is_fast_k(case, w):
    f = case.frame
    high, low, close = (f[c].to_numpy() for c in ("high", "low", "close"))
    fast_k, _ = talib.STOCHF(high, low, close, w, 1, 0)
    agree(case.raw[f"raw_pos_{w}"], fast_k / 100.0, atol=1e-10)


def test_drawdown_and_drawup_are_distances_to_the_extremes(case):
    f = case.frame
    for w in (20, 60, 252):
        agree(case.raw[f"raw_drawdown_{w}"], np.log(f.close / f.high.rolling(w).max()))
        agree(case.raw[f"raw_drawup_{w}"], np.log(f.close / f.low.rolling(w).min()))


@pytest.mark.parametrize("w", [10, 20, 60, 120])
def test_z_from_the_average_is_that_of_bollinger_bands(case, w):
    close = case.frame.close.to_numpy()
    upper, middle, _ = talib.BBANDS(close, w, 1.0, 1.0)
    agree(case.raw[f"raw_zsma_{w}"], (close - middle) / (upper - middle), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("w", [20, 60])
def test_band_width_rank_is_the_rolling_rank_of_bollinger_band_width(case, w):
    close = case.frame.close.to_numpy()
    upper, middle, lower = talib.BBANDS(close, w, 2.0, 2.0)
    width = pd.Series((upper - lower) / middle)
    agree(case.raw[f"raw_bbwidth_{w}"], (width.rolling(252).rank() - 1) / 251, atol=1e-3)


@pytest.mark.parametrize("w", [10, 20, 50, 200])
def test_distance_from_the_ema_is_that_of_talib(case, w):
    f = case.frame
    high, low, close = (f[c].to_numpy() for c in ("high", "low", "close"))
    expected = (close - talib.EMA(close, w)) / talib.ATR(high, low, close, 14)
    start = 400 if w < 200 else 690  # the EMA of 200 is still one and the same sequence
    agree(case.raw[f"raw_emadist_{w}"], expected, start=start, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("w", [20, 60])
def test_days_since_the_extremes_are_aroon(case, w):
    f = case.frame
    down, up = talib.AROON(f.high.to_numpy(), f.low.to_numpy(), w)
    agree(case.raw[f"raw_dayshigh_{w}"], 1.0 - up / 100.0, atol=1e-12)
    agree(case.raw[f"raw_dayslow_{w}"], 1.0 - down / 100.0, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "w", "series"),
    [(n, w, "close") for n in ("slopet", "r2") for w in (10, 20, 60, 120)]
    + [("volumeslope", w, "volume") for w in (10, 20, 60)],
)
def test_trend_statistics_are_those_of_linregress(case, name, w, series):
    values = case.frame[series].to_numpy()
    x = np.log(values) if series == "close" else np.log1p(values)
    for t in (w - 1, 500, 1111, 1699):
        fit = linregress(np.arange(w), x[t - w + 1 : t + 1])
        expected = fit.rvalue**2 if name == "r2" else fit.slope / fit.stderr
        assert case.raw[f"raw_{name}_{w}"][t] == pytest.approx(expected, rel=1e-7)


def test_volume_columns_are_those_of_a_frame(case):
    v = case.frame.volume
    log_v = np.log1p(v)
    for w in (5, 20, 60, 120):
        z = (log_v - log_v.rolling(w).mean()) / log_v.rolling(w).std()
        agree(case.raw[f"raw_volumez_{w}"], z, rtol=1e-8, atol=1e-9)
    for w in (5, 20, 60):
        agree(case.raw[f"raw_volumerel_{w}"], np.log(v / v.rolling(w).mean()))
    agree(case.raw["raw_volumerank_252"], (v.rolling(252).rank() - 1) / 251)
    agree(case.raw["raw_dollarvolume_20"], np.log((case.bars.raw_close * v).rolling(20).mean()))
    for w in (20, 60):
        agree(case.raw[f"raw_volumecv_{w}"], v.rolling(w).std() / v.rolling(w).mean(), rtol=1e-8)


def test_signed_volume_columns_are_those_of_a_frame_and_of_talib(case):
    f = case.frame
    signed = np.sign(f.close.diff()) * f.volume
    for w in (10, 20, 60):
        expected = signed.rolling(w).sum() / f.volume.rolling(w).sum()
        agree(case.raw[f"raw_updnvolume_{w}"], expected, atol=1e-10)
    obv = talib.OBV(f.close.to_numpy(), f.volume.to_numpy())
    for w in (20, 60):
        for t in (200, 900, 1699):
            slope = linregress(np.arange(w), obv[t - w + 1 : t + 1]).slope
            expected = slope / f.volume.to_numpy()[t - w + 1 : t + 1].mean()
            assert case.raw[f"raw_obvslope_{w}"][t] == pytest.approx(expected, rel=1e-7)


def test_money_flow_columns_are_talib_and_the_formula(case):
    f = case.frame
    mfi = talib.MFI(*(f[c].to_numpy() for c in ("high", "low", "close", "volume")), 14)
    agree(case.raw["raw_mfi_14"], mfi / 100.0, rtol=1e-8, atol=1e-9)
    clv = (2 * f.close - f.high - f.low) / (f.high - f.low)
    for w in (20, 60):
        expected = (clv * f.volume).rolling(w).sum() / f.volume.rolling(w).sum()
        agree(case.raw[f"raw_cmf_{w}"], expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("w", [1, 5, 20])
def test_distance_from_vwap_is_the_log_of_close_over_dollars_per_share(case, w):
    f = case.frame
    vwap = (f.vwap * f.volume).rolling(w).sum() / f.volume.rolling(w).sum()
    agree(case.raw[f"raw_vwapdist_{w}"], np.log(f.close / vwap), atol=1e-11)


@pytest.mark.parametrize("w", [20, 60])
def test_roll_spread_is_the_root_of_minus_four_times_the_autocovariance(case, w):
    r = case.frame.ret.to_numpy()
    for t in (w + 1, 500, 1111, 1699):
        covariance = np.cov(r[t - w + 1 : t + 1], r[t - w : t])[0, 1]
        expected = 2 * np.sqrt(max(-covariance, 0.0))
        assert case.raw[f"raw_roll_spread_{w}"][t] == pytest.approx(expected, rel=1e-7)


def test_abdi_ranaldo_spread_is_the_mean_of_its_pairs(case):
    f = np.log(case.frame[["high", "low", "close"]])
    middle = (f.high + f.low) / 2
    square = 4 * (f.close.shift() - middle.shift()) * (f.close.shift() - middle)
    pairs = np.sqrt(square.clip(lower=0.0))
    for w in (20, 60):
        agree(case.raw[f"raw_ar_spread_{w}"], pairs.rolling(w).mean(), rtol=1e-7, atol=1e-9)


def test_trade_size_z_is_that_of_a_frame(case):
    size = np.log(case.frame.volume / case.frame.transactions)
    for w in (20, 60):
        expected = (size - size.rolling(w).mean()) / size.rolling(w).std()
        agree(case.raw[f"raw_tradesize_z_{w}"], expected, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize(
    ("column", "source", "w"),
    [
        ("raw_rv_mean_5", "raw_rv_1", 5),
        ("raw_rv_mean_22", "raw_rv_1", 22),
        ("raw_jumpratio_mean_20", "raw_jumpratio_1", 20),
        ("raw_rsv_imb_mean_5", "raw_rsv_imb_1", 5),
        ("raw_rsv_imb_mean_20", "raw_rsv_imb_1", 20),
        ("raw_rskew_mean_5", "raw_rskew_1", 5),
        ("raw_rkurt_mean_5", "raw_rkurt_1", 5),
        ("raw_first30volume_mean_20", "raw_first30volume_1", 20),
        ("raw_last30volume_mean_20", "raw_last30volume_1", 20),
        ("raw_zerofrac_mean_20", "raw_zerofrac_1", 20),
        ("raw_minacf_mean_20", "raw_minacf_1", 20),
    ],
)
def test_means_of_session_statistics_are_rolling_means(case, column, source, w):
    agree(case.raw[column], case.frame[source].rolling(w).mean())


def test_volatility_of_volatility_is_the_rolling_std_of_log_realised_volatility(case):
    for w in (20, 60):
        expected = np.log(case.frame.raw_rv_1).rolling(w).std()
        agree(case.raw[f"raw_volofvol_{w}"], expected, rtol=1e-8)


def test_garch_forecast_is_the_annual_root_of_the_filtered_variance(case):
    r = case.frame.ret.to_numpy()[1:]
    for name, gamma in (("garch", 0.0), ("gjr", 0.08)):
        variance = float(np.mean(r**2))
        for value in r:
            weight = 0.06 + gamma * (value < 0)
            variance = 2e-6 + weight * value**2 + 0.88 * variance
        got = case.raw[f"raw_{name}_fcst_1"][-1]
        assert got == pytest.approx(np.sqrt(variance * 252), rel=1e-6)
