"""Change points: whether the market that the last bars came from is still the same.

Drift (CUSUM, Page-Hinkley, Mann-Kendall), variance (Inclan-Tiao, F), level (Welch, Pettitt), run
length (Bayesian online change points), explosive paths, and jumps inside the session.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.features.lookback import SCALED_CHANGE, SCALED_CHANGE_MIN
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.udf import Lists, SessionUdf
from engine.features.workspace import Workspace, log
from engine.kernels import (
    bocpd,
    cusum,
    explosive,
    rank_tests,
    session_jumps,
    states,
    variance_break,
)

Pair = tuple[Floats, Floats]
Triple = tuple[Floats, Floats, Floats]

ORDER = 90
SCOPE = "daily"

SIGMA = 60  # returns before a bar that standardise it
CUSUM_SLACK, CUSUM_LIMIT = 0.5, 4.0
# The start is forgotten once the sum has been at zero: with this slack and limit a stretch that
# avoids both zero and the limit for 120 bars has a chance far below a millionth.
CUSUM_VALUES = 120
PH_SLACK, PH_VALUES = 0.1, 120
FEWEST = 20  # values that a recursion needs
CAP = 252  # of counters

RUN = 250  # values that the run-length recursion spans
HAZARD = 1.0 / 250.0
YOUNG = 5
PRIOR, PRIOR_MIN = 250, 60
RUN_MIN = 60
SMALLEST = 0.1  # share of the usual |r| that is added to |r| before its logarithm

ADF_SHORT, ADF_LONG, ADF_LEAST = 120, 252, 40


# Series -----------------------------------------------------------------------------------------


def _standardised(s: Workspace) -> Floats:
    """Return returns over the standard deviation of the 60 before them."""
    return s.once(s.ret, "standardised", lambda: s.divide(s.ret, s.lag(s.std(s.ret, SIGMA)), s.ret))


def _log_size(s: Workspace) -> Floats:
    """Return ln(|r| + a tenth of its usual size): defined for a bar that does not move."""
    return s.once(s.ret, "log size", lambda: log(np.abs(s.ret) + SMALLEST * s.scale(s.ret)))


# Statistics -------------------------------------------------------------------------------------


def _cusum(s: Workspace) -> Triple:
    z = _standardised(s)
    out: Triple = s.once(
        z, "cusum", lambda: cusum.cusum(z, CUSUM_SLACK, CUSUM_LIMIT, CUSUM_VALUES, FEWEST)
    )
    return out


def _cusum_since(s: Workspace) -> Pair:
    event = _cusum(s)[2]
    out: Pair = s.once(event, "since", lambda: states.bars_since(event, CAP))
    return out


def _cusum_direction(s: Workspace) -> Floats:
    since, direction = _cusum_since(s)
    out: Floats = direction * (1.0 - since / CAP)
    return out


def _cusum_count(s: Workspace, w: int) -> Floats:
    event = _cusum(s)[2]
    return s.total(s.once(event, "any", lambda: np.abs(event)), w)


def _page_hinkley(s: Workspace) -> Pair:
    z = _standardised(s)
    out: Pair = s.once(z, "ph", lambda: cusum.page_hinkley(z, PH_SLACK, PH_VALUES, FEWEST))
    return out


def _run_length(s: Workspace, x: Floats) -> Triple:
    out: Triple = s.once(
        x,
        "run length",
        lambda: bocpd.run_length(x, RUN, HAZARD, YOUNG, PRIOR, PRIOR_MIN, RUN_MIN, s.wanted),
    )
    return out


def _sup_adf(s: Workspace, w: int) -> Floats:
    both: Pair = s.once(
        s.ret,
        "sup adf",
        lambda: explosive.sup_adf(s.ret, ADF_SHORT, ADF_LONG, ADF_LEAST),
    )
    return both[0 if w == ADF_SHORT else 1]


def _welch(s: Workspace, recent: int, prior: int) -> Floats:
    """Return Welch's t of the last `recent` returns against the `prior` before them."""
    r = s.ret
    now, then = s.std(r, recent), s.lag(s.std(r, prior), recent)
    gap = s.mean(r, recent) - s.lag(s.mean(r, prior), recent)
    spread = np.sqrt(now * now / recent + then * then / prior)
    # The error of a mean is smaller than a return by the root of its count.
    out: Floats = s.divide(gap, spread * np.sqrt(recent), r) * np.sqrt(recent)
    return out


def _log_f(s: Workspace, recent: int, prior: int) -> Floats:
    """Return the log ratio of the variance of the last `recent` returns to that before."""
    now, then = s.std(s.ret, recent), s.lag(s.std(s.ret, prior), recent)
    ratio, inverse = s.divide(now, then, s.ret), s.divide(then, now, s.ret)
    return np.where(np.isnan(inverse), np.nan, 2.0 * log(ratio))


# Session ----------------------------------------------------------------------------------------

SESSION_FIELDS = ("cp_lm_1", "cp_lm_jumps", "cp_bns_1")


def change_point_session(
    index: Lists, open_: Lists, close: Lists, minutes: NDArray[np.int64]
) -> Sequence[Floats]:
    """Return `SESSION_FIELDS` for a batch of sessions; see `engine.kernels.session_jumps`."""
    found: Floats = session_jumps.session_jumps(
        index.offsets, index.values, open_.values, close.values, minutes
    )
    return list(found)


SESSION_UDFS: tuple[SessionUdf, ...] = (
    SessionUdf(
        name="change_point_session",
        function=change_point_session,
        parameters=("INTEGER[]", "DOUBLE[]", "DOUBLE[]", "INTEGER"),
        fields=SESSION_FIELDS,
    ),
)


def _jumps(s: Workspace) -> Floats:
    """Return the jumps of each session, unknown where they were not joined."""
    found = s.bars.extra.get("cp_lm_jumps")
    if found is None:
        return s.once(s.bars.close, "no jumps known", lambda: np.full(len(s.bars), np.nan))
    return found


# Registry ---------------------------------------------------------------------------------------

_Z = "z = r / standard deviation of the 60 r before it"
_Z_VALUES = SIGMA + 1
_Z_LOOKBACK = max(SIGMA + 2, SCALED_CHANGE)
_Z_MIN = max(SIGMA + 2, SCALED_CHANGE_MIN)
_CUSUM = CUSUM_VALUES + _Z_LOOKBACK
_CUSUM_MIN = FEWEST - 1 + _Z_MIN

_CUSUM_WHY = (
    "sigma is that of the 60 returns before the bar, so that a jump is not measured by itself. The "
    "recursion runs over the last 120 existing values; its start is forgotten when a sum returns "
    "to 0."
)
_PAGE = "Page 1954; Lopez de Prado 2018 ch.2"

# A run's prior reads 250 values before it, the scale of densities a run that began 50 earlier.
_RUN = RUN + PRIOR + 50
_RUN_PRIOR_MIN = PRIOR_MIN + RUN_MIN
_RUN_WHY = (
    "The recursion of the source over the last 250 existing values, begun with a run at the first "
    "of "
    "them: the pure window that R = 250 asks for, run by run equal to the textbook's. The prior of "
    "a "
    "run has the weight of one value at the mean of the 250 values before it, and shape 1 at their "
    "variance, so it has no unit. Lengths count from 0, the run that begins with this bar."
)
_SIZE_WHY = (
    "|r| plus a tenth of the median |r| of the 252 bars before: the logarithm of a bar that does "
    "not "
    "move is not infinite, and that of one that hardly moves does not look like a change."
)

_RUN_SERIES: tuple[
    tuple[str, str, tuple[str, ...], int, int, str, Callable[[Workspace], Floats]], ...
] = (
    ("", "r", ("close",), 1, 1, "", lambda s: s.ret),
    (
        "abs_",
        "ln |r|",
        ("close",),
        SCALED_CHANGE - 1,
        SCALED_CHANGE_MIN - 1,
        f" {_SIZE_WHY}",
        _log_size,
    ),
    (
        "volume_",
        "ln(1 + V)",
        ("volume",),
        0,
        0,
        " Volume is ln(1 + V), so that a bar without volume is defined.",
        lambda s: s.log_volume,
    ),
)
_RUN_OUTPUTS = (
    ("p", 0, "posterior chance that the run of {x} is shorter than 5 bars", "[0,1]"),
    ("erl", 1, "posterior mean of the run length of {x}", "bars"),
    ("map", 2, "likeliest run length of {x}", "bars"),
)


def _bars(count: int) -> Callable[[int], int]:
    return lambda w: count


def _run_output(series: Callable[[Workspace], Floats], at: int) -> Callable[[Workspace], Floats]:
    return lambda s: _run_length(s, series(s))[at]


def _run_families() -> tuple[Family, ...]:
    """Return the run-length columns: three of r and of ln |r|, two of volume."""
    return tuple(
        Family(
            pattern=f"cp_bocpd_{prefix}{name}",
            formula=f"{words.format(x=x)}: Bayesian online change points, hazard 1/250",
            units=units,
            source="Adams & MacKay 2007",
            inputs=inputs,
            engine="kernel",
            oracle="the recursion in numpy with scipy.stats.t; planted changes",
            lookback=_bars(_RUN + more),
            min_obs=_bars(_RUN_PRIOR_MIN + least),
            why=f"{_RUN_WHY}{why}",
            value=_run_output(series, at),
        )
        for prefix, x, inputs, more, least, why, series in _RUN_SERIES
        for name, at, words, units in _RUN_OUTPUTS
        if not (prefix == "volume_" and name == "map")
    )


def _cusum_family(pattern: str, formula: str, units: str, **more: object) -> Family:
    settings = {
        "lookback": lambda w: _CUSUM,
        "min_obs": lambda w: _CUSUM_MIN,
        "why": _CUSUM_WHY,
        "oracle": "hand example; the recursion over all bars; planted drift",
        **more,
    }
    return Family(
        pattern=pattern,
        formula=formula,
        units=units,
        source=_PAGE,
        inputs=("close",),
        engine="kernel",
        **settings,  # type: ignore[arg-type]
    )


_EVENT_WHY = f"{_CUSUM_WHY} An event is a bar on which a sum passes 4; the sum starts again from 0."
_SINCE_WHY = (
    f"{_EVENT_WHY} Capped at 252 bars; unknown until there was an event or 252 bars without one."
)
_LM_WHY = (
    "sigma is the session's own, from products of neighbouring 5-minute returns, rather than that "
    "of "
    "the 270 returns before each: nothing outside the session is read, and the row is known at its "
    "close all the same. Unknown where fewer than half of the minutes are there, or where the "
    "session "
    "stands still."
)

FAMILIES: tuple[Family, ...] = (
    _cusum_family(
        "cp_cusum_up",
        f"S+ = max(0, S+ + z - 0.5), {_Z}; anew from 0 after it passed 4",
        "sigma",
        value=lambda s: _cusum(s)[0],
    ),
    _cusum_family(
        "cp_cusum_dn",
        f"S- = max(0, S- - z - 0.5), {_Z}; anew from 0 after it passed 4",
        "sigma",
        value=lambda s: _cusum(s)[1],
    ),
    _cusum_family(
        "cp_cusum_count_{window}",
        "bars of the last w on which S+ or S- passed 4",
        "count",
        windows=(20, 60),
        lookback=lambda w: _CUSUM + w - 1,
        min_obs=lambda w: _CUSUM_MIN + w - 1,
        why=_EVENT_WHY,
        value=_cusum_count,
    ),
    _cusum_family(
        "cp_cusum_since",
        "bars since S+ or S- passed 4, at most 252",
        "bars",
        lookback=lambda w: _CUSUM + CAP - 1,
        why=_SINCE_WHY,
        value=lambda s: _cusum_since(s)[0],
    ),
    _cusum_family(
        "cp_cusum_dir",
        "1 when the last to pass 4 was S+, -1 when S-, times 1 - bars since / 252",
        "[-1,1]",
        lookback=lambda w: _CUSUM + CAP - 1,
        why=f"{_SINCE_WHY} The bare direction stood still for a year at a time; it fades to 0.",
        value=_cusum_direction,
    ),
    Family(
        pattern="cp_icss_{window}",
        formula="sqrt(w / 2) max|D_k|, D_k = sum of the first k r^2 / sum of all - k / w",
        units="-",
        source="Inclan & Tiao 1994",
        inputs=("close",),
        engine="kernel",
        oracle="numpy cumsum; hand example; planted break",
        windows=(60, 120),
        lookback=lambda w: w + 1,
        value=lambda s, w: variance_break.centred_sum_of_squares(s.ret, w),
    ),
    *_run_families(),
    Family(
        pattern="cp_sadf_{window}",
        formula="largest t of b in d y = a + b y_before over windows of 40 to w r that end here",
        units="t",
        source="Phillips, Wu, Yu 2011",
        inputs=("close",),
        engine="kernel",
        oracle="statsmodels OLS of each window; a planted bubble",
        windows=(ADF_SHORT, ADF_LONG),
        lookback=lambda w: w + 1,
        tier="stretch",
        why="No lagged differences. Windows all end at the bar and begin at different ones, which "
        "is "
        "the backward form that dates a bubble as it goes on.",
        value=_sup_adf,
    ),
    Family(
        pattern="cp_chowdf_{window}",
        formula="largest t of b in d y = b y_before 1{after the break} over breaks in the inner "
        "70%",
        units="t",
        source="Andrews & Ploberger 1994; Lopez de Prado 2018 ch.17",
        inputs=("close",),
        engine="kernel",
        oracle="statsmodels OLS of each break",
        windows=(120,),
        lookback=lambda w: w + 1,
        why="y is the log price from the window's first one: the level of a price has no meaning, "
        "and "
        "a regression without a constant would read it.",
        value=lambda s, w: explosive.chow_dickey_fuller(s.ret, w),
    ),
    Family(
        pattern="cp_csw_{window}",
        formula="(y_t - y_{t-k}) / (sigma sqrt(k)) of largest size over k up to w, sigma^2 = mean "
        "r^2",
        units="-",
        source="Chu, Stinchcombe, White 1996; Lopez de Prado 2018 ch.17",
        inputs=("close",),
        engine="kernel",
        oracle="the definition in numpy; hand example",
        windows=(60, 120),
        lookback=lambda w: w + 1,
        why="Two-sided and signed: a departure downwards counts as one upwards does. sigma is that "
        "of "
        "the window.",
        value=lambda s, w: explosive.departure(s.ret, w),
    ),
    *(
        Family(
            pattern=f"cp_ph_{side}",
            formula=f"m_t less its {extreme} in 120 bars, m the sum of {sign}z - mean so far - 0.1",
            units="sigma",
            source="Hinkley 1971",
            inputs=("close",),
            engine="kernel",
            oracle="numpy cumsum; planted drift",
            lookback=lambda w: PH_VALUES - 1 + _Z_LOOKBACK,
            min_obs=lambda w: _CUSUM_MIN,
            why=f"{_Z}. Over the last 120 existing values: the sum has no resets, and would "
            "remember "
            "its first bar for ever. The other side is the same statistic of -z.",
            value=lambda s, at=at: _page_hinkley(s)[at],
        )
        for side, at, sign, extreme in (("up", 0, "", "minimum"), ("dn", 1, "-", "minimum"))
    ),
    Family(
        pattern="cp_meant_{window}",
        formula="Welch's t of the last r against those before them",
        units="t",
        source="Welch 1947",
        inputs=("close",),
        engine="kernel",
        oracle="scipy.stats.ttest_ind with unequal variances",
        windows=((10, 60), (20, 120)),
        lookback=lambda w: max(w + w // 6 + 1, SCALED_CHANGE),
        min_obs=lambda w: w + w // 6 + 1,
        why="The two blocks do not overlap: the last 10 (20) and the 60 (120) before them.",
        value=_welch,
    ),
    Family(
        pattern="cp_varf_{window}",
        formula="ln of the variance of the last r over that of those before them",
        units="ln ratio",
        source="standard",
        inputs=("close",),
        engine="kernel",
        oracle="numpy var",
        windows=((10, 60), (20, 120)),
        lookback=lambda w: max(w + w // 6 + 1, SCALED_CHANGE),
        min_obs=lambda w: w + w // 6 + 1,
        why="The two blocks do not overlap: the last 10 (20) and the 60 (120) before them.",
        value=_log_f,
    ),
    Family(
        pattern="cp_mk_{window}",
        formula="(S - sign S) / sqrt(var S), S = pairs of closes that rise less pairs that fall",
        units="z",
        source="Mann 1945",
        inputs=("close",),
        engine="kernel",
        oracle="scipy.stats.kendalltau; hand example with ties",
        windows=(20, 60),
        lookback=lambda w: w,
        why="Of the close, where a trend is; the variance is corrected for ties. Neighbouring "
        "prices "
        "are not independent, so the size is not a level of significance.",
        value=lambda s, w: rank_tests.mann_kendall(s.bars.close, w),
    ),
    Family(
        pattern="cp_pettitt_{window}",
        formula="K sqrt(6 / (w^3 + w^2)), K the largest sum of rank deviations over first parts of "
        "r",
        units="z",
        source="Pettitt 1979",
        inputs=("close",),
        engine="kernel",
        oracle="scipy rankdata; hand example; planted shift",
        windows=(60, 120),
        lookback=lambda w: w + 1,
        why="Of returns, whose level shifts, and with the sign of the shift. Standardised by the "
        "approximation p = 2 exp(-6 K^2 / (w^3 + w^2)).",
        value=lambda s, w: rank_tests.pettitt(s.ret, w),
    ),
    Family(
        pattern="cp_lm_1",
        formula="(max |r| / sigma - C_n) / S_n of the session's 5-minute r, Gumbel without jumps",
        units="z",
        source="Lee & Mykland 2008",
        inputs=("minute close",),
        engine="session",
        oracle="the definition in numpy; simulated jumps",
        lookback=lambda w: 1,
        why=_LM_WHY,
    ),
    Family(
        pattern="cp_lm_count_{window}",
        formula="5-minute returns of w sessions beyond the 1% point of that law",
        units="count",
        source="Lee & Mykland 2008",
        inputs=("minute close",),
        engine="kernel",
        oracle="numpy sum",
        windows=(5, 20),
        lookback=lambda w: w,
        why=_LM_WHY,
        value=lambda s, w: s.total(_jumps(s), w),
    ),
    Family(
        pattern="cp_bns_1",
        formula="(RV - BV) / RV / sqrt((pi^2 / 4 + pi - 5) / n max(1, TQ / BV^2)), 5-minute "
        "returns",
        units="z",
        source="Huang & Tauchen 2005",
        inputs=("minute close",),
        engine="session",
        oracle="the definition in numpy; simulated jumps",
        lookback=lambda w: 1,
        why="BV and tripower quarticity with n / (n - 1) and n / (n - 2) for the products that "
        "there "
        "are. Unknown where fewer than half of the minutes are there, or the session stands still.",
    ),
)
