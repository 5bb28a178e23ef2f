"""Volume read together with the direction of price."""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.window import Floats, _clean_from


@njit(cache=True, nogil=True)
def signed_volume(close: Floats, volume: Floats) -> Floats:
    """Return the volume of each bar with the sign of its price change; shape (n,).

    Unchanged closes count 0. NaN where this bar or the one before is missing.
    """
    out = np.full(close.shape[0], np.nan)
    for t in range(1, close.shape[0]):
        change = close[t] - close[t - 1]
        if not np.isnan(change):
            out[t] = np.sign(change) * volume[t]
    return out


@njit(cache=True, nogil=True)
def cumulative_slope(steps: Floats, window: int) -> Floats:
    """Return the least-squares slope per bar of the running sum of the last `window` steps.

    The line (on-balance volume, accumulation) begins at 0 in each window: its level carries no
    meaning, only its changes do.

    Parameters
    ----------
    steps
        Shape (n,).
    window
        At least 2.

    Returns
    -------
    ndarray
        Shape (n,).
    """
    n = steps.shape[0]
    out = np.full(n, np.nan)
    clean = _clean_from(steps, window)
    centre = 0.5 * (window - 1)
    sxx = window * (window * window - 1.0) / 12.0
    for t in range(window - 1, n):
        if not clean[t]:
            continue
        level = 0.0
        sxy = 0.0
        for i in range(window):
            level += steps[t - window + 1 + i]
            sxy += (i - centre) * level
        out[t] = sxy / sxx
    return out
