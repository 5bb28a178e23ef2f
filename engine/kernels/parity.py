"""The forward that puts and calls of one expiry agree on.

For a European pair at strike K, C - P = D (F - K). Each pair names a forward; the one that most of
the trust agrees on is the weighted median, which a handful of stale quotes cannot move. Where the
strikes reach far enough, the slope says what discount the market uses as well.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST = 2  # pairs that must agree
ALL_SLOPES = 24  # pairs up to which every two of them name a slope
FOR_SLOPE = 8  # pairs from which a discount of the market's own is read


@njit(cache=True, nogil=True)
def weighted_median(values: Floats, weights: Floats) -> float:
    """Return the value with half of the weight on either side; NaN when there is none."""
    total = 0.0
    for i in range(weights.shape[0]):
        total += weights[i]
    if not total > 0.0:
        return math.nan
    order = np.argsort(values)
    seen = 0.0
    for number, i in enumerate(order):
        seen += weights[i]
        if seen > 0.5 * total:
            return float(values[i])
        if seen == 0.5 * total and number + 1 < order.shape[0]:
            return float(0.5 * (values[i] + values[order[number + 1]]))
    return float(values[order[-1]])


@njit(cache=True, nogil=True)
def forward(
    strike: Floats, call: Floats, put: Floats, width: Floats, discount: float, near: float
) -> Floats:
    """Return what the pairs of one expiry say of its forward.

    Parameters
    ----------
    strike
        Strikes, shape (n,).
    call, put
        Prices of the pair, in the currency of the strike.
    width
        Uncertainty of call minus put, e.g. the sum of the two spreads; positive.
    discount
        Price of 1 paid at expiry.
    near
        First idea of the forward: pairs are trusted less the farther they are from it, where
        one of the two is all intrinsic value.

    Returns
    -------
    ndarray
        Forward; the median distance of the pairs' forwards from it; pairs that count; slope of
        put minus call against strike (the market's own discount), NaN with fewer than
        `FOR_SLOPE` pairs. NaN where fewer than two pairs count.
    """
    out = np.full(4, np.nan)
    n = strike.shape[0]
    named = np.empty(n)
    weight = np.empty(n)
    used = np.empty(n)
    count = 0
    for i in range(n):
        if not (width[i] > 0.0 and call[i] > 0.0 and put[i] > 0.0 and strike[i] > 0.0):
            continue
        named[count] = strike[i] + (call[i] - put[i]) / discount
        distance = math.log(strike[i] / near) / 0.05
        weight[count] = 1.0 / (width[i] * (1.0 + distance * distance))
        used[count] = strike[i]
        count += 1
    out[2] = count
    if count < FEWEST:
        return out
    middle = weighted_median(named[:count], weight[:count])
    out[0] = middle
    out[1] = weighted_median(np.abs(named[:count] - middle), weight[:count])
    if count < FOR_SLOPE:
        return out
    # Theil and Sen: the median of the pairs of pairs' slopes, weighted by their lever; of many
    # pairs, in the order of strikes, only those half the range apart (Theil's incomplete method)
    apart = 0 if count <= ALL_SLOPES else count // 2
    slopes = np.empty(count * (count - 1) // 2 if apart == 0 else count)
    levers = np.empty(slopes.shape[0])
    order = np.argsort(used[:count])
    at = 0
    for first in range(count):
        i = order[first]
        last = first if apart == 0 else max(first - apart + 1, 0)
        for second in range(max(first - apart, 0) if apart > 0 else 0, last):
            j = order[second]
            reach = used[i] - used[j]
            if reach == 0.0:
                continue
            slopes[at] = discount * (1.0 - (named[i] - named[j]) / reach)
            levers[at] = abs(reach) * min(weight[i], weight[j])
            at += 1
    out[3] = weighted_median(slopes[:at], levers[:at])
    return out


@njit(cache=True, nogil=True)
def forwards(
    strike: Floats,
    call: Floats,
    put: Floats,
    width: Floats,
    offsets: NDArray[np.int64],
    discount: Floats,
    near: Floats,
) -> Floats:
    """Return `forward` of each expiry, shape (4, n).

    Parameters
    ----------
    strike, call, put, width
        Pairs of all expiries, one after the other.
    offsets
        Where each expiry's pairs begin, shape (n + 1,).
    discount, near
        Shape (n,).
    """
    out = np.empty((4, discount.size))
    for i in range(discount.size):
        at = slice(offsets[i], offsets[i + 1])
        out[:, i] = forward(strike[at], call[at], put[at], width[at], discount[i], near[i])
    return out
