"""Permutation entropies of a moving window, from counts of order patterns.

The pattern of every position is found once for the whole series. A window then loses one pattern
and gains one: the counts are integers, so the update is exact and each window's entropy is a
function of its own counts.

Ties are ordered by time (of equal values the earlier is the smaller), as a stable sort does.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.sample_entropy import is_flat

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@njit(cache=True, nogil=True)
def pattern_codes(x: Floats, order: int) -> Codes:
    """Return the order pattern that ends at each value, 0 .. order! - 1, or -1 where unknown.

    The code is the Lehmer code: for every value the number of later values in the pattern that
    are smaller, in mixed radix. Equal later values are not smaller: ties go by time.

    Parameters
    ----------
    x
        Series, shape (n,); NaN where missing.
    order
        Values in a pattern, at least 2.

    Returns
    -------
    ndarray
        int64, shape (n,).
    """
    n = x.size
    codes = np.full(n, -1, dtype=np.int64)
    run = 0
    for t in range(n):
        run = run + 1 if np.isfinite(x[t]) else 0
        if run < order:
            continue
        code = 0
        start = t - order + 1
        for i in range(order - 1):
            smaller = 0
            for j in range(i + 1, order):
                if x[start + j] < x[start + i]:
                    smaller += 1
            code = code * (order - i) + smaller
        codes[t] = code
    return codes


@njit(cache=True, nogil=True)
def information_table(total: int) -> Floats:
    """Return -p log2 p for p = 0 / total, 1 / total, ..., 1."""
    table = np.zeros(total + 1)
    for count in range(1, total + 1):
        share = count / total
        table[count] = -(share * np.log2(share))
    return table


@njit(cache=True, nogil=True)
def code_entropy(codes: Codes, kinds: int, total: int) -> Floats:
    """Return the Shannon entropy of the last `total` codes of each position.

    Parameters
    ----------
    codes
        Values 0 .. kinds - 1, or -1 where unknown; int64, shape (n,).
    kinds
        Number of possible codes.
    total
        Codes in a window.

    Returns
    -------
    ndarray
        Bits, shape (n,); NaN where a code of the window is unknown.
    """
    n = codes.size
    out = np.full(n, np.nan)
    table = information_table(total)
    counts = np.zeros(kinds, dtype=np.int64)
    run = 0
    for t in range(n):
        if codes[t] < 0:
            run = 0
            counts[:] = 0
            continue
        run += 1
        counts[codes[t]] += 1
        if run > total:
            counts[codes[t - total]] -= 1
        if run >= total:
            entropy = 0.0
            for k in range(kinds):
                entropy += table[counts[k]]
            out[t] = entropy
    return out


@njit(cache=True, nogil=True)
def _factorial(order: int) -> int:
    product = 1
    for k in range(2, order + 1):
        product *= k
    return product


@njit(cache=True, nogil=True)
def permutation_entropy(x: Floats, window: int, order: int) -> Floats:
    """Return the permutation entropy of each window, from 0 to 1.

    Parameters
    ----------
    x
        Series, shape (n,); NaN where missing.
    window
        Values in a window (window - order + 1 patterns).
    order
        Values in a pattern.

    Returns
    -------
    ndarray
        Entropy of the patterns over log2(order!), shape (n,). A flat window has one pattern and
        entropy 0.

    References
    ----------
    Bandt and Pompe (2002), "Permutation entropy: a natural complexity measure for time series",
    Phys. Rev. Lett. 88, 174102.
    """
    kinds = _factorial(order)
    entropy: Floats = code_entropy(pattern_codes(x, order), kinds, window - order + 1)
    most = np.log2(kinds)
    for t in range(entropy.size):
        if not np.isnan(entropy[t]):
            entropy[t] = min(max(entropy[t] / most, 0.0), 1.0)
    return entropy


@njit(cache=True, nogil=True)
def missing_patterns(x: Floats, window: int, order: int) -> Floats:
    """Return the share of the order! patterns that do not occur in each window.

    The patterns do not overlap: the window is cut into consecutive pieces of `order` values that
    end with it (what does not fill a piece at its start is left out), so the pieces of a series
    of independent values are independent too.

    Parameters
    ----------
    x
        Series, shape (n,); NaN where missing.
    window
        Values in a window (window // order patterns).
    order
        Values in a pattern.

    Returns
    -------
    ndarray
        Shape (n,), from 0 (all occur) to 1 - 1 / order! (a monotone or flat window).

    References
    ----------
    Zanin (2008), "Forbidden patterns in financial time series", Chaos 18, 013119.
    """
    n = x.size
    out = np.full(n, np.nan)
    kinds = _factorial(order)
    codes = pattern_codes(x, order)
    occurs = np.zeros(kinds, dtype=np.bool_)
    pieces = window // order
    run = 0
    for t in range(n):
        run = run + 1 if np.isfinite(x[t]) else 0
        if run < window:
            continue
        occurs[:] = False
        seen = 0
        for k in range(pieces):
            code = codes[t - k * order]
            if not occurs[code]:
                occurs[code] = True
                seen += 1
        out[t] = (kinds - seen) / kinds
    return out


@njit(cache=True, nogil=True)
def weighted_permutation_entropy(x: Floats, window: int, order: int) -> Floats:
    """Return the permutation entropy of each window with patterns weighted by their variance.

    The weights are real numbers, so each window is added up anew, in order of time.

    Parameters
    ----------
    x
        Series, shape (n,); NaN where missing.
    window
        Values in a window.
    order
        Values in a pattern.

    Returns
    -------
    ndarray
        Entropy of the weights' shares over log2(order!), shape (n,). NaN where a value is
        missing or the window is flat: no pattern has weight then.

    References
    ----------
    Fadlallah, Chen, Keil and Principe (2013), "Weighted-permutation entropy: A complexity measure
    for time series incorporating amplitude information", Phys. Rev. E 87, 022911.
    """
    n = x.size
    out = np.full(n, np.nan)
    kinds = _factorial(order)
    most = np.log2(kinds)
    codes = pattern_codes(x, order)
    weights = np.zeros(n)
    for t in range(n):
        if codes[t] < 0:
            continue
        start = t - order + 1
        mean = 0.0
        lowest = x[start]
        highest = x[start]
        for i in range(start, t + 1):
            mean += x[i]
            lowest = min(lowest, x[i])
            highest = max(highest, x[i])
        if is_flat(lowest, highest):
            continue  # a rounded mean would give equal values a weight
        mean /= order
        for i in range(start, t + 1):
            weights[t] += (x[i] - mean) * (x[i] - mean)
    sums = np.zeros(kinds)
    run = 0
    length = window - order + 1
    for t in range(n):
        run = run + 1 if codes[t] >= 0 else 0
        if run < length:
            continue
        sums[:] = 0.0
        for i in range(t - length + 1, t + 1):
            sums[codes[i]] += weights[i]
        total = 0.0
        for k in range(kinds):
            total += sums[k]
        if not total > 0.0:
            continue
        entropy = 0.0
        for k in range(kinds):
            if sums[k] > 0.0:
                share = sums[k] / total
                entropy -= share * np.log2(share)
        out[t] = min(max(entropy / most, 0.0), 1.0)
    return out
