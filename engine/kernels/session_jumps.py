"""Tests for jumps among the 5-minute returns of one session.

The volatility that a return is measured by is the session's own, from products of neighbouring
returns (which a single jump hardly moves): nothing outside the session is read. Prices are
sampled by the previous tick, and sessions given in flat arrays with offsets, as in `session`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from engine.kernels.session import BUCKET, MIN_COVERAGE, Ints, previous_tick
from engine.kernels.window import Floats

SIGNIFICANCE = 0.01
MIN_RETURNS = 12
# A bipower volatility below this share of the realised one is that of a session standing still.
_LEAST_SHARE = 1e-3

LARGEST, JUMPS, RATIO = range(3)
COUNT = 3

_MU1 = math.sqrt(2.0 / math.pi)  # E|z| of a standard normal
_MU43 = 2.0 ** (2.0 / 3.0) * math.gamma(7.0 / 6.0) / math.gamma(0.5)  # E|z|^(4/3)
_GUMBEL = -math.log(-math.log(1.0 - SIGNIFICANCE))


@njit(cache=True, nogil=True)
def session_jumps(
    offsets: Ints, index: Ints, open_: Floats, close: Floats, minutes: Ints
) -> Floats:
    """Return Lee and Mykland's largest jump statistic, its count, and the ratio jump z.

    Parameters
    ----------
    offsets
        Where each session's rows begin and end, shape (sessions + 1,).
    index
        Minute of the session, from 0, each at most once, in any order; shape (rows,).
    open_, close
        Shape (rows,).
    minutes
        Length of each session in minutes, shape (sessions,).

    Returns
    -------
    ndarray
        Shape (3, sessions). The largest |r| / sigma of the 5-minute returns, centred and scaled
        so that it is Gumbel without jumps (sigma^2 the mean of |r||r before|); the number of
        returns beyond the 1% point of that law; the jump share (RV - BV) / RV over its standard
        error by tripower quarticity. NaN where fewer than half of the minutes are there or the
        session stands still.

    References
    ----------
    Lee and Mykland (2008); Huang and Tauchen (2005); Barndorff-Nielsen and Shephard (2006).
    """
    sessions = minutes.shape[0]
    out = np.full((COUNT, sessions), np.nan)
    longest = 1
    for s in range(sessions):
        longest = max(longest, minutes[s])
    grid = np.empty(longest)
    size = np.empty(longest)
    power = np.empty(longest)
    for s in range(sessions):
        start = offsets[s]
        stop = offsets[s + 1]
        n = minutes[s] // BUCKET
        if n < MIN_RETURNS or stop - start < MIN_COVERAGE * minutes[s]:
            continue
        order = np.argsort(index[start:stop]) + start
        before = open_[order[0]]
        previous_tick(index[order], before, close[order], minutes[s], grid)
        squares = 0.0
        pairs = 0.0
        triples = 0.0
        largest = 0.0
        for i in range(n):
            price = grid[(i + 1) * BUCKET - 1]
            r = abs(np.log(price / before))
            before = price
            size[i] = r
            power[i] = np.cbrt(r * r * r * r)
            squares += r * r
            largest = max(largest, r)
            if i > 0:
                pairs += r * size[i - 1]
            if i > 1:
                triples += power[i] * power[i - 1] * power[i - 2]
        sigma = np.sqrt(pairs / (n - 1))
        if not sigma > _LEAST_SHARE * np.sqrt(squares / n):
            continue
        root = np.sqrt(2.0 * np.log(n))
        centre = root / _MU1 - (np.log(np.pi) + np.log(np.log(n))) / (2.0 * _MU1 * root)
        spread = 1.0 / (_MU1 * root)
        out[LARGEST, s] = (largest / sigma - centre) / spread
        jumps = 0
        for i in range(n):
            jumps += (size[i] / sigma - centre) / spread > _GUMBEL
        out[JUMPS, s] = jumps

        bipower = pairs / _MU1**2 * n / (n - 1)
        tripower = n * triples / _MU43**3 * n / (n - 2)
        variance = 0.25 * np.pi**2 + np.pi - 5.0
        quarticity = max(1.0, tripower / (bipower * bipower))
        out[RATIO, s] = (squares - bipower) / squares / np.sqrt(variance * quarticity / n)
    return out
