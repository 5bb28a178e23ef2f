"""Cross-asset: what the members of the universe say about each other and about the market."""

from __future__ import annotations

from engine.features.cross_asset import pairs, risk, structure
from engine.features.registry import Family

ORDER = 200
SCOPE = "cross"

FAMILIES: tuple[Family, ...] = (
    *pairs.RATIOS,
    *pairs.CORRELATIONS,
    *pairs.RELATIVE_STRENGTH,
    *pairs.LEADS,
    *structure.FAMILIES,
    *risk.FAMILIES,
)
