"""How a series comes back after it has jumped."""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.window import Floats


@njit(cache=True, nogil=True)
def decay_products(x: Floats, spike: Floats, after: int, before: int) -> tuple[Floats, Floats]:
    """Return y y' and y'^2 of each bar that follows a spike, 0 of the others.

    y is how far x lies above its mean of the `before` bars that precede the latest spike, y' the
    same one bar earlier. The ratio of their sums is the share of the excess that is kept from one
    bar to the next: a first-order autoregression without a constant.

    Parameters
    ----------
    x
        Shape (n,).
    spike
        Above 0 where x jumped, shape (n,); NaN where unknown.
    after
        Bars after a spike that count.
    before
        Bars before it whose mean is the level that x comes back to.

    Returns
    -------
    tuple of ndarray
        Shape (n,); NaN where a spike may have been missed or a value is missing.
    """
    n = x.shape[0]
    products = np.full(n, np.nan)
    squares = np.full(n, np.nan)
    for t in range(after, n):
        unknown = np.isnan(x[t]) or np.isnan(x[t - 1])
        at = -1
        for i in range(t - after, t):
            if np.isnan(spike[i]):
                unknown = True
            elif spike[i] > 0.0:
                at = i
        if unknown or (0 <= at < before):
            continue
        if at < 0:
            products[t] = 0.0
            squares[t] = 0.0
            continue
        level = 0.0
        for i in range(at - before, at):
            level += x[i]
        level /= before
        excess = x[t - 1] - level
        products[t] = (x[t] - level) * excess
        squares[t] = excess * excess
    return products, squares
