"""Duration: how long volume, moves, runs and drawdowns take, and how long ago events were."""

from __future__ import annotations

from engine.features.duration import acd, events, session
from engine.features.registry import Family
from engine.features.udf import SessionUdf

ORDER = 80
SCOPE = "daily"

FAMILIES: tuple[Family, ...] = (
    *acd.FAMILIES,
    *session.VOLUME_BARS,
    *session.PRICE_MOVES,
    *events.SINCE,
    *events.RUNS,
    *events.DRAWDOWNS,
    *events.ABOVE,
    *session.EXTREMES,
    *events.PASSAGE,
)

SESSION_UDFS: tuple[SessionUdf, ...] = (session.DURATION_SESSION,)
