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
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.features import market_universe, regime_definitions, registry
from engine.features.market_panel import Market
from engine.features.panel import Bars, Floats
from engine.kernels.fingerprint import chain

Words = NDArray[np.uint64]

HASH = "input_hash"

# A group of families shares a slice of bars; a slice this much longer than a family needs costs
# less than another slice would.
_SLACK = 1.2
_SLACK_BARS = 16


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
    bits = [
        np.ascontiguousarray(values, dtype=np.float64).view(np.uint64) for values in series.values()
    ]
    days = bars.time.astype("datetime64[s]").astype(np.int64).view(np.uint64)
    told = repr((bars.symbol, bars.periods_per_year, list(series)))
    seed = hashlib.blake2b(told.encode(), digest_size=8, key=code_hash().to_bytes(8, "little"))
    start = np.uint64(int.from_bytes(seed.digest(), "little"))
    hashes: Words = chain(np.column_stack([days, *bits]), start)
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


@dataclasses.dataclass(frozen=True)
class Reach:
    """How far back a given number of bars reaches from one row.

    A lookback counts bars that exist. A recursion or a scale over a derived series skips the
    bars where that series is undefined, so only ordinary bars count: those that trade, move, and
    have every input that the symbol has at all.
    """

    positions: NDArray[np.int64]

    @staticmethod
    def before(bars: Bars | Market, row: int) -> Reach:
        """Look back from `row`, itself included."""
        return Reach(np.flatnonzero(Reach._ordinary(bars, row)))

    @staticmethod
    def _ordinary(bars: Bars | Market, row: int) -> NDArray[np.bool_]:
        """Return which bars up to `row` count."""
        if isinstance(bars, Market):
            # A bar counts when it does for every member that has any, and every known level.
            both = np.ones(row + 1, dtype=np.bool_)
            for member in bars.members.values():
                if not np.isnan(member.close[: row + 1]).all():
                    both &= Reach._ordinary(member, row)
            for values in bars.levels.values():
                known = ~np.isnan(values[: row + 1])
                if known.any():
                    both &= known
            return both
        moved = np.zeros(len(bars), dtype=np.bool_)
        moved[1:] = np.abs(np.diff(bars.close)) > 0.0
        ordinary = moved & (bars.high > bars.low) & ~(bars.volume <= 0.0)
        series: list[Floats] = [bars.volume, bars.vwap, bars.transactions, *bars.extra.values()]
        for values in series:
            known = ~np.isnan(values)
            if known[: row + 1].any():
                ordinary &= known
        return ordinary[: row + 1]

    def start(self, lookback: int) -> int:
        """Return the first row that `lookback` bars need; 0 when there are not so many."""
        return int(self.positions[-lookback]) if lookback <= len(self.positions) else 0


def groups(
    module: registry.Module, *, apart: bool = True
) -> Iterator[tuple[int, tuple[registry.Feature, ...]]]:
    """Yield the kernel features by how many bars they need, and that number.

    Parameters
    ----------
    module
        Module.
    apart
        False where the module computes its columns all at once.
    """
    wanted = set(module.computed)
    ordered = sorted(
        (f for f in module.features if f.name in wanted), key=lambda f: f.lookback, reverse=True
    )
    while ordered:
        longest = ordered[0].lookback
        shortest = min(longest / _SLACK, longest - _SLACK_BARS) if apart else 0
        together = [f for f in ordered if f.lookback >= shortest]
        ordered = ordered[len(together) :]
        yield longest, tuple(together)


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


def by_symbol(previous: pa.Table | None, schema: pa.Schema) -> dict[str, pa.Table]:
    """Return the kept rows of each symbol, by session; none when the columns are others now."""
    if previous is None or previous.schema.names != schema.names or not previous.num_rows:
        return {}
    previous = previous.sort_by([("symbol", "ascending"), ("session_date", "ascending")])
    symbols = previous["symbol"].combine_chunks()
    runs = pc.run_end_encode(symbols)
    ends = runs.run_ends.to_pylist()
    starts = [0, *ends[:-1]]
    return {
        symbol: previous.slice(start, end - start)
        for symbol, start, end in zip(runs.values.to_pylist(), starts, ends, strict=True)
    }


def unchanged(kept: pa.Table | None, hashes: Words) -> int:
    """Return how many of the leading rows have the inputs that they were computed from."""
    if kept is None:
        return 0
    before = kept[HASH].combine_chunks().to_numpy(zero_copy_only=False).astype(np.uint64)
    count = min(len(before), len(hashes))
    differs = np.flatnonzero(before[:count] != hashes[:count])
    return int(differs[0]) if len(differs) else count
