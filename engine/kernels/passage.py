"""Times under water, and which of two barriers a path reaches first."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)
def time_under_water(close: Floats, window: int) -> tuple[Floats, Floats]:
    """Return the longest and the present stretch of bars below the window's running high.

    Parameters
    ----------
    close
        Shape (n,); NaN where missing.
    window
        Window in bars.

    Returns
    -------
    tuple of ndarray
        Bars, each of shape (n,); a close that equals the high is not below it. NaN where a bar
        is missing.
    """
    n = close.size
    longest = np.full(n, np.nan)
    present = np.full(n, np.nan)
    clean = 0
    for t in range(n):
        clean = 0 if np.isnan(close[t]) else clean + 1
        if clean < window:
            continue
        top = close[t - window + 1]
        below = 0
        most = 0
        for i in range(t - window + 2, t + 1):
            if close[i] >= top:
                top = close[i]
                below = 0
            else:
                below += 1
                most = max(most, below)
        longest[t] = most
        present[t] = below
    return longest, present


@njit(cache=True, nogil=True)
def first_passage(high: Floats, low: Floats, close: Floats, barrier: Floats, window: int) -> Floats:
    """Return the share of paths that reach the upper of two barriers first.

    A path begins at each close of the last `window` bars but this one, and runs to this bar. Its
    barriers are that close plus and minus the row's `barrier`. A bar that reaches both counts
    half for each; a path that has reached neither does not count.

    Parameters
    ----------
    high, low, close
        Log prices, shape (n,); NaN where missing.
    barrier
        Distance in logs, shape (n,).
    window
        Bars in the longest path.

    Returns
    -------
    ndarray
        (up + 1) / (up + down + 2), shape (n,): 1/2 when nothing was reached. NaN where a bar is
        missing or the barrier is not positive.
    """
    n = close.size
    out = np.full(n, np.nan)
    clean = 0
    for t in range(n):
        missing = np.isnan(high[t]) or np.isnan(low[t]) or np.isnan(close[t])
        clean = 0 if missing else clean + 1
        if clean <= window or not barrier[t] > 0.0:
            continue
        up = 0.0
        down = 0.0
        for start in range(t - window, t):
            top = close[start] + barrier[t]
            bottom = close[start] - barrier[t]
            for i in range(start + 1, t + 1):
                above = high[i] >= top
                below = low[i] <= bottom
                if above and below:
                    up += 0.5
                    down += 0.5
                    break
                if above:
                    up += 1.0
                    break
                if below:
                    down += 1.0
                    break
        out[t] = (up + 1.0) / (up + down + 2.0)
    return out
