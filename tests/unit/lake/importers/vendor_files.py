"""Miniature vendor files, and short ways to read what an import made of them."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.lake.importers import ImportReport, import_files
from engine.lake.store import Lake

UTC = dt.UTC
MASSIVE = "ticker,volume,open,close,high,low,window_start,transactions"


def at(text: str) -> dt.datetime:
    """Return a UTC instant from `2023-03-13 13:30`."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=UTC)


def nanoseconds(text: str) -> int:
    """Return Unix nanoseconds of a UTC instant."""
    return int(at(text).timestamp()) * 1_000_000_000


def write(path: Path, header: str, *lines: str) -> Path:
    """Write a CSV file, gzipped when its name says so."""
    content = "\n".join([header, *lines]) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name.endswith(".gz"):
        path.write_bytes(gzip.compress(content.encode(), mtime=0))
    else:
        path.write_text(content)
    return path


def write_parquet(path: Path, **columns: Any) -> Path:
    """Write a Parquet file."""
    pq.write_table(pa.table(columns), path)
    return path


def import_one(lake: Path, path: Path, vendor: str, **options: Any) -> ImportReport:
    """Import one file."""
    (report,) = import_files(lake, [path], vendor=vendor, **options)
    assert report.rows_read == report.rows_written + sum(report.rejected.values())
    return report


def day_rows(lake: Path, dataset: str, day: str) -> list[dict[str, Any]]:
    """Return a day file's rows."""
    rows: list[dict[str, Any]] = (
        Lake(lake).read_day(dataset, dt.date.fromisoformat(day)).to_pylist()
    )
    return rows


def reference_rows(lake: Path, name: str) -> list[dict[str, Any]]:
    """Return a reference table's rows."""
    rows: list[dict[str, Any]] = Lake(lake).read_reference(name).to_pylist()
    return rows


def fingerprint(lake: Path) -> dict[str, str]:
    """Return the hash of every file of a lake but its lock."""
    return {
        str(path.relative_to(lake)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(lake.rglob("*"))
        if path.is_file() and path.name != "_lock"
    }
