"""Entropies of a series turned into symbols: deciles, signs, words of signs.

Counts are integers and every entropy is a function of the counts of its own window.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.permutation_entropy import code_entropy, information_table
from engine.kernels.sample_entropy import is_flat
from engine.kernels.sorted_window import replace, upper_bound

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Counts = NDArray[np.int64]


@njit(cache=True, nogil=True)
def up_codes(x: Floats) -> Codes:
    """Return 1 where x > 0, 0 where it is not, -1 where it is missing."""
    codes = np.full(x.size, -1, dtype=np.int64)
    for t in range(x.size):
        if np.isfinite(x[t]):
            codes[t] = 1 if x[t] > 0.0 else 0
    return codes


@njit(cache=True, nogil=True)
def word_codes(codes: Codes, kinds: int, length: int) -> Codes:
    """Return the word of `length` codes that ends at each position, or -1 where unknown."""
    n = codes.size
    words = np.full(n, -1, dtype=np.int64)
    run = 0
    for t in range(n):
        run = run + 1 if codes[t] >= 0 else 0
        if run < length:
            continue
        word = 0
        for i in range(t - length + 1, t + 1):
            word = word * kinds + codes[i]
        words[t] = word
    return words


@njit(cache=True, nogil=True)
def sign_word_entropy(x: Floats, window: int, length: int) -> Floats:
    """Return the plug-in entropy of overlapping words of `length` signs of each window.

    A sign is "up" (x > 0) or "not up"; a zero is not up.

    Parameters
    ----------
    x
        Series, shape (n,); NaN where missing.
    window
        Values in a window (window - length + 1 words).
    length
        Signs in a word.

    Returns
    -------
    ndarray
        Bits, from 0 (one word, as in a flat window) to `length`; shape (n,).

    References
    ----------
    Lopez de Prado (2018), "Advances in Financial Machine Learning", chapter 18.
    """
    words = word_codes(up_codes(x), 2, length)
    out: Floats = code_entropy(words, 2**length, window - length + 1)
    return out


@njit(cache=True, nogil=True)
def conditional_sign_entropy(x: Floats, window: int) -> Floats:
    """Return the entropy of a sign given the sign before it, H(pair) - H(first), of each window.

    Parameters
    ----------
    x
        Series, shape (n,); NaN where missing.
    window
        Values in a window (window - 1 pairs).

    Returns
    -------
    ndarray
        Bits, from 0 (the next sign follows from this one, as in a flat window) to 1; shape (n,).
    """
    signs = up_codes(x)
    pairs = code_entropy(word_codes(signs, 2, 2), 4, window - 1)
    firsts = code_entropy(signs, 2, window - 1)
    n = x.size
    out = np.full(n, np.nan)
    for t in range(1, n):
        # The first signs of the pairs are the window without its last value.
        out[t] = max(pairs[t] - firsts[t - 1], 0.0) if not np.isnan(pairs[t]) else np.nan
    return out


@njit(cache=True, nogil=True)
def decile_counts(x: Floats, edges: Floats, window: int) -> Counts:
    """Return how many of the last `window` values fall into each bin of each row's edges.

    Bin k holds the values above edge k - 1 and not above edge k: a value on an edge belongs to
    the bin below it.

    Parameters
    ----------
    x
        Series, shape (n,); NaN where missing.
    edges
        Ascending inner edges, shape (n, bins - 1); NaN where unknown.
    window
        Values in a window.

    Returns
    -------
    ndarray
        int64, shape (n, bins); the first bin is -1 where unknown.
    """
    n = x.size
    inner = edges.shape[1]
    counts = np.full((n, inner + 1), -1, dtype=np.int64)
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
        if np.isnan(edges[t, 0]) or is_flat(edges[t, 0], edges[t, inner - 1]):
            continue
        below = 0
        for k in range(inner):
            upto = upper_bound(values, window, edges[t, k])
            counts[t, k] = upto - below
            below = upto
        counts[t, inner] = window - below
    return counts


@njit(cache=True, nogil=True)
def shift_rows(edges: Floats, bars: int) -> Floats:
    """Return rows moved `bars` later: row t gets what was known at t - bars."""
    out = np.full(edges.shape, np.nan)
    for t in range(bars, edges.shape[0]):
        for k in range(edges.shape[1]):
            out[t, k] = edges[t - bars, k]
    return out


@njit(cache=True, nogil=True)
def shift_counts(counts: Counts, bars: int) -> Counts:
    """Return rows of counts moved `bars` later; the first `bars` are unknown (-1)."""
    out = np.full(counts.shape, -1, dtype=np.int64)
    for t in range(bars, counts.shape[0]):
        for k in range(counts.shape[1]):
            out[t, k] = counts[t - bars, k]
    return out


@njit(cache=True, nogil=True)
def shannon(counts: Counts, window: int) -> Floats:
    """Return the Shannon entropy of each row of counts that add up to `window`; bits."""
    n = counts.shape[0]
    out = np.full(n, np.nan)
    table = information_table(window)
    for t in range(n):
        if counts[t, 0] < 0:
            continue
        entropy = 0.0
        for k in range(counts.shape[1]):
            entropy += table[counts[t, k]]
        out[t] = entropy
    return out


@njit(cache=True, nogil=True)
def collision(counts: Counts, window: int) -> Floats:
    """Return the sum of squared shares of each row of counts that add up to `window`.

    Tsallis' entropy of index 2 is 1 minus it (Tsallis 1988), Renyi's of order 2 minus its
    logarithm (Renyi 1961).
    """
    n = counts.shape[0]
    out = np.full(n, np.nan)
    for t in range(n):
        if counts[t, 0] < 0:
            continue
        squares = 0
        for k in range(counts.shape[1]):
            squares += counts[t, k] * counts[t, k]
        out[t] = squares / (window * window)
    return out


@njit(cache=True, nogil=True)
def jensen_shannon(a: Counts, size_a: int, b: Counts, size_b: int) -> Floats:
    """Return the Jensen-Shannon divergence between two rows of counts with equal weights.

    H((p + q) / 2) - (H(p) + H(q)) / 2.

    Returns
    -------
    ndarray
        Bits, from 0 to 1; shape (n,). NaN where either row is unknown.

    References
    ----------
    Lin (1991), "Divergence measures based on the Shannon entropy", IEEE Trans. Inf. Theory 37.
    """
    n = a.shape[0]
    out = np.full(n, np.nan)
    for t in range(n):
        if a[t, 0] < 0 or b[t, 0] < 0:
            continue
        divergence = 0.0
        for k in range(a.shape[1]):
            p = a[t, k] / size_a
            q = b[t, k] / size_b
            middle = 0.5 * (p + q)
            if p > 0.0:
                divergence += 0.5 * p * np.log2(p / middle)
            if q > 0.0:
                divergence += 0.5 * q * np.log2(q / middle)
        out[t] = min(max(divergence, 0.0), 1.0)
    return out
