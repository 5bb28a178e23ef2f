"""What one series tells about the next value of another, in three symbols each.

The symbols are the terciles of the window itself; a value on an edge belongs to the symbol below
it. Counts are integers, and every statistic is a function of the counts of its own window.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.permutation_entropy import information_table

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@njit(cache=True, nogil=True)
def _encode(x: Floats, start: int, window: int, low: float, high: float, out: Codes) -> None:
    """Write the tercile (0, 1, 2) of each value of a window."""
    for i in range(window):
        value = x[start + i]
        out[i] = (1 if value > low else 0) + (1 if value > high else 0)


@njit(cache=True, nogil=True)
def _entropy(counts: Codes, table: Floats) -> float:
    total = 0.0
    for k in range(counts.size):
        total += table[counts[k]]
    return total


@njit(cache=True, nogil=True)
def _sum_out(counts: Codes, keep_first: bool, out: Codes) -> None:
    """Write the 9 counts of (next, own) or of (own, other) out of the 27 of all three."""
    out[:] = 0
    for a in range(3):
        for b in range(3):
            for c in range(3):
                at = 3 * a + b if keep_first else 3 * b + c
                out[at] += counts[9 * a + 3 * b + c]


@njit(cache=True, nogil=True)
def _transfer(counts: Codes, pairs: Codes, table: Floats) -> float:
    """Return H(next | own) - H(next | own, other) of 27 counts of (next, own, other)."""
    bits: float = -_entropy(counts, table)
    _sum_out(counts, True, pairs)
    bits += _entropy(pairs, table)
    own = np.zeros(3, dtype=np.int64)
    for k in range(9):
        own[k % 3] += pairs[k]
    bits -= _entropy(own, table)
    _sum_out(counts, False, pairs)
    bits += _entropy(pairs, table)
    return max(bits, 0.0)


@njit(cache=True, nogil=True)
def transfer_entropies(
    x: Floats, y: Floats, x_edges: Floats, y_edges: Floats, window: int
) -> tuple[Floats, Floats]:
    """Return the transfer entropies from x to y and from y to x of each window, lag 1.

    H(y' | y) - H(y' | y, x), y' the value after y, over the window's `window - 1` steps.

    Parameters
    ----------
    x, y
        Series, shape (n,); NaN where missing.
    x_edges, y_edges
        Terciles of the window that ends at each row, shape (n, 2); NaN where unknown.
    window
        Values in a window.

    Returns
    -------
    tuple of ndarray
        Bits, each of shape (n,); 0 where one of the two does not move. The plug-in estimate: two
        series that know nothing of each other have about 6 / (window ln 2), not 0.

    References
    ----------
    Schreiber (2000), "Measuring information transfer", Phys. Rev. Lett. 85, 461.
    """
    n = x.size
    to_y = np.full(n, np.nan)
    to_x = np.full(n, np.nan)
    table = information_table(window - 1)
    a = np.empty(window, dtype=np.int64)
    b = np.empty(window, dtype=np.int64)
    onto_x = np.empty(27, dtype=np.int64)
    onto_y = np.empty(27, dtype=np.int64)
    pairs = np.empty(9, dtype=np.int64)
    for t in range(window - 1, n):
        if np.isnan(x_edges[t, 0]) or np.isnan(y_edges[t, 0]):
            continue
        start = t - window + 1
        _encode(x, start, window, x_edges[t, 0], x_edges[t, 1], a)
        _encode(y, start, window, y_edges[t, 0], y_edges[t, 1], b)
        onto_x[:] = 0
        onto_y[:] = 0
        for i in range(1, window):
            onto_x[9 * a[i] + 3 * a[i - 1] + b[i - 1]] += 1
            onto_y[9 * b[i] + 3 * b[i - 1] + a[i - 1]] += 1
        to_y[t] = _transfer(onto_y, pairs, table)
        to_x[t] = _transfer(onto_x, pairs, table)
    return to_y, to_x


@njit(cache=True, nogil=True)
def lagged_information(x: Floats, edges: Floats, window: int) -> Floats:
    """Return the mutual information of a value and the one before it in each window.

    H(now) + H(before) - H(both), over the window's `window - 1` steps.

    Parameters
    ----------
    x
        Series, shape (n,); NaN where missing.
    edges
        Terciles of the window that ends at each row, shape (n, 2); NaN where unknown.
    window
        Values in a window.

    Returns
    -------
    ndarray
        Bits, shape (n,); 0 in a flat window. The plug-in estimate: about 2 / (window ln 2) for
        independent values.
    """
    n = x.size
    out = np.full(n, np.nan)
    table = information_table(window - 1)
    codes = np.empty(window, dtype=np.int64)
    pairs = np.empty(9, dtype=np.int64)
    now = np.empty(3, dtype=np.int64)
    before = np.empty(3, dtype=np.int64)
    for t in range(window - 1, n):
        if np.isnan(edges[t, 0]):
            continue
        _encode(x, t - window + 1, window, edges[t, 0], edges[t, 1], codes)
        pairs[:] = 0
        for i in range(1, window):
            pairs[3 * codes[i] + codes[i - 1]] += 1
        now[:] = 0
        before[:] = 0
        for k in range(9):
            now[k // 3] += pairs[k]
            before[k % 3] += pairs[k]
        bits = _entropy(now, table) + _entropy(before, table) - _entropy(pairs, table)
        out[t] = max(bits, 0.0)
    return out
