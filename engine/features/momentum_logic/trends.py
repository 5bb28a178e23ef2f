"""Where price stands to its averages, channels, cloud and trailing band; divergence from RSI."""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.lookback import SCALED, SCALED_MIN, atr, ema_lookback
from engine.features.momentum_logic.oscillators import CAP, per_atr, rsi, rsi_lookback
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace
from engine.kernels.counters import bars_in_state
from engine.kernels.supertrend import supertrend

kernel = partial(Family, engine="kernel")

RIBBON = (5, 8, 13, 21, 34, 55, 89, 144)
DIVERGENCE = 60  # bars whose spread a change is measured by
DISPLACEMENT = 26  # bars that the cloud is drawn ahead
TREND_WINDOW = 10
TREND_WIDTH = 3.0


def divergence(s: Workspace, w: int) -> Floats:
    """Change of log price less change of RSI over w bars, each in its own spread."""
    price = s.change(s.log_close, w)
    strength = s.change(rsi(s, s.bars.close, w), w)
    return s.divide(price, s.std(price, DIVERGENCE), price) - s.divide(
        strength, s.std(strength, DIVERGENCE), strength
    )


def outside(s: Workspace, top: Floats, bottom: Floats) -> Floats:
    """How far the close is above `top` (+) or below `bottom` (-), 0 between, in ATR."""
    close = s.bars.close
    return per_atr(s, np.maximum(close - top, 0.0) + np.minimum(close - bottom, 0.0))


def breakout(s: Workspace, w: int) -> Floats:
    """How far the close is outside the channel of the w bars before it."""
    top, bottom, _, _ = s.extremes(w)
    return outside(s, s.lag(top), s.lag(bottom))


def crossing(s: Workspace, a: int, b: int) -> Floats:
    """Mean of a closes less mean of b closes, in price."""
    close = s.bars.close
    return s.once(close, ("crossing", a, b), lambda: s.mean(close, a) - s.mean(close, b))


def bars_since_crossing(s: Workspace, a: int, b: int) -> Floats:
    """Bars since the shorter mean was last on the other side of the longer one."""
    apart = crossing(s, a, b)
    side = np.where(np.isnan(apart), np.nan, (apart > 0.0).astype(np.float64))
    out: Floats = bars_in_state(side, CAP)
    return out


def ribbon(s: Workspace) -> Floats:
    """Share of the pairs of EMAs with the faster above, less the share with it below."""
    averages = [s.ema(s.bars.close, w, last=True) for w in RIBBON]
    votes = np.zeros(len(s.bars))
    for place, fast in enumerate(averages):
        for slow in averages[place + 1 :]:
            votes = votes + np.sign(fast - slow)
    return votes / (len(RIBBON) * (len(RIBBON) - 1) / 2)


def middle(s: Workspace, w: int) -> Floats:
    """Mid of the highest high and the lowest low of w bars."""
    top, bottom, _, _ = s.extremes(w)
    return s.once(s.bars.high, ("middle", w), lambda: 0.5 * (top + bottom))


def cloud(s: Workspace) -> Floats:
    """How far the close is outside the cloud that was drawn for this bar 26 bars ago."""
    leading_a = s.lag(0.5 * (middle(s, 9) + middle(s, 26)), DISPLACEMENT)
    leading_b = s.lag(middle(s, 52), DISPLACEMENT)
    return outside(s, np.maximum(leading_a, leading_b), np.minimum(leading_a, leading_b))


def trailing(s: Workspace) -> Floats:
    """Close less the Supertrend line, in ATR."""
    b = s.bars
    line = supertrend(
        0.5 * (b.high + b.low), b.close, TREND_WIDTH * s.atr(TREND_WINDOW), SUPERTREND_BARS
    )
    return per_atr(s, b.close - line)


SUPERTREND_BARS = 252

_BARS = ("high", "low", "close")
# Distances in ATR: the bars behind the ATR and the scale of its division.
_ATR_BARS = max(atr(14), SCALED)

FAMILIES = (
    kernel(
        pattern="mom_rsi_div_{window}",
        formula=(
            "change of ln C over w bars / its standard deviation, less the same of mom_rsi_w; both "
            f"standard deviations over {DIVERGENCE} bars"
        ),
        units="sigma",
        source="practitioner",
        inputs=("close",),
        oracle="pandas on TA-Lib RSI after warm-up",
        windows=(14,),
        lookback=lambda w: rsi_lookback(w) + w + SCALED - 1,
        min_obs=lambda w: SCALED_MIN + w + DIVERGENCE,
        value=divergence,
        why="Positive where price rose further than RSI followed: momentum falls behind price.",
    ),
    kernel(
        pattern="mom_donchian_{window}",
        formula=(
            "C above the highest high (+) or below the lowest low (-) of the w bars before, "
            "0 between, / ATR14"
        ),
        units="ATR",
        source="Donchian (practitioner)",
        inputs=_BARS,
        oracle="pandas rolling extremes, TA-Lib ATR",
        windows=(20, 55),
        lookback=lambda w: max(w + 1, _ATR_BARS),
        min_obs=lambda w: max(w + 1, SCALED_MIN),
        value=breakout,
        why="The channel ends on the bar before: a close is never outside a channel it is part of.",
    ),
    kernel(
        pattern="mom_x_{window}",
        formula="(mean of a closes - mean of b closes) / ATR14",
        units="ATR",
        source="Brock, Lakonishok, LeBaron 1992",
        inputs=_BARS,
        oracle="TA-Lib SMA, ATR",
        windows=((20, 60), (50, 200)),
        lookback=lambda w: max(w, _ATR_BARS),
        min_obs=lambda w: max(w, SCALED_MIN),
        value=lambda s, a, b: per_atr(s, crossing(s, a, b)),
    ),
    kernel(
        pattern="mom_x_days_{window}",
        formula="bars since the mean of a closes crossed the mean of b closes",
        units="bars",
        source="Brock, Lakonishok, LeBaron 1992",
        inputs=("close",),
        oracle="plain Python on TA-Lib SMA",
        windows=((20, 60), (50, 200)),
        lookback=lambda w: w + CAP,
        min_obs=lambda w: w + 1,
        value=bars_since_crossing,
        why=f"0 on the bar that crossed, at most {CAP}; NULL until a crossing has been seen.",
    ),
    kernel(
        pattern="mom_ribbon",
        formula=(
            "share of the 28 pairs of EMAs of C over 5, 8, 13, 21, 34, 55, 89 and 144 bars with "
            "the faster above, less the share with it below"
        ),
        units="[-1,1]",
        source="practitioner",
        inputs=("close",),
        oracle="scipy.stats.kendalltau of TA-Lib EMAs and their windows",
        lookback=lambda w: ema_lookback(RIBBON[-1]),
        min_obs=lambda w: RIBBON[-1],
        value=ribbon,
        why="Kendall's tau between how fast the averages are and where they stand.",
    ),
    kernel(
        pattern="mom_ichi_tk",
        formula="(mid of the range of 9 bars - mid of the range of 26) / ATR14",
        units="ATR",
        source="Hosoda (practitioner)",
        inputs=_BARS,
        oracle="pandas rolling extremes, TA-Lib ATR",
        lookback=lambda w: _ATR_BARS,
        min_obs=lambda w: 26,
        value=lambda s: per_atr(s, middle(s, 9) - middle(s, 26)),
    ),
    kernel(
        pattern="mom_ichi_cloud",
        formula="C above the top (+) or below the bottom (-) of the cloud, 0 inside it, / ATR14",
        units="ATR",
        source="Hosoda (practitioner)",
        inputs=_BARS,
        oracle="pandas rolling extremes, TA-Lib ATR",
        lookback=lambda w: max(52 + DISPLACEMENT, _ATR_BARS),
        min_obs=lambda w: 52 + DISPLACEMENT,
        value=cloud,
        why=(
            "The cloud under a bar is the one drawn 26 bars before it. Neither the part drawn "
            "ahead of the last bar nor the lagging line, which would be the future, is used."
        ),
    ),
    kernel(
        pattern="mom_supertrend",
        formula=(
            "(C - trailing band) / ATR14; bands (H + L) / 2 +- 3 ATR10, followed over the last "
            f"{SUPERTREND_BARS} bars"
        ),
        units="ATR",
        source="Seban (practitioner)",
        inputs=_BARS,
        oracle="the recursion over all history in plain Python; a hand-worked turn",
        lookback=lambda w: max(SUPERTREND_BARS + atr(TREND_WINDOW) - 1, _ATR_BARS),
        min_obs=lambda w: SCALED_MIN,
        value=trailing,
        why=(
            f"The path begins {SUPERTREND_BARS} bars back without a direction, so a value is a "
            "function of those bars; NULL when none of them broke a band."
        ),
    ),
    kernel(
        pattern="mom_elder_bull",
        formula="(H - EMA13 of C) / ATR14",
        units="ATR",
        source="Elder (practitioner)",
        inputs=_BARS,
        oracle="TA-Lib EMA, ATR after warm-up",
        lookback=lambda w: max(ema_lookback(13), _ATR_BARS),
        min_obs=lambda w: SCALED_MIN,
        value=lambda s: per_atr(s, s.bars.high - s.ema(s.bars.close, 13, last=True)),
    ),
    kernel(
        pattern="mom_elder_bear",
        formula="(L - EMA13 of C) / ATR14",
        units="ATR",
        source="Elder (practitioner)",
        inputs=_BARS,
        oracle="TA-Lib EMA, ATR after warm-up",
        lookback=lambda w: max(ema_lookback(13), _ATR_BARS),
        min_obs=lambda w: SCALED_MIN,
        value=lambda s: per_atr(s, s.bars.low - s.ema(s.bars.close, 13, last=True)),
    ),
)
