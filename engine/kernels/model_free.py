"""What a whole smile says of the risk-neutral distribution, without a model.

Out-of-the-money volatilities of one expiry are joined by straight lines over log moneyness and go
on flat beyond the outermost ones (Jiang and Tian 2005); the prices that follow are integrated. A
payoff f(S) is worth f(F) and f''(K) times out-of-the-money prices, added up over strikes. So with
q(k) such a price over the forward, undiscounted, and R the log return to the forward:

    E[R]   = -int e^-k q dk
    E[R^2] =  int 2 (1 - k) e^-k q dk
    E[R^3] =  int (6 k - 3 k^2) e^-k q dk
    E[R^4] =  int (12 k^2 - 4 k^3) e^-k q dk

References
----------
Bakshi, Kapadia and Madan 2003, "Stock return characteristics, skew laws, and the differential
pricing of individual equity options". Jiang and Tian 2005, "The model-free implied volatility and
its information content". Carr and Wu 2009, "Variance risk premiums".
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FIELDS = ("mf_variance", "mf_up", "mf_down", "mf_cumulant_2", "mf_cumulant_3", "mf_cumulant_4")
FEWEST = 5  # points of a smile
REACH = 1.0  # standard deviations that points on either side must reach

_SQRT_HALF = math.sqrt(0.5)
_TAIL = 9.0  # standard deviations beyond which prices are nothing
_STEPS = 240  # of Simpson's rule, on either side


@njit(cache=True, nogil=True)
def _price(k: float, stdev: float) -> float:
    """Return the out-of-the-money price over the forward, undiscounted."""
    if stdev <= 0.0:
        return 0.0
    above = (-k / stdev + 0.5 * stdev) * _SQRT_HALF
    below = (-k / stdev - 0.5 * stdev) * _SQRT_HALF
    if k >= 0.0:
        return 0.5 * (math.erfc(-above) - math.exp(k) * math.erfc(-below))
    return 0.5 * (math.exp(k) * math.erfc(below) - math.erfc(above))


@njit(cache=True, nogil=True)
def _side(k: Floats, iv: Floats, root_t: float, sign: float, sums: Floats) -> None:
    """Add the integrals of one side, puts (sign -1) or calls (1), to `sums`."""
    last = k.size - 1 if sign > 0.0 else 0
    end = max(_TAIL * iv[last] * root_t, abs(k[last]))
    step = end / _STEPS
    j = 0 if sign > 0.0 else k.size - 2  # the point below the place that is read
    for i in range(_STEPS + 1):
        at = sign * step * i
        while j > 0 and k[j] > at:
            j -= 1
        while j < k.size - 2 and k[j + 1] < at:
            j += 1
        if at <= k[0]:
            sigma = iv[0]
        elif at >= k[-1]:
            sigma = iv[-1]
        else:
            sigma = iv[j] + (iv[j + 1] - iv[j]) * (at - k[j]) / (k[j + 1] - k[j])
        weight = step / 3.0 * (1.0 if i == 0 or i == _STEPS else (4.0 if i % 2 == 1 else 2.0))
        worth = weight * math.exp(-at) * _price(at, sigma * root_t)
        sums[0] += worth
        sums[1] += 2.0 * (1.0 - at) * worth
        sums[2] += (6.0 - 3.0 * at) * at * worth
        sums[3] += (12.0 - 4.0 * at) * at * at * worth


@njit(cache=True, nogil=True)
def moments(k: Floats, iv: Floats, t: float) -> Floats:
    """Return what one smile says, shape (6,), in the order of `FIELDS`.

    Parameters
    ----------
    k, iv
        Log moneyness of the forward, strictly ascending, and annual volatility, shape (n,).
    t
        Years to expiry.

    Returns
    -------
    ndarray
        -2 E[R], the variance of the log contract, its part from calls and that from puts, and the
        second to fourth cumulants of R, all to expiry. NaN where there are fewer than five points
        or they do not reach one standard deviation on either side.
    """
    out = np.full(len(FIELDS), np.nan)
    n = k.size
    if n < FEWEST or not t > 0.0:
        return out
    for i in range(n):
        if not (iv[i] > 0.0 and math.isfinite(iv[i])) or (i > 0 and not k[i] > k[i - 1]):
            return out
    root_t = math.sqrt(t)
    if k[0] > -REACH * iv[0] * root_t or k[-1] < REACH * iv[-1] * root_t:
        return out
    puts, calls = np.zeros(4), np.zeros(4)
    _side(k, iv, root_t, -1.0, puts)
    _side(k, iv, root_t, 1.0, calls)
    mean = -(puts[0] + calls[0])
    second, third, fourth = puts[1] + calls[1], puts[2] + calls[2], puts[3] + calls[3]
    variance = second - mean * mean
    if not variance > 0.0:
        return out
    out[0] = -2.0 * mean
    out[1], out[2] = 2.0 * calls[0], 2.0 * puts[0]
    out[3] = variance
    out[4] = third - 3.0 * mean * second + 2.0 * mean**3
    central = fourth - 4.0 * mean * third + 6.0 * mean * mean * second - 3.0 * mean**4
    out[5] = central - 3.0 * variance * variance
    return out


@njit(cache=True, nogil=True)
def moments_of(k: Floats, iv: Floats, offsets: NDArray[np.int64], t: Floats) -> Floats:
    """Return `moments` of each expiry, shape (6, n).

    Parameters
    ----------
    k, iv
        Points of all expiries, one after the other.
    offsets
        Where each expiry's points begin, shape (n + 1,).
    t
        Years to expiry, shape (n,).
    """
    out = np.empty((len(FIELDS), t.size))
    for i in range(t.size):
        first, last = offsets[i], offsets[i + 1]
        out[:, i] = moments(k[first:last], iv[first:last], t[i])
    return out
