"""Trend and shift of a moving window by ranks: integers throughout, so exact in any order."""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.window import Floats, _clean_from


@njit(cache=True, nogil=True)
def mann_kendall(x: Floats, window: int) -> Floats:
    """Return Mann and Kendall's z: pairs that rise less pairs that fall, standardised.

    Parameters
    ----------
    x
        Shape (n,).
    window
        At least 3.

    Returns
    -------
    ndarray
        (S - sign S) / sqrt(var S) with the variance corrected for ties; shape (n,). NaN where a
        value is missing; 0 where all are equal: no pair rises or falls.

    References
    ----------
    Mann (1945); Kendall (1970) for ties.
    """
    n = x.shape[0]
    out = np.full(n, np.nan)
    clean = _clean_from(x, window)
    score = 0  # S of the window before
    ties = 0  # its pairs that are equal
    for t in range(window - 1, n):
        if not clean[t]:
            continue
        start = t - window + 1
        if t > 0 and clean[t - 1]:
            # Integers: taking a value's pairs away is exact.
            gone = x[start - 1]
            for i in range(start, t):
                score -= (x[i] > gone) - (x[i] < gone)
                ties -= x[i] == gone
            for i in range(start, t):
                score += (x[t] > x[i]) - (x[t] < x[i])
                ties += x[t] == x[i]
        else:
            score = 0
            ties = 0
            for j in range(start + 1, t + 1):
                for i in range(start, j):
                    score += (x[j] > x[i]) - (x[j] < x[i])
                    ties += x[j] == x[i]
        correction = 0.0
        if ties > 0:
            # Each value stands for its group of g equals: (g - 1)(2 g + 5).
            for i in range(start, t + 1):
                group = 0
                for j in range(start, t + 1):
                    group += x[j] == x[i]
                correction += (group - 1.0) * (2.0 * group + 5.0)
        variance = (window * (window - 1.0) * (2.0 * window + 5.0) - correction) / 18.0
        if score == 0:
            out[t] = 0.0
        else:
            out[t] = (score - np.sign(score)) / np.sqrt(variance)
    return out


@njit(cache=True, nogil=True)
def pettitt(x: Floats, window: int) -> Floats:
    """Return Pettitt's statistic of the likeliest shift of level, standardised and signed.

    K is the largest |U_k|, U_k = 2 (ranks of the first k) - k (T + 1); of equal ones the latest
    k counts. Returned is K sqrt(6 / (T^3 + T^2)), positive where the later values are higher.

    Parameters
    ----------
    x
        Shape (n,).
    window
        T.

    Returns
    -------
    ndarray
        Shape (n,); NaN where a value is missing, 0 where all are equal. The chance of more than
        k is about 2 exp(-k^2) without a shift.

    References
    ----------
    Pettitt (1979).
    """
    n = x.shape[0]
    out = np.full(n, np.nan)
    clean = _clean_from(x, window)
    twice = np.zeros(n, dtype=np.int64)  # 2 x mid-rank in the current window
    scale = np.sqrt(6.0 / (float(window) ** 3 + float(window) ** 2))
    for t in range(window - 1, n):
        if not clean[t]:
            continue
        start = t - window + 1
        if t > 0 and clean[t - 1]:
            gone = x[start - 1]
            new = x[t]
            below = 0
            equal = 0
            for i in range(start, t):
                twice[i] += 2 * (x[i] > new) + (x[i] == new) - 2 * (x[i] > gone) - (x[i] == gone)
                below += x[i] < new
                equal += x[i] == new
            twice[t] = 2 * below + equal + 2
        else:
            for i in range(start, t + 1):
                rank = 1
                for j in range(start, t + 1):
                    rank += 2 * (x[j] < x[i]) + (x[j] == x[i])
                twice[i] = rank
        running = 0
        largest = 0
        for i in range(window):
            running += twice[start + i] - (window + 1)
            if abs(running) >= abs(largest):
                largest = running
        out[t] = -scale * largest if largest != 0 else 0.0
    return out
