"""A window kept in sorted order: one value leaves, one enters, in one short shift.

The sorted content is a function of the window alone (ties are equal values, so their order does
not matter), which keeps every statistic read from it bit-equal wherever the series starts.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit(cache=True, nogil=True)
def lower_bound(values: Floats, size: int, value: float) -> int:
    """Return the number of the first `size` sorted values below `value`."""
    low = 0
    high = size
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def upper_bound(values: Floats, size: int, value: float) -> int:
    """Return the number of the first `size` sorted values not above `value`."""
    low = 0
    high = size
    while low < high:
        middle = (low + high) >> 1
        if values[middle] <= value:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def replace(values: Floats, size: int, old: float, new: float) -> None:
    """Replace one `old` by `new` in sorted `values`, in place."""
    at = lower_bound(values, size, old)
    if new > old:
        while at + 1 < size and values[at + 1] < new:
            values[at] = values[at + 1]
            at += 1
    else:
        while at > 0 and values[at - 1] > new:
            values[at] = values[at - 1]
            at -= 1
    values[at] = new


@njit(cache=True, nogil=True)
def replace_dated(
    values: Floats, times: Ints, size: int, old: float, old_time: int, new: float, new_time: int
) -> None:
    """Replace the value `old` of `old_time` by `new` of `new_time`, in place."""
    at = lower_bound(values, size, old)
    while times[at] != old_time:
        at += 1
    if new > old:
        while at + 1 < size and values[at + 1] < new:
            values[at] = values[at + 1]
            times[at] = times[at + 1]
            at += 1
    else:
        while at > 0 and values[at - 1] > new:
            values[at] = values[at - 1]
            times[at] = times[at - 1]
            at -= 1
    values[at] = new
    times[at] = new_time


@njit(cache=True, nogil=True)
def quantile(values: Floats, size: int, numerator: int, denominator: int) -> float:
    """Return the quantile numerator/denominator of sorted values, linear between order statistics.

    References
    ----------
    Hyndman and Fan (1996), definition 7, the default of `numpy.quantile`. The rank is computed in
    integers, so that it is exact.
    """
    rank = numerator * (size - 1)
    below = rank // denominator
    part = rank - below * denominator
    low: float = values[below]
    if part == 0:
        return low
    high: float = values[below + 1]
    return low + (high - low) * (part / denominator)


@njit(cache=True, nogil=True)
def rolling_quantiles(x: Floats, window: int, parts: int) -> Floats:
    """Return the `parts - 1` inner quantiles of every window.

    Parameters
    ----------
    x
        Series, float64 (n,); NaN where missing.
    window
        Window in bars.
    parts
        10 for deciles, 3 for terciles.

    Returns
    -------
    float64 (n, parts - 1)
        Row t has the quantiles of `x[t - window + 1 : t + 1]`, NaN where a value is missing.
    """
    n = x.size
    out = np.full((n, parts - 1), np.nan)
    if n < window:
        return out
    values = np.empty(window)
    run = 0
    for t in range(n):
        if not np.isfinite(x[t]):
            run = 0
            continue
        run += 1
        if run < window:
            continue
        if run == window:
            values[:] = np.sort(x[t - window + 1 : t + 1])
        else:
            replace(values, window, x[t - window], x[t])
        for k in range(1, parts):
            out[t, k - 1] = quantile(values, window, k, parts)
    return out
