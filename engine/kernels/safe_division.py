"""Division that says "unknown" instead of blowing up when the divisor has died.

`a / b` is kept where `|b| > 1e-3 x scale` and is NaN elsewhere. The scale is one number per
series and row: the median of |b| over the bars before it. An epsilon in the denominator would
turn one zero-volume bar into 1e18.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FLOOR = 1e-3
SCALE_WINDOW = 252
SCALE_MIN_OBS = 20


@njit(cache=True, nogil=True)
def scale(x: Floats, window: int = SCALE_WINDOW, min_obs: int = SCALE_MIN_OBS) -> Floats:
    """Return the median of |x| over up to `window` valid values before each row.

    The row itself does not count, so a dead bar cannot lower the bar it is measured by; missing
    values are skipped, so one of them does not blank the next year.

    Parameters
    ----------
    x
        Series, shape (n,); NaN where missing.
    window
        Valid values to look back on.
    min_obs
        Valid values below which the scale is NaN.

    Returns
    -------
    ndarray
        Shape (n,).
    """
    n = x.shape[0]
    out = np.full(n, np.nan)
    ring = np.empty(window)  # the last values in order of time
    ordered = np.empty(window)  # the same values sorted
    count = 0
    head = 0
    for t in range(n):
        if count >= min_obs:
            half = count // 2
            if count % 2 == 1:
                out[t] = ordered[half]
            else:
                out[t] = 0.5 * (ordered[half - 1] + ordered[half])
        value = abs(x[t])
        if np.isnan(value):
            continue
        if count == window:
            gone = np.searchsorted(ordered[:count], ring[head])
            for i in range(gone, count - 1):
                ordered[i] = ordered[i + 1]
            count -= 1
        place = np.searchsorted(ordered[:count], value)
        for i in range(count, place, -1):
            ordered[i] = ordered[i - 1]
        ordered[place] = value
        count += 1
        ring[head] = value
        head = (head + 1) % window
    return out


_BLOCK = 64  # values whose largest is remembered


@njit(cache=True, nogil=True)
def _median(values: Floats, start: int, stop: int, room: Floats) -> float:
    """Return the median of values[start:stop], finding it in `room` by halves (Hoare 1961)."""
    count = stop - start
    for i in range(count):
        room[i] = values[start + i]
    half = count // 2
    low = 0
    high = count - 1
    while low < high:
        pivot = room[half]
        i = low
        j = high
        while i <= j:
            while room[i] < pivot:
                i += 1
            while pivot < room[j]:
                j -= 1
            if i <= j:
                room[i], room[j] = room[j], room[i]
                i += 1
                j -= 1
        if j < half:
            low = i
        if half < i:
            high = j
    if count % 2 == 1:
        return float(room[half])
    before = room[0]
    for i in range(1, half):
        before = max(before, room[i])
    return float(0.5 * (before + room[half]))


@njit(cache=True, nogil=True)
def alive(
    b: Floats, x: Floats, window: int = SCALE_WINDOW, min_obs: int = SCALE_MIN_OBS
) -> NDArray[np.bool_]:
    """Return where `|b| > 1e-3 x scale(x)`, without the scale where it does not matter.

    A median is at most the largest of its values: a divisor above a thousandth of that is above
    a thousandth of the median, too. Only rows in doubt have their median found.

    Parameters
    ----------
    b
        Divisor, shape (n,).
    x
        Series that the scale is of, shape (n,).
    window, min_obs
        See `scale`.

    Returns
    -------
    ndarray
        Shape (n,); False where either is unknown.
    """
    n = x.shape[0]
    out = np.zeros(n, dtype=np.bool_)
    sizes = np.empty(n)
    room = np.empty(window)
    largest = np.zeros(n // _BLOCK + 1)  # of each block of existing values
    back = (window + _BLOCK - 1) // _BLOCK
    recent = 0.0  # of the blocks before the current one that the window may reach
    count = 0
    for t in range(n):
        size = abs(b[t])
        if count >= min_obs and size > 0.0:
            bound = max(recent, largest[count // _BLOCK])
            out[t] = size > FLOOR * bound or size > FLOOR * _median(
                sizes, max(0, count - window), count, room
            )
        value = abs(x[t])
        if np.isnan(value):
            continue
        sizes[count] = value
        block = count // _BLOCK
        largest[block] = max(largest[block], value)
        count += 1
        if count % _BLOCK == 0:
            recent = 0.0
            for k in range(max(0, block + 1 - back), block + 1):
                recent = max(recent, largest[k])
    return out


@njit(cache=True, nogil=True)
def safe_divide(a: Floats, b: Floats, scale: Floats) -> Floats:
    """Return `a / b` where `|b| > 1e-3 x scale`, else NaN.

    Parameters
    ----------
    a, b, scale
        Shape (n,). A NaN in any of them gives NaN.

    Returns
    -------
    ndarray
        Shape (n,).
    """
    out = np.full(a.shape[0], np.nan)
    for t in range(a.shape[0]):
        if abs(b[t]) > FLOOR * scale[t]:
            out[t] = a[t] / b[t]
    return out
