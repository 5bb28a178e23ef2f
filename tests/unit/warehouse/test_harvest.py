"""Every published feature of a symbol in one file."""

from __future__ import annotations

import datetime as dt

import duckdb
import pyarrow.parquet as pq
import pytest

from engine.errors import QueryError
from engine.warehouse import harvest

START, END = dt.date(2024, 1, 1), dt.date(2024, 12, 31)


@pytest.fixture
def connection():
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute("""
            create table features_daily as
            from (values
                ('SPY', date '2024-01-02', timestamptz '2023-12-29 21:00:00Z', 1.0),
                ('SPY', date '2024-01-03', timestamptz '2024-01-02 21:00:00Z', 2.0),
                ('O''X', date '2024-01-03', timestamptz '2024-01-02 21:00:00Z', 3.0)
            ) as t (symbol, session_date, known_at, raw_a);
            create table features_cross_asset as
            select date '2024-01-03' as session_date,
                timestamptz '2024-01-02 21:15:00Z' as known_at, 7.0 as xa_b;
            create table features_options as
            select 'SPY' as underlying, date '2024-01-02' as session_date,
                timestamptz '2023-12-29 21:00:00Z' as known_at, 9.0 as opt_c;
            create table features_5min as
            select 'SPY' as symbol, date '2024-01-02' as session_date, now() as known_at,
                now() as decision_at, 0.0 as raw_ret_5m_6;
            create table other as select 1 as n;
        """)
        yield con


def test_the_file_holds_every_wide_table_of_one_row_a_session(connection, tmp_path):
    found = harvest.harvest(connection, "SPY", START, END, tmp_path / "new")
    table = pq.read_table(found.path)
    assert found.path.name == "SPY_master_features.parquet"
    assert (found.rows, found.columns) == (2, 6)
    assert table.drop_columns(["known_at"]).to_pylist() == [
        {
            "symbol": "SPY",
            "session_date": dt.date(2024, 1, 2),
            "raw_a": 1.0,
            "xa_b": None,
            "opt_c": 9.0,
        },
        {
            "symbol": "SPY",
            "session_date": dt.date(2024, 1, 3),
            "raw_a": 2.0,
            "xa_b": 7.0,
            "opt_c": None,
        },
    ]


def test_known_at_is_the_latest_of_the_tables(connection, tmp_path):
    table = pq.read_table(harvest.harvest(connection, "SPY", START, END, tmp_path).path)
    assert table["known_at"].to_pylist() == [
        dt.datetime(2023, 12, 29, 21, 0, tzinfo=dt.UTC),
        dt.datetime(2024, 1, 2, 21, 15, tzinfo=dt.UTC),
    ]


def test_first_and_last_session_are_included_and_no_other(connection, tmp_path):
    day = dt.date(2024, 1, 3)
    assert harvest.harvest(connection, "SPY", day, day, tmp_path).rows == 1


def test_a_symbol_is_text_and_not_sql(connection, tmp_path):
    assert harvest.harvest(connection, "O'X", START, END, tmp_path).rows == 1


def test_an_unknown_symbol_is_refused_by_name(connection, tmp_path):
    with pytest.raises(QueryError, match="QQQ has no features"):
        harvest.harvest(connection, "QQQ", START, END, tmp_path)


def test_no_sessions_leave_no_file(connection, tmp_path):
    with pytest.raises(QueryError, match="no sessions from 2030-01-01"):
        harvest.harvest(connection, "SPY", dt.date(2030, 1, 1), dt.date(2030, 2, 1), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_warehouse_without_features_says_what_to_build(tmp_path):
    with duckdb.connect() as con, pytest.raises(QueryError, match="features_daily"):
        harvest.harvest(con, "SPY", START, END, tmp_path)
