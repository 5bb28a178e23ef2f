"""The reference tables: dividends, splits, rates, index levels and events, each with `known_at`."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.lake.schema import REFERENCES
from engine.lake.simulate import arrow
from engine.lake.simulate.model import (
    CLOSING_SHARE,
    DAY_SHARE,
    SESSIONS_A_YEAR,
    Floats,
    Law,
    Surface,
)
from engine.lake.simulate.path import Path, zero_rate
from engine.lake.simulate.randomness import Stream, generator
from engine.lake.simulate.stocks import SOURCE, extremes
from engine.lake.simulate.timeline import Timeline, ordinal
from engine.lake.simulate.universe import EQUITY, INSTRUMENTS, SYMBOLS
from engine.market import calendar

TENORS = (1, 30, 61, 91, 182, 365, 730)
_VIX_STEPS = {"VIX9D": 6, "VIX": 21, "VIX3M": 64}
_INTRADAY_WIDTH = {"VIX9D": 0.03, "VIX": 0.02, "VIX3M": 0.012, "VVIX": 0.015, "SKEW": 0.002}
_EVENT_TIMES = {"fomc": "14:00", "cpi": "08:30"}
_FOMC_MONTHS = (1, 3, 5, 6, 7, 9, 11, 12)
_SPX_START = 4770.0


def tables(
    line: Timeline, path: Path, law: Law, surface: Surface, seed: int, members: tuple[int, ...]
) -> dict[str, pa.Table]:
    """Return every reference table as known at the end of the last session.

    Parameters
    ----------
    surface
        Prices under the pricing law; SPY must be among its members.
    members
        Instruments whose dividends and splits are written.
    """
    return {
        "dividends": dividends(line, path, members),
        "splits": splits(line, path, members),
        "rates": rates(line, path),
        "index_levels": index_levels(line, path, law, surface, seed),
        "events": events(line),
    }


def _morning(day: dt.date) -> dt.datetime:
    return calendar.local_to_utc(day, 8, 0)


def _table(name: str, columns: dict[str, list[object]]) -> pa.Table:
    schema = REFERENCES[name].schema
    rows = len(next(iter(columns.values())))
    columns["source"] = [SOURCE] * rows
    return pa.table(
        {field.name: pa.array(columns[field.name], field.type) for field in schema}, schema=schema
    )


def dividends(line: Timeline, path: Path, members: tuple[int, ...]) -> pa.Table:
    """Return the dividends declared so far; known at 08:00 New York on the declaration day."""
    found = sorted(
        (SYMBOLS[d.instrument], d.ex, d.declared, d.amount)
        for d in path.dividends
        if d.instrument in members
    )
    return _table(
        "dividends",
        {
            "symbol": [symbol for symbol, *_ in found],
            "ex_date": [line.days[ex] for _, ex, _, _ in found],
            "amount": [round(amount, 6) for *_, amount in found],
            "declared_date": [line.days[declared] for _, _, declared, _ in found],
            "known_at": [_morning(line.days[declared]) for _, _, declared, _ in found],
        },
    )


def splits(line: Timeline, path: Path, members: tuple[int, ...]) -> pa.Table:
    """Return the splits announced so far; known at 08:00 New York on the announcement day."""
    found = sorted(
        (SYMBOLS[s.instrument], s.ex, s.announced, s.numerator, s.denominator)
        for s in path.splits
        if s.instrument in members
    )
    return _table(
        "splits",
        {
            "symbol": [symbol for symbol, *_ in found],
            "ex_date": [line.days[ex] for _, ex, *_ in found],
            "numerator": [numerator for *_, numerator, _ in found],
            "denominator": [denominator for *_, denominator in found],
            "known_at": [_morning(line.days[announced]) for _, _, announced, *_ in found],
        },
    )


def rates(line: Timeline, path: Path) -> pa.Table:
    """Return the continuous zero curve of each session; known at 08:00 New York."""
    days = line.days[: line.count]
    curves = [zero_rate(short, np.array(TENORS) / 365.0) for short in path.rate]
    rows = [
        (day, tenor, round(float(rate), 8))
        for day, curve in zip(days, curves, strict=True)
        for tenor, rate in zip(TENORS, curve, strict=True)
    ]
    known = {day: _morning(day) for day in days}
    return _table(
        "rates",
        {
            "date": [day for day, _, _ in rows],
            "tenor_days": [tenor for _, tenor, _ in rows],
            "rate": [rate for _, _, rate in rows],
            "known_at": [known[day] for day, _, _ in rows],
        },
    )


def events(line: Timeline) -> pa.Table:
    """Return scheduled announcements from a year before the first session to a year after the last.

    Each calendar year's dates are known on 1 September of the year before.
    """
    rows: list[tuple[str, dt.date, dt.datetime]] = []
    # asked to the timeline's horizon because the calendar is built once per last year
    table = calendar.between(dt.date(line.first.year - 1, 1, 1), dt.date(line.horizon, 12, 31))
    sessions: list[dt.date] = table["session_date"].to_pylist()
    for year in range(line.first.year - 1, line.last.year + 2):
        known = calendar.local_to_utc(dt.date(year - 1, 9, 1), 8, 0)
        days = [day for day in sessions if day.year == year]
        for month in _FOMC_MONTHS:
            # the Wednesday on or after the 15th, or the next session
            wanted = dt.date(year, month, 15)
            wanted += dt.timedelta(days=(2 - wanted.weekday()) % 7)
            rows.append(("fomc", next(day for day in days if day >= wanted), known))
        for month in range(1, 13):
            wanted = dt.date(year, month, 11)
            rows.append(("cpi", next(day for day in days if day >= wanted), known))
    rows.sort()
    return _table(
        "events",
        {
            "event": [event for event, _, _ in rows],
            "date": [day for _, day, _ in rows],
            "time": [_EVENT_TIMES[event] for event, _, _ in rows],
            "known_at": [known for _, _, known in rows],
        },
    )


def volatility_index(
    surface: Surface, steps: int, variance: Floats, regime: NDArray[np.int64]
) -> Floats:
    """Return the volatility index, in points: the log contract's fair volatility.

    Parameters
    ----------
    variance, regime
        (n, processes) and (n,) state at each snapshot.
    """
    spy = np.full(len(regime), surface.members.index(SYMBOLS.index("SPY")))
    mean, _, _ = surface.cumulants(spy, steps, variance, regime)
    # the closing share of one more step belongs to the horizon
    index: Floats = 100.0 * np.sqrt(-2.0 * mean * SESSIONS_A_YEAR / (steps + CLOSING_SHARE))
    return index


def _vol_of_vol(surface: Surface, variance: Floats, regime: NDArray[np.int64]) -> Floats:
    """Return the annualised volatility of the log of VIX over the next step, in points."""
    law = surface.law
    steps = _VIX_STEPS["VIX"]
    now = volatility_index(surface, steps, variance, regime) ** 2
    persistence = law.beta + law.alpha * law.gamma**2
    settled = law.alpha + law.news_shape * law.news_scale
    after = []
    for state in range(law.transitions.shape[0]):
        expected = law.omega[:, state] + settled + persistence * variance
        there = np.full(len(regime), state)
        after.append(volatility_index(surface, steps, expected, there) ** 2)
    squared = np.array(after).T  # sessions, next regimes
    chance = law.transitions[regime]
    mean = (chance * squared).sum(1)
    across = (chance * (squared - mean[:, None]) ** 2).sum(1)
    bumped = variance.copy()
    bumped[:, EQUITY] *= 1.01
    slope = (volatility_index(surface, steps, bumped, regime) ** 2 - now) / (
        0.01 * variance[:, EQUITY]
    )
    shock = law.alpha[EQUITY] ** 2 * (2.0 + 4.0 * law.gamma[EQUITY] ** 2 * variance[:, EQUITY])
    shock = shock + law.news_shape * law.news_scale[EQUITY] ** 2
    relative = np.sqrt(SESSIONS_A_YEAR * (across + slope**2 * shock)) / (2.0 * now)
    points: Floats = 100.0 * relative
    return points


def index_levels(line: Timeline, path: Path, law: Law, surface: Surface, seed: int) -> pa.Table:
    """Return VIX, its relatives and SPX; known at 16:15 New York (13:15 on half days)."""
    variance, regime = path.variance_after, path.regime_after
    closes = {
        name: volatility_index(surface, steps, variance, regime)
        for name, steps in _VIX_STEPS.items()
    }
    closes["VVIX"] = _vol_of_vol(surface, variance, regime)
    spy = SYMBOLS.index("SPY")
    at = np.full(line.count, surface.members.index(spy))
    _, second, third = surface.cumulants(at, _VIX_STEPS["VIX"], variance, regime)
    closes["SKEW"] = 100.0 - 10.0 * third / second**1.5
    noise = np.array(
        [
            generator(seed, Stream.INDEX, t).standard_normal((len(closes), 3))
            for t in range(line.count)
        ]
    )
    known = line.closes[: line.count] + np.timedelta64(15, "m")
    parts = []
    for k, (name, close) in enumerate(closes.items()):
        before = np.append(close[0], close[:-1])
        move = np.log(close / before)
        width = _INTRADAY_WIDTH[name]
        opening = before * np.exp(0.26 * move + 0.4 * width * noise[:, k, 0])
        high = np.maximum(opening, close) * np.exp(width * np.abs(noise[:, k, 1]))
        low = np.minimum(opening, close) * np.exp(-width * np.abs(noise[:, k, 2]))
        parts.append(_levels(name, line, known, np.round([opening, high, low, close], 2)))
    parts.append(_levels("SPX", line, known, _spx(line, path, law, seed)))
    whole = pa.concat_tables(parts)
    return whole.sort_by([("index", "ascending"), ("session_date", "ascending")])


def _levels(name: str, line: Timeline, known: NDArray[np.datetime64], levels: Floats) -> pa.Table:
    schema = REFERENCES["index_levels"].schema
    n = line.count
    opening, high, low, close = levels
    return pa.table(
        {
            "index": arrow.constant(name, n),
            "session_date": arrow.dates(ordinal(line.days[:n])),
            "open": pa.array(opening),
            "high": pa.array(high),
            "low": pa.array(low),
            "close": pa.array(close),
            "source": arrow.constant(SOURCE, n),
            "known_at": arrow.instants(known),
        },
        schema=schema,
    )


def _spx(line: Timeline, path: Path, law: Law, seed: int) -> Floats:
    """Return the index that SPY follows: without its dividends, less a steady yield."""
    spy = SYMBOLS.index("SPY")
    owed = path.outstanding[:, spy]
    opening, cut, close = (each[:, spy] + owed for each in (path.open, path.snapshot, path.close))
    paid = np.zeros(line.count)
    for dividend in path.dividends:
        if dividend.instrument == spy and dividend.ex < line.count:
            paid[dividend.ex] += dividend.amount
    days = ordinal(line.days[: line.count])
    drag = np.exp(-INSTRUMENTS[spy].dividend_yield * np.diff(days) / 365.0)
    growth = np.append(1.0, (close[1:] + paid[1:]) / close[:-1] * drag)
    level = _SPX_START * np.cumprod(growth)
    scale = level / close
    squared = law.loadings[spy] ** 2
    uniform = np.array(
        [generator(seed, Stream.INDEX, t, 1).random((2, 2)) for t in range(line.count)]
    )
    day = np.sqrt(DAY_SHARE * path.variance @ squared) * cut
    end = np.sqrt(CLOSING_SHARE * path.variance_after @ squared) * cut
    high_1, low_1 = extremes(opening, cut, day, uniform[:, 0].T)
    high_2, low_2 = extremes(cut, close, end, uniform[:, 1].T)
    high, low = np.maximum(high_1, high_2), np.minimum(low_1, low_2)
    bars = np.round(np.array([opening, high, low, close]) * scale, 2)
    bars[1] = bars.max(0)
    bars[2] = bars.min(0)
    return bars
