"""SQL functions of whole chains: solving a row, the forward and the smile of an expiry.

Functions of an expiry take lists, one row an expiry:
`smile_fit(list(k), list(iv), list(weight), any_value(t))`.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.kernels import american_options as american
from engine.kernels import american_parity, curve, pairs, parity, smile
from engine.kernels import black_scholes as bs
from engine.kernels.american_options import Dividends
from engine.options import exposure
from engine.options.reasons import REASONS
from engine.options.udf import Function, arrow_function, floats, sides

Floats = NDArray[np.float64]
Offsets = NDArray[np.int64]

_REASONS = pa.array([REASONS[code] for code in sorted(REASONS)], pa.string())

PAIRS = ("strikes", "calls", "puts", "widths", "even_strike")
PARITY = ("forward", "dispersion", "pairs", "discount")
SMILE = ("a", "b", "rho", "m", "s", "rmse", "worst", "butterflies", "middle_k", "middle_iv")


def _lists(column: pa.Array) -> tuple[Floats, Offsets]:
    """Return the values of a column of lists and where each row's begin."""
    lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    offsets = np.zeros(len(column) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return np.ascontiguousarray(floats(column.flatten()), np.float64), offsets


def _nullable(values: Floats) -> pa.Array:
    """Return doubles, NaN as NULL; where there is none, without a copy."""
    is_missing = np.isnan(values)
    return pa.array(values, mask=is_missing) if is_missing.any() else pa.array(values)


def _reasons(codes: NDArray[np.int8]) -> pa.Array:
    """Return the names of codes; most chains have a value everywhere, and no name."""
    return _REASONS.take(pa.array(codes)) if codes.any() else pa.nulls(len(codes), pa.string())


def _struct(fields: tuple[str, ...], rows: Floats) -> pa.Array:
    """Return a struct of doubles, NaN as NULL; `rows` is (fields, n)."""
    return pa.StructArray.from_arrays([_nullable(row) for row in rows], names=list(fields))


def _list_of(values: Floats, offsets: Offsets) -> pa.Array:
    """Return a column of lists of doubles."""
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), pa.array(values))


def solve_european(option_type: pa.Array, *rest: pa.Array) -> pa.Array:
    """Return implied volatility, Greeks and reason of (price, spot, strike, t, r, q)."""
    found, codes, sens = bs.implied_vols_and_greeks(sides(option_type), *map(floats, rest))
    fields = [_nullable(row) for row in (found, *sens)]
    return pa.StructArray.from_arrays(
        [*fields, _reasons(codes)], names=["iv", *bs.GREEKS, "reason"]
    )


def _dividends(times: pa.Array, amounts: pa.Array) -> Dividends:
    years, offsets = _lists(times)
    return Dividends(offsets, years, _lists(amounts)[0])


def solve_american(option_type: pa.Array, *rest: pa.Array) -> pa.Array:
    """Return implied volatility, Greeks and reason of American options.

    Of (price, spot, strike, t, r, q, dividend times, dividend amounts).
    """
    columns = [sides(option_type), *(floats(column) for column in rest[:6])]
    cash = _dividends(rest[6], rest[7])
    found, codes, sens = american.values(columns, cash, is_price=False)
    fields = [_nullable(row) for row in (found, *sens)]
    return pa.StructArray.from_arrays(
        [*fields, _reasons(codes)], names=["iv", *bs.GREEKS, "reason"]
    )


def value_american(option_type: pa.Array, *rest: pa.Array) -> pa.Array:
    """Return American prices and Greeks.

    Of (spot, strike, t, r, q, sigma, dividend times, dividend amounts).
    """
    spot, strike, t, r, q, sigma = (floats(column) for column in rest[:6])
    columns = [sides(option_type), sigma, spot, strike, t, r, q]
    prices, _, sens = american.values(columns, _dividends(rest[6], rest[7]), is_price=True)
    found: Floats = np.vstack([prices, sens])
    return _struct(("price", *bs.GREEKS), found)


def value_european(option_type: pa.Array, *rest: pa.Array) -> pa.Array:
    """Return price and Greeks of (spot, strike, t, r, q, sigma)."""
    side, columns = sides(option_type), [floats(column) for column in rest]
    found: Floats = np.vstack([bs.prices(side, *columns), bs.greeks(side, *columns)])
    return _struct(("price", *bs.GREEKS), found)


def option_pairs(*columns: pa.Array) -> pa.Array:
    """Return the calls and puts of each expiry that were priced together: `engine.kernels.pairs`.

    Of lists, in any order: strike, 1 for a call or 0 for a put, price, uncertainty of the price,
    and a number that sides have in common which were priced together.
    """
    strike, offsets = _lists(columns[0])
    rest = (_lists(column)[0] for column in columns[1:])
    found, begins, even = pairs.matched(strike, *rest, offsets)
    return pa.StructArray.from_arrays(
        [*(_list_of(row, begins) for row in found), _nullable(even)], names=list(PAIRS)
    )


def parity_forward(*columns: pa.Array) -> pa.Array:
    """Return what the pairs of each expiry say of its forward: see `engine.kernels.parity`."""
    strikes, offsets = _lists(columns[0])
    calls, puts, widths = (_lists(column)[0] for column in columns[1:4])
    found: Floats = parity.forwards(
        strikes, calls, puts, widths, offsets, floats(columns[4]), floats(columns[5])
    )
    return _struct(PARITY, found)


def american_parity_forward(*columns: pa.Array) -> pa.Array:
    """Return what American pairs of each expiry say of its forward: `american_parity`."""
    strikes, offsets = _lists(columns[0])
    calls, puts, widths = (_lists(column)[0] for column in columns[1:4])
    cash = _dividends(columns[8], columns[9])
    found: Floats = american_parity.forwards(
        strikes, calls, puts, widths, offsets, *(floats(column) for column in columns[4:8]),
        cash.offsets, cash.times, cash.amounts,
    )  # fmt: skip
    return _struct(PARITY, found)


def smile_fit(*columns: pa.Array) -> pa.Array:
    """Return the smile of each expiry: see `engine.kernels.smile.fit`."""
    k, offsets = _lists(columns[0])
    iv, weight = (_lists(column)[0] for column in columns[1:3])
    found: Floats = smile.fits(k, iv, weight, offsets, floats(columns[3]))
    return _struct(SMILE, found)


def smile_at_delta(*columns: pa.Array) -> pa.Array:
    """Return the log moneyness at which a smile (a, b, rho, m, s) at t has a forward delta."""
    found: Floats = smile.at_deltas(*map(floats, columns))
    return pa.array(found, pa.float64(), from_pandas=True)


def interpolate(*columns: pa.Array) -> pa.Array:
    """Return y at a place between the points (x, y), flat beyond them; NULL without points."""
    x, offsets = _lists(columns[0])
    found: Floats = curve.interpolated(x, _lists(columns[1])[0], offsets, floats(columns[2]))
    return pa.array(found, pa.float64(), from_pandas=True)


def _doubles(fields: tuple[str, ...]) -> str:
    return ", ".join(f"{name} DOUBLE" for name in fields)


_LIST = "DOUBLE[]"
FUNCTIONS = (
    Function(
        "solve_european",
        solve_european,
        ("VARCHAR", *("DOUBLE",) * 6),
        f"STRUCT(iv DOUBLE, {_doubles(bs.GREEKS)}, reason VARCHAR)",
    ),
    Function(
        "solve_american",
        solve_american,
        ("VARCHAR", *("DOUBLE",) * 6, _LIST, _LIST),
        f"STRUCT(iv DOUBLE, {_doubles(bs.GREEKS)}, reason VARCHAR)",
    ),
    Function(
        "value_american",
        value_american,
        ("VARCHAR", *("DOUBLE",) * 6, _LIST, _LIST),
        f"STRUCT(price DOUBLE, {_doubles(bs.GREEKS)})",
    ),
    Function(
        "american_parity_forward",
        american_parity_forward,
        (*(_LIST,) * 4, *("DOUBLE",) * 4, _LIST, _LIST),
        f"STRUCT({_doubles(PARITY)})",
    ),
    Function(
        "value_european",
        value_european,
        ("VARCHAR", *("DOUBLE",) * 6),
        f"STRUCT(price DOUBLE, {_doubles(bs.GREEKS)})",
    ),
    Function(
        "option_pairs",
        option_pairs,
        (_LIST,) * 5,
        f"STRUCT({', '.join(f'{name} {_LIST}' for name in PAIRS[:-1])}, {PAIRS[-1]} DOUBLE)",
    ),
    Function(
        "parity_forward",
        parity_forward,
        (*(_LIST,) * 4, "DOUBLE", "DOUBLE"),
        f"STRUCT({_doubles(PARITY)})",
    ),
    Function("smile_fit", smile_fit, (*(_LIST,) * 3, "DOUBLE"), f"STRUCT({_doubles(SMILE)})"),
    Function("smile_at_delta", smile_at_delta, ("DOUBLE",) * 7, "DOUBLE"),
    Function("interpolate", interpolate, (_LIST, _LIST, "DOUBLE"), "DOUBLE"),
    *exposure.FUNCTIONS,
)


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
