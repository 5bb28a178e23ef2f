"""Breaks of the variance inside a moving window."""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.window import Floats, _clean_from


@njit(cache=True, nogil=True)
def centred_sum_of_squares(r: Floats, window: int) -> Floats:
    """Return sqrt(T / 2) max |D_k|, D_k = C_k / C_T - k / T, C the running sum of squares.

    Parameters
    ----------
    r
        Returns, mean taken as zero, shape (n,).
    window
        T.

    Returns
    -------
    ndarray
        Shape (n,); NaN where a value is missing or all are zero. The supremum of a Brownian
        bridge in the limit: 1.36 is its 95% quantile.

    References
    ----------
    Inclan and Tiao (1994).
    """
    n = r.shape[0]
    out = np.full(n, np.nan)
    clean = _clean_from(r, window)
    for t in range(window - 1, n):
        if not clean[t]:
            continue
        start = t - window + 1
        total = 0.0
        for i in range(start, t + 1):
            total += r[i] * r[i]
        if not total > 0.0:
            continue
        share = 1.0 / total
        running = 0.0
        largest = 0.0
        for i in range(window):
            running += r[start + i] * r[start + i]
            largest = max(largest, abs(running * share - (i + 1.0) / window))
        out[t] = np.sqrt(0.5 * window) * largest
    return out
