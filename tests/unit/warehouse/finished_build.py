"""A finished build without dbt: a small build file, its record of runs, and its manifest."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from engine.settings import Settings
from engine.warehouse import manifest
from engine.warehouse.manifest import Manifest

MODEL = "model.quant_engine."
TEST = "test.quant_engine."


@dataclass(frozen=True)
class Build:
    """A build file that may be published, and ways to change it."""

    settings: Settings

    def connect(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(self.settings.build_file))

    def execute(self, *statements: str) -> None:
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement)

    @property
    def manifest(self) -> Manifest:
        return manifest.parse(MANIFEST)


def _model(name: str, schema: str, publish: str | None, *needs: str) -> dict[str, Any]:
    return {
        "unique_id": MODEL + name,
        "name": name,
        "alias": name,
        "schema": schema,
        "resource_type": "model",
        "description": f'What {name} is; it\'s "quoted".',
        "columns": {"close": {"name": "close", "description": "The day's last price, in dollars."}},
        "config": {"materialized": "table", "meta": {"publish": publish} if publish else {}},
        "depends_on": {"nodes": [MODEL + need for need in needs]},
    }


def _test(name: str, tested: str) -> dict[str, Any]:
    return {
        "unique_id": TEST + name,
        "name": name,
        "resource_type": "test",
        "config": {},
        "depends_on": {"nodes": [MODEL + tested]},
    }


MANIFEST: dict[str, Any] = {
    "nodes": {
        node["unique_id"]: node
        for node in (
            _model("stg_lake__stocks", "staging", "parts"),
            _model("int_bars__daily", "intermediate", None, "stg_lake__stocks"),
            _model("bars_1d", "main", "table", "int_bars__daily"),
            _test("unique_bars", "bars_1d"),
        )
    },
    "unit_tests": {},
}

FIRST = dt.date(2024, 1, 30)
DAYS = 33  # three calendar months


def make_build(folder: Path) -> Build:
    """Make a build file as dbt leaves it after one complete run."""
    settings = Settings(folder / "lake", folder / "journal", folder / "warehouse")
    settings.build_file.parent.mkdir(parents=True)
    build = Build(settings)
    build.execute(
        "create schema staging",
        "create schema intermediate",
        "create schema ops",
        f"""
        create table staging.stg_lake__stocks as
        select symbol, day::date as session_date, 100.0 + i as close
        from range(date '{FIRST}', date '{FIRST + dt.timedelta(DAYS)}', interval 1 day) as d (day),
            (values ('SPY', 1), ('QQQ', 2)) as s (symbol, i)
        order by session_date, symbol
        """,
        "create table intermediate.int_bars__daily as from staging.stg_lake__stocks",
        "create table main.bars_1d as from staging.stg_lake__stocks",
        """
        create table ops.lake_build_state as
        select distinct
            'stg_lake__stocks' as model, session_date, md5(session_date::varchar) as stamp
        from staging.stg_lake__stocks
        """,
        "create table ops.dbt_runs (run bigint primary key, invocation_id varchar,"
        " command varchar, started_at timestamptz, finished_at timestamptz)",
        "insert into ops.dbt_runs values (1, 'a', 'build', now(), now())",
        "create table ops.dbt_results (unique_id varchar primary key, run bigint,"
        " status varchar, failures bigint, seconds double)",
        *(
            "insert into ops.dbt_results values "
            f"('{name}', 1, '{'pass' if name.startswith('test') else 'success'}', 0, 0.1)"
            for name in MANIFEST["nodes"]
        ),
    )
    return build
