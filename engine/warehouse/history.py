"""The history of builds: one JSON a published version in the journal, one row in the warehouse.

A build's facts are written beside its version first and journaled after the swap; a publish
that was killed in between is journaled by the next one.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine.lake.store import write_atomically
from engine.warehouse.versions import Version, current, listing

HISTORY = pa.schema(
    [
        ("stamp", pa.string()),
        ("published_at", pa.timestamp("us", tz="UTC")),
        ("seconds", pa.float64()),
        ("publish_seconds", pa.float64()),
        ("target", pa.string()),
        ("git_revision", pa.string()),
        ("is_full_refresh", pa.bool_()),
        ("count_models", pa.int64()),
        ("count_tests", pa.int64()),
        ("count_tests_warned", pa.int64()),
        ("count_tables", pa.int64()),
        ("count_rows", pa.int64()),
        ("count_stock_days", pa.int64()),
        ("count_option_days", pa.int64()),
        ("first_session", pa.date32()),
        ("last_session", pa.date32()),
        ("duckdb_version", pa.string()),
        ("fingerprint", pa.string()),
    ]
)


def record(version: Version, journal: Path) -> None:
    """Journal a version's facts, but for the list of the lake's files, which is long."""
    facts = version.facts()
    if facts:
        facts.pop("lake_files", None)
        content = json.dumps(facts, indent=1, sort_keys=True)
        write_atomically(journal / "builds" / f"{version.stamp}.json", content.encode())


def record_missing(warehouse: Path, journal: Path) -> None:
    """Journal the versions that a killed publish did not get to."""
    serving = current(warehouse)
    for version in listing(warehouse):
        is_published = serving is not None and version.stamp <= serving.stamp
        if is_published and not (journal / "builds" / f"{version.stamp}.json").exists():
            record(version, journal)


def build_history(journal: Path) -> pa.Table:
    """Return one row a published version, oldest first.

    Parameters
    ----------
    journal
        Folder of the journal; without builds the table is empty.

    Returns
    -------
    pyarrow.Table
        `HISTORY`.
    """
    rows = []
    for path in sorted((journal / "builds").glob("*.json")):
        with contextlib.suppress(json.JSONDecodeError, OSError, KeyError, ValueError):
            rows.append(_row(json.loads(path.read_text())))
    return pa.Table.from_pylist(rows, schema=HISTORY)


def _row(facts: dict[str, Any]) -> dict[str, Any]:
    run, lake, tables = facts.get("run", {}), facts.get("lake", {}), facts.get("tables", {})
    # tables without symbols, like the calendar, reach beyond the data
    dated = [table for table in tables.values() if table.get("symbols")]
    firsts = [table["first_session"] for table in dated if table.get("first_session")]
    lasts = [table["last_session"] for table in dated if table.get("last_session")]
    return {
        "stamp": facts["stamp"],
        "published_at": dt.datetime.fromisoformat(facts["published_at"]),
        "seconds": run.get("seconds"),
        "publish_seconds": facts.get("publish_seconds"),
        "target": run.get("target"),
        "git_revision": facts.get("git_revision"),
        "is_full_refresh": run.get("full_refresh"),
        "count_models": run.get("models"),
        "count_tests": run.get("tests"),
        "count_tests_warned": run.get("tests_warned"),
        "count_tables": len(tables),
        "count_rows": sum(table.get("rows", 0) for table in tables.values()),
        "count_stock_days": lake.get("stocks"),
        "count_option_days": lake.get("options"),
        "first_session": dt.date.fromisoformat(min(firsts)) if firsts else None,
        "last_session": dt.date.fromisoformat(max(lasts)) if lasts else None,
        "duckdb_version": facts.get("packages", {}).get("duckdb"),
        "fingerprint": facts.get("fingerprint_hash"),
    }
