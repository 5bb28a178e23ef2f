"""Regimes: hidden states of volatility, and states of VIX, trend and both by rule."""

from __future__ import annotations

from engine.features.regime import hidden, rules
from engine.features.registry import Family

ORDER = 70
SCOPE = "daily"

FAMILIES: tuple[Family, ...] = (
    *hidden.FAMILIES,
    *rules.VIX,
    *rules.TRENDS,
    *rules.COMBINATIONS,
    *rules.DIRECTIONAL,
    *rules.SIGMA_RANK,
    *hidden.MIXTURE,
    *rules.BY_STATE,
)
