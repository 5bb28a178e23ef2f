"""The market's path, session by session: regimes, variances, prices, dividends, splits, volume.

One forward pass over the sessions; a session's numbers depend only on the seed and on the
sessions before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.lake.simulate.model import (
    CLOSING_SHARE,
    DAY_SHARE,
    NIGHT_SHARE,
    SESSIONS_A_YEAR,
    Floats,
    Law,
    physical_law,
)
from engine.lake.simulate.randomness import Stream, generator
from engine.lake.simulate.scenario import MEMORY, Scenario, positions
from engine.lake.simulate.timeline import Timeline, ordinal
from engine.lake.simulate.universe import EQUITY, FACTORS, INSTRUMENTS, SYMBOLS

_EQUITY_PREMIUM = (0.11, 0.07, -0.02, -0.20)  # annual, by regime, where risk earns a premium
_DURATION_PREMIUM = 0.01
_LONG_RATE = 0.035
_QUARTER_MONTHS = (3, 6, 9, 12)
_SPLIT_NOTICE = 15  # sessions between a split's announcement and its ex-date
_FIRST_SPLITS = {"VXX": (40, 1.0, 4.0), "XLK": (30, 2.0, 1.0)}  # session, new shares, old shares
_DEAR, _CHEAP = 900.0, 9.0  # a price beyond which a fund splits


@dataclass(frozen=True)
class Dividend:
    """One cash dividend: sessions are counted from the first."""

    instrument: int
    declared: int
    ex: int
    share: float  # of the price at the close before its declaration
    amount: float = float("nan")


@dataclass(frozen=True)
class Split:
    """One split: `numerator` new shares for `denominator` old ones."""

    instrument: int
    announced: int
    ex: int
    numerator: float
    denominator: float


@dataclass(frozen=True)
class Jump:
    """One jump inside a session: process, where in the day's minutes (0 to 1), log size."""

    process: int
    at: float
    size: float


@dataclass
class Path:
    """Everything that happens, per session (first axis) and instrument or process (second).

    Prices without `raw` are net of declared dividends; raw = net + outstanding.
    """

    regime: NDArray[np.int64]  # that governs the step to this session's snapshot
    regime_after: NDArray[np.int64]  # that governs the next step, known at the snapshot
    variance: Floats  # (n, processes) of the step to the snapshot
    variance_after: Floats  # of the next step
    rate: Floats  # (n,) continuous short rate
    open: Floats
    snapshot: Floats
    close: Floats
    night: Floats  # (n, instruments) log move from the old close to the open, without jumps
    outstanding: Floats  # present value of declared dividends, at the session
    volume: Floats  # shares
    day_shock: Floats  # (n, processes) normal part from open to snapshot
    closing_shock: Floats  # (n, processes) from snapshot to close
    day_drift: Floats  # (n, instruments)
    closing_drift: Floats
    jumps: list[list[Jump]]
    dividends: list[Dividend] = field(default_factory=list)
    splits: list[Split] = field(default_factory=list)
    signals: Floats = field(default_factory=lambda: np.zeros((0, 0)))


def dividend_schedule(line: Timeline) -> list[Dividend]:
    """Return the dividends that the calendar calls for, without amounts, by declaration."""
    months = np.array([day.year * 12 + day.month for day in line.days])
    nth = np.arange(len(months)) - np.searchsorted(months, months, side="left")
    found = []
    for i, instrument in enumerate(INSTRUMENTS):
        if not instrument.dividends_per_year:
            continue
        share = instrument.dividend_yield / instrument.dividends_per_year
        for session, day in enumerate(line.days):
            if instrument.dividends_per_year == 12:
                is_ex, lead = nth[session] == 1 + i % 3, 5
            elif instrument.dividends_per_year == 4:
                is_ex = day.month in _QUARTER_MONTHS and nth[session] == 12 + i % 4
                lead = 10
            else:
                is_ex, lead = day.month in (6, 12) and nth[session] == 11 + i % 2, 10
            if is_ex and session >= lead:
                found.append(Dividend(i, session - lead, session, share))
    return sorted(found, key=lambda dividend: (dividend.declared, dividend.instrument))


def short_rates(line: Timeline, seed: int, positive: bool) -> Floats:
    """Return the short rate per session: it moves by quarter points, about four times a year."""
    if not positive:
        return np.zeros(line.count + 1)
    level, rates = 0.0475, np.empty(line.count + 1)
    for session in range(line.count + 1):
        draw = generator(seed, Stream.RATES, session).random(2)
        if draw[0] < 4.0 / SESSIONS_A_YEAR:
            up = 0.5 + 8.0 * (_LONG_RATE - level)
            level += 0.0025 if draw[1] < up else -0.0025
            level = max(level, 0.0025)
        rates[session] = level
    return rates


def zero_rate(short: float, years: Floats) -> Floats:
    """Return continuous zero rates: the short rate is expected to fall back to 3.5%."""
    if short == 0.0:
        return np.zeros_like(years)
    fade = 0.4 * np.maximum(years, 1e-9)
    curve: Floats = _LONG_RATE + (short - _LONG_RATE) * -np.expm1(-fade) / fade
    return curve


def simulate_path(line: Timeline, seed: int, scenario: Scenario, law: Law | None = None) -> Path:
    """Return the market's path over a timeline."""
    law = law or physical_law()
    n, count, processes = line.count, len(INSTRUMENTS), law.processes
    path = _empty(n, count, processes)
    path.signals = np.zeros((n, len(scenario.edges)))
    rates = short_rates(line, seed, scenario.has_premia)
    schedule = dividend_schedule(line)
    by_declared: dict[int, list[Dividend]] = {}
    for dividend in schedule:
        by_declared.setdefault(dividend.declared, []).append(dividend)
    days = ordinal(line.days)

    jump_comp, shift_comp = law.jump_compensator(), law.shift_compensator()
    squared = law.loadings**2
    names = tuple(SYMBOLS)
    edge_at = positions(scenario.edges)
    premia = _premia(law) if scenario.has_premia else np.zeros((4, count))
    typical = np.log([instrument.shares_per_day for instrument in INSTRUMENTS])

    start = generator(seed, Stream.START)
    regime = int(np.searchsorted(np.cumsum(law.stationary()), start.random()))
    variance = law.usual_variance()[:, regime] * np.exp(0.2 * start.standard_normal(processes))
    usual = law.usual_variance()[:, 1] @ squared.T
    price = np.array([instrument.price for instrument in INSTRUMENTS])
    busy = np.zeros(count)
    shares = np.ones(count)  # cumulative new shares per old one
    owed: list[Dividend] = []
    last_close = price.copy()  # raw
    history = np.zeros((0, count))

    for t in range(n + 1):
        random = generator(seed, Stream.PATH, t)
        z = random.standard_normal((3, processes))
        news = random.gamma(law.news_shape, 1.0, processes) * law.news_scale
        uniform = random.random(3 + 3 * processes)
        sizes = law.jump_mean + law.jump_stdev * random.standard_normal((2, processes))
        noise = random.standard_normal((2, count))

        root = np.sqrt(variance)
        total = squared @ variance
        # -- the last 15 minutes of the session before
        closing = root * np.sqrt(CLOSING_SHARE) * z[0]
        closing_drift = -0.5 * CLOSING_SHARE * total
        if t:
            path.closing_shock[t - 1], path.closing_drift[t - 1] = closing, closing_drift
            price = price * np.exp(law.loadings @ closing + closing_drift)
            path.close[t - 1] = price
            raw = price + path.outstanding[t - 1]
            history = np.vstack([history[-MEMORY:], np.log(raw * growth / last_close)])  # noqa: F821
            last_close = raw
        if t == n:
            break

        # -- before the open: declarations, splits, dividends paid
        for dividend in by_declared.get(t, []):
            amount = float(np.round(dividend.share * last_close[dividend.instrument], 4))
            known = Dividend(
                dividend.instrument, t, dividend.ex, dividend.share, max(amount, 0.0001)
            )
            owed.append(known)
            path.dividends.append(known)
            ahead = (days[dividend.ex] - days[t]) / 365.0
            price[dividend.instrument] -= known.amount * np.exp(-rates[t] * ahead)
        owed = [dividend for dividend in owed if dividend.ex > t]
        for split in path.splits:
            if split.ex == t:
                ratio = split.numerator / split.denominator
                price[split.instrument] /= ratio
                last_close[split.instrument] /= ratio
                shares[split.instrument] *= ratio
                owed = [_divided(d, ratio) if d.instrument == split.instrument else d for d in owed]
        for i in range(count):
            due = _split_due(names[i], t, last_close[i], path.splits, i)
            if due:
                path.splits.append(due)

        # -- the night and the day
        after = int(np.searchsorted(np.cumsum(law.transitions[regime]), uniform[0]))
        jumped = uniform[3 : 3 + 2 * processes].reshape(2, processes) < (
            0.5 * law.jump_chance[:, regime]
        )
        night_jump = np.where(jumped[0], sizes[0], 0.0)
        night_jump[EQUITY] += law.shifts[regime, after]
        elapsed = (days[t] - days[t - 1]) / 365.0 if t else 0.0
        carry = rates[t] * elapsed + premia[regime] / SESSIONS_A_YEAR
        night_drift = (
            carry
            - 0.5 * NIGHT_SHARE * total
            - jump_comp[:, regime]
            - shift_comp[:, regime]
        )
        night = law.loadings @ (root * np.sqrt(NIGHT_SHARE) * z[1]) + night_drift
        price = price * np.exp(night + law.loadings @ night_jump)
        path.open[t], path.night[t] = price, night

        day_drift = -0.5 * DAY_SHARE * total - jump_comp[:, regime]
        for e, (edge, at) in enumerate(zip(scenario.edges, edge_at, strict=True)):
            signal = edge.signal(history[:, at])
            path.signals[t, e] = signal
            day_drift[at] += edge.strength * np.sqrt(DAY_SHARE * total[at]) * signal
        shock = root * np.sqrt(DAY_SHARE) * z[2]
        jumps = [
            Jump(p, uniform[3 + 2 * processes + p], sizes[1, p])
            for p in np.flatnonzero(jumped[1])
        ]
        leap = np.zeros(processes)
        for jump in jumps:
            leap[jump.process] += jump.size
        price = price * np.exp(law.loadings @ (shock + leap) + day_drift)
        path.snapshot[t], path.day_shock[t], path.day_drift[t] = price, shock, day_drift
        path.jumps[t] = jumps

        # -- what the step leaves behind
        whole = (
            np.sqrt(CLOSING_SHARE) * z[0] + np.sqrt(NIGHT_SHARE) * z[1] + np.sqrt(DAY_SHARE) * z[2]
        )
        path.regime[t], path.variance[t], path.rate[t] = regime, variance, rates[t]
        variance = (
            law.omega[:, after]
            + law.beta * variance
            + law.alpha * (whole - law.gamma * root) ** 2
            + news
        )
        regime = after
        path.regime_after[t], path.variance_after[t] = regime, variance

        owing = np.zeros(count)
        for dividend in owed:
            ahead = (days[dividend.ex] - days[t]) / 365.0
            owing[dividend.instrument] += dividend.amount * np.exp(-rates[t] * ahead)
        path.outstanding[t] = owing
        growth = np.ones(count)
        paid = np.zeros(count)
        for dividend in path.dividends:
            if dividend.ex == t:
                paid[dividend.instrument] += dividend.amount
        growth = 1.0 + paid / (path.snapshot[t] + owing)

        surprise = np.abs(law.loadings @ (shock + leap)) / np.sqrt(DAY_SHARE * total)
        busy = 0.7 * busy + 0.18 * noise[0] + 0.22 * (surprise - 0.8) + 0.12 * np.log(total / usual)
        hours = line.minutes[t] / 390.0
        path.volume[t] = np.exp(typical + busy + 0.1 * noise[1]) * shares * hours**0.9

    return path


def _premia(law: Law) -> Floats:
    """Return (regimes, instruments) annual excess drifts."""
    own = np.array([instrument.premium for instrument in INSTRUMENTS])
    equity = law.loadings[:, EQUITY]
    duration = law.loadings[:, FACTORS.index("duration")]
    premia: Floats = np.outer(_EQUITY_PREMIUM, equity) + _DURATION_PREMIUM * duration + own
    return premia


def _divided(dividend: Dividend, ratio: float) -> Dividend:
    return Dividend(
        dividend.instrument, dividend.declared, dividend.ex, dividend.share, dividend.amount / ratio
    )


def _split_due(name: str, t: int, price: float, splits: list[Split], i: int) -> Split | None:
    """Return the split that is announced before session t opens, if any."""
    mine = [split for split in splits if split.instrument == i]
    if any(split.ex >= t - 20 for split in mine):
        return None
    first = _FIRST_SPLITS.get(name)
    if first and not mine:
        ex, new, old = first
        return Split(i, t, ex, new, old) if t == ex - _SPLIT_NOTICE else None
    if price > _DEAR:
        return Split(i, t, t + _SPLIT_NOTICE, 4.0, 1.0)
    if price < _CHEAP:
        return Split(i, t, t + _SPLIT_NOTICE, 1.0, 4.0)
    return None


def _empty(n: int, count: int, processes: int) -> Path:
    def per(size: int) -> Floats:
        return np.full((n, size), np.nan)

    return Path(
        regime=np.zeros(n, np.int64),
        regime_after=np.zeros(n, np.int64),
        variance=per(processes),
        variance_after=per(processes),
        rate=np.full(n, np.nan),
        open=per(count),
        snapshot=per(count),
        close=per(count),
        night=per(count),
        outstanding=per(count),
        volume=per(count),
        day_shock=per(processes),
        closing_shock=per(processes),
        day_drift=per(count),
        closing_drift=per(count),
        jumps=[[] for _ in range(n)],
    )
