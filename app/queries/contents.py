"""What is in the warehouse: its tables, how far they reach, how the build went.

These come from the facts that publishing wrote beside the version, so that no table is
scanned for them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from app import wording

Facts = dict[str, Any]

_STAGES = (
    ("stg_", "staging"),
    ("int_features", "features"),
    ("int_session", "features"),
    ("int_", "intermediate"),
    ("feat", "features"),
    ("bars_", "bars"),
    ("dim_", "calendar and universe"),
    ("targets_", "targets"),
    ("lake_", "bookkeeping"),
    ("build_", "bookkeeping"),
)


@dataclass(frozen=True)
class Summary:
    """The figures on top of the overview; None where the version does not say."""

    symbols: int | None
    sessions: int | None
    first_session: str | None
    last_session: str | None
    bars: int | None
    daily_bars: int | None
    option_rows: int | None
    underlyings: int | None


def summary(facts: Facts) -> Summary:
    """Return the main figures of a version from its facts."""
    tables = facts.get("tables", {})
    daily = tables.get("bars_1d", {})
    options = tables.get("stg_lake__options", {})
    bars = [entry.get("rows", 0) for name, entry in tables.items() if name.startswith("bars_")]
    return Summary(
        symbols=daily.get("symbols"),
        sessions=daily.get("sessions"),
        first_session=daily.get("first_session"),
        last_session=daily.get("last_session"),
        bars=sum(bars) if bars else None,
        daily_bars=daily.get("rows"),
        option_rows=options.get("rows"),
        underlyings=options.get("symbols"),
    )


def reach(facts: Facts) -> dt.datetime | None:
    """Return the latest instant at which something in the version became known."""
    instants = [
        wording.parse_instant(entry.get("known_at"))
        for entry in facts.get("tables", {}).values()
        if entry.get("known_at")
    ]
    return max((at for at in instants if at is not None), default=None)


def tables(facts: Facts) -> pa.Table:
    """Return one row a published table: what it is, its grain, its rows and its reach."""
    rows = [
        {
            "table": name,
            "rows": entry.get("rows"),
            "grain": ", ".join(entry.get("grain") or ()) or None,
            "symbols": entry.get("symbols"),
            "sessions": entry.get("sessions"),
            "first_session": entry.get("first_session"),
            "last_session": entry.get("last_session"),
            "known_at": wording.parse_instant(entry.get("known_at")),
            "kept_as": {"parts": "Parquet parts", "table": "table"}.get(entry.get("kind", "")),
            "description": " ".join(entry.get("description", "").split()),
        }
        for name, entry in sorted(facts.get("tables", {}).items())
    ]
    schema = pa.schema(
        [
            ("table", pa.string()),
            ("rows", pa.int64()),
            ("grain", pa.string()),
            ("symbols", pa.int64()),
            ("sessions", pa.int64()),
            ("first_session", pa.string()),
            ("last_session", pa.string()),
            ("known_at", pa.timestamp("us", tz="UTC")),
            ("kept_as", pa.string()),
            ("description", pa.string()),
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema)


def stage(model: str, kind: str = "model") -> str:
    """Return the stage of the build that a model belongs to."""
    if kind == "seed":
        return "seeds"
    return next((name for prefix, name in _STAGES if model.startswith(prefix)), "other models")


def stage_seconds(facts: Facts) -> list[tuple[str, float]]:
    """Return the seconds of work by stage of the version's build, longest first.

    Models run side by side, so that the sum can exceed the build's wall time.
    """
    run = facts.get("run", {})
    total: dict[str, float] = {}
    for node in run.get("nodes", []):
        name = stage(node["name"], node.get("type", "model"))
        total[name] = total.get(name, 0.0) + node["seconds"]
    if facts.get("publish_seconds"):
        total["publish"] = facts["publish_seconds"]
    return sorted(total.items(), key=lambda pair: -pair[1])


def slowest(facts: Facts, most: int = 12) -> list[tuple[str, float]]:
    """Return the models that took longest, with their seconds."""
    nodes = facts.get("run", {}).get("nodes", [])
    pairs = [(node["name"], float(node["seconds"])) for node in nodes]
    return sorted(pairs, key=lambda pair: -pair[1])[:most]


def warnings(facts: Facts) -> tuple[int, int]:
    """Return how many tests warned, and how many there are."""
    tests = facts.get("tests", [])
    return sum(test["status"] == "warn" for test in tests), len(tests)


BUILDS = """
select
    stamp,
    published_at,
    seconds,
    publish_seconds,
    count_models,
    count_tests,
    count_tests_warned,
    count_tables,
    count_rows,
    count_stock_days,
    count_option_days,
    last_session,
    is_full_refresh,
    left(git_revision, 10) as revision,
    duckdb_version
from build_history
order by stamp desc
limit 200
"""
