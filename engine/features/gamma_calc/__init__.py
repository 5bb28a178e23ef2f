"""Gamma: what the makers of an option market must trade when its underlying moves."""

from __future__ import annotations

from engine.features.gamma_calc import exposure, hedging, levels
from engine.features.registry import Family

ORDER = 310
SCOPE = "options"

FAMILIES: tuple[Family, ...] = (
    *exposure.NET,
    *levels.FLIP,
    *exposure.MATURITY,
    *levels.WALLS,
    *exposure.GREEKS,
    *hedging.FAMILIES,
)
