"""Printing query results: a table for people, CSV and JSON for programs."""

from __future__ import annotations

import csv
import datetime as dt
import decimal
import json
import math
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import Console


def print_table(console: Console, batches: Iterable[pa.RecordBatch], limit: int) -> None:
    """Print the first rows as a table, saying so when there are more."""
    from rich import box
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    count = 0
    for batch in batches:
        if not shown.columns:
            for field in batch.schema:
                is_number = str(field.type).startswith(("int", "uint", "float", "double", "dec"))
                shown.add_column(field.name, justify="right" if is_number else "left")
        for row in _rows(batch):
            if count == limit:
                console.print(shown)
                console.print(f"The first {limit} rows; --format csv prints all.")
                return
            shown.add_row(*(_cell(value) for value in row))
            count += 1
    if shown.columns:
        console.print(shown)
    else:
        console.print("No rows.")


def print_csv(batches: Iterable[pa.RecordBatch]) -> None:
    """Print rows as CSV with a header; NULL is empty."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    for number, batch in enumerate(batches):
        if number == 0:
            writer.writerow(batch.schema.names)
        writer.writerows([_text(value) for value in row] for row in _rows(batch))


def print_json(batches: Iterable[pa.RecordBatch]) -> None:
    """Print rows as a JSON list of objects, one a line; NaN and infinities are null."""
    start = "[\n"
    for batch in batches:
        names = batch.schema.names
        for row in _rows(batch):
            values = {name: _plain(value) for name, value in zip(names, row, strict=True)}
            sys.stdout.write(start + json.dumps(values, ensure_ascii=False))
            start = ",\n"
    sys.stdout.write("[]\n" if start == "[\n" else "\n]\n")


def _rows(batch: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
    return zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _cell(value: Any) -> Any:
    from rich.text import Text

    if value is None:
        return Text("NULL", style="dim")
    return Text(f"{value:.6g}" if isinstance(value, float) else _text(value))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return str(value)


def _plain(value: Any) -> Any:
    """Return a value that JSON has."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value if isinstance(value, str | int | float | bool | None) else str(value)
