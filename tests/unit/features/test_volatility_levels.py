"""The level of an index is the one that was known first."""

from __future__ import annotations

import duckdb
import jinja2

from engine.settings import project_root

MODEL = project_root() / "models/intermediate/market/int_market__volatility.sql"


def levels(rows: str) -> list[tuple]:
    sql = jinja2.Template(MODEL.read_text()).render(
        config=lambda **_: "", ref=lambda _: f"({rows})"
    )
    with duckdb.connect() as connection:
        return connection.execute(f"select vix, vvix, known_at from ({sql})").fetchall()


def test_a_level_that_came_later_changes_nothing():
    found = levels(
        """
        select * from (values
            ('VIX', 1, 20.0, 'later', 101), ('VIX', 1, 15.0, 'usual', 100),
            ('VIX', 1, 15.5, 'wider', 100), ('VVIX', 1, 90.0, 'usual', 100)
        ) as levels(index_symbol, session_date, close, source, known_at)
        """
    )
    assert found == [(15.0, 90.0, 100)]
