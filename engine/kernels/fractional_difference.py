"""Fractional differences of fixed width: stationary, with as much memory as can be kept."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.lanes import BLOCK

Floats = NDArray[np.float64]


def binomial_weights(order: float, cut: float) -> Floats:
    """Return the weights of (1 - L)^order, newest value first, down to `cut` in size.

    References
    ----------
    Hosking (1981), "Fractional differencing", Biometrika 68; Lopez de Prado (2018), "Advances in
    Financial Machine Learning", section 5.5.
    """
    weights = [1.0]
    while True:
        k = len(weights)
        weight = -weights[-1] * (order - k + 1.0) / k
        if abs(weight) < cut:
            return np.array(weights)
        weights.append(weight)


@njit(cache=True, nogil=True)
def weighted_total(x: Floats, weights: Floats) -> Floats:
    """Return weights[0] x[t] + weights[1] x[t - 1] + ... at each row.

    Parameters
    ----------
    x
        Shape (n,); NaN where missing.
    weights
        Newest value first, shape (k,).

    Returns
    -------
    ndarray
        Shape (n,); NaN where one of the k values is missing and in the first k - 1 rows.
    """
    n = x.shape[0]
    width = weights.shape[0]
    out = np.full(n, np.nan)
    for base in range(width - 1, n, BLOCK):
        rows = min(BLOCK, n - base)
        sums = out[base : base + rows]
        sums[:] = 0.0
        for i in range(width):
            weight = weights[width - 1 - i]  # the oldest, and smallest, first
            piece = x[base - width + 1 + i : base - width + 1 + i + rows]
            for k in range(rows):
                sums[k] += weight * piece[k]
    return out
