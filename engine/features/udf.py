"""Functions over one session's minute bars, callable from SQL.

DuckDB has no user-defined aggregates; a function of ordered lists that returns a struct does the
same: `select unnest(raw_session(list(close order by ts), ...)) ... group by symbol, session_date`.
A module of features declares its functions in `SESSION_UDFS`.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_NUMPY = {"DOUBLE": np.float64, "INTEGER": np.int64, "BIGINT": np.int64}


class Lists(NamedTuple):
    """A batch of lists: row i is `values[offsets[i]:offsets[i + 1]]`."""

    values: NDArray[Any]
    offsets: NDArray[np.int64]


@dataclass(frozen=True)
class SessionUdf:
    """One function of minute lists.

    Parameters
    ----------
    name
        Its name in SQL.
    function
        Takes, per parameter, `Lists` or an array, and returns one float64 array per field, each
        as long as the batch; NaN becomes NULL.
    parameters
        DuckDB types: DOUBLE, INTEGER, BIGINT, or a list of one of them, e.g. "DOUBLE[]".
    fields
        Names of the returned struct's fields, all DOUBLE.
    """

    name: str
    function: Callable[..., Sequence[Floats]]
    parameters: tuple[str, ...]
    fields: tuple[str, ...]


def _array(column: Any) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _numbers(column: pa.Array, kind: str) -> NDArray[Any]:
    target = _NUMPY[kind]
    if target is np.float64:
        return np.ascontiguousarray(
            column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64
        )
    return np.ascontiguousarray(
        column.cast(pa.int64()).to_numpy(zero_copy_only=False), dtype=np.int64
    )


def _decode(column: Any, kind: str) -> Lists | NDArray[Any]:
    array = _array(column)
    if not kind.endswith("[]"):
        return _numbers(array, kind)
    lengths = array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    offsets = np.zeros(len(array) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return Lists(_numbers(array.flatten(), kind[:-2]), offsets)  # flatten leaves null lists out


def arrow_function(udf: SessionUdf) -> Callable[..., pa.Array]:
    """Return the function as DuckDB calls it: Arrow columns in, an Arrow struct out."""

    def call(*columns: Any) -> pa.Array:
        results = udf.function(
            *(_decode(column, kind) for column, kind in zip(columns, udf.parameters, strict=True))
        )
        return pa.StructArray.from_arrays(
            [pa.array(values, pa.float64(), from_pandas=True) for values in results],
            names=list(udf.fields),
        )

    # DuckDB counts the parameters of the signature.
    call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(f"column_{i}", inspect.Parameter.POSITIONAL_ONLY)
            for i in range(len(udf.parameters))
        ]
    )
    return call


def session_udfs() -> tuple[SessionUdf, ...]:
    """Return the functions of every feature module, by name."""
    import engine.features as package

    found: list[SessionUdf] = []
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"engine.features.{info.name}")
        found.extend(getattr(module, "SESSION_UDFS", ()))
    return tuple(sorted(found, key=lambda udf: udf.name))


def register(con: duckdb.DuckDBPyConnection) -> None:
    """Make every session function callable on this connection; once or many times."""
    # `duckdb_functions()` lists what any connection to the same database has registered.
    known = {
        name
        for (name,) in con.execute(
            "select distinct function_name from duckdb_functions() where function_type = 'scalar'"
        ).fetchall()
    }
    for udf in session_udfs():
        if udf.name in known:
            continue
        con.create_function(
            udf.name,
            arrow_function(udf),
            [duckdb.sqltype(kind) for kind in udf.parameters],
            duckdb.struct_type({name: duckdb.sqltype("DOUBLE") for name in udf.fields}),
            type="arrow",
        )


def warm_up() -> None:
    """Run every function once on a made session, so that its kernels are compiled."""
    minutes = 390
    prices = 100.0 + np.sin(np.arange(float(minutes)))
    for udf in session_udfs():
        made: list[Lists | NDArray[Any]] = []
        for kind in udf.parameters:
            values = prices if kind.startswith("DOUBLE") else np.arange(minutes)
            if kind.endswith("[]"):
                made.append(Lists(values, np.array([0, minutes])))
            else:
                made.append(np.full(1, minutes, dtype=_NUMPY[kind]))
        udf.function(*made)
