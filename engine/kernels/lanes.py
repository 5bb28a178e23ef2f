"""Window sums of many rows side by side: the loop over rows is the inner one.

A window's terms are added in an order that its own positions give, so each row is a function of
its window alone; only which rows are worked on together changes, and that changes no bit. One
addition waits for the one before it within a row, not across rows: side by side they run at the
speed of the machine's vectors. A NaN reaches the rows whose window holds it and no others.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BLOCK = 256  # rows side by side: their sums stay in the nearest cache


@njit(cache=True, nogil=True)
def tree_total(x: Floats, count: int, stride: int = 1) -> Floats:
    """Return x[t] + x[t - stride] + ... of `count` values at each row, added as a tree.

    Sums of 2, 4, 8, ... values are made of the ones before, and `count` of those: as many
    additions a row as `count` has binary digits, and less rounding than one after the other.

    Parameters
    ----------
    x
        Shape (n,); NaN where missing.
    count
        Values in a sum, at least 1.
    stride
        Bars from one value to the next.

    Returns
    -------
    ndarray
        Shape (n,); NaN where a value is missing and in the first `(count - 1) * stride` rows.
    """
    n = x.shape[0]
    out = np.zeros(n)
    power = x.copy()
    size = 1
    used = 0
    left = count
    while left > 0:
        if left & 1:
            shift = used * stride
            for t in range(shift, n):
                out[t] += power[t - shift]
            used += size
        left >>= 1
        if left > 0:
            shift = size * stride
            longer = np.full(n, np.nan)
            for t in range(shift, n):
                longer[t] = power[t] + power[t - shift]
            power = longer
            size *= 2
    out[: min(n, (count - 1) * stride)] = np.nan
    return out
