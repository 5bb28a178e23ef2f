"""What a minute's flow does to the price of one session, and what of it stays.

Minutes are those that traded, in order of time.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.least_squares import line, two_slopes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HORIZON = 5  # minutes after a minute's flow
MEASURABLE = 2.0  # standard errors from which an impact is there at all


@njit(cache=True, nogil=True)
def reversal(r: Floats, signed: Floats) -> tuple[float, float]:
    """Return how far the price comes back after flow, and the share of its impact that stays.

    Parameters
    ----------
    r
        Return of each minute in bp, shape (n,).
    signed
        Signed volume of each minute, shape (n,).

    Returns
    -------
    tuple of float
        Minus the slope of the return of the next five minutes on the minute's signed volume, in
        bp for one standard deviation of it; and 1 + that slope / the slope of the minute's own
        return, NaN where that one is not two standard errors above 0.

    References
    ----------
    Holthausen, Leftwich and Mayers (1990).
    """
    n = r.shape[0] - HORIZON
    if n < 3:
        return np.nan, np.nan
    later = np.empty(n)
    for i in range(n):
        move = 0.0
        for k in range(1, HORIZON + 1):
            move += r[i + k]
        later[i] = move
    flow = signed[:n]
    after = line(later, flow)[0]
    own, t, _ = line(r[:n], flow)
    mean = flow.sum() / n
    squares = 0.0
    for i in range(n):
        squares += (flow[i] - mean) * (flow[i] - mean)
    share = np.nan
    if t > MEASURABLE:
        share = 1.0 + after / own
    return -after * math.sqrt(squares / (n - 1)), share


@njit(cache=True, nogil=True)
def glosten_harris(r: Floats, sign: Floats, volume: Floats) -> tuple[float, float]:
    """Return the transitory and the permanent component of a minute of mean volume, in bp.

    r = c (Q - Q before) + z Q V / mean V + e: c is paid and comes back when the sign turns, z
    stays. Without an intercept, as in the source; the first minute has no Q before it.

    References
    ----------
    Glosten and Harris (1988).
    """
    n = r.shape[0]
    mean = volume.sum() / n
    turns = np.empty(n - 1)
    flows = np.empty(n - 1)
    for i in range(1, n):
        turns[i - 1] = sign[i] - sign[i - 1]
        flows[i - 1] = sign[i] * volume[i] / mean
    found: tuple[float, float] = two_slopes(r[1:], turns, flows)
    return found


@njit(cache=True, nogil=True)
def decayed_net(minute: Ints, net: Floats, length: int, half_life: float) -> float:
    """Return the sum of net volume, each minute faded by the time from it to the close.

    Parameters
    ----------
    minute
        Minute of the session, from 0, shape (n,).
    net
        Buys less sells, shape (n,).
    length
        Minutes of the session.
    half_life
        In sessions: the last minute counts in full, one half a session before it counts
        2^(-0.5 / half_life).
    """
    total = 0.0
    for i in range(net.shape[0]):
        age = (length - 1 - minute[i]) / length
        total += net[i] * 2.0 ** (-age / half_life)
    return total
