"""The last rows of many symbols, computed without the rows before them.

Every kernel column is a pure function of its last `lookback` bars. Columns with about the same
lookback are computed from that many bars and the few rows wanted, of all symbols at once: their
pieces lie one after another with a missing bar before each, so that no window reaches into
another symbol, and what a column costs in Python is paid once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.features import registry
from engine.features.evaluation import evaluate
from engine.features.market_panel import Market
from engine.features.panel import Bars, Floats

# A group of families shares a slice of bars; a slice this much longer than a family needs costs
# less than another slice would.
_SLACK = 1.02
_SLACK_BARS = 3
# Bars that are not ordinary are few: so many more than needed are looked at before all of them.
_MORE_BARS = 64

_SERIES = tuple(
    f.name
    for f in dataclasses.fields(Bars)
    if f.name not in {"symbol", "periods_per_year", "extra"}
)


@dataclass(frozen=True)
class Tail:
    """The rows of a symbol, or of the market, from `first` on."""

    bars: Bars | Market
    first: int

    def __len__(self) -> int:
        return len(self.bars) - self.first


@dataclass(frozen=True)
class Reach:
    """How far back a given number of bars reaches from one row.

    A lookback counts bars that exist. A recursion or a scale over a derived series skips the
    bars where that series is undefined, so only ordinary bars count: those that trade, move, and
    have every input that the symbol has at all.
    """

    positions: NDArray[np.int64]

    @staticmethod
    def before(bars: Bars | Market, row: int, most: int | None = None) -> Reach:
        """Look back from `row`, itself included, over at least `most` bars; by default all."""
        last = row + 1
        begin = 0 if most is None else last - most - _MORE_BARS
        if begin > 0:
            near = np.flatnonzero(_ordinary(bars, begin, last))
            if len(near) >= most:  # type: ignore[operator]
                return Reach(near + begin)
        return Reach(np.flatnonzero(_ordinary(bars, 0, last)))

    def has(self, lookback: int) -> bool:
        """Whether there are so many bars."""
        return lookback <= len(self.positions)

    def start(self, lookback: int) -> int:
        """Return the first row that `lookback` bars need; 0 when there are not so many."""
        return int(self.positions[-lookback]) if self.has(lookback) else 0


def _ordinary(bars: Bars | Market, begin: int, end: int) -> NDArray[np.bool_]:
    """Return which rows from `begin` to before `end` count; `begin` itself does not."""
    if isinstance(bars, Market):
        # A bar counts when it does for every member that has any, and every known level.
        every = np.ones(end - begin, dtype=np.bool_)
        for member in bars.members.values():
            if not np.isnan(member.close[:end]).all():
                every &= _ordinary(member, begin, end)
        for values in bars.levels.values():
            known = ~np.isnan(values[begin:end])
            if known.any() or not np.isnan(values[:begin]).all():
                every &= known
        return every
    rows = slice(begin, end)
    moved = np.zeros(end - begin, dtype=np.bool_)
    moved[1:] = np.abs(np.diff(bars.close[rows])) > 0.0
    ordinary = moved & (bars.high[rows] > bars.low[rows]) & ~(bars.volume[rows] <= 0.0)
    series = [bars.volume, bars.vwap, bars.transactions, *bars.extra.values()]
    known = ~np.isnan(np.array([values[rows] for values in series]))
    some = known.any(axis=1)
    for place in np.flatnonzero(~some):
        # Nothing here, but something before: a recursion may reach as far back.
        some[place] = not np.isnan(series[place][:begin]).all()
    out: NDArray[np.bool_] = ordinary & known[some].all(axis=0)
    return out


class Joined(Bars):
    """The last bars of several symbols as one, a missing bar before each; series as asked for."""

    def __init__(self, pieces: Sequence[Bars], length: int) -> None:
        first = pieces[0]
        fixed = {
            "symbol": first.symbol,
            "periods_per_year": first.periods_per_year,
            "extra": _JoinedExtra([piece.extra for piece in pieces], length),
            "_pieces": pieces,
            "_length": length,
        }
        for name, value in fixed.items():
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name not in _SERIES:
            raise AttributeError(name)
        values = _joined([getattr(piece, name) for piece in self._pieces], self._length)
        object.__setattr__(self, name, values)
        return values


class _JoinedExtra(dict[str, Floats]):
    """The extra series, joined when one is first read."""

    def __init__(self, pieces: Sequence[Any], length: int) -> None:
        super().__init__()
        self._pieces = pieces
        self._length = length

    def __missing__(self, name: str) -> Floats:
        values = _joined([piece[name] for piece in self._pieces], self._length)
        self[name] = values
        return values

    def __contains__(self, name: object) -> bool:
        return name in self._pieces[0]

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self._pieces[0] else default


def _joined(series: Sequence[NDArray[Any]], length: int) -> NDArray[Any]:
    """Return the last `length` rows of each, missing values before each and where it is short."""
    missing = np.empty(length + 1, dtype=series[0].dtype)
    missing[:] = "NaT" if missing.dtype.kind == "M" else np.nan
    pieces = []
    for values in series:
        pieces += [missing[: max(1, length + 1 - len(values))], values[-length:]]
    return np.concatenate(pieces)


def groups(
    module: registry.Module, *, apart: bool = True
) -> Iterator[tuple[int, tuple[registry.Feature, ...]]]:
    """Yield the kernel features by how many bars they need, and that number.

    Parameters
    ----------
    module
        Module.
    apart
        False where the module computes its columns all at once.
    """
    wanted = set(module.computed)
    ordered = sorted(
        (f for f in module.features if f.name in wanted), key=lambda f: f.lookback, reverse=True
    )
    while ordered:
        longest = ordered[0].lookback
        shortest = min(longest / _SLACK, longest - _SLACK_BARS) if apart else 0
        together = [f for f in ordered if f.lookback >= shortest]
        ordered = ordered[len(together) :]
        yield longest, tuple(together)


def columns(module: registry.Module, tails: Sequence[Tail]) -> dict[str, Floats]:
    """Return a module's kernel columns of the tails, one after another.

    Parameters
    ----------
    module
        Module.
    tails
        What is wanted. Rows before are visited as far as the registry's lookbacks say that they
        matter.
    """
    own: Callable[..., dict[str, Floats]] | None = getattr(module.code, "compute", None)
    rows = np.cumsum([0, *map(len, tails)])
    sliced = list(groups(module, apart=own is None))
    most = max((lookback for lookback, _ in sliced), default=0)
    reaches = [Reach.before(tail.bars, tail.first, most) for tail in tails]
    found: dict[str, Floats] = {}
    for lookback, features in sliced:
        lengths = [
            len(tail.bars) - reach.start(lookback)
            for tail, reach in zip(tails, reaches, strict=True)
        ]
        alike = _alike(lookback, tails, reaches, lengths)
        apart = [[place] for place in range(len(tails)) if place not in alike]
        for places in [alike, *apart] if alike else apart:
            length = max(lengths[place] for place in places)
            part, wanted = _last_rows([tails[place] for place in places], length)
            flags = np.zeros(len(part), dtype=np.bool_)
            flags[wanted] = True
            values = own(part) if own is not None else evaluate(features, part, flags)
            target = np.concatenate([np.arange(rows[place], rows[place + 1]) for place in places])
            for name, column in values.items():
                found.setdefault(name, np.empty(rows[-1]))[target] = column[wanted]
    return found


def _last_rows(tails: Sequence[Tail], length: int) -> tuple[Bars | Market, NDArray[np.int64]]:
    """Return the last `length` bars of one or of several tails, and which rows are wanted."""
    if len(tails) == 1:
        (tail,) = tails
        part = tail.bars.part(len(tail.bars) - length)
        return part, np.arange(length - len(tail), length)
    joined = Joined([tail.bars for tail in tails if isinstance(tail.bars, Bars)], length)
    ends = (length + 1) * np.arange(1, len(tails) + 1)
    return joined, np.concatenate(
        [np.arange(end - len(tail), end) for tail, end in zip(tails, ends, strict=True)]
    )


def _alike(
    lookback: int, tails: Sequence[Tail], reaches: Sequence[Reach], lengths: Sequence[int]
) -> list[int]:
    """Return the tails with bars enough that need about as many rows; none if that is one."""
    first = tails[0].bars
    if isinstance(first, Market):
        return []
    most = _SLACK * lookback + _MORE_BARS
    alike = [
        place
        for place, (tail, reach) in enumerate(zip(tails, reaches, strict=True))
        if isinstance(tail.bars, Bars)
        and reach.has(lookback)
        and lengths[place] <= most
        and tail.bars.periods_per_year == first.periods_per_year
        and tail.bars.extra.keys() == first.extra.keys()
    ]
    return alike if len(alike) > 1 else []
