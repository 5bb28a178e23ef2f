"""How many bars a value depends on, for the pieces that families are made of."""

from __future__ import annotations

from engine.kernels.safe_division import SCALE_MIN_OBS, SCALE_WINDOW
from engine.kernels.wilder import ema_lookback, wilder_lookback

# The scale of a division: the values before a row, and the row.
SCALED = SCALE_WINDOW + 1
SCALED_MIN = SCALE_MIN_OBS + 1
# The same of one-bar changes, which read a bar more.
SCALED_CHANGE = SCALED + 1
SCALED_CHANGE_MIN = SCALED_MIN + 1


def atr(window: int) -> int:
    """Return the bars behind an average true range: a true range reads the close before it."""
    return wilder_lookback(window) + 1


__all__ = [
    "SCALED",
    "SCALED_CHANGE",
    "SCALED_CHANGE_MIN",
    "SCALED_MIN",
    "atr",
    "ema_lookback",
    "wilder_lookback",
]
