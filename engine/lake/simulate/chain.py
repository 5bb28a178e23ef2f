"""Option chains: how contracts are quoted and what trades, as rows of the lake.

Open interest moves with the volume, and the last trade stays until the next one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.kernels import black
from engine.lake.schema import DAY_SECONDS, OPTIONS, SNAPSHOT_SECONDS
from engine.lake.simulate import arrow
from engine.lake.simulate.listing import Book, Integers
from engine.lake.simulate.model import DAY_SHARE, Floats, Law
from engine.lake.simulate.path import Path
from engine.lake.simulate.randomness import Stream, generator
from engine.lake.simulate.stocks import Minutes
from engine.lake.simulate.timeline import SNAPSHOT_MINUTES, Timeline
from engine.lake.simulate.universe import INSTRUMENTS, SYMBOLS
from engine.lake.simulate.valuation import Valuation

QUOTES = "sim_quotes"
TRADES = "sim_trades"
CALL, PUT = 0, 1
_REGIME_SPREAD = (1.0, 1.0, 1.35, 2.0)
_PER_DAY = np.array([each.contracts_per_day for each in INSTRUMENTS])
_SHARES_PER_DAY = np.array([each.shares_per_day for each in INSTRUMENTS])
_IS_PENNY = np.array([each.is_penny for each in INSTRUMENTS])
_LIQUIDITY = np.clip((1e6 / _PER_DAY) ** 0.22, 0.55, 1.9)  # multiplies spreads


@dataclass(frozen=True)
class Session:
    """What one session leaves: rows, and the book for the next session."""

    rows: pa.Table
    book: Book


@dataclass(frozen=True)
class _Draws:
    """A session's uniforms and normals, each (p, 2); every instrument has a stream of its own."""

    season: Floats
    lot: Floats
    trades: Floats
    late: Floats
    spread: Floats
    bid_size: Floats
    ask_size: Floats
    first: Floats
    second: Floats
    normal: Floats


@dataclass(frozen=True)
class _Volume:
    """(p, 2) contracts and transactions: of the day, up to the snapshot ("early"), after it."""

    interest: Floats  # open interest of the night before
    volume: Floats
    trades: Floats
    early_volume: Floats
    early_trades: Floats
    late_trades: Floats


@dataclass(frozen=True)
class _Quotes:
    """(p, 2) bid, ask, sizes, half the spread before rounding, and the tick."""

    bid: Floats
    ask: Floats
    bid_size: Floats
    ask_size: Floats
    half: Floats
    tick: Floats


@dataclass(frozen=True)
class _Prices:
    """What traded: (m,) rows and sides, and (4, m) open, high, low, close, early and whole."""

    row: Integers
    side: Integers
    early: Floats
    whole: Floats


def quote_session(
    book: Book, valuation: Valuation, line: Timeline, path: Path, law: Law, seed: int, t: int,
    members: tuple[int, ...], spot: Floats, minutes: Minutes,
) -> Session:  # fmt: skip
    """Return a session's quotes and trades, and the book they leave.

    Parameters
    ----------
    spot
        (instruments,) price at the snapshot, to the cent.
    minutes
        The session's minutes, which trades follow.
    """
    draws = _draw(book, seed, t, members)
    due = law.loadings**2 @ path.variance_after[t]
    stdev = np.where(
        np.isnan(valuation.stdev),
        np.sqrt(due[book.instrument] * (book.expiration - t + 0.05)),
        valuation.stdev,
    )
    volume = _volumes(book, valuation, stdev, path, t, draws)
    quotes = _quotes(book, valuation, int(path.regime_after[t]), draws)
    ran = DAY_SHARE * (law.loadings**2 @ path.variance[t])
    prices = _trade(book, valuation, stdev, ran, spot, minutes, volume, quotes, draws)

    early = np.full((4, len(book), 2), np.nan)
    has_early = volume.early_trades[prices.row, prices.side] > 0
    early[:, prices.row[has_early], prices.side[has_early]] = prices.early[:, has_early]
    shown_last = np.where(volume.early_trades > 0, early[3], book.last)
    traded = (prices.row, prices.side)
    table = _table(
        book, line, t, spot, prices.row * 2 + prices.side,
        (*early[:3], shown_last, volume.early_volume, volume.early_trades),
        (*prices.whole, volume.volume[traded], volume.trades[traded]),
        (quotes.bid, quotes.ask, quotes.bid_size, quotes.ask_size, volume.interest),
    )  # fmt: skip

    last = book.last.copy()
    last[traded] = prices.whole[3]
    opened = np.where((book.expiration - t <= 2)[:, None], -0.25, 0.06)
    change = volume.volume * (opened + 0.7 * (draws.ask_size - 0.5))
    interest = np.maximum(np.round(volume.interest + change), 0.0)
    return Session(table, replace(book, interest=interest, last=last))


def _draw(book: Book, seed: int, t: int, members: tuple[int, ...]) -> _Draws:
    counts = np.bincount(book.instrument, minlength=len(INSTRUMENTS))
    uniforms, normals = [], []
    for i in members:
        random = generator(seed, Stream.CHAIN, t, 2 * i + 1)
        uniforms.append(random.random((9, counts[i], 2)))
        normals.append(random.standard_normal((counts[i], 2)))
    columns: list[Floats] = [*np.concatenate(uniforms, axis=1), np.concatenate(normals)]
    return _Draws(*columns)


def _volumes(
    book: Book, valuation: Valuation, stdev: Floats, path: Path, t: int, draws: _Draws
) -> _Volume:
    """Return what trades: near the money, near in time, round strikes, and what people like."""
    distance = np.log(book.strike / 1000.0 / valuation.forward) / np.maximum(stdev, 0.004)
    out = np.stack([distance, -distance], axis=1)  # positive is out of the money
    taste = np.exp(-0.5 * ((out - 0.25) / 0.8) ** 2) + 0.004 * np.exp(-0.5 * np.abs(out))
    taste = taste * np.exp(-(book.expiration - t) / 20.0)[:, None] + 1e-5
    taste = taste * book.appeal
    whole = np.bincount(book.instrument, taste.sum(1), minlength=len(INSTRUMENTS))
    busy = _PER_DAY * np.clip(path.volume[t] / _SHARES_PER_DAY, 0.3, 3.0)
    mean = (busy / np.maximum(whole, 1e-300))[book.instrument][:, None] * taste
    interest = np.where(
        np.isnan(book.interest), np.round(mean * (2.0 + 10.0 * draws.season)), book.interest
    )
    mean = mean * np.exp(0.8 * draws.normal - 0.32)
    lot = 3.0 + 12.0 * draws.lot**3
    trades = np.where(mean < 0.02, 0.0, np.floor(mean / lot + draws.trades))
    volume = np.where(trades > 0, np.maximum(np.round(trades * lot), trades), 0.0)
    late = np.minimum(np.floor(trades * 0.16 * draws.late + 0.03), trades)
    early = trades - late
    part = np.floor(volume * early / np.maximum(trades, 1.0))
    early_volume = np.maximum(np.where(late > 0, part, volume), early)
    return _Volume(interest, volume, trades, early_volume, early, late)


def _quotes(book: Book, valuation: Valuation, regime: int, draws: _Draws) -> _Quotes:
    """Return quotes around the center, rounded outwards to the tick."""
    center = valuation.center
    gap = (valuation.forward - book.strike / 1000.0) * valuation.discount
    intrinsic = np.maximum(np.stack([gap, -gap], axis=1), 0.0)
    if valuation.is_american:
        now = valuation.spot - book.strike / 1000.0
        intrinsic = np.maximum(intrinsic, np.stack([now, -now], axis=1))
    liquidity = _LIQUIDITY[book.instrument][:, None]
    half = liquidity * (0.006 + 0.010 * (center - intrinsic) + 0.0012 * intrinsic)
    half = np.maximum(half * (0.6 + 0.8 * draws.spread) * _REGIME_SPREAD[regime], 0.004)
    tick = np.where(_IS_PENNY[book.instrument][:, None] | (center < 3.0), 0.01, 0.05)
    bid = np.maximum(np.floor((center - half) / tick + 1e-9) * tick, 0.0)
    ask = np.maximum(np.ceil((center + half) / tick - 1e-9) * tick, tick)
    size = np.exp(1.2 * draws.normal) * 40.0 / liquidity
    return _Quotes(
        bid=np.round(bid, 2),
        ask=np.round(ask, 2),
        bid_size=np.where(bid > 0, np.ceil(size * (0.5 + draws.bid_size)), 0.0),
        ask_size=np.ceil(size * (0.5 + draws.ask_size)),
        half=half,
        tick=tick,
    )


def _trade(
    book: Book, valuation: Valuation, stdev: Floats, ran: Floats, spot: Floats,
    minutes: Minutes, volume: _Volume, quotes: _Quotes, draws: _Draws,
) -> _Prices:  # fmt: skip
    """Return the prices of trades, each off the share price of its minute.

    Parameters
    ----------
    ran
        (instruments,) variance of the session from its open to the snapshot.
    """
    row, side = np.nonzero(volume.trades > 0)
    picked = (row, side)
    instrument, strike, is_call = book.instrument[row], book.strike[row] / 1000.0, side == CALL
    cut = minutes.spot.shape[1] - SNAPSHOT_MINUTES
    early, late = volume.early_trades[picked], volume.late_trades[picked]
    one, two = draws.first[picked], draws.second[picked] * 0.999
    first = (np.minimum(one, two) * cut).astype(np.int64)
    second = np.where(early == 1, first, (np.maximum(one, two) * cut).astype(np.int64))
    third = cut + (draws.late[picked] * two * (SNAPSHOT_MINUTES - 1)).astype(np.int64)
    dearness = valuation.center[picked] - valuation.european[picked]

    def worth(share_price: Floats, minute: Integers) -> Floats:
        ratio = share_price / spot[instrument]
        left = np.maximum(cut - 1 - minute, 0) / cut * ran[instrument]
        wide = np.sqrt(stdev[row] ** 2 + left)
        undiscounted = black.price(valuation.forward[row] * ratio, strike, wide, is_call)
        value: Floats = valuation.discount[row] * undiscounted + dearness
        if not valuation.is_american:
            return value
        inside = np.where(is_call, share_price - strike, strike - share_price)
        held: Floats = np.maximum(value, inside)
        return held

    at_first, at_second, at_third = (
        worth(minutes.spot[instrument, minute], minute) for minute in (first, second, third)
    )
    top, bottom = _between(minutes.spot, instrument, first, second)
    best = worth(np.where(is_call, top, bottom), first)
    worst = worth(np.where(is_call, bottom, top), second)
    many = early >= 3  # with fewer trades there is nothing between the first and the last
    high = np.maximum(np.maximum(at_first, at_second), np.where(many, best, -np.inf))
    low = np.minimum(np.minimum(at_first, at_second), np.where(many, worst, np.inf))
    has_late, only_late = late > 0, early == 0
    whole = [
        np.where(only_late, at_third, at_first),
        np.where(only_late, at_third, np.where(has_late, np.maximum(high, at_third), high)),
        np.where(only_late, at_third, np.where(has_late, np.minimum(low, at_third), low)),
        np.where(has_late, at_third, at_second),
    ]
    paid = (draws.bid_size[picked] - 0.5) * 1.6 * quotes.half[picked]
    tick = quotes.tick[picked]
    price = np.array([at_first, high, low, at_second, *whole]) + paid
    price = np.maximum(np.round(np.round(price / tick) * tick, 2), 0.01)
    return _Prices(row, side, price[:4], price[4:])


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


def truth_rows(book: Book, valuation: Valuation, line: Timeline) -> pa.Table:
    """Return what is true of every quoted contract at a session's snapshot.

    `european` is the discounted expectation under the pricing law, `fair` that with the right of
    early exercise, `center` what the quotes were made around, `iv` the volatility of `fair`, NULL
    where the price out of the money is too small to tell.
    """
    vol = np.repeat(valuation.stdev / np.sqrt(valuation.years), 2)
    return pa.table(
        {
            "symbol": arrow.text(_codes(book, line)),
            "european": pa.array(valuation.european.ravel()),
            "fair": pa.array(valuation.fair.ravel()),
            "center": pa.array(valuation.center.ravel()),
            "iv": arrow.nullable(vol),
            "forward": pa.array(np.repeat(valuation.forward, 2)),
            "discount": pa.array(np.repeat(valuation.discount, 2)),
        }
    )


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
