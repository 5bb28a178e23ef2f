"""How two series move together inside a moving window.

Every window is visited anew in two passes: means first, then products of deviations. A NaN of
either series makes the window NaN. What divides a statistic is returned beside it, so that the
caller's safe division can say when it has died; a window of equal values has spread exactly 0.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.lanes import BLOCK
from engine.kernels.sorted_window import Ints, replace_dated
from engine.kernels.wilder import _newest_first, _powers
from engine.kernels.window import Floats, _clean_from, equal_run


@njit(cache=True, nogil=True)
def _both_clean(x: Floats, y: Floats, window: int) -> NDArray[np.bool_]:
    """Return where the `window` pairs that end at each row are all present."""
    clean: NDArray[np.bool_] = _clean_from(x + y, window)
    return clean


@njit(cache=True, nogil=True)
def _sums(x: Floats, y: Floats, start: int, stop: int) -> tuple[float, float, float, float, float]:
    """Return both means, the sum of products and the sums of squares of deviations.

    Those of a series whose values are all equal are exactly 0, whatever rounding does to the mean.
    """
    mean_x = 0.0
    mean_y = 0.0
    flat_x = True
    flat_y = True
    for i in range(start, stop):
        mean_x += x[i]
        mean_y += y[i]
        flat_x &= x[i] == x[start]
        flat_y &= y[i] == y[start]
    mean_x /= stop - start
    mean_y /= stop - start
    sxy = 0.0
    sxx = 0.0
    syy = 0.0
    for i in range(start, stop):
        dx = x[i] - mean_x
        dy = y[i] - mean_y
        sxy += dx * dy
        sxx += dx * dx
        syy += dy * dy
    if flat_x:
        sxx = 0.0
        sxy = 0.0
    if flat_y:
        syy = 0.0
        sxy = 0.0
    return mean_x, mean_y, sxy, sxx, syy


@njit(cache=True, nogil=True)
def _lane_sums(
    x: Floats, y: Floats, begin: int, rows: int, window: int,
    mean_x: Floats, mean_y: Floats, sxy: Floats, sxx: Floats, syy: Floats,
) -> None:  # fmt: skip
    """Leave what `_sums` returns of `rows` windows, the first of which starts at `begin`.

    Each window is added in order of time; the rows are worked on together, as in
    `window._two_passes`.
    """
    for k in range(rows):
        mean_x[k] = 0.0
        mean_y[k] = 0.0
        sxy[k] = 0.0
        sxx[k] = 0.0
        syy[k] = 0.0
    for i in range(begin, begin + window):
        of_x, of_y = x[i : i + rows], y[i : i + rows]
        for k in range(rows):
            mean_x[k] += of_x[k]
            mean_y[k] += of_y[k]
    for k in range(rows):
        mean_x[k] /= window
        mean_y[k] /= window
    for i in range(begin, begin + window):
        of_x, of_y = x[i : i + rows], y[i : i + rows]
        for k in range(rows):
            dx = of_x[k] - mean_x[k]
            dy = of_y[k] - mean_y[k]
            sxy[k] += dx * dy
            sxx[k] += dx * dx
            syy[k] += dy * dy


@njit(cache=True, nogil=True)
def co_moments(x: Floats, y: Floats, window: int) -> tuple[Floats, Floats, Floats]:
    """Return covariance and both standard deviations of each window, divisor n - 1.

    Parameters
    ----------
    x, y
        Shape (n,).
    window
        Pairs, at least 2.

    Returns
    -------
    tuple of ndarray
        Covariance, standard deviation of x, of y; each of shape (n,).
    """
    n = x.shape[0]
    covariance = np.full(n, np.nan)
    std_x = np.full(n, np.nan)
    std_y = np.full(n, np.nan)
    clean = _both_clean(x, y, window)
    equal_x, equal_y = equal_run(x), equal_run(y)
    sums = np.empty((5, BLOCK))
    t = window - 1
    while t < n:
        if not clean[t]:
            t += 1
            continue
        rows = 1
        while rows < BLOCK and t + rows < n and clean[t + rows]:
            rows += 1
        _lane_sums(x, y, t - window + 1, rows, window, sums[0], sums[1], sums[2], sums[3], sums[4])
        for k in range(rows):
            is_flat_x, is_flat_y = equal_x[t + k] >= window, equal_y[t + k] >= window
            covariance[t + k] = 0.0 if is_flat_x or is_flat_y else sums[2, k] / (window - 1)
            std_x[t + k] = 0.0 if is_flat_x else np.sqrt(sums[3, k] / (window - 1))
            std_y[t + k] = 0.0 if is_flat_y else np.sqrt(sums[4, k] / (window - 1))
        t += rows
    return covariance, std_x, std_y


@njit(cache=True, nogil=True)
def half_moments(
    x: Floats, y: Floats, window: int, fewest: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return co-moments of the bars on which y was below, and not below, its window's mean.

    Parameters
    ----------
    x, y
        Shape (n,).
    window
        Pairs.
    fewest
        Bars below which a half is NaN, at least 2.

    Returns
    -------
    tuple of ndarray
        Covariance and standard deviation of y below the mean, then the same of the rest; the
        deviations are from the half's own means, the divisor is its bars less 1. Shape (n,).
    """
    n = x.shape[0]
    out = np.full((4, n), np.nan)
    clean = _both_clean(x, y, window)
    # The bars below the mean in order of time, then the rest from the end on backwards: both
    # places are written, so that there is no branch to guess.
    half_x = np.empty(window + 1)
    half_y = np.empty(window + 1)
    for t in range(window - 1, n):
        if not clean[t]:
            continue
        start = t - window + 1
        split = 0.0
        for i in range(start, t + 1):
            split += y[i]
        split /= window
        below = 0
        rest = window
        for i in range(start, t + 1):
            half_x[below] = x[i]
            half_y[below] = y[i]
            half_x[rest] = x[i]
            half_y[rest] = y[i]
            is_below = y[i] < split
            below += 1 if is_below else 0
            rest -= 0 if is_below else 1
        for half in range(2):
            first = 0 if half == 0 else rest + 1
            stop = below if half == 0 else window + 1
            count = stop - first
            if count < fewest:
                continue
            mean_x = 0.0
            mean_y = 0.0
            for i in range(first, stop):
                mean_x += half_x[i]
                mean_y += half_y[i]
            mean_x /= count
            mean_y /= count
            sxy = 0.0
            syy = 0.0
            for i in range(first, stop):
                dy = half_y[i] - mean_y
                sxy += (half_x[i] - mean_x) * dy
                syy += dy * dy
            out[2 * half, t] = sxy / (count - 1)
            out[2 * half + 1, t] = np.sqrt(syy / (count - 1))
    return out[0], out[1], out[2], out[3]


@njit(cache=True, nogil=True)
def residual_moments(x: Floats, y: Floats, window: int) -> tuple[Floats, Floats]:
    """Return standard deviation (n - 2) and skewness of the residuals of x on y and a constant.

    Parameters
    ----------
    x, y
        Explained and explaining series, shape (n,).
    window
        Pairs, at least 3.

    Returns
    -------
    tuple of ndarray
        Shape (n,). The skewness is that of the population, m3 / m2^1.5; both are NaN where y
        does not move, the skewness where nothing is left to explain.
    """
    n = x.shape[0]
    deviation = np.full(n, np.nan)
    skewness = np.full(n, np.nan)
    clean = _both_clean(x, y, window)
    for t in range(window - 1, n):
        if not clean[t]:
            continue
        start = t - window + 1
        mean_x, mean_y, sxy, sxx, syy = _sums(x, y, start, t + 1)
        if syy == 0.0:
            continue
        slope = sxy / syy
        squares = 0.0
        cubes = 0.0
        for i in range(start, t + 1):
            e = x[i] - mean_x - slope * (y[i] - mean_y)
            squares += e * e
            cubes += e * e * e
        if sxx == 0.0:
            squares = 0.0
        deviation[t] = np.sqrt(squares / (window - 2))
        if squares > 1e-12 * sxx:  # else the residuals are rounding
            variance = squares / window
            skewness[t] = cubes / window / (variance * np.sqrt(variance))
    return deviation, skewness


@njit(cache=True, nogil=True)
def _distance_sums(values: Floats, times: Ints, window: int, start: int, rows: Floats) -> float:
    """Write each value's summed distance to the others, and return the sum of them all.

    Parameters
    ----------
    values, times
        The window's values in order, and the rows they come from.
    window, start
        Values, and the row of the oldest.
    rows
        By age from the oldest, written.
    """
    total = 0.0
    for k in range(window):
        total += values[k]
    before = 0.0
    all_rows = 0.0
    distance = 0.0
    for k in range(window):
        # Equal values get equal bits: their order among each other is nobody's.
        if k == 0 or values[k] != values[k - 1]:
            distance = values[k] * (2 * k - window) + total - 2.0 * before
        rows[times[k] - start] = distance
        all_rows += distance
        before += values[k]
    return all_rows


@njit(cache=True, nogil=True)
def distance_correlation(x: Floats, y: Floats, window: int) -> Floats:
    """Return the distance correlation of each window: 0 only when the two are independent.

    Sums of distances come from the sorted windows. Only the products need every pair; the lanes
    of that loop are independent of each other, so that the compiler may use wide registers
    without reordering a sum.

    Parameters
    ----------
    x, y
        Shape (n,).
    window
        Pairs.

    Returns
    -------
    ndarray
        From 0 to 1, shape (n,); NaN where a series does not move.

    References
    ----------
    Szekely, Rizzo and Bakirov (2007): the statistic with the diagonal (V-statistic).
    """
    n = x.shape[0]
    out = np.full(n, np.nan)
    clean = _both_clean(x, y, window)
    sorted_x = np.empty(window)
    sorted_y = np.empty(window)
    times_x = np.empty(window, dtype=np.int64)
    times_y = np.empty(window, dtype=np.int64)
    rows_x = np.empty(window)
    rows_y = np.empty(window)
    products = np.empty(window)
    size = float(window)
    for t in range(window - 1, n):
        if not clean[t]:
            continue
        start = t - window + 1
        if t > window - 1 and clean[t - 1]:
            replace_dated(sorted_x, times_x, window, x[start - 1], start - 1, x[t], t)
            replace_dated(sorted_y, times_y, window, y[start - 1], start - 1, y[t], t)
        else:
            times_x[:] = np.argsort(x[start : t + 1]) + start
            times_y[:] = np.argsort(y[start : t + 1]) + start
            for k in range(window):
                sorted_x[k] = x[times_x[k]]
                sorted_y[k] = y[times_y[k]]
        if sorted_x[0] == sorted_x[-1] or sorted_y[0] == sorted_y[-1]:
            continue
        total_x = _distance_sums(sorted_x, times_x, window, start, rows_x)
        total_y = _distance_sums(sorted_y, times_y, window, start, rows_y)
        a = x[start : t + 1]
        b = y[start : t + 1]
        products[:] = 0.0
        for i in range(window - 1):
            ai = a[i]
            bi = b[i]
            later_a = a[i + 1 :]
            later_b = b[i + 1 :]
            sums = products[i + 1 :]
            for j in range(later_a.shape[0]):
                sums[j] += abs((ai - later_a[j]) * (bi - later_b[j]))
        cross = 0.0
        rows_xy = 0.0
        rows_xx = 0.0
        rows_yy = 0.0
        for j in range(window):
            cross += products[j]
            rows_xy += rows_x[j] * rows_y[j]
            rows_xx += rows_x[j] * rows_x[j]
            rows_yy += rows_y[j] * rows_y[j]
        _, _, _, sxx, syy = _sums(x, y, start, t + 1)
        n2 = size * size
        mean_x = total_x / n2
        mean_y = total_y / n2
        # Each pair is in the matrix twice; squared distances add up to 2 n squared deviations.
        covariance = 2.0 * cross / n2 + mean_x * mean_y - 2.0 * rows_xy / (n2 * size)
        variance_x = 2.0 * sxx / size + mean_x * mean_x - 2.0 * rows_xx / (n2 * size)
        variance_y = 2.0 * syy / size + mean_y * mean_y - 2.0 * rows_yy / (n2 * size)
        if variance_x > 0.0 and variance_y > 0.0:
            ratio = max(covariance, 0.0) / np.sqrt(variance_x) / np.sqrt(variance_y)
            out[t] = np.sqrt(min(ratio, 1.0))
    return out


@njit(cache=True, nogil=True)
def rank_correlation(x: Floats, y: Floats, window: int) -> Floats:
    """Return Spearman's correlation of each window, ties at their middle rank.

    Returns
    -------
    ndarray
        Shape (n,); NaN where a series does not move.
    """
    n = x.shape[0]
    out = np.full(n, np.nan)
    clean = _both_clean(x, y, window)
    a = np.empty(window)
    b = np.empty(window)
    ranks_a = np.empty(window)
    ranks_b = np.empty(window)
    for t in range(window - 1, n):
        if not clean[t]:
            continue
        start = t - window + 1
        for j in range(window):
            a[j] = x[start + j]
            b[j] = y[start + j]
            # -1/2 for the value itself, then centred: ranks are exact halves around 0
            ranks_a[j] = -0.5 * window
            ranks_b[j] = -0.5 * window
        for i in range(window):
            ai = a[i]
            bi = b[i]
            for j in range(window):
                ranks_a[j] += (0.5 if ai < a[j] else 0.0) + (0.5 if ai <= a[j] else 0.0)
                ranks_b[j] += (0.5 if bi < b[j] else 0.0) + (0.5 if bi <= b[j] else 0.0)
        saa = 0.0
        sbb = 0.0
        sab = 0.0
        for j in range(window):
            saa += ranks_a[j] * ranks_a[j]
            sbb += ranks_b[j] * ranks_b[j]
            sab += ranks_a[j] * ranks_b[j]
        if saa > 0.0 and sbb > 0.0:
            out[t] = sab / np.sqrt(saa * sbb)
    return out


@njit(cache=True, nogil=True)
def tail_share(x: Floats, y: Floats, edge_x: Floats, edge_y: Floats, window: int) -> Floats:
    """Return on which share of the bars with y in its lower tail x was in its own.

    Parameters
    ----------
    x, y
        Shape (n,).
    edge_x, edge_y
        Upper edges of the tails for the window that ends at each row, shape (n,).
    window
        Pairs.

    Returns
    -------
    ndarray
        From 0 to 1, shape (n,).
    """
    n = x.shape[0]
    out = np.full(n, np.nan)
    clean = _both_clean(x, y, window)
    for t in range(window - 1, n):
        if not clean[t] or np.isnan(edge_x[t]) or np.isnan(edge_y[t]):
            continue
        low = 0
        both = 0
        for i in range(t - window + 1, t + 1):
            if y[i] <= edge_y[t]:
                low += 1
                if x[i] <= edge_x[t]:
                    both += 1
        if low > 0:
            out[t] = both / low
    return out


@njit(cache=True, nogil=True)
def ewma_moments(
    x: Floats, y: Floats, decay: float, lookback: int, min_obs: int
) -> tuple[Floats, Floats, Floats]:
    """Return weighted means of xy, xx and yy over the last `lookback` existing pairs.

    Weights decay^0, decay^1, ... from the newest, divided by their sum; no mean is taken out.

    Parameters
    ----------
    x, y
        Shape (n,); a pair with a NaN does not exist.
    decay
        Weight kept from one bar to the next, e.g. 0.94.
    lookback
        Pairs that a row may depend on.
    min_obs
        Pairs below which a row is NaN.

    Returns
    -------
    tuple of ndarray
        Covariance, standard deviation of x, of y; each of shape (n,), NaN where the pair is.
    """
    n = x.shape[0]
    out = np.full((3, n), np.nan)
    products = np.empty((3, n))
    weights = _powers(decay, lookback)
    sums = np.cumsum(weights)
    count = 0
    for t in range(n):
        if np.isnan(x[t]) or np.isnan(y[t]):
            continue
        products[0, count] = x[t] * y[t]
        products[1, count] = x[t] * x[t]
        products[2, count] = y[t] * y[t]
        count += 1
        if count < min_obs:
            continue
        start = max(0, count - lookback)
        for k in range(3):
            out[k, t] = _newest_first(products[k], start, count, weights) / sums[count - start - 1]
    return out[0], np.sqrt(out[1]), np.sqrt(out[2])
