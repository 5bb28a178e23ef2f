"""Greeks of American options: those of the Black price, exact, and of the correction to it.

The correction (`engine.kernels.american_grid`) is differentiated in spot and volatility over steps
of its own lattice, so the Greeks are those of the price that `american_grid` gives. Theta and charm
follow from the equation that every value obeys while it is held; rho is a difference of two rates.
Where exercise is due the option is worth what it brings: delta is 1 or -1, all else 0.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from engine.kernels.american_grid import Lattices, correction
from engine.kernels.black_scholes import CALL, price_one

RATE_STEP = 0.01  # the lattices beside are coarse
_SPOT_STEP = 0.1  # of ln(spot), in standard deviations
_VOL_STEP = 0.06  # of ln(sigma)
_LEAST_VOL = 0.0125
_NOTHING = 1e-6  # of the strike: with less time value than this exercise is due
_DAYS = 365.0


class Spread(NamedTuple):
    """The spot less the value of its dividends, at rates `RATE_STEP` apart."""

    below: float
    here: float
    above: float


@njit(cache=True, nogil=True, error_model="numpy")
def greeks_by_lattice(
    side: int,
    spot: float,
    strike: float,
    t: float,
    r: float,
    q: float,
    sigma: float,
    rests: Spread,
    when: np.ndarray,
    what: np.ndarray,
    here: Lattices,
    below: Lattices,
    above: Lattices,
    out: np.ndarray,
) -> None:
    """Make American Greeks of those of the Black price.

    Parameters
    ----------
    side, spot, strike, t, r, q, sigma
        As `black_scholes.price_one`, t and sigma positive.
    rests
        What the Black price is about.
    when, what
        Dividends, as `american_grid.corrections`.
    here, below, above
        Lattices at the rate and `RATE_STEP` beside it.
    out
        (8,) Greeks in the order of `black_scholes.GREEKS`, replaced.
    """
    sign = 1.0 if side == CALL else -1.0
    inside = max(sign * (spot - strike), 0.0)
    if sigma < _LEAST_VOL:  # below what is tabulated: the price is what it brings, or European
        if inside > 0.0:
            out[:] = 0.0
            out[0] = sign
        return
    width = sigma * math.sqrt(t)
    step = _SPOT_STEP * width
    c = np.empty((3, 5))  # corrections at three volatilities and five spots
    for v in range(3):
        vol = sigma * math.exp((v - 1) * _VOL_STEP)
        for place in range(0 if v == 1 else 1, 5 if v == 1 else 4):
            c[v, place] = correction(
                side, spot, strike, t, r, q, vol, (place - 2) * step, when, what, here
            )
    value = price_one(side, rests.here, strike, t, r, q, sigma) + c[1, 2]
    if value <= inside + _NOTHING * strike:
        out[:] = 0.0
        out[0] = sign
        return
    # in the logarithm of the spot
    one = (8.0 * (c[1, 3] - c[1, 1]) - (c[1, 4] - c[1, 0])) / (12.0 * step)
    two = 16.0 * (c[1, 3] + c[1, 1]) - (c[1, 4] + c[1, 0]) - 30.0 * c[1, 2]
    two /= 12.0 * step * step
    three = ((c[1, 4] - c[1, 0]) - 2.0 * (c[1, 3] - c[1, 1])) / (2.0 * step**3)
    up, down = c[2, 2] - c[1, 2], c[0, 2] - c[1, 2]
    first = (up - down) / (2.0 * _VOL_STEP)
    second = (up + down) / (_VOL_STEP * _VOL_STEP)
    tilt = ((c[2, 3] - c[2, 1]) - (c[0, 3] - c[0, 1])) / (4.0 * _VOL_STEP * step)
    high = price_one(side, rests.above, strike, t, r + RATE_STEP, q, sigma)
    low = price_one(side, rests.below, strike, t, r - RATE_STEP, q, sigma)
    high += correction(side, spot, strike, t, r + RATE_STEP, q, sigma, 0.0, when, what, above)
    low += correction(side, spot, strike, t, r - RATE_STEP, q, sigma, 0.0, when, what, below)
    rest, carry, squared = rests.here, r - q, sigma * sigma
    d1 = (math.log(rest / strike) + carry * t) / width + 0.5 * width
    speed = -out[1] / rest * (d1 / width + 1.0) + (three - 3.0 * two + 2.0 * one) / spot**3
    delta = out[0] + one / spot
    gamma = max(out[1] + (two - one) / (spot * spot), 0.0)  # a value is convex in the spot
    if q >= 0.0:
        delta = min(max(delta, -1.0), 1.0)
    out[0], out[1] = delta, gamma
    out[2] += first / sigma
    out[3] = r * value - carry * spot * delta - 0.5 * squared * spot * spot * gamma
    out[3] /= _DAYS
    out[4] = (high - low) / (2.0 * RATE_STEP)
    out[5] += tilt / (sigma * spot)
    out[6] += (second - first) / squared
    out[7] = q * delta - (carry + squared) * spot * gamma - 0.5 * squared * spot * spot * speed
    out[7] /= _DAYS
