"""The area between a path of price against volume and its chord."""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.window import Floats, _clean_from


@njit(cache=True, nogil=True)
def levy_area(steps: Floats, volume: Floats, window: int) -> Floats:
    """Return the signed area of the path (running return, running volume) of each window.

    Half the sum of x dy - y dx along the path from (0, 0): x the running sum of `steps` over the
    root of the sum of their squares, y the running share of the window's volume. Positive where
    price moved before the volume came, negative where volume came first and price followed; for a
    falling price the other way round.

    Parameters
    ----------
    steps
        Returns, shape (n,); NaN where missing.
    volume
        Volume of the same bars, not negative; shape (n,).
    window
        Steps in a window.

    Returns
    -------
    ndarray
        Shape (n,); NaN where a value is missing, nothing moves or nothing trades.

    References
    ----------
    Chevyrev and Kormilitzin (2016), "A primer on the signature method in machine learning",
    section 1.2: the antisymmetric part of the second level.
    """
    n = steps.shape[0]
    out = np.full(n, np.nan)
    clean_steps = _clean_from(steps, window)
    clean_volume = _clean_from(volume, window)
    for t in range(window - 1, n):
        if not (clean_steps[t] and clean_volume[t]):
            continue
        start = t - window + 1
        squares = 0.0
        total = 0.0
        x = 0.0
        y = 0.0
        area = 0.0
        for i in range(start, t + 1):
            area += x * volume[i] - y * steps[i]
            x += steps[i]
            y += volume[i]
            squares += steps[i] * steps[i]
        total = y
        if squares > 0.0 and total > 0.0:
            out[t] = 0.5 * area / (np.sqrt(squares) * total)
    return out
