"""Naming and measuring tables in the connection that publishes."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import duckdb

from engine.warehouse.manifest import PublicModel

BUILD = "build"  # the build file's name inside the connection that publishes


def counts(
    connection: duckdb.DuckDBPyConnection, relation: str, columns: list[str]
) -> dict[str, Any]:
    """Count rows, symbols and sessions, and find how far the table reaches."""
    wanted = {"rows": "count(*)"}
    if who := entity(columns):
        wanted["symbols"] = f"count(distinct {quoted(who)})"
    if "session_date" in columns:
        wanted["sessions"] = "count(distinct session_date)"
        wanted["first_session"] = "min(session_date)"
        wanted["last_session"] = "max(session_date)"
    if "known_at" in columns:
        wanted["known_at"] = "max(known_at)::varchar"
    query = ", ".join(f"{sql} as {quoted(name)}" for name, sql in wanted.items())
    row = connection.execute(f"select {query} from {relation}").fetchone()
    assert row is not None
    return {
        name: value.isoformat() if isinstance(value, dt.date) else value
        for name, value in zip(wanted, row, strict=True)
    }


def entity(columns: list[str]) -> str | None:
    """Return the column that says whose row it is: an option's underlying, else the symbol."""
    return next((name for name in ("underlying", "symbol") if name in columns), None)


def columns_of(connection: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    """Return the names of a relation's columns, in order."""
    rows = connection.execute(f"describe from {relation}").fetchall()
    return [row[0] for row in rows]


def source(model: PublicModel) -> str:
    """Return where a model is in the build file."""
    return f"{BUILD}.{quoted(model.schema)}.{quoted(model.name)}"


def quoted(identifier: str) -> str:
    """Return an identifier as SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(value: object) -> str:
    """Return a text as SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def digest(text: str) -> str:
    """Return a hash of a text."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
