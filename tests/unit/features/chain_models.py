"""The chain models' SQL as dbt would run it, on rows made for a test."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb
import jinja2
import pyarrow as pa

from engine.features import udf
from engine.settings import project_root

DAY = dt.date(2024, 6, 3)
CLOSE = dt.datetime(2024, 6, 3, 20, tzinfo=dt.UTC)
MODELS = "models/features/modules/options_feature_engineer"


def run(model: str, **tables: list[dict[str, Any]] | pa.Table) -> dict[str, Any]:
    """Return the one row of a model over the given refs."""
    root = project_root()
    macros = (root / "macros/options/smile.sql").read_text()
    sql = jinja2.Template(macros + (root / f"{MODELS}/{model}.sql").read_text()).render(
        ref=lambda name: name,
        config=lambda **_: "",
        lake_batch_dates=lambda: "session_date is not null",
    )
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        udf.register(con)
        for name, rows in tables.items():
            con.register(name, pa.Table.from_pylist(rows) if isinstance(rows, list) else rows)
        (row,) = con.sql(sql).to_arrow_table().to_pylist()
    return row
