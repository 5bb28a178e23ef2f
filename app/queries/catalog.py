"""What the catalog says of features: definitions, modules, costs, and what audits found.

A version that is older than a column of the catalog gives None in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from app import warehouse
from engine.warehouse.scopes import SCOPES

CATALOG = "feature_catalog"
HEALTH = "feature_health"
AUDITS = "feature_audits"
TABLES = {scope.name: scope.table for scope in SCOPES.values()}
AUDITED = ("passed", "failed", "stale", "not_audited")
TILES_A_LINE = 84

Entry = dict[str, Any]

_NUMERIC = ("DOUBLE", "FLOAT", "INT", "DECIMAL", "BOOLEAN")
_LATER = ("scope", "null_share", "first_session", "cost_ns", "audit_status", "audits", "audited_at")


def count_by_module() -> dict[str, int]:
    """Return how many features each module has; empty without a catalog."""
    if warehouse.missing(CATALOG):
        return {}
    rows = warehouse.records(
        f"select module, count(*) as n from {CATALOG} group by 1 order by min(position)"
    )
    return {row["module"]: row["n"] for row in rows}


def entries() -> list[Entry]:
    """Return the catalog in its order, each feature with its null share over all rows."""
    known = warehouse.columns(CATALOG)
    if "null_share" in known or warehouse.missing(HEALTH):
        rows = warehouse.records(f"select * from {CATALOG} order by position limit 4000")
    else:
        rows = warehouse.records(
            f"""
            with health as (
                select feature, sum(null_share * count_rows) / sum(count_rows) as null_share
                from {HEALTH} group by 1
            )
            select c.*, h.null_share
            from {CATALOG} as c left join health as h on h.feature = c.name
            order by c.position
            limit 4000
            """
        )
    later = dict.fromkeys(_LATER)
    return [{**later, **row, "scope": row.get("scope") or "daily"} for row in rows]


def built() -> frozenset[str]:
    """Return the numeric columns of the wide tables."""
    return frozenset(
        name
        for table in TABLES.values()
        for name, kind in warehouse.columns(table).items()
        if any(number in kind for number in _NUMERIC)
    )


def matching(entries: Sequence[Entry], words: str, module: str | None) -> list[Entry]:
    """Return the entries of a module in which every word occurs, whatever its case.

    Parameters
    ----------
    entries
        The catalog.
    words
        Looked for in name, formula, units, source, inputs and oracle.
    module
        None for all.
    """
    wanted = words.lower().split()
    return [
        entry
        for entry in entries
        if (module is None or entry["module"] == module)
        and all(word in _searched(entry) for word in wanted)
    ]


def _searched(entry: Entry) -> str:
    fields = ("name", "formula", "units", "source", "inputs", "oracle", "engine")
    return " ".join(str(entry.get(field) or "") for field in fields).lower()


# -- all of them -----------------------------------------------------------------------------


def modules(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return one row a module: columns, missing share, cost and audits.

    Columns share work that the catalog charges to the first of them, so that a cost means
    something for a module, not for a column.

    Returns
    -------
    list of dict
        module, table, columns, stretch, null_share (mean of its columns), cost_us (microseconds
        a bar; None where nothing was measured), cost_a_column (nanoseconds), count by audit
        status, passed_share, audited_at (oldest of the last audits).
    """
    by_module: dict[str, list[Entry]] = {}
    for entry in entries:
        by_module.setdefault(entry["module"], []).append(entry)
    return [_module(name, of) for name, of in by_module.items()]


def _module(name: str, of: list[Entry]) -> dict[str, Any]:
    shares = [entry["null_share"] for entry in of if entry["null_share"] is not None]
    costs = [entry["cost_ns"] for entry in of if entry["cost_ns"] is not None]
    count = {status: sum(entry["audit_status"] == status for entry in of) for status in AUDITED}
    return {
        "module": name,
        "table": TABLES.get(of[0]["scope"], of[0]["scope"]),
        "columns": len(of),
        "stretch": sum(entry.get("tier") == "stretch" for entry in of),
        "null_share": sum(shares) / len(shares) if shares else None,
        "cost_us": sum(costs) / 1e3 if costs else None,
        "cost_a_column": sum(costs) / len(costs) if costs else None,
        **count,
        "passed_share": count["passed"] / len(of) if any(count.values()) else None,
        "audited_at": min((e["audited_at"] for e in of if e["audited_at"]), default=None),
    }


# upper bounds of classes, and what a class is called
MISSING_CLASSES = (
    (0.01, "under 1%"),
    (0.05, "1 to 5%"),
    (0.2, "5 to 20%"),
    (0.9999, "20% and more"),
    (2.0, "all missing"),
)
COST_CLASSES = (
    (100.0, "under 100 ns"),
    (500.0, "100 to 500 ns"),
    (2_000.0, "0.5 to 2 µs"),
    (10_000.0, "2 to 10 µs"),
    (float("inf"), "10 µs and more"),
)
AUDIT_NAMES = {
    "passed": "passed",
    "stale": "code changed since",
    "failed": "failed",
    "not_audited": "not audited",
}
UNKNOWN = "not measured"
MEASURES = ("Missing", "Cost", "Audit")


def classes(measure: str) -> tuple[str, ...]:
    """Return the names of a measure's classes, in order; what is unknown comes last."""
    if measure == "Audit":
        return (*AUDIT_NAMES.values(), UNKNOWN)
    bounds = MISSING_CLASSES if measure == "Missing" else COST_CLASSES
    return (*(name for _, name in bounds), UNKNOWN)


def classed(entry: Entry, measure: str) -> int:
    """Return the position of a feature's class among `classes(measure)`."""
    names = classes(measure)
    if measure == "Audit":
        name = AUDIT_NAMES.get(entry["audit_status"] or "", UNKNOWN)
        return names.index(name)
    value = entry["null_share"] if measure == "Missing" else entry["cost_ns"]
    bounds = MISSING_CLASSES if measure == "Missing" else COST_CLASSES
    if value is None:
        return len(bounds)
    return next(place for place, (bound, _) in enumerate(bounds) if value < bound)


def tiles(entries: Sequence[Entry], measure: str) -> tuple[pa.Table, list[str]]:
    """Return a tile for each feature, in lines by module, and the names of the lines.

    Parameters
    ----------
    entries
        Features, in the order of the catalog.
    measure
        One of `MEASURES`.

    Returns
    -------
    tuple
        A table with a row for each entry, in their order (place in the line, line, class,
        feature, what), and one label a line: the module's name, blank where it goes on.
    """
    lines: list[str] = []
    place: dict[str, list[int]] = {}
    for module in dict.fromkeys(entry["module"] for entry in entries):
        count = sum(entry["module"] == module for entry in entries)
        place[module] = [len(lines), 0]
        lines.append(module)
        lines += [" " * (len(lines) + more) for more in range((count - 1) // TILES_A_LINE)]
    names = classes(measure)
    rows = []
    for entry in entries:
        first, index = place[entry["module"]]
        place[entry["module"]][1] += 1
        kind = classed(entry, measure)
        rows.append(
            {
                "place": index % TILES_A_LINE,
                "line": first + index // TILES_A_LINE,
                "class": kind,
                "feature": entry["name"],
                "what": names[kind],
            }
        )
    schema = pa.schema(
        [
            ("place", pa.int32()),
            ("line", pa.int32()),
            ("class", pa.int32()),
            ("feature", pa.string()),
            ("what", pa.string()),
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema), lines


# -- one of them -----------------------------------------------------------------------------


def health(feature: str) -> pa.Table:
    """Return rows, null share, first session and reason of a feature by symbol."""
    return warehouse.table(
        f"""
        select symbol, count_rows, null_share, first_session, reason
        from {HEALTH} where feature = ? order by symbol limit 2000
        """,
        feature,
    )


def audits(feature: str) -> list[dict[str, Any]]:
    """Return the last audit of each kind of a feature; empty where the version has none."""
    if warehouse.missing(AUDITS):
        return []
    tables = ", ".join(f"'{table}'" for table in TABLES.values())
    return warehouse.records(
        f"""
        select kind, is_passed, count_rows, detail, audited_at
        from {AUDITS}
        where column_name = ? and table_name in ({tables})
        order by kind
        """,
        feature,
    )
