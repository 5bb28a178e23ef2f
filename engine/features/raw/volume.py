"""Volume: how unusual, in which direction, against which price."""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.lookback import SCALED, SCALED_CHANGE, SCALED_CHANGE_MIN, SCALED_MIN
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace, log
from engine.kernels.volume import cumulative_slope, signed_volume

kernel = partial(Family, engine="kernel")


def signed(s: Workspace) -> Floats:
    """Volume with the sign of the bar's return."""
    b = s.bars
    return s.once(b.volume, "signed", lambda: signed_volume(b.close, b.volume))


def money_flow_volume(s: Workspace) -> Floats:
    """Volume times close location; a flat bar pushes neither way."""
    b = s.bars

    def make() -> Floats:
        pressed = np.where(np.isnan(s.clv), 0.0, s.clv) * b.volume
        # Before that no location is known.
        ready = s.alive(np.full(len(s.spread), np.inf), s.spread)
        return np.where(ready, pressed, np.nan)

    return s.once(b.volume, "money flow", make)


def money_flow_index(s: Workspace, w: int) -> Floats:
    """Share of the typical price's dollars that came on bars where it rose."""
    b = s.bars
    typical = (b.high + b.low + b.close) / 3.0
    step = typical - s.lag(typical)
    dollars = typical / b.factor * b.raw_volume
    up = np.where(np.isnan(step), np.nan, np.where(step > 0.0, dollars, 0.0))
    down = np.where(np.isnan(step), np.nan, np.where(step < 0.0, dollars, 0.0))
    rising = s.total(up, w)
    return s.divide(rising, rising + s.total(down, w), dollars)


def vwap_distance(s: Workspace, w: int) -> Floats:
    """Log of the close over the volume-weighted price of the last w bars, both adjusted."""
    b = s.bars
    paid = s.total(s.once(b.vwap, "paid", lambda: b.vwap * b.factor * b.volume), w)
    return log(b.close / s.divide(paid / w, s.mean(b.volume, w), b.volume))


def per_volume(s: Workspace, total: Floats, w: int) -> Floats:
    """Return a total of volume over w bars as a share of all volume in them."""
    return s.divide(total / w, s.mean(s.bars.volume, w), s.bars.volume)


# Shares of volume: what they read, and the scale of their division.
share = partial(kernel, lookback=lambda w: max(w, SCALED), min_obs=lambda w: max(w, SCALED_MIN))
signed_share = partial(
    kernel, lookback=lambda w: max(w + 1, SCALED), min_obs=lambda w: max(w + 1, SCALED_MIN)
)

FAMILIES = (
    kernel(
        pattern="raw_volumez_{window}",
        formula="(ln(1 + V) - mean) / sample standard deviation over w bars",
        units="sigma",
        source="standard",
        inputs=("volume",),
        oracle="pandas",
        windows=(5, 20, 60, 120),
        lookback=lambda w: max(w, SCALED_CHANGE),
        min_obs=lambda w: max(w, SCALED_CHANGE_MIN),
        value=lambda s, w: s.zscore(s.log_volume, w),
    ),
    share(
        pattern="raw_volumerel_{window}",
        formula="ln(V / mean V of w bars)",
        units="log ratio",
        source="Gervais, Kaniel, Mingelgrin 2001",
        inputs=("volume",),
        oracle="pandas",
        windows=(5, 20, 60),
        value=lambda s, w: log(s.divide(s.bars.volume, s.mean(s.bars.volume, w), s.bars.volume)),
        why="NULL on a bar without volume.",
    ),
    kernel(
        pattern="raw_dollarvolume_20",
        formula="ln of the mean of raw price x raw volume over 20 bars",
        units="ln dollars",
        source="standard",
        inputs=("raw_close", "raw_volume"),
        oracle="pandas",
        lookback=lambda w: 20,
        value=lambda s: log(s.mean(s.bars.dollar_volume, 20)),
    ),
    kernel(
        pattern="raw_volumerank_252",
        formula="percent rank of V among the last 252 bars; ties at their mid-rank",
        units="[0,1]",
        source="Gervais, Kaniel, Mingelgrin 2001",
        inputs=("volume",),
        oracle="pandas rolling rank",
        lookback=lambda w: 252,
        value=lambda s: s.percent_rank(s.bars.volume, 252),
    ),
    kernel(
        pattern="raw_volumeslope_{window}",
        formula="t-statistic of the slope of ln(1 + V) on time over w bars",
        units="t",
        source="standard",
        inputs=("volume",),
        oracle="scipy.stats.linregress",
        windows=(10, 20, 60),
        lookback=lambda w: w,
        value=lambda s, w: s.trend(s.log_volume, w)[1],
        why="ln(1 + V), as in raw_volumez: a bar without volume is an observation.",
    ),
    signed_share(
        pattern="raw_updnvolume_{window}",
        formula="(V of rising bars - V of falling bars) / V, summed over w bars",
        units="[-1,1]",
        source="O'Neil (practitioner)",
        inputs=("close", "volume"),
        oracle="pandas",
        windows=(10, 20, 60),
        value=lambda s, w: per_volume(s, s.total(signed(s), w), w),
    ),
    signed_share(
        pattern="raw_obvslope_{window}",
        formula="least-squares slope per bar of on-balance volume over w bars / mean V",
        units="ratio",
        source="Granville (practitioner)",
        inputs=("close", "volume"),
        oracle="scipy.stats.linregress on TA-Lib OBV",
        windows=(20, 60),
        value=lambda s, w: s.divide(
            cumulative_slope(signed(s), w), s.mean(s.bars.volume, w), s.bars.volume
        ),
        why=(
            "The slope of the line, as the name says: its change over the window divided by the "
            "sum of V would be raw_updnvolume again."
        ),
    ),
    kernel(
        pattern="raw_cmf_{window}",
        formula="sum of close location x V / sum of V over w bars",
        units="[-1,1]",
        source="Chaikin (practitioner)",
        inputs=("high", "low", "close", "volume"),
        oracle="formula in pandas",
        windows=(20, 60),
        lookback=lambda w: SCALED + w - 1,
        min_obs=lambda w: SCALED_MIN + w - 1,
        value=lambda s, w: per_volume(s, s.total(money_flow_volume(s), w), w),
        why="A flat bar counts 0 in the sum above: it closed neither near its high nor its low.",
    ),
    kernel(
        pattern="raw_mfi_14",
        formula="dollars of bars whose typical price rose / of bars where it moved, over 14 bars",
        units="[0,1]",
        source="Quong & Soudack 1989",
        inputs=("high", "low", "close", "volume"),
        oracle="TA-Lib MFI / 100",
        value=lambda s: money_flow_index(s, 14),
        lookback=lambda w: SCALED,
        min_obs=lambda w: SCALED_MIN,
    ),
    share(
        pattern="raw_vwapdist_{window}",
        formula="ln(C / volume-weighted average price of w bars)",
        units="log frac",
        source="standard",
        inputs=("close", "volume", "vwap"),
        oracle="hand example",
        windows=(1, 5, 20),
        value=vwap_distance,
    ),
    share(
        pattern="raw_volumecv_{window}",
        formula="sample standard deviation of V / mean V over w bars",
        units="ratio",
        source="Chordia, Subrahmanyam, Anshuman 2001",
        inputs=("volume",),
        oracle="pandas",
        windows=(20, 60),
        value=lambda s, w: s.divide(
            s.std(s.bars.volume, w), s.mean(s.bars.volume, w), s.bars.volume
        ),
    ),
)
