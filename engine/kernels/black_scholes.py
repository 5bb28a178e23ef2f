"""European options on a spot with continuous carry: price, implied volatility, Greeks.

Black-Scholes-Merton; Black-76 is the same with the forward as spot and q = r. Every function keeps
the digits of its inputs: prices in the money are intrinsic value, computed without cancellation,
plus the out-of-the-money side. Units of the Greeks: a share, vega, vanna, volga and rho per 1.00 of
volatility or rate, theta and charm per calendar day (annual / 365).

A row without a value has a code of `SOLVED ...` below; `engine.options.reasons` names them.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from engine.kernels.implied_vol import scaled_price, widths
from engine.kernels.mills import mills

SOLVED = 0
MISSING_INPUT = 1
BAD_OPTION_TYPE = 2
BAD_STRIKE = 3
NO_UNDERLYING = 4
NO_PRICE = 5
EXPIRED = 6
BELOW_INTRINSIC = 7
ABOVE_MAX = 8
SUB_TICK = 9
CROSSED = 10
BAD_DIVIDENDS = 11

CALL, PUT = 1, 0
GREEKS = ("delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm")

_EPS = 2.0**-52
_INV_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)
_DAYS = 365.0


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def log_ratio(a: float, b: float) -> float:
    """Return ln(a / b), with all its digits where a is near b."""
    z = (a - b) / (a + b)
    if abs(z) > 0.11:
        return math.log(a / b)
    y = z * z
    y2 = y * y
    low = (1.0 + y * (1.0 / 3.0)) + (0.2 + y * (1.0 / 7.0)) * y2
    high = (1.0 / 9.0 + y * (1.0 / 11.0)) + (1.0 / 13.0 + y * (1.0 / 15.0)) * y2
    return 2.0 * z * (low + high * (y2 * y2))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def less_one(y: float) -> float:
    """Return exp(y) - 1: a polynomial where rates and times usually leave y."""
    if abs(y) > 0.12:
        return math.expm1(y)
    y2 = y * y
    low = (1.0 + y * 0.5) + (1.0 / 6.0 + y * (1.0 / 24.0)) * y2
    high = (1.0 / 120.0 + y * (1.0 / 720.0)) + (1.0 / 5040.0 + y * (1.0 / 40320.0)) * y2
    y4 = y2 * y2
    return y * (low + high * y4 + (1.0 / 362880.0 + y * (1.0 / 3628800.0)) * (y4 * y4))


@njit(cache=True, nogil=True, error_model="numpy")
def price_one(
    side: int, spot: float, strike: float, t: float, r: float, q: float, sigma: float
) -> float:
    """Return the price of one option, NaN where an input is impossible or missing.

    Parameters
    ----------
    side
        1 for a call, 0 for a put.
    spot, strike
        Dollars, positive.
    t
        Years, at least 0.
    r, q
        Continuous rate and yield.
    sigma
        At least 0.
    """
    if not ((side in (CALL, PUT)) and spot > 0.0 and strike > 0.0 and t >= 0.0 and sigma >= 0.0):
        return math.nan
    at_spot, at_strike = spot * less_one(-q * t), strike * less_one(-r * t)
    gap = (spot - strike) + (at_spot - at_strike)
    x = log_ratio(spot, strike) + (r - q) * t
    s = sigma * math.sqrt(t)
    value = max(gap, 0.0) if side == CALL else max(-gap, 0.0)
    if s > 0.0 and not math.isinf(s):
        k = abs(x)
        d1 = 0.5 * s - k / s
        density = math.exp(-0.5 * d1 * d1) * _INV_SQRT_2PI
        small = min(spot + at_spot, strike + at_strike)
        if d1 > 0.6:
            value += small * (1.0 - density * (mills(d1) + mills(0.5 * s + k / s)))
        else:
            value += small * (density * scaled_price(k, s))
    elif s > 0.0:
        value = spot + at_spot if side == CALL else strike + at_strike
    value += 0.0 * (r + q)  # a missing rate is a missing price
    found: float = value
    return found


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def normal_form(
    side: int, price: float, spot: float, strike: float, t: float, r: float, q: float
) -> tuple[float, float, int]:
    """Return |ln(F / K)|, the other price of `implied_vol.width`, and SOLVED or why not."""
    if side not in (CALL, PUT):
        return math.nan, math.nan, BAD_OPTION_TYPE
    if not (strike > 0.0 and strike < math.inf):
        return math.nan, math.nan, BAD_STRIKE
    if not (spot > 0.0 and spot < math.inf):
        return math.nan, math.nan, NO_UNDERLYING
    if not abs((r - q) * t) < math.inf:
        return math.nan, math.nan, MISSING_INPUT
    if not t > 0.0:
        return math.nan, math.nan, EXPIRED
    if not price > 0.0:
        return math.nan, math.nan, NO_PRICE
    at_spot, at_strike = spot * less_one(-q * t), strike * less_one(-r * t)
    gap = (spot - strike) + (at_spot - at_strike)
    upper = spot + at_spot if side == CALL else strike + at_strike
    if not price < upper:
        return math.nan, math.nan, ABOVE_MAX
    inside = gap if side == CALL else -gap
    worth = price
    if inside > 0.0:
        worth = price - inside
        rounding = 4.0 * _EPS * (price + abs(at_spot) + abs(at_strike))
        if worth < -rounding:
            return math.nan, math.nan, BELOW_INTRINSIC
        if worth <= rounding:
            return math.nan, math.nan, SUB_TICK
    small = strike + at_strike if gap > 0.0 else spot + at_spot
    c = worth / small
    if not c < 1.0:
        return math.nan, math.nan, ABOVE_MAX
    if not c > 0.0:
        return math.nan, math.nan, SUB_TICK
    return abs(log_ratio(spot, strike) + (r - q) * t), c, SOLVED


@njit(cache=True, nogil=True, error_model="numpy")
def greeks_one(
    side: int, spot: float, strike: float, t: float, r: float, q: float, s: float
) -> tuple[float, float, float, float, float, float, float, float]:
    """Return delta, gamma, vega, theta, rho, vanna, volga and charm at the width s.

    Where s is 0 they are the limits: those of a forward inside the money, of nothing outside, NaN
    at the money.
    """
    share, cash = 1.0 + less_one(-q * t), 1.0 + less_one(-r * t)
    x = log_ratio(spot, strike) + (r - q) * t
    sign = 1.0 if side == CALL else -1.0
    root = math.sqrt(t)
    sigma = s / root
    density, up, down = 0.0, math.nan, math.nan
    d1, d2 = 0.0, 0.0
    if s > 0.0:
        d1 = x / s + 0.5 * s
        d2 = d1 - s
        density = math.exp(-0.5 * d1 * d1) * _INV_SQRT_2PI
        up = density * mills(abs(d1))
        if sign * d1 > 0.0:
            up = 1.0 - up
        down = density * (spot * share) / (strike * cash) * mills(abs(d2))
        if sign * d2 > 0.0:
            down = 1.0 - down
    elif s == 0.0 and x != 0.0:
        up = down = 1.0 if sign * x > 0.0 else 0.0
    delta = sign * share * up
    rho = sign * strike * t * cash * down
    dense = share * density
    carry = q * spot * delta - r * sign * strike * cash * down
    if not (s > 0.0 and t > 0.0):
        empty = 0.0 * up
        charm = q * delta / _DAYS
        return delta, empty, empty, carry / _DAYS, rho, empty, empty, charm
    gamma = dense / (spot * s)
    vega = spot * dense * root
    theta = (carry - 0.5 * vega * sigma / t) / _DAYS
    vanna = -dense * d2 / sigma
    volga = vega * d1 * d2 / sigma
    charm = (q * delta - dense * ((r - q) / s - 0.5 * d2 / t)) / _DAYS
    return delta, gamma, vega, theta, rho, vanna, volga, charm


@njit(cache=True, nogil=True)
def sides_of_letters(offsets: np.ndarray, text: np.ndarray) -> np.ndarray:
    """Return 1 for C, 0 for P, -1 for all else, of Arrow's text: (n + 1,) offsets and bytes."""
    out = np.empty(offsets.size - 1, np.int8)
    for i in range(out.size):
        letter = text[offsets[i]] if offsets[i + 1] - offsets[i] == 1 else 0
        out[i] = CALL if letter == 67 else (PUT if letter == 80 else -1)
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def prices(
    side: np.ndarray,
    spot: np.ndarray,
    strike: np.ndarray,
    t: np.ndarray,
    r: np.ndarray,
    q: np.ndarray,
    sigma: np.ndarray,
) -> np.ndarray:
    """Return prices, shape (n,), of rows of `price_one`."""
    out = np.empty(side.size)
    for i in range(side.size):
        out[i] = price_one(side[i], spot[i], strike[i], t[i], r[i], q[i], sigma[i])
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def implied_vols(
    side: np.ndarray,
    price: np.ndarray,
    spot: np.ndarray,
    strike: np.ndarray,
    t: np.ndarray,
    r: np.ndarray,
    q: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return implied volatilities and codes, shape (n,) each; NaN where the code is not SOLVED."""
    n = side.size
    k, c, code = np.empty(n), np.empty(n), np.empty(n, np.int8)
    for i in range(n):
        k[i], c[i], code[i] = normal_form(side[i], price[i], spot[i], strike[i], t[i], r[i], q[i])
    out = widths(k, c)
    for i in range(n):
        out[i] /= math.sqrt(t[i])
    return out, code


@njit(cache=True, nogil=True, error_model="numpy")
def greeks(
    side: np.ndarray,
    spot: np.ndarray,
    strike: np.ndarray,
    t: np.ndarray,
    r: np.ndarray,
    q: np.ndarray,
    sigma: np.ndarray,
) -> np.ndarray:
    """Return the Greeks, shape (8, n), in the order of `GREEKS`; NaN where there are none."""
    out = np.empty((8, side.size))
    for i in range(side.size):
        if (
            (side[i] == CALL or side[i] == PUT)
            and spot[i] > 0.0
            and strike[i] > 0.0
            and t[i] >= 0.0
            and sigma[i] >= 0.0
        ):
            found = greeks_one(
                side[i], spot[i], strike[i], t[i], r[i], q[i], sigma[i] * math.sqrt(t[i])
            )
            _put(out, i, found)
        else:
            out[:, i] = math.nan
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def implied_vols_and_greeks(
    side: np.ndarray,
    price: np.ndarray,
    spot: np.ndarray,
    strike: np.ndarray,
    t: np.ndarray,
    r: np.ndarray,
    q: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return implied volatilities, codes and Greeks at them, in one pass."""
    out, code = implied_vols(side, price, spot, strike, t, r, q)
    sens = np.empty((8, side.size))
    for i in range(side.size):
        if code[i] == SOLVED:
            s = out[i] * math.sqrt(t[i])
            _put(sens, i, greeks_one(side[i], spot[i], strike[i], t[i], r[i], q[i], s))
        else:
            sens[:, i] = math.nan
    return out, code, sens


@njit(cache=True, nogil=True, error_model="numpy")
def _put(
    out: np.ndarray,
    i: int,
    found: tuple[float, float, float, float, float, float, float, float],
) -> None:
    out[0, i] = found[0]
    out[1, i] = found[1]
    out[2, i] = found[2]
    out[3, i] = found[3]
    out[4, i] = found[4]
    out[5, i] = found[5]
    out[6, i] = found[6]
    out[7, i] = found[7]
