"""Straight-line trend of a moving window."""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.window import Floats, _clean_from


@njit(cache=True, nogil=True)
def trend(x: Floats, window: int) -> tuple[Floats, Floats, Floats]:
    """Return slope, its t-statistic and R2 of the least-squares line of each window on time.

    A window of equal values has slope 0 and neither t nor R2. A perfect line has a residual of
    rounding only; when R2 is 1 to twelve digits t is NaN rather than a number made of rounding.

    Parameters
    ----------
    x
        Shape (n,).
    window
        At least 3.

    Returns
    -------
    tuple of ndarray
        Slope per bar, t-statistic of the slope, R2; each of shape (n,).
    """
    n = x.shape[0]
    slope = np.full(n, np.nan)
    t_stat = np.full(n, np.nan)
    r2 = np.full(n, np.nan)
    clean = _clean_from(x, window)
    centre = 0.5 * (window - 1)
    sxx = window * (window * window - 1.0) / 12.0
    for t in range(window - 1, n):
        if not clean[t]:
            continue
        start = t - window + 1
        acc = 0.0
        flat = True
        for i in range(window):
            acc += x[start + i]
            if x[start + i] != x[start]:
                flat = False
        if flat:
            slope[t] = 0.0
            continue
        mu = acc / window
        sxy = 0.0
        syy = 0.0
        for i in range(window):
            deviation = x[start + i] - mu
            sxy += (i - centre) * deviation
            syy += deviation * deviation
        beta = sxy / sxx
        residual = 0.0
        for i in range(window):
            e = x[start + i] - mu - beta * (i - centre)
            residual += e * e
        slope[t] = beta
        r2[t] = 1.0 - residual / syy
        if residual > 1e-12 * syy:
            t_stat[t] = beta / np.sqrt(residual / (window - 2) / sxx)
    return slope, t_stat, r2
