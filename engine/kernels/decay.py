"""Sums of a series whose older values fade."""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.wilder import _newest_first, _powers
from engine.kernels.window import Floats


@njit(cache=True, nogil=True)
def decayed_total(x: Floats, keep: float, window: int, min_obs: int) -> Floats:
    """Return x + keep x[one before] + keep^2 x[two before] + ... of the last existing values.

    Parameters
    ----------
    x
        Shape (n,); NaN where missing: such a bar is skipped and does not fade the others.
    keep
        Weight kept from one value to the next, between 0 and 1.
    window
        Values that a row may depend on.
    min_obs
        Values below which a row is NaN.

    Returns
    -------
    ndarray
        Shape (n,); NaN where x is.
    """
    n = x.shape[0]
    out = np.full(n, np.nan)
    values = np.empty(n)
    weights = _powers(keep, window)
    count = 0
    for t in range(n):
        if np.isnan(x[t]):
            continue
        values[count] = x[t]
        count += 1
        if count >= min_obs:
            out[t] = _newest_first(values, max(0, count - window), count, weights)
    return out
