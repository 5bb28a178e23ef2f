"""Division that says "unknown" instead of blowing up when the divisor has died.

`a / b` is kept where `|b| > 1e-3 x scale` and is NaN elsewhere. The scale is one number per
series and row: the median of |b| over the bars before it. An epsilon in the denominator would
turn one zero-volume bar into 1e18.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FLOOR = 1e-3
SCALE_WINDOW = 252
SCALE_MIN_OBS = 20


@njit(cache=True, nogil=True)
def scale(x: Floats, window: int = SCALE_WINDOW, min_obs: int = SCALE_MIN_OBS) -> Floats:
    """Return the median of |x| over up to `window` valid values before each row.

    The row itself does not count, so a dead bar cannot lower the bar it is measured by; missing
    values are skipped, so one of them does not blank the next year.

    Parameters
    ----------
    x
        Series, shape (n,); NaN where missing.
    window
        Valid values to look back on.
    min_obs
        Valid values below which the scale is NaN.

    Returns
    -------
    ndarray
        Shape (n,).
    """
    n = x.shape[0]
    out = np.full(n, np.nan)
    ring = np.empty(window)  # the last values in order of time
    ordered = np.empty(window)  # the same values sorted
    count = 0
    head = 0
    for t in range(n):
        if count >= min_obs:
            half = count // 2
            if count % 2 == 1:
                out[t] = ordered[half]
            else:
                out[t] = 0.5 * (ordered[half - 1] + ordered[half])
        value = abs(x[t])
        if np.isnan(value):
            continue
        if count == window:
            gone = np.searchsorted(ordered[:count], ring[head])
            for i in range(gone, count - 1):
                ordered[i] = ordered[i + 1]
            count -= 1
        place = np.searchsorted(ordered[:count], value)
        for i in range(count, place, -1):
            ordered[i] = ordered[i - 1]
        ordered[place] = value
        count += 1
        ring[head] = value
        head = (head + 1) % window
    return out


@njit(cache=True, nogil=True)
def safe_divide(a: Floats, b: Floats, scale: Floats) -> Floats:
    """Return `a / b` where `|b| > 1e-3 x scale`, else NaN.

    Parameters
    ----------
    a, b, scale
        Shape (n,). A NaN in any of them gives NaN.

    Returns
    -------
    ndarray
        Shape (n,).
    """
    out = np.full(a.shape[0], np.nan)
    for t in range(a.shape[0]):
        if abs(b[t]) > FLOOR * scale[t]:
            out[t] = a[t] / b[t]
    return out
