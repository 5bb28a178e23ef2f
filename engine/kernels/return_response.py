"""How returns of a moving window respond to other series of it: least squares and correlation.

Two passes over each window, none updated from the one before. A window in which a regressor does
not vary, or two regressors say the same, has no coefficient: NaN.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.window import Floats, _clean_from

ROUNDING = 1e-12  # share of a sum of squares that is rounding, not variation


@njit(cache=True, nogil=True)
def _complete(a: Floats, b: Floats, window: int) -> NDArray[np.bool_]:
    """Return where the `window` values that end at a row are present in both series."""
    found: NDArray[np.bool_] = _clean_from(a + b, window)
    return found


@njit(cache=True, nogil=True)
def correlation(x: Floats, y: Floats, window: int) -> Floats:
    """Return the correlation of the last `window` values of x and y; shape (n,)."""
    n = x.shape[0]
    out = np.full(n, np.nan)
    clean = _complete(x, y, window)
    for t in range(window - 1, n):
        if not clean[t]:
            continue
        start = t - window + 1
        mean_x = 0.0
        mean_y = 0.0
        flat_x = True
        flat_y = True
        for i in range(start, t + 1):
            mean_x += x[i]
            mean_y += y[i]
            flat_x &= x[i] == x[start]
            flat_y &= y[i] == y[start]
        if flat_x or flat_y:
            continue
        mean_x /= window
        mean_y /= window
        sxx = 0.0
        sxy = 0.0
        syy = 0.0
        for i in range(start, t + 1):
            a = x[i] - mean_x
            b = y[i] - mean_y
            sxx += a * a
            sxy += a * b
            syy += b * b
        # Two roots: the product of two tiny sums may underflow.
        size = math.sqrt(sxx) * math.sqrt(syy)
        if size > 0.0:
            out[t] = min(max(sxy / size, -1.0), 1.0)
    return out


@njit(cache=True, nogil=True)
def second_coefficient(y: Floats, first: Floats, second: Floats, window: int) -> Floats:
    """Return the coefficient of `second` when y is regressed on both series and a constant.

    Parameters
    ----------
    y, first, second
        Shape (n,).
    window
        Rows of each regression, at least 4.

    Returns
    -------
    ndarray
        Shape (n,); NaN where `first` explains all but 1e-12 of `second`.
    """
    n = y.shape[0]
    out = np.full(n, np.nan)
    clean = _complete(y + first, second, window)
    for t in range(window - 1, n):
        if not clean[t]:
            continue
        start = t - window + 1
        mean_y = 0.0
        mean_a = 0.0
        mean_b = 0.0
        flat_a = True
        flat_b = True
        for i in range(start, t + 1):
            mean_y += y[i]
            mean_a += first[i]
            mean_b += second[i]
            flat_a &= first[i] == first[start]
            flat_b &= second[i] == second[start]
        if flat_a or flat_b:
            continue
        mean_y /= window
        mean_a /= window
        mean_b /= window
        saa = 0.0
        sab = 0.0
        sbb = 0.0
        for i in range(start, t + 1):
            a = first[i] - mean_a
            b = second[i] - mean_b
            saa += a * a
            sab += a * b
            sbb += b * b
        if not (saa > 0.0 and sbb > 0.0):
            continue
        shared = sab / saa
        own = 0.0
        cross = 0.0
        for i in range(start, t + 1):
            e = second[i] - mean_b - shared * (first[i] - mean_a)
            own += e * e
            cross += e * (y[i] - mean_y)
        if own > ROUNDING * sbb:
            out[t] = cross / own
    return out


@njit(cache=True, nogil=True)
def weighted_slope(y: Floats, x: Floats, weight: Floats, window: int) -> Floats:
    """Return the slope of y on x and a constant over each window, rows weighted.

    Parameters
    ----------
    y, x, weight
        Shape (n,); weights of 0 or more.
    window
        Rows of each regression.

    Returns
    -------
    ndarray
        Shape (n,); NaN where fewer than half of the rows have a weight.
    """
    n = y.shape[0]
    out = np.full(n, np.nan)
    clean = _complete(y + x, weight, window)
    for t in range(window - 1, n):
        if not clean[t]:
            continue
        start = t - window + 1
        total = 0.0
        mean_x = 0.0
        mean_y = 0.0
        count = 0
        for i in range(start, t + 1):
            total += weight[i]
            mean_x += weight[i] * x[i]
            mean_y += weight[i] * y[i]
            if weight[i] > 0.0:
                count += 1
        if 2 * count < window:
            continue
        mean_x /= total
        mean_y /= total
        sxx = 0.0
        sxy = 0.0
        squares = 0.0
        for i in range(start, t + 1):
            a = x[i] - mean_x
            sxx += weight[i] * a * a
            sxy += weight[i] * a * (y[i] - mean_y)
            squares += weight[i] * x[i] * x[i]
        if sxx > ROUNDING * squares:
            out[t] = sxy / sxx
    return out


@njit(cache=True, nogil=True)
def fitted_line(y: Floats, x: Floats, window: int) -> tuple[Floats, Floats]:
    """Return slope and residual standard deviation of y on x and a constant over each window.

    Parameters
    ----------
    y, x
        Shape (n,).
    window
        Rows of each regression, at least 3.

    Returns
    -------
    tuple of ndarray
        Slope, and the root of the residual squares over window - 2; each of shape (n,). The
        second is NaN where the line is perfect to twelve digits.
    """
    n = y.shape[0]
    slope = np.full(n, np.nan)
    spread = np.full(n, np.nan)
    clean = _complete(x, y, window)
    for t in range(window - 1, n):
        if not clean[t]:
            continue
        start = t - window + 1
        mean_x = 0.0
        mean_y = 0.0
        flat = True
        for i in range(start, t + 1):
            mean_x += x[i]
            mean_y += y[i]
            flat &= x[i] == x[start]
        if flat:
            continue
        mean_x /= window
        mean_y /= window
        sxx = 0.0
        sxy = 0.0
        syy = 0.0
        for i in range(start, t + 1):
            a = x[i] - mean_x
            b = y[i] - mean_y
            sxx += a * a
            sxy += a * b
            syy += b * b
        if not sxx > 0.0:
            continue
        beta = sxy / sxx
        residual = 0.0
        for i in range(start, t + 1):
            e = y[i] - mean_y - beta * (x[i] - mean_x)
            residual += e * e
        slope[t] = beta
        if residual > ROUNDING * syy:
            spread[t] = math.sqrt(residual / (window - 2))
    return slope, spread
