"""Market makers' inventory: what they hold, and what prices carry it."""

from __future__ import annotations

from engine.features.mm_inventory import impact, inventory
from engine.features.registry import Family

ORDER = 120
SCOPE = "daily"

# The minutes are read in the pass of the module flow: int_session__flow.
FAMILIES: tuple[Family, ...] = (
    *inventory.INVENTORY,
    *inventory.QUOTES,
    *inventory.PRESSURE,
    *impact.IMPACT,
    *impact.GLOSTEN_HARRIS,
    *impact.CLOSE,
    *inventory.ADJUSTED,
    *impact.REVERSAL,
)
