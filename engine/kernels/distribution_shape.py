"""The shape of the values in a moving window: moments, quantiles, L-moments, tails, distances.

Each window is kept in sorted order and everything is read from it in one visit. The sorted
content is a function of the window alone, and so is every sum over it, taken in that order.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.dip import dip
from engine.kernels.sorted_window import lower_bound, quantile, replace, upper_bound

Floats = NDArray[np.float64]

(
    SKEW,
    KURT,
    BIMODALITY,
    JARQUE_BERA,
    BOWLEY,
    OCTILE_TAILS,
    OCTILE_MIDDLE,
    L_SKEW,
    L_KURT,
    HILL_LEFT,
    HILL_RIGHT,
    VALUE_AT_RISK,
    SHORTFALL,
    GAIN,
    LOSS,
    DIP,
    NORMAL_DISTANCE,
) = range(17)
COUNT = 17

TAIL = 10  # a tail is one tenth of the window
RISK = 20  # value at risk and shortfall are those of one in twenty


@njit(cache=True, nogil=True)
def _moment_weights(n: int) -> Floats:
    """Return the weights of sorted values in the second to fourth L-moment; shape (3, n)."""
    out = np.empty((3, n))
    for j in range(n):
        b1 = j / (n - 1)
        b2 = b1 * (j - 1) / (n - 2)
        b3 = b2 * (j - 2) / (n - 3)
        out[0, j] = (2.0 * b1 - 1.0) / n
        out[1, j] = (6.0 * b2 - 6.0 * b1 + 1.0) / n
        out[2, j] = (20.0 * b3 - 30.0 * b2 + 12.0 * b1 - 1.0) / n
    return out


@njit(cache=True, nogil=True)
def _hill(tail: Floats, k: int) -> float:
    """Return the mean log excess of tail[:k] over tail[k], descending; NaN unless positive."""
    if not tail[k] > 0.0:
        return np.nan
    acc = 0.0
    for i in range(k):
        acc += np.log(tail[i] / tail[k])
    return acc / k


@njit(cache=True, nogil=True)
def _visit(v: Floats, n: int, weights: Floats, out: Floats) -> tuple[float, float]:
    """Fill `out` with what moments and order statistics of sorted `v` say; not flat.

    Returns mean and sample standard deviation.
    """
    mean = 0.0
    for i in range(n):
        mean += v[i]
    mean /= n
    m2 = 0.0
    m3 = 0.0
    m4 = 0.0
    l2 = 0.0
    l3 = 0.0
    l4 = 0.0
    for i in range(n):
        d = v[i] - mean
        square = d * d
        m2 += square
        m3 += square * d
        m4 += square * square
        l2 += weights[0, i] * d
        l3 += weights[1, i] * d
        l4 += weights[2, i] * d
    sigma = math.sqrt(m2 / (n - 1))
    m2 /= n
    m3 /= n
    m4 /= n
    if m2 * m2 > 0.0:
        g = m3 / (m2 * math.sqrt(m2))
        k = m4 / (m2 * m2) - 3.0
        out[SKEW] = g
        out[KURT] = k
        out[JARQUE_BERA] = n / 6.0 * (g * g + 0.25 * k * k)
        # Sarle's coefficient in the estimators that are unbiased under normality.
        pairs = (n - 2.0) * (n - 3.0)
        g_unbiased = g * math.sqrt(n * (n - 1.0)) / (n - 2.0)
        k_unbiased = (n - 1.0) / pairs * ((n + 1.0) * k + 6.0)
        out[BIMODALITY] = (g_unbiased * g_unbiased + 1.0) / (
            k_unbiased + 3.0 * (n - 1.0) * (n - 1.0) / pairs
        )
    if l2 > 0.0:
        out[L_SKEW] = l3 / l2
        out[L_KURT] = l4 / l2

    q1 = quantile(v, n, 1, 4)
    q2 = quantile(v, n, 1, 2)
    q3 = quantile(v, n, 3, 4)
    if q3 > q1:
        out[BOWLEY] = ((q3 - q2) - (q2 - q1)) / (q3 - q1)
    out[OCTILE_TAILS] = (
        quantile(v, n, 7, 8) - quantile(v, n, 5, 8) + quantile(v, n, 3, 8) - quantile(v, n, 1, 8)
    )
    out[OCTILE_MIDDLE] = q3 - q1

    k = n // TAIL
    if k >= 1:
        out[HILL_RIGHT] = _hill(v[n - 1 - k : n][::-1], k)
        out[HILL_LEFT] = _hill(-v[: k + 1], k)

    whole = n // RISK
    part = (n - whole * RISK) / RISK
    worst = part * v[whole]
    for i in range(whole):
        worst += v[i]
    if sigma > 0.0:
        out[VALUE_AT_RISK] = -quantile(v, n, 1, RISK) / sigma
        out[SHORTFALL] = -worst * RISK / n / sigma

    loss = 0.0
    for i in range(lower_bound(v, n, -sigma)):
        loss -= v[i] + sigma
    gain = 0.0
    for i in range(upper_bound(v, n, sigma), n):
        gain += v[i] - sigma
    out[LOSS] = loss / n
    out[GAIN] = gain / n
    return mean, sigma


@njit(cache=True, nogil=True)
def _normal_distance(v: Floats, n: int, mean: float, sigma: float) -> float:
    """Return the largest distance of the empirical from the fitted normal distribution."""
    largest = 0.0
    for i in range(n):
        p = 0.5 * math.erfc((mean - v[i]) / (sigma * math.sqrt(2.0)))
        largest = max(largest, p - i / n, (i + 1) / n - p)
    return largest


@njit(cache=True, nogil=True)
def distribution_shape(x: Floats, window: int, with_dip: bool, with_normal: bool) -> Floats:
    """Return the shape statistics of every window.

    Parameters
    ----------
    x
        Series, float64 (n,); NaN where missing.
    window
        Window in bars, at least 4.
    with_dip, with_normal
        Whether the dip and the distance from the normal, which cost more, are wanted.

    Returns
    -------
    ndarray
        Shape (17, n): skewness, excess kurtosis, Sarle's bimodality coefficient, Jarque-Bera
        statistic, Bowley's skewness, the two outer octile ranges and the middle one of Moors'
        kurtosis, L-skewness, L-kurtosis, Hill's tail index (mean log excess of the tenth of the
        values furthest out) on the left and on the right, value at risk and expected shortfall
        at 95% in standard deviations, mean gain and mean loss beyond one standard deviation from
        0 (sums over the window's length), dip, Kolmogorov-Smirnov distance to the fitted normal.
        NaN where a value is missing or the statistic is undefined; of a window of equal values
        only the dip and the octile ranges are known.

    References
    ----------
    Pfister et al. (2013); Kim and White (2004); Hosking (1990); Hill (1975); Acerbi and Tasche
    (2002); Hartigan and Hartigan (1985); Lilliefors (1967); Jarque and Bera (1980).
    """
    n = x.size
    out = np.full((COUNT, n), np.nan)
    if n < window:
        return out
    v = np.empty(window)
    weights = _moment_weights(window)
    work = np.empty((4, window + 1), dtype=np.int64)
    row = np.empty(COUNT)
    run = 0
    for t in range(n):
        if not np.isfinite(x[t]):
            run = 0
            continue
        run += 1
        if run < window:
            continue
        if run == window:
            v[:] = np.sort(x[t - window + 1 : t + 1])
        else:
            replace(v, window, x[t - window], x[t])
        if with_dip:
            out[DIP, t] = dip(v, window, work)
        if v[0] == v[window - 1]:
            out[OCTILE_TAILS, t] = 0.0
            out[OCTILE_MIDDLE, t] = 0.0
            continue
        row[:] = np.nan
        mean, sigma = _visit(v, window, weights, row)
        for k in range(DIP):
            out[k, t] = row[k]
        if with_normal and sigma > 0.0:
            out[NORMAL_DISTANCE, t] = _normal_distance(v, window, mean, sigma)
    return out
