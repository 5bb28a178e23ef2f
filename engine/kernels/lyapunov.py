"""The largest Lyapunov exponent of a moving window: how fast neighbours part.

A start's nearest neighbour changes seldom as the window moves: where it has left, where the new
start is nearer, and for the new start itself. What a start and its neighbour add to the exponent
depends on these two alone, so it is kept until the neighbour changes. Of equal distances the
latest neighbour counts, which makes the choice a function of the window, not of its history.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.sample_entropy import is_flat
from engine.kernels.window import Floats, _clean_from

Ints = NDArray[np.int64]


@njit(cache=True, nogil=True)
def _distances(x: Floats, at: int, first: int, count: int, dimension: int, out: Floats) -> None:
    """Write the squared distances of the vector at `at` to `count` vectors from `first` on."""
    out[:count] = 0.0
    for c in range(dimension):
        value = x[at + c]
        piece = x[first + c : first + c + count]
        for j in range(count):
            out[j] += (value - piece[j]) * (value - piece[j])


@njit(cache=True, nogil=True)
def _parting(x: Floats, a: int, b: int, dimension: int, weights: Floats) -> float:
    """Return the slope of ln distance of two vectors as both go on; NaN where they meet."""
    slope = 0.0
    for k in range(weights.shape[0]):
        squares = 0.0
        for c in range(dimension):
            squares += (x[a + k + c] - x[b + k + c]) ** 2
        if not squares > 0.0:
            return np.nan
        slope += weights[k] * (0.5 * np.log(squares))
    return slope


@njit(cache=True, nogil=True)
def _choose(
    distances: Floats, at: int, first: int, count: int, separation: int
) -> tuple[int, float]:
    """Return the nearest of `count` vectors that is far enough in time, and its distance."""
    best = np.inf
    near = -1
    for j in range(count):
        if distances[j] <= best and abs(first + j - at) > separation:
            best = distances[j]
            near = first + j
    return near, best


@njit(cache=True, nogil=True)
def largest_exponent(
    x: Floats, window: int, dimension: int, separation: int, weights: Floats
) -> Floats:
    """Return the mean rate at which each window's nearest neighbours part, per bar.

    Vectors are `dimension` consecutive values; the neighbour of each is the nearest one more than
    `separation` bars away. The slope of ln of their distance on the bars gone on, averaged over
    the window's vectors.

    Parameters
    ----------
    x
        Shape (n,); NaN where missing.
    window
        Values in a window.
    dimension
        Values in a vector.
    separation
        Bars by which neighbours are at least apart, less one.
    weights
        What ln of the distance after 0, 1, ... bars weighs: the weights of a slope.

    Returns
    -------
    ndarray
        Shape (n,). Pairs that coincide at some step are left out; NaN where they are more than
        half, where a value is missing and where the window is flat.

    References
    ----------
    Rosenstein, Collins and De Luca (1993), "A practical method for calculating largest Lyapunov
    exponents from small data sets", Physica D 65.
    """
    n = x.shape[0]
    out = np.full(n, np.nan)
    clean = _clean_from(x, window)
    starts = window - dimension + 1 - weights.shape[0] + 1
    near = np.zeros(starts, dtype=np.int64)  # by start, modulo `starts`
    best = np.zeros(starts)
    rates = np.zeros(starts)
    distances = np.empty(starts)
    ready = False
    for t in range(window - 1, n):
        if not clean[t]:
            ready = False
            continue
        first = t - window + 1
        last = first + starts - 1
        for i in range(first, last + 1):
            own = i % starts
            if ready and i < last and near[own] >= first:
                continue
            _distances(x, i, first, starts, dimension, distances)
            near[own], best[own] = _choose(distances, i, first, starts, separation)
            rates[own] = _parting(x, i, near[own], dimension, weights)
        if ready:  # the new start's distances are those computed last
            for i in range(first, last - separation):
                own = i % starts
                if distances[i - first] <= best[own] and near[own] != last:
                    best[own] = distances[i - first]
                    near[own] = last
                    rates[own] = _parting(x, i, last, dimension, weights)
        ready = True
        low = x[first]
        high = x[first]
        for i in range(first, t + 1):
            low = min(low, x[i])
            high = max(high, x[i])
        if is_flat(low, high):
            continue
        total = 0.0
        count = 0
        for i in range(first, last + 1):
            rate = rates[i % starts]
            if not np.isnan(rate):
                total += rate
                count += 1
        if 2 * count >= starts:
            out[t] = total / count
    return out
