"""What exposures are measured in: the dollars that usually trade, and the usual range."""

from __future__ import annotations

import numpy as np

from engine.features.lookback import SCALED, SCALED_MIN, atr
from engine.features.panel import Floats
from engine.features.workspace import Workspace

ADV_SESSIONS = 20
ATR_SESSIONS = 14

# Bars behind an exposure over ADV: the scale of the division reaches back further than the mean.
REACH = SCALED
READY = SCALED_MIN
# The same over a range in ATR.
ATR_REACH = max(atr(ATR_SESSIONS), SCALED)
ATR_READY = max(ATR_SESSIONS + 1, SCALED_MIN)

ADV_INPUTS = ("option chain", "open interest", "dollar_volume")
ATR_INPUTS = ("option chain", "open interest", "high", "low", "close")
CHAIN_INPUTS = ("option chain", "open interest")


def dealer(s: Workspace, name: str) -> Floats:
    """Return what `int_options__exposures` says of the chain, NaN where there is none."""
    found = s.bars.extra.get(f"dealer_{name}")
    if found is None:
        return s.once(s.bars.close, "no chain", lambda: np.full(len(s.bars), np.nan))
    return found


def in_adv(s: Workspace, name: str) -> Floats:
    """Return an exposure over the mean dollar volume of 20 sessions."""
    held = dealer(s, name)

    def make() -> Floats:
        dollars = s.bars.dollar_volume
        return s.divide(held, s.mean(dollars, ADV_SESSIONS), dollars)

    return s.once(held, "in adv", make)


def gross(s: Workspace) -> Floats:
    """Return the exposure of all contracts, each counted positive."""
    calls = dealer(s, "calls")
    return s.once(calls, "gross", lambda: calls + dealer(s, "puts"))


def share(part: Floats, whole: Floats) -> Floats:
    """Return the share of a part in a whole; NaN where the whole is nothing.

    Neither part nor whole is negative, so that a small whole makes no large number.
    """
    out = np.full(len(whole), np.nan)
    np.divide(part, whole, out=out, where=whole > 0.0)
    return out


def from_spot(s: Workspace, name: str) -> Floats:
    """Return how far a price level lies from the spot, as a fraction of it."""
    level = dealer(s, name)
    return s.once(level, "from spot", lambda: share(level, dealer(s, "spot")) - 1.0)


def in_atr(s: Workspace, distance: Floats) -> Floats:
    """Return a fraction of the price in average true ranges of 14 sessions."""
    return s.divide(distance * s.bars.close, s.atr(ATR_SESSIONS), s.spread)


def moved(s: Workspace, name: str, sessions: int) -> Floats:
    """Return the log change of a price level, as adjusted as the bars are."""
    level = dealer(s, name)

    def make() -> Floats:
        adjusted = level * s.bars.factor
        return np.log(np.where(adjusted > 0.0, adjusted, np.nan))

    return s.change(s.once(level, "adjusted log", make), sessions)
