"""What options are listed: expirations by cycle, strikes around the price, the open contracts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.lake.simulate.model import LONGEST, Floats
from engine.lake.simulate.path import Path
from engine.lake.simulate.randomness import Stream, generator
from engine.lake.simulate.timeline import Timeline
from engine.lake.simulate.universe import INSTRUMENTS

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

_FINE = np.array([50, 100, 250])  # of the reference scale only
_INCREMENTS = np.array([500, 1000, 2500, 5000, 10_000, 20_000, 50_000])  # thousandths of a dollar


@dataclass
class Book:
    """The listed contracts, as strikes with a call and a put each.

    Parameters
    ----------
    instrument, expiration, strike
        (p,) index, session of expiration, thousandths of a dollar; sorted in this order.
    increment
        (p,) thousandths between the strikes of the series.
    appeal
        (p, 2) lasting taste for a contract: log-normal multiplier of its volume.
    interest
        (p, 2) open interest published before the session.
    last
        (p, 2) price of the last trade, NaN before the first.
    """

    instrument: Integers
    expiration: Integers
    strike: Integers
    increment: Integers
    appeal: Floats
    interest: Floats
    last: Floats

    @classmethod
    def empty(cls) -> Book:
        """Return a book without contracts."""
        none, pair = np.zeros(0, np.int64), np.zeros((0, 2))
        return cls(none, none, none, none, pair, pair, pair)

    def __len__(self) -> int:
        return len(self.strike)

    def take(self, rows: Integers | Flags) -> Book:
        """Return the book with these rows only."""
        return Book(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def joined(self, *others: Book) -> Book:
        """Return these books as one, in order."""
        books = (self, *others)
        whole = Book.whole(list(books))
        return whole.take(np.argsort(whole.key(), kind="stable"))

    @classmethod
    def whole(cls, books: list[Book]) -> Book:
        """Return consecutive books as one."""
        if len(books) == 1:
            return books[0]
        names = cls.__dataclass_fields__
        return cls(*(np.concatenate([getattr(each, name) for each in books]) for name in names))

    def parts(self, groups: tuple[tuple[int, ...], ...]) -> list[Book]:
        """Return the book cut where each group of instruments begins."""
        starts = np.searchsorted(self.instrument, [group[0] for group in groups[1:]])
        edges = [0, *(int(start) for start in starts), len(self)]
        return [
            Book(*(getattr(self, name)[low:high] for name in self.__dataclass_fields__))
            for low, high in pairwise(edges)
        ]

    def series(self) -> Integers:
        """Return one ascending number per instrument and expiration, (p,)."""
        return self.instrument * 10_000 + self.expiration

    def key(self) -> Integers:
        """Return one ascending number a strike."""
        return self.series() * 10**8 + self.strike


@dataclass(frozen=True)
class Depth:
    """How dense the chains are.

    Parameters
    ----------
    strikes
        Multiplies the strikes per series.
    extra
        Adds this many weekly expirations.
    """

    strikes: float = 1.0
    extra: int = 0

    @property
    def increments(self) -> Integers:
        """Thousandths of a dollar that may lie between strikes."""
        return np.concatenate([_FINE, _INCREMENTS]) if self.strikes > 2.0 else _INCREMENTS


def expirations(line: Timeline, t: int, i: int, depth: Depth) -> Integers:
    """Return the sessions on which an instrument's listed options expire, seen from session t."""
    each = INSTRUMENTS[i]
    last = min(t + LONGEST, len(line.days) - 1)
    ahead = np.arange(t, last + 1)
    weekday = np.array([line.days[s].weekday() for s in ahead[:30]])
    months = np.array([line.days[s].month for s in ahead])
    monthly = ahead[line.is_monthly[ahead]]
    march_cycle = ahead[line.is_monthly[ahead] & (months % 3 == 0)]
    chosen = [
        ahead[: len(weekday)][(weekday == 0) | (weekday == 2)][: each.dailies],
        ahead[line.is_weekly[ahead]][: each.weeklies + depth.extra],
        monthly[: each.monthlies],
        march_cycle[: each.quarterlies],
        ahead[line.is_quarterly[ahead]][: 2 if each.dailies else 0],
    ]
    return np.unique(np.concatenate(chosen))


def list_contracts(
    book: Book, line: Timeline, path: Path, seed: int, t: int, members: tuple[int, ...],
    usual_vol: Floats, depth: Depth,
) -> Book:  # fmt: skip
    """Drop what has expired or was split away, and list new expirations and strikes.

    Parameters
    ----------
    book
        Contracts after session t - 1.
    members
        Instruments that have options.
    usual_vol
        (instruments,) annual volatility in a normal market: how wide chains are.
    """
    book = book.take(book.expiration >= t)
    split_today = {split.instrument for split in path.splits if split.ex == t}
    if split_today:  # series of the old share end; new ones are listed on the new share
        book = book.take(~np.isin(book.instrument, list(split_today)))
    spot = path.open[t] + path.outstanding[t]
    series = book.series()
    new: list[Book] = []
    for i in members:
        random = generator(seed, Stream.CHAIN, t, 2 * i)
        for s in expirations(line, t, i, depth):
            first, last = np.searchsorted(series, [_series(i, s), _series(i, s) + 1])
            have = book.strike[first:last]
            years = max((line.days[s] - line.days[t]).days, 1) / 365.0
            width = float(np.clip(3.4 * usual_vol[i] * np.sqrt(years), 0.025, 0.75))
            step = (
                int(book.increment[first])
                if have.size
                else _increment(i, float(spot[i]), width, bool(line.is_monthly[s]), depth)
            )
            fresh = _new_strikes(have, float(spot[i]), width, step)
            if not fresh.size:
                continue
            n = len(fresh)
            appeal = np.exp(0.7 * random.standard_normal((n, 2)))
            appeal *= np.where(fresh % (5 * step) == 0, 2.0, 1.0)[:, None]
            # contracts that exist when the story begins have holders; the quotes say how many
            is_old = (t == 0 and not have.size) or i in split_today
            interest = np.full((n, 2), np.nan if is_old else 0.0)
            traded = np.full((n, 2), np.nan)
            new.append(
                Book(
                    np.full(n, i),
                    np.full(n, s),
                    fresh,
                    np.full(n, step),
                    appeal,
                    interest,
                    traded,
                )
            )
    return book.joined(*new) if new else book


def _series(instrument: int, expiration: int) -> int:
    return instrument * 10_000 + expiration


def _increment(i: int, spot: float, width: float, is_monthly: bool, depth: Depth) -> int:
    """Return the distance between the strikes of a new series, in thousandths of a dollar."""
    wanted = 2.0 * INSTRUMENTS[i].strikes * depth.strikes * (1.0 if is_monthly else 0.8)
    even = 1000.0 * spot * 2.0 * np.sinh(width) / wanted
    ladder = depth.increments
    return int(ladder[min(int(np.searchsorted(ladder, 0.75 * even)), len(ladder) - 1)])


def _new_strikes(have: Integers, spot: float, width: float, step: int) -> Integers:
    """Return the strikes to add to a series: all at first, later those that the price came to."""
    if have.size:
        low = min(spot * np.exp(-0.75 * width), have[0] / 1000.0)
        high = max(spot * np.exp(0.50 * width), have[-1] / 1000.0)
    else:
        low, high = spot * np.exp(-width), spot * np.exp(0.65 * width)
    first = max(int(np.floor(low * 1000.0 / step)), 1)
    last = int(np.ceil(high * 1000.0 / step))
    if have.size and first * step >= have[0] and last * step <= have[-1]:
        return have[:0]
    return np.setdiff1d(np.arange(first, last + 1) * step, have)
