"""Rows of one file that say the same of a reference table twice.

A day file may keep repeated rows, for staging judges them; a reference table has one row a key, so
repeats are told apart when they are read: an identical row is a `duplicate`, of rows with other
values the last one counts and the others are a `conflicting_duplicate`. Several distributions on
one ex-date are no conflict: all of them stay.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from engine.lake.schema import Reference


def without_repeats(spec: Reference, rows: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Take repeated rows out of what a file says of a reference table.

    Parameters
    ----------
    spec
        The table.
    rows
        Its columns, and any others; in the file's order.

    Returns
    -------
    (pyarrow.Table, pyarrow.Table)
        The rows that count, and the others with their `reason`.
    """
    listed = rows.select(spec.schema.names).to_pylist()
    identity = spec.schema.names if spec.may_repeat else list(spec.key)
    last: dict[tuple[Any, ...], int] = {
        tuple(row[name] for name in identity): place for place, row in enumerate(listed)
    }
    kept = sorted(last.values())
    stays = set(kept)
    gone = [place for place in range(len(listed)) if place not in stays]
    reasons = [
        "duplicate"
        if listed[place] == listed[last[tuple(listed[place][name] for name in identity)]]
        else "conflicting_duplicate"
        for place in gone
    ]
    repeats = rows.take(pa.array(gone, pa.int64()))
    return (
        rows.take(pa.array(kept, pa.int64())),
        repeats.append_column("reason", pa.array(reasons, pa.string())),
    )
