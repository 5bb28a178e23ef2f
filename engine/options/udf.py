"""The SQL functions of options: Arrow columns in and out, one kernel call a batch.

`option_type` is 'C' or 'P', `t` in years, `r` and `q` continuous. A NULL or an impossible input
gives NULL, never an error; `iv_reason` says why.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.kernels import american_options as american
from engine.kernels import black_scholes as bs
from engine.kernels.american_options import Dividends
from engine.options.reasons import REASONS

Floats = NDArray[np.float64]
Sides = NDArray[np.int8]

_REASONS = pa.array([REASONS[code] for code in sorted(REASONS)], pa.string())


@dataclass(frozen=True)
class Function:
    """A SQL function.

    Parameters
    ----------
    name
        In SQL.
    call
        Takes Arrow arrays, one a parameter; returns an Arrow array.
    parameters
        DuckDB types.
    returns
        DuckDB type.
    """

    name: str
    call: Callable[..., pa.Array]
    parameters: tuple[str, ...]
    returns: str


def sides(column: pa.Array) -> Sides:
    """Return 1 for 'C', 0 for 'P', -1 for all else."""
    array = column.fill_null("") if column.null_count else column
    if array.type != pa.string():
        array = array.cast(pa.string())
    _, offsets, text = array.buffers()
    bounds = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
    letters = np.frombuffer(text if text is not None else b"", np.uint8)
    found: Sides = bs.sides_of_letters(bounds, letters)
    return found


def floats(column: pa.Array) -> Floats:
    """Return a column of doubles; NULL is NaN."""
    # a copy: Arrow's own memory is read-only, which would be another type to compile for
    return np.array(column.to_numpy(zero_copy_only=False))


def _nullable(values: Floats) -> pa.Array:
    is_missing = np.isnan(values)
    return pa.array(values, mask=is_missing) if is_missing.any() else pa.array(values)


def bs_price(option_type: pa.Array, *rest: pa.Array) -> pa.Array:
    """Return Black-Scholes-Merton prices of (spot, strike, t, r, q, sigma)."""
    return _nullable(bs.prices(sides(option_type), *map(floats, rest)))


def bs_iv(option_type: pa.Array, *rest: pa.Array) -> pa.Array:
    """Return implied volatilities of (price, spot, strike, t, r, q)."""
    return _nullable(bs.implied_vols(sides(option_type), *map(floats, rest))[0])


def bs_greeks(option_type: pa.Array, *rest: pa.Array) -> pa.Array:
    """Return a struct of Greeks of (spot, strike, t, r, q, sigma)."""
    return _greeks(bs.greeks(sides(option_type), *map(floats, rest)))


def _greeks(found: Floats) -> pa.Array:
    """Return a struct of Greeks, NULL where there are none."""
    fields = [_nullable(row) for row in found]
    return pa.StructArray.from_arrays(
        fields, names=list(bs.GREEKS), mask=pa.array(np.isnan(found).all(axis=0))
    )


def iv_reason(option_type: pa.Array, *rest: pa.Array) -> pa.Array:
    """Return why (price, spot, strike, t, r, q) have no implied volatility, NULL if they have."""
    codes = bs.implied_vols(sides(option_type), *map(floats, rest))[1]
    return _REASONS.take(pa.array(codes))


def _dividends(times: pa.Array, amounts: pa.Array) -> tuple[Dividends, NDArray[np.bool_]]:
    """Return the dividends of two columns of lists, and in which rows they are no lists."""
    lengths, others = (
        column.value_lengths().fill_null(-1).to_numpy(zero_copy_only=False)
        for column in (times, amounts)
    )
    is_bad = (lengths < 0) | (lengths != others)
    offsets = np.zeros(len(times) + 1, np.int64)
    if is_bad.any():  # such rows have none, and no value
        lengths = np.where(is_bad, 0, lengths)
        keep = pa.array(~is_bad)
        times, amounts = times.filter(keep), amounts.filter(keep)
    np.cumsum(lengths, out=offsets[1:])
    return Dividends(offsets, floats(times.flatten()), floats(amounts.flatten())), is_bad


def american_price(option_type: pa.Array, *rest: pa.Array) -> pa.Array:
    """Return American prices of (spot, strike, t, r, q, sigma, div_times, div_amounts)."""
    dividends, is_bad = _dividends(*rest[6:])
    spot, strike, t, r, q, sigma = (floats(column) for column in rest[:6])
    found = american.prices(sides(option_type), spot, strike, t, r, q, sigma, dividends)
    found[is_bad] = np.nan
    return _nullable(found)


def american_iv(option_type: pa.Array, *rest: pa.Array) -> pa.Array:
    """Return volatilities of (price, spot, strike, t, r, q, div_times, div_amounts)."""
    dividends, is_bad = _dividends(*rest[6:])
    price, spot, strike, t, r, q = (floats(column) for column in rest[:6])
    found, _ = american.implied_vols(sides(option_type), price, spot, strike, t, r, q, dividends)
    found[is_bad] = np.nan
    return _nullable(found)


def american_greeks(option_type: pa.Array, *rest: pa.Array) -> pa.Array:
    """Return Greeks of (spot, strike, t, r, q, sigma, div_times, div_amounts)."""
    dividends, is_bad = _dividends(*rest[6:])
    spot, strike, t, r, q, sigma = (floats(column) for column in rest[:6])
    found = american.greeks(sides(option_type), spot, strike, t, r, q, sigma, dividends)
    found[:, is_bad] = np.nan
    return _greeks(found)


_INPUTS = ("DOUBLE",) * 6
_LISTS = ("DOUBLE[]", "DOUBLE[]")
FUNCTIONS = (
    Function("bs_price", bs_price, ("VARCHAR", *_INPUTS), "DOUBLE"),
    Function("bs_iv", bs_iv, ("VARCHAR", *_INPUTS), "DOUBLE"),
    Function(
        "bs_greeks",
        bs_greeks,
        ("VARCHAR", *_INPUTS),
        f"STRUCT({', '.join(f'{name} DOUBLE' for name in bs.GREEKS)})",
    ),
    Function("american_price", american_price, ("VARCHAR", *_INPUTS, *_LISTS), "DOUBLE"),
    Function("american_iv", american_iv, ("VARCHAR", *_INPUTS, *_LISTS), "DOUBLE"),
    Function(
        "american_greeks",
        american_greeks,
        ("VARCHAR", *_INPUTS, *_LISTS),
        f"STRUCT({', '.join(f'{name} DOUBLE' for name in bs.GREEKS)})",
    ),
    Function("iv_reason", iv_reason, ("VARCHAR", *_INPUTS), "VARCHAR"),
)


def _array(column: Any) -> pa.Array:
    if not isinstance(column, pa.ChunkedArray):
        return column
    # combining costs more than solving, even of one chunk
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def arrow_function(function: Function) -> Callable[..., pa.Array]:
    """Return the function as DuckDB calls it, with the signature that DuckDB counts."""

    def call(*columns: Any) -> pa.Array:
        return function.call(*map(_array, columns))

    call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(f"column_{i}", inspect.Parameter.POSITIONAL_ONLY)
            for i in range(len(function.parameters))
        ]
    )
    return call


def register(con: duckdb.DuckDBPyConnection) -> None:
    """Make every function callable on this connection's database; once or many times."""
    known = {
        name
        for (name,) in con.execute(
            "select distinct function_name from duckdb_functions() where function_type = 'scalar'"
        ).fetchall()
    }
    for function in FUNCTIONS:
        if function.name not in known:
            con.create_function(
                function.name,
                arrow_function(function),
                [duckdb.sqltype(kind) for kind in function.parameters],
                duckdb.sqltype(function.returns),
                type="arrow",
                null_handling="special",
            )
