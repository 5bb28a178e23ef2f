"""Scopes of features: what a row of each wide table belongs to, and what it is called.

A module says `SCOPE = "..."`; everything that goes through the wide tables one by one (contracts,
audits, the catalog's page, the app) reads this list.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """One wide table.

    Parameters
    ----------
    name
        What modules call it.
    table
        The public table.
    key
        What one row is.
    panel
        Model with the rows that kernels see: the same key, `known_at`, bars.
    owner
        What a value belongs to, in words.
    description
        Of the table.
    """

    name: str
    table: str
    key: tuple[str, ...]
    panel: str
    owner: str
    description: str

    @property
    def of_market(self) -> bool:
        """Whether a session has one row, of no symbol."""
        return "symbol" not in self.key


_BEFORE = (
    "as it was known before session_date opened: the modules' rows of the previous session{also}. "
)

SCOPES = {
    scope.name: scope
    for scope in (
        Scope(
            name="daily",
            table="features_daily",
            key=("symbol", "session_date"),
            panel="int_bars__panel",
            owner="each symbol",
            description="Every daily feature "
            + _BEFORE.format(also=", and the calendar of the session itself")
            + "One extra row for the next session.",
        ),
        Scope(
            name="cross",
            table="features_cross_asset",
            key=("session_date",),
            panel="int_market__panel",
            owner="the market",
            description="Every market-wide feature "
            + _BEFORE.format(also="")
            + "One row a session, and an extra one for the next.",
        ),
        Scope(
            name="options",
            table="features_options",
            key=("symbol", "session_date"),
            panel="int_options__panel",
            owner="each underlying",
            description="Every feature of an underlying's option chain "
            + _BEFORE.format(also="")
            + "From the session after the first chain on, with an extra row for the next session.",
        ),
    )
}
