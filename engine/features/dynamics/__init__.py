"""Dynamics: how price, risk and volume change, remember, return and fill their space."""

from __future__ import annotations

from engine.features.dynamics import memory, motion, path, reversion, scaling
from engine.features.registry import Family

ORDER = 30
SCOPE = "daily"

FAMILIES: tuple[Family, ...] = (
    *motion.CHANGES,
    *scaling.FAMILIES,
    *memory.VARIANCE_RATIOS,
    *memory.AUTOCORRELATIONS,
    *reversion.FAMILIES,
    *path.DIMENSIONS,
    *path.SPECTRUM,
    *motion.EFFICIENCY,
    *memory.FRACTIONAL,
    *memory.LEVERAGE,
    *path.AREAS,
    *path.CHAOS,
)
