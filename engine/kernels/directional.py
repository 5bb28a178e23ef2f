"""Wilder's directional movement."""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.window import Floats


@njit(cache=True, nogil=True)
def directional_movement(high: Floats, low: Floats) -> tuple[Floats, Floats]:
    """Return +DM and -DM: how far the bar reached beyond the last one that exists.

    Only the larger reach counts, and only when it is positive; equal reaches count as none.

    Parameters
    ----------
    high, low
        Shape (n,); NaN where the bar is missing.

    Returns
    -------
    tuple of ndarray
        Each of shape (n,); the first bar has none.

    References
    ----------
    Wilder (1978).
    """
    n = high.shape[0]
    plus = np.full(n, np.nan)
    minus = np.full(n, np.nan)
    before = -1
    for t in range(n):
        if np.isnan(high[t]) or np.isnan(low[t]):
            continue
        if before >= 0:
            up = high[t] - high[before]
            down = low[before] - low[t]
            plus[t] = up if up > down and up > 0.0 else 0.0
            minus[t] = down if down > up and down > 0.0 else 0.0
        before = t
    return plus, minus
