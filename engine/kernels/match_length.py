"""Entropy of a moving window of signs from the lengths of what has been seen before.

The longest match of the word at a position with words that begin at most d before it does not
depend on where the window begins; capped at the position's own place in the window, it is what
the window needs. So each position is compared with those before it once, for all windows.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.symbol_entropy import up_codes

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Lengths = NDArray[np.uint16]


@njit(cache=True, nogil=True)
def longest_matches(codes: Codes, reach: int) -> Lengths:
    """Return the longest word at each position that also begins 1 .. d positions before it.

    Words may overlap and are at most `reach` long; an unknown code (-1) ends them.

    Parameters
    ----------
    codes
        Symbols, int64, shape (n,).
    reach
        Farthest beginning and longest word.

    Returns
    -------
    ndarray
        uint16, shape (n, reach + 1): column d is for beginnings at most d before.
    """
    n = codes.size
    out = np.zeros((n, reach + 1), dtype=np.uint16)
    for p in range(1, n):
        longest = 0
        for d in range(1, min(reach, p) + 1):
            length = 0
            while (
                length < reach
                and p + length < n
                and codes[p + length] >= 0
                and codes[p + length] == codes[p + length - d]
            ):
                length += 1
            longest = max(longest, length)
            out[p, d] = longest
    return out


@njit(cache=True, nogil=True)
def match_length_entropy(x: Floats, matches: Lengths, window: int) -> Floats:
    """Return the mean of log2(i + 1) / L_i over the first half of each window of signs.

    L_i is one more than the longest word at place i, of at most i signs, that begins earlier in
    the window; i = 1 .. window / 2. Signs are up and not up.

    Parameters
    ----------
    x
        Series, shape (n,); NaN where missing.
    matches
        `longest_matches` of its signs, with a reach of at least window / 2.
    window
        Values in a window.

    Returns
    -------
    ndarray
        Bits a sign, shape (n,); near 1 for a fair coin (0.86 in 252 values), near 0 for what
        repeats itself.

    References
    ----------
    Kontoyiannis, Algoet, Suhov and Wyner (1998), "Nonparametric entropy estimation for stationary
    processes and random fields", IEEE Trans. Inf. Theory 44; Lopez de Prado (2018), "Advances in
    Financial Machine Learning", snippet 18.4.
    """
    n = x.size
    out = np.full(n, np.nan)
    half = window // 2
    logs = np.log2(np.arange(half + 1) + 1.0)
    codes = up_codes(x)
    run = 0
    for t in range(n):
        run = run + 1 if codes[t] >= 0 else 0
        if run < window:
            continue
        start = t - window + 1
        total = 0.0
        for i in range(1, half + 1):
            total += logs[i] / (min(int(matches[start + i, i]), i) + 1)
        out[t] = total / half
    return out
