"""Where price stands: in its range, from its extremes, from its averages, along its trend."""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.lookback import SCALED, SCALED_MIN, atr, ema_lookback
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace, log

kernel = partial(Family, engine="kernel")


def population_std(s: Workspace, w: int) -> Floats:
    """Return the standard deviation with divisor n, as Bollinger bands have it."""
    return s.std(s.bars.close, w) * float(np.sqrt((w - 1.0) / w))


def band_width(s: Workspace, w: int) -> Floats:
    """Width of the two-sigma bands over their middle."""
    close = s.bars.close
    return s.once(close, ("bands", w), lambda: 4.0 * population_std(s, w) / s.mean(close, w))


def position(s: Workspace, w: int) -> Floats:
    """(C - LL) / (HH - LL)."""
    top, bottom, _, _ = s.extremes(w)
    return s.divide(s.bars.close - bottom, top - bottom, s.spread)


FAMILIES = (
    kernel(
        pattern="raw_pos_{window}",
        formula="(C - lowest low) / (highest high - lowest low) of w bars",
        units="[0,1]",
        source="Lane (practitioner); qlib RSV",
        inputs=("high", "low", "close"),
        oracle="TA-Lib STOCHF fastK / 100",
        windows=(5, 10, 20, 60, 120, 252),
        lookback=lambda w: max(w, SCALED),
        min_obs=lambda w: max(w, SCALED_MIN),
        value=position,
    ),
    kernel(
        pattern="raw_drawdown_{window}",
        formula="ln(C / highest high of w bars)",
        units="log frac",
        source="George & Hwang 2004 (252 bars)",
        inputs=("high", "close"),
        oracle="pandas",
        windows=(20, 60, 252),
        lookback=lambda w: w,
        value=lambda s, w: log(s.bars.close / s.extremes(w)[0]),
    ),
    kernel(
        pattern="raw_drawup_{window}",
        formula="ln(C / lowest low of w bars)",
        units="log frac",
        source="standard",
        inputs=("low", "close"),
        oracle="pandas",
        windows=(20, 60, 252),
        lookback=lambda w: w,
        value=lambda s, w: log(s.bars.close / s.extremes(w)[1]),
    ),
    kernel(
        pattern="raw_zsma_{window}",
        formula="(C - mean) / standard deviation (divisor n) of w closes",
        units="sigma",
        source="Bollinger (practitioner)",
        inputs=("high", "low", "close"),
        oracle="TA-Lib BBANDS",
        windows=(10, 20, 60, 120),
        lookback=lambda w: max(w, SCALED),
        min_obs=lambda w: max(w, SCALED_MIN),
        value=lambda s, w: s.divide(
            s.bars.close - s.mean(s.bars.close, w), population_std(s, w), s.spread
        ),
    ),
    kernel(
        pattern="raw_emadist_{window}",
        formula="(C - EMA over w bars) / ATR14",
        units="ATR",
        source="standard",
        inputs=("high", "low", "close"),
        oracle="TA-Lib EMA, ATR after warm-up",
        windows=(10, 20, 50, 200),
        lookback=lambda w: max(ema_lookback(w), atr(14), SCALED),
        min_obs=lambda w: max(w, 15, SCALED_MIN),
        value=lambda s, w: s.divide(
            s.bars.close - s.ema(s.bars.close, w, last=True), s.atr(14, last=True), s.spread
        ),
    ),
    kernel(
        pattern="raw_bbwidth_{window}",
        formula="percent rank in 252 bars of 4 sigma / mean of w closes; ties at their mid-rank",
        units="[0,1]",
        source="Bollinger (practitioner)",
        inputs=("close",),
        oracle="TA-Lib BBANDS",
        windows=(20, 60),
        lookback=lambda w: w + 251,
        value=lambda s, w: s.percent_rank(band_width(s, w), 252),
    ),
    kernel(
        pattern="raw_dayshigh_{window}",
        formula="bars since the highest high of the last w + 1 bars, / w; the latest of equals",
        units="[0,1]",
        source="Chande (practitioner)",
        inputs=("high", "low"),
        oracle="TA-Lib AROON: 1 - up / 100",
        windows=(20, 60),
        lookback=lambda w: w + 1,
        value=lambda s, w: s.extremes(w + 1)[2] / w,
    ),
    kernel(
        pattern="raw_dayslow_{window}",
        formula="bars since the lowest low of the last w + 1 bars, / w; the latest of equals",
        units="[0,1]",
        source="Chande (practitioner)",
        inputs=("high", "low"),
        oracle="TA-Lib AROON: 1 - down / 100",
        windows=(20, 60),
        lookback=lambda w: w + 1,
        value=lambda s, w: s.extremes(w + 1)[3] / w,
    ),
    kernel(
        pattern="raw_slopet_{window}",
        formula="t-statistic of the slope of ln C on time over w bars",
        units="t",
        source="practitioner",
        inputs=("close",),
        oracle="scipy.stats.linregress",
        windows=(10, 20, 60, 120),
        lookback=lambda w: w,
        value=lambda s, w: s.trend(s.log_close, w)[1],
    ),
    kernel(
        pattern="raw_r2_{window}",
        formula="R2 of ln C on time over w bars",
        units="[0,1]",
        source="practitioner",
        inputs=("close",),
        oracle="scipy.stats.linregress",
        windows=(10, 20, 60, 120),
        lookback=lambda w: w,
        value=lambda s, w: s.trend(s.log_close, w)[2],
    ),
)
