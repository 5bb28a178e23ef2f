"""The app's one way to data: the published warehouse, read-only, small results, cached.

One `Published` serves the process, each query has a cursor of its own, and a result is kept by
version, SQL and parameters. What leaves the database is bounded: pages reduce in SQL.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import streamlit as st

from engine.errors import QuantError
from engine.settings import Settings, load
from engine.warehouse.connect import Published
from engine.warehouse.versions import Version

MOST_ROWS = 4_000  # of any one result


class TooManyRowsError(QuantError):
    """A page asked for more rows than may leave the database."""


def _open(warehouse: Path, lake: Path, journal: Path) -> Published:
    # without the project's functions: no published view needs them, and Numba stays unloaded
    return Published(Settings(lake, journal, warehouse), functions=False)


_published = st.cache_resource(_open, show_spinner=False, on_release=Published.close)


def published() -> Published:
    """Return the published warehouse of this process's settings."""
    settings = load()
    found: Published = _published(settings.warehouse, settings.lake, settings.journal)
    return found


def version() -> Version:
    """Return the version that serves now.

    Raises
    ------
    PublishError
        When nothing is published.
    """
    return published().version()


def _answer(
    warehouse: str,
    stamp: str,
    sql: str,
    parameters: tuple[object, ...],
) -> pa.Table:
    with contextlib.closing(published().cursor()) as cursor:
        result = cursor.sql(sql, params=list(parameters)).to_arrow_table()
    if result.num_rows > MOST_ROWS:
        raise TooManyRowsError(
            f"A query of this page returned {result.num_rows:,} rows; {MOST_ROWS:,} is the most.",
            "Reduce it in SQL: see app/reduce.py.",
        )
    return result


_answers = st.cache_data(_answer, show_spinner=False, max_entries=1_000)


def table(sql: str, *parameters: object) -> pa.Table:
    """Return the result of a query on the version that serves now.

    Parameters
    ----------
    sql
        One SELECT with `?` for each parameter.
    parameters
        Their values.

    Raises
    ------
    TooManyRowsError
        When it has more than `MOST_ROWS` rows.
    """
    now = version()
    return _answers(str(now.warehouse), now.stamp, sql, parameters)


def records(sql: str, *parameters: object) -> list[dict[str, Any]]:
    """Return the rows of a query as dictionaries; see `table`."""
    rows: list[dict[str, Any]] = table(sql, *parameters).to_pylist()
    return rows


def record(sql: str, *parameters: object) -> dict[str, Any]:
    """Return the one row of a query; see `table`."""
    return records(sql, *parameters)[0]


def facts() -> dict[str, Any]:
    """Return what is known of the build of the version that serves now."""
    now = version()
    known: dict[str, Any] = _facts(str(now.warehouse), now.stamp)
    return known


def _read_facts(warehouse: str, stamp: str) -> dict[str, Any]:
    return Version(Path(warehouse), stamp).facts()


_facts = st.cache_data(_read_facts, show_spinner=False, max_entries=4)


def columns(name: str) -> dict[str, str]:
    """Return the columns of a published table and their types; empty when there is none."""
    rows = records(
        "select column_name, data_type from information_schema.columns "
        "where table_schema = 'main' and table_name = ? order by ordinal_position",
        name,
    )
    return {row["column_name"]: row["data_type"] for row in rows}


def names() -> frozenset[str]:
    """Return the names of the published tables."""
    rows = records("select table_name from information_schema.tables where table_schema = 'main'")
    return frozenset(row["table_name"] for row in rows)


def missing(*wanted: str) -> Sequence[str]:
    """Return those of the tables that are not in this version."""
    present = names()
    return [name for name in wanted if name not in present]


def quoted(identifier: str) -> str:
    """Return an SQL identifier, quoted."""
    return '"' + identifier.replace('"', '""') + '"'
