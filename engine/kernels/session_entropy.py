"""Entropies of one session's minute returns.

Sessions are given one after the other in a flat array with offsets, as Arrow lists are. Returns
run between consecutive minutes that traded: a minute without a trade has no return, because a
zero put in its place would be ordered and counted as a move that did not happen.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.permutation_entropy import information_table, pattern_codes
from engine.kernels.symbol_entropy import up_codes, word_codes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WORD = 3  # signs in a word
ORDER = 3  # returns in an order pattern
MIN_COVERAGE = 0.5
MIN_RETURNS = 30


@njit(cache=True, nogil=True)
def _entropy(codes: Ints, kinds: int) -> float:
    """Return the entropy of the codes that are known, over its largest value."""
    counts = np.zeros(kinds, dtype=np.int64)
    total = 0
    for code in codes:
        if code >= 0:
            counts[code] += 1
            total += 1
    table = information_table(total)
    entropy = 0.0
    for k in range(kinds):
        entropy += table[counts[k]]
    share: float = entropy / np.log2(kinds)
    return min(max(share, 0.0), 1.0)


@njit(cache=True, nogil=True)
def session_entropy(offsets: Ints, close: Floats, minutes: Ints) -> tuple[Floats, Floats]:
    """Return sign-word and permutation entropy of each session's minute returns, from 0 to 1.

    Parameters
    ----------
    offsets
        Where each session's rows begin and end, shape (sessions + 1,).
    close
        Closes of the minutes that traded, in order of time, shape (rows,).
    minutes
        Length of each session in minutes, shape (sessions,).

    Returns
    -------
    tuple of ndarray
        Entropy of overlapping words of three signs (up or not up) over 3 bits, and of order
        patterns of three returns over log2(6) bits; each of shape (sessions,). NaN where fewer
        than half of the session's minutes, or fewer than 30 returns, are there, or a price is
        not positive. A session without a move has one word and one pattern: 0.

    References
    ----------
    Bandt and Pompe (2002); Lopez de Prado (2018), chapter 18.
    """
    sessions = minutes.size
    words = np.full(sessions, np.nan)
    patterns = np.full(sessions, np.nan)
    for s in range(sessions):
        start = offsets[s]
        count = offsets[s + 1] - start
        if count < MIN_COVERAGE * minutes[s] or count - 1 < MIN_RETURNS:
            continue
        returns = np.empty(count - 1)
        known = close[start] > 0.0
        for i in range(count - 1):
            known = known and close[start + i + 1] > 0.0
            if known:
                returns[i] = np.log(close[start + i + 1] / close[start + i])
        if not known:
            continue
        words[s] = _entropy(word_codes(up_codes(returns), 2, WORD), 2**WORD)
        patterns[s] = _entropy(pattern_codes(returns, ORDER), 6)
    return words, patterns
