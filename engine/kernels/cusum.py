"""Cumulative sums that watch a standardised series for a drift.

Both statistics forget: one starts anew whenever its sum falls to zero, the other measures from
the extreme inside its window. So a row runs them over its last `lookback` existing values only.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.window import Floats


@njit(cache=True, nogil=True)
def cusum(
    z: Floats, slack: float, limit: float, lookback: int, min_obs: int
) -> tuple[Floats, Floats, Floats]:
    """Return the two one-sided CUSUM statistics and their events.

    S+ = max(0, S+ + z - slack), S- = max(0, S- - z - slack), each from 0 at the first of the
    last `lookback` existing values and again from 0 after it has passed `limit`.

    Parameters
    ----------
    z
        Standardised series, shape (n,); NaN where missing, which is skipped.
    slack, limit
        Allowance and decision limit, in standard deviations.
    lookback, min_obs
        Existing values that a row may and must have.

    Returns
    -------
    tuple of ndarray
        S+, S- (an event's own value still stands above the limit), and 1 or -1 where S+ or S-
        passes the limit, 0 elsewhere; each of shape (n,), NaN where z is.

    References
    ----------
    Page (1954).
    """
    n = z.shape[0]
    up = np.full(n, np.nan)
    down = np.full(n, np.nan)
    event = np.full(n, np.nan)
    values = np.empty(n)
    count = 0
    for t in range(n):
        if np.isnan(z[t]):
            continue
        values[count] = z[t]
        count += 1
        if count < min_obs:
            continue
        high = 0.0
        low = 0.0
        for i in range(max(0, count - lookback), count):
            if high > limit:
                high = 0.0
            if low > limit:
                low = 0.0
            high = max(0.0, high + values[i] - slack)
            low = max(0.0, low - values[i] - slack)
        up[t] = high
        down[t] = low
        event[t] = 0.0
        if high > limit:
            event[t] = 1.0
        elif low > limit:
            event[t] = -1.0
    return up, down, event


@njit(cache=True, nogil=True)
def page_hinkley(z: Floats, slack: float, window: int, min_obs: int) -> tuple[Floats, Floats]:
    """Return how far the sum of deviations from the running mean is from its extreme.

    m_i sums z_k - mean(z_1..z_k) - slack over the window; the first statistic is m less its
    minimum so far (0 at the start counts). The second is the same for -z.

    Parameters
    ----------
    z
        Standardised series, shape (n,); NaN where missing, which is skipped.
    slack
        Drift that is tolerated, in standard deviations.
    window, min_obs
        Existing values that a row may and must have.

    Returns
    -------
    tuple of ndarray
        Upward and downward statistic, each of shape (n,), at least 0; NaN where z is.

    References
    ----------
    Hinkley (1971).
    """
    n = z.shape[0]
    up = np.full(n, np.nan)
    down = np.full(n, np.nan)
    values = np.empty(n)
    inverse = 1.0 / np.arange(1, window + 1)
    count = 0
    for t in range(n):
        if np.isnan(z[t]):
            continue
        values[count] = z[t]
        count += 1
        if count < min_obs:
            continue
        start = max(0, count - window)
        total = 0.0
        high = 0.0  # m - min m: the recursion of the maximum with 0
        low = 0.0
        for i in range(start, count):
            total += values[i]
            deviation = values[i] - total * inverse[i - start]
            high = max(0.0, high + deviation - slack)
            low = max(0.0, low - deviation - slack)
        up[t] = high
        down[t] = low
    return up, down
