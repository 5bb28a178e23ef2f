"""Statistics of a moving window, each a pure function of that window.

Every window is visited anew (two passes where a mean is needed first), never updated from the
one before: a running sum remembers bars that have left, so its last bits depend on where the
series began. A NaN anywhere in a window makes that row NaN; the next clean window is exact.
Nothing here knows what a bar is: the same functions serve minutes, hours and days.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.lanes import BLOCK

Floats = NDArray[np.float64]

_FEW = 4  # rows below which working on them together costs more


@njit(cache=True, nogil=True)
def _clean_from(x: Floats, window: int) -> NDArray[np.bool_]:
    """Return where the `window` values that end at each row are all present."""
    clean = np.zeros(x.shape[0], dtype=np.bool_)
    run = 0
    for t in range(x.shape[0]):
        run = 0 if np.isnan(x[t]) else run + 1
        clean[t] = run >= window
    return clean


@njit(cache=True, nogil=True)
def total(x: Floats, window: int) -> Floats:
    """Return the sum of each window, added in order of time; shape (n,)."""
    out = np.full(x.shape[0], np.nan)
    clean = _clean_from(x, window)
    for t in range(window - 1, x.shape[0]):
        if clean[t]:
            acc = 0.0
            for i in range(t - window + 1, t + 1):
                acc += x[i]
            out[t] = acc
    return out


@njit(cache=True, nogil=True)
def equal_run(x: Floats) -> NDArray[np.int64]:
    """Return how many values in a row, this one included, equal this one; 1 where it is NaN."""
    out = np.ones(x.shape[0], dtype=np.int64)
    for t in range(1, x.shape[0]):
        if x[t] == x[t - 1]:
            out[t] = out[t - 1] + 1
    return out


@njit(cache=True, nogil=True)
def _two_passes(
    x: Floats, begin: int, rows: int, window: int, mean: Floats, squares: Floats
) -> None:
    """Leave mean and squared distances from it of the `rows` windows that end from `begin` on.

    Each window is added in order of time; many rows are worked on together, so that the
    machine's vectors are used.
    """
    before = begin - window + 1
    if rows < _FEW:
        for k in range(rows):
            acc = 0.0
            for i in range(before + k, before + k + window):
                acc += x[i]
            mean[k] = acc / window
            acc = 0.0
            for i in range(before + k, before + k + window):
                acc += (x[i] - mean[k]) * (x[i] - mean[k])
            squares[k] = acc
        return
    for k in range(rows):
        mean[k] = 0.0
        squares[k] = 0.0
    for i in range(window):
        piece = x[before + i : before + i + rows]
        for k in range(rows):
            mean[k] += piece[k]
    for k in range(rows):
        mean[k] /= window
    for i in range(window):
        piece = x[before + i : before + i + rows]
        for k in range(rows):
            squares[k] += (piece[k] - mean[k]) * (piece[k] - mean[k])


@njit(cache=True, nogil=True)
def mean_std(x: Floats, window: int) -> tuple[Floats, Floats]:
    """Return mean and sample standard deviation (n - 1) of each window.

    Two passes. A window of equal values has standard deviation exactly 0, whatever rounding
    does to its mean, so that a dead series is seen as dead by the safe division.

    Parameters
    ----------
    x
        Shape (n,).
    window
        At least 2.

    Returns
    -------
    tuple of ndarray
        Means and standard deviations, each of shape (n,).
    """
    n = x.shape[0]
    mean = np.full(n, np.nan)
    std = np.full(n, np.nan)
    present = 0  # values in a row that are there
    equal = 0  # and that are equal
    ready = 0  # rows whose windows are whole and not yet visited, the last of them t
    flat = np.empty(BLOCK, dtype=np.bool_)
    squares = np.empty(BLOCK)
    for t in range(n):
        if np.isnan(x[t]):
            present = 0
            equal = 0
        else:
            present += 1
            equal = equal + 1 if equal > 0 and x[t] == x[t - 1] else 1
        if present >= window:
            flat[ready] = equal >= window
            ready += 1
        if ready == BLOCK or (ready > 0 and (present == 0 or t == n - 1)):
            begin = t - ready if present == 0 else t - ready + 1
            _two_passes(x, begin, ready, window, mean[begin : begin + ready], squares)
            for k in range(ready):
                if flat[k]:
                    mean[begin + k] = x[begin + k - window + 1]
                    std[begin + k] = 0.0
                else:
                    std[begin + k] = np.sqrt(squares[k] / (window - 1))
            ready = 0
    return mean, std


@njit(cache=True, nogil=True)
def mean_of_defined(x: Floats, present: Floats, window: int) -> Floats:
    """Return the mean over a window of the values that are defined, at least half of them.

    For ratios that a flat bar leaves undefined although the bar is there: the bar is skipped.
    A bar that is missing still makes the window NaN.

    Parameters
    ----------
    x
        Ratio, NaN where undefined; shape (n,).
    present
        NaN where the bar itself is missing; shape (n,).
    window
        Bars.

    Returns
    -------
    ndarray
        Shape (n,).
    """
    out = np.full(x.shape[0], np.nan)
    clean = _clean_from(present, window)
    for t in range(window - 1, x.shape[0]):
        if not clean[t]:
            continue
        acc = 0.0
        count = 0
        for i in range(t - window + 1, t + 1):
            if not np.isnan(x[i]):
                acc += x[i]
                count += 1
        if 2 * count >= window:
            out[t] = acc / count
    return out


@njit(cache=True, nogil=True)
def extremes(high: Floats, low: Floats, window: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the highest high, the lowest low and the bars since each.

    Of equal extremes the most recent one counts.

    Returns
    -------
    tuple of ndarray
        Highest high, lowest low, bars since the high (0 = this bar), bars since the low; each
        of shape (n,).
    """
    n = high.shape[0]
    top = np.full(n, np.nan)
    bottom = np.full(n, np.nan)
    since_top = np.full(n, np.nan)
    since_bottom = np.full(n, np.nan)
    clean_high = _clean_from(high, window)
    clean_low = _clean_from(low, window)
    for t in range(window - 1, n):
        if not (clean_high[t] and clean_low[t]):
            continue
        at_top = t - window + 1
        at_bottom = t - window + 1
        for i in range(t - window + 2, t + 1):
            if high[i] >= high[at_top]:
                at_top = i
            if low[i] <= low[at_bottom]:
                at_bottom = i
        top[t] = high[at_top]
        bottom[t] = low[at_bottom]
        since_top[t] = t - at_top
        since_bottom[t] = t - at_bottom
    return top, bottom, since_top, since_bottom


@njit(cache=True, nogil=True)
def percent_rank(x: Floats, window: int) -> Floats:
    """Return the rank of each value in its own window, from 0 (lowest) to 1 (highest).

    Ties take their mid-rank: (values below + half of the equal others) / (window - 1), so a
    flat window gives 0.5 and the rank of -x is 1 minus the rank of x.

    Parameters
    ----------
    x
        Shape (n,).
    window
        At least 2.

    Returns
    -------
    ndarray
        Shape (n,).
    """
    out = np.full(x.shape[0], np.nan)
    clean = _clean_from(x, window)
    for t in range(window - 1, x.shape[0]):
        if not clean[t]:
            continue
        below = 0
        equal = -1  # the value itself
        for i in range(t - window + 1, t + 1):
            if x[i] < x[t]:
                below += 1
            elif x[i] == x[t]:
                equal += 1
        out[t] = (below + 0.5 * equal) / (window - 1)
    return out


@njit(cache=True, nogil=True)
def autocovariance(x: Floats, window: int) -> Floats:
    """Return the sample covariance of x with its own previous value over `window` pairs.

    The first pair of a window needs the value before it, so `window + 1` values are read.
    Means are those of each side of the pairs; the divisor is window - 1.
    """
    n = x.shape[0]
    out = np.full(n, np.nan)
    clean = _clean_from(x, window + 1)
    for t in range(window, n):
        if not clean[t]:
            continue
        now = 0.0
        before = 0.0
        for i in range(t - window + 1, t + 1):
            now += x[i]
            before += x[i - 1]
        now /= window
        before /= window
        acc = 0.0
        for i in range(t - window + 1, t + 1):
            acc += (x[i] - now) * (x[i - 1] - before)
        out[t] = acc / (window - 1)
    return out
