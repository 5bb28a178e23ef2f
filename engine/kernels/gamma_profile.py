"""Dollar gamma of a chain where the underlying might go, and where it changes sign.

The gamma of every contract is computed again at each place of a grid, at its own volatility, time
and carry. Places are equal steps of ln S apart, so that d1 takes equal steps too and a density
follows from its neighbour by two multiplications, from the place nearest the strike outward.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Offsets = NDArray[np.int64]

STEP = 0.01  # of ln S
REACH = 20  # steps to either side
PLACES = 2 * REACH + 1
FLAT = 0.1  # of the largest |exposure|: below it the neighbourhood of the flip is flat

_INV_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)
_NOTHING = 1e-290  # densities below it add nothing, and slow the machine down
_TURNS = 80


@njit(cache=True, nogil=True, error_model="numpy")
def profile(
    spot: float,
    strike: Floats,
    t: Floats,
    sigma: Floats,
    carry: Floats,
    rate: Floats,
    weight: Floats,
    out: Floats,
) -> None:
    """Fill in the dollar gamma per 1% move at each place of the grid around a spot.

    Parameters
    ----------
    spot
        Dollars.
    strike, t, sigma
        Of each contract: dollars, years, annual volatility; all positive, shape (n,).
    carry
        Forward / spot, shape (n,).
    rate
        Continuous, shape (n,).
    weight
        Shares, signed by who holds them, shape (n,).
    out
        Shape (PLACES,): sum of weight * gamma(S) * S^2 * 0.01 at S = spot * exp(j * STEP), j from
        -REACH to REACH.
    """
    out[:] = 0.0
    for i in range(strike.size):
        if weight[i] == 0.0:
            continue
        s = sigma[i] * math.sqrt(t[i])
        x = math.log(spot * carry[i] / strike[i]) + 0.5 * s * s
        size = weight[i] * math.exp(-rate[i] * t[i]) * carry[i] / s
        near = min(max(-x / STEP, -float(REACH)), float(REACH))
        place = round(near)
        d = (x + place * STEP) / s
        gap = STEP / s
        start = size * math.exp(-0.5 * d * d)
        turn = math.exp(-gap * gap)
        least = _NOTHING * abs(size)
        out[place + REACH] += start
        value = start
        ratio = math.exp(-gap * (d + 0.5 * gap))
        for j in range(place + 1 + REACH, PLACES):
            value *= ratio
            ratio *= turn
            if abs(value) <= least:
                break
            out[j] += value
        value = start
        ratio = math.exp(gap * (d - 0.5 * gap))
        for j in range(place - 1 + REACH, -1, -1):
            value *= ratio
            ratio *= turn
            if abs(value) <= least:
                break
            out[j] += value
    for j in range(PLACES):
        out[j] *= 0.01 * _INV_SQRT_2PI * spot * math.exp((j - REACH) * STEP)


@njit(cache=True, nogil=True, error_model="numpy")
def at(
    spot: float,
    move: float,
    strike: Floats,
    t: Floats,
    sigma: Floats,
    carry: Floats,
    rate: Floats,
    weight: Floats,
) -> float:
    """Return the dollar gamma per 1% move at `spot * exp(move)`; see `profile`."""
    total = 0.0
    for i in range(strike.size):
        if weight[i] == 0.0:
            continue
        s = sigma[i] * math.sqrt(t[i])
        d = (math.log(spot * carry[i] / strike[i]) + move) / s + 0.5 * s
        total += weight[i] * math.exp(-rate[i] * t[i] - 0.5 * d * d) * carry[i] / s
    found: float = total * 0.01 * _INV_SQRT_2PI * spot * math.exp(move)
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def flip(
    curve: Floats,
    spot: float,
    strike: Floats,
    t: Floats,
    sigma: Floats,
    carry: Floats,
    rate: Floats,
    weight: Floats,
) -> tuple[float, float]:
    """Return ln(S / spot) where the exposure changes sign nearest the spot, and the flat width.

    Parameters
    ----------
    curve
        What `profile` filled in.
    spot, strike, t, sigma, carry, rate, weight
        See `profile`. The root is found by computing every gamma again, not on a line between
        places.

    Returns
    -------
    tuple
        NaN both where the exposure keeps its sign on the grid. The width is that of the interval
        around the flip in which |exposure| is below `FLAT` of its largest, over the spot, by lines
        between places; it ends where the grid does.
    """
    best, low = math.inf, -1
    for j in range(PLACES - 1):
        if curve[j] * curve[j + 1] < 0.0 or (
            curve[j + 1] == 0.0 and j + 2 < PLACES and curve[j] * curve[j + 2] < 0.0
        ):
            share = curve[j] / (curve[j] - curve[j + 1])
            distance = abs(j + share - REACH)
            if distance < best:
                best, low = distance, j
    if low < 0:
        return math.nan, math.nan
    a, b = (low - REACH) * STEP, (low + 1 - REACH) * STEP
    fa = at(spot, a, strike, t, sigma, carry, rate, weight)
    fb = at(spot, b, strike, t, sigma, carry, rate, weight)
    root = a if abs(fa) < abs(fb) else b
    if fa * fb < 0.0:
        # regula falsi, the end that stays halved (Illinois)
        for _ in range(_TURNS):
            root = b - fb * (b - a) / (fb - fa)
            value = at(spot, root, strike, t, sigma, carry, rate, weight)
            if value == 0.0 or abs(b - a) < 1e-13 or root == b:
                break
            if value * fb < 0.0:
                a, fa = b, fb
            else:
                fa *= 0.5
            b, fb = root, value
    bound = 0.0
    for j in range(PLACES):
        bound = max(bound, abs(curve[j]))
    bound *= FLAT
    left, right = -REACH * STEP, REACH * STEP
    inner, value = root, 0.0
    for j in range(low, -1, -1):
        if abs(curve[j]) >= bound:
            place = (j - REACH) * STEP
            left = inner + (place - inner) * (bound - value) / (abs(curve[j]) - value)
            break
        inner, value = (j - REACH) * STEP, abs(curve[j])
    inner, value = root, 0.0
    for j in range(low + 1, PLACES):
        if abs(curve[j]) >= bound:
            place = (j - REACH) * STEP
            right = inner + (place - inner) * (bound - value) / (abs(curve[j]) - value)
            break
        inner, value = (j - REACH) * STEP, abs(curve[j])
    return root, math.exp(right) - math.exp(left)
