"""Comparing two builds of one table, bit by bit and column by column."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from engine.errors import AuditError

ROWS = "(rows)"  # stands for a column where whole rows differ
_FLOATS = ("DOUBLE", "FLOAT")
_NESTED = ("[", "STRUCT", "MAP", "UNION")


@dataclass(frozen=True)
class WideTable:
    """A public table whose rows say when they were known.

    Parameters
    ----------
    name, schema
        Its names in a build file.
    grain
        Columns that identify a row.
    """

    name: str
    schema: str
    grain: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """The first row, by time, in which a column differs.

    Parameters
    ----------
    table, column
        Where; the column is `(rows)` when a row is missing or too much.
    key
        The row's key, as text.
    known_at
        When the row was known.
    reference, rebuilt
        The value with and without the future, as text.
    """

    table: str
    column: str
    key: tuple[tuple[str, str], ...]
    known_at: str
    reference: str
    rebuilt: str

    def __str__(self) -> str:
        """Return the difference as a phrase."""
        key = ", ".join(f"{name} {value}" for name, value in self.key)
        return (
            f"{self.table}.{self.column} at {key} is {self.reference} with the future "
            f"and {self.rebuilt} without it"
        )


@dataclass(frozen=True)
class ColumnResult:
    """How one column compared.

    Parameters
    ----------
    table, column
        Which.
    rows, values
        Rows compared, and how many of them hold a value.
    different
        Rows whose bits differ.
    """

    table: str
    column: str
    rows: int
    values: int
    different: int


@dataclass(frozen=True)
class TableResult:
    """How one table compared.

    Parameters
    ----------
    table
        Which.
    rows
        Rows of the reference known at the cut.
    missing, extra
        Rows that only the reference has, and that only the rebuilt table has.
    columns
        Results by column, the key's left out.
    differences
        The first difference of each column that differs.
    """

    table: str
    rows: int
    missing: int
    extra: int
    columns: tuple[ColumnResult, ...]
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether every row known at the cut is the same, bit for bit."""
        return not self.differences


def public_tables(manifest: Path) -> tuple[WideTable, ...]:
    """Return the published models of a dbt manifest with their grain, by name.

    Raises
    ------
    AuditError
        When there is no manifest, or a published model declares no grain.
    """
    try:
        nodes = json.loads(manifest.read_text())["nodes"].values()
    except (OSError, json.JSONDecodeError, KeyError) as error:
        raise AuditError(
            f"dbt's manifest {manifest} cannot be read.", "Build with `quant build` first."
        ) from error
    found = []
    for node in nodes:
        meta = {**(node.get("meta") or {}), **(node.get("config", {}).get("meta") or {})}
        if node["resource_type"] != "model" or not meta.get("publish"):
            continue
        found.append(
            WideTable(
                name=node.get("alias") or node["name"],
                schema=node["schema"],
                grain=tuple(meta.get("grain") or ()),
            )
        )
    return tuple(sorted(found, key=lambda table: table.name))


def compare_builds(
    reference: Path,
    rebuilt: Path,
    tables: Collection[WideTable],
    instant: dt.datetime,
    *,
    reference_schema: str | None = None,
) -> tuple[TableResult, ...]:
    """Compare the rows known at an instant in two builds.

    Parameters
    ----------
    reference, rebuilt
        DuckDB files, made with and without what came after the instant.
    tables
        Candidates; those without a `known_at` column are passed over.
    instant
        Rows with `known_at <= instant` are compared.
    reference_schema
        Schema of all tables in the reference, where it is a published version.

    Returns
    -------
    tuple of TableResult
        One a table that has a `known_at`.

    Raises
    ------
    AuditError
        When such a table declares no grain or is missing in a build.
    """
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for alias, path in (("reference", reference), ("rebuilt", rebuilt)):
            text = str(path).replace("'", "''")
            connection.execute(f"attach '{text}' as {alias} (read_only)")
        results = []
        for table in tables:
            old = _columns(connection, "reference", reference_schema or table.schema, table)
            new = _columns(connection, "rebuilt", table.schema, table)
            if "known_at" not in new and "known_at" not in old:
                continue
            if not table.grain:
                raise AuditError(
                    f"{table.name} is published with known_at but declares no grain.",
                    "Add `grain: [...]` to the model's config.meta.",
                )
            results.append(
                _Comparison(
                    connection,
                    table,
                    f"reference.{_name(reference_schema or table.schema)}.{_name(table.name)}",
                    f"rebuilt.{_name(table.schema)}.{_name(table.name)}",
                    old,
                    new,
                    instant,
                ).result()
            )
    return tuple(results)


def _columns(
    connection: duckdb.DuckDBPyConnection, database: str, schema: str, table: WideTable
) -> dict[str, str]:
    found = connection.execute(
        "select column_name, data_type from duckdb_columns() "
        "where database_name = ? and schema_name = ? and table_name = ? order by column_index",
        [database, schema, table.name],
    ).fetchall()
    if not found:
        raise AuditError(
            f"The {database} build has no table {schema}.{table.name}.",
            "Build the whole project anew with `quant build --full-refresh`.",
        )
    return dict(found)


@dataclass(frozen=True)
class _Comparison:
    """One table of both builds, joined by its grain."""

    connection: duckdb.DuckDBPyConnection
    table: WideTable
    reference: str
    rebuilt: str
    old: Mapping[str, str]
    new: Mapping[str, str]
    instant: dt.datetime

    def result(self) -> TableResult:
        shared = [name for name in self.old if name in self.new and name not in self.table.grain]
        tests = {name: self._differs(name) for name in shared}
        measures = ", ".join(
            f"count(*) filter (where {test}), count(r.{_name(name)})"
            for name, test in tests.items()
        )
        row = self._query(
            "select count(*) filter (where r._is and c._is), "
            "count(*) filter (where c._is is null), count(*) filter (where r._is is null)"
            + (f", {measures}" if measures else "")
        )[0]
        both, only_reference, only_rebuilt = row[:3]
        rows, found = self._count(self.reference), self._count(self.rebuilt)
        # A key that repeats in one build matches the other's row twice.
        missing = only_reference + max(0, both - (found - only_rebuilt))
        extra = only_rebuilt + max(0, both - (rows - only_reference))
        columns = tuple(
            ColumnResult(self.table.name, name, rows, row[4 + 2 * place], row[3 + 2 * place])
            for place, name in enumerate(shared)
        )
        differences = [
            self._first(column.column, f"r._is and c._is and ({tests[column.column]})")
            for column in columns
            if column.different
        ]
        if missing or extra:
            differences.insert(0, self._first_row())
        differences += [
            Difference(self.table.name, name, (), "", *sides)
            for names, sides in (
                (self.old.keys() - self.new.keys(), ("a column", "absent")),
                (self.new.keys() - self.old.keys(), ("absent", "a column")),
            )
            for name in sorted(names)
        ]
        return TableResult(self.table.name, rows, missing, extra, columns, tuple(differences))

    def _differs(self, name: str) -> str:
        """Return the test of two values' bits: NULL equals NULL, and -0.0 is not 0.0."""
        if self.old[name] != self.new[name]:
            return "r._is and c._is"
        a, b = f"r.{_name(name)}", f"c.{_name(name)}"
        test = f"{a} is distinct from {b}"
        if self.old[name] in _FLOATS:
            test += f" or signbit({a}) is distinct from signbit({b})"
        elif any(mark in self.old[name] for mark in _NESTED):
            test += f" or {a}::varchar is distinct from {b}::varchar"
        return f"r._is and c._is and ({test})"

    def _count(self, relation: str) -> int:
        row = self.connection.execute(
            f"select count(*) from {relation} where known_at <= ?", [self.instant]
        ).fetchone()
        assert row is not None
        return int(row[0])

    def _query(self, select: str, rest: str = "") -> list[tuple[Any, ...]]:
        on = " and ".join(
            f"r.{_name(name)} is not distinct from c.{_name(name)}" for name in self.table.grain
        )
        found: list[tuple[Any, ...]] = self.connection.execute(
            f"{select} from (select *, true as _is from {self.reference} where known_at <= $at) r "
            f"full join (select *, true as _is from {self.rebuilt} where known_at <= $at) c "
            f"on {on} {rest}",
            {"at": self.instant},
        ).fetchall()
        return found

    def _key(self) -> str:
        return ", ".join(
            f"coalesce(r.{_name(name)}, c.{_name(name)})::varchar" for name in self.table.grain
        )

    def _first(self, column: str, where: str) -> Difference:
        name = _name(column)
        rows = self._query(
            f"select {self._key()}, r.known_at::varchar, r.{name}, c.{name}",
            f"where {where} order by r.known_at, {self._key()} limit 1",
        )
        *key, known_at, reference, rebuilt = rows[0]
        return self._difference(column, key, known_at, _text(reference), _text(rebuilt))

    def _first_row(self) -> Difference:
        rows = self._query(
            f"select {self._key()}, coalesce(r.known_at, c.known_at)::varchar, r._is, c._is",
            "where r._is is null or c._is is null "
            f"order by coalesce(r.known_at, c.known_at), {self._key()} limit 1",
        )
        if not rows:
            return Difference(self.table.name, ROWS, (), "", "one row a key", "a repeated key")
        *key, known_at, reference, rebuilt = rows[0]
        sides = ("a row" if side else "no row" for side in (reference, rebuilt))
        return self._difference(ROWS, key, known_at, *sides)

    def _difference(
        self, column: str, key: list[str], known_at: str, reference: str, rebuilt: str
    ) -> Difference:
        named = tuple(zip(self.table.grain, map(str, key), strict=True))
        return Difference(self.table.name, column, named, known_at, reference, rebuilt)


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _text(value: object) -> str:
    return "NULL" if value is None else repr(value) if isinstance(value, float) else str(value)
