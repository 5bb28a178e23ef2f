"""What every part of the module uses: the size of returns, lookbacks, sources, reasons."""

from __future__ import annotations

import numpy as np

from engine.features.panel import Floats
from engine.features.workspace import Workspace

SHANNON = "Shannon 1948"
VOLUME = (
    "Volume is ln(1 + V), so that a bar without volume is defined; the series is its change from "
    "bar to bar, as in the sample entropy."
)
ONE_SYMBOL = "A flat window has one symbol: entropy 0."
TIES = "Ties are ordered by time, so a flat window has one pattern: entropy 0."


def size(s: Workspace) -> Floats:
    """|r|."""
    return s.once(s.ret, "size", lambda: np.abs(s.ret))


def lookback_returns(w: int) -> int:
    """Return the bars behind w returns."""
    return w + 1
