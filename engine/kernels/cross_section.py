"""Statistics across the members of one row, over those that are known.

A matrix has one row a bar and one column a member. Where fewer than `fewest` members are known,
the row is NaN.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.window import Floats


@njit(cache=True, nogil=True)
def mean_std(x: Floats, fewest: int) -> tuple[Floats, Floats]:
    """Return mean and sample standard deviation (n - 1) of each row's known values.

    Parameters
    ----------
    x
        Shape (n, k).
    fewest
        Known values needed; of a standard deviation at least 2.

    Returns
    -------
    tuple of ndarray
        Each of shape (n,).
    """
    n, k = x.shape
    mean = np.full(n, np.nan)
    std = np.full(n, np.nan)
    for t in range(n):
        count = 0
        acc = 0.0
        for j in range(k):
            if not np.isnan(x[t, j]):
                acc += x[t, j]
                count += 1
        if count < max(fewest, 1):
            continue
        mu = acc / count
        mean[t] = mu
        if count < 2:
            continue
        squares = 0.0
        for j in range(k):
            if not np.isnan(x[t, j]):
                squares += (x[t, j] - mu) * (x[t, j] - mu)
        std[t] = np.sqrt(squares / (count - 1))
    return mean, std


@njit(cache=True, nogil=True)
def ranks(x: Floats, fewest: int) -> Floats:
    """Return each known value's rank in its row, 0 (lowest) to 1, equals at their middle.

    Parameters
    ----------
    x
        Shape (n, k).
    fewest
        Known values needed, at least 2.

    Returns
    -------
    ndarray
        Shape (n, k).
    """
    n, k = x.shape
    out = np.full((n, k), np.nan)
    for t in range(n):
        count = 0
        for j in range(k):
            if not np.isnan(x[t, j]):
                count += 1
        if count < max(fewest, 2):
            continue
        for j in range(k):
            if np.isnan(x[t, j]):
                continue
            below = 0
            equal = -1  # the value itself
            for m in range(k):
                if x[t, m] < x[t, j]:
                    below += 1
                elif x[t, m] == x[t, j]:
                    equal += 1
            out[t, j] = (below + 0.5 * equal) / (count - 1)
    return out


@njit(cache=True, nogil=True)
def leader(x: Floats, fewest: int) -> Floats:
    """Return the column of each row's highest known value, the first of equals; shape (n,)."""
    n, k = x.shape
    out = np.full(n, np.nan)
    for t in range(n):
        count = 0
        best = -1
        for j in range(k):
            if np.isnan(x[t, j]):
                continue
            count += 1
            if best < 0 or x[t, j] > x[t, best]:
                best = j
        if count >= max(fewest, 1):
            out[t] = best
    return out
