"""Exponential recursions, run over the last `lookback` values that exist.

A recursion that starts at the first bar of a file remembers it for ever. Here each row's value
is the recursion over its last `lookback` existing values only, where `lookback` is so long that
the start's weight has fallen to 1e-6: these are window functions too. While fewer values exist,
the recursion runs from the first. A missing bar has no value and is skipped by the next ones.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.lanes import BLOCK
from engine.kernels.window import Floats

Flags = NDArray[np.bool_]

START_WEIGHT = 1e-6


def decay_length(keep: float) -> int:
    """Return after how many steps a weight that shrinks by `keep` a step is below 1e-6.

    Examples
    --------
    >>> decay_length(0.94)
    224
    """
    return math.ceil(math.log(START_WEIGHT) / math.log(keep))


def ema_lookback(window: int) -> int:
    """Return the bars that `ema(x, window)` depends on: the seed and the decay after it."""
    return window + decay_length(1.0 - 2.0 / (window + 1.0))


def wilder_lookback(window: int) -> int:
    """Return the bars that a Wilder average depends on: the seed and the decay after it."""
    return window + decay_length(1.0 - 1.0 / window)


@njit(cache=True, nogil=True)
def _powers(keep: float, count: int) -> Floats:
    """Return 1, keep, keep^2, ... ; shape (count,)."""
    out = np.empty(count)
    weight = 1.0
    for i in range(count):
        out[i] = weight
        weight *= keep
    return out


@njit(cache=True, nogil=True)
def _newest_first(values: Floats, start: int, stop: int, weights: Floats) -> float:
    """Return weights[0] values[stop - 1] + weights[1] values[stop - 2] + ... down to `start`.

    Four sums at once: a recursion would wait for each multiplication. Which value goes to which
    sum is counted from the newest, so the result is a function of these values alone.
    """
    a = 0.0
    b = 0.0
    c = 0.0
    d = 0.0
    last = stop - 1
    count = stop - start
    whole = count - count % 4
    for i in range(0, whole, 4):
        a += weights[i] * values[last - i]
        b += weights[i + 1] * values[last - i - 1]
        c += weights[i + 2] * values[last - i - 2]
        d += weights[i + 3] * values[last - i - 3]
    for i in range(whole, count):
        a += weights[i] * values[last - i]
    return (a + b) + (c + d)


@njit(cache=True, nogil=True)
def _side_by_side(
    values: Floats,
    begin: int,
    size: int,
    window: int,
    lookback: int,
    weights: Floats,
    sums: Floats,
) -> None:
    """Leave what `_newest_first` adds, and the seed's sum, of `size` values' rows in `sums`.

    Each row's terms go to the same sums in the same order as there; only the rows are worked on
    together, so that the machine's vectors are used.
    """
    for lane in range(5):
        for k in range(size):
            sums[lane, k] = 0.0
    count = lookback - window
    whole = count - count % 4
    for i in range(count):
        total = sums[i % 4 if i < whole else 0]
        piece = values[begin - i : begin - i + size]
        weight = weights[i]
        for k in range(size):
            total[k] += weight * piece[k]
    seed = sums[4]
    for i in range(window):
        piece = values[begin - lookback + 1 + i : begin - lookback + 1 + i + size]
        for k in range(size):
            seed[k] += piece[k]


@njit(cache=True, nogil=True)
def smooth(x: Floats, window: int, alpha: float, lookback: int, wanted: Flags) -> Floats:
    """Return the exponential average of the last `lookback` existing values at each row.

    It starts with the mean of the first `window` of these values and then moves by `alpha`
    times the distance to each next one; computed as the weighted sum that this is.

    Parameters
    ----------
    x
        Shape (n,); NaN where missing.
    window
        Values in the seed; a row with fewer existing values is NaN.
    alpha
        Weight of the newest value.
    lookback
        Values that a row may depend on.
    wanted
        Rows to compute, shape (n,).

    Returns
    -------
    ndarray
        Shape (n,); NaN where x is, and in rows that are not wanted.
    """
    n = x.shape[0]
    out = np.full(n, np.nan)
    values = np.empty(n)
    weights = _powers(1.0 - alpha, max(lookback, window) - window + 1)
    rows = np.empty(n, dtype=np.int64)
    count = 0
    for t in range(n):
        if not np.isnan(x[t]):
            values[count] = x[t]
            rows[count] = t
            count += 1
    # Rows that have not seen `lookback` values yet.
    for last in range(window - 1, min(count, lookback - 1)):
        if not wanted[rows[last]]:
            continue
        seed = 0.0
        for i in range(window):
            seed += values[i]
        recent = _newest_first(values, window, last + 1, weights)
        out[rows[last]] = alpha * recent + weights[last + 1 - window] * (seed / window)
    sums = np.empty((5, BLOCK))
    begin = max(lookback, window) - 1
    while begin < count:
        if not wanted[rows[begin]]:
            begin += 1
            continue
        size = 1
        while size < BLOCK and begin + size < count and wanted[rows[begin + size]]:
            size += 1
        _side_by_side(values, begin, size, window, lookback, weights, sums)
        for k in range(size):
            recent = (sums[0, k] + sums[1, k]) + (sums[2, k] + sums[3, k])
            seed = sums[4, k] / window
            out[rows[begin + k]] = alpha * recent + weights[lookback - window] * seed
        begin += size
    return out


def _every(x: Floats) -> Flags:
    return np.ones(len(x), dtype=np.bool_)


def ema(x: Floats, window: int, wanted: Flags | None = None) -> Floats:
    """Return the exponential moving average with alpha = 2 / (window + 1); shape (n,)."""
    rows = _every(x) if wanted is None else wanted
    out: Floats = smooth(x, window, 2.0 / (window + 1.0), ema_lookback(window), rows)
    return out


def wilder(x: Floats, window: int, wanted: Flags | None = None) -> Floats:
    """Return Wilder's average, alpha = 1 / window; shape (n,).

    References
    ----------
    Wilder, J. W. (1978). New Concepts in Technical Trading Systems.
    """
    rows = _every(x) if wanted is None else wanted
    out: Floats = smooth(x, window, 1.0 / window, wilder_lookback(window), rows)
    return out


@njit(cache=True, nogil=True)
def true_range(high: Floats, low: Floats, close: Floats) -> Floats:
    """Return max(H, C_before) - min(L, C_before), with the last close that exists.

    Parameters
    ----------
    high, low, close
        Shape (n,); NaN where the bar is missing.

    Returns
    -------
    ndarray
        Shape (n,); the first bar has none, for it has no close before it.
    """
    n = close.shape[0]
    out = np.full(n, np.nan)
    before = np.nan
    for t in range(n):
        if np.isnan(close[t]):
            continue
        if not np.isnan(before):
            out[t] = max(high[t], before) - min(low[t], before)
        before = close[t]
    return out


@njit(cache=True, nogil=True)
def ewma_variance(
    r: Floats, decay: float, window: int, min_obs: int, wanted: Flags | None = None
) -> Floats:
    """Return the exponentially weighted mean square of the last `window` existing returns.

    Weights decay^0, decay^1, ... from the newest, divided by their sum.

    Parameters
    ----------
    r
        Returns, shape (n,); NaN where missing.
    decay
        Weight kept from one bar to the next, e.g. 0.94.
    window
        Returns that a row may depend on.
    min_obs
        Returns below which a row is NaN.
    wanted
        Rows to compute, shape (n,); by default all.

    Returns
    -------
    ndarray
        Variance per bar, shape (n,); NaN where r is.
    """
    n = r.shape[0]
    out = np.full(n, np.nan)
    squares = np.empty(n)
    weights = _powers(decay, window)
    sums = np.cumsum(weights)
    count = 0
    for t in range(n):
        if np.isnan(r[t]):
            continue
        squares[count] = r[t] * r[t]
        count += 1
        if count < min_obs or (wanted is not None and not wanted[t]):
            continue
        start = max(0, count - window)
        out[t] = _newest_first(squares, start, count, weights) / sums[count - start - 1]
    return out
