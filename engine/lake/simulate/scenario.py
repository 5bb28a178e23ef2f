"""The named scenarios and the edges that `planted` contains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.errors import LakeError
from engine.lake.simulate.model import CLOSING_SHARE, DAY_SHARE, REGIMES, SESSIONS_A_YEAR, Floats
from engine.lake.simulate.universe import SYMBOLS

Name = Literal["default", "null", "planted", "dirty"]
SCENARIOS = ("default", "null", "planted", "dirty")
_JUMP_SHARE = 0.08  # of an open-to-close variance, about: jumps come on top of sigma
MEMORY = 64  # sessions of returns that an edge may look at


@dataclass(frozen=True)
class Edge:
    """A predictable part of one symbol's returns.

    The drift of a session, from its open to 15 minutes before its close, is
    `strength x sigma x signal`, where sigma is the volatility of that stretch and the signal has
    variance near one.

    Parameters
    ----------
    name, symbol, formula
        What it is; `formula` is in terms of past close-to-close log returns r[1] (the last),
        r[2]... and s, their root mean square over the last 60.
    strength
        See above.
    signal
        From the returns known at the last close, oldest first, to the signal.
    """

    name: str
    symbol: str
    formula: str
    strength: float
    signal: Callable[[Floats], float]

    @property
    def r_squared(self) -> float:
        """Share of the open-to-close variance that the signal explains."""
        return self.strength**2 * DAY_SHARE / (DAY_SHARE + CLOSING_SHARE) * (1.0 - _JUMP_SHARE)

    @property
    def sharpe(self) -> float:
        """Annual Sharpe ratio of holding signal / sigma from open to close, before costs."""
        return float(np.sqrt(self.r_squared * SESSIONS_A_YEAR))


@dataclass(frozen=True)
class StructureEdge:
    """Options of one symbol that are sold too dear in one regime.

    Parameters
    ----------
    symbol, regime
        Where: quotes follow the pricing law at `variance_factor` x the true variance of the
        symbol's processes, in that regime only.
    """

    name: str
    symbol: str
    regime: int
    variance_factor: float
    formula: str


def _scaled(returns: Floats, first: int, last: int) -> float:
    """Return the sum of r[first..last] over its standard deviation."""
    if len(returns) < 60:
        return 0.0
    rms = float(np.sqrt(np.mean(returns[-60:] ** 2)))
    window = returns[len(returns) - last : len(returns) - first + 1]
    return float(window.sum() / (rms * np.sqrt(last - first + 1)))


def _trend(returns: Floats) -> float:
    # a clipped normal's standard deviation is 0.92; the edge itself makes trends, hence more
    return float(np.clip(_scaled(returns, 1, 20), -2.0, 2.0)) / 1.1


def _reversal(returns: Floats) -> float:
    return -float(np.clip(_scaled(returns, 1, 5), -2.0, 2.0)) / 0.92


def _interaction(returns: Floats) -> float:
    # tanh of a standard normal has variance 0.394
    return float(np.tanh(_scaled(returns, 1, 1)) * np.tanh(_scaled(returns, 2, 21))) / 0.394


EDGES = (
    Edge("momentum", "EEM", "clip(sum r[1..20] / (s sqrt 20), -2, 2) / 1.1", 0.088, _trend),
    Edge(
        "mean_reversion",
        "XLF",
        "-clip(sum r[1..5] / (s sqrt 5), -2, 2) / 0.92",
        0.088,
        _reversal,
    ),
    Edge(
        "interaction",
        "XLK",
        "tanh(r[1] / s) tanh(sum r[2..21] / (s sqrt 20)) / 0.394",
        0.20,
        _interaction,
    ),
)
STRUCTURE_EDGE = StructureEdge(
    "rich_straddles",
    "IWM",
    REGIMES.index("stress"),
    2.20,
    "sell the 30-day at-the-money straddle while the regime is stress; hold to expiration",
)


@dataclass(frozen=True)
class Scenario:
    """What a scenario switches on.

    Parameters
    ----------
    has_premia
        Risk earns a premium: drifts, positive rates, options priced above what they pay.
    edges, structure_edge
        Planted predictability.
    is_dirty
        Faults are injected into the written rows.
    """

    name: str
    has_premia: bool
    edges: tuple[Edge, ...] = ()
    structure_edge: StructureEdge | None = None
    is_dirty: bool = False


_ALL = {
    "default": Scenario("default", has_premia=True),
    "null": Scenario("null", has_premia=False),
    "planted": Scenario("planted", False, EDGES, STRUCTURE_EDGE),
    "dirty": Scenario("dirty", has_premia=True, is_dirty=True),
}


def scenario(name: str) -> Scenario:
    """Return a scenario by name.

    Raises
    ------
    LakeError
        When there is none of that name.
    """
    if name not in _ALL:
        raise LakeError(f"There is no scenario {name!r}.", f"Choose one of {', '.join(SCENARIOS)}.")
    return _ALL[name]


def positions(edges: tuple[Edge, ...]) -> tuple[int, ...]:
    """Return the instruments that the edges act on."""
    return tuple(SYMBOLS.index(edge.symbol) for edge in edges)
