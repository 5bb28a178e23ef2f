"""Parts: the months of a large table as Parquet files that versions share by hard link."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from engine.errors import PublishError
from engine.warehouse import versions
from engine.warehouse.manifest import PublicModel
from engine.warehouse.tables import (
    BUILD,
    columns_of,
    counts,
    digest,
    entity,
    literal,
    quoted,
    source,
)
from engine.warehouse.versions import Version

# Binding a view over thousands of day files costs a tenth of a second, so consecutive months of
# it are read together while they are small; keeping more rows on the way costs more than that.
_ROWS_TOGETHER = 150_000
_MONTHS_TOGETHER = 12


@dataclass(frozen=True)
class _Month:
    """A month to publish: its dates, and the file name that says what it was made from."""

    first: dt.date
    last: dt.date
    file: str
    is_known: bool

    @property
    def number(self) -> int:
        return self.first.year * 12 + self.first.month

    @property
    def condition(self) -> str:
        return _between(self.first, self.last)


def write_parts(
    connection: duckdb.DuckDBPyConnection,
    model: PublicModel,
    version: Version,
    previous: Version | None,
) -> dict[str, Any]:
    """Write a table's months as Parquet and a view over exactly these files.

    A month whose rows come from the same stamps as in the version before is the same file, by
    hard link; so a day's build writes a month, not the history.

    Parameters
    ----------
    connection
        On the version's partial file, with the build attached as `tables.BUILD`.
    model
        What to publish.
    version, previous
        The version in the making, and the one that serves.

    Returns
    -------
    dict
        Rows, symbols, sessions, first and last session, and the same of each part.

    Raises
    ------
    PublishError
        When the table has no session_date.
    """
    if "session_date" not in columns_of(connection, source(model)):
        raise PublishError(
            f"{model.name} has no session_date, so it cannot be published as parts.",
            "Publish it as a table.",
        )
    folder = version.parts / model.name
    folder.mkdir()
    before = _parts_before(previous, model)
    months = _months(connection, model, version)
    shared = [month for month in months if month.is_known and month.file in before]
    for month in shared:
        assert previous is not None
        _link(previous.parts / model.name / month.file, folder / month.file)
    stale = [month for month in months if month not in shared]
    parts = [before[month.file] for month in shared]
    parts += _write_months(connection, model, stale, folder)
    parts.sort(key=lambda part: part["file"])
    if not parts:  # a view needs a file to take its columns from
        _copy(connection, f"from {source(model)} limit 0", folder / "none.parquet")
    versions.sync_folder(folder)
    names = [part["file"] for part in parts] or ["none.parquet"]
    files = ", ".join(literal(folder.resolve() / name) for name in names)
    connection.execute(f"create view main.{quoted(model.name)} as from read_parquet([{files}])")
    return {
        "rows": sum(part["rows"] for part in parts),
        "symbols": len(set().union(*(part["symbols"] for part in parts))),
        "sessions": sum(part["sessions"] for part in parts),
        "first_session": parts[0]["first_session"] if parts else None,
        "last_session": parts[-1]["last_session"] if parts else None,
        "parts": parts,
    }


def _write_months(
    connection: duckdb.DuckDBPyConnection, model: PublicModel, months: list[_Month], folder: Path
) -> Iterator[dict[str, Any]]:
    """Write months; yield the facts of those that have rows."""
    is_view = _query(connection, model) is not None
    together = 1
    while months:
        chunk = _consecutive(months[:together])
        months = months[len(chunk) :]
        rows = 0
        relation = source(model)
        if len(chunk) > 1:
            relation = "temp.months"
            connection.execute(
                f"create or replace temp table months as from {source(model)} "
                f"where {_between(chunk[0].first, chunk[-1].last)}"
            )
        for month in chunk:
            path = folder / month.file
            _copy(connection, f"from {relation} where {month.condition}", path)
            facts = _facts(connection, path)
            if facts["rows"]:
                yield facts
            else:
                path.unlink()
            rows += facts["rows"]
        if is_view:
            room = _ROWS_TOGETHER * len(chunk) // max(rows, 1)
            together = max(1, min(2 * together, room, _MONTHS_TOGETHER))
    connection.execute("drop table if exists temp.months")


def _consecutive(months: list[_Month]) -> list[_Month]:
    """Return the months from the first on that follow each other."""
    start = months[0].number
    return [month for place, month in enumerate(months) if month.number == start + place]


def _facts(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, Any]:
    """Return a part's name, rows, symbols and sessions, and how far it reaches."""
    relation = f"read_parquet({literal(path)})"
    columns = columns_of(connection, relation)
    facts = {"file": path.name, **counts(connection, relation, columns), "symbols": []}
    who = entity(columns)
    if who is not None:
        rows = connection.execute(
            f"select distinct {quoted(who)} from {relation} order by all"
        ).fetchall()
        facts["symbols"] = [row[0] for row in rows]
    return facts


def _parts_before(previous: Version | None, model: PublicModel) -> dict[str, dict[str, Any]]:
    """Return the parts of the version before that are whole, by file name."""
    if previous is None:
        return {}
    listed = previous.facts().get("tables", {}).get(model.name, {}).get("parts", [])
    folder = previous.parts / model.name
    return {part["file"]: part for part in listed if (folder / part["file"]).exists()}


def _months(
    connection: duckdb.DuckDBPyConnection, model: PublicModel, version: Version
) -> list[_Month]:
    """Return the months of a table, in order.

    A table's dates are its own. A view over the lake's files is not read for them: its stamped
    dates are all it has.
    """
    stamps = _stamps(connection, model)
    if _query(connection, model) is not None and stamps is not None:
        dates = f"select session_date, 0 as count_rows, stamp from ({stamps})"
    else:
        dates = f"""
            select session_date, count_rows, stamp
            from (
                select session_date, count(*) as count_rows from {source(model)} group by all
            )
            left join ({stamps or _NO_STAMPS}) using (session_date)
        """
    salt = _definition(connection, model)
    rows = connection.execute(
        f"""
        select
            strftime(session_date, '%Y-%m') as month,
            min(session_date),
            max(session_date),
            if(
                count(*) = count(stamp),
                md5(string_agg(
                    session_date || ' ' || count_rows || ' ' || stamp, ',' order by session_date
                )),
                null
            )
        from ({dates}) as dates
        group by all
        order by all
        """
    ).fetchall()
    # without a stamp for each date nobody knows what changed: a name that no version had
    return [
        _Month(
            first,
            last,
            f"{month}-{digest(f'{salt} {made_from or version.stamp}')[:16]}.parquet",
            made_from is not None,
        )
        for month, first, last, made_from in rows
    ]


_NO_STAMPS = "select null::date as session_date, null::varchar as stamp where false"


def _stamps(connection: duckdb.DuckDBPyConnection, model: PublicModel) -> str | None:
    """Return a query for the stamp of each date; None when the build keeps none."""
    known = connection.execute(
        "select count(*) from duckdb_tables() where database_name = ? "
        "and schema_name = 'ops' and table_name = 'lake_build_state'",
        [BUILD],
    ).fetchone()
    if not known or not known[0]:
        return None
    names = ", ".join(literal(name) for name in model.stamps_from)
    query = (
        "select session_date, string_agg(stamp, ' ' order by model) as stamp "
        f"from {BUILD}.ops.lake_build_state where model in ({names}) group by all"
    )
    return query if connection.execute(f"{query} limit 1").fetchone() else None


def _query(connection: duckdb.DuckDBPyConnection, model: PublicModel) -> str | None:
    """Return the query of a view; None for a table."""
    row = connection.execute(
        "select sql from duckdb_views() "
        "where database_name = ? and schema_name = ? and view_name = ?",
        [BUILD, model.schema, model.name],
    ).fetchone()
    return str(row[0]) if row else None


def _definition(connection: duckdb.DuckDBPyConnection, model: PublicModel) -> str:
    """Return a hash of a table's columns and, for a view, of its query but for the files' names."""
    columns = connection.execute(f"describe from {source(model)}").fetchall()
    query = re.sub(r"'[^']*\.parquet'(, )?", "", _query(connection, model) or "")
    return digest(f"{columns} {query}")


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    connection.execute(f"copy ({query}) to {literal(path)} (format parquet, compression snappy)")
    versions.sync_file(path)


def _link(old: Path, new: Path) -> None:
    try:
        os.link(old, new)
    except OSError:  # a file system without hard links
        shutil.copy2(old, new)
        versions.sync_file(new)


def _between(first: dt.date, last: dt.date) -> str:
    return f"session_date between date '{first}' and date '{last}'"
