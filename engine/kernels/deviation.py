"""Mean absolute deviation of a moving window."""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.window import Floats, _clean_from


@njit(cache=True, nogil=True)
def mean_absolute_deviation(x: Floats, window: int) -> Floats:
    """Return the mean distance of each window's values from their mean; exactly 0 when equal.

    Parameters
    ----------
    x
        Shape (n,).
    window
        Bars.

    Returns
    -------
    ndarray
        Shape (n,).
    """
    out = np.full(x.shape[0], np.nan)
    clean = _clean_from(x, window)
    for t in range(window - 1, x.shape[0]):
        if not clean[t]:
            continue
        start = t - window + 1
        acc = 0.0
        flat = True
        for i in range(start, t + 1):
            acc += x[i]
            if x[i] != x[start]:
                flat = False
        if flat:
            out[t] = 0.0
            continue
        mu = acc / window
        acc = 0.0
        for i in range(start, t + 1):
            acc += abs(x[i] - mu)
        out[t] = acc / window
    return out
