"""Least squares over one sample."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROUNDING = 1e-12  # share of a sum of squares that is rounding, not variation


@njit(cache=True, nogil=True)
def line(y: Floats, x: Floats) -> tuple[float, float, float]:
    """Return slope, its t-statistic and the correlation of y on x with an intercept.

    NaN where x does not vary; the last two also where y does not, and t where the line is
    perfect to twelve digits.
    """
    n = y.shape[0]
    if n < 3:
        return np.nan, np.nan, np.nan
    mean_x = x.sum() / n
    mean_y = y.sum() / n
    sxx = 0.0
    sxy = 0.0
    syy = 0.0
    flat_x = True
    flat_y = True
    for i in range(n):
        a = x[i] - mean_x
        b = y[i] - mean_y
        sxx += a * a
        sxy += a * b
        syy += b * b
        flat_x &= x[i] == x[0]
        flat_y &= y[i] == y[0]
    if flat_x:
        return np.nan, np.nan, np.nan
    slope = sxy / sxx
    if flat_y:
        return 0.0, np.nan, np.nan
    residual = 0.0
    for i in range(n):
        e = y[i] - mean_y - slope * (x[i] - mean_x)
        residual += e * e
    correlation = sxy / math.sqrt(sxx * syy)
    t = np.nan
    if residual > ROUNDING * syy:
        t = slope / math.sqrt(residual / (n - 2) / sxx)
    return slope, t, min(max(correlation, -1.0), 1.0)


@njit(cache=True, nogil=True)
def two_slopes(y: Floats, a: Floats, b: Floats) -> tuple[float, float]:
    """Return the coefficients of a and b in y, without an intercept.

    NaN where one of them is zero throughout or a multiple of the other.
    """
    saa = 0.0
    sab = 0.0
    sbb = 0.0
    say = 0.0
    sby = 0.0
    for i in range(y.shape[0]):
        saa += a[i] * a[i]
        sab += a[i] * b[i]
        sbb += b[i] * b[i]
        say += a[i] * y[i]
        sby += b[i] * y[i]
    determinant = saa * sbb - sab * sab
    if not determinant > ROUNDING * saa * sbb:
        return np.nan, np.nan
    return (say * sbb - sby * sab) / determinant, (sby * saa - say * sab) / determinant
