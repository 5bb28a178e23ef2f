"""Option chains: what is listed, what it is worth, how it is quoted, what trades.

A `Book` carries the contracts from session to session: strikes once listed stay to expiration,
open interest moves with the volume, the last trade stays until the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.kernels import black
from engine.lake.schema import DAY_SECONDS, OPTIONS, SNAPSHOT_SECONDS
from engine.lake.simulate import arrow
from engine.lake.simulate.model import DAY_SHARE, LONGEST, Floats, Law, Surface
from engine.lake.simulate.path import Dividend, Path, zero_rate
from engine.lake.simulate.randomness import Stream, generator
from engine.lake.simulate.scenario import StructureEdge
from engine.lake.simulate.stocks import Minutes
from engine.lake.simulate.timeline import SNAPSHOT_MINUTES, Timeline
from engine.lake.simulate.universe import INSTRUMENTS, SYMBOLS

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

QUOTES = "sim_quotes"
TRADES = "sim_trades"
CALL, PUT = 0, 1
_FINE = np.array([50, 100, 250])  # of the reference scale only
_INCREMENTS = np.array([500, 1000, 2500, 5000, 10_000, 20_000, 50_000])  # thousandths of a dollar
_REGIME_SPREAD = (1.0, 1.0, 1.35, 2.0)
_LEAST_PRICE = 2e-6  # of the forward: below it no implied volatility is stated


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

    def key(self) -> Integers:
        """Return one ascending number a strike."""
        return (self.instrument * 10_000 + self.expiration) * 10**8 + self.strike


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
    """Drop what has expired or was split away, and list new expirations and strikes."""
    book = book.take(book.expiration >= t)
    split_today = [split.instrument for split in path.splits if split.ex == t]
    if split_today:  # series of the old share end; new ones are listed on the new share
        book = book.take(~np.isin(book.instrument, split_today))
    spot = path.open[t] + path.outstanding[t]
    new: list[Book] = []
    key = book.instrument * 10_000 + book.expiration
    ladder = depth.increments
    for i in members:
        random = generator(seed, Stream.CHAIN, t, 2 * i)
        for s in expirations(line, t, i, depth):
            at = np.searchsorted(key, [i * 10_000 + s, i * 10_000 + s + 1])
            have = book.strike[at[0] : at[1]]
            years = max((line.days[s] - line.days[t]).days, 1) / 365.0
            width = float(np.clip(3.4 * usual_vol[i] * np.sqrt(years), 0.025, 0.75))
            if have.size:
                step = int(book.increment[at[0]])
                low = min(spot[i] * np.exp(-0.75 * width), have[0] / 1000.0)
                high = max(spot[i] * np.exp(0.50 * width), have[-1] / 1000.0)
            else:
                is_monthly = bool(line.is_monthly[s])
                wanted = 2.0 * INSTRUMENTS[i].strikes * depth.strikes * (1.0 if is_monthly else 0.8)
                rough = 1000.0 * spot[i] * 2.0 * np.sinh(width) / wanted
                choice = int(np.searchsorted(ladder, rough * 0.75))
                step = int(ladder[min(choice, len(ladder) - 1)])
                low, high = spot[i] * np.exp(-width), spot[i] * np.exp(0.65 * width)
            first = max(int(np.floor(low * 1000.0 / step)), 1)
            final = int(np.ceil(high * 1000.0 / step))
            if have.size and first * step >= have[0] and final * step <= have[-1]:
                continue
            fresh = np.setdiff1d(np.arange(first, final + 1) * step, have)
            if fresh.size:
                n = len(fresh)
                appeal = np.exp(0.7 * random.standard_normal((n, 2)))
                appeal *= np.where(fresh % (5 * step) == 0, 2.0, 1.0)[:, None]
                is_old = (t == 0 and not have.size) or i in split_today
                interest = np.full((n, 2), np.nan if is_old else 0.0)
                new.append(
                    Book(
                        np.full(n, i), np.full(n, s), fresh, np.full(n, step), appeal, interest,
                        np.full((n, 2), np.nan),
                    )
                )  # fmt: skip
    return book.joined(*new) if new else book


@dataclass(frozen=True)
class Forwards:
    """What each series settles against.

    Parameters
    ----------
    net
        (n,) forward of the part of the price that moves.
    cash
        (n,) declared dividends not yet paid at expiration: part of the price that does not.
    discount, years
        (n,) discount factor and years to settlement.
    """

    net: Floats
    cash: Floats
    discount: Floats
    years: Floats

    @property
    def whole(self) -> Floats:
        """The forward of the share."""
        return self.net + self.cash


def forwards(
    line: Timeline, path: Path, schedule: list[Dividend], t: int, spot: Floats,
    instrument: Integers, expiration: Integers,
) -> Forwards:  # fmt: skip
    """Return the forwards of series at a session's snapshot.

    Declared dividends are cash; later ones are the known share of the price at their declaration.
    """
    years = line.years(t, expiration)
    rate = zero_rate(path.rate[t], years)
    days = line.ordinals
    net = (spot - path.outstanding[t])[instrument] * np.exp(rate * years)
    cash = np.zeros(len(years))
    for dividend in path.dividends:
        if dividend.declared <= t < dividend.ex:
            later = (instrument == dividend.instrument) & (expiration < dividend.ex)
            wait = (days[dividend.ex] - days[expiration]) / 365.0
            cash += np.where(later, dividend.amount * np.exp(-path.rate[t] * wait), 0.0)
    for dividend in schedule:
        if t < dividend.declared and dividend.ex <= t + LONGEST:
            paid = (instrument == dividend.instrument) & (expiration >= dividend.ex)
            net = np.where(paid, net * (1.0 - dividend.share), net)
    return Forwards(net, cash, np.exp(-rate * years), years)


@dataclass(frozen=True)
class Valuation:
    """Fair values per strike: arrays (p,) per strike, (p, 2) per contract."""

    forward: Floats
    discount: Floats
    years: Floats
    stdev: Floats  # Black-76 volatility x sqrt(years), NaN where the price is too small
    fair: Floats
    center: Floats  # what quotes are made around; equals fair outside the planted edge


def value(
    surface: Surface, book: Book, line: Timeline, path: Path, schedule: list[Dividend],
    t: int, spot: Floats, edge: StructureEdge | None,
) -> Valuation:  # fmt: skip
    """Return the fair prices of every contract at a session's snapshot."""
    key = book.instrument * 10_000 + book.expiration
    _, first, series = np.unique(key, return_index=True, return_inverse=True)
    instrument, expiration = book.instrument[first], book.expiration[first]
    ahead = forwards(line, path, schedule, t, spot, instrument, expiration)
    member = np.searchsorted(np.array(surface.members), instrument)
    steps = expiration - t
    regime = int(path.regime_after[t])
    strike = book.strike / 1000.0
    moving = np.maximum(strike - ahead.cash[series], 1e-3)

    forward = ahead.whole[series]
    intrinsic = (forward - strike)[:, None] * np.array([1.0, -1.0])

    def out_of_the_money(variance: Floats) -> Floats:
        density, width = surface.density(member, steps, variance, regime)
        priced: Floats = black.cosine_otm(
            density, width, ahead.net, surface.is_right_tailed[member], series, moving
        )
        return np.maximum(priced, 0.0)

    def both(otm: Floats) -> Floats:
        sides: Floats = otm[:, None] + np.maximum(intrinsic, 0.0)
        return sides

    variance = path.variance_after[t]
    otm = out_of_the_money(variance)
    enough = np.where(otm > _LEAST_PRICE * forward, otm, np.nan)
    stdev = black.implied_stdev_sorted(forward, strike, enough)
    discount = ahead.discount[series]
    fair = both(otm) * discount[:, None]
    center = fair
    if edge is not None and regime == edge.regime:
        dear = both(out_of_the_money(variance * edge.variance_factor)) * discount[:, None]
        at = SYMBOLS.index(edge.symbol)
        center = np.where((book.instrument == at)[:, None], dear, fair)
    return Valuation(forward, discount, ahead.years[series], stdev, fair, center)


@dataclass(frozen=True)
class Session:
    """What one session leaves: rows, the book for the next session, and what was true."""

    rows: pa.Table
    book: Book
    valuation: Valuation


def _draws(book: Book, seed: int, t: int, members: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return (9, p, 2) uniforms and (p, 2) normals; each instrument has its own stream."""
    counts = np.bincount(book.instrument, minlength=len(INSTRUMENTS))
    uniforms, normals = [], []
    for i in members:
        random = generator(seed, Stream.CHAIN, t, 2 * i + 1)
        uniforms.append(random.random((9, counts[i], 2)))
        normals.append(random.standard_normal((counts[i], 2)))
    return np.concatenate(uniforms, axis=1), np.concatenate(normals, axis=0)


def _tick(price: Floats, instrument: Integers) -> Floats:
    penny = np.array([each.is_penny for each in INSTRUMENTS])[instrument][:, None]
    return np.where(penny | (price < 3.0), 0.01, 0.05)


def quote_session(
    book: Book, valuation: Valuation, line: Timeline, path: Path, law: Law, seed: int, t: int,
    members: tuple[int, ...], spot: Floats, minutes: Minutes,
) -> Session:  # fmt: skip
    """Return a session's quotes, trades and truth.

    Parameters
    ----------
    spot
        (instruments,) price at the snapshot, to the cent.
    minutes
        The session's minutes, which trades follow.
    """
    p = len(book)
    uniform, normal = _draws(book, seed, t, members)
    per_day = np.array([each.contracts_per_day for each in INSTRUMENTS])
    strike = book.strike / 1000.0
    total = law.loadings**2 @ path.variance_after[t]
    stdev = np.where(
        np.isnan(valuation.stdev),
        np.sqrt(total[book.instrument] * (book.expiration - t + 0.05)),
        valuation.stdev,
    )
    is_call = np.broadcast_to(np.array([True, False]), (p, 2))

    # -- volume: near the money, near in time, round strikes, and what people like
    distance = np.log(strike / valuation.forward) / np.maximum(stdev, 0.004)
    side = np.stack([distance, -distance], axis=1)  # positive is out of the money
    taste = np.exp(-0.5 * ((side - 0.25) / 0.8) ** 2) + 0.004 * np.exp(-0.5 * np.abs(side))
    taste = taste * np.exp(-(book.expiration - t) / 20.0)[:, None] + 1e-5
    taste = taste * book.appeal
    whole = np.bincount(book.instrument, taste.sum(1), minlength=len(INSTRUMENTS))
    activity = path.volume[t] / np.exp(np.log([each.shares_per_day for each in INSTRUMENTS]))
    mean = (per_day * np.clip(activity, 0.3, 3.0))[book.instrument][:, None] * (
        taste / whole[book.instrument][:, None]
    )
    seasoned = np.isnan(book.interest)
    interest = np.where(seasoned, np.round(mean * (2.0 + 10.0 * uniform[0])), book.interest)
    mean = mean * np.exp(0.8 * normal - 0.32)
    lot = 3.0 + 12.0 * uniform[1] ** 3
    trades = np.floor(mean / lot + uniform[2])
    trades = np.where(mean < 0.02, 0.0, trades)
    volume = np.where(trades > 0, np.maximum(np.round(trades * lot), trades), 0.0)
    late_trades = np.minimum(np.floor(trades * 0.16 * uniform[3] + 0.03), trades)
    early_trades = trades - late_trades
    early_volume = np.where(
        late_trades > 0, np.floor(volume * early_trades / np.maximum(trades, 1.0)), volume
    )
    early_volume = np.maximum(early_volume, early_trades)

    # -- quotes
    center = valuation.center
    liquid = np.clip((1e6 / per_day) ** 0.22, 0.55, 1.9)[book.instrument][:, None]
    value_now = center - valuation.discount[:, None] * np.maximum(
        np.where(is_call, 1.0, -1.0) * (valuation.forward - strike)[:, None], 0.0
    )
    half = liquid * (0.006 + 0.010 * value_now + 0.0012 * (center - value_now))
    half = half * (0.6 + 0.8 * uniform[4]) * _REGIME_SPREAD[path.regime_after[t]]
    half = np.maximum(half, 0.004)
    tick = _tick(center, book.instrument)
    bid = np.maximum(np.floor((center - half) / tick + 1e-9) * tick, 0.0)
    ask = np.maximum(np.ceil((center + half) / tick - 1e-9) * tick, tick)
    bid, ask = np.round(bid, 2), np.round(ask, 2)
    size = np.exp(1.2 * normal) * 40.0 / liquid
    bid_size = np.where(bid > 0, np.ceil(size * (0.5 + uniform[5])), 0.0)
    ask_size = np.ceil(size * (0.5 + uniform[6]))

    # -- trades, priced off the minute in which they happen
    session = int(line.minutes[t])
    cut = session - SNAPSHOT_MINUTES
    at_open = np.floor(np.minimum(uniform[7], uniform[8] * 0.999) * cut)
    at_cut = np.floor(np.maximum(uniform[7], uniform[8] * 0.999) * cut)
    at_cut = np.where(early_trades == 1, at_open, at_cut)
    at_end = cut + np.floor(uniform[3] * uniform[8] * (SNAPSHOT_MINUTES - 1))
    traded = np.argwhere(trades > 0)
    rows, kind = traded[:, 0], traded[:, 1]
    remaining = DAY_SHARE * (law.loadings**2 @ path.variance[t])
    price = _trade_prices(
        minutes.spot, spot, book.instrument[rows], strike[rows], kind == CALL,
        valuation.forward[rows], stdev[rows], valuation.discount[rows], remaining, cut,
        np.stack([at_open[rows, kind], at_cut[rows, kind], at_end[rows, kind]]),
        center[rows, kind] - valuation.fair[rows, kind],
        early_trades[rows, kind], late_trades[rows, kind],
    )  # fmt: skip
    side_noise = (uniform[5][rows, kind] - 0.5) * 1.6 * half[rows, kind]
    grid = tick[rows, kind]
    price = np.maximum(np.round(np.round((price + side_noise) / grid) * grid, 2), 0.01)
    early_open, early_high, early_low, early_close, end_open, end_high, end_low, end_close = price

    early = np.full((4, p, 2), np.nan)
    has_early = early_trades[rows, kind] > 0
    for column, values in enumerate((early_open, early_high, early_low, early_close)):
        early[column][rows[has_early], kind[has_early]] = values[has_early]
    shown_last = np.where(early_trades > 0, early[3], book.last)

    # -- the book for the next session
    last = book.last.copy()
    last[rows, kind] = end_close
    open_share = np.where((book.expiration - t <= 2)[:, None], -0.25, 0.06)
    change = volume * (open_share + 0.7 * (uniform[6] - 0.5))
    after = Book(
        book.instrument, book.expiration, book.strike, book.increment, book.appeal,
        np.maximum(np.round(interest + change), 0.0), last,
    )  # fmt: skip

    table = _table(
        book, line, t, spot, rows * 2 + kind,
        (early[0], early[1], early[2], shown_last, early_volume, early_trades),
        (end_open, end_high, end_low, end_close, volume[rows, kind], trades[rows, kind]),
        (bid, ask, bid_size, ask_size, interest),
    )  # fmt: skip
    return Session(table, after, valuation)


def truth_rows(book: Book, valuation: Valuation, line: Timeline, t: int) -> pa.Table:
    """Return what is true of every quoted contract at a session's snapshot.

    `fair` is the discounted expectation under the pricing law, `center` what the quotes were made
    around, `iv` the Black-76 volatility of `fair` on `forward`, NULL where the price is too small
    to tell.
    """
    vol = np.repeat(valuation.stdev / np.sqrt(valuation.years), 2)
    return pa.table(
        {
            "symbol": arrow.text(_codes(book, line)),
            "fair": pa.array(valuation.fair.ravel()),
            "center": pa.array(valuation.center.ravel()),
            "iv": arrow.nullable(vol),
            "forward": pa.array(np.repeat(valuation.forward, 2)),
            "discount": pa.array(np.repeat(valuation.discount, 2)),
        }
    )


def _trade_prices(
    spots: Floats, spot: Floats, instrument: Integers, strike: Floats, is_call: Flags,
    forward: Floats, stdev: Floats, discount: Floats, remaining: Floats, cut: int,
    at: Floats, dearness: Floats, early: Floats, late: Floats,
) -> Floats:  # fmt: skip
    """Return (8, n): open, high, low, close up to the snapshot, then of the whole session."""
    minute = at.astype(np.int64)

    def worth(share_price: Floats, when: Integers) -> Floats:
        ratio = share_price / spot[instrument]
        left = np.maximum(cut - 1 - when, 0) / cut * remaining[instrument]
        wide = np.sqrt(stdev**2 + left)
        priced: Floats = discount * black.price(forward * ratio, strike, wide, is_call) + dearness
        return priced

    first, second, third = (worth(spots[instrument, m], m) for m in minute)
    up, down = _between(spots, instrument, minute[0], minute[1])
    best = worth(np.where(is_call, up, down), minute[0])
    worst = worth(np.where(is_call, down, up), minute[1])
    many = early >= 3
    high = np.maximum(np.maximum(first, second), np.where(many, best, -np.inf))
    low = np.minimum(np.minimum(first, second), np.where(many, worst, np.inf))
    has_late, only_late = late > 0, early == 0
    end = np.where(has_late, third, second)
    return np.stack(
        [
            first, high, low, second,
            np.where(only_late, third, first),
            np.where(only_late, third, np.where(has_late, np.maximum(high, third), high)),
            np.where(only_late, third, np.where(has_late, np.minimum(low, third), low)),
            end,
        ]
    )  # fmt: skip


def _between(
    spots: Floats, instrument: Integers, first: Integers, last: Integers
) -> tuple[Floats, Floats]:
    """Return the highest and lowest price of an instrument between two minutes, both included."""
    levels = int(np.log2(max(spots.shape[1], 2))) + 1
    top, bottom = [spots], [spots]
    for level in range(levels - 1):
        gap = 1 << level
        top.append(np.maximum(top[-1][:, :-gap], top[-1][:, gap:]))
        bottom.append(np.minimum(bottom[-1][:, :-gap], bottom[-1][:, gap:]))
    span = last - first + 1
    level = np.floor(np.log2(np.maximum(span, 1))).astype(np.int64)
    high, low = np.empty(len(first)), np.empty(len(first))
    for each in range(levels):
        rows = np.flatnonzero(level == each)
        i, a, b = instrument[rows], first[rows], last[rows] - (1 << each) + 1
        high[rows] = np.maximum(top[each][i, a], top[each][i, b])
        low[rows] = np.minimum(bottom[each][i, a], bottom[each][i, b])
    return high, low


def _codes(book: Book, line: Timeline) -> NDArray[np.uint8]:
    """Return the OCC symbols of all contracts as ASCII codes, call and put in turn."""
    roots = arrow.codes(list(SYMBOLS))[book.instrument]
    stamps = line.stamps[book.expiration]
    codes = np.empty((len(book), 2, 20), np.uint8)
    codes[:, :, 0:2] = arrow.codes(["O:"])[0]
    codes[:, :, 2:5] = roots[:, None]
    codes[:, :, 5:11] = stamps[:, None]
    codes[:, CALL, 11], codes[:, PUT, 11] = ord("C"), ord("P")
    codes[:, :, 12:20] = arrow.digits(book.strike)[:, None]
    return codes.reshape(-1, 20)


def _table(
    book: Book, line: Timeline, t: int, spot: Floats, traded: Integers,
    quoted: tuple[Floats, ...], aggregate: tuple[Floats, ...], quote: tuple[Floats, ...],
) -> pa.Table:  # fmt: skip
    """Return the session's rows in the lake's order: a contract's quote, then its aggregate.

    Parameters
    ----------
    traded
        (m,) contracts that traded, ascending; contract 2 i is the call of strike i.
    quoted, aggregate
        Open, high, low, close, volume, transactions: (p, 2) up to the snapshot, (m,) of the day.
    quote
        (p, 2) bid, ask, their sizes, and open interest.
    """
    p = len(book)
    has_traded = np.zeros(2 * p, np.int64)
    has_traded[traded] = 1
    contract = np.repeat(np.arange(2 * p), 1 + has_traded)
    at_quote = np.arange(2 * p) + np.cumsum(has_traded) - has_traded
    at_trade = at_quote[traded] + 1
    n = len(contract)
    is_trade = np.zeros(n, np.int64)
    is_trade[at_trade] = 1
    pair = contract >> 1

    def column(quotes: Floats, trades: Floats | float = np.nan) -> Floats:
        out = np.empty(n)
        out[at_quote] = quotes.ravel()
        out[at_trade] = trades
        return out

    days = line.ordinals
    expiration = days[book.expiration]
    codes = _codes(book, line)[contract]
    roots = arrow.text(codes[:, 2:5])
    snapshot, opening, closing = line.snapshot(t), line.opens[t], line.closes[t]
    columns = {
        "symbol": arrow.text(codes),
        "root": roots,
        "underlying": roots,
        "expiration": arrow.dates(expiration[pair]),
        "strike": arrow.strikes(book.strike[pair]),
        "option_type": arrow.text(codes[:, 11:12]),
        "dte": pa.array((expiration - days[t]).astype(np.int32)[pair]),
        "ts": arrow.instants(np.array([snapshot, opening])[is_trade]),
        "known_at": arrow.instants(np.array([snapshot, closing])[is_trade]),
        "bar_seconds": pa.array(np.array([SNAPSHOT_SECONDS, DAY_SECONDS], np.int32)[is_trade]),
        "source": arrow.text(arrow.codes([QUOTES, TRADES])[is_trade]),
    }
    names = ("open", "high", "low", "close", "volume")
    for name, quotes, trades in zip(names, quoted, aggregate, strict=False):
        columns[name] = arrow.nullable(column(quotes, trades))
    columns["transactions"] = pa.array(column(quoted[5], aggregate[5]).astype(np.int64))
    for name, values in zip(
        ("bid", "ask", "bid_size", "ask_size", "open_interest"), quote, strict=True
    ):
        columns[name] = arrow.nullable(column(values))
    columns["vendor_iv"] = columns["vendor_delta"] = pa.nulls(n, pa.float64())
    columns["underlying_price"] = arrow.nullable(column(np.repeat(spot[book.instrument], 2)))
    return pa.table({name: columns[name] for name in OPTIONS.schema.names}, schema=OPTIONS.schema)
