"""The shape of a bar: range, body, shadows, where it closed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from engine.features.lookback import SCALED, SCALED_MIN, atr
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace

kernel = partial(Family, engine="kernel")


def body(s: Workspace) -> Floats:
    """(C - O) / (H - L)."""
    b = s.bars
    return s.divide(b.close - b.open, s.spread, s.spread)


def upper_shadow(s: Workspace) -> Floats:
    """(H - max(O, C)) / (H - L)."""
    b = s.bars
    return s.divide(b.high - np.maximum(b.open, b.close), s.spread, s.spread)


def lower_shadow(s: Workspace) -> Floats:
    """(min(O, C) - L) / (H - L)."""
    b = s.bars
    return s.divide(np.minimum(b.open, b.close) - b.low, s.spread, s.spread)


def close_location(s: Workspace) -> Floats:
    """(2C - H - L) / (H - L)."""
    return s.clv


_GEOMETRY: tuple[tuple[str, str, str, Callable[[Workspace], Floats]], ...] = (
    ("body", "(C - O) / (H - L)", "KMID2", body),
    ("uppershadow", "(H - max(O, C)) / (H - L)", "KUP2", upper_shadow),
    ("lowershadow", "(min(O, C) - L) / (H - L)", "KLOW2", lower_shadow),
    ("clv", "(2C - H - L) / (H - L)", "KSFT2", close_location),
)

_SHAPES = tuple(
    kernel(
        pattern=f"raw_{name}_1",
        formula=formula,
        units="ratio",
        source=f"qlib Alpha158 {alpha}",
        inputs=("open", "high", "low", "close"),
        oracle="qlib Alpha158 formula (H > L rows)",
        lookback=lambda w: SCALED,
        min_obs=lambda w: SCALED_MIN,
        value=value,
        why="NULL on a flat bar, where the formula's own 1e-12 would give a number of rounding.",
    )
    for name, formula, alpha, value in _GEOMETRY
)

_SHAPE_MEANS = tuple(
    kernel(
        pattern=f"raw_{name}_mean_{{window}}",
        formula=f"mean of {formula} over w bars",
        units="ratio",
        source=f"qlib Alpha158 {alpha}",
        inputs=("open", "high", "low", "close"),
        oracle="pandas on the one-bar values",
        windows=(5, 20),
        lookback=lambda w: SCALED + w - 1,
        min_obs=lambda w: max(w, SCALED_MIN + (w + 1) // 2 - 1),
        # `shape` binds now: a loop variable would otherwise be the last one for all.
        value=lambda s, w, shape=value: s.mean_of_defined(shape(s), w),
        why="Flat bars are left out of the mean, while at least half of its bars have a shape.",
    )
    for name, formula, alpha, value in _GEOMETRY
)

FAMILIES = (
    kernel(
        pattern="raw_range_1",
        formula="ln(H / L)",
        units="log frac",
        source="standard",
        inputs=("high", "low"),
        oracle="hand example",
        lookback=lambda w: 1,
        value=lambda s: s.range,
    ),
    kernel(
        pattern="raw_range_mean_{window}",
        formula="mean of ln(H / L) over w bars",
        units="log frac",
        source="standard",
        inputs=("high", "low"),
        oracle="pandas",
        windows=(5, 10, 20, 60, 120),
        lookback=lambda w: w,
        value=lambda s, w: s.mean(s.range, w),
    ),
    kernel(
        pattern="raw_range_rank_{window}",
        formula="percent rank of ln(H / L) among the last w bars; ties at their mid-rank",
        units="[0,1]",
        source="standard",
        inputs=("high", "low"),
        oracle="pandas rolling rank",
        windows=(20, 60, 252),
        lookback=lambda w: w,
        value=lambda s, w: s.percent_rank(s.range, w),
    ),
    kernel(
        pattern="raw_natr_{window}",
        formula="Wilder's average true range over w bars / C",
        units="frac",
        source="Wilder 1978",
        inputs=("high", "low", "close"),
        oracle="TA-Lib NATR / 100 after warm-up",
        windows=(5, 14, 20, 60),
        lookback=atr,
        min_obs=lambda w: w + 1,
        value=lambda s, w: s.atr(w, last=True) / s.bars.close,
    ),
    *_SHAPES,
    *_SHAPE_MEANS,
)
