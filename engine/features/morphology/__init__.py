"""Morphology: the shape of returns in a window, and of a session's volume over its prices."""

from __future__ import annotations

from engine.features.morphology import distribution, profile
from engine.features.registry import Family
from engine.features.udf import SessionUdf

ORDER = 20
SCOPE = "daily"

FAMILIES: tuple[Family, ...] = (
    *distribution.MOMENTS,
    *distribution.QUANTILES,
    *distribution.L_MOMENTS,
    *distribution.DIP,
    *profile.DIP,
    *distribution.BIMODALITY,
    *profile.PROFILE,
    *profile.SHAPES,
    *distribution.TAILS,
    *distribution.RISK,
    *distribution.NORMALITY,
    *distribution.CHANGE,
)

SESSION_UDFS: tuple[SessionUdf, ...] = (profile.MORPHOLOGY_SESSION,)
