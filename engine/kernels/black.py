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
    return low * _ndtr(-k / stdev + 0.5 * stdev) - high * _ndtr(-k / stdev - 0.5 * stdev)


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
    cap = forward if strike >= forward else strike
    if not (otm_price > 0.0 and otm_price < cap and forward > 0.0 and strike > 0.0):
        return math.nan
    k = abs(math.log(strike / forward))
    target = math.log(otm_price)
    low, high = 0.0, 1.0
    while _otm(forward, strike, high) < otm_price:
        low = high
        high *= 2.0
        if high > 64.0:
            return math.nan
    guess = min(max(math.sqrt(2.0 * k), 1e-4), 0.5 * (low + high) + 0.25)
    if guess <= low or guess >= high:
        guess = 0.5 * (low + high)
    for _ in range(_MAX_STEPS):
        value = _otm(forward, strike, guess)
        if value > otm_price:
            high = guess
        else:
            low = guess
        step = 0.0
        if value > 0.0:
            # d price / d stdev is the same for both sides: min(F, K) n(d)
            d = -k / guess + 0.5 * guess
            slope = min(forward, strike) * _INV_SQRT_2PI * math.exp(-0.5 * d * d)
            if slope > 0.0:
                step = (math.log(value) - target) * value / slope
        new = guess - step
        if value <= 0.0 or new <= low or new >= high or step == 0.0:
            new = 0.5 * (low + high)
        if abs(new - guess) <= 1e-13 * guess:
            return new
        guess = new
    return guess


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
        while last > 1 and abs(density[row, last]) < 1e-15:
            last -= 1
        needed[row] = last + 1
    for i in range(strike.size):
        row = series[i]
        terms = needed[row]
        wide = width[row]
        left = -0.5 * wide
        f = forward[row]
        top = math.log(strike[i] / f)
        if top <= left or top >= -left:
            out[i] = 0.0
            continue
        is_call = top >= 0.0 and not by_parity[row]
        # the far end of the payoff: the interval's left end for a put, its right for a call
        at_end = math.exp(-left if is_call else left)
        at_top = strike[i] / f
        unit = math.pi / wide
        cos_1, sin_1 = math.cos(unit * (top - left)), math.sin(unit * (top - left))
        cos_k, sin_k = 1.0, 0.0
        length = -left - top if is_call else top - left
        growth = at_end - at_top if is_call else at_top - at_end
        total = density[row, 0] * (strike[i] * length - f * growth)
        sign = 1.0
        for k in range(1, terms):
            cos_k, sin_k = cos_k * cos_1 - sin_k * sin_1, sin_k * cos_1 + cos_k * sin_1
            sign = -sign
            u = k * unit
            here = (cos_k + u * sin_k) * at_top
            if is_call:
                mass = -sin_k / u
                share = (sign * at_end - here) / (1.0 + u * u)
            else:
                mass = sin_k / u
                share = (here - at_end) / (1.0 + u * u)
            total += density[row, k] * (strike[i] * mass - f * share)
        value = (-total if is_call else total) * 2.0 / wide
        out[i] = value - strike[i] + f if top >= 0.0 and not is_call else value
    return out
