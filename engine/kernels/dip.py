"""Hartigan's dip: how far a sample is from having one mode."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit(cache=True, nogil=True)
def _minorant(x: Floats, n: int, gcm: Ints) -> None:
    """Fill `gcm[j]` with the point before j on the greatest convex minorant of x[: j + 1]."""
    gcm[0] = 0
    for j in range(1, n):
        gcm[j] = j - 1
        while True:
            a = gcm[j]
            b = gcm[a]
            if a == 0 or (x[j] - x[a]) * (a - b) < (x[a] - x[b]) * (j - a):
                break
            gcm[j] = b


@njit(cache=True, nogil=True)
def _majorant(x: Floats, n: int, lcm: Ints) -> None:
    """Fill `lcm[k]` with the point after k on the least concave majorant of x[k:]."""
    lcm[n - 1] = n - 1
    for k in range(n - 2, -1, -1):
        lcm[k] = k + 1
        while True:
            a = lcm[k]
            b = lcm[a]
            if a == n - 1 or (x[k] - x[a]) * (a - b) < (x[a] - x[b]) * (k - a):
                break
            lcm[k] = b


@njit(cache=True, nogil=True)
def _below(x: Floats, start: int, stop: int) -> float:
    """Return the largest distance of the distribution above its minorant between two points."""
    largest = 1.0
    if stop - start > 1 and x[stop] != x[start]:
        slope = (stop - start) / (x[stop] - x[start])
        for i in range(start, stop + 1):
            largest = max(largest, (i - start + 1) - (x[i] - x[start]) * slope)
    return largest


@njit(cache=True, nogil=True)
def _above(x: Floats, start: int, stop: int) -> float:
    """Return the largest distance of the majorant above the distribution between two points."""
    largest = 1.0
    if stop - start > 1 and x[stop] != x[start]:
        slope = (stop - start) / (x[stop] - x[start])
        for i in range(start, stop + 1):
            largest = max(largest, (x[i] - x[start]) * slope - (i - start - 1))
    return largest


@njit(cache=True, nogil=True)
def dip(x: Floats, n: int, work: Ints) -> float:
    """Return the dip of the first `n` sorted values.

    Parameters
    ----------
    x
        Values in ascending order, shape (at least n,).
    n
        Values in the sample.
    work
        Room to work in, shape (4, at least n + 1).

    Returns
    -------
    float
        Up to 1 / 4; 0 when all values are equal or equally spaced, else at least 1 / (2 n).

    References
    ----------
    Hartigan and Hartigan (1985); Hartigan (1985), algorithm AS 217, in the form that Maechler's
    `diptest` gave it.
    """
    if n < 2 or x[n - 1] == x[0]:
        return 0.0
    before = work[0]
    after = work[1]
    gcm = work[2]
    lcm = work[3]
    _minorant(x, n, before)
    _majorant(x, n, after)
    low = 0
    high = n - 1
    found = 0.0
    while True:
        # Touching points of the minorant from high to low, of the majorant from low to high.
        gcm[0] = high
        last_gcm = 0
        while gcm[last_gcm] > low:
            gcm[last_gcm + 1] = before[gcm[last_gcm]]
            last_gcm += 1
        lcm[0] = low
        last_lcm = 0
        while lcm[last_lcm] < high:
            lcm[last_lcm + 1] = after[lcm[last_lcm]]
            last_lcm += 1

        # The largest distance between the two, and where it is.
        at_gcm = last_gcm
        at_lcm = last_lcm
        i = last_gcm - 1
        j = 1
        distance = 0.0
        if last_gcm != 1 or last_lcm != 1:
            while True:
                g = gcm[i]
                m = lcm[j]
                if g > m:
                    h = gcm[i + 1]
                    gap = (m - h + 1) - (x[m] - x[h]) * (g - h) / (x[g] - x[h])
                    j += 1
                    if gap >= distance:
                        distance = gap
                        at_gcm = i + 1
                        at_lcm = j - 1
                else:
                    h = lcm[j - 1]
                    gap = (x[g] - x[h]) * (m - h) / (x[m] - x[h]) - (g - h - 1)
                    i -= 1
                    if gap >= distance:
                        distance = gap
                        at_gcm = i + 1
                        at_lcm = j
                i = max(i, 0)
                j = min(j, last_lcm)
                if gcm[i] == lcm[j]:
                    break
        if distance < found:
            break

        # The dip outside of the new modal interval.
        for k in range(at_gcm, last_gcm):
            found = max(found, _below(x, gcm[k + 1], gcm[k]))
        for k in range(at_lcm, last_lcm):
            found = max(found, _above(x, lcm[k], lcm[k + 1]))
        if low == gcm[at_gcm] and high == lcm[at_lcm]:
            break
        low = gcm[at_gcm]
        high = lcm[at_lcm]
    return found / (2.0 * n)
