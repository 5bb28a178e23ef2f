"""The session's profile: volume at price and time at price, its area of value, its shape.

The kernel sees one session's minutes (`engine.kernels.market_profile`). What compares sessions is
made from its prices, which it gives over the session's last price: multiplied by the adjusted
close they are on the scale of the panel, across dividends and splits.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.features.lookback import SCALED, SCALED_MIN, atr
from engine.features.panel import Floats
from engine.features.raw.session import statistic
from engine.features.registry import Family
from engine.features.udf import Lists, SessionUdf
from engine.features.workspace import Workspace
from engine.kernels.counters import bars_in_state
from engine.kernels.market_profile import session_profile

ATR = 14
CAP = 252

LETTERS = ("p", "bl", "d", "i", "bd")
NAMES = {
    "p": "P (value high, tail below)",
    "bl": "b (value low, tail above)",
    "d": "D (one balanced area)",
    "i": "I (thin: trend)",
    "bd": "B (two areas)",
}

FIELDS = (
    "morph_profile_dip_1",
    "morph_profile_bimod_1",
    "morph_poc_pos_1",
    "morph_va_width_1",
    "morph_profile_skew_1",
    "morph_profile_kurt_1",
    "morph_profile_entropy_1",
    "morph_n_peaks_1",
    "morph_single_print_1",
    "morph_ib_frac_1",
    "morph_close_vs_va_1",
    *(f"morph_shape_{letter}_1" for letter in LETTERS),
    "profile_poc",
    "profile_value_high",
    "profile_value_low",
    "profile_extension_up",
    "profile_extension_down",
)


def morphology_session(
    index: Lists,
    high: Lists,
    low: Lists,
    close: Lists,
    volume: Lists,
    minutes: NDArray[np.int64],
) -> Sequence[Floats]:
    """Return `FIELDS` for a batch of sessions; see `engine.kernels.market_profile`."""
    found: Floats = session_profile(
        index.offsets,
        index.values,
        high.values,
        low.values,
        close.values,
        volume.values,
        minutes,
    )
    return list(found)


MORPHOLOGY_SESSION = SessionUdf(
    name="morphology_session",
    function=morphology_session,
    parameters=("INTEGER[]", "DOUBLE[]", "DOUBLE[]", "DOUBLE[]", "DOUBLE[]", "INTEGER"),
    fields=FIELDS,
)


def _price(s: Workspace, name: str) -> Floats:
    """Return one of the session's prices on the scale of the adjusted close."""
    ratio = statistic(s, name)
    return s.once(ratio, "price", lambda: s.bars.close * ratio)


def _in_ranges(s: Workspace, distance: Floats) -> Floats:
    return s.divide(distance, s.atr(ATR), s.spread)


def _distance(s: Workspace, name: str) -> Floats:
    return _in_ranges(s, s.bars.close - _price(s, name))


def _migration(s: Workspace) -> Floats:
    poc = _price(s, "profile_poc")
    return _in_ranges(s, poc - s.lag(poc))


def _overlap(s: Workspace) -> Floats:
    """Length that two sessions' value areas share, over the length they cover together."""
    high = _price(s, "profile_value_high")
    low = _price(s, "profile_value_low")

    def make() -> Floats:
        before_high, before_low = s.lag(high), s.lag(low)
        shared = np.minimum(high, before_high) - np.maximum(low, before_low)
        shared = np.maximum(shared, 0.0)
        covered = (high - low) + (before_high - before_low) - shared
        out: Floats = np.full(len(high), np.nan)
        np.divide(shared, covered, out=out, where=covered > 0.0)
        return out

    return s.once(high, "overlap", make)


def _mean_membership(s: Workspace, letter: str, w: int) -> Floats:
    return s.mean(statistic(s, f"morph_shape_{letter}_1"), w)


def _shape_entropy(s: Workspace, w: int) -> Floats:
    out = np.zeros(len(s.bars))
    for letter in LETTERS:
        share = _mean_membership(s, letter, w)
        # 0 ln 0 is 0; an unknown share stays unknown.
        out -= share * np.log(np.where(share == 0.0, 1.0, share))
    return np.maximum(out, 0.0) / float(np.log(len(LETTERS)))


def _shape_run(s: Workspace) -> Floats:
    members = np.array([statistic(s, f"morph_shape_{letter}_1") for letter in LETTERS])
    unknown = np.isnan(members).any(axis=0)
    codes = np.where(unknown, np.nan, np.argmax(members, axis=0).astype(np.float64))
    out: Floats = np.log1p(bars_in_state(codes, CAP - 1) + 1.0)
    return out


_ROWS = (
    "30 rows of equal height between the session's low and high; a minute's volume is spread "
    "evenly from its low to its high. NULL below half of the minutes, without volume, and when "
    "the price did not move."
)
_VOLUME_AT_PRICE = (
    "Volume at price rather than letters: a letter says nothing of how much was traded."
)

_session = partial(
    Family,
    engine="session",
    source="Dalton, Jones, Dalton 1990",
    inputs=("minute high", "minute low", "minute volume"),
    oracle="hand-worked session",
    lookback=lambda w: 1,
)


def _atr_family(pattern: str, formula: str, value: Any, why: str = "", back: int = 0) -> Family:
    return Family(
        pattern=pattern,
        formula=formula,
        units="ATR",
        source="Dalton, Jones, Dalton 1990",
        inputs=("minute high", "minute low", "minute volume", "high", "low", "close"),
        engine="kernel",
        oracle="pandas on the session's prices; hand-worked session",
        lookback=lambda w: max(atr(ATR), SCALED, 1 + back),
        min_obs=lambda w: max(ATR + 1, SCALED_MIN),
        why=why,
        value=value,
    )


DIP = (
    _session(
        pattern="morph_profile_dip_1",
        formula="Hartigan's dip of the session's volume at price, as 200 points of equal volume",
        units="dip",
        source="Hartigan & Hartigan 1985",
        oracle="diptest.dipstat on numpy.interp quantiles",
        why=_ROWS,
    ),
    Family(
        pattern="morph_profile_dip_mean_{window}",
        formula="mean of morph_profile_dip_1 over w sessions",
        units="dip",
        source="Hartigan & Hartigan 1985",
        inputs=("morph_profile_dip_1",),
        engine="kernel",
        oracle="pandas",
        windows=(5,),
        lookback=lambda w: w,
        value=lambda s, w: s.mean(statistic(s, "morph_profile_dip_1"), w),
    ),
)

PROFILE = (
    _session(
        pattern="morph_profile_bimod_1",
        formula="Sarle's bimodality coefficient of the session's volume at price: "
        "(skewness^2 + 1) / kurtosis",
        units="[0,1]",
        source="Pfister et al. 2013",
        oracle="scipy.stats on the session's rows",
        why="Without the terms in n: volume is a weight, not a number of observations.",
    ),
    _session(
        pattern="morph_poc_pos_1",
        formula="point of control (middle of the row with most volume) in the session's range: "
        "(POC - L) / (H - L)",
        units="[0,1]",
        why=f"{_VOLUME_AT_PRICE} {_ROWS} Of equal rows the one nearest to the middle.",
    ),
    _session(
        pattern="morph_va_width_1",
        formula="width of the value area (70% of the volume around the POC) / (H - L)",
        units="[0,1]",
        why="The area grows by the fuller of its two neighbouring rows, one at a time: rows are "
        "thirtieths of the range here, not ticks, which go two at a time.",
    ),
    _atr_family(
        "morph_vah_dist_1",
        "(C - value area high) / ATR14",
        lambda s: _distance(s, "profile_value_high"),
    ),
    _atr_family(
        "morph_val_dist_1",
        "(C - value area low) / ATR14",
        lambda s: _distance(s, "profile_value_low"),
    ),
    _session(
        pattern="morph_profile_skew_1",
        formula="skewness of the session's volume over its rows",
        units="-",
        oracle="scipy.stats on the session's rows",
    ),
    _session(
        pattern="morph_profile_kurt_1",
        formula="excess kurtosis of the session's volume over its rows",
        units="-",
        oracle="scipy.stats on the session's rows",
    ),
    _session(
        pattern="morph_profile_entropy_1",
        formula="entropy of the session's volume over its rows, / ln 30",
        units="[0,1]",
        source="Shannon 1948",
        oracle="scipy.stats.entropy",
    ),
    _session(
        pattern="morph_n_peaks_1",
        formula="peaks of the session's volume at price between valleys deeper than 20% of the "
        "highest",
        units="count",
        source="practitioner",
        why="Rows are smoothed by 1-4-6-4-1 first, which leaves nothing of the alternation that "
        "ticks wider than a row make.",
    ),
    _session(
        pattern="morph_single_print_1",
        formula="rows that one half hour alone has touched / all rows",
        units="[0,1]",
        inputs=("minute high", "minute low"),
        why="Single prints at the ends (tails) count: both are prices that were left at once.",
    ),
    _session(
        pattern="morph_ib_frac_1",
        formula="range of the first 60 minutes / (H - L)",
        units="[0,1]",
        inputs=("minute high", "minute low"),
    ),
    _atr_family(
        "morph_ib_ext_up_1",
        "(H - high of the first 60 minutes) / ATR14",
        lambda s: _in_ranges(s, _price(s, "profile_extension_up")),
        why="In ATR: over the session's range the two extensions and morph_ib_frac_1 would add "
        "up to 1.",
    ),
    _atr_family(
        "morph_ib_ext_dn_1",
        "(low of the first 60 minutes - L) / ATR14",
        lambda s: _in_ranges(s, _price(s, "profile_extension_down")),
        why="See morph_ib_ext_up_1.",
    ),
    _atr_family(
        "morph_poc_migration_1",
        "(POC - POC of the session before) / ATR14",
        _migration,
        back=1,
    ),
    Family(
        pattern="morph_va_overlap_1",
        formula="Jaccard overlap of the value area with that of the session before: shared / "
        "covered length",
        units="[0,1]",
        source="Dalton, Jones, Dalton 1990",
        inputs=("minute high", "minute low", "minute volume", "close"),
        engine="kernel",
        oracle="hand example",
        lookback=lambda w: 2,
        value=_overlap,
    ),
    _session(
        pattern="morph_close_vs_va_1",
        formula="the last price in the value area: -1 at its low, 1 at its high",
        units="half widths",
    ),
    Family(
        pattern="morph_va_overlap_mean_{window}",
        formula="mean of morph_va_overlap_1 over w sessions",
        units="[0,1]",
        source="Dalton, Jones, Dalton 1990",
        inputs=("morph_va_overlap_1",),
        engine="kernel",
        oracle="pandas",
        windows=(5,),
        lookback=lambda w: w + 1,
        value=lambda s, w: s.mean(_overlap(s), w),
    ),
)

_RULES = (
    "A soft partition, so that the five add up to 1. B by the dip (0.03 to 0.06); of the rest I by "
    "the width of value (0.40 to 0.55 of the range) and single prints (0.15 to 0.35), the smaller "
    "of the two; of the rest P and b by the POC (from the middle to the outer third) times the "
    "skewness to the other side (0 to 0.5); what is left is D. Each rule runs from 0 to 1 between "
    "its bounds, which are a practitioner's choice: on real minutes each shape leads on some 7% to "
    "35% of sessions."
)

SHAPES = (
    *(
        _session(
            pattern=f"morph_shape_{letter}_1",
            formula=f"membership of the session's profile in {NAMES[letter]}",
            units="[0,1]",
            oracle="synthetic sessions, one a shape",
            why=_RULES,
        )
        for letter in LETTERS
    ),
    *(
        Family(
            pattern=f"morph_shape_{letter}_freq_{{window}}",
            formula=f"mean of morph_shape_{letter}_1 over w sessions",
            units="[0,1]",
            source="Dalton, Jones, Dalton 1990",
            inputs=(f"morph_shape_{letter}_1",),
            engine="kernel",
            oracle="pandas",
            windows=(20,),
            lookback=lambda w: w,
            why="The mean membership: a session between two shapes counts for both.",
            value=lambda s, w, letter=letter: _mean_membership(s, letter, w),
        )
        for letter in LETTERS
    ),
    Family(
        pattern="morph_shape_entropy_{window}",
        formula="entropy of the five mean memberships over w sessions, / ln 5",
        units="[0,1]",
        source="Shannon 1948",
        inputs=("morph_shape_*_1",),
        engine="kernel",
        oracle="scipy.stats.entropy",
        windows=(60,),
        lookback=lambda w: w,
        value=_shape_entropy,
    ),
    Family(
        pattern="morph_shape_run",
        formula="ln(1 + sessions in a row, this one included, whose leading shape is the same)",
        units="sessions (log1p)",
        source="practitioner",
        inputs=("morph_shape_*_1",),
        engine="kernel",
        oracle="hand example",
        lookback=lambda w: CAP,
        min_obs=lambda w: 2,
        why="At most 252. Unknown while the count comes to a missing session, or to the first one, "
        "before it comes to another shape.",
        value=_shape_run,
    ),
)
