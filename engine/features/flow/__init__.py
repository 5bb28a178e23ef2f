"""Flow: who traded, how one-sided it was, and what it did to the price."""

from __future__ import annotations

from engine.features.flow import impact, oscillator, session, signed
from engine.features.registry import Family
from engine.features.udf import SessionUdf

ORDER = 50
SCOPE = "daily"

FAMILIES: tuple[Family, ...] = (
    *session.BULK,
    *session.VPIN,
    *session.IMBALANCE,
    *signed.IMBALANCE,
    *signed.DOLLARS,
    *impact.KYLE,
    *impact.HASBROUCK,
    *impact.AMIHUD,
    *impact.PASTOR_STAMBAUGH,
    *session.LARGE,
    *session.EDGES,
    *session.PERSISTENCE,
    *signed.DIVERGENCE,
    *oscillator.FAMILIES,
    *session.RUNS,
)

SESSION_UDFS: tuple[SessionUdf, ...] = (session.FLOW_SESSION,)
