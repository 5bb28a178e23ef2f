"""Calls and puts of one strike that were priced together."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)
def matched(
    strike: Floats,
    is_call: Floats,
    price: Floats,
    width: Floats,
    moment: Floats,
    offsets: NDArray[np.int64],
) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Return the pairs of each expiry, in the order of their strikes.

    Parameters
    ----------
    strike, is_call, price, width
        Sides of all expiries, one expiry after the other, in any order within it: dollars, 1 for a
        call and 0 for a put, dollars, uncertainty of the price.
    moment
        When, and by what, a side was priced: both sides of a pair have the same.
    offsets
        Where each expiry's sides begin, shape (n + 1,).

    Returns
    -------
    tuple
        Strike, call, put and width of the pairs, shape (4, pairs); where each expiry's begin; the
        strike at which call and put are nearest, NaN without a pair, shape (n,).
    """
    rows = offsets.size - 1
    found = np.empty((4, strike.size))
    begins = np.zeros(rows + 1, np.int64)
    even = np.full(rows, np.nan)
    count = 0
    for row in range(rows):
        first, last = offsets[row], offsets[row + 1]
        order = np.argsort(strike[first:last], kind="mergesort") + first
        nearest = math.inf
        begin = 0
        while begin < order.size:
            end = begin + 1
            while end < order.size and strike[order[end]] == strike[order[begin]]:
                end += 1
            for i in order[begin:end]:
                if is_call[i] != 1.0:
                    continue
                for j in order[begin:end]:
                    if is_call[j] == 0.0 and moment[i] == moment[j]:
                        found[0, count] = strike[i]
                        found[1, count] = price[i]
                        found[2, count] = price[j]
                        found[3, count] = width[i] + width[j]
                        count += 1
                        if abs(price[i] - price[j]) < nearest:
                            nearest = abs(price[i] - price[j])
                            even[row] = strike[i]
            begin = end
        begins[row + 1] = count
    return found[:, :count], begins, even
