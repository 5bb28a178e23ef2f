"""Printing query results: a table for people, CSV and JSON for programs."""

from __future__ import annotations

import csv
import datetime as dt
import decimal
import itertools
import json
import math
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from engine.service import terminal

_UNLIMITED = 1_000_000

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import Console
    from rich.table import Table

    from engine.warehouse.query import Answer


def print_table(console: Console, answer: Answer, limit: int) -> None:
    """Print the first rows, saying so when there are more.

    A row that is too wide for the terminal is printed downwards, a column a line.
    """
    every = (row for batch in answer.batches for row in _rows(batch))
    rows = list(itertools.islice(every, limit))
    shown = _across(answer.schema, rows)
    width = console.measure(shown, options=console.options.update(width=_UNLIMITED)).maximum
    console.print(shown if width <= console.width else _downwards(answer.schema, rows))
    if next(every, None) is not None:
        console.print(f"The first {limit} rows; --format csv prints all.")
    elif not rows:
        console.print("No rows.")


def _across(schema: pa.Schema, rows: list[tuple[Any, ...]]) -> Table:
    shown = terminal.table()
    for field in schema:
        is_number = str(field.type).startswith(("int", "uint", "float", "double", "decimal"))
        shown.add_column(field.name, justify="right" if is_number else "left")
    for row in rows:
        shown.add_row(*(_cell(value) for value in row))
    return shown


def _downwards(schema: pa.Schema, rows: list[tuple[Any, ...]]) -> Table:
    shown = terminal.table()
    shown.show_header = False
    for _ in range(2):
        shown.add_column(overflow="fold")
    for row in rows:
        for name, value in zip(schema.names, row, strict=True):
            shown.add_row(name, _cell(value))
        shown.add_section()
    return shown


def print_csv(answer: Answer) -> None:
    """Print rows as CSV with a header; NULL is empty."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(answer.schema.names)
    for batch in answer.batches:
        writer.writerows([_text(value) for value in row] for row in _rows(batch))


def print_json(answer: Answer) -> None:
    """Print rows as a JSON list of objects, one a line; NaN and infinities are null."""
    names = answer.schema.names
    start = "[\n"
    for batch in answer.batches:
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
    return Text(_number(value) if isinstance(value, float) else _text(value))


def _number(value: float) -> str:
    """Return a number as a person reads it: six decimals at most, an exponent only if it must."""
    if not math.isfinite(value) or not (value == 0 or 1e-4 <= abs(value) < 1e15):
        return f"{value:.6g}"
    return f"{value:.6f}".rstrip("0").rstrip(".")


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
