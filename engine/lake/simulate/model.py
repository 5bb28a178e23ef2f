"""The market's law of motion, and the exact characteristic function that prices its options.

Time runs in *steps* from one option snapshot (15 minutes before the close) to the next. A step
has three blocks that share its variance: the last 15 minutes of the old session, the night, and
the new session up to its snapshot. Processes (7 factors, then one of its own per ETF) follow

    r = sqrt(h) z - compensator + jumps,         z ~ N(0, 1)
    h' = omega[s'] + beta h + alpha (z - gamma sqrt(h))^2 + eta,    eta ~ Gamma

a Heston-Nandi GARCH process whose level follows a Markov regime s and which receives variance
news of its own (eta). A worsening regime also moves the equity factor down. Every ETF is a linear
combination of the processes, with each shock compensated, so that without drift its price is an
arithmetic martingale. The law is affine, hence the characteristic function of any ETF's log
return over n steps is exp(B . h) a[s] with B and a from a recursion: prices of options are exact
conditional expectations, and so free of arbitrage, static or dynamic, by construction.

References
----------
Heston and Nandi (2000), "A closed-form GARCH option valuation model"; Fang and Oosterlee (2008)
for the cosine expansion.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.lake.simulate.universe import EQUITY, FACTORS, INSTRUMENTS

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

REGIMES = ("calm", "normal", "stress", "crisis")
SESSIONS_A_YEAR = 252.0
CLOSING_SHARE = 0.05  # of a step's variance: the last 15 minutes of the old session
NIGHT_SHARE = 0.25  # from that close to the next open
DAY_SHARE = 1.0 - CLOSING_SHARE - NIGHT_SHARE  # from the open to the snapshot

TERMS = 224  # of the cosine expansion
LONGEST = 262  # steps to the farthest expiration
# expirations up to each of these share one frequency grid
_BUCKETS = (0, 1, 2, 4, 7, 12, 20, 32, 55, 95, 160, LONGEST)

_FACTOR_VOLS = {  # annual volatility by regime
    "equity": (0.09, 0.145, 0.25, 0.45),
    "duration": (0.11, 0.13, 0.17, 0.24),
    "gold": (0.11, 0.13, 0.17, 0.24),
    "oil": (0.26, 0.31, 0.42, 0.70),
    "growth": (0.055, 0.075, 0.11, 0.17),
    "value": (0.05, 0.075, 0.11, 0.18),
    "foreign": (0.06, 0.08, 0.11, 0.16),
}
_OWN_VOL_BY_REGIME = (0.85, 1.0, 1.3, 1.8)
_LEVERAGE = {"equity": 0.45, "growth": 0.15, "value": 0.15, "foreign": 0.15, "oil": 0.03}

_TRANSITIONS = np.array(
    [
        [0.9875, 0.0125, 0.0, 0.0],
        [0.0120, 0.9785, 0.0095, 0.0],
        [0.0, 0.0300, 0.9560, 0.0140],
        [0.0, 0.0, 0.0550, 0.9450],
    ]
)
_FALL_PER_REGIME = -0.024  # the equity factor's move when the regime worsens by one
_RISE_PER_REGIME = 0.010


@dataclass(frozen=True)
class Law:
    """Parameters of the market under one measure.

    Parameters
    ----------
    omega
        (processes, regimes) variance added per step.
    alpha, beta, gamma
        (processes,) see the module's formula.
    news_shape, news_scale
        Gamma law of eta: one shape, (processes,) scales.
    transitions, shifts
        (regimes, regimes) probabilities, and the equity factor's move on a transition.
    jump_chance, jump_mean, jump_stdev
        (processes, regimes), (processes,), (processes,): a jump comes with half of the chance in
        the night and, independently, with half in the day.
    loadings
        (instruments, processes).
    """

    omega: Floats
    alpha: Floats
    beta: Floats
    gamma: Floats
    news_shape: float
    news_scale: Floats
    transitions: Floats
    shifts: Floats
    jump_chance: Floats
    jump_mean: Floats
    jump_stdev: Floats
    loadings: Floats

    @property
    def processes(self) -> int:
        """Number of processes."""
        return len(self.alpha)

    def usual_variance(self) -> Floats:
        """Return the (processes, regimes) variance per step where a regime would settle."""
        constant = self.omega + (self.alpha + self.news_shape * self.news_scale)[:, None]
        persistence = self.beta + self.alpha * self.gamma**2
        settled: Floats = constant / (1.0 - persistence)[:, None]
        return settled

    def stationary(self) -> Floats:
        """Return the long-run probability of each regime."""
        values, vectors = np.linalg.eig(self.transitions.T)
        weights = np.abs(np.real(vectors[:, np.argmax(np.real(values))]))
        shares: Floats = weights / weights.sum()
        return shares

    def jump_compensator(self) -> Floats:
        """Return (instruments, regimes): log of the mean growth that one block's jumps add."""
        size = self.loadings * self.jump_mean + 0.5 * (self.loadings * self.jump_stdev) ** 2
        growth = 0.5 * self.jump_chance[None] * np.expm1(size)[:, :, None]
        jumps: Floats = np.log1p(growth).sum(1)
        return jumps

    def shift_compensator(self) -> Floats:
        """Return (instruments, regimes): log of the mean growth that regime changes add."""
        growth = np.exp(self.loadings[:, EQUITY, None, None] * self.shifts)
        shifts: Floats = np.log((self.transitions * growth).sum(-1))
        return shifts


def physical_law() -> Law:
    """Return the law that the simulated prices follow."""
    own = [instrument.own_vol for instrument in INSTRUMENTS]
    vols = np.vstack(
        [
            np.array([_FACTOR_VOLS[name] for name in FACTORS]),
            np.outer(own, _OWN_VOL_BY_REGIME),
        ]
    )
    settled = vols**2 / SESSIONS_A_YEAR
    count = len(vols)
    leverage = np.zeros(count)
    leverage[: len(FACTORS)] = [_LEVERAGE.get(name, 0.0) for name in FACTORS]
    persistence = np.full(count, 0.965)
    persistence[len(FACTORS) :] = 0.95
    constant = (1.0 - persistence)[:, None] * settled
    alpha = 0.45 * constant.min(1)
    news_shape = 0.25
    news_scale = 0.40 * constant.min(1) / news_shape
    gamma = np.sqrt(leverage * persistence / alpha)
    jump_chance = np.full((count, 4), 0.008)
    jump_chance[: len(FACTORS)] = 0.012
    jump_chance[EQUITY] = (0.006, 0.012, 0.035, 0.10)
    jump_stdev = 3.2 * np.sqrt(settled[:, 1])
    jump_stdev[EQUITY] = 0.016
    jump_mean = np.zeros(count)
    jump_mean[EQUITY] = -0.009
    steps = np.arange(4)[None] - np.arange(4)[:, None]
    loadings = np.hstack(
        [np.array([instrument.loadings for instrument in INSTRUMENTS]), np.eye(len(own))]
    )
    return Law(
        omega=constant - (alpha + news_shape * news_scale)[:, None],
        alpha=alpha,
        beta=persistence - alpha * gamma**2,
        gamma=gamma,
        news_shape=news_shape,
        news_scale=news_scale,
        transitions=_TRANSITIONS,
        shifts=np.where(steps > 0, _FALL_PER_REGIME, _RISE_PER_REGIME) * np.abs(steps),
        jump_chance=jump_chance,
        jump_mean=jump_mean,
        jump_stdev=jump_stdev,
        loadings=loadings,
    )


def pricing_law(law: Law) -> Law:
    """Return the law that options are priced by where risk earns a premium.

    Variance is higher, worsening regimes likelier and falls larger than they really are: options
    cost more than they pay on average, puts most of all.
    """
    worse = np.triu(law.transitions, 1) * 1.6
    transitions = np.tril(law.transitions, -1) + worse
    np.fill_diagonal(transitions, 1.0 - transitions.sum(1))
    jump_chance = law.jump_chance.copy()
    jump_chance[EQUITY] *= 1.8
    jump_mean = law.jump_mean.copy()
    jump_mean[EQUITY] -= 0.010
    return replace(
        law,
        omega=law.omega * 1.10,
        transitions=transitions,
        jump_chance=jump_chance,
        jump_mean=jump_mean,
    )


class Surface:
    """Exact option prices of every ETF under a law, from the state of the market.

    Parameters
    ----------
    law
        Parameters under the pricing measure.
    members
        Indices of the instruments that will be priced.
    """

    def __init__(self, law: Law, members: tuple[int, ...]) -> None:
        self.law = law
        self.members = members
        factors = len(FACTORS)
        processes = np.array([[*range(factors), factors + m] for m in members])
        self._processes = processes
        self._loadings = np.take_along_axis(law.loadings[list(members)], processes, 1)
        # a density with a heavy right tail loses accuracy on that side: calls come from puts
        self.is_right_tailed = self._loadings[:, EQUITY] < -1.0
        self._compensator = (2.0 * law.jump_compensator() + law.shift_compensator())[list(members)]
        usual = (law.usual_variance()[None] * law.loadings[list(members)][:, :, None] ** 2).sum(1)
        self._widths = np.array([self._width(usual, steps) for steps in range(LONGEST + 1)]).T
        self._tables: dict[int, tuple[Complexes, Complexes]] = {}

    def prepare(self) -> None:
        """Make every table, on two threads: made on demand, each thread would make its own."""
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self._table, reversed(_BUCKETS)))  # the longest first

    def _width(self, usual: Floats, steps: int) -> Floats:
        """Return per member how wide an interval holds the log return of `steps` steps."""
        bucket = next(top for top in _BUCKETS if steps <= top)
        span = bucket + CLOSING_SHARE
        # from crisis, variance falls back towards the stressed level within about a month
        excess = (usual[:, 3] - usual[:, 2]) * min(span, 20.0)
        stdev = np.sqrt(usual[:, 2] * span + excess)
        jumps = 0.0 if bucket == 0 else 0.10 * np.abs(self._loadings[:, EQUITY])
        tails = 7.0 + 0.5 * np.maximum(-self._loadings[:, EQUITY], 0.0)
        width: Floats = 2.0 * (tails * stdev + jumps)
        return width

    def _table(self, bucket: int) -> tuple[Complexes, Complexes]:
        """Return B (steps, members, processes, terms) and a (steps, members, regimes, terms)."""
        if bucket in self._tables:
            return self._tables[bucket]
        law, load = self.law, self._loadings[:, :, None]
        own = self._processes
        unit = 1j * np.pi / self._widths[:, bucket]
        v = unit[:, None] * np.arange(TERMS)[None]
        v3 = v[:, None, :]
        alpha, beta, gamma, scale = (
            each[own][..., None] for each in (law.alpha, law.beta, law.gamma, law.news_scale)
        )
        omega = law.omega[own]  # members, processes, regimes
        jumps = np.ones((len(own), len(REGIMES), TERMS), complex)
        for p in range(own.shape[1]):
            size = np.exp(
                v * load[:, p] * law.jump_mean[own[:, p], None]
                + 0.5 * (v * load[:, p] * law.jump_stdev[own[:, p], None]) ** 2
            )
            chance = law.jump_chance[own[:, p]][:, :, None]
            jumps *= (1.0 + 0.5 * chance * (size - 1.0)[:, None, :]) ** 2
        shocks = jumps * np.exp(-v3 * self._compensator[:, :, None])
        move = law.transitions[None, :, :, None] * np.exp(
            v[:, None, None, :] * (self._loadings[:, EQUITY, None, None] * law.shifts)[..., None]
        )  # members, from, to, terms
        b = CLOSING_SHARE * 0.5 * ((v3 * load) ** 2 - v3 * load**2)
        a = np.ones((len(own), len(REGIMES), TERMS), complex)
        all_b = np.empty((bucket + 1, *b.shape), complex)
        all_a = np.empty((bucket + 1, *a.shape), complex)
        all_b[0], all_a[0] = b, a
        for step in range(1, bucket + 1):
            curve = alpha * b
            rest = 1.0 - 2.0 * curve
            level = (-0.5 * np.log(rest) - law.news_shape * np.log(1.0 - scale * b)).sum(1)
            after = np.exp(np.einsum("mpk,mps->msk", b, omega)) * a
            a = shocks * np.exp(level)[:, None] * np.einsum("mijk,mjk->mik", move, after)
            b = (
                beta * b
                + curve * gamma**2
                + (v3 * load - 2.0 * curve * gamma) ** 2 / (2.0 * rest)
                - 0.5 * v3 * load**2
            )
            all_b[step], all_a[step] = b, a
        self._tables[bucket] = (all_b, all_a)
        return self._tables[bucket]

    def density(
        self, member: NDArray[np.int64], steps: NDArray[np.int64], variance: Floats, regime: int
    ) -> tuple[Floats, Floats]:
        """Return cosine coefficients of the log-return densities of some series.

        Parameters
        ----------
        member
            (n,) positions in `members`.
        steps
            (n,) whole steps to the snapshot of the expiration's session.
        variance
            (processes,) h for the next step; or (n, processes).
        regime
            Regime that governs the next step.

        Returns
        -------
        tuple
            (n, terms) coefficients, the first halved, and (n,) interval widths, as
            `engine.kernels.black.cosine_puts` takes them.
        """
        out = np.empty((len(member), TERMS))
        width = self._widths[member, steps]
        h = np.broadcast_to(variance, (len(member), self.law.processes))
        h = np.take_along_axis(h, self._processes[member], 1)
        lowest = -1
        for bucket in _BUCKETS:
            rows = np.flatnonzero((steps > lowest) & (steps <= bucket))
            lowest = bucket
            if not rows.size:
                continue
            table_b, table_a = self._table(bucket)
            b = table_b[steps[rows], member[rows]]
            a = table_a[steps[rows], member[rows], regime]
            phi = np.exp(np.einsum("npk,np->nk", b, h[rows])) * a
            shift = np.exp(0.5j * np.pi * np.arange(TERMS))  # -i u left, left = -width / 2
            out[rows] = (phi * shift[None]).real
        out[:, 0] *= 0.5
        return out, width

    def cumulants(
        self,
        member: NDArray[np.int64],
        steps: int,
        variance: Floats,
        regime: NDArray[np.int64],
    ) -> tuple[Floats, Floats, Floats]:
        """Return mean, variance and third cumulant of log returns over `steps` steps.

        Parameters
        ----------
        member, regime
            (n,) positions in `members` and regimes of the next step.
        variance
            (n, processes) h for the next step.
        """
        bucket = next(top for top in _BUCKETS if steps <= top)
        table_b, table_a = self._table(bucket)
        unit = np.pi / self._widths[member, bucket]
        h = np.take_along_axis(variance, self._processes[member], 1)
        # log phi = i u m - u^2 v / 2 - i u^3 c / 6 + u^4 q / 24 + ...: two frequencies, u and
        # 2 u, cancel the next order
        ones, twos = (
            (table_b[steps, :, :, k][member] * h).sum(1)
            + np.log(table_a[steps, :, :, k][member, regime])
            for k in (1, 2)
        )
        mean_1, mean_2 = ones.imag / unit, twos.imag / (2.0 * unit)
        third = (mean_1 - mean_2) * 2.0 / unit**2
        var_1, var_2 = -2.0 * ones.real / unit**2, -0.5 * twos.real / unit**2
        return (4.0 * mean_1 - mean_2) / 3.0, (4.0 * var_1 - var_2) / 3.0, third
