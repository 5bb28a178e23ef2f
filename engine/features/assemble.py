"""From the panel to a module's columns: run the kernels, check the names, stream Arrow.

The thin dbt Python models call `module_batches`; nothing here knows dbt.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa

from engine.errors import BuildError
from engine.features import registry
from engine.features.panel import UTC, Bars, Floats, bars_from_table
from engine.features.workspace import Workspace

KEYS = (("symbol", pa.string()), ("session_date", pa.date32()), ("known_at", UTC))


def evaluate(module: registry.Module, bars: Bars) -> dict[str, Floats]:
    """Return every kernel column of a module whose families carry their own definition."""
    workspace = Workspace(bars)
    return {
        feature.name: feature.family.value(workspace, *feature.sizes)
        for feature in module.features
        if feature.family.value is not None and feature.family.engine in ("kernel", "fit")
    }


def compute(name: str, bars: Bars) -> dict[str, Floats]:
    """Return a module's kernel columns for one symbol, in registry order.

    Parameters
    ----------
    name
        Module.
    bars
        One symbol's bars.

    Returns
    -------
    dict
        Column name to float64 array of the bars' length; NaN where unknown.

    Raises
    ------
    BuildError
        When a column is not registered, a registered one is missing, a length differs, or a
        value is infinite.
    """
    module = registry.module(name)
    own = getattr(module.code, "compute", None)
    found: dict[str, Floats] = own(bars) if own is not None else evaluate(module, bars)
    expected = module.computed
    unknown = sorted(set(found) - set(expected))
    if unknown:
        raise BuildError(
            f"Module {name} computes columns that are not registered: {', '.join(unknown)}.",
            f"Add a Family to engine/features/{name} and run `make registry`.",
        )
    missing = [column for column in expected if column not in found]
    if missing:
        raise BuildError(
            f"Module {name} does not compute registered columns: {', '.join(missing)}.",
            "Give their Family a `value`, or register them with another engine.",
        )
    for column in expected:
        values = found[column]
        if values.shape != (len(bars),):
            raise BuildError(
                f"{column} of {bars.symbol} has shape {values.shape}, not ({len(bars)},).",
                "A kernel returns one value a bar.",
            )
        infinite = np.isinf(values)
        if infinite.any():
            raise BuildError(
                f"{column} of {bars.symbol} is infinite at {bars.time[infinite][0]}.",
                "Divide with Workspace.divide, and take logarithms of positive numbers only.",
            )
    return {column: found[column] for column in expected}


def schema(name: str) -> pa.Schema:
    """Return the schema of `module_batches`: the key, `known_at` and the kernel columns."""
    columns = [(column, pa.float64()) for column in registry.module(name).computed]
    return pa.schema([*KEYS, *columns])


def _table(relation: Any) -> pa.Table:
    """Return a DuckDB relation, a reader or a table as an Arrow table."""
    if isinstance(relation, pa.Table):
        return relation
    if isinstance(relation, pa.RecordBatchReader):
        return relation.read_all()
    return relation.to_arrow_table()


def module_batches(
    name: str, relation: Any, *, periods_per_year: float = 252.0
) -> pa.RecordBatchReader:
    """Stream a module's kernel columns, one batch a symbol, as of each bar's close.

    Parameters
    ----------
    name
        Module.
    relation
        The panel (`engine.features.panel.PANEL_SCHEMA`) with any extra numeric columns the
        module reads: a DuckDB relation, an Arrow table or a reader.
    periods_per_year
        Bars in a year, for annualising.

    Returns
    -------
    pyarrow.RecordBatchReader
        `schema(name)`, ordered by symbol and session; NULL where unknown.
    """
    target = schema(name)
    table = _table(relation)

    def batch(bars: Bars, rows: pa.Table) -> pa.RecordBatch:
        found = compute(name, bars)
        keys = [rows[column].combine_chunks().cast(kind) for column, kind in KEYS]
        values = [pa.array(found[column], from_pandas=True) for column in found]
        return pa.RecordBatch.from_arrays([*keys, *values], schema=target)

    def batches() -> Iterator[pa.RecordBatch]:
        # Kernels release the GIL; the order of the results is that of the symbols, and only a
        # few are held at a time.
        threads = min(4, os.cpu_count() or 1)
        with ThreadPoolExecutor(threads) as pool:
            waiting: deque[Future[pa.RecordBatch]] = deque()
            for bars, rows in bars_from_table(table, periods_per_year=periods_per_year):
                waiting.append(pool.submit(batch, bars, rows))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    return pa.RecordBatchReader.from_batches(target, batches())
