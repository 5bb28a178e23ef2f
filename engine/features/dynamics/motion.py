"""Motion: the changes of returns, risk and volume, and how straight the way was."""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.lookback import SCALED, SCALED_CHANGE, SCALED_CHANGE_MIN, SCALED_MIN
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace, log

kernel = partial(Family, engine="kernel")

SIGMA = 60  # returns in the standard deviation that changes of returns are measured in
RISK = 20  # returns in the standard deviation whose own change is measured


def in_sigmas(s: Workspace, change: Floats, w: int) -> Floats:
    """Divide by the standard deviation that a return over w bars has."""
    return s.divide(change, s.std(s.ret, SIGMA) * np.sqrt(w), s.ret)


def acceleration(s: Workspace, w: int) -> Floats:
    """Return over w bars less the one over the w bars before."""
    ret = s.change(s.log_close, w)
    return in_sigmas(s, ret - s.lag(ret, w), w)


def jerk(s: Workspace, w: int) -> Floats:
    """Change of the acceleration over w bars."""
    ret = s.change(s.log_close, w)
    return in_sigmas(s, ret - 2.0 * s.lag(ret, w) + s.lag(ret, 2 * w), w)


def log_risk(s: Workspace) -> Floats:
    """Logarithm of the standard deviation of the last 20 returns."""
    return s.once(s.ret, "log risk", lambda: log(s.std(s.ret, RISK)))


def risk_slope(s: Workspace, w: int) -> Floats:
    """Slope per bar of the line through the last w values of `log_risk`."""
    return s.trend(log_risk(s), w)[0]


def efficiency(s: Workspace, w: int) -> Floats:
    """Way made over way gone."""
    close = s.bars.close
    step = s.change(close, 1)
    gone = s.total(s.once(step, "size", lambda: np.abs(step)), w)
    return s.divide(np.abs(s.change(close, w)), gone, step)


def choppiness(s: Workspace, w: int) -> Floats:
    """Log of the summed true ranges in ranges of the whole window, over ln w."""
    top, bottom, _, _ = s.extremes(w)
    ranges = s.divide(s.total(s.true_range, w), top - bottom, s.spread)
    return log(ranges) / float(np.log(w))


_RISK_WHY = (
    "Per bar of the grid. Unknown where 20 returns do not move: their logarithm has no floor."
)

CHANGES = (
    kernel(
        pattern="dyn_accel_{window}",
        formula="(ret_k - ret_k of k bars before) / (stdev of 60 returns x sqrt(k))",
        units="sigma",
        source="standard",
        inputs=("close",),
        oracle="hand example; pandas",
        windows=(5, 10, 20, 60),
        lookback=lambda w: max(2 * w + 1, SCALED_CHANGE),
        min_obs=lambda w: max(2 * w + 1, SIGMA + 1),
        value=acceleration,
    ),
    kernel(
        pattern="dyn_jerk_{window}",
        formula=(
            "(ret_k - 2 ret_k of k bars before + ret_k of 2 k bars before) / "
            "(stdev of 60 returns x sqrt(k))"
        ),
        units="sigma",
        source="standard",
        inputs=("close",),
        oracle="hand example; pandas",
        windows=(5, 10, 20),
        lookback=lambda w: max(3 * w + 1, SCALED_CHANGE),
        min_obs=lambda w: max(3 * w + 1, SIGMA + 1),
        value=jerk,
        why="The catalog has one formula for two families: this is the acceleration's change.",
    ),
    kernel(
        pattern="dyn_dsigma_{window}",
        formula="least-squares slope of ln(stdev of 20 returns) over w bars",
        units="1/bar",
        source="standard",
        inputs=("close",),
        oracle="scipy linregress",
        windows=(5, 10, 20),
        lookback=lambda w: w + RISK,
        value=risk_slope,
        why=_RISK_WHY,
    ),
    kernel(
        pattern="dyn_d2sigma_{window}",
        formula="dyn_dsigma less its value w bars before",
        units="1/bar",
        source="standard",
        inputs=("close",),
        oracle="scipy linregress",
        windows=(5, 10),
        lookback=lambda w: 2 * w + RISK,
        value=lambda s, w: risk_slope(s, w) - s.lag(risk_slope(s, w), w),
        why=f"The change over w bars, so that the two slopes share no bar. {_RISK_WHY}",
    ),
    kernel(
        pattern="dyn_dvolume_{window}",
        formula="least-squares slope of ln(1 + V) over w bars",
        units="1/bar",
        source="standard",
        inputs=("volume",),
        oracle="scipy linregress",
        windows=(5, 10, 20),
        lookback=lambda w: w,
        value=lambda s, w: s.trend(s.log_volume, w)[0],
        why="ln(1 + V), so that a bar without volume is defined.",
    ),
)

EFFICIENCY = (
    kernel(
        pattern="dyn_er_{window}",
        formula="|C - C[w bars before]| / sum of |C - C[1 bar before]| over w bars",
        units="[0,1]",
        source="Kaufman 1995",
        inputs=("close",),
        oracle="pandas; hand example",
        windows=(10, 20, 60),
        lookback=lambda w: max(w + 1, SCALED_CHANGE),
        min_obs=lambda w: max(w + 1, SCALED_CHANGE_MIN),
        value=efficiency,
    ),
    kernel(
        pattern="dyn_chop_{window}",
        formula="ln(sum of true ranges / (highest high - lowest low)) / ln w over w bars",
        units="[0,1], a little above 1 after a gap",
        source="practitioner (Dreiss)",
        inputs=("high", "low", "close"),
        oracle="pandas with TA-Lib TRANGE; hand example",
        windows=(14, 60),
        lookback=lambda w: max(w + 1, SCALED),
        min_obs=lambda w: max(w + 1, SCALED_MIN),
        value=choppiness,
        why="Not times 100. The first true range reads the close before the window.",
    ),
)
