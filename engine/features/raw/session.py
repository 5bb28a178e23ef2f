"""Statistics of a session's minutes, and their means over sessions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.udf import Lists, SessionUdf
from engine.features.workspace import Workspace, log
from engine.kernels.session import session_statistics

FIELDS = (
    "raw_rv_1",
    "raw_bv_1",
    "raw_jumpratio_1",
    "raw_rsv_imb_1",
    "raw_rskew_1",
    "raw_rkurt_1",
    "raw_first30volume_1",
    "raw_last30volume_1",
    "raw_zerofrac_1",
    "raw_minacf_1",
)

SESSIONS_PER_YEAR = 252.0


def raw_session(
    index: Lists, open_: Lists, close: Lists, volume: Lists, minutes: NDArray[np.int64]
) -> Sequence[Floats]:
    """Return `FIELDS` for a batch of sessions; see `engine.kernels.session`."""
    found: Floats = session_statistics(
        index.offsets,
        index.values,
        open_.values,
        close.values,
        volume.values,
        minutes,
        SESSIONS_PER_YEAR,
    )
    return list(found)


RAW_SESSION = SessionUdf(
    name="raw_session",
    function=raw_session,
    parameters=("INTEGER[]", "DOUBLE[]", "DOUBLE[]", "DOUBLE[]", "INTEGER"),
    fields=FIELDS,
)


def statistic(s: Workspace, name: str) -> Floats:
    """Return a session statistic on the bars' grid, NaN where it was not joined."""
    found = s.bars.extra.get(name)
    if found is None:
        return s.once(s.bars.close, "unknown", lambda: np.full(len(s.bars), np.nan))
    return found


def _session(name: str, formula: str, units: str, source: str, oracle: str, **more: Any) -> Family:
    return Family(
        pattern=name,
        formula=formula,
        units=units,
        source=source,
        inputs=("minute close",),
        engine="session",
        oracle=oracle,
        lookback=lambda w: 1,
        **more,
    )


def _mean(name: str, windows: tuple[int, ...], units: str, source: str) -> Family:
    return Family(
        pattern=name.replace("_1", "_mean_{window}"),
        formula=f"mean of {name} over w sessions",
        units=units,
        source=source,
        inputs=(name,),
        engine="kernel",
        oracle="pandas on the one-session values",
        windows=windows,
        lookback=lambda w: w,
        value=lambda s, w: s.mean(statistic(s, name), w),
    )


_RV = "Andersen & Bollerslev 1998"
_BV = "Barndorff-Nielsen & Shephard 2004"
_PS = "Patton & Sheppard 2015"
_AC = "Amaya, Christoffersen, Jacobs, Vasquez 2015"
_TICK = "5-minute returns by the previous tick; the first runs from the session's open"

REALISED = (
    _session(
        "raw_rv_1",
        f"sqrt(sum of r^2 x 252), {_TICK}",
        "annual vol",
        _RV,
        "hand example",
        why="NULL when fewer than half of the minutes are there, as every session statistic.",
    ),
    _mean("raw_rv_1", (5, 22), "annual vol", "Corsi 2009"),
    _session(
        "raw_bv_1",
        "sqrt(pi / 2 x sum of |r||r before| x n / (n - 1) x 252), 5-minute returns",
        "annual vol",
        _BV,
        "hand example",
        why="With the n / (n - 1) for the n - 1 products that n returns have.",
    ),
    _session(
        "raw_jumpratio_1",
        "max(RV - BV, 0) / RV, variances of 5-minute returns",
        "[0,1]",
        _BV,
        "hand example",
        why="Divided by any RV above 0: the ratio is bounded.",
    ),
    _mean("raw_jumpratio_1", (20,), "[0,1]", _BV),
    _session(
        "raw_rsv_imb_1",
        "(RS+ - RS-) / RV: signed jump variation of 5-minute returns",
        "[-1,1]",
        _PS,
        "hand example",
    ),
    _mean("raw_rsv_imb_1", (5, 20), "[-1,1]", _PS),
    _session(
        "raw_rskew_1",
        "sqrt(n) x sum of r^3 / RV^1.5, 5-minute returns",
        "-",
        _AC,
        "hand example",
    ),
    _mean("raw_rskew_1", (5,), "-", _AC),
    _session(
        "raw_rkurt_1",
        "n x sum of r^4 / RV^2, 5-minute returns",
        "-",
        _AC,
        "hand example",
    ),
    _mean("raw_rkurt_1", (5,), "-", _AC),
    Family(
        pattern="raw_volofvol_{window}",
        formula="sample standard deviation of ln raw_rv_1 over w sessions",
        units="ln vol",
        source="Corsi, Mittnik, Pigorsch, Pigorsch 2008",
        inputs=("raw_rv_1",),
        engine="kernel",
        oracle="pandas",
        windows=(20, 60),
        lookback=lambda w: w,
        value=lambda s, w: s.std(
            s.once(statistic(s, "raw_rv_1"), "log", lambda: log(statistic(s, "raw_rv_1"))), w
        ),
    ),
)

_SHARE = partial(_session, units="[0,1]", source="Admati & Pfleiderer 1988", oracle="hand example")

VOLUME_SHARES = (
    _SHARE("raw_first30volume_1", "volume of the first 30 minutes / volume of the session"),
    _mean("raw_first30volume_1", (20,), "[0,1]", "Admati & Pfleiderer 1988"),
    _SHARE("raw_last30volume_1", "volume of the last 30 minutes / volume of the session"),
    _mean("raw_last30volume_1", (20,), "[0,1]", "Admati & Pfleiderer 1988"),
)

STILLNESS = (
    _session(
        "raw_zerofrac_1",
        "share of the session's minutes that end at the price they began with",
        "[0,1]",
        "Lesmond, Ogden, Trzcinka 1999",
        "hand example",
        why="A minute without a trade has no price change, and counts.",
    ),
    _mean("raw_zerofrac_1", (20,), "[0,1]", "Lesmond, Ogden, Trzcinka 1999"),
)

AUTOCORRELATION = (
    _session(
        "raw_minacf_1",
        "correlation of each minute's return with the one before, inside the session",
        "[-1,1]",
        "standard",
        "numpy corrcoef",
    ),
    _mean("raw_minacf_1", (20,), "[-1,1]", "standard"),
)
