"""Durations in bars: since events, in runs of one sign, under water, above an average."""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace, log
from engine.kernels.counters import bars_in_state, bars_since
from engine.kernels.passage import first_passage, time_under_water
from engine.kernels.runs import run_statistics

CAP = 252  # where counts end
SIGMA = 60  # returns that a move is measured by
RUN_WINDOW = 252  # returns whose runs say how long runs last
BARRIER = 2.0  # of sigma, either side of a first passage

kernel = partial(Family, engine="kernel", source="standard")


def _since(events: Floats) -> Floats:
    out: Floats = np.log1p(bars_since(events, CAP))
    return out


def _since_move(s: Workspace, size: int) -> Floats:
    sigma = s.lag(s.std(s.ret, SIGMA))
    events = np.where(np.abs(s.ret) > size * sigma, 1.0, 0.0)
    events[np.isnan(s.ret) | np.isnan(sigma)] = np.nan
    return _since(events)


def _since_extreme(s: Workspace, w: int, end: int) -> Floats:
    bars = s.extremes(w)[2 + end]  # since the window's own high or low
    return _since(np.where(np.isnan(bars), np.nan, np.where(bars == 0.0, 1.0, 0.0)))


def _signs(s: Workspace) -> Floats:
    return s.once(s.ret, "signs", lambda: np.sign(s.ret))


def _run(s: Workspace) -> Floats:
    signs = _signs(s)
    out: Floats = signs * (bars_in_state(signs, CAP - 1) + 1.0)
    return out


def _run_statistics(s: Workspace, w: int) -> tuple[Floats, Floats, Floats]:
    def make() -> tuple[Floats, Floats, Floats]:
        out: tuple[Floats, Floats, Floats] = run_statistics(_signs(s), w, w == RUN_WINDOW)
        return out

    return s.once(s.ret, ("runs", w), make)


def _under_water(s: Workspace, w: int) -> tuple[Floats, Floats]:
    def make() -> tuple[Floats, Floats]:
        out: tuple[Floats, Floats] = time_under_water(s.bars.close, w)
        return out

    return s.once(s.bars.close, ("under water", w), make)


def _above(s: Workspace, w: int) -> Floats:
    """Share of the last w bars that closed above their own mean of w closes; on it counts half."""
    close = s.bars.close
    return s.mean(s.once(close, ("above", w), lambda: 0.5 + 0.5 * _side(s, w)), w)


def _side(s: Workspace, w: int) -> Floats:
    out: Floats = np.sign(s.bars.close - s.mean(s.bars.close, w))
    return out


def _first_passage(s: Workspace, w: int) -> Floats:
    b = s.bars
    out: Floats = first_passage(
        log(b.high), log(b.low), s.log_close, BARRIER * s.std(s.ret, SIGMA), w
    )
    return out


_UNKNOWN = (
    "At most 252. Unknown while the count comes to a missing bar, or to the first one, before it "
    "comes to an end."
)

SINCE = (
    *(
        kernel(
            pattern=f"dur_since_move{size}s",
            formula=f"ln(1 + bars since |r| > {size} sigma), sigma of the 60 returns before",
            units="bars (log1p)",
            inputs=("close",),
            oracle="pandas",
            lookback=lambda w: CAP - 1 + SIGMA + 2,
            min_obs=lambda w: SIGMA + 2,
            why=_UNKNOWN,
            value=lambda s, size=size: _since_move(s, size),
        )
        for size in (1, 2)
    ),
    *(
        kernel(
            pattern=f"dur_since_{end}{{window}}",
            formula=f"ln(1 + bars since a bar's {end} was the {word} of its last w bars)",
            units="bars (log1p)",
            inputs=("high", "low"),
            oracle="pandas",
            windows=(20, 60, 252),
            lookback=lambda w: CAP - 1 + w,
            min_obs=lambda w: w,
            why=f"A bar that equals an earlier {end} counts. {_UNKNOWN}",
            value=lambda s, w, place=place: _since_extreme(s, w, place),
        )
        for place, (end, word) in enumerate((("high", "highest"), ("low", "lowest")))
    ),
)

RUNS = (
    kernel(
        pattern="dur_run",
        formula="bars in a row, this one included, whose returns have one sign; with that sign",
        units="bars",
        source="McQueen & Thorley 1994",
        inputs=("close",),
        oracle="hand example",
        lookback=lambda w: CAP + 1,
        min_obs=lambda w: 3,
        why=f"A zero return has a sign of its own, and its runs are 0. {_UNKNOWN}",
        value=_run,
    ),
    kernel(
        pattern="dur_run_mean_{window}",
        formula="w / number of runs of one sign in the last w returns",
        units="bars",
        source="McQueen & Thorley 1994",
        inputs=("close",),
        oracle="hand example; itertools.groupby",
        windows=(20, 60),
        lookback=lambda w: w + 1,
        why="The mean length of the runs as the window shows them. Zero returns make runs of "
        "their own.",
        value=lambda s, w: _run_statistics(s, w)[0],
    ),
    kernel(
        pattern="dur_weibull_shape_{window}",
        formula="maximum-likelihood Weibull shape of the lengths of the complete runs in the last "
        "w returns",
        units="-",
        source="practitioner",
        inputs=("close",),
        oracle="scipy.stats.weibull_min.fit",
        windows=(RUN_WINDOW,),
        lookback=lambda w: w + 1,
        why="Complete runs only: the window cuts the first, and the present one has not ended. "
        "Unknown with fewer than 10, or when all have one length.",
        value=lambda s, w: _run_statistics(s, w)[1],
    ),
    kernel(
        pattern="dur_hazard_1",
        formula="probability that the present run ends here: (complete runs of the last 252 "
        "returns of just this length + 1) / (those at least as long + 2)",
        units="[0,1]",
        source="McQueen & Thorley 1994",
        inputs=("close",),
        oracle="hand example; itertools.groupby",
        lookback=lambda w: RUN_WINDOW + 1,
        why="With one success and one failure added, so that a run longer than any before it has "
        "1/2, which is a random walk's hazard. Runs of all signs together.",
        value=lambda s: _run_statistics(s, RUN_WINDOW)[2],
    ),
)

DRAWDOWNS = (
    kernel(
        pattern="dur_dd_max_{window}",
        formula="ln(1 + most bars in a row below the running highest close of the last w bars)",
        units="bars (log1p)",
        inputs=("close",),
        oracle="pandas expanding maximum",
        windows=(120, 252),
        lookback=lambda w: w,
        why="A close that equals the high ends the drawdown.",
        value=lambda s, w: np.log1p(_under_water(s, w)[0]),
    ),
    kernel(
        pattern="dur_underwater",
        formula="ln(1 + bars since the highest close of the last 252 bars)",
        units="bars (log1p)",
        inputs=("close",),
        oracle="numpy argmax",
        lookback=lambda w: CAP,
        why="The latest of equal closes. A drawdown older than 252 bars counts from the highest "
        "close inside of them.",
        value=lambda s: np.log1p(_under_water(s, CAP)[1]),
    ),
)

ABOVE = (
    kernel(
        pattern="dur_above_{window}",
        formula="share of the last w closes above the mean of the w closes that end with each",
        units="[0,1]",
        inputs=("close",),
        oracle="pandas rolling mean",
        windows=(20, 60),
        lookback=lambda w: 2 * w - 1,
        why="A close on the mean counts half: flat bars give 1/2.",
        value=_above,
    ),
)

PASSAGE = (
    kernel(
        pattern="dur_firstpass_{window}",
        formula="(up + 1) / (up + down + 2): paths from each of the w closes before this bar that "
        "reached +2 sigma, or -2 sigma, first; sigma of the last 60 returns",
        units="[0,1]",
        inputs=("high", "low", "close"),
        oracle="the definition in plain Python; hand example",
        windows=(20,),
        lookback=lambda w: max(w, SIGMA) + 1,
        why="On bars rather than minutes, so that it is one definition for every grid. A bar that "
        "reaches both barriers counts half for each; paths that reached neither do not count.",
        value=_first_passage,
    ),
)
