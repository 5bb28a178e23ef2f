"""Lempel-Ziv complexity of a moving window of symbols, 64 positions at a time.

The parse looks, for each new component, for the longest copy that starts anywhere before it. All
candidate starts are held as one set of bits: reading one more symbol keeps the candidates that
are followed by it, an AND with that symbol's positions moved back by the length read.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.sorted_window import quantile, replace
from engine.kernels.symbol_entropy import up_codes

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@njit(cache=True, nogil=True)
def components(symbols: Codes, kinds: int) -> int:
    """Return the number of components of the exhaustive parse of `symbols`.

    Parameters
    ----------
    symbols
        Values 0 .. kinds - 1, int64, shape (n,).
    kinds
        Size of the alphabet.

    References
    ----------
    Lempel and Ziv (1976), "On the complexity of finite sequences", IEEE Trans. Inf. Theory 22;
    parse of Kaspar and Schuster (1987). An unfinished last component counts.
    """
    n = symbols.size
    words = (n + 63) >> 6
    one = np.uint64(1)
    places = np.zeros((kinds, words + 1), dtype=np.uint64)
    for i in range(n):
        places[symbols[i], i >> 6] |= one << np.uint64(i & 63)
    candidates = np.empty(words, dtype=np.uint64)
    count = 1
    begin = 1
    while begin < n:
        used = (begin + 63) >> 6
        for k in range(used):
            candidates[k] = ~np.uint64(0)
        if begin & 63:
            candidates[used - 1] = (one << np.uint64(begin & 63)) - one
        length = 0
        while begin + length < n:
            skip = length >> 6
            right = np.uint64(length & 63)
            left = np.uint64(64) - right
            at = places[symbols[begin + length]]
            alive = np.uint64(0)
            for k in range(used):
                if k + skip >= words:
                    candidates[k] = 0
                    continue
                moved = at[k + skip] >> right
                if right:
                    moved |= at[k + skip + 1] << left
                candidates[k] &= moved
                alive |= candidates[k]
            if alive == 0:
                break
            length += 1
        count += 1
        begin += length + 1
    return count


@njit(cache=True, nogil=True)
def lempel_ziv_signs(x: Floats, window: int) -> Floats:
    """Return the complexity of the signs (up or not up) of each window, over n / log2 n.

    Parameters
    ----------
    x
        Series, shape (n,); NaN where missing.
    window
        Values in a window.

    Returns
    -------
    ndarray
        Ratio, shape (n,). A flat window has two components: the least there can be.

    References
    ----------
    Zhang, Hao, Zhou and Chang (2009), "Normalized Lempel-Ziv complexity and its application in
    bio-sequence analysis", J. Math. Chem. 46.
    """
    n = x.size
    out = np.full(n, np.nan)
    codes = up_codes(x)
    norm = window / np.log2(window)
    run = 0
    for t in range(n):
        run = run + 1 if codes[t] >= 0 else 0
        if run >= window:
            out[t] = components(codes[t - window + 1 : t + 1], 2) / norm
    return out


@njit(cache=True, nogil=True)
def lempel_ziv_terciles(x: Floats, window: int) -> Floats:
    """Return the complexity of each window in three symbols, over n / log3 n.

    The symbols are the terciles of the window itself; a value on an edge belongs to the symbol
    below it.

    Parameters
    ----------
    x
        Series, shape (n,); NaN where missing.
    window
        Values in a window.

    Returns
    -------
    ndarray
        Ratio, shape (n,). A flat window has one symbol and two components.
    """
    n = x.size
    out = np.full(n, np.nan)
    norm = window / (np.log(window) / np.log(3.0))
    values = np.empty(window)
    symbols = np.empty(window, dtype=np.int64)
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
        low = quantile(values, window, 1, 3)
        high = quantile(values, window, 2, 3)
        for i in range(window):
            value = x[t - window + 1 + i]
            symbols[i] = (1 if value > low else 0) + (1 if value > high else 0)
        out[t] = components(symbols, 3) / norm
    return out
