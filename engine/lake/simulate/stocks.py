"""Stock bars of a session: minutes that pass through the path's open, snapshot and close."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.lake.schema import DAY_SECONDS, STOCKS
from engine.lake.simulate import arrow
from engine.lake.simulate.model import CLOSING_SHARE, DAY_SHARE, NIGHT_SHARE, Floats, Law
from engine.lake.simulate.path import Path
from engine.lake.simulate.randomness import Stream, generator
from engine.lake.simulate.timeline import SNAPSHOT_MINUTES, Timeline
from engine.lake.simulate.universe import INSTRUMENTS, SYMBOLS

SOURCE = "sim"
PRE_MINUTES = 330  # 04:00 to 09:30
POST_MINUTES = 240  # to four hours after the close
_GAP_SHARE = 0.6  # of the night's variance: before 04:00
_MEAN_BUSY = float(np.exp(0.5 * 0.45**2) * (1.0 + 0.5 * np.sqrt(2.0 / np.pi)))
_LOADED = tuple(i for i, each in enumerate(INSTRUMENTS) if each.is_extended)


@dataclass(frozen=True)
class Minutes:
    """The minute bars of a session, before they become rows.

    Arrays are (instruments, minutes), prices in dollars to the cent; `spot` is the minute's
    close before rounding.
    """

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    noise: Floats
    spot: Floats


def _shape(minutes: int) -> tuple[Floats, Floats]:
    """Return the U-shaped variance and volume of each minute, each summing to one."""
    x = np.linspace(0.0, 1.0, minutes)
    variance = 0.55 + 2.6 * np.exp(-x * 14.0) + 1.1 * (x - 0.45) ** 2 + 0.5 * np.exp((x - 1) * 30)
    volume = 0.50 + 2.2 * np.exp(-x * 16.0) + 1.6 * (x - 0.45) ** 2 + 3.0 * np.exp((x - 1) * 28)
    return variance / variance.sum(), volume / volume.sum()


def _bridge(total: Floats, variance: Floats, share: Floats, noise: Floats) -> Floats:
    """Return normal increments with given variances, conditional on their sum.

    Parameters
    ----------
    total, variance
        (processes,) the sum and its variance.
    share
        (processes, steps) of the variance, rows sum to one.
    noise
        (processes, steps) independent standard normals.
    """
    free = np.sqrt(share) * noise
    increments: Floats = total[:, None] * share + np.sqrt(variance)[:, None] * (
        free - share * free.sum(1, keepdims=True)
    )
    return increments


def minutes_of(line: Timeline, path: Path, law: Law, seed: int, t: int) -> Minutes:
    """Return the regular minutes of session t for every instrument."""
    count, total = len(INSTRUMENTS), int(line.minutes[t])
    cut = total - SNAPSHOT_MINUTES
    random = generator(seed, Stream.MINUTES, t)
    normal = random.standard_normal((2, law.processes, total))
    variance_shape, volume_shape = _shape(total)
    bursts = np.exp(0.6 * normal[0])
    moves = np.empty((law.processes, total))
    sizes = np.empty((law.processes, total))
    shape = np.empty(total)
    blocks = (
        (slice(0, cut), path.day_shock[t], DAY_SHARE * path.variance[t]),
        (slice(cut, total), path.closing_shock[t], CLOSING_SHARE * path.variance_after[t]),
    )
    for block, shock, variance in blocks:
        share = variance_shape[block] * bursts[:, block]
        share /= share.sum(1, keepdims=True)
        moves[:, block] = _bridge(shock, variance, share, normal[1][:, block])
        sizes[:, block] = share * variance[:, None]
        shape[block] = variance_shape[block] / variance_shape[block].sum()
    for jump in path.jumps[t]:
        moves[jump.process, int(jump.at * cut)] += jump.size
    drift = np.where(
        np.arange(total) < cut, path.day_drift[t][:, None], path.closing_drift[t][:, None]
    )
    log_moves = law.loadings @ moves + drift * shape
    stdev = np.sqrt(law.loadings**2 @ sizes)

    owed = path.outstanding[t][:, None]
    spot = path.open[t][:, None] * np.exp(np.cumsum(log_moves, axis=1)) + owed
    first = np.round(path.open[t][:, None] + owed, 2)
    random = generator(seed, Stream.BARS, t)
    own = random.standard_normal((2, count, total))
    uniform = random.random((2, count, total))
    close = np.maximum(np.round(spot, 2), 0.01)
    before = np.hstack([first, spot[:, :-1]])
    opening = np.maximum(np.round(before * np.exp(0.12 * stdev * own[0]), 2), 0.01)
    opening[:, :1] = first
    high, low = extremes(opening, close, stdev * spot, uniform)

    busy = volume_shape * np.exp(0.45 * own[1]) * (1.0 + 0.5 * np.abs(log_moves) / stdev)
    # divided by the mean of `busy`, not by its sum: a minute must not know the later ones
    volume = np.maximum(np.round(path.volume[t][:, None] * busy / _MEAN_BUSY), 1.0)
    return Minutes(opening, high, low, close, volume, own[0], spot)


def extremes(
    opening: Floats, close: Floats, stdev: Floats, uniform: Floats
) -> tuple[Floats, Floats]:
    """Return the high and low of Brownian motion between two prices, to the cent.

    The maximum of a bridge has the distribution ((a + b) + sqrt((b - a)^2 - 2 v ln U)) / 2.
    """
    spread = (close - opening) ** 2
    up = np.sqrt(spread - 2.0 * stdev**2 * np.log(uniform[0]))
    down = np.sqrt(spread - 2.0 * stdev**2 * np.log(uniform[1]))
    middle = opening + close
    high = np.maximum(np.round(0.5 * (middle + up), 2), np.maximum(opening, close))
    low = np.minimum(np.round(0.5 * (middle - down), 2), np.minimum(opening, close))
    return high, np.maximum(low, 0.01)


def _segment_rows(
    member: NDArray[np.int64],
    stamp: NDArray[np.datetime64],
    bars: tuple[Floats, Floats, Floats, Floats, Floats],
    noise: Floats,
    segment: NDArray[np.int64],
    seconds: int = 60,
    known: NDArray[np.datetime64] | None = None,
) -> pa.Table:
    opening, high, low, close, volume = bars
    trade_size = np.array([each.trade_size for each in INSTRUMENTS])[member]
    transactions = np.clip(np.round(volume / trade_size * np.exp(0.15 * noise)), 1.0, volume)
    vwap = np.clip(np.round((high + low + 2.0 * close) * 0.25 + 0.0005 * noise, 4), low, high)
    n = len(member)
    names = arrow.codes(list(SYMBOLS))
    known = stamp + np.timedelta64(seconds, "s") if known is None else known
    columns = {
        "symbol": arrow.text(names[member]),
        "ts": arrow.instants(stamp),
        "known_at": arrow.instants(known),
        "bar_seconds": pa.array(np.full(n, seconds, np.int32)),
        "source": arrow.constant(SOURCE, n),
        "price_basis": arrow.constant("raw", n),
        "segment": arrow.words(["pre", "regular", "post", "day"], segment),
        "open": pa.array(opening),
        "high": pa.array(high),
        "low": pa.array(low),
        "close": pa.array(close),
        "volume": pa.array(volume),
        "transactions": pa.array(transactions.astype(np.int64)),
        "vwap": pa.array(vwap),
    }
    return pa.table(columns, schema=STOCKS.schema)


def minute_rows(
    line: Timeline,
    path: Path,
    law: Law,
    seed: int,
    t: int,
    members: tuple[int, ...],
    minutes: Minutes,
    extended: float = 1.0,
) -> pa.Table:
    """Return a session's minute rows in the lake's order.

    Parameters
    ----------
    members
        Instruments to write.
    extended
        How busy the hours before the open and after the close are; 0 leaves them out.
    """
    chosen = np.array(members)
    total = int(line.minutes[t])
    clock = np.arange(total) * np.timedelta64(60_000_000, "us") + line.opens[t]
    parts = [
        (
            np.repeat(chosen, total),
            np.tile(clock, len(chosen)),
            tuple(
                each[chosen].ravel()
                for each in (
                    minutes.open, minutes.high, minutes.low, minutes.close, minutes.volume
                )
            ),
            minutes.noise[chosen].ravel(),
            np.full(total * len(chosen), 1),
        )
    ]  # fmt: skip
    if extended > 0.0:
        for i in members:
            if i in _LOADED or extended > 1.0:
                parts += _extended(line, path, law, seed, t, i, minutes, extended)
    member = np.concatenate([part[0] for part in parts])
    stamp = np.concatenate([part[1] for part in parts])
    order = np.lexsort((stamp, member))
    bars = tuple(np.concatenate([part[2][column] for part in parts])[order] for column in range(5))
    noise = np.concatenate([part[3] for part in parts])[order]
    segment = np.concatenate([part[4] for part in parts])[order]
    return _segment_rows(member[order], stamp[order], bars, noise, segment)  # type: ignore[arg-type]


def _extended(
    line: Timeline,
    path: Path,
    law: Law,
    seed: int,
    t: int,
    i: int,
    minutes: Minutes,
    extended: float,
) -> list[tuple]:  # type: ignore[type-arg]
    """Return the bars of one instrument before the open and after the close."""
    random = generator(seed, Stream.BARS, t, i + 1)
    normal = random.standard_normal((3, PRE_MINUTES + POST_MINUTES))
    uniform = random.random(PRE_MINUTES + POST_MINUTES)
    owed = path.outstanding[t, i]
    total = float(law.loadings[i] ** 2 @ path.variance[t])
    minute = np.sqrt(total / 390.0)

    # the night's normal move as a bridge that begins with the gap before 04:00
    share = np.full((1, PRE_MINUTES + 1), (1.0 - _GAP_SHARE) / PRE_MINUTES)
    share[0, 0] = _GAP_SHARE
    steps = _bridge(
        path.night[t, i : i + 1], np.array([NIGHT_SHARE * total]), share,
        np.append(random.standard_normal(1), normal[0, :PRE_MINUTES])[None],
    )[0]  # fmt: skip
    back = steps[1:][::-1].cumsum()[::-1]
    at_start = path.open[t, i] * np.exp(-back) + owed  # each minute's open
    at_end = path.open[t, i] * np.exp(-np.append(back[1:], 0.0)) + owed
    bounce = np.cumsum(0.05 * minute * normal[0, PRE_MINUTES:])
    after = minutes.spot[i, -1] * np.exp(bounce)
    begin = np.concatenate([at_start, np.append(minutes.spot[i, -1], after[:-1])])
    end = np.concatenate([at_end, after])
    clock = np.concatenate(
        [
            line.opens[t] - np.arange(PRE_MINUTES, 0, -1) * np.timedelta64(60_000_000, "us"),
            line.closes[t] + np.arange(POST_MINUTES) * np.timedelta64(60_000_000, "us"),
        ]
    )
    chance = np.concatenate(
        [np.linspace(0.03, 0.35, PRE_MINUTES), np.linspace(0.40, 0.02, POST_MINUTES)]
    )
    kept = np.flatnonzero(uniform < np.minimum(extended * chance, 1.0))
    opening, close = np.round(begin[kept], 2), np.round(end[kept], 2)
    width = 0.3 * minute * end[kept]
    high = np.maximum(np.round(np.maximum(opening, close) + width * np.abs(normal[1, kept]), 2), 0)
    low = np.round(np.minimum(opening, close) - width * np.abs(normal[2, kept]), 2)
    high = np.maximum(high, np.maximum(opening, close))
    low = np.maximum(np.minimum(low, np.minimum(opening, close)), 0.01)
    volume = np.maximum(
        np.round(path.volume[t, i] / 390.0 * 0.04 * np.exp(0.8 * normal[1, kept])), 1.0
    )
    segment = np.where(kept < PRE_MINUTES, 0, 2)
    bars = (opening, high, low, close, volume)
    return [(np.full(len(kept), i), clock[kept], bars, normal[2, kept], segment)]


def day_rows(
    line: Timeline, path: Path, law: Law, seed: int, t: int, members: tuple[int, ...]
) -> pa.Table:
    """Return a session's day bars in the lake's order."""
    random = generator(seed, Stream.BARS, t)
    uniform = random.random((2, 2, len(INSTRUMENTS)))
    noise = random.standard_normal(len(INSTRUMENTS))
    owed = path.outstanding[t]
    opening, cut, close = (
        np.maximum(np.round(each[t] + owed, 2), 0.01)
        for each in (path.open, path.snapshot, path.close)
    )
    squared = law.loadings**2
    day = np.sqrt(DAY_SHARE * (squared @ path.variance[t])) * cut
    end = np.sqrt(CLOSING_SHARE * (squared @ path.variance_after[t])) * cut
    high_1, low_1 = extremes(opening, cut, day, uniform[0])
    high_2, low_2 = extremes(cut, close, end, uniform[1])
    chosen = np.array(members)
    bars = tuple(
        each[chosen]
        for each in (
            opening,
            np.maximum(high_1, high_2),
            np.minimum(low_1, low_2),
            close,
            np.maximum(np.round(path.volume[t]), 1.0),
        )
    )
    stamp = np.full(len(chosen), line.opens[t])
    known = np.full(len(chosen), line.closes[t])
    return _segment_rows(
        chosen, stamp, bars, noise[chosen], np.full(len(chosen), 3), DAY_SECONDS, known
    )  # fmt: skip
