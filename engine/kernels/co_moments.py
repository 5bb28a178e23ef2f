"""How two series move together in a moving window."""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.window import Floats


@njit(cache=True, nogil=True)
def co_moments(x: Floats, y: Floats, window: int) -> tuple[Floats, Floats, Floats]:
    """Return the variances of two series and their covariance over each window (divisor n - 1).

    Two passes. A series of equal values has variance and covariance exactly 0.

    Parameters
    ----------
    x, y
        Shape (n,). A NaN of either makes its windows NaN.
    window
        At least 2.

    Returns
    -------
    tuple of ndarray
        Variance of x, variance of y, covariance; each of shape (n,).
    """
    n = x.shape[0]
    var_x = np.full(n, np.nan)
    var_y = np.full(n, np.nan)
    cov = np.full(n, np.nan)
    run = 0
    for t in range(n):
        run = 0 if np.isnan(x[t]) or np.isnan(y[t]) else run + 1
        if run < window:
            continue
        start = t - window + 1
        sum_x = 0.0
        sum_y = 0.0
        flat_x = True
        flat_y = True
        for i in range(start, t + 1):
            sum_x += x[i]
            sum_y += y[i]
            flat_x = flat_x and x[i] == x[start]
            flat_y = flat_y and y[i] == y[start]
        mean_x = x[start] if flat_x else sum_x / window
        mean_y = y[start] if flat_y else sum_y / window
        xx = 0.0
        yy = 0.0
        xy = 0.0
        for i in range(start, t + 1):
            dx = x[i] - mean_x
            dy = y[i] - mean_y
            xx += dx * dx
            yy += dy * dy
            xy += dx * dy
        var_x[t] = xx / (window - 1)
        var_y[t] = yy / (window - 1)
        cov[t] = xy / (window - 1)
    return var_x, var_y, cov
