"""Returns: over k bars, in units of risk, overnight and intraday, gaps."""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.lookback import SCALED, SCALED_CHANGE, SCALED_MIN, atr
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace
from engine.kernels.safe_division import FLOOR

kernel = partial(Family, engine="kernel")


def gap(s: Workspace) -> Floats:
    """Open less the close before, in price."""
    return s.bars.open - s.previous_close


def gap_fill(s: Workspace) -> Floats:
    """Share of the gap that the same bar's low (up gap) or high (down gap) came back over."""
    b = s.bars
    size = gap(s)
    back = np.where(
        size > 0.0,
        b.open - np.maximum(b.low, s.previous_close),
        np.minimum(b.high, s.previous_close) - b.open,
    )
    no_gap = np.abs(size) <= FLOOR * s.scale(s.spread)
    return np.where(no_gap, 1.0, s.divide(back, np.abs(size), s.spread))


def up_gap(s: Workspace) -> Floats:
    """1 where the bar opened above the close before, else 0."""
    size = gap(s)
    return np.where(np.isnan(size), np.nan, (size > 0.0).astype(np.float64))


FAMILIES = (
    kernel(
        pattern="raw_ret_{window}",
        formula="ln(C / C[k bars before])",
        units="log return",
        source="standard",
        inputs=("close",),
        oracle="pandas log diff; hand example",
        windows=(1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 40, 60),
        lookback=lambda w: w + 1,
        value=lambda s, w: s.change(s.log_close, w),
        why="NULL when any bar between is missing, not only an end: one rule for all windows.",
    ),
    kernel(
        pattern="raw_retvol_{window}",
        formula="ret_k / (stdev of 60 returns x sqrt(k))",
        units="sigma",
        source="Barroso & Santa-Clara 2015",
        inputs=("close",),
        oracle="pandas",
        windows=(1, 2, 5, 10, 20, 60),
        lookback=lambda w: SCALED_CHANGE,
        min_obs=lambda w: 61,
        value=lambda s, w: s.divide(s.change(s.log_close, w), s.std(s.ret, 60) * np.sqrt(w), s.ret),
    ),
    kernel(
        pattern="raw_overnight_1",
        formula="ln(O / C[1 bar before])",
        units="log return",
        source="Lou, Polk, Skouras 2019",
        inputs=("open", "close"),
        oracle="identity: overnight + intraday = ret",
        lookback=lambda w: 2,
        value=lambda s: s.overnight,
    ),
    kernel(
        pattern="raw_intraday_1",
        formula="ln(C / O)",
        units="log return",
        source="Lou, Polk, Skouras 2019",
        inputs=("open", "close"),
        oracle="identity: overnight + intraday = ret",
        lookback=lambda w: 1,
        value=lambda s: s.intraday,
    ),
    kernel(
        pattern="raw_overnight_sum_{window}",
        formula="sum of ln(O / C[1 bar before]) over w bars",
        units="log return",
        source="Lou, Polk, Skouras 2019",
        inputs=("open", "close"),
        oracle="identity: overnight + intraday = ret",
        windows=(5, 20, 60),
        lookback=lambda w: w + 1,
        value=lambda s, w: s.total(s.overnight, w),
    ),
    kernel(
        pattern="raw_intraday_sum_{window}",
        formula="sum of ln(C / O) over w bars",
        units="log return",
        source="Lou, Polk, Skouras 2019",
        inputs=("open", "close"),
        oracle="identity: overnight + intraday = ret",
        windows=(5, 20, 60),
        lookback=lambda w: w,
        value=lambda s, w: s.total(s.intraday, w),
    ),
    kernel(
        pattern="raw_gap_pct_1",
        formula="O / C[1 bar before] - 1",
        units="frac",
        source="standard",
        inputs=("open", "close"),
        oracle="hand example",
        lookback=lambda w: 2,
        value=lambda s: gap(s) / s.previous_close,
        near_duplicates=("raw_overnight_1",),
        why="Ranks like raw_overnight_1 (a simple instead of a log return); kept by name.",
    ),
    kernel(
        pattern="raw_gap_atr_1",
        formula="(O - C[1 bar before]) / ATR14[1 bar before]",
        units="ATR",
        source="standard",
        inputs=("open", "high", "low", "close"),
        oracle="hand example",
        lookback=lambda w: atr(14) + 1,
        min_obs=lambda w: max(16, SCALED_MIN),
        value=lambda s: s.divide(gap(s), s.lag(s.atr(14)), s.spread),
        why="ATR of the bar before: the bar's own true range contains the gap it would measure.",
    ),
    kernel(
        pattern="raw_gap_fill_1",
        formula="share of the gap closed by the bar's low (up gap) or high (down gap), 0 to 1",
        units="frac",
        source="standard",
        inputs=("open", "high", "low", "close"),
        oracle="hand example",
        lookback=lambda w: SCALED,
        min_obs=lambda w: SCALED_MIN,
        value=gap_fill,
        why="1 without a gap (up to 1e-3 of the usual range): the bar begins where a gap would "
        "have to come back to. A fund of ten dollars has none on one session in 25.",
    ),
    kernel(
        pattern="raw_gap_upfreq_{window}",
        formula="share of w bars that opened above the close before",
        units="[0,1]",
        source="standard",
        inputs=("open", "close"),
        oracle="hand example",
        windows=(20, 60),
        lookback=lambda w: w + 1,
        value=lambda s, w: s.total(up_gap(s), w) / w,
    ),
    kernel(
        pattern="raw_gap_absmean_{window}",
        formula="mean of |O / C[1 bar before] - 1| over w bars",
        units="frac",
        source="standard",
        inputs=("open", "close"),
        oracle="hand example",
        windows=(20, 60),
        lookback=lambda w: w + 1,
        value=lambda s, w: s.mean(np.abs(gap(s) / s.previous_close), w),
    ),
)
