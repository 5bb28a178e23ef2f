"""From the panel to a module's columns: run the kernels, check the names, stream Arrow.

The thin dbt Python models call `module_batches`; nothing here knows dbt.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from engine.errors import BuildError
from engine.features import append, registry, tails
from engine.features.evaluation import evaluate
from engine.features.market_panel import Market, market_from_table
from engine.features.market_universe import universe
from engine.features.panel import UTC, Bars, Dates, Floats, bars_from_table
from engine.features.scopes import SCOPES
from engine.features.tails import Tail

KEYS = (("symbol", pa.string()), ("session_date", pa.date32()), ("known_at", UTC))
MARKET_KEYS = KEYS[1:]


def compute(name: str, bars: Bars | Market) -> dict[str, Floats]:
    """Return a module's kernel columns for one symbol, or for the market, in registry order.

    Parameters
    ----------
    name
        Module.
    bars
        One symbol's bars; for a module of scope "cross" the market.

    Returns
    -------
    dict
        Column name to float64 array with one value a bar; NaN where unknown.

    Raises
    ------
    BuildError
        When a column is not registered, a registered one is missing, a length differs, or a
        value is infinite.
    """
    module = registry.module(name)
    return _checked(module, columns(module, bars), bars.symbol, bars.time)


def compute_tails(name: str, wanted: Sequence[Tail]) -> dict[str, Floats]:
    """Return a module's kernel columns of the last rows of each symbol, one after another.

    Rows before are visited only as far as the registry's lookbacks say that they matter. For the
    rest see `compute`.
    """
    module = registry.module(name)
    times = np.concatenate([tail.bars.time[tail.first :] for tail in wanted])
    symbols = ", ".join(tail.bars.symbol for tail in wanted)
    return _checked(module, tails.columns(module, wanted), symbols, times)


def columns(module: registry.Module, bars: Bars | Market, first: int = 0) -> dict[str, Floats]:
    """Return what a module's kernels say from row `first` on, unchecked."""
    if first:
        return tails.columns(module, [Tail(bars, first)])
    own = getattr(module.code, "compute", None)
    whole: dict[str, Floats] = own(bars) if own is not None else evaluate(module.features, bars)
    return whole


def _checked(
    module: registry.Module, found: dict[str, Floats], symbol: str, time: Dates
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
    size = len(time)
    for column in expected:
        if found[column].shape != (size,):
            raise BuildError(
                f"{column} of {symbol} has shape {found[column].shape}, not ({size},).",
                "A kernel returns one value a bar.",
            )
    matrix = np.array([found[column] for column in expected]).reshape(len(expected), size)
    infinite = np.isinf(matrix)
    if infinite.any():
        place, row = np.argwhere(infinite)[0]
        raise BuildError(
            f"{expected[place]} of {symbol} is infinite at {time[row]}.",
            "Divide with Workspace.divide, and take logarithms of positive numbers only.",
        )
    return {column: found[column] for column in expected}


def schema(name: str) -> pa.Schema:
    """Return the schema of a module's batches: the key, `known_at`, the columns, `input_hash`."""
    module = registry.module(name)
    keys = MARKET_KEYS if SCOPES[module.scope].of_market else KEYS
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
    parts = [
        _Part(bars, keys, append.input_hashes(bars))
        for bars, keys in bars_from_table(_table(relation), periods_per_year=periods_per_year)
    ]
    kept = append.by_symbol(previous, target)
    _append(name, target, parts, [kept.get(part.bars.symbol) for part in parts])
    return pa.RecordBatchReader.from_batches(target, _batches(name, target, parts))


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
    if not len(market):
        return pa.RecordBatchReader.from_batches(target, [])
    parts = [_Part(market, keys, append.input_hashes(market))]
    _append(name, target, parts, [append.by_session(previous, target)])
    return pa.RecordBatchReader.from_batches(target, _batches(name, target, parts))


@dataclass
class _Part:
    """One symbol, or the market, on its way through a build.

    Parameters
    ----------
    bars, keys
        What is computed from, and the rows whose keys the result has.
    hashes
        Fingerprints of the inputs.
    done
        Its rows, where they are known without computing all of them.
    """

    bars: Bars | Market
    keys: pa.Table
    hashes: append.Words
    done: list[pa.RecordBatch] | None = None


def _batch(
    target: pa.Schema, parts: Sequence[tuple[_Part, int]], found: Mapping[str, Floats]
) -> pa.RecordBatch:
    """Return computed columns of the parts, each from a first row on, as rows of the result."""
    names = [name for name in target.names if name not in found and name != append.HASH]
    keys = pa.concat_tables([part.keys.select(names).slice(first) for part, first in parts])
    known = [keys[name].combine_chunks().cast(target.field(name).type) for name in names]
    values = [pa.array(column, from_pandas=True) for column in found.values()]
    hashes = pa.array(np.concatenate([part.hashes[first:] for part, first in parts]))
    return pa.RecordBatch.from_arrays([*known, *values, hashes], schema=target)


def _append(
    name: str, target: pa.Schema, parts: Sequence[_Part], kept: Sequence[pa.Table | None]
) -> None:
    """Keep the rows whose inputs are what they were, and compute those that follow them.

    The last row that is kept is computed once more: were it another, what it stands on is not
    what the registry says, and the part is left to be computed whole.
    """
    longer: list[tuple[_Part, pa.Table, Tail]] = []
    for part, before in zip(parts, kept, strict=True):
        first = append.unchanged(before, part.hashes)
        if before is None or not first:
            continue
        if first == len(part.bars):
            part.done = before.slice(0, first).to_batches()
        else:
            longer.append((part, before, Tail(part.bars, first - 1)))
    if not longer:
        return
    found = compute_tails(name, [tail for _, _, tail in longer])
    fresh = _batch(target, [(part, tail.first) for part, _, tail in longer], found)
    row = 0
    for part, before, tail in longer:
        rows = fresh.slice(row, len(tail))
        row += len(tail)
        last = before.slice(tail.first, 1).combine_chunks().to_batches()[0]
        if rows.slice(0, 1).equals(last):
            part.done = [*before.slice(0, tail.first).to_batches(), rows]


def _batches(name: str, target: pa.Schema, parts: Sequence[_Part]) -> Iterator[pa.RecordBatch]:
    """Yield every part's rows in order, and compute those that are not known."""
    # Kernels release the GIL; the order of the results is that of the symbols, and only a few
    # are held at a time.
    threads = min(4, os.cpu_count() or 1)

    def whole(part: _Part) -> list[pa.RecordBatch]:
        return [_batch(target, [(part, 0)], compute(name, part.bars))]

    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[list[pa.RecordBatch] | Future[list[pa.RecordBatch]]] = deque()
        for part in parts:
            waiting.append(pool.submit(whole, part) if part.done is None else part.done)
            if len(waiting) > threads:
                yield from _result(waiting.popleft())
        while waiting:
            yield from _result(waiting.popleft())


def _result(
    batches: list[pa.RecordBatch] | Future[list[pa.RecordBatch]],
) -> list[pa.RecordBatch]:
    return batches.result() if isinstance(batches, Future) else batches
