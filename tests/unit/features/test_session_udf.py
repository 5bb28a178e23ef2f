"""Session functions in SQL: registered once or often, NULL for unknown, chunks and threads."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest

from engine.features import udf
from engine.features.raw.session import FIELDS, raw_session
from engine.features.udf import Lists, SessionUdf, arrow_function

SQL = """
    select session, unnest(raw_session(
        list(minute_index), list(open), list(close), list(volume), any_value(minutes)
    ))
    from minutes group by session order by session
"""


@pytest.fixture
def connection():
    with duckdb.connect() as con:
        udf.register(con)
        yield con


def fill(con, sessions, missing_volume=False):
    con.execute(f"""
        create table minutes as
        select
            (i // 390)::integer as session, (i % 390)::integer as minute_index,
            100 + sin(i) as open, 100 + sin(i + 1) as close,
            {"null" if missing_volume else "1.0 + i % 7"}::double as volume,
            390::integer as minutes
        from range({sessions} * 390) as t(i)
    """)


def test_sql_gives_what_python_gives(connection):
    fill(connection, 3)
    i = np.arange(390 * 3)
    expected = raw_session(
        Lists(i % 390, np.arange(4) * 390),
        *(
            Lists(x, np.arange(4) * 390)
            for x in (100 + np.sin(i), 100 + np.sin(i + 1), 1.0 + i % 7)
        ),
        np.full(3, 390),
    )
    rows = connection.execute(SQL).fetchall()
    assert [column[0] for column in connection.description] == ["session", *FIELDS]
    np.testing.assert_allclose(np.array(rows)[:, 1:], np.array(expected).T, rtol=1e-12)


def test_more_sessions_than_a_chunk_on_several_threads_give_the_same_bits(connection):
    fill(connection, 5000)
    connection.execute("set threads = 4")
    once = connection.execute(SQL).fetchall()
    connection.execute("set threads = 1")
    assert connection.execute(SQL).fetchall() == once
    assert len(once) == 5000


def test_unknown_is_null(connection):
    fill(connection, 1, missing_volume=True)
    row = dict(zip(("session", *FIELDS), connection.execute(SQL).fetchone(), strict=True))
    assert row["raw_first30volume_1"] is None
    assert row["raw_rv_1"] > 0


def test_registering_again_or_on_a_cursor_is_allowed(connection):
    udf.register(connection)
    udf.register(connection.cursor())
    fill(connection, 1)
    assert len(connection.cursor().execute(SQL).fetchall()) == 1


def test_names_are_unique():
    names = [entry.name for entry in udf.session_udfs()]
    assert "raw_session" in names
    assert len(names) == len(set(names))


def test_a_null_list_is_an_empty_one():
    seen = []

    def count(lists):
        seen.append(lists)
        return [np.diff(lists.offsets).astype(float)]

    import pyarrow as pa

    call = arrow_function(SessionUdf("f", count, ("DOUBLE[]",), ("n",)))
    got = call(pa.array([[1.0, 2.0], None, [], [3.0]], pa.list_(pa.float64())))
    assert got.to_pylist() == [{"n": 2.0}, {"n": 0.0}, {"n": 0.0}, {"n": 1.0}]
    assert seen[0].values.tolist() == [1.0, 2.0, 3.0]
