"""Momentum over long horizons, and how horizons agree."""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.lookback import SCALED, SCALED_CHANGE
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace
from engine.kernels.wilder import decay_length, ewma_variance

kernel = partial(Family, engine="kernel")

MONTH = 21
DECAY = 60.0 / 61.0  # a centre of mass of 60 bars
DECAY_BARS = decay_length(DECAY)
DECAY_MIN = 121  # returns that the weights average over: (1 + decay) / (1 - decay)
HORIZONS = (5, 20, 60, 252)  # from fast to slow
DISAGREES = 0.5  # sigma


def skipping_month(s: Workspace, w: int) -> Floats:
    """Log return from w bars ago to a month ago."""
    return s.change(s.lag(s.log_close, MONTH), w - MONTH)


def time_series_momentum(s: Workspace, w: int) -> Floats:
    """Return over w bars in units of the volatility that weights recent bars most."""
    variance = s.once(
        s.ret, "slow ewma", lambda: ewma_variance(s.ret, DECAY, DECAY_BARS, DECAY_MIN, s.wanted)
    )
    return s.divide(s.change(s.log_close, w), np.sqrt(variance * w), s.ret)


def discreteness(s: Workspace, w: int) -> Floats:
    """Sign of the return over w bars times (share of falls - share of rises)."""
    sign = s.once(s.ret, "sign", lambda: np.sign(s.ret))
    # 0.0 - x: a mean of 0 gives 0, not -0
    out: Floats = 0.0 - np.sign(s.change(s.log_close, w)) * s.mean(sign, w)
    return out


def moves(s: Workspace) -> Floats:
    """Return over each horizon in sigmas of it, shape (horizons, n), from fast to slow."""

    def make() -> Floats:
        sigma = s.std(s.ret, 60)
        out: Floats = np.stack(
            [s.divide(s.change(s.log_close, w), sigma * np.sqrt(w), s.ret) for w in HORIZONS]
        )
        return out

    return s.once(s.ret, "moves", make)


def votes(s: Workspace) -> Floats:
    """Each horizon's vote, from -1 to 1."""
    out: Floats = s.once(s.ret, "votes", lambda: np.tanh(moves(s)))
    return out


def score(s: Workspace) -> Floats:
    """Mean vote."""
    v = votes(s)
    out: Floats = (v[0] + v[1] + v[2] + v[3]) / 4.0
    return out


def agreement(s: Workspace) -> Floats:
    """Size of the sum of votes over the sum of their sizes."""
    v = votes(s)
    size = np.abs(v)
    total = size[0] + size[1] + size[2] + size[3]
    share = np.full(len(s.bars), np.nan)
    np.divide(np.abs(v[0] + v[1] + v[2] + v[3]), total, out=share, where=total > 0.0)
    out: Floats = np.minimum(share, 1.0)
    return out


def conflict(s: Workspace) -> Floats:
    """1 where one horizon rose and another fell by half a sigma or more, else 0."""
    m = moves(s)
    apart = (m.max(axis=0) >= DISAGREES) & (m.min(axis=0) <= -DISAGREES)
    return np.where(np.isnan(m).any(axis=0), np.nan, apart.astype(np.float64))


def dominant(s: Workspace) -> Floats:
    """Place of the horizon with the largest move, 0 the fastest; the faster of equals."""
    size = np.abs(moves(s))
    unknown = np.isnan(size).any(axis=0)
    place = np.argmax(np.where(unknown, 0.0, size), axis=0)
    return np.where(unknown, np.nan, place.astype(np.float64))


def tilt(s: Workspace) -> Floats:
    """Least-squares slope of the votes from the slowest horizon to the fastest."""
    v = votes(s)
    out: Floats = (1.5 * v[0] + 0.5 * v[1] - 0.5 * v[2] - 1.5 * v[3]) / 5.0
    return out


def reversal(s: Workspace, w: int) -> Floats:
    """Minus the returns of w bars, each weighted by its relative volume, in sigmas."""
    b = s.bars
    weight = s.divide(b.volume, s.mean(b.volume, 20), b.volume)
    moved = s.total(s.ret * weight, w)
    return 0.0 - s.divide(moved, s.std(s.ret, 60) * np.sqrt(w), s.ret)


RETURNS = (
    kernel(
        pattern="mom_12_1",
        formula="ln(C[21 bars before] / C[252 bars before])",
        units="log return",
        source="Jegadeesh & Titman 1993",
        inputs=("close",),
        oracle="pandas shift",
        lookback=lambda w: 253,
        value=lambda s: skipping_month(s, 252),
    ),
    kernel(
        pattern="mom_6_1",
        formula="ln(C[21 bars before] / C[126 bars before])",
        units="log return",
        source="Jegadeesh & Titman 1993",
        inputs=("close",),
        oracle="pandas shift",
        lookback=lambda w: 127,
        value=lambda s: skipping_month(s, 126),
    ),
    kernel(
        pattern="mom_tsmom_{window}",
        formula=(
            "ln(C / C[w bars before]) / (sigma x sqrt(w)), sigma^2 the mean of r^2 with weights "
            "(60/61)^i"
        ),
        units="sigma",
        source="Moskowitz, Ooi, Pedersen 2012",
        inputs=("close",),
        oracle="pandas ewm(com=60) after warm-up",
        windows=(120, 252),
        lookback=lambda w: max(w + 1, DECAY_BARS + 1, SCALED_CHANGE),
        min_obs=lambda w: max(w, DECAY_MIN) + 1,
        value=time_series_momentum,
        why="Weights with a centre of mass of 60 bars, as in the paper; r^2 without its mean.",
    ),
    kernel(
        pattern="mom_fip_{window}",
        formula="sign(return over w bars) x (share of falling bars - share of rising bars)",
        units="[-1,1]",
        source="Da, Gurun, Warachka 2014",
        inputs=("close",),
        oracle="plain Python",
        windows=(60, 252),
        lookback=lambda w: w + 1,
        value=discreteness,
        why="Low where the return came in many small steps: continuous information.",
    ),
)

_MOVES = (
    "The horizons are 5, 20, 60 and 252 bars of one grid: a daily row needs no minutes, so it is "
    "there for symbols with day bars only. Each return is in sigmas: of 60 returns, times sqrt(h)."
)
aligned = partial(
    kernel,
    source="practitioner",
    inputs=("close",),
    lookback=lambda w: SCALED_CHANGE,
    min_obs=lambda w: HORIZONS[-1] + 1,
)

AGREEMENT = (
    aligned(
        pattern="mom_mtf_score",
        formula="mean vote tanh(z) of the returns over 5, 20, 60 and 252 bars in sigmas",
        units="[-1,1]",
        oracle="pandas; votes of a straight rise",
        value=score,
        why=_MOVES,
    ),
    aligned(
        pattern="mom_mtf_agree",
        formula="|sum of votes| / sum of |votes| of the four horizons; 1 when all point one way",
        units="[0,1]",
        oracle="pandas; votes of a straight rise",
        value=agreement,
        why=_MOVES,
    ),
    aligned(
        pattern="mom_mtf_conflict",
        formula="1 where one of the four horizons rose and another fell by half a sigma or more",
        units="flag",
        oracle="pandas; hand example",
        value=conflict,
        why=_MOVES,
    ),
    aligned(
        pattern="mom_mtf_dominant",
        formula="horizon of the largest move in sigmas: 0 is 5 bars, 1 is 20, 2 is 60, 3 is 252",
        units="ordinal",
        oracle="pandas; hand example",
        value=dominant,
        why=_MOVES,
    ),
    aligned(
        pattern="mom_mtf_slope",
        formula="least-squares slope of the four votes, from the slowest horizon to the fastest",
        units="vote/step",
        oracle="numpy.polyfit",
        value=tilt,
        why=_MOVES,
    ),
    kernel(
        pattern="mom_reversal_{window}",
        formula=(
            "- sum of r x V / mean V of 20 bars over w bars, / (stdev of 60 returns x sqrt(w))"
        ),
        units="sigma",
        source="Lehmann 1990; Campbell, Grossman, Wang 1993",
        inputs=("close", "volume"),
        oracle="pandas",
        windows=(5,),
        lookback=lambda w: max(SCALED + w - 1, SCALED_CHANGE),
        min_obs=lambda w: 61,
        value=reversal,
        why=(
            "Weighted by volume: moves on heavy volume reverse more. Unweighted it is "
            "raw_retvol_5 with the other sign."
        ),
    ),
)
