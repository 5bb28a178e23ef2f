"""The level of an index is the one that was known first, and by the evening of its session."""

from __future__ import annotations

import datetime as dt

import duckdb
import jinja2

from engine.settings import project_root

MODEL = project_root() / "models/intermediate/market/int_market__volatility.sql"
SESSIONS = """
    (from (values
        (date '2024-06-06', timestamptz '2024-06-06 20:00:00Z'),
        (date '2024-06-07', timestamptz '2024-06-07 20:00:00Z')
    ) as sessions (session_date, close_at))
"""
EVENINGS = [dt.datetime(2024, 6, day, 20, 15, tzinfo=dt.UTC) for day in (6, 7)]


def levels(rows: str) -> list[tuple]:
    """Columns vix, vvix and known_at of the two sessions; rows of the first one's levels."""
    given = (
        "(select index_symbol, date '2024-06-06' as session_date, close, source, "
        f"timestamptz '2024-06-06 20:00:00Z' + to_minutes(late) as known_at from (values {rows}) "
        "as t (index_symbol, close, source, late))"
    )
    refs = {"stg_lake__index_levels": given, "dim_sessions": SESSIONS}
    sql = jinja2.Template(MODEL.read_text()).render(config=lambda **_: "", ref=refs.get)
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(
            f"select vix, vvix, known_at from ({sql}) order by session_date"
        ).fetchall()


def test_a_level_that_came_later_changes_nothing():
    found = levels(
        "('VIX', 20.0, 'later', 12), ('VIX', 15.0, 'usual', 10), ('VIX', 15.5, 'wider', 10), "
        "('VVIX', 90.0, 'usual', 10)"
    )
    assert found == [(15.0, 90.0, EVENINGS[0]), (None, None, EVENINGS[1])]


def test_a_level_after_the_evening_is_of_no_session_and_hides_no_other():
    found = levels("('VIX', 15.0, 'usual', 15), ('VVIX', 90.0, 'usual', 16)")
    assert found[0] == (15.0, None, EVENINGS[0])


def test_the_time_of_a_row_does_not_tell_whether_a_level_came():
    with_level = levels("('VIX', 15.0, 'usual', 15)")
    without = levels("('VIX', 15.0, 'usual', 600)")
    assert [row[2] for row in with_level] == [row[2] for row in without] == EVENINGS
