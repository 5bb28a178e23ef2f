"""Momentum logic: oscillators, velocity and its states, trends, breakouts, horizons."""

from __future__ import annotations

from engine.features.momentum_logic import horizons, oscillators, trends, velocity
from engine.features.registry import Family

ORDER = 100
SCOPE = "daily"

FAMILIES: tuple[Family, ...] = (
    *oscillators.FAMILIES,
    *velocity.FAMILIES,
    *horizons.RETURNS,
    *trends.FAMILIES,
    *horizons.AGREEMENT,
)
