"""A symbol's master table: every published feature of it, side by side, one row a session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import QueryError
from engine.warehouse import query

if TYPE_CHECKING:
    import datetime as dt

    import duckdb

_BASE = "features_daily"
_KEYS = ("symbol", "underlying", "session_date", "known_at")


@dataclass(frozen=True)
class Harvest:
    """One file that was written."""

    symbol: str
    path: Path
    rows: int
    columns: int


def wide_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, ...]]:
    """Return the published wide tables of one row a session, with their columns."""
    found: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "select table_name, column_name from information_schema.columns "
        "where table_schema = 'main' and table_name like 'features\\_%' escape '\\' "
        "order by table_name, ordinal_position"
    ).fetchall():
        found.setdefault(table, []).append(column)
    daily = {
        table: tuple(columns)
        for table, columns in found.items()
        if "session_date" in columns and "known_at" in columns and "decision_at" not in columns
    }
    if _BASE not in daily:
        raise QueryError(
            f"There is no published table {_BASE}.", "Run `quant build` without a selection."
        )
    return {_BASE: daily.pop(_BASE), **daily}


def statement(tables: dict[str, tuple[str, ...]]) -> str:
    """Return the query of one symbol's rows: `$symbol`, `$start` and `$end`."""
    parts = [f"select {_BASE}.symbol, {_BASE}.session_date"]
    joins = []
    known = [f"{_BASE}.known_at"]
    for table, columns in tables.items():
        parts += [f', {table}."{name}"' for name in columns if name not in _KEYS]
        if table == _BASE:
            continue
        key = next((name for name in ("symbol", "underlying") if name in columns), None)
        also = f" and {_BASE}.symbol = {table}.{key}" if key else ""
        joins.append(f"left join {table} on {_BASE}.session_date = {table}.session_date{also}")
        known.append(f"{table}.known_at")
    parts.append(f", greatest({', '.join(known)}) as known_at")
    return " ".join(
        [
            *parts,
            f"from {_BASE}",
            *joins,
            f"where {_BASE}.symbol = {{symbol}}",
            f"and {_BASE}.session_date between {{start}} and {{end}}",
            f"order by {_BASE}.session_date",
        ]
    )


def symbols(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the symbols that have features."""
    rows = connection.execute(f"select distinct symbol from {_BASE} order by symbol").fetchall()
    return [row[0] for row in rows]


def harvest(
    connection: duckdb.DuckDBPyConnection,
    symbol: str,
    start: dt.date,
    end: dt.date,
    folder: Path,
) -> Harvest:
    """Write `{SYMBOL}_master_features.parquet`.

    Parameters
    ----------
    connection
        A cursor of the published warehouse.
    symbol
        Whose features; those of the whole market stand beside them.
    start, end
        First and last session, both included.
    folder
        Where the file goes.

    Returns
    -------
    Harvest
        What was written. `known_at` is the latest of the tables' own: each row was known before
        its session opened.

    Raises
    ------
    QueryError
        When the symbol has no features in these sessions, or the file cannot be written.
    """
    tables = wide_tables(connection)
    known = symbols(connection)
    if symbol not in known:
        raise QueryError(
            f"{symbol} has no features.",
            f"Name one of {', '.join(known)}; dim_universe says what is configured.",
        )
    text = statement(tables).format(
        symbol=_quoted(symbol), start=f"date '{start}'", end=f"date '{end}'"
    )
    path = folder / f"{symbol}_master_features.parquet"
    answer = query.ask(connection, text)
    columns = len(answer.schema)
    folder.mkdir(parents=True, exist_ok=True)
    rows = query.write(answer, path)
    if not rows:
        path.unlink(missing_ok=True)
        raise QueryError(
            f"{symbol} has no sessions from {start} to {end}.",
            "Ask `quant status` for what the warehouse holds.",
        )
    return Harvest(symbol, path, rows, columns)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
