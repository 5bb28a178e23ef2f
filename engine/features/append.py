"""Appending a session without computing the past again.

Every kernel column is a pure function of its last `lookback` bars. So where a symbol's inputs are
what they were up to some bar, the rows up to it are kept as they are, and the rest is computed
from the bars that the registry's lookbacks say are needed. The result has the same bits as a full
build: `tests/unit/features/test_append.py` holds every module to that.

What the inputs were is in the table itself: `input_hash` is a running fingerprint of a symbol's
rows and of the code that reads them.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.features import market_universe, regime_definitions
from engine.features.market_panel import Market
from engine.features.panel import Bars, Floats, in_order, runs
from engine.kernels.fingerprint import chain

Words = NDArray[np.uint64]

HASH = "input_hash"


@lru_cache(maxsize=1)
def code_hash() -> int:
    """Return a fingerprint of all that a kernel column's value depends on besides its inputs."""
    package = Path(__file__).resolve().parent
    digest = hashlib.blake2b(digest_size=8)
    for library in ("numpy", "numba"):
        digest.update(version(library).encode())
    code = sorted([*package.rglob("*.py"), *(package.parent / "kernels").glob("*.py")])
    for path in [*code, *market_universe.seeds(), regime_definitions.seed()]:
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest(), "little")


def input_hashes(bars: Bars | Market) -> Words:
    """Return the running fingerprint of a symbol's inputs, or of the market's, one a bar.

    Parameters
    ----------
    bars
        One symbol's bars with their extras, or all members' with the levels.
    """
    series = _series(bars)
    bits = np.empty((len(series) + 1, len(bars)))
    for row, values in enumerate(series.values(), 1):
        bits[row] = values
    words = bits.view(np.uint64)
    words[0] = bars.time.astype("datetime64[s]").astype(np.int64).view(np.uint64)
    told = repr((bars.symbol, bars.periods_per_year, list(series)))
    seed = hashlib.blake2b(told.encode(), digest_size=8, key=code_hash().to_bytes(8, "little"))
    start = np.uint64(int.from_bytes(seed.digest(), "little"))
    hashes: Words = chain(words, start)
    return hashes


_NOT_SERIES = {"symbol", "time", "periods_per_year", "extra"}


def _series(bars: Bars | Market) -> dict[str, Floats]:
    """Return every series that kernels may read, by name, in a fixed order."""
    if isinstance(bars, Market):
        named = {
            f"{symbol}.{name}": values
            for symbol, member in bars.members.items()
            for name, values in _series(member).items()
        }
        return named | dict(sorted(bars.levels.items()))
    names = [f.name for f in dataclasses.fields(Bars) if f.name not in _NOT_SERIES]
    return {name: getattr(bars, name) for name in names} | dict(sorted(bars.extra.items()))


def previous_rows(connection: Any, table: str, columns: Sequence[str] = ("*",)) -> pa.Table | None:
    """Return what an earlier build left in `table`, or None.

    Parameters
    ----------
    connection
        DuckDB connection.
    table
        Qualified name. There is nothing to keep where the table does not exist or has not these
        columns, nor in a run with `--full-refresh`.
    columns
        Columns wanted.
    """
    import duckdb

    try:
        flags = connection.execute("select full_refresh from ops.run_flags").fetchall()
        if flags and flags[0][0]:
            return None
        return connection.sql(f"select {', '.join(columns)} from {table}").to_arrow_table()
    except (duckdb.CatalogException, duckdb.BinderException):
        return None


def _kept(previous: pa.Table | None, schema: pa.Schema, keys: Sequence[str]) -> pa.Table | None:
    """Return the kept rows, in order of their keys; none when the columns are others now."""
    if previous is None or previous.schema.names != schema.names or not previous.num_rows:
        return None
    if not previous.schema.equals(schema):
        previous = previous.cast(schema)
    return in_order(previous, keys)


def by_symbol(previous: pa.Table | None, schema: pa.Schema) -> dict[str, pa.Table]:
    """Return the kept rows of each symbol, by session; none when the columns are others now."""
    previous = _kept(previous, schema, ("symbol", "session_date"))
    if previous is None:
        return {}
    return {
        symbol: previous.slice(start, stop - start)
        for symbol, start, stop in runs(previous["symbol"])
    }


def by_session(previous: pa.Table | None, schema: pa.Schema) -> pa.Table | None:
    """Return the market's kept rows, by session; none when the columns are others now."""
    return _kept(previous, schema, ("session_date",))


def unchanged(kept: pa.Table | None, hashes: Words) -> int:
    """Return how many of the leading rows have the inputs that they were computed from."""
    if kept is None:
        return 0
    before = kept[HASH].combine_chunks().to_numpy(zero_copy_only=False).astype(np.uint64)
    count = min(len(before), len(hashes))
    differs = np.flatnonzero(before[:count] != hashes[:count])
    return int(differs[0]) if len(differs) else count
