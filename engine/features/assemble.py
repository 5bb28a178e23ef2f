"""From the panel to a module's columns: run the kernels, check the names, stream Arrow.

The thin dbt Python models call `module_batches`; nothing here knows dbt.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa

from engine.errors import BuildError
from engine.features import append, registry, tails
from engine.features.evaluation import evaluate
from engine.features.market_panel import WHOLE_MARKET, Market, market_from_table
from engine.features.market_universe import universe
from engine.features.panel import UTC, Bars, Floats, bars_from_table
from engine.features.tails import Tail

KEYS = (("symbol", pa.string()), ("session_date", pa.date32()), ("known_at", UTC))
MARKET_KEYS = KEYS[1:]


def compute(name: str, bars: Bars | Market, first: int = 0) -> dict[str, Floats]:
    """Return a module's kernel columns for one symbol, or for the market, in registry order.

    Parameters
    ----------
    name
        Module.
    bars
        One symbol's bars; for a module of scope "cross" the market.
    first
        Row from which the columns are wanted. Rows before it are visited only as far as the
        registry's lookbacks say that they matter.

    Returns
    -------
    dict
        Column name to float64 array with one value for each bar from `first` on; NaN where
        unknown.

    Raises
    ------
    BuildError
        When a column is not registered, a registered one is missing, a length differs, or a
        value is infinite.
    """
    module = registry.module(name)
    return _checked(module, columns(module, bars, first), bars.part(first))


def columns(module: registry.Module, bars: Bars | Market, first: int = 0) -> dict[str, Floats]:
    """Return what a module's kernels say from row `first` on, unchecked; see `compute`."""
    if first:
        return tails.columns(module, [Tail(bars, first)])[0]
    own = getattr(module.code, "compute", None)
    whole: dict[str, Floats] = own(bars) if own is not None else evaluate(module.features, bars)
    return whole


def _checked(
    module: registry.Module, found: dict[str, Floats], bars: Bars | Market
) -> dict[str, Floats]:
    """Return the registered columns in order, or say what is wrong with them."""
    expected = module.computed
    unknown = sorted(set(found) - set(expected))
    if unknown:
        raise BuildError(
            f"Module {module.name} computes columns that are not registered: {', '.join(unknown)}.",
            f"Add a Family to engine/features/{module.name} and run `make registry`.",
        )
    missing = [column for column in expected if column not in found]
    if missing:
        raise BuildError(
            f"Module {module.name} does not compute registered columns: {', '.join(missing)}.",
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
    """Return the schema of a module's batches: the key, `known_at`, the columns, `input_hash`."""
    module = registry.module(name)
    keys = MARKET_KEYS if module.scope == "cross" else KEYS
    columns = [(column, pa.float64()) for column in module.computed]
    return pa.schema([*keys, *columns, (append.HASH, pa.uint64())])


def _table(relation: Any) -> pa.Table:
    """Return a DuckDB relation, a reader or a table as an Arrow table."""
    if isinstance(relation, pa.Table):
        return relation
    if isinstance(relation, pa.RecordBatchReader):
        return relation.read_all()
    return relation.to_arrow_table()


def module_batches(
    name: str,
    relation: Any,
    previous: pa.Table | None = None,
    *,
    periods_per_year: float = 252.0,
) -> pa.RecordBatchReader:
    """Stream a module's kernel columns, one or two batches a symbol, as of each bar's close.

    Parameters
    ----------
    name
        Module.
    relation
        The panel (`engine.features.panel.PANEL_SCHEMA`) with any extra numeric columns the
        module reads: a DuckDB relation, an Arrow table or a reader.
    previous
        What an earlier call returned (`append.previous_rows`). Its rows are kept up to the first
        bar whose inputs differ.
    periods_per_year
        Bars in a year, for annualising.

    Returns
    -------
    pyarrow.RecordBatchReader
        `schema(name)`, ordered by symbol and session; NULL where unknown.
    """
    target = schema(name)
    table = _table(relation)
    kept = append.by_symbol(previous, target)

    def batch(bars: Bars, rows: pa.Table) -> list[pa.RecordBatch]:
        return _appended(name, target, bars, rows, kept.get(bars.symbol))

    def batches() -> Iterator[pa.RecordBatch]:
        # Kernels release the GIL; the order of the results is that of the symbols, and only a
        # few are held at a time.
        threads = min(4, os.cpu_count() or 1)
        with ThreadPoolExecutor(threads) as pool:
            waiting: deque[Future[list[pa.RecordBatch]]] = deque()
            for bars, rows in bars_from_table(table, periods_per_year=periods_per_year):
                waiting.append(pool.submit(batch, bars, rows))
                if len(waiting) > threads:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()

    return pa.RecordBatchReader.from_batches(target, batches())


def market_batches(
    name: str,
    relation: Any,
    previous: pa.Table | None = None,
    *,
    periods_per_year: float = 252.0,
) -> pa.RecordBatchReader:
    """Return a market-wide module's kernel columns, one row a session, as of its evening.

    Parameters
    ----------
    name
        Module of scope "cross".
    relation
        `int_market__panel`: the members' bars on one grid (`market_panel.market_from_table`).
    previous
        What an earlier call returned; see `module_batches`.
    periods_per_year
        Bars in a year, for annualising.

    Returns
    -------
    pyarrow.RecordBatchReader
        `schema(name)`, ordered by session; NULL where unknown.
    """
    target = schema(name)
    market, keys = market_from_table(
        _table(relation), universe().symbols, periods_per_year=periods_per_year
    )
    if previous is not None:
        whole = pa.array([WHOLE_MARKET] * previous.num_rows, pa.string())
        previous = previous.add_column(0, "symbol", whole)
    expected = pa.schema([KEYS[0], *target])
    before = append.by_symbol(previous, expected).get(WHOLE_MARKET)
    before = None if before is None else before.drop_columns(["symbol"])
    return pa.RecordBatchReader.from_batches(
        target, _appended(name, target, market, keys, before) if len(market) else []
    )


def _appended(
    name: str, target: pa.Schema, bars: Bars | Market, rows: pa.Table, before: pa.Table | None
) -> list[pa.RecordBatch]:
    """Return the rows that are kept and those that are computed.

    Parameters
    ----------
    name
        Module.
    target
        Schema of the result; `rows` has its leading columns.
    bars, rows
        What is computed from, and the keys beside it.
    before
        Rows of an earlier build, or None.
    """
    hashes = append.input_hashes(bars)
    names = [column for column in target.names if column in rows.column_names]

    def computed(first: int) -> pa.RecordBatch:
        found = compute(name, bars, first)
        keys = [
            rows[column].combine_chunks().cast(target.field(column).type).slice(first)
            for column in names
        ]
        values = [pa.array(found[column], from_pandas=True) for column in found]
        return pa.RecordBatch.from_arrays([*keys, *values, pa.array(hashes[first:])], schema=target)

    first = append.unchanged(before, hashes)
    if before is None or not first:
        return [computed(0)]
    if first == len(bars):
        whole: list[pa.RecordBatch] = before.slice(0, first).cast(target).to_batches()
        return whole
    # The last row that is kept is computed once more: were it another, what it stands on is not
    # what the registry says, and everything is computed.
    fresh = computed(first - 1)
    last = before.slice(first - 1, 1).cast(target)
    if not pa.Table.from_batches([fresh.slice(0, 1)]).equals(last.combine_chunks()):
        return [computed(0)]
    return [*before.slice(0, first - 1).cast(target).to_batches(), fresh]
