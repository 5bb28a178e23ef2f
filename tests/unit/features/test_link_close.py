"""The close that joins a source to the one before it is the source's own, of the same kind."""

from __future__ import annotations

import duckdb
import jinja2

from engine.settings import project_root

MODEL = project_root() / "models/intermediate/bars/int_bars__daily.sql"
COLUMNS = "symbol, source, price_basis, session_date, ts, open, high, low, close"


def daily(day_rows: list[tuple], sessions_of_minutes: list[tuple]) -> dict[tuple, tuple]:
    """Return (bar_source, link_close) by session; prices are closes throughout."""

    def values(rows: list[tuple]) -> str:
        return ", ".join(str(row) for row in rows)

    day = "(date '2024-06-03' + n::integer)"
    rows = (
        f"(select 'AAA' as symbol, source, 'raw' as price_basis, {day} as session_date, "
        f"{day}::timestamptz + to_hours(hour) as ts, {day}::timestamptz as known_at, "
        "price as open, price as high, price as low, price as close, 1.0 as volume, "
        f"1 as transactions, price as vwap from (values {values(day_rows)}) "
        "as t (n, source, hour, price))"
    )
    minutes = (
        f"(select 'AAA' as symbol, source, 'raw' as price_basis, {day} as session_date, "
        f"{day}::timestamptz as known_at, price as open, price as high, price as low, "
        "price as close, 1.0 as volume, 1 as transactions, price as dollar_volume, "
        "390 as minutes, 390 as expected_minutes, "
        f"from (values {values(sessions_of_minutes)}) as t (n, source, price))"
    )
    calendar = (
        "(select date '2024-06-03' + n::integer as session_date, "
        "date '2024-06-02' + n::integer as previous_session from range(5) as t (n))"
    )
    priority = "(from (values ('one', 10), ('two', 20)) as t (source, priority))"
    refs = {
        "int_bars__session": minutes,
        "int_bars__day_rows": rows,
        "dim_sessions": calendar,
        "source_priority": priority,
    }
    sql = jinja2.Template(MODEL.read_text()).render(
        config=lambda **_: "", ref=refs.get, var=lambda _: 0.8
    )
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        found = connection.execute(
            f"select day(session_date) - 3, bar_source, link_close from ({sql})"
        ).fetchall()
    return {number: tuple(rest) for number, *rest in found}


def test_a_day_bar_is_linked_to_the_day_bar_before_and_minutes_to_minutes():
    """Not to the greater of the two, which has another kind of close as often as not."""
    day_rows = [(0, "one", 9, 100.0), (1, "one", 9, 101.0)]
    found = daily(day_rows, [(0, "one", 100.5), (2, "one", 102.0)])
    assert found[1] == ("day", 100.0)
    both = daily([(0, "one", 9, 100.9)], [(0, "one", 100.5), (1, "one", 101.0)])
    assert both[1] == ("minutes", 100.5)


def test_without_one_of_its_kind_the_other_links():
    assert daily([(0, "one", 9, 100.0)], [(1, "one", 101.0)])[1] == ("minutes", 100.0)


def test_of_several_day_bars_the_last_links_and_another_source_never():
    day_rows = [(0, "one", 9, 105.0), (0, "one", 11, 100.0), (0, "two", 9, 200.0)]
    found = daily([*day_rows, (1, "one", 9, 101.0), (3, "two", 9, 201.0)], [(9, "one", 1.0)])
    assert found[1] == ("day", 100.0)
    assert found[3] == ("day", None)
