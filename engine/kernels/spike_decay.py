"""How a series comes back after it has jumped."""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.window import Floats


@njit(cache=True, nogil=True)
def excess_after(x: Floats, spike: Floats, after: int, before: int) -> tuple[Floats, Floats]:
    """Return how far x lies above its level before the latest spike, and did a bar earlier.

    Parameters
    ----------
    x
        Shape (n,).
    spike
        Above 0 where x jumped, shape (n,); NaN where unknown.
    after
        Bars after a spike that count.
    before
        Bars before it whose mean is its level.

    Returns
    -------
    tuple of ndarray
        Excess at each bar and a bar earlier, shape (n,). Infinite on a bar that follows no
        spike; NaN where a spike may have been missed or a value is missing.
    """
    n = x.shape[0]
    now = np.full(n, np.nan)
    earlier = np.full(n, np.nan)
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
            now[t] = np.inf
            earlier[t] = np.inf
            continue
        level = 0.0
        for i in range(at - before, at):
            level += x[i]
        level /= before
        now[t] = x[t] - level
        earlier[t] = x[t - 1] - level
    return now, earlier


@njit(cache=True, nogil=True)
def kept_share(now: Floats, earlier: Floats, window: int, fewest: int) -> Floats:
    """Return the slope of the excess on that of the bar before, over the pairs of each window.

    A first-order autoregression with a constant, of `excess_after`: the share of the distance
    from where the series comes to rest that is left after one more bar.

    Parameters
    ----------
    now, earlier
        As `excess_after` returns them, shape (n,).
    window
        Bars.
    fewest
        Pairs below which a row is NaN.

    Returns
    -------
    ndarray
        Shape (n,); NaN where a bar of the window is unknown or the excess does not move.
    """
    n = now.shape[0]
    out = np.full(n, np.nan)
    clean = 0
    for t in range(n):
        clean = 0 if np.isnan(now[t]) else clean + 1
        if clean < window:
            continue
        start = t - window + 1
        count = 0
        mean_now = 0.0
        mean_earlier = 0.0
        lowest = np.inf
        highest = -np.inf
        for i in range(start, t + 1):
            if now[i] < np.inf:
                count += 1
                mean_now += now[i]
                mean_earlier += earlier[i]
                lowest = min(lowest, earlier[i])
                highest = max(highest, earlier[i])
        if count < fewest or lowest == highest:
            continue
        mean_now /= count
        mean_earlier /= count
        product = 0.0
        square = 0.0
        for i in range(start, t + 1):
            if now[i] < np.inf:
                step = earlier[i] - mean_earlier
                product += (now[i] - mean_now) * step
                square += step * step
        out[t] = product / square
    return out
