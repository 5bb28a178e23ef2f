"""Reduction in SQL keeps what a chart must not lose."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from app.reduce import buckets, candles, line


def reduced(table: pa.Table, most: int) -> list[dict]:
    with duckdb.connect() as connection:
        connection.register("bars", table)
        rows = connection.sql(
            f"with b as ({buckets('bars', 't', most)}) select bucket, {candles('t')}, "
            f"{line('v', 't')}, count(*) as n from b group by bucket order by bucket"
        )
        return rows.to_arrow_table().to_pylist()


def series(count: int, seed: int = 7) -> pa.Table:
    draw = np.random.default_rng(seed)
    price = np.cumsum(draw.normal(size=count)) + 100
    value = draw.normal(size=count)
    order = draw.permutation(count)  # rows come in any order
    columns = {
        "t": np.arange(count),
        "open": price,
        "close": price + draw.normal(size=count),
        "high": price + 3,
        "low": price - 3,
        "v": value,
    }
    return pa.table({name: values[order] for name, values in columns.items()})


@pytest.mark.parametrize(("count", "most"), [(10, 10), (11, 10), (999, 100), (12_345, 700)])
def test_no_more_buckets_than_asked_and_no_extreme_lost(count, most):
    table = series(count)
    rows = reduced(table, most)
    assert len(rows) <= most
    assert sum(row["n"] for row in rows) == count
    assert min(row["low"] for row in rows) == min(table["low"].to_pylist())
    assert max(row["high"] for row in rows) == max(table["high"].to_pylist())
    assert min(row["lowest"] for row in rows) == min(table["v"].to_pylist())
    assert max(row["highest"] for row in rows) == max(table["v"].to_pylist())


def test_buckets_are_consecutive_and_differ_by_the_last_only():
    rows = reduced(series(1_000), 300)
    assert [row["bucket"] for row in rows] == list(range(len(rows)))
    assert {row["n"] for row in rows[:-1]} == {4}


def test_what_fits_is_left_alone():
    table = series(50)
    rows = reduced(table, 50)
    by_time = sorted(table.to_pylist(), key=lambda row: row["t"])
    for row, bar in zip(rows, by_time, strict=True):
        assert (row["open"], row["close"]) == (bar["open"], bar["close"])
        assert row["first"] == row["last"] == row["lowest"] == row["highest"] == bar["v"]


def test_a_candle_opens_with_the_first_bar_and_closes_with_the_last():
    table = series(100)
    by_time = sorted(table.to_pylist(), key=lambda row: row["t"])
    rows = reduced(table, 10)
    assert [row["open"] for row in rows] == [bar["open"] for bar in by_time[::10]]
    assert [row["close"] for row in rows] == [bar["close"] for bar in by_time[9::10]]


def test_nothing_gives_nothing():
    assert reduced(series(10).slice(0, 0), 10) == []
