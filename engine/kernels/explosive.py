"""Tests of a moving window for price paths that run away: explosive roots and departures.

Paths are built from returns inside the window, so the level of prices has no part in them.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.window import Floats, _clean_from

# Below this share of unexplained variance a fit is a line of rounding errors, and has no t.
_LEAST_RESIDUAL = 1e-9
TRIM = 0.15  # share of a window at either end where no break is looked for


@njit(cache=True, nogil=True)
def sup_adf(r: Floats, short: int, long: int, least: int) -> tuple[Floats, Floats]:
    """Return the largest Dickey-Fuller t of windows that end here, for two longest lengths.

    The regression is d y = a + b y_before, without lags; lengths run from `least` returns to
    `short`, and to `long`. The sums grow backwards from the row, one return at a time.

    Parameters
    ----------
    r
        Log returns, shape (n,).
    short, long, least
        Longest lengths (in order) and the shortest, in returns.

    Returns
    -------
    tuple of ndarray
        Each of shape (n,); NaN where a return is missing or no length has a regression.

    References
    ----------
    Phillips, Wu and Yu (2011).
    """
    n = r.shape[0]
    brief = np.full(n, np.nan)
    whole = np.full(n, np.nan)
    inverse = np.zeros(long + 1)
    for k in range(1, long + 1):
        inverse[k] = 1.0 / k
    run = 0
    for t in range(n):
        run = 0 if np.isnan(r[t]) else run + 1
        if run < short:
            continue
        x = 0.0  # level before the return, from the last one
        sx = 0.0
        sd = 0.0
        sxx = 0.0
        sxd = 0.0
        sdd = 0.0
        best = -np.inf  # t |t|, which orders as t does
        for k in range(1, min(run, long) + 1):
            d = r[t - k + 1]
            x -= d
            sx += x
            sd += d
            sxx += x * x
            sxd += x * d
            sdd += d * d
            if k >= least:
                mean = sx * inverse[k]
                vx = sxx - sx * mean
                vd = sdd - sd * sd * inverse[k]
                c = sxd - mean * sd
                rest = vx * vd - c * c
                if rest > _LEAST_RESIDUAL * sxx * sdd:
                    best = max(best, (k - 2) * c * abs(c) / rest)
            if k == short and best > -np.inf:
                brief[t] = np.sign(best) * np.sqrt(abs(best))
        if run >= long and best > -np.inf:
            whole[t] = np.sign(best) * np.sqrt(abs(best))
    return brief, whole


@njit(cache=True, nogil=True)
def chow_dickey_fuller(r: Floats, window: int) -> Floats:
    """Return the largest t of a switch from a random walk to an explosive root.

    For each break in the inner 70% of the window the regression is d y = b y_before after the
    break and 0 before it, y measured from the window's first price.

    Parameters
    ----------
    r
        Log returns, shape (n,).
    window
        Returns.

    Returns
    -------
    ndarray
        Shape (n,); NaN where a return is missing or no break has a regression.

    References
    ----------
    Andrews and Ploberger (1994) for the supremum; Lopez de Prado (2018), chapter 17.
    """
    n = r.shape[0]
    out = np.full(n, np.nan)
    clean = _clean_from(r, window)
    y = np.empty(window)  # level before each return
    first = int(np.ceil(TRIM * window))
    last = int(np.floor((1.0 - TRIM) * window))
    for t in range(window - 1, n):
        if not clean[t]:
            continue
        start = t - window + 1
        level = 0.0
        sdd = 0.0
        for i in range(window):
            y[i] = level
            level += r[start + i]
            sdd += r[start + i] * r[start + i]
        sxx = 0.0
        sxd = 0.0
        best = -np.inf
        for i in range(window - 1, first - 1, -1):
            sxx += y[i] * y[i]
            sxd += y[i] * r[start + i]
            if i > last:
                continue
            rest = sxx * sdd - sxd * sxd
            if rest > _LEAST_RESIDUAL * sxx * sdd:
                best = max(best, (window - 1) * sxd * abs(sxd) / rest)
        if best > -np.inf:
            out[t] = np.sign(best) * np.sqrt(abs(best))
    return out


@njit(cache=True, nogil=True)
def departure(r: Floats, window: int) -> Floats:
    """Return the largest standardised departure of the last price from one before, signed.

    S_k = (y_t - y_{t-k}) / (sigma sqrt(k)) for k up to the window, sigma^2 the mean square of
    its returns; of them the largest by size, of equal ones the shortest k. At most sqrt(window).

    Parameters
    ----------
    r
        Log returns, shape (n,).
    window
        Returns.

    Returns
    -------
    ndarray
        Shape (n,); NaN where a return is missing or all are zero.

    References
    ----------
    Chu, Stinchcombe and White (1996); Lopez de Prado (2018), chapter 17.
    """
    n = r.shape[0]
    out = np.full(n, np.nan)
    clean = _clean_from(r, window)
    root = 1.0 / np.sqrt(np.arange(1, window + 1))
    for t in range(window - 1, n):
        if not clean[t]:
            continue
        total = 0.0
        squares = 0.0
        best = 0.0
        for k in range(window):
            step = r[t - k]
            total += step
            squares += step * step
            value = total * root[k]
            if abs(value) > abs(best):
                best = value
        if squares > 0.0:
            out[t] = best / np.sqrt(squares / window)
    return out
