"""A dbt project of three models over a lake of two days, with the project's own plugin."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from engine.lake.schema import STOCKS
from engine.lake.store import Lake
from engine.settings import Settings

ROOT = Path(__file__).parents[3]

_FILES = {
    "dbt_project.yml": """
        name: small
        version: "1.0"
        profile: small
        macro-paths: [macros]
        vars: {lowest: 0}
        on-run-start: ["{{ record_run_start() }}"]
        on-run-end: ["{{ keep_manifest() }}", "{{ record_run_end(results) }}"]
        """,
    "profiles.yml": """
        small:
          target: local
          outputs:
            local:
              type: duckdb
              path: "{{ env_var('QUANT_WAREHOUSE') }}/build/quant.duckdb"
              schema: main
              threads: 2
              plugins: [{module: engine.warehouse.plugin, alias: lake}]
        """,
    "models/sources.yml": """
        version: 2
        sources:
          - name: lake
            schema: lake
            tables:
              - name: stocks
                config:
                  meta: {external_location: "read_parquet(getvariable('lake_stocks'))"}
              - {name: dividends, config: {meta: {plugin: lake, table: dividends}}}
              - {name: import_rejects, config: {meta: {plugin: lake, table: import_rejects}}}
              - {name: import_log, config: {meta: {plugin: lake, table: import_log}}}
              - {name: build_history, config: {meta: {plugin: lake, table: build_history}}}
        models:
          - name: prices
            description: A price a symbol.
            columns:
              - name: price
                data_tests:
                  - positive
          - name: doubled
            columns: [{name: price, data_tests: [not_null]}]
        """,
    "models/prices.sql": """
        {{ config(materialized='table', meta={'publish': 'table'}) }}
        select 'SPY' as symbol, 500.0 as price
        union all
        select 'QQQ', 400.0
        """,
    "models/doubled.sql": """
        {{ config(materialized='table', meta={'publish': 'table'}) }}
        select symbol, 2 * price as price from {{ ref('prices') }}
        """,
    "models/inputs.sql": """
        {{ config(materialized='table', meta={'publish': 'table'}) }}
        select 'stocks' as input, count(*) as count_rows from {{ source('lake', 'stocks') }}
        union all
        select 'dividends', count(*) from {{ source('lake', 'dividends') }}
        union all
        select 'import_rejects', count(*) from {{ source('lake', 'import_rejects') }}
        union all
        select 'import_log', count(*) from {{ source('lake', 'import_log') }}
        union all
        select 'build_history', count(*) from {{ source('lake', 'build_history') }}
        """,
    "tests/generic/positive.sql": """
        {% test positive(model, column_name) %}
        select * from {{ model }} where {{ column_name }} <= {{ var('lowest') }}
        {% endtest %}
        """,
}


def make_project(folder: Path) -> Path:
    """Write the project."""
    for name, content in _FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(line[8:] for line in content.strip("\n").splitlines()) + "\n")
    shutil.copytree(ROOT / "macros" / "ops", folder / "macros", dirs_exist_ok=True)
    return folder


def make_stores(folder: Path) -> Settings:
    """Make a lake of two days, and empty stores beside it."""
    lake = Lake.open(folder / "lake", create=True)
    for day in (dt.date(2024, 1, 2), dt.date(2024, 1, 3)):
        write_day(lake, day, close=100.0)
    return Settings(folder / "lake", folder / "journal", folder / "warehouse")


def write_day(lake: Lake, day: dt.date, close: float) -> None:
    """Write a day file with one day bar."""
    opened = dt.datetime.combine(day, dt.time(14, 30), dt.UTC)
    row = {
        **dict.fromkeys(STOCKS.schema.names),
        "symbol": "SPY",
        "ts": opened,
        "known_at": opened + dt.timedelta(hours=6.5),
        "bar_seconds": 86_400,
        "source": "test",
        "price_basis": "raw",
        "segment": "day",
        "close": close,
    }
    lake.write_day("stocks", day, pa.Table.from_pylist([row], schema=STOCKS.schema))


@contextmanager
def holding(build_file: Path) -> Iterator[int]:
    """Let another process write the build file; gives its id."""
    build_file.parent.mkdir(parents=True, exist_ok=True)
    script = (
        "import duckdb, sys\n"
        f"connection = duckdb.connect({str(build_file)!r})\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()\n"
        "connection.close()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process.pid
        process.communicate("")
