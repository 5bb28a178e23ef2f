"""What several series have in common: correlations, principal components, turbulence.

A matrix has one row a bar and one column a member. A member counts in a window when every bar of
it is there and its values move: by more than its `floor`, since a dead series correlates with
nothing. Where fewer than `fewest` members count, the row is NaN.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.eigen import symmetric_eigen
from engine.kernels.safe_division import FLOOR
from engine.kernels.window import Floats

Ints = NDArray[np.int64]


@njit(cache=True, nogil=True)
def _runs(x: Floats) -> Ints:
    """Return how many values in a row are present up to each, shape (n, k)."""
    out = np.zeros(x.shape, dtype=np.int64)
    for t in range(x.shape[0]):
        for j in range(x.shape[1]):
            if not np.isnan(x[t, j]):
                out[t, j] = 1 + (out[t - 1, j] if t > 0 else 0)
    return out


@njit(cache=True, nogil=True)
def _standardise(
    x: Floats,
    runs: Ints,
    floors: Floats,
    end: int,
    window: int,
    scores: Floats,
    centres: Floats,
    spreads: Floats,
    used: Ints,
) -> int:
    """Write unit-length deviations of the members that count, one a row; return how many.

    `scores[m]` are the deviations of member `used[m]` from its mean `centres[m]` over the window
    that ends at `end`, divided by their length; `spreads[m]` is its standard deviation.
    """
    count = 0
    start = end - window + 1
    for j in range(x.shape[1]):
        if runs[end, j] < window:
            continue
        acc = 0.0
        for i in range(window):
            acc += x[start + i, j]
        mean = acc / window
        squares = 0.0
        for i in range(window):
            deviation = x[start + i, j] - mean
            scores[count, i] = deviation
            squares += deviation * deviation
        spread = np.sqrt(squares / (window - 1))
        if not spread > floors[end, j]:
            continue
        length = np.sqrt(squares)
        for i in range(window):
            scores[count, i] /= length
        centres[count] = mean
        spreads[count] = spread
        used[count] = j
        count += 1
    return count


@njit(cache=True, nogil=True)
def _correlate(scores: Floats, count: int, window: int) -> Floats:
    """Return the correlation matrix of the first `count` rows of unit length."""
    out = np.eye(count)
    for a in range(count):
        for b in range(a + 1, count):
            acc = 0.0
            for i in range(window):
                acc += scores[a, i] * scores[b, i]
            out[a, b] = acc
            out[b, a] = acc
    return out


@njit(cache=True, nogil=True)
def average_correlation(x: Floats, floors: Floats, window: int, fewest: int) -> Floats:
    """Return the mean correlation of all pairs of members over each window, shape (n,).

    Parameters
    ----------
    x
        Returns, shape (n, k).
    floors
        Standard deviation up to which a member counts as dead, shape (n, k).
    window
        At least 3.
    fewest
        Members needed.
    """
    n, k = x.shape
    out = np.full(n, np.nan)
    runs = _runs(x)
    scores = np.empty((k, window))
    centres = np.empty(k)
    spreads = np.empty(k)
    used = np.empty(k, dtype=np.int64)
    for t in range(window - 1, n):
        count = _standardise(x, runs, floors, t, window, scores, centres, spreads, used)
        if count < max(fewest, 2):
            continue
        # The sum of all correlations is the squared length of the sum of unit vectors.
        squares = 0.0
        for i in range(window):
            acc = 0.0
            for m in range(count):
                acc += scores[m, i]
            squares += acc * acc
        out[t] = (squares - count) / (count * (count - 1))
    return out


@njit(cache=True, nogil=True)
def components(x: Floats, floors: Floats, window: int, fewest: int) -> Floats:
    """Return what the principal components of each window's correlations say, shape (n, 4).

    Columns: share of variance in the first component; in the first three; effective number of
    bets of the portfolio with equal risk in each member; sum of fourth powers of the first
    component's loadings (1 over the members when all load alike, 1 when one does).

    Parameters
    ----------
    x, floors, window, fewest
        As for `average_correlation`; at least three members are needed.
    """
    n, k = x.shape
    out = np.full((n, 4), np.nan)
    runs = _runs(x)
    scores = np.empty((k, window))
    centres = np.empty(k)
    spreads = np.empty(k)
    used = np.empty(k, dtype=np.int64)
    for t in range(window - 1, n):
        count = _standardise(x, runs, floors, t, window, scores, centres, spreads, used)
        if count < max(fewest, 3):
            continue
        values, vectors = symmetric_eigen(_correlate(scores, count, window))
        out[t, 0] = values[0] / count
        out[t, 1] = (values[0] + values[1] + values[2]) / count
        shares = np.zeros(count)
        total = 0.0
        for m in range(count):
            exposure = 0.0
            for j in range(count):
                exposure += vectors[m, j]
            shares[m] = max(values[m], 0.0) * exposure * exposure
            total += shares[m]
        # A portfolio whose risks cancel has no variance to share out.
        if total > FLOOR * FLOOR * count:
            entropy = 0.0
            for m in range(count):
                share = shares[m] / total
                if share > 0.0:
                    entropy -= share * np.log(share)
            out[t, 2] = np.exp(entropy)
        fourth = 0.0
        for j in range(count):
            square = vectors[0, j] * vectors[0, j]
            fourth += square * square
        out[t, 3] = fourth
    return out


@njit(cache=True, nogil=True)
def turbulence(x: Floats, floors: Floats, window: int, fewest: int) -> Floats:
    """Return each bar's squared Mahalanobis distance from the window before it, over the members.

    Means and covariances are those of the `window` bars before the bar. A member that those
    before it in order explain but for a millionth of its variance says nothing new and is left
    out.

    Parameters
    ----------
    x, floors, window, fewest
        As for `average_correlation`.

    Returns
    -------
    ndarray
        Shape (n,); 1 on average for independent normal returns of known covariance.
    """
    n, k = x.shape
    out = np.full(n, np.nan)
    runs = _runs(x)
    scores = np.empty((k, window))
    centres = np.empty(k)
    spreads = np.empty(k)
    used = np.empty(k, dtype=np.int64)
    for t in range(window, n):
        count = _standardise(x, runs, floors, t - 1, window, scores, centres, spreads, used)
        present = 0
        for m in range(count):
            if np.isnan(x[t, used[m]]):
                continue
            if present < m:
                scores[present] = scores[m]
                centres[present] = centres[m]
                spreads[present] = spreads[m]
                used[present] = used[m]
            present += 1
        if present < max(fewest, 2):
            continue
        c = _correlate(scores, present, window)
        # Cholesky's triangle, row by row, and the bar's scores made independent with it.
        kept = np.zeros(present, dtype=np.bool_)
        y = np.zeros(present)
        distance = 0.0
        number = 0
        for i in range(present):
            for j in range(i):
                if not kept[j]:
                    c[i, j] = 0.0
                    continue
                acc = c[i, j]
                for m in range(j):
                    acc -= c[i, m] * c[j, m]
                c[i, j] = acc / c[j, j]
            rest = 1.0
            score = (x[t, used[i]] - centres[i]) / spreads[i]
            for m in range(i):
                rest -= c[i, m] * c[i, m]
                score -= c[i, m] * y[m]
            if rest <= FLOOR * FLOOR:
                continue
            kept[i] = True
            c[i, i] = np.sqrt(rest)
            y[i] = score / c[i, i]
            distance += y[i] * y[i]
            number += 1
        out[t] = distance / number
    return out
