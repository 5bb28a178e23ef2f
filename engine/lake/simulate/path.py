"""The market's path, session by session: regimes, variances, prices, dividends, splits, volume.

One forward pass over the sessions; a session's numbers depend only on the seed and on the
sessions before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

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
from engine.lake.simulate.timeline import Timeline
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
    walk = _Walk(line, seed, scenario, law or physical_law())
    for t in range(line.count):
        walk.begin_step(t)
        walk.close_session(t - 1)
        walk.morning(t)
        walk.night(t)
        walk.day(t)
        walk.end_step(t)
    walk.begin_step(line.count)
    walk.close_session(line.count - 1)
    return walk.path


@dataclass(frozen=True)
class _Draws:
    """The random numbers of one step."""

    z: Floats  # (3, processes): last minutes, night, day
    news: Floats  # (processes,)
    transition: float
    jumped: Floats  # (2, processes) uniforms: night, day
    jump_at: Floats  # (processes,) uniforms
    jump_size: Floats  # (2, processes) standard normals
    activity: Floats  # (2, instruments)


class _Walk:
    """The state of the market as it goes from step to step."""

    def __init__(self, line: Timeline, seed: int, scenario: Scenario, law: Law) -> None:
        self.line, self.seed, self.scenario, self.law = line, seed, scenario, law
        self.count = len(INSTRUMENTS)
        self.path = _empty(line.count, self.count, law.processes)
        self.path.signals = np.zeros((line.count, len(scenario.edges)))
        self.rates = short_rates(line, seed, scenario.has_premia)
        self.premia = _premia(law) if scenario.has_premia else np.zeros((4, self.count))
        self.edge_at = positions(scenario.edges)
        self.declared: dict[int, list[Dividend]] = {}
        self.owing_sessions: list[set[int]] = [set() for _ in INSTRUMENTS]
        for dividend in dividend_schedule(line):
            self.declared.setdefault(dividend.declared, []).append(dividend)
            self.owing_sessions[dividend.instrument].update(
                range(dividend.declared, dividend.ex + 1)
            )
        self.squared = law.loadings**2
        self.jump_comp, self.shift_comp = law.jump_compensator(), law.shift_compensator()
        self.usual = law.usual_variance()[:, 1] @ self.squared.T
        self.typical = np.log([instrument.shares_per_day for instrument in INSTRUMENTS])

        start = generator(seed, Stream.START)
        self.regime = int(np.searchsorted(np.cumsum(law.stationary()), start.random()))
        self.variance = law.usual_variance()[:, self.regime] * np.exp(
            0.2 * start.standard_normal(law.processes)
        )
        self.price = np.array([instrument.price for instrument in INSTRUMENTS])
        self.last_close = self.price.copy()  # raw, per share of today
        self.growth = np.ones(self.count)  # of the session, by dividends paid
        self.busy = np.zeros(self.count)
        self.shares = np.ones(self.count)  # new shares per old one, over all splits
        self.owed: list[Dividend] = []
        self.history = np.zeros((0, self.count))  # close-to-close log returns, oldest first

    def begin_step(self, t: int) -> None:
        """Draw the step that ends at session t's snapshot."""
        random = generator(self.seed, Stream.PATH, t)
        k = self.law.processes
        z = random.standard_normal((3, k))
        news = random.gamma(self.law.news_shape, 1.0, k) * self.law.news_scale
        uniform = random.random(1 + 3 * k)
        self.draws = _Draws(
            z=z,
            news=news,
            transition=float(uniform[0]),
            jumped=uniform[1 : 1 + 2 * k].reshape(2, k),
            jump_at=uniform[1 + 2 * k :],
            jump_size=random.standard_normal((2, k)),
            activity=random.standard_normal((2, self.count)),
        )
        self.root = np.sqrt(self.variance)
        self.total = self.squared @ self.variance

    def close_session(self, t: int) -> None:
        """Move from session t's snapshot to its close."""
        if t < 0:
            return
        path = self.path
        shock = self.root * np.sqrt(CLOSING_SHARE) * self.draws.z[0]
        drift = -0.5 * CLOSING_SHARE * self.total
        path.closing_shock[t], path.closing_drift[t] = shock, drift
        self.price = self.price * np.exp(self.law.loadings @ shock + drift)
        path.close[t] = self.price
        raw = self.price + path.outstanding[t]
        gained = np.log(raw * self.growth / self.last_close)
        self.history = np.vstack([self.history[-MEMORY:], gained])
        self.last_close = raw

    def morning(self, t: int) -> None:
        """Declare dividends, announce and make splits, before session t opens."""
        path, ordinals = self.path, self.line.ordinals
        for dividend in self.declared.get(t, []):
            i = dividend.instrument
            amount = float(max(np.round(dividend.share * self.last_close[i], 4), 0.0001))
            known = replace(dividend, amount=amount)
            self.owed.append(known)
            path.dividends.append(known)
            wait = (ordinals[known.ex] - ordinals[t]) / 365.0
            self.price[i] -= amount * np.exp(-self.rates[t] * wait)
        for split in path.splits:
            if split.ex != t:
                continue
            i, ratio = split.instrument, split.numerator / split.denominator
            self.price[i] /= ratio
            self.last_close[i] /= ratio
            self.shares[i] *= ratio
        for i in range(self.count):
            due = self._split_due(t, i)
            if due:
                path.splits.append(due)
        self.paid = np.zeros(self.count)
        for dividend in self.owed:
            if dividend.ex == t:
                self.paid[dividend.instrument] += dividend.amount
        self.owed = [dividend for dividend in self.owed if dividend.ex > t]

    def _split_due(self, t: int, i: int) -> Split | None:
        """Return the split of an instrument that is announced before session t opens, if any."""
        mine = [split for split in self.path.splits if split.instrument == i]
        if any(split.ex >= t - 20 for split in mine):
            return None
        first = _FIRST_SPLITS.get(SYMBOLS[i])
        if first and not mine:
            ex, new, old = first
            ex = self._clear_of_dividends(i, ex)
            return Split(i, t, ex, new, old) if t == ex - _SPLIT_NOTICE else None
        ex = self._clear_of_dividends(i, t + _SPLIT_NOTICE)
        if self.last_close[i] > _DEAR:
            return Split(i, t, ex, 4.0, 1.0)
        if self.last_close[i] < _CHEAP:
            return Split(i, t, ex, 1.0, 4.0)
        return None

    def _clear_of_dividends(self, i: int, ex: int) -> int:
        """Return the first session from `ex` on without a declared, unpaid dividend."""
        while ex in self.owing_sessions[i]:
            ex += 1
        return ex

    def night(self, t: int) -> None:
        """Move from the old close to session t's open; the regime may change."""
        law, draws, regime = self.law, self.draws, self.regime
        self.after = int(np.searchsorted(np.cumsum(law.transitions[regime]), draws.transition))
        jumped = draws.jumped < 0.5 * law.jump_chance[:, regime]
        sizes = law.jump_mean + law.jump_stdev * draws.jump_size
        leap = np.where(jumped[0], sizes[0], 0.0)
        leap[EQUITY] += law.shifts[regime, self.after]
        self.day_jumps = [
            Jump(int(p), float(draws.jump_at[p]), float(sizes[1, p]))
            for p in np.flatnonzero(jumped[1])
        ]
        ordinals = self.line.ordinals
        elapsed = (ordinals[t] - ordinals[t - 1]) / 365.0 if t else 0.0
        drift = self.rates[t] * elapsed + self.premia[regime] / SESSIONS_A_YEAR
        drift = drift - 0.5 * NIGHT_SHARE * self.total
        drift = drift - self.jump_comp[:, regime] - self.shift_comp[:, regime]
        move = law.loadings @ (self.root * np.sqrt(NIGHT_SHARE) * draws.z[1]) + drift
        self.price = self.price * np.exp(move + law.loadings @ leap)
        self.path.open[t], self.path.night[t] = self.price, move

    def day(self, t: int) -> None:
        """Move from session t's open to its snapshot."""
        path, law = self.path, self.law
        drift = -0.5 * DAY_SHARE * self.total - self.jump_comp[:, self.regime]
        for e, (edge, i) in enumerate(zip(self.scenario.edges, self.edge_at, strict=True)):
            signal = edge.signal(self.history[:, i])
            path.signals[t, e] = signal
            drift[i] += edge.strength * np.sqrt(DAY_SHARE * self.total[i]) * signal
        shock = self.root * np.sqrt(DAY_SHARE) * self.draws.z[2]
        leap = np.zeros(law.processes)
        for jump in self.day_jumps:
            leap[jump.process] += jump.size
        self.price = self.price * np.exp(law.loadings @ (shock + leap) + drift)
        path.snapshot[t], path.day_shock[t], path.day_drift[t] = self.price, shock, drift
        path.jumps[t] = self.day_jumps

        surprise = np.abs(law.loadings @ (shock + leap)) / np.sqrt(DAY_SHARE * self.total)
        hotter = np.log(self.total / self.usual)
        noise = self.draws.activity
        self.busy = 0.7 * self.busy + 0.18 * noise[0] + 0.22 * (surprise - 0.8) + 0.12 * hotter
        level = np.exp(self.typical + self.busy + 0.1 * noise[1]) * self.shares
        path.volume[t] = level * (self.line.minutes[t] / 390.0) ** 0.9

    def end_step(self, t: int) -> None:
        """Record session t's state and set the variance and regime of the next step."""
        path, law, z = self.path, self.law, self.draws.z
        shares = np.sqrt([CLOSING_SHARE, NIGHT_SHARE, DAY_SHARE])
        shock = shares @ z
        path.regime[t], path.variance[t], path.rate[t] = self.regime, self.variance, self.rates[t]
        self.variance = (
            law.omega[:, self.after]
            + law.beta * self.variance
            + law.alpha * (shock - law.gamma * self.root) ** 2
            + self.draws.news
        )
        self.regime = self.after
        path.regime_after[t], path.variance_after[t] = self.regime, self.variance
        owing = np.zeros(self.count)
        ordinals = self.line.ordinals
        for dividend in self.owed:
            wait = (ordinals[dividend.ex] - ordinals[t]) / 365.0
            owing[dividend.instrument] += dividend.amount * np.exp(-self.rates[t] * wait)
        path.outstanding[t] = owing
        self.growth = 1.0 + self.paid / (path.snapshot[t] + owing)


def _premia(law: Law) -> Floats:
    """Return (regimes, instruments) annual excess drifts."""
    own = np.array([instrument.premium for instrument in INSTRUMENTS])
    equity = law.loadings[:, EQUITY]
    duration = law.loadings[:, FACTORS.index("duration")]
    premia: Floats = np.outer(_EQUITY_PREMIUM, equity) + _DURATION_PREMIUM * duration + own
    return premia


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
