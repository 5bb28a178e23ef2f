"""SQL function of a chain's exposures: contracts in, what the makers of its market hold out.

`chain_exposures(list(struct_pack(is_call := ..., strike := ..., ...)), spot, call_sign, put_sign)`
takes one row an underlying and session. The order of the contracts does not matter.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.kernels import dealer_exposure
from engine.kernels.dealer_exposure import CONTRACT, FIELDS, STRIKE
from engine.kernels.gamma_profile import PLACES
from engine.options.udf import Function, floats

Floats = NDArray[np.float64]

_PLACE = {name: place for place, name in enumerate(CONTRACT)}
# Contracts that are alike in all of these are the same to a sum.
_ORDER = ("open_interest", "iv", "t", "is_call", "strike")


def chain_exposures(
    contracts: pa.Array, spot: pa.Array, call_sign: pa.Array, put_sign: pa.Array
) -> pa.Array:
    """Return exposures of chains: see `engine.kernels.dealer_exposure.exposures`."""
    lengths = contracts.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    offsets = np.zeros(len(contracts) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    flat = contracts.flatten()
    rows: Floats = np.vstack([floats(column) for column in flat.flatten()])
    chain = np.repeat(np.arange(len(contracts)), lengths)
    rows = rows[:, np.lexsort([*(rows[_PLACE[name]] for name in _ORDER), chain])]
    found, strikes, counts, curves = dealer_exposure.exposures(
        np.ascontiguousarray(rows), offsets, *map(floats, (spot, call_sign, put_sign))
    )
    is_used = np.arange(rows.shape[1]) - offsets[chain] < counts[chain]
    ends = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
    by_strike = [pa.ListArray.from_arrays(ends, pa.array(row[is_used])) for row in strikes]
    places = pa.array(np.arange(len(curves) + 1) * PLACES, pa.int32())
    curve = pa.ListArray.from_arrays(places, pa.array(curves.ravel(), from_pandas=True))
    return pa.StructArray.from_arrays(
        [
            *(pa.array(row, pa.float64(), from_pandas=True) for row in found),
            pa.StructArray.from_arrays(by_strike, names=list(STRIKE)),
            curve,
        ],
        names=[*FIELDS, "strikes", "curve"],
    )


def _fields(names: tuple[str, ...], kind: str = "DOUBLE") -> str:
    return ", ".join(f"{name} {kind}" for name in names)


FUNCTIONS = (
    Function(
        "chain_exposures",
        chain_exposures,
        (f"STRUCT({_fields(CONTRACT)})[]", "DOUBLE", "DOUBLE", "DOUBLE"),
        f"STRUCT({_fields(FIELDS)}, strikes STRUCT({_fields(STRIKE, 'DOUBLE[]')}), curve DOUBLE[])",
    ),
)
