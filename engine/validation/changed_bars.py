"""Bars changed in one way each, for the audits: cut, continued otherwise, missing, flat, untraded.

What is done to a market is done to its members: to all of them, and where it says so to one alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.features.market_panel import Market
from engine.features.panel import Bars, Floats

FLAT_BARS = 90

_PRICES = ("open", "high", "low", "close", "raw_close", "vwap")
_ARRAYS = tuple(
    item.name for item in fields(Bars) if item.name not in ("symbol", "periods_per_year", "extra")
)


def has_missing(bars: Bars | Market) -> bool:
    """Return whether any bar is missing."""
    if isinstance(bars, Market):
        levels = any(bool(np.isnan(values).any()) for values in bars.levels.values())
        return levels or any(has_missing(member) for member in bars.members.values())
    return bool(np.isnan(bars.close).any())


def part(bars: Bars | Market, first: int, last: int) -> Bars | Market:
    """Return rows `first` to `last`, the last not included, in memory of their own."""
    cut = bars.part(first, last)
    if isinstance(cut, Market):
        levels = {name: values.copy() for name, values in cut.levels.items()}
        return replace(cut.changed(_copy), levels=levels)
    return _copy(cut)


def _copy(bars: Bars) -> Bars:
    arrays: dict[str, Any] = {name: getattr(bars, name).copy() for name in _ARRAYS}
    extra = {name: values.copy() for name, values in bars.extra.items()}
    return replace(bars, extra=extra, **arrays)


def _scaled(bars: Bars, prices: Floats, volumes: Floats) -> Bars:
    """Return the bars with prices and share counts multiplied, consistently."""
    arrays: dict[str, Any] = {name: getattr(bars, name) * prices for name in _PRICES}
    for name in ("volume", "raw_volume", "transactions"):
        arrays[name] = getattr(bars, name) * volumes
    arrays["dollar_volume"] = arrays["raw_close"] * arrays["raw_volume"]
    return replace(bars, **arrays)


def with_other_future(bars: Bars | Market, turn: int, rng: np.random.Generator) -> Bars | Market:
    """Return the bars with other prices, volumes and statistics from `turn` on."""
    if isinstance(bars, Market):
        later = np.arange(len(bars)) >= turn
        levels = {
            name: np.where(later, values * rng.uniform(0.5, 0.9, len(bars)), values)
            for name, values in bars.levels.items()
        }
        return replace(bars.changed(lambda member: _other_future(member, turn, rng)), levels=levels)
    return _other_future(bars, turn, rng)


def _other_future(bars: Bars, turn: int, rng: np.random.Generator) -> Bars:
    later = np.arange(len(bars)) >= turn
    walk = np.exp(np.cumsum(np.where(later, rng.normal(0.0, 0.05, len(bars)), 0.0)))
    busy = np.where(later, rng.uniform(0.2, 5.0, len(bars)), 1.0)
    extra = {
        name: np.where(later, values * rng.uniform(0.5, 0.9, len(bars)), values)
        for name, values in bars.extra.items()
    }
    return replace(_scaled(bars, walk, busy), extra=extra)


def without_bar(bars: Bars | Market, at: int) -> Iterator[tuple[str, Bars | Market]]:
    """Yield the bars without the one `at`, with whose it is.

    In a market: that of every member, of the first alone, and of the last alone.
    """
    if not isinstance(bars, Market):
        yield "", _without_bar(bars, at)
        return
    nothing = {name: _hole(values, at) for name, values in bars.levels.items()}
    yield " of all", replace(bars.changed(lambda member: _without_bar(member, at)), levels=nothing)
    symbols = list(bars.members)
    for symbol in dict.fromkeys((symbols[0], symbols[-1])):
        yield f" of {symbol}", bars.changed(lambda member: _without_bar(member, at), (symbol,))


def _hole(values: Floats, at: int) -> Floats:
    out = values.copy()
    out[at] = np.nan
    return out


def _without_bar(bars: Bars, at: int | slice) -> Bars:
    arrays: dict[str, Any] = {
        name: getattr(bars, name).copy() for name in _ARRAYS if name != "time"
    }
    extra = {name: values.copy() for name, values in bars.extra.items()}
    for values in (*arrays.values(), *extra.values()):
        values[at] = np.nan
    return replace(bars, extra=extra, **arrays)


def _flat(bars: Bars, where: NDArray[np.bool_]) -> Bars:
    """Return the bars with one and the same price throughout `where`."""
    at = int(np.flatnonzero(where)[0])
    arrays: dict[str, Any] = {
        name: np.where(where, bars.close[at], getattr(bars, name))
        for name in ("open", "high", "low", "close")
    }
    for name in ("raw_close", "vwap"):
        arrays[name] = np.where(where, bars.raw_close[at], getattr(bars, name))
    arrays["dollar_volume"] = arrays["raw_close"] * bars.raw_volume
    return replace(bars, **arrays)


def _untraded(bars: Bars, where: NDArray[np.bool_]) -> Bars:
    arrays: dict[str, Any] = {
        name: np.where(where, 0.0, getattr(bars, name))
        for name in ("volume", "raw_volume", "transactions", "dollar_volume")
    }
    # There is no average price of no trades.
    arrays["vwap"] = np.where(where, np.nan, bars.vwap)
    return replace(bars, **arrays)


def degenerate(bars: Bars | Market) -> Iterator[tuple[str, Bars | Market]]:
    """Yield bars that do not move or do not trade, with what they are.

    In a market: those of every member, those of the first and of the last alone, and no bars of
    the last at all.
    """
    if not isinstance(bars, Market):
        yield from _degenerate(bars)
        return
    symbols = list(bars.members)
    kinds = [what for what, _ in _degenerate(bars.members[symbols[0]])]
    for number, what in enumerate(kinds):
        for chosen in ((), symbols[:1], symbols[-1:]):
            whose = f" of {chosen[0]} alone" if chosen else ""
            yield f"{what}{whose}", bars.changed(partial(_nth, number=number), chosen)
    absent = bars.changed(lambda b: _without_bar(b, slice(None)), symbols[-1:])
    yield f"no bars of {symbols[-1]}", absent


def _nth(bars: Bars, number: int) -> Bars:
    return next(islice((changed for _, changed in _degenerate(bars)), number, None))


def _degenerate(bars: Bars) -> Iterator[tuple[str, Bars]]:
    """Yield one symbol's bars that do not move or do not trade."""
    count = len(bars)
    row = np.arange(count)
    middle = count // 2
    stretch = (row >= middle) & (row < middle + FLAT_BARS)
    everywhere = np.ones(count, dtype=bool)
    yield "one bar without volume", _untraded(bars, row == middle)
    yield f"{FLAT_BARS} bars without volume", _untraded(bars, stretch)
    yield "no volume at all", _untraded(bars, everywhere)
    yield f"{FLAT_BARS} flat bars", _flat(bars, stretch)
    yield f"{FLAT_BARS} flat bars without volume", _untraded(_flat(bars, stretch), stretch)
    yield "flat bars only", _flat(bars, everywhere)
    # Prices that differ in their last bits only: where formulas cancel.
    trembling = 1.0 + 4.0 * np.finfo(np.float64).eps * np.where(stretch, row % 3, 0)
    yield (
        f"{FLAT_BARS} bars that tremble in the last bits",
        _scaled(_flat(bars, stretch), trembling, np.ones(count)),
    )
