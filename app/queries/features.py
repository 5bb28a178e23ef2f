"""What the Features page asks: the catalog, one feature's series, and its statistics in SQL."""

from __future__ import annotations

from app import warehouse

TABLE = "features_daily"
CATALOG = "feature_catalog"


def count_by_module() -> dict[str, int]:
    """Return how many features each module has; empty without a catalog."""
    if warehouse.missing(CATALOG):
        return {}
    rows = warehouse.records(f"select module, count(*) as n from {CATALOG} group by 1 order by 1")
    return {row["module"]: row["n"] for row in rows}
