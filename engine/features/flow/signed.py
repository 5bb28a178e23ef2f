"""Signed flow over several sessions, and how it agrees with the return."""

from __future__ import annotations

import numpy as np

from engine.features.flow.session import statistic
from engine.features.lookback import SCALED, SCALED_CHANGE, SCALED_CHANGE_MIN, SCALED_MIN
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace


def imbalance(s: Workspace) -> Floats:
    """Flow imbalance of each session by the tick rule."""
    return statistic(s, "flow_ofi_1")


def signed_volume(s: Workspace) -> Floats:
    """Volume of each session times its imbalance."""
    return s.once(s.bars.volume, "flow", lambda: imbalance(s) * s.bars.volume)


def signed_dollars(s: Workspace) -> Floats:
    """Dollars of each session times its imbalance."""
    return s.once(s.bars.dollar_volume, "flow", lambda: imbalance(s) * s.bars.dollar_volume)


def _opposed(s: Workspace) -> Floats:
    """1 where flow and return point in opposite directions, else 0."""

    def make() -> Floats:
        both = np.sign(s.ret) * np.sign(imbalance(s))
        return np.where(np.isnan(both), np.nan, (both < 0.0).astype(np.float64))

    return s.once(s.ret, "opposed", make)


IMBALANCE = (
    Family(
        pattern="flow_ofi_{window}",
        formula="sum of flow_ofi_1 x V / sum of V over w sessions",
        units="[-1,1]",
        source="Lee & Ready 1991",
        inputs=("flow_ofi_1", "volume"),
        engine="kernel",
        oracle="pandas",
        windows=(5, 20, 60),
        lookback=lambda w: max(w, SCALED),
        min_obs=lambda w: max(w, SCALED_MIN),
        value=lambda s, w: s.divide(
            s.mean(signed_volume(s), w), s.mean(s.bars.volume, w), s.bars.volume
        ),
        why="The minutes' imbalance stands for all of the session's volume.",
    ),
)

DOLLARS = (
    Family(
        pattern="flow_dollarz_{window}",
        formula="z-score over w sessions of flow_ofi_1 x dollar volume",
        units="sigma",
        source="Chordia, Roll, Subrahmanyam 2002",
        inputs=("flow_ofi_1", "dollar_volume"),
        engine="kernel",
        oracle="pandas",
        windows=(5, 20, 60),
        lookback=lambda w: max(w, SCALED_CHANGE),
        min_obs=lambda w: max(w, SCALED_CHANGE_MIN),
        value=lambda s, w: s.zscore(signed_dollars(s), w),
    ),
)

DIVERGENCE = (
    Family(
        pattern="flow_divergefreq_{window}",
        formula="share of w sessions whose return and flow_ofi_1 have opposite signs",
        units="[0,1]",
        source="standard",
        inputs=("close", "flow_ofi_1"),
        engine="kernel",
        oracle="pandas",
        windows=(20, 60),
        lookback=lambda w: w + 1,
        value=lambda s, w: s.mean(_opposed(s), w),
        why="A zero is opposed to nothing.",
    ),
    Family(
        pattern="flow_diverge_{window}",
        formula="z-score of the return less z-score of flow_ofi_1, over w sessions",
        units="sigma",
        source="standard",
        inputs=("close", "flow_ofi_1"),
        engine="kernel",
        oracle="pandas",
        windows=(5, 20),
        lookback=lambda w: max(w, SCALED_CHANGE) + 1,
        min_obs=lambda w: max(w, SCALED_CHANGE_MIN) + 1,
        value=lambda s, w: s.zscore(s.ret, w) - s.zscore(imbalance(s), w),
    ),
)
