"""dbt-duckdb plugin: what dbt needs from the engine when it opens the build file.

In `profiles.yml`: `plugins: [{module: engine.warehouse.plugin, alias: lake}]`. A source with
`meta: {plugin: lake, table: NAME}` is then a table made here; everything else a source reads
is named by DuckDB variables, so that a model opens exactly the files it needs.

A source's table is made anew each time a model names it, and DuckDB refuses two threads that
do so at once: let one model read each of these sources, and others read that model.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.adapters.duckdb.utils import SourceConfig

from engine import settings
from engine.errors import LakeError
from engine.lake.schema import DATASETS, REFERENCES, REJECTS
from engine.lake.store import TEMPLATE, Lake
from engine.warehouse import udf
from engine.warehouse.audit_history import audits
from engine.warehouse.history import build_history

IMPORT_LOG = pa.schema(
    [
        ("source", pa.string()),
        ("file", pa.string()),
        ("dataset", pa.string()),
        ("bytes", pa.int64()),
        ("content_hash", pa.string()),
        ("count_vendor_rows", pa.int64()),
        ("count_read", pa.int64()),
        ("count_written", pa.int64()),
        ("count_rejected", pa.int64()),
        ("rejected_by_reason", pa.string()),
        ("count_days", pa.int64()),
        ("first_day", pa.date32()),
        ("last_day", pa.date32()),
    ]
)


class Plugin(BasePlugin):  # type: ignore[misc]
    """The engine's side of a dbt-duckdb connection."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Make the build file's folder: plugins come to life before the file is opened."""
        path = self.creds.path if self.creds is not None else ":memory:"
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Register the project's SQL functions; every cursor shares them."""
        udf.register(conn)

    def configure_cursor(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Set the variables that models read; cursors do not inherit them."""
        root = settings.load().lake.resolve()
        for name in DATASETS:
            template = str(root / name / TEMPLATE).replace("'", "''")
            cursor.execute(f"set variable lake_{name} = ['{template}']")
        cursor.execute(f"set variable kernel_hash = '{udf.kernel_hash()}'")

    def load(self, source_config: SourceConfig) -> pa.Table:
        """Return a source's rows.

        Raises
        ------
        LakeError
            When the source names a table that there is not, or its file cannot be read.
        """
        name = source_config["table"]
        if name in REFERENCES:
            return _reference(name)
        try:
            make = _TABLES[name]
        except KeyError:
            known = ", ".join(sorted((*REFERENCES, *_TABLES)))
            raise LakeError(
                f"Source {source_config.name} asks for the table {name}, which there is not.",
                f"Use one of: {known}.",
            ) from None
        return make()


def _reference(name: str) -> pa.Table:
    lake = Lake(settings.load().lake)
    try:
        return lake.read_reference(name)
    except (pa.ArrowInvalid, OSError) as error:
        raise LakeError(
            f"{lake.reference_path(name)} cannot be read: {error}.",
            "Delete it and import or simulate it again.",
        ) from error


def _import_rejects() -> pa.Table:
    """Return every rejected row of every import, in the order of the files' names."""
    tables = [REJECTS.empty_table()]
    for path in sorted((settings.load().lake / "rejects").glob("*.parquet")):
        try:
            tables.append(pq.read_table(path, schema=REJECTS))
        except (pa.ArrowInvalid, OSError) as error:
            raise LakeError(
                f"{path} cannot be read: {error}.",
                "Import the file it belongs to again.",
            ) from error
    return pa.concat_tables(tables)


def _import_log() -> pa.Table:
    """Return one row an imported file that still stands."""
    from engine.lake.importers.log import read_log

    rows = [
        {
            "source": report.source,
            "file": report.file,
            "dataset": report.dataset,
            "bytes": report.size,
            "content_hash": report.content_hash,
            "count_vendor_rows": report.vendor_rows,
            "count_read": report.rows_read,
            "count_written": report.rows_written,
            "count_rejected": sum(report.rejected.values()),
            "rejected_by_reason": json.dumps(report.rejected, sort_keys=True),
            "count_days": len(report.days),
            "first_day": min(report.days, default=None),
            "last_day": max(report.days, default=None),
        }
        for report in read_log(settings.load().lake)
    ]
    return pa.Table.from_pylist(rows, schema=IMPORT_LOG)


def _build_history() -> pa.Table:
    return build_history(settings.load().journal)


def _feature_audits() -> pa.Table:
    return audits(settings.load().journal)


_TABLES: dict[str, Callable[[], pa.Table]] = {
    "import_rejects": _import_rejects,
    "import_log": _import_log,
    "build_history": _build_history,
    "feature_audits": _feature_audits,
}
