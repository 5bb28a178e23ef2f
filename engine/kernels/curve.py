"""Curves given by points."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)
def interpolated(x: Floats, y: Floats, offsets: NDArray[np.int64], at: Floats) -> Floats:
    """Return each curve at one place: straight between its points, flat beyond them.

    Parameters
    ----------
    x, y
        Points of all curves, one after the other, x ascending within each.
    offsets
        Where each curve's points begin, shape (n + 1,).
    at
        Where to read each curve, shape (n,).

    Returns
    -------
    ndarray
        Shape (n,); NaN where a curve has no points or is read at NaN.
    """
    out = np.full(at.size, np.nan)
    for i in range(at.size):
        first, last = offsets[i], offsets[i + 1] - 1
        if last < first or math.isnan(at[i]):
            continue
        j = first
        while j < last and x[j + 1] <= at[i]:
            j += 1
        if j == last or at[i] <= x[j]:
            out[i] = y[j]
        else:
            out[i] = y[j] + (y[j + 1] - y[j]) * (at[i] - x[j]) / (x[j + 1] - x[j])
    return out
