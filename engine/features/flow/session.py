"""Order flow of one session from its minutes, and its means over sessions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.udf import Lists, SessionUdf
from engine.features.workspace import Workspace
from engine.kernels.session_flow import session_flow

# In the order of the kernel's rows; the module mm_inventory reads the same pass. Names that are
# no columns are what the kernels over bars bring into units of ADV and dollars.
FIELDS = (
    "flow_bvc_1",
    "flow_vpin_eod_1",
    "flow_vpin_max_1",
    "flow_ofi_1",
    "kyle_of_session",
    "flow_kylet_1",
    "hasbrouck_of_session",
    "amihud_of_session",
    "flow_largeshare_1",
    "flow_largesigned_1",
    "flow_first30_1",
    "flow_last30_1",
    "flow_acf_1",
    "flow_retcorr_1",
    "flow_signrun_1",
    "mm_tempimpact_1",
    "mm_permfrac_1",
    "mm_gh_trans_1",
    "mm_gh_perm_1",
    "net_fading_h1",
    "net_fading_d1",
    "net_fading_d5",
    "net_of_last30",
    "minute_variance",
)


def _flow_session(
    index: Lists, open_: Lists, close: Lists, volume: Lists, minutes: NDArray[np.int64]
) -> Sequence[Floats]:
    """Return `FIELDS` for a batch of sessions; see `engine.kernels.session_flow`."""
    found: Floats = session_flow(
        index.offsets, index.values, open_.values, close.values, volume.values, minutes
    )
    return list(found)


FLOW_SESSION = SessionUdf(
    name="flow_session",
    function=_flow_session,
    parameters=("INTEGER[]", "DOUBLE[]", "DOUBLE[]", "DOUBLE[]", "INTEGER"),
    fields=FIELDS,
)


def statistic(s: Workspace, name: str) -> Floats:
    """Return a session statistic on the bars' grid, NaN where it was not joined."""
    found = s.bars.extra.get(name)
    if found is None:
        return s.once(s.bars.close, "unknown", lambda: np.full(len(s.bars), np.nan))
    return found


_COVERAGE = "NULL when fewer than half of the session's minutes, or 30, are there."


def session(name: str, formula: str, units: str, source: str, oracle: str, **more: Any) -> Family:
    """Return the family of one statistic that the kernel over minutes computes."""
    more["why"] = f"{more['why']} {_COVERAGE}" if "why" in more else _COVERAGE
    return Family(
        pattern=name,
        formula=formula,
        units=units,
        source=source,
        inputs=("minute close", "minute volume"),
        engine="session",
        oracle=oracle,
        lookback=lambda w: 1,
        **more,
    )


def mean_of(
    name: str,
    pattern: str,
    windows: tuple[int, ...],
    units: str,
    source: str,
    series: Callable[[Workspace], Floats] | None = None,
    reach: int = 1,
    ready: int = 1,
    **more: Any,
) -> Family:
    """Return the family of means over sessions of a one-session column.

    `series` computes the column where it is not a statistic of the session; `reach` and `ready`
    are its own lookback and min_obs.
    """
    read = series or partial(statistic, name=name)
    return Family(
        pattern=pattern,
        formula=f"mean of {name} over w sessions",
        units=units,
        source=source,
        inputs=(name,),
        engine="kernel",
        oracle="pandas on the one-session values",
        windows=windows,
        lookback=lambda w: reach + w - 1,
        min_obs=lambda w: ready + w - 1,
        value=lambda s, w: s.mean(read(s), w),
        **more,
    )


_VPIN = "Easley, Lopez de Prado, O'Hara 2012"
_SHARE = "[0,1]"
_SIGNED = "[-1,1]"

BULK = (
    session(
        "flow_bvc_1",
        "bulk-classified buyers' share: sum of V x Phi(r / sigma) / sum of V over minutes, sigma "
        "the sample standard deviation of the session's minute returns",
        _SHARE,
        _VPIN,
        "scipy.stats.norm.cdf; hand example",
        why="sigma is that of the session's own minutes: all of them are known when the row is, "
        "and the row depends on no other session. A session that does not move gives 0.5.",
    ),
    mean_of("flow_bvc_1", "flow_bvc_mean_{window}", (5, 20), _SHARE, _VPIN),
)

VPIN = (
    session(
        "flow_vpin_eod_1",
        "VPIN at the close: mean of |buys - sells| / bucket over the session's 50 buckets of "
        "equal volume, sides by bulk classification, minutes split at bucket edges",
        _SHARE,
        _VPIN,
        "hand-worked buckets; bounds",
        why="A bucket is a 50th of the session's own volume, where the catalog has a 50th of ADV: "
        "the 50 buckets are then the session, no minute of another one is read, and a split or a "
        "half day changes nothing.",
    ),
    session(
        "flow_vpin_max_1",
        "highest mean of |buys - sells| / bucket over 10 consecutive buckets of the 50",
        _SHARE,
        _VPIN,
        "hand-worked buckets; bounds",
        why="Over 10 buckets, a fifth of the session's volume: over all 50 there is one value.",
    ),
    mean_of("flow_vpin_eod_1", "flow_vpin_mean_{window}", (5, 20), _SHARE, _VPIN),
    Family(
        pattern="flow_vpin_cdf_{window}",
        formula="percent rank of flow_vpin_eod_1 among the last w sessions; ties at their mid-rank",
        units=_SHARE,
        source=_VPIN,
        inputs=("flow_vpin_eod_1",),
        engine="kernel",
        oracle="pandas rolling rank",
        windows=(252,),
        lookback=lambda w: w,
        value=lambda s, w: s.percent_rank(statistic(s, "flow_vpin_eod_1"), w),
        near_duplicates=("flow_vpin_eod_1",),
        why="The empirical distribution of the last year, not of the whole history. While VPIN has "
        "no trend it ranks nearly as VPIN itself.",
    ),
)

IMBALANCE = (
    session(
        "flow_ofi_1",
        "sum of signed volume / sum of volume over minutes, signs by the tick rule",
        _SIGNED,
        "Lee & Ready 1991",
        "hand example",
        why="The sign of the minute's price change, or of the last change before; a proxy of "
        "order flow imbalance, for there are no quotes.",
    ),
)

_LARGE = "practitioner"
_LARGE_WHY = (
    "The session's own 95th percentile, where the catalog has that of the prior 20 days: how much "
    "of the volume its largest minutes are, whatever the level of volume; nothing of another "
    "session is read."
)

LARGE = (
    session(
        "flow_largeshare_1",
        "share of the session's volume in minutes above the 95th percentile of minute volume",
        _SHARE,
        _LARGE,
        "numpy quantile; hand example",
        why=_LARGE_WHY,
    ),
    mean_of("flow_largeshare_1", "flow_largeshare_mean_{window}", (5,), _SHARE, _LARGE),
    session(
        "flow_largesigned_1",
        "sum of signed volume / sum of volume over minutes above the 95th percentile of minute "
        "volume",
        _SIGNED,
        _LARGE,
        "numpy quantile; hand example",
        why=f"{_LARGE_WHY} Unknown where no minute is above it.",
    ),
    mean_of("flow_largesigned_1", "flow_largesigned_mean_{window}", (5,), _SIGNED, _LARGE),
)

_EDGES = "Gao, Han, Li, Zhou 2018"

EDGES = tuple(
    family
    for end in ("first", "last")
    for family in (
        session(
            f"flow_{end}30_1",
            f"sum of signed volume / sum of volume over the {end} 30 minutes, signs by the tick "
            "rule",
            _SIGNED,
            _EDGES,
            "hand example",
        ),
        mean_of(f"flow_{end}30_1", f"flow_{end}30_mean_{{window}}", (5,), _SIGNED, _EDGES),
    )
)

_HO = "Hasbrouck & Ho 1987"
_CRS = "Chordia, Roll, Subrahmanyam 2002"

PERSISTENCE = (
    session(
        "flow_acf_1",
        "correlation of each minute's signed volume with that of the minute before",
        _SIGNED,
        _HO,
        "numpy corrcoef",
    ),
    mean_of("flow_acf_1", "flow_acf_mean_{window}", (20,), _SIGNED, _HO),
    session(
        "flow_retcorr_1",
        "correlation of flow imbalance with return over the session's 5-minute blocks",
        _SIGNED,
        _CRS,
        "numpy corrcoef",
        why="Over blocks: over single minutes the correlation of signed volume with return ranks "
        "as flow_kylet_1, whose t is a function of it.",
    ),
    mean_of("flow_retcorr_1", "flow_retcorr_mean_{window}", (20,), _SIGNED, _CRS),
)

RUNS = (
    session(
        "flow_signrun_1",
        "mean length of the runs of one sign in minute returns, returns of zero left out",
        "minutes",
        "Wald & Wolfowitz 1940",
        "hand example",
    ),
    mean_of(
        "flow_signrun_1", "flow_signrun_mean_{window}", (20,), "minutes", "Wald & Wolfowitz 1940"
    ),
)
