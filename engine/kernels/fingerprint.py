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
def chain(rows: Words, seed: np.uint64) -> Words:
    """Return, for each row, a 64-bit number that depends on it and on every row before it.

    Parameters
    ----------
    rows
        The bits of the values, shape (n, k).
    seed
        What else the rows' results depend on, e.g. a hash of the code.

    Returns
    -------
    ndarray
        Shape (n,). Mixing is that of splitmix64 (Steele, Lea, Flood 2014): for change detection,
        not against an adversary.
    """
    n, k = rows.shape
    out = np.empty(n, dtype=np.uint64)
    state = seed
    for t in range(n):
        for j in range(k):
            z = (state ^ rows[t, j]) + _GOLDEN
            z = (z ^ (z >> _30)) * _MIX_1
            z = (z ^ (z >> _27)) * _MIX_2
            state = z ^ (z >> _31)
        out[t] = state
    return out
