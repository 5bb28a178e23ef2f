"""A model's SQL as dbt would run it, on tables made for a test."""

from __future__ import annotations

import duckdb
import jinja2
import pyarrow as pa

from engine.settings import project_root

BAR_VALUES = (
    *("open", "high", "low", "close", "volume", "raw_close", "raw_volume", "vwap"),
    *("dollar_volume", "transactions", "factor"),
)
_BARS = ("symbol", "session_date", "known_at", *BAR_VALUES)


def bar_columns(relation: str) -> str:
    return ", ".join(f"{relation}.{name}" for name in _BARS)


def run(model: str, **tables: pa.Table) -> list[dict]:
    """Return the rows of `models/features/modules/<model>.sql` over the given refs."""
    path = project_root() / f"models/features/modules/{model}.sql"
    sql = jinja2.Template(path.read_text()).render(
        ref=lambda name: name, config=lambda **_: "", bar_columns=bar_columns
    )
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        for name, table in tables.items():
            con.register(name, table)
        return con.sql(sql).to_arrow_table().to_pylist()
