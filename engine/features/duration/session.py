"""Durations inside a session, from its minutes.

A session's durations would need a yardstick from the sessions before it: their volume, their
volatility. So that a session's row stays a function of its own minutes, the kernel cuts the
session's own volume into 50 bars, and times price moves of a ladder of sizes; the yardstick
enters here, from the panel. Volume bars of a fiftieth of the usual volume last as long as the
session's own ones times usual over own volume; moves of a quarter of the usual volatility lie
between two rungs of the ladder.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from engine.features.lookback import SCALED_CHANGE, SCALED_CHANGE_MIN
from engine.features.panel import Floats
from engine.features.raw.session import statistic
from engine.features.registry import Family
from engine.features.udf import Lists, SessionUdf
from engine.features.workspace import Workspace, log
from engine.kernels.session_durations import BARS, RUNGS, SMALLEST, session_durations

USUAL = 20  # sessions before this one that say what volume and volatility are usual
MOVE = 0.25  # of the usual volatility

SHARES = tuple(f"duration_share_{k:02d}" for k in range(1, BARS + 1))
SPELLS = tuple(f"duration_spell_{k:02d}" for k in range(1, RUNGS + 1))
SPELL_CVS = tuple(f"duration_spell_cv_{k:02d}" for k in range(1, RUNGS + 1))

FIELDS = (
    "dur_volbar_cv_1",
    "dur_volbar_acf_1",
    "dur_hightime_1",
    "dur_lowtime_1",
    "duration_volbar_log",
    *SHARES,
    *SPELLS,
    *SPELL_CVS,
)


def duration_session(
    index: Lists,
    open_: Lists,
    high: Lists,
    low: Lists,
    close: Lists,
    volume: Lists,
    minutes: NDArray[np.int64],
) -> Sequence[Floats]:
    """Return `FIELDS` for a batch of sessions; see `engine.kernels.session_durations`."""
    found: Floats = session_durations(
        index.offsets,
        index.values,
        open_.values,
        high.values,
        low.values,
        close.values,
        volume.values,
        minutes,
    )
    return list(found)


DURATION_SESSION = SessionUdf(
    name="duration_session",
    function=duration_session,
    parameters=(
        "INTEGER[]",
        "DOUBLE[]",
        "DOUBLE[]",
        "DOUBLE[]",
        "DOUBLE[]",
        "DOUBLE[]",
        "INTEGER",
    ),
    fields=FIELDS,
)


def usual_volume(s: Workspace) -> Floats:
    """Return the mean volume of the sessions before."""
    return s.lag(s.mean(s.bars.volume, USUAL))


def _volume_duration(s: Workspace) -> Floats:
    def make() -> Floats:
        own = statistic(s, "duration_volbar_log")
        out: Floats = own + log(usual_volume(s)) - log(s.bars.volume)
        return out

    return s.once(s.bars.volume, "volume duration", make)


def _rung(s: Workspace) -> Floats:
    """Return the place on the ladder of a quarter of the usual volatility, from its first rung."""

    def make() -> Floats:
        move = MOVE * s.lag(s.std(s.ret, USUAL))
        out: Floats = np.clip(2.0 / np.log(2.0) * log(move / SMALLEST), 0.0, RUNGS - 1.0)
        return out

    return s.once(s.ret, "rung", make)


def _on_ladder(s: Workspace, names: tuple[str, ...], place: NDArray[np.int64]) -> Floats:
    ladder = np.array([statistic(s, name) for name in names])
    out: Floats = ladder[place, np.arange(len(place))]
    return out


def _price_duration(s: Workspace) -> Floats:
    """Return the log of the mean spell, straight in logs between the two nearest rungs."""

    def make() -> Floats:
        rung = _rung(s)
        known = ~np.isnan(rung)
        below = np.minimum(np.where(known, rung, 0.0).astype(np.int64), RUNGS - 2)
        part = rung - below
        low = log(_on_ladder(s, SPELLS, below))
        high = log(_on_ladder(s, SPELLS, below + 1))
        out: Floats = low + part * (high - low)
        return out

    return s.once(s.ret, "price duration", make)


def _price_cv(s: Workspace) -> Floats:
    rung = _rung(s)
    known = ~np.isnan(rung)
    nearest = np.rint(np.where(known, rung, 0.0)).astype(np.int64)
    return np.where(known, _on_ladder(s, SPELL_CVS, nearest), np.nan)


_session = partial(
    Family,
    engine="session",
    inputs=("minute close", "minute volume"),
    lookback=lambda w: 1,
)
_kernel = partial(Family, engine="kernel")

_VOLUME = "Gourieroux, Jasiak, Le Fol 1999"
_PRICE = "Engle & Russell 1997"
_OWN = (
    "50 bars of equal volume of the session's own: only so is the session's row a function of its "
    "own minutes. A minute's volume is spread evenly over it."
)
_LADDER = (
    "The kernel times moves of 1 to 256 basis points, sqrt(2) apart, in the session's minutes; "
    "the volatility is that of the 20 sessions before. Moves outside of the ladder count as its "
    "ends."
)

VOLUME_BARS = (
    _kernel(
        pattern="dur_volbar_mean_1",
        formula="mean ln minutes of the session's 50 bars of equal volume + ln(mean volume of the "
        "20 sessions before / volume)",
        units="ln min",
        source=_VOLUME,
        inputs=("minute volume", "volume"),
        oracle="hand example; pandas",
        lookback=lambda w: USUAL + 1,
        why="Bars of a fiftieth of the usual volume, at the pace of the session's own bars. The "
        "mean of logs, which sees how evenly volume came; the log of the mean would say no more "
        "than relative volume.",
        value=_volume_duration,
    ),
    _session(
        pattern="dur_volbar_cv_1",
        formula="coefficient of variation of the durations of the session's 50 bars of equal "
        "volume",
        units="-",
        source=_VOLUME,
        oracle="numpy on hand-made bars",
        why=_OWN,
    ),
    _session(
        pattern="dur_volbar_acf_1",
        formula="autocorrelation of lag 1 of the durations of the session's 50 bars of equal "
        "volume",
        units="[-1,1]",
        source=_VOLUME,
        oracle="statsmodels acf",
        why=_OWN,
    ),
    _kernel(
        pattern="dur_volbar_z_{window}",
        formula="(dur_volbar_mean_1 - mean) / sample standard deviation over w sessions",
        units="z",
        source="standard",
        inputs=("dur_volbar_mean_1",),
        oracle="pandas",
        windows=(20,),
        lookback=lambda w: USUAL + max(w, SCALED_CHANGE),
        min_obs=lambda w: USUAL + max(w, SCALED_CHANGE_MIN),
        value=lambda s, w: s.zscore(_volume_duration(s), w),
    ),
)

PRICE_MOVES = (
    _kernel(
        pattern="dur_price_mean_1",
        formula="ln of the mean minutes between moves of 0.25 daily sigma in the session; sigma of "
        "the 20 returns before",
        units="ln min",
        source=_PRICE,
        inputs=("minute close", "close"),
        oracle="hand example; the moves counted at that very size",
        lookback=lambda w: USUAL + 2,
        why=f"{_LADDER} Straight in logs between two rungs. The spell that the close cuts short "
        "counts, so that a session without a move has its whole length.",
        value=_price_duration,
    ),
    _kernel(
        pattern="dur_price_cv_1",
        formula="coefficient of variation of the minutes between moves of 0.25 daily sigma",
        units="-",
        source=_PRICE,
        inputs=("minute close", "close"),
        oracle="hand example",
        lookback=lambda w: USUAL + 2,
        why=f"{_LADDER} At the nearest rung. Unknown in a session without a move of that size.",
        value=_price_cv,
    ),
    _kernel(
        pattern="dur_price_z_{window}",
        formula="(dur_price_mean_1 - mean) / sample standard deviation over w sessions",
        units="z",
        source="standard",
        inputs=("dur_price_mean_1",),
        oracle="pandas",
        windows=(20,),
        lookback=lambda w: USUAL + 1 + max(w, SCALED_CHANGE),
        min_obs=lambda w: USUAL + 1 + max(w, SCALED_CHANGE_MIN),
        value=lambda s, w: s.zscore(_price_duration(s), w),
    ),
)


def _extreme(end: str) -> tuple[Family, Family]:
    name = f"dur_{end}time_1"
    return (
        _session(
            pattern=name,
            formula=f"first minute that has the session's {end}, / (minutes - 1)",
            units="[0,1]",
            source="standard",
            inputs=("minute high", "minute low"),
            oracle="hand example",
            why="Unknown in a session whose price did not move.",
        ),
        _kernel(
            pattern=f"dur_{end}time_mean_{{window}}",
            formula=f"mean of {name} over w sessions",
            units="[0,1]",
            source="standard",
            inputs=(name,),
            oracle="pandas",
            windows=(20,),
            lookback=lambda w: w,
            value=lambda s, w: s.mean(statistic(s, name), w),
        ),
    )


EXTREMES = (*_extreme("high"), *_extreme("low"))
