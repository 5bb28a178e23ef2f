"""How a series' spread grows with the time it is given: Hurst and DFA exponents.

A window is cut into chunks of several sizes, all ending with it. What a chunk gives (its rescaled
range, its fluctuation around a line) is a function of the chunk alone, so it is computed once for
the chunk that ends at each bar, and every window of any length picks the ones it is made of.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.lanes import BLOCK, tree_total
from engine.kernels.sample_entropy import FLAT
from engine.kernels.window import _clean_from

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SMALLEST = 7  # values in a chunk

_FLAT_CHUNK = -1.0  # mark of a chunk without a rescaled range, told from a missing one (NaN)


def chunk_sizes(window: int) -> Ints:
    """Return the sizes of chunks of which 2, 3, 4, 6, 8, 11, 16, ... fit into a window.

    The numbers of chunks grow by sqrt 2; the smallest chunk has 7 values.

    Examples
    --------
    >>> chunk_sizes(60).tolist()
    [7, 10, 15, 20, 30]
    """
    sizes: list[int] = []
    step = 2
    while (size := window // round(2.0 ** (step / 2.0))) >= SMALLEST:
        sizes.append(size)
        step += 1
    return np.array(sizes[::-1], dtype=np.int64)


def slope_weights(x: Floats) -> Floats:
    """Return the weights with which the least-squares slope on x is a sum over the values."""
    centred = x - x.mean()
    out: Floats = centred / (centred**2).sum()
    return out


def expected_rescaled_range(size: int) -> float:
    """Return the mean rescaled range of `size` independent normal values (divisor n).

    References
    ----------
    Anis and Lloyd (1976), "The expected value of the adjusted rescaled Hurst range of
    independent normal summands", Biometrika 63.
    """
    k = np.arange(1.0, size)
    gammas = math.exp(math.lgamma((size - 1) / 2.0) - math.lgamma(size / 2.0))
    return float(gammas / math.sqrt(math.pi) * np.sqrt((size - k) / k).sum())


@njit(cache=True, nogil=True)
def chunk_ranges(x: Floats, size: int) -> Floats:
    """Return the rescaled range of the `size` values that end at each row.

    The range of the running sum of deviations from the chunk's mean, over their standard
    deviation (divisor n). -1 where the chunk does not move, NaN where a value is missing.

    References
    ----------
    Hurst (1951), "Long-term storage capacity of reservoirs", Trans. ASCE 116.
    """
    n = x.shape[0]
    out = np.full(n, np.nan)
    mean = np.empty(BLOCK)
    step = np.empty(BLOCK)
    walk = np.empty(BLOCK)
    squares = np.empty(BLOCK)
    high = np.empty(BLOCK)
    low = np.empty(BLOCK)
    for base in range(size - 1, n, BLOCK):
        rows = min(BLOCK, n - base)
        first = base - size + 1
        mean[:] = 0.0
        for i in range(size):
            piece = x[first + i : first + i + rows]
            for k in range(rows):
                mean[k] += piece[k]
        for k in range(rows):
            mean[k] /= size
        walk[:] = 0.0
        squares[:] = 0.0
        high[:] = 0.0
        low[:] = 0.0
        for i in range(size):
            piece = x[first + i : first + i + rows]
            for k in range(rows):
                step[k] = piece[k] - mean[k]
            for k in range(rows):
                squares[k] += step[k] * step[k]
            for k in range(rows):
                walk[k] += step[k]
            for k in range(rows):
                high[k] = walk[k] if walk[k] > high[k] else high[k]
                low[k] = walk[k] if walk[k] < low[k] else low[k]
        for k in range(rows):
            std = np.sqrt(squares[k] / size)
            if np.isnan(std):
                continue
            if std > FLAT * abs(mean[k]):
                out[base + k] = (high[k] - low[k]) / std
            else:
                out[base + k] = _FLAT_CHUNK
    return out


@njit(cache=True, nogil=True)
def chunk_fluctuations(x: Floats, size: int) -> Floats:
    """Return the mean square of the running sum around its own line, of each row's chunk.

    The running sum begins with the chunk. A constant taken off x tilts it, and the line takes the
    tilt: the mean of a longer window need not be known.

    References
    ----------
    Peng et al. (1994), "Mosaic organization of DNA nucleotides", Phys. Rev. E 49.
    """
    n = x.shape[0]
    out = np.full(n, np.nan)
    centre = 0.5 * (size - 1)
    sxx = size * (size * size - 1.0) / 12.0
    walk = np.empty(BLOCK)
    mean = np.empty(BLOCK)
    tilt = np.empty(BLOCK)
    rest = np.empty(BLOCK)
    squares = np.empty(BLOCK)
    spread = np.empty(BLOCK)
    for base in range(size - 1, n, BLOCK):
        rows = min(BLOCK, n - base)
        first = base - size + 1
        walk[:] = 0.0
        mean[:] = 0.0
        tilt[:] = 0.0
        for i in range(size):
            piece = x[first + i : first + i + rows]
            time = i - centre
            for k in range(rows):
                walk[k] += piece[k]
            for k in range(rows):
                mean[k] += walk[k]
            for k in range(rows):
                tilt[k] += time * walk[k]
        for k in range(rows):
            mean[k] /= size
        for k in range(rows):
            tilt[k] /= sxx
        walk[:] = 0.0
        squares[:] = 0.0
        spread[:] = 0.0
        for i in range(size):
            piece = x[first + i : first + i + rows]
            time = i - centre
            for k in range(rows):
                walk[k] += piece[k]
            for k in range(rows):
                rest[k] = (walk[k] - mean[k]) - tilt[k] * time
            for k in range(rows):
                squares[k] += rest[k] * rest[k]
            for k in range(rows):
                spread[k] = abs(walk[k]) if abs(walk[k]) > spread[k] else spread[k]
        for k in range(rows):
            value = squares[k] / size
            # What a straight line leaves is rounding.
            still = value <= FLAT * FLAT * spread[k] * spread[k]
            out[base + k] = 0.0 if still else value
    return out


@njit(cache=True, nogil=True)
def hurst_exponent(
    x: Floats, ranges: Floats, sizes: Ints, expected: Floats, weights: Floats, window: int
) -> Floats:
    """Return the exponent with which each window's rescaled range grows, less its bias.

    1/2 plus the slope, on ln size, of ln of the chunks' mean rescaled range over the mean that
    independent normal values have.

    Parameters
    ----------
    x
        Shape (n,); NaN where missing.
    ranges
        `chunk_ranges` of x for each size, shape (sizes, n).
    sizes, expected, weights
        `chunk_sizes(window)`, `expected_rescaled_range` of each, and `slope_weights` of their
        logarithms.
    window
        Values in a window.

    Returns
    -------
    ndarray
        Shape (n,). Chunks that do not move are left out; NaN where a size has none left and where
        a value is missing.
    """
    n = x.shape[0]
    out = np.full(n, np.nan)
    clean = _clean_from(x, window)  # chunks need not fill the window
    for t in range(window - 1, n):
        if not clean[t]:
            continue
        slope = 0.5
        for s in range(sizes.shape[0]):
            size = sizes[s]
            total = 0.0
            moving = 0
            for end in range(t, t - (window // size) * size, -size):
                value = ranges[s, end]
                if value != _FLAT_CHUNK:
                    total += value
                    moving += 1
            if moving == 0:
                slope = np.nan
                break
            slope += weights[s] * np.log(total / moving / expected[s])
        out[t] = slope
    return out


@njit(cache=True, nogil=True)
def fluctuation_exponent(
    x: Floats, fluctuations: Floats, sizes: Ints, weights: Floats, window: int
) -> Floats:
    """Return the exponent with which each window's fluctuation around lines grows (DFA-1).

    The slope of ln F on ln size, F the root of the chunks' mean squares.

    Parameters
    ----------
    x
        Shape (n,); NaN where missing.
    fluctuations
        `chunk_fluctuations` of x for each size, shape (sizes, n).
    sizes, weights
        `chunk_sizes(window)` and `slope_weights` of their logarithms.
    window
        Values in a window.

    Returns
    -------
    ndarray
        Shape (n,); NaN where a value is missing or no chunk of some size moves.
    """
    n = x.shape[0]
    out = np.full(n, np.nan)
    clean = _clean_from(x, window)  # chunks need not fill the window
    for t in range(window - 1, n):
        if not clean[t]:
            continue
        slope = 0.0
        for s in range(sizes.shape[0]):
            size = sizes[s]
            total = 0.0
            for end in range(t, t - (window // size) * size, -size):
                total += fluctuations[s, end]
            if not total > 0.0:
                slope = np.nan
                break
            slope += weights[s] * (0.5 * np.log(total / (window // size)))
        out[t] = slope
    return out


@njit(cache=True, nogil=True)
def generalised_hurst(x: Floats, window: int, power: int, weights: Floats) -> Floats:
    """Return the exponent with which the mean |change|^q of each window grows with its span.

    Parameters
    ----------
    x
        A path (log price), shape (n,); NaN where missing.
    window
        Values in a window.
    power
        q, 1 or 2.
    weights
        What ln of the mean |x[t] - x[t - k]|^q weighs in q H, for k = 1, 2, ...

    Returns
    -------
    ndarray
        H, shape (n,); NaN where a value is missing or no change of some span is left.

    References
    ----------
    Di Matteo (2007), "Multi-scaling in finance", Quantitative Finance 7.
    """
    n = x.shape[0]
    out = np.zeros(n)
    size = np.empty(n)
    for span in range(1, weights.shape[0] + 1):
        size[: min(span, n)] = np.nan
        for t in range(span, n):
            change = abs(x[t] - x[t - span])
            size[t] = change if power == 1 else change * change
        total = tree_total(size, window - span)
        for t in range(n):
            if total[t] > 0.0:
                out[t] += weights[span - 1] * np.log(total[t] / (window - span))
            else:
                out[t] = np.nan
    for t in range(n):
        out[t] /= power
    return out


def span_weights(shortest: int, longest: int) -> Floats:
    """Return the weights of ln K(1), ln K(2), ... in the mean slope on ln span.

    One slope for the spans 1 to each of `shortest` .. `longest`, and their mean.
    """
    weights = np.zeros(longest)
    for last in range(shortest, longest + 1):
        weights[:last] += slope_weights(np.log(np.arange(1.0, last + 1.0)))
    return weights / (longest - shortest + 1)
