"""Supertrend: a trailing band that turns when the close breaks it."""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.window import Floats


@njit(cache=True, nogil=True)
def supertrend(middle: Floats, close: Floats, width: Floats, lookback: int) -> Floats:
    """Return the trailing band in force: below the close in a rise, above it in a fall.

    The bands are middle +- width. The lower one only rises while the close before stays on it,
    the upper one only falls; a close beyond the band of the bar before turns the direction. Each
    row's path runs over the last `lookback` existing bars (fewer while there are fewer) and has
    no direction until a band is broken: until then the row is NaN.

    Parameters
    ----------
    middle
        (high + low) / 2, shape (n,).
    close
        Shape (n,).
    width
        Half the distance between the bands, shape (n,); where NaN the bar does not exist.
    lookback
        Bars that a row may depend on.

    Returns
    -------
    ndarray
        Price, shape (n,).
    """
    n = close.shape[0]
    out = np.full(n, np.nan)
    above = np.empty(n)
    below = np.empty(n)
    price = np.empty(n)
    count = 0
    for t in range(n):
        if np.isnan(close[t]) or np.isnan(width[t]):
            continue
        above[count] = middle[t] + width[t]
        below[count] = middle[t] - width[t]
        price[count] = close[t]
        count += 1
        first = max(0, count - lookback)
        upper = above[first]
        lower = below[first]
        before = price[first]
        direction = 0
        for i in range(first + 1, count):
            now = price[i]
            if now > upper:
                direction = 1
            elif now < lower:
                direction = -1
            if above[i] < upper or before > upper:
                upper = above[i]
            if below[i] > lower or before < lower:
                lower = below[i]
            before = now
        if direction > 0:
            out[t] = lower
        elif direction < 0:
            out[t] = upper
    return out
