"""The schedule of fitted parameters: quarterly, on the past only, never repeated.

A quarter's parameters come from the last (at most 1,000) values before its first day and hold
for all of its sessions. A fit is a function of those values and of nothing else: not of when
the history begins, nor of the fits before it. Rows of an earlier run are kept as long as the
hash of their input is the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from engine.features.panel import Bars, Dates, Floats, bars_from_table

MIN_OBS = 250
MAX_OBS = 1000
QUARTER = 66  # sessions in the longest quarter: parameters may be that old

Rows = list[dict[str, Any]]

KEY_FIELDS = (
    ("symbol", pa.string()),
    ("model", pa.string()),
    ("quarter_start", pa.date32()),
    ("fit_as_of", pa.date32()),
    ("observations", pa.int32()),
)


@dataclass(frozen=True)
class Estimator:
    """One fit of the schedule.

    Parameters
    ----------
    spec
        What else the result depends on: the method's version and its libraries'.
    series
        The series of one symbol that is fitted, NaN where missing; shape (n,), or (n, k) for
        several together.
    fit
        From the values of a window, without NaN, to one or more rows: at least `model` and
        the parameters.
    """

    spec: str
    series: Callable[[Bars], Floats]
    fit: Callable[[Floats], Rows]


def quarter_starts(days: Dates) -> Dates:
    """Return the first calendar day of the quarter of each date."""
    months = days.astype("datetime64[M]")
    index = months.astype(np.int64)
    return (index - index % 3).astype("datetime64[M]").astype("datetime64[D]")


def input_hash(spec: str, values: Floats) -> str:
    """Return a hash of what a fit depends on: method, versions and values."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{spec}|".encode())
    digest.update(np.ascontiguousarray(values, dtype="<f8").tobytes())
    return digest.hexdigest()


def _symbol_fits(bars: Bars, estimators: Sequence[Estimator], kept: dict[str, Rows]) -> Rows:
    starts = quarter_starts(bars.time.astype("datetime64[D]"))
    series = [estimator.series(bars) for estimator in estimators]
    rows = []
    for quarter in np.unique(starts):
        for estimator, values in zip(estimators, series, strict=True):
            missing = np.isnan(values)
            past = ~(missing.any(axis=1) if values.ndim > 1 else missing) & (bars.time < quarter)
            window = values[past][-MAX_OBS:]
            if len(window) < MIN_OBS or not np.any(window != window[0]):
                continue
            key = input_hash(estimator.spec, window)
            rows += [
                {
                    **row,
                    "symbol": bars.symbol,
                    "quarter_start": quarter.astype(object),
                    "fit_as_of": bars.time[past][-1].astype("datetime64[D]").astype(object),
                    "observations": len(window),
                    "input_hash": key,
                }
                for row in kept.get(key) or estimator.fit(window)
            ]
    return rows


def quarterly_fits(
    panel: pa.Table,
    estimators: Sequence[Estimator],
    schema: pa.Schema,
    previous: pa.Table | None = None,
) -> pa.Table:
    """Return the parameters of every symbol, quarter and model.

    Parameters
    ----------
    panel
        The panel (`engine.features.panel.PANEL_SCHEMA`).
    estimators
        What is fitted.
    schema
        `KEY_FIELDS`, the fields of the estimators' rows, and `input_hash`.
    previous
        The table as it was, whose fits are used again where their input has not changed.

    Returns
    -------
    pyarrow.Table
        `schema`, ordered by symbol, quarter and estimator.
    """
    kept: dict[str, Rows] = {}
    for row in previous.to_pylist() if previous else []:
        group = kept.setdefault(row["input_hash"], [])
        # The same input may have served several quarters or symbols: one of them is enough.
        if not group or all(group[0][key] == row[key] for key in ("symbol", "quarter_start")):
            group.append(row)
    rows = [
        row for bars, _ in bars_from_table(panel) for row in _symbol_fits(bars, estimators, kept)
    ]
    return pa.Table.from_pylist(rows, schema=schema)
