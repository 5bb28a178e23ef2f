"""Answering one read-only statement from the published warehouse."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa

from engine.errors import QueryError

_ROWS_AT_ONCE = 65_536

Format = Literal["parquet", "csv"]


@dataclass(frozen=True)
class Answer:
    """What a query gives: its columns at once, its rows a piece at a time.

    Parameters
    ----------
    schema
        Columns and types.
    batches
        The rows; raises QueryError when the query fails half-way.
    """

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


def ask(connection: duckdb.DuckDBPyConnection, sql: str) -> Answer:
    """Run exactly one statement that only reads.

    Parameters
    ----------
    connection
        A cursor of the published warehouse.
    sql
        SELECT, FROM, WITH, VALUES, DESCRIBE, SUMMARIZE, SHOW or EXPLAIN.

    Raises
    ------
    QueryError
        When it is not one such statement, or DuckDB refuses it.
    """
    try:
        statements = connection.extract_statements(sql)
        if len(statements) != 1:
            raise QueryError(
                f"Expected one statement, found {len(statements)}.", "Give them one at a time."
            )
        (statement,) = statements
        if statement.type not in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN):
            raise QueryError(
                f"{statement.type.name} statements are not allowed: the warehouse is read-only.",
                "Use SELECT, DESCRIBE, SUMMARIZE, SHOW or EXPLAIN.",
            )
        reader = connection.sql(statement).to_arrow_reader(_ROWS_AT_ONCE)
    except duckdb.Error as error:
        raise _query_error(error) from error
    return Answer(reader.schema, _batches(reader))


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    try:
        yield from reader
    except (duckdb.Error, pa.ArrowException) as error:
        raise _query_error(error) from error


def tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the names of the published tables."""
    rows = connection.execute(
        "select table_name from information_schema.tables "
        "where table_schema = 'main' order by table_name"
    ).fetchall()
    return [row[0] for row in rows]


def export(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    out: Path,
    *,
    where: str | None = None,
    kind: Format = "parquet",
) -> int:
    """Write a published table, or some of its rows, to a file for other tools.

    Parameters
    ----------
    connection
        A cursor of the published warehouse.
    table
        A published table.
    out
        The file; it appears under its name only when it is complete.
    where
        A condition in SQL.
    kind
        Of the file.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    QueryError
        When there is no such table, the condition is wrong, or the file cannot be written.
    """
    known = tables(connection)
    if table not in known:
        close = difflib.get_close_matches(table, known, n=3)
        hint = f"Did you mean {' or '.join(close)}?" if close else "`quant status` lists them."
        raise QueryError(f"There is no published table {table}.", hint)
    # on lines of its own, so that a comment in the condition cannot swallow the bracket
    condition = f" where (\n{where}\n)" if where else ""
    answer = ask(connection, f'select * from main."{table}"{condition}')
    return write(answer, out, kind)


def write(answer: Answer, out: Path, kind: Format = "parquet") -> int:
    """Write an answer to a file that appears only when it is complete; return its rows.

    Raises
    ------
    QueryError
        When the file cannot be written.
    """
    temporary = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        rows = _write(answer, temporary, kind)
        temporary.replace(out)
    except OSError as error:
        raise QueryError(
            f"{out} could not be written: {error.strerror or error}.",
            "Free space or name another place with --out.",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return rows


def _write(answer: Answer, path: Path, kind: Format) -> int:
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    rows = 0
    writer = (
        pq.ParquetWriter(path, answer.schema, compression="zstd")
        if kind == "parquet"
        else pc.CSVWriter(path, answer.schema)
    )
    with writer:
        for batch in answer.batches:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _query_error(error: Exception) -> QueryError:
    text = str(error).strip()
    # DuckDB ends with the statement and a caret under the place: keep the sentence
    sentence = re.split(r"\n\s*\n|\nLINE \d+:", text)[0].strip().replace("\n", " ")
    return QueryError(sentence, "")
