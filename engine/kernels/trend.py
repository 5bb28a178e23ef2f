"""Straight-line trend of a moving window."""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.lanes import BLOCK
from engine.kernels.window import Floats, _clean_from, equal_run


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
    equal = equal_run(x)
    mu, beta, sxy, syy, residual = np.empty((5, BLOCK))
    t = window - 1
    while t < n:
        if not clean[t]:
            t += 1
            continue
        rows = 1
        while rows < BLOCK and t + rows < n and clean[t + rows]:
            rows += 1
        # every window is added in order of time, the rows of a block together
        begin = t - window + 1
        for k in range(rows):
            mu[k] = 0.0
            sxy[k] = 0.0
            syy[k] = 0.0
            residual[k] = 0.0
        for i in range(window):
            piece = x[begin + i : begin + i + rows]
            for k in range(rows):
                mu[k] += piece[k]
        for k in range(rows):
            mu[k] /= window
        for i in range(window):
            piece = x[begin + i : begin + i + rows]
            for k in range(rows):
                deviation = piece[k] - mu[k]
                sxy[k] += (i - centre) * deviation
                syy[k] += deviation * deviation
        for k in range(rows):
            beta[k] = sxy[k] / sxx
        for i in range(window):
            piece = x[begin + i : begin + i + rows]
            for k in range(rows):
                e = piece[k] - mu[k] - beta[k] * (i - centre)
                residual[k] += e * e
        for k in range(rows):
            if equal[t + k] >= window:
                slope[t + k] = 0.0
                continue
            slope[t + k] = beta[k]
            r2[t + k] = 1.0 - residual[k] / syy[k]
            if residual[k] > 1e-12 * syy[k]:
                t_stat[t + k] = beta[k] / np.sqrt(residual[k] / (window - 2) / sxx)
        t += rows
    return slope, t_stat, r2
