"""Black-76: prices, deltas and implied volatility of European options on a forward.

All functions are undiscounted: multiply a price by the discount factor to get dollars today.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, vectorize

_SQRT_HALF = math.sqrt(0.5)
_INV_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)
_MAX_STEPS = 60
_LANES = 16


@njit(cache=True, nogil=True)
def _ndtr(x: float) -> float:
    return 0.5 * math.erfc(-x * _SQRT_HALF)


@njit(cache=True, nogil=True)
def _otm(forward: float, strike: float, stdev: float) -> float:
    """Price of the out-of-the-money side (call when strike >= forward), undiscounted."""
    if stdev <= 0.0:
        return 0.0
    k = abs(math.log(strike / forward))
    low, high = (forward, strike) if strike >= forward else (strike, forward)
    d = -k / stdev + 0.5 * stdev
    value: float = low * _ndtr(d) - high * _ndtr(d - stdev)
    return value


@vectorize(["f8(f8,f8,f8,b1)"], cache=True)
def price(forward, strike, stdev, is_call):  # type: ignore[no-untyped-def]
    """Return undiscounted option prices.

    Parameters
    ----------
    forward, strike
        Dollars, positive; any shapes that broadcast.
    stdev
        Volatility times the root of the years to expiry.
    is_call
        Call or put.

    Examples
    --------
    >>> round(float(price(19.0, 19.0, 0.28 * 0.75**0.5, False)) * math.exp(-0.075), 4)
    1.7011
    """
    intrinsic = forward - strike if is_call else strike - forward
    return _otm(forward, strike, stdev) + max(intrinsic, 0.0)


@vectorize(["f8(f8,f8,f8,b1)"], cache=True)
def delta(forward, strike, stdev, is_call):  # type: ignore[no-untyped-def]
    """Return undiscounted deltas with respect to the forward (arguments as `price`)."""
    if stdev <= 0.0:
        up = 1.0 if forward > strike else 0.0
    else:
        up = _ndtr(math.log(forward / strike) / stdev + 0.5 * stdev)
    return up if is_call else up - 1.0


@njit(cache=True, nogil=True)
def _solve(forward: float, strike: float, otm_price: float, guess: float) -> float:
    """Return the stdev of one out-of-the-money price, from a first guess or NaN."""
    small, large = (forward, strike) if strike >= forward else (strike, forward)
    if not (otm_price > 0.0 and otm_price < small and small > 0.0):
        return math.nan
    k = math.log(large / small)
    target = math.log(otm_price)
    low, high = 0.0, math.inf
    if not guess > 0.0:
        guess = max(math.sqrt(2.0 * k), 0.05)
    for _ in range(_MAX_STEPS):
        d = -k / guess + 0.5 * guess
        value = small * _ndtr(d) - large * _ndtr(d - guess)
        if value > otm_price:
            high = guess
        else:
            low = guess
        # d price / d stdev is the same for both sides: min(F, K) n(d)
        slope = small * _INV_SQRT_2PI * math.exp(-0.5 * d * d)
        new = math.nan
        if value > 0.0 and slope > 0.0:
            new = guess - (math.log(value) - target) * value / slope
        if not (new > low and new < high):
            new = 2.0 * low + 0.1 if high == math.inf else 0.5 * (low + high)
        if abs(new - guess) <= 1e-13 * guess:
            return new
        guess = new
    return guess


@vectorize(["f8(f8,f8,f8)"], cache=True)
def implied_stdev(forward, strike, otm_price):  # type: ignore[no-untyped-def]
    """Return volatility x sqrt(years) from out-of-the-money undiscounted prices.

    Newton's method on the logarithm of the price, kept inside a shrinking bracket; NaN where
    no volatility gives the price.

    Parameters
    ----------
    forward, strike
        Dollars, positive.
    otm_price
        Undiscounted price of the call when strike >= forward, else of the put.
    """
    return _solve(forward, strike, otm_price, math.nan)


@njit(cache=True, nogil=True)
def cosine_otm(
    density: np.ndarray,
    width: np.ndarray,
    forward: np.ndarray,
    by_parity: np.ndarray,
    series: np.ndarray,
    strike: np.ndarray,
) -> np.ndarray:
    """Return undiscounted out-of-the-money prices from cosine expansions of densities.

    Parameters
    ----------
    density
        (n, m) cosine coefficients of the density of ln(S_T / F) on [-width/2, width/2], the
        first already halved.
    width, forward
        (n,) length of that interval and the forward, per series.
    by_parity
        (n,) take calls from puts by parity, for densities with a heavy right tail.
    series
        (p,) series of each strike.
    strike
        (p,) dollars.

    Returns
    -------
    ndarray
        (p,) price of the call where strike >= forward, else of the put.

    References
    ----------
    Fang and Oosterlee (2008), "A novel pricing method for European options based on
    Fourier-cosine series expansions", equations 22 and 23.
    """
    out = np.empty(strike.size)
    needed = np.empty(density.shape[0], np.int64)
    for row in range(density.shape[0]):
        # coefficients of wide densities die out early
        last = density.shape[1] - 1
        while last > 1 and abs(density[row, last]) < 1e-13:
            last -= 1
        needed[row] = last + 1
    # strikes go through the recurrence side by side, so that it runs in vector registers
    cos_1, sin_1 = np.empty(_LANES), np.empty(_LANES)
    cos_k, sin_k = np.empty(_LANES), np.empty(_LANES)
    mass, here = np.empty(_LANES), np.empty(_LANES)
    begin = 0
    while begin < strike.size:
        row = series[begin]
        end = begin + 1
        while end < strike.size and end - begin < _LANES and series[end] == row:
            end += 1
        wide, f = width[row], forward[row]
        left, unit = -0.5 * wide, math.pi / wide
        for j in range(_LANES):
            top = math.log(strike[min(begin + j, end - 1)] / f)
            top = min(max(top, left), -left)
            cos_1[j], sin_1[j] = math.cos(unit * (top - left)), math.sin(unit * (top - left))
            cos_k[j], sin_k[j] = 1.0, 0.0
            mass[j], here[j] = 0.0, 0.0
        # sum of A_k / u sin, of A_k / (1 + u^2) (cos + u sin), and of its value at either end
        at_left, at_right, sign = 0.0, 0.0, 1.0
        for k in range(1, needed[row]):
            u = k * unit
            sign = -sign
            over_u = density[row, k] / u
            over_w = density[row, k] / (1.0 + u * u)
            at_left += over_w
            at_right += sign * over_w
            for j in range(_LANES):
                c = cos_k[j] * cos_1[j] - sin_k[j] * sin_1[j]
                s = sin_k[j] * cos_1[j] + cos_k[j] * sin_1[j]
                cos_k[j], sin_k[j] = c, s
                mass[j] += over_u * s
                here[j] += over_w * (c + u * s)
        for j in range(end - begin):
            i = begin + j
            top = math.log(strike[i] / f)
            is_out = top <= left or top >= -left
            is_call = top >= 0.0 and not by_parity[row]
            at_top = strike[i] / f
            if is_out:
                out[i] = 0.0
            elif is_call:
                end_value = math.exp(-left)
                flat = strike[i] * (-left - top) - f * (end_value - at_top)
                total = density[row, 0] * flat - strike[i] * mass[j]
                total -= f * (at_right * end_value - here[j] * at_top)
                out[i] = -total * 2.0 / wide
            else:
                end_value = math.exp(left)
                flat = strike[i] * (top - left) - f * (at_top - end_value)
                total = density[row, 0] * flat + strike[i] * mass[j]
                total -= f * (here[j] * at_top - at_left * end_value)
                put = total * 2.0 / wide
                out[i] = put - strike[i] + f if top >= 0.0 else put
        begin = end
    return out


@njit(cache=True, nogil=True)
def implied_stdev_sorted(
    forward: np.ndarray, strike: np.ndarray, otm_price: np.ndarray
) -> np.ndarray:
    """Return `implied_stdev` of strikes in order: each solution starts the next search.

    Parameters
    ----------
    forward, strike, otm_price
        (p,) as `implied_stdev`; neighbours with one forward belong to one smile.
    """
    out = np.empty(strike.size)
    guess = math.nan
    for i in range(strike.size):
        if i == 0 or forward[i] != forward[i - 1]:
            guess = math.nan
        out[i] = _solve(forward[i], strike[i], otm_price[i], guess)
        if not math.isnan(out[i]):
            guess = out[i]
    return out
