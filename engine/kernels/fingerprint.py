"""A running fingerprint of rows: two histories agree up to a row where their fingerprints agree."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Words = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_27 = np.uint64(27)
_30 = np.uint64(30)
_31 = np.uint64(31)


@njit(cache=True, nogil=True)
def _mixed(z: np.uint64) -> np.uint64:
    z = z + _GOLDEN
    z = (z ^ (z >> _30)) * _MIX_1
    z = (z ^ (z >> _27)) * _MIX_2
    return z ^ (z >> _31)


@njit(cache=True, nogil=True)
def chain(series: Words, seed: np.uint64) -> Words:
    """Return, for each row, a 64-bit number that depends on it and on every row before it.

    Parameters
    ----------
    series
        The bits of the values, shape (k, n): one row of this array a series.
    seed
        What else the results depend on, e.g. a hash of the code.

    Returns
    -------
    ndarray
        Shape (n,). Mixing is that of splitmix64 (Steele, Lea, Flood 2014): for change detection,
        not against an adversary.
    """
    k, n = series.shape
    out = np.full(n, seed)
    for j in range(k):
        values = series[j]
        for t in range(n):  # rows do not wait for one another
            out[t] = _mixed(out[t] ^ values[t])
    state = seed
    for t in range(n):
        state = _mixed(state ^ out[t])
        out[t] = state
    return out
