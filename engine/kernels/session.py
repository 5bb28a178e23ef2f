"""Statistics of one session from its minute bars.

Prices are sampled by the previous tick: a minute without a trade keeps the last price. The
first return runs from the session's opening price. Sessions are given one after the other in
flat arrays with offsets, as Arrow lists are.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.window import Floats

Ints = NDArray[np.int64]

BUCKET = 5  # minutes between the prices of the realised measures
EDGE = 30  # minutes at either end of the session
MIN_COVERAGE = 0.5

RV, BV, JUMP, RSV, SKEW, KURT, FIRST, LAST, ZERO, ACF = range(10)
COUNT = 10


@njit(cache=True, nogil=True)
def previous_tick(
    index: Ints, first_open: float, close: Floats, minutes: int, grid: Floats
) -> None:
    """Fill `grid[0:minutes]` with the last price at the end of each minute."""
    price = first_open
    at = 0
    for minute in range(minutes):
        while at < index.shape[0] and index[at] <= minute:
            price = close[at]
            at += 1
        grid[minute] = price


@njit(cache=True, nogil=True)
def session_statistics(
    offsets: Ints,
    index: Ints,
    open_: Floats,
    close: Floats,
    volume: Floats,
    minutes: Ints,
    periods: float,
) -> Floats:
    """Return realised measures, volume shares and minute statistics of each session.

    Parameters
    ----------
    offsets
        Where each session's rows begin and end, shape (sessions + 1,).
    index
        Minute of the session, from 0, each at most once, in any order; shape (rows,).
    open_, close, volume
        Shape (rows,).
    minutes
        Length of each session in minutes, shape (sessions,).
    periods
        Sessions in a year, for the two volatilities.

    Returns
    -------
    ndarray
        Shape (10, sessions): realised volatility and the root of bipower variation (annual),
        jump share, signed jump share, realised skewness and kurtosis of 5-minute returns,
        volume share of the first and the last 30 minutes, share of minutes without a price
        change, lag-1 autocorrelation of minute returns. NaN where fewer than half of the
        minutes are present or the statistic is undefined.

    References
    ----------
    Andersen and Bollerslev (1998); Barndorff-Nielsen and Shephard (2004); Patton and Sheppard
    (2015); Amaya, Christoffersen, Jacobs and Vasquez (2015).
    """
    sessions = minutes.shape[0]
    out = np.full((COUNT, sessions), np.nan)
    longest = 1
    for s in range(sessions):
        longest = max(longest, minutes[s])
    grid = np.empty(longest)
    r = np.empty(longest)
    for s in range(sessions):
        start = offsets[s]
        stop = offsets[s + 1]
        length = minutes[s]
        if length < 2 * BUCKET or stop - start < MIN_COVERAGE * length:
            continue

        # Sorting here costs less than `list(... order by ...)` for each column in SQL; it also
        # fixes the order of every sum below.
        order = np.argsort(index[start:stop]) + start
        minute = index[order]
        prices = close[order]

        traded = 0.0
        first = 0.0
        last = 0.0
        for row in order:
            traded += volume[row]
            if index[row] < EDGE:
                first += volume[row]
            if index[row] >= length - EDGE:
                last += volume[row]
        if traded > 0.0:
            out[FIRST, s] = first / traded
            out[LAST, s] = last / traded

        origin = open_[order[0]]
        previous_tick(minute, origin, prices, length, grid)

        before = origin
        still = 0
        for i in range(length):
            r[i] = np.log(grid[i] / before)
            if grid[i] == before:
                still += 1
            before = grid[i]
        out[ZERO, s] = still / length
        out[ACF, s] = _lag_one(r, length)

        n = length // BUCKET
        before = origin
        for i in range(n):
            price = grid[(i + 1) * BUCKET - 1]
            r[i] = np.log(price / before)
            before = price
        rv = 0.0
        up = 0.0
        cubes = 0.0
        fourths = 0.0
        bipower = 0.0
        for i in range(n):
            square = r[i] * r[i]
            rv += square
            if r[i] > 0.0:
                up += square
            cubes += square * r[i]
            fourths += square * square
            if i > 0:
                bipower += abs(r[i]) * abs(r[i - 1])
        bv = 0.5 * math.pi * bipower * n / (n - 1)
        out[RV, s] = np.sqrt(rv * periods)
        out[BV, s] = np.sqrt(bv * periods)
        # The ratios are bounded whatever the size of rv: they only need it not to be zero.
        if rv > 0.0:
            out[JUMP, s] = max(rv - bv, 0.0) / rv
            out[RSV, s] = (2.0 * up - rv) / rv
            out[SKEW, s] = np.sqrt(n) * cubes / rv**1.5
            out[KURT, s] = n * fourths / (rv * rv)
    return out


@njit(cache=True, nogil=True)
def _lag_one(r: Floats, n: int) -> float:
    """Return the correlation of r[1:n] with r[0:n-1], NaN when either side is constant."""
    now = 0.0
    before = 0.0
    for i in range(1, n):
        now += r[i]
        before += r[i - 1]
    now /= n - 1
    before /= n - 1
    cross = 0.0
    square_now = 0.0
    square_before = 0.0
    still_now = True
    still_before = True
    for i in range(1, n):
        a = r[i] - now
        b = r[i - 1] - before
        cross += a * b
        square_now += a * a
        square_before += b * b
        still_now &= r[i] == r[1]
        still_before &= r[i - 1] == r[0]
    if still_now or still_before:
        return np.nan
    return cross / math.sqrt(square_now * square_before)
