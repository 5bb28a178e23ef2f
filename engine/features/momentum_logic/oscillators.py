"""Oscillators of price in its recent range, rises and falls.

All are kept as their authors scaled them, but MACD, which is in units of ATR: in dollars it could
not be compared between symbols or years.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.lookback import (
    SCALED,
    SCALED_CHANGE,
    SCALED_CHANGE_MIN,
    SCALED_MIN,
    atr,
    ema_lookback,
    wilder_lookback,
)
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace
from engine.kernels import wilder
from engine.kernels.counters import streak
from engine.kernels.deviation import mean_absolute_deviation

kernel = partial(Family, engine="kernel")

CAP = 252  # bars at which counters stop


def wilder_average(s: Workspace, x: Floats, w: int) -> Floats:
    """Return Wilder's average of x, computed once."""
    return s.once(x, ("wilder", w), lambda: wilder.wilder(x, w))


def rsi(s: Workspace, x: Floats, w: int) -> Floats:
    """Average rise of x over average rise and fall, both Wilder's over w bars, in percent."""
    step = s.change(x, 1)

    def make() -> Floats:
        rise = wilder_average(s, s.once(step, "rises", lambda: np.maximum(step, 0.0)), w)
        fall = wilder_average(s, s.once(step, "falls", lambda: np.maximum(-step, 0.0)), w)
        return 100.0 * s.divide(rise, rise + fall, step)

    return s.once(x, ("rsi", w), make)


def rsi_lookback(w: int) -> int:
    """Return the bars behind an RSI."""
    return max(wilder_lookback(w) + 1, SCALED_CHANGE)


def stochastic(s: Workspace, w: int) -> Floats:
    """Slow %D: the close's place in the range of w bars, averaged twice over 3."""
    top, bottom, _, _ = s.extremes(w)
    fast = 100.0 * s.divide(s.bars.close - bottom, top - bottom, s.spread)
    return s.mean(s.mean(fast, 3), 3)


def macd(s: Workspace) -> Floats:
    """EMA of 12 closes less EMA of 26, in price."""
    close = s.bars.close
    return s.once(close, "macd", lambda: s.ema(close, 12) - s.ema(close, 26))


def per_atr(s: Workspace, x: Floats) -> Floats:
    """Return a distance in price in units of ATR14."""
    return s.divide(x, s.atr(14), s.spread)


def true_strength(s: Workspace) -> Floats:
    """Doubly smoothed change over doubly smoothed size of change, in percent."""
    step = s.change(s.bars.close, 1)
    size = np.abs(step)
    return 100.0 * s.divide(s.ema(s.ema(step, 25), 13), s.ema(s.ema(size, 25), 13), step)


def typical(s: Workspace) -> Floats:
    """(H + L + C) / 3."""
    b = s.bars
    return s.once(b.close, "typical", lambda: (b.high + b.low + b.close) / 3.0)


def commodity_channel(s: Workspace, w: int) -> Floats:
    """Typical price from its mean in mean absolute deviations, over 0.015."""
    price = typical(s)
    deviation = mean_absolute_deviation(price, w)
    return s.divide(price - s.mean(price, w), deviation, s.spread) / 0.015


def trix(s: Workspace, w: int) -> Floats:
    """Percent change of the EMA of the EMA of the EMA in one bar."""
    smooth = s.ema(s.ema(s.ema(s.bars.close, w), w), w)
    return 100.0 * (smooth / s.lag(smooth) - 1.0)


def ultimate(s: Workspace) -> Floats:
    """Buying pressure over true range, over 7, 14 and 28 bars with weights 4, 2 and 1."""
    b = s.bars
    pressure = b.close - np.minimum(b.low, s.previous_close)

    def share(w: int) -> Floats:
        return s.divide(s.mean(pressure, w), s.mean(s.true_range, w), s.true_range)

    return 100.0 / 7.0 * (4.0 * share(7) + 2.0 * share(14) + share(28))


def know_sure_thing(s: Workspace) -> Floats:
    """Weighted sum of smoothed percent changes over 10, 15, 20 and 30 bars."""
    parts = [
        weight * s.mean(100.0 * np.expm1(s.change(s.log_close, k)), smoothing)
        for weight, k, smoothing in ((1.0, 10, 10), (2.0, 15, 10), (3.0, 20, 10), (4.0, 30, 15))
    ]
    return parts[0] + parts[1] + parts[2] + parts[3]


def vortex(s: Workspace, w: int) -> Floats:
    """Upward less downward movement between a bar and the one before, over true range."""
    b = s.bars
    up = np.abs(b.high - s.lag(b.low))
    down = np.abs(b.low - s.lag(b.high))
    moved = s.mean(up, w) - s.mean(down, w)
    return s.divide(moved, s.mean(s.true_range, w), s.true_range)


def connors(s: Workspace) -> Floats:
    """Mean of RSI over 3, RSI over 2 of the streak, and the return's rank in 100."""
    step = s.change(s.bars.close, 1)
    run = s.once(step, "streak", lambda: streak(step, CAP))
    rank = 100.0 * s.percent_rank(s.ret, 101)
    return (rsi(s, s.bars.close, 3) + rsi(s, run, 2) + rank) / 3.0


_BARS = ("high", "low", "close")
_AVERAGES = max(ema_lookback(26), atr(14), SCALED)
_SIGNAL = max(ema_lookback(26) + ema_lookback(9) - 1, atr(14), SCALED)

FAMILIES = (
    kernel(
        pattern="mom_rsi_{window}",
        formula="100 x Wilder's average rise / (average rise + average fall) of C over w bars",
        units="[0,100]",
        source="Wilder 1978",
        inputs=("close",),
        oracle="TA-Lib RSI after warm-up",
        windows=(2, 7, 14, 21),
        lookback=rsi_lookback,
        min_obs=lambda w: max(w + 1, SCALED_CHANGE_MIN),
        value=lambda s, w: rsi(s, s.bars.close, w),
        why="NULL while price has not moved: no share of no movement (TA-Lib says 0).",
    ),
    kernel(
        pattern="mom_stochd_{window}",
        formula="slow %D: 100 x (C - lowest low) / (highest high - lowest low), mean of 3, twice",
        units="[0,100]",
        source="Lane (practitioner)",
        inputs=_BARS,
        oracle="TA-Lib STOCH",
        windows=(14,),
        lookback=lambda w: max(w, SCALED) + 4,
        min_obs=lambda w: max(w, SCALED_MIN) + 4,
        value=stochastic,
    ),
    kernel(
        pattern="mom_macd_hist",
        formula="(MACD - EMA of 9 of it) / ATR14, MACD = EMA12 - EMA26 of C",
        units="ATR",
        source="Appel (practitioner)",
        inputs=_BARS,
        oracle="TA-Lib MACD and ATR after warm-up",
        lookback=lambda w: _SIGNAL,
        min_obs=lambda w: 34,
        value=lambda s: per_atr(s, macd(s) - s.ema(macd(s), 9)),
    ),
    kernel(
        pattern="mom_macd_line",
        formula="(EMA12 - EMA26 of C) / ATR14",
        units="ATR",
        source="Appel (practitioner)",
        inputs=_BARS,
        oracle="TA-Lib MACD and ATR after warm-up",
        lookback=lambda w: _AVERAGES,
        min_obs=lambda w: 26,
        value=lambda s: per_atr(s, macd(s)),
    ),
    kernel(
        pattern="mom_tsi",
        formula="100 x EMA13(EMA25(change of C)) / EMA13(EMA25(|change of C|))",
        units="[-100,100]",
        source="Blau (practitioner)",
        inputs=("close",),
        oracle="pandas ewm after warm-up",
        lookback=lambda w: max(ema_lookback(25) + ema_lookback(13), SCALED_CHANGE),
        min_obs=lambda w: 38,
        value=true_strength,
    ),
    kernel(
        pattern="mom_cci_{window}",
        formula="(P - mean) / (0.015 x mean absolute deviation) of P = (H + L + C) / 3 over w bars",
        units="0.015 MAD",
        source="Lambert (practitioner)",
        inputs=_BARS,
        oracle="TA-Lib CCI",
        windows=(20,),
        lookback=lambda w: max(w, SCALED),
        min_obs=lambda w: max(w, SCALED_MIN),
        value=commodity_channel,
    ),
    kernel(
        pattern="mom_trix_{window}",
        formula="one-bar change of the triple EMA of C over w bars",
        units="percent",
        source="Hutson (practitioner)",
        inputs=("close",),
        oracle="TA-Lib TRIX after warm-up",
        windows=(15,),
        lookback=lambda w: 3 * ema_lookback(w) - 1,
        min_obs=lambda w: 3 * w - 1,
        value=trix,
    ),
    kernel(
        pattern="mom_uo",
        formula="100 x (4 A7 + 2 A14 + A28) / 7, Aw = sum of C - min(L, C before) / of true range",
        units="[0,100]",
        source="Williams (practitioner)",
        inputs=_BARS,
        oracle="TA-Lib ULTOSC",
        lookback=lambda w: SCALED_CHANGE,
        min_obs=lambda w: 29,
        value=ultimate,
    ),
    kernel(
        pattern="mom_kst",
        formula=(
            "R10 + 2 R15 + 3 R20 + 4 R30: percent changes of C over k bars, their means of 10, 10, "
            "10 and 15"
        ),
        units="percent",
        source="Pring (practitioner)",
        inputs=("close",),
        oracle="pandas pct_change and rolling mean",
        lookback=lambda w: 45,
        value=know_sure_thing,
    ),
    kernel(
        pattern="mom_vortex_{window}",
        formula="(sum of |H - L before| - sum of |L - H before|) / sum of true range over w bars",
        units="ratio",
        source="Botes & Siepman (practitioner)",
        inputs=_BARS,
        oracle="pandas rolling sums",
        windows=(14,),
        lookback=lambda w: max(w + 1, SCALED_CHANGE),
        min_obs=lambda w: max(w + 1, SCALED_CHANGE_MIN),
        value=vortex,
        why="VI+ less VI-: one signed number; the two apart nearly add up to a constant.",
    ),
    kernel(
        pattern="mom_connors",
        formula=(
            "mean of RSI3 of C, RSI2 of the streak of rises (+) or falls (-), and the percent rank "
            "of r among itself and the 100 before"
        ),
        units="[0,100]",
        source="Connors (practitioner)",
        inputs=("close",),
        oracle="TA-Lib RSI of a plain-Python streak, pandas rank",
        lookback=lambda w: SCALED_CHANGE + CAP,
        min_obs=lambda w: 102,
        value=connors,
        why=f"The streak stops counting at {CAP}; ties of the rank take their middle.",
    ),
)
