"""Audits in the journal: what was looked at, when, on which code; one JSON an audit.

The catalog of features shows, of each column, the last audit of each kind, and whether the code
is still the one that was audited.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from engine.features.append import code_hash
from engine.lake.store import write_atomically

KINDS = ("kernels", "leaks")  # `quant features audit`, `quant audit leaks`

AUDITS = pa.schema(
    [
        ("kind", pa.string()),
        ("table_name", pa.string()),
        ("column_name", pa.string()),
        ("audited_at", pa.timestamp("us", tz="UTC")),
        ("code_hash", pa.string()),
        ("is_passed", pa.bool_()),
        ("count_rows", pa.int64()),
        ("cost_ns", pa.float64()),
        ("detail", pa.string()),
    ]
)


@dataclass(frozen=True)
class ColumnAudit:
    """What an audit says of one column.

    Parameters
    ----------
    table_name, column_name
        Which.
    is_passed
        None where nothing could be said: no value was there to compare.
    count_rows
        Rows, or bars, that were looked at.
    cost_ns
        CPU time of a row, where it was measured.
    detail
        What was found.
    """

    table_name: str
    column_name: str
    is_passed: bool | None
    count_rows: int
    cost_ns: float | None = None
    detail: str | None = None


def code() -> str:
    """Return the fingerprint of the code that an audit is about."""
    return f"{code_hash():016x}"


def record(journal: Path, kind: str, columns: Iterable[ColumnAudit], at: dt.datetime) -> Path:
    """Write an audit's results to the journal and return their file.

    Parameters
    ----------
    journal
        Folder of the journal.
    kind
        One of `KINDS`.
    columns
        One record a column.
    at
        When the audit ended, UTC.
    """
    content = {
        "kind": kind,
        "audited_at": at.isoformat(),
        "code_hash": code(),
        "columns": [asdict(column) for column in columns],
    }
    path = journal / "audits" / f"{at:%Y%m%dT%H%M%S%fZ}-{kind}.json"
    write_atomically(path, f"{json.dumps(content, indent=1)}\n".encode())
    return path


def audits(journal: Path) -> pa.Table:
    """Return the last audit of each kind of each column.

    Parameters
    ----------
    journal
        Folder of the journal; without audits the table is empty.

    Returns
    -------
    pyarrow.Table
        `AUDITS`.
    """
    last: dict[tuple[str, str, str], dict[str, object]] = {}
    for path in sorted((journal / "audits").glob("*.json")):
        with contextlib.suppress(json.JSONDecodeError, OSError, KeyError, ValueError, TypeError):
            content = json.loads(path.read_text())
            shared = {
                "kind": content["kind"],
                "audited_at": dt.datetime.fromisoformat(content["audited_at"]),
                "code_hash": content["code_hash"],
            }
            for column in content["columns"]:
                row = shared | asdict(ColumnAudit(**column))
                last[content["kind"], column["table_name"], column["column_name"]] = row
    rows = [last[key] for key in sorted(last)]
    return pa.Table.from_pylist(rows, schema=AUDITS)
