"""Entropy: how much of the next bar the last bars leave open.

Three series run through the module: log returns `r`, their size `|r|`, and the change of log
volume `v`. What a window without movement gives follows one rule: where the statistic counts
symbols, a flat window has one symbol and entropy 0, as its definition says; where it measures in
units of the window's own spread, there is no unit and the value is unknown.
"""

from __future__ import annotations

from engine.features.entropy import deciles, patterns, regularity, session, spectrum, symbols
from engine.features.registry import Family
from engine.features.udf import SessionUdf

ORDER = 40
SCOPE = "daily"

FAMILIES: tuple[Family, ...] = (
    *regularity.FAMILIES,
    *patterns.FAMILIES,
    *deciles.SHARES,
    *symbols.WORDS,
    *spectrum.FAMILIES,
    *deciles.GENERALISED,
    *symbols.TRANSFER,
    *session.FAMILIES,
    *symbols.CONDITIONAL,
    *deciles.DIVERGENCE,
)

SESSION_UDFS: tuple[SessionUdf, ...] = (session.ENTROPY_SESSION,)
