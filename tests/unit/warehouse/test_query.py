from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from finished_build import Build

from engine.errors import QueryError
from engine.warehouse import connect, query
from engine.warehouse.publish import publish


@pytest.fixture
def published(build: Build) -> Iterator[duckdb.DuckDBPyConnection]:
    publish(build.settings, build.manifest)
    with connect.published(build.settings, functions=False) as connection:
        yield connection


def _rows(answer: query.Answer) -> list[dict[str, object]]:
    return [row for batch in answer.batches for row in batch.to_pylist()]


@pytest.mark.parametrize(
    "sql",
    [
        "select 1",
        "from bars_1d",
        "with a as (select 1) from a",
        "values (1)",
        "describe bars_1d",
        "summarize bars_1d",
        "show tables",
        "explain select * from bars_1d",
    ],
)
def test_statements_that_only_read_are_answered(
    published: duckdb.DuckDBPyConnection, sql: str
) -> None:
    assert _rows(query.ask(published, sql))


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "select 1; select 2",
        "insert into bars_1d values (1)",
        "create table x as select 1",
        "create temp table x as select 1",
        "copy bars_1d to 'x.csv'",
        "attach 'x.duckdb'",
        "set threads = 1",
        "pragma database_size",
        "call pragma_version()",
        "explain analyze delete from bars_1d",
        "install httpfs",
        "export database 'x'",
        "from read_csv('/etc/passwd')",
        "select * from no_such_table",
        "selec 1",
    ],
)
def test_anything_else_is_refused_in_a_sentence(
    published: duckdb.DuckDBPyConnection, sql: str
) -> None:
    with pytest.raises(QueryError) as caught:
        _rows(query.ask(published, sql))
    assert caught.value.what
    assert "\n" not in caught.value.what


def test_a_failure_half_way_is_a_sentence_too(published: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(QueryError, match="boom"):
        _rows(query.ask(published, "select if(close > 101, error('boom'), close) from bars_1d"))


def test_an_empty_answer_keeps_its_columns(published: duckdb.DuckDBPyConnection) -> None:
    answer = query.ask(published, "select symbol, close from bars_1d where false")
    assert answer.schema.names == ["symbol", "close"]
    assert _rows(answer) == []


@pytest.mark.parametrize("table", ["bars_1d", "stg_lake__stocks"])
def test_an_exported_table_equals_the_published_one(
    published: duckdb.DuckDBPyConnection, tmp_path: Path, table: str
) -> None:
    out = tmp_path / "out.parquet"
    assert query.export(published, table, out) == 66
    assert pq.read_table(out).to_pylist() == _rows(query.ask(published, f"from {table}"))


def test_an_export_may_be_some_rows_as_csv(
    published: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    condition = "symbol = 'SPY' -- not the other\n and session_date < '2024-02-02'"
    rows = query.export(published, "bars_1d", out, where=condition, kind="csv")
    with out.open() as file:
        read = list(csv.DictReader(file))
    assert rows == len(read) == 3
    assert [row["session_date"] for row in read] == ["2024-01-30", "2024-01-31", "2024-02-01"]
    assert {row["symbol"] for row in read} == {"SPY"}


@pytest.mark.parametrize(
    ("table", "where", "said"),
    [
        ("bars_1w", None, "no published table bars_1w"),
        ("bars_1d", "no_such = 1", "no_such"),
        ("bars_1d", "1 = 1); select (1", "found 2|syntax"),
        ('bars_1d" where 1 = 0 --', None, "no published table"),
    ],
)
def test_a_wrong_export_leaves_no_file(
    published: duckdb.DuckDBPyConnection, tmp_path: Path, table: str, where: str | None, said: str
) -> None:
    with pytest.raises(QueryError, match=said):
        query.export(published, table, tmp_path / "out.parquet", where=where)
    assert not list(tmp_path.glob("*out*"))


def test_a_folder_that_is_not_there_is_named(
    published: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    with pytest.raises(QueryError, match="could not be written"):
        query.export(published, "bars_1d", tmp_path / "no" / "such" / "out.parquet")
