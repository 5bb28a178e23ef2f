"""American options with continuous carry: exercise boundary, price, implied volatility.

The boundary of a put on one dollar of strike solves an integral equation; its square logarithm is
a smooth function of the root of time and is held at a few Chebyshev points. It starts at the
boundary of the quadratic approximation and takes one Jacobi-Newton and two plain steps. The
quadrature points lie at the same shares of time for every option, so what leads from the points
of the boundary to them is a constant matrix. A call is the put with spot and strike, rate and yield
exchanged.

Where rate and yield are such that early exercise never pays the price is European. Where a put
has two boundaries (yield < rate < 0) `needs_grid` says so, and the caller prices it on a grid.

References
----------
Andersen, Lake and Offengenden (2016), "High-performance American option pricing", Journal of
Computational Finance 20(1): equations of system B, section 5.
Li (2010), "Analytical approximations for the critical stock prices of American options",
Review of Derivatives Research 13: the first guess.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.black_scholes import (
    ABOVE_MAX,
    BELOW_INTRINSIC,
    CALL,
    SOLVED,
    SUB_TICK,
    greeks_one,
    normal_form,
    price_one,
)
from engine.kernels.implied_vol import width
from engine.kernels.mills import mills

_POINTS = 7  # of the boundary, without the one at expiry
_INNER = 8  # of the quadrature inside the fixed point
_OUTER = 24  # of the quadrature of the premium
_STEPS = 3
_INV_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)


def _interpolation(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights of the boundary's points at x, without the point at expiry, which is 0."""
    nodes = np.cos(np.pi * np.arange(_POINTS + 1) / _POINTS)
    sign = (-1.0) ** np.arange(_POINTS + 1)
    sign[[0, -1]] *= 0.5
    weights = sign / (x[:, None] - nodes)
    return np.ascontiguousarray((weights / weights.sum(axis=1, keepdims=True))[:, :-1].T)


# Time enters only by its root, in units of the root of the whole: what follows is the same for
# every option. Row i of the boundary's points has the root _ROOTS[i]; its quadrature has the
# points i * _INNER + j.
_ROOTS = 0.5 * (1.0 + np.cos(np.pi * np.arange(_POINTS) / _POINTS))
_INNER_Y, _INNER_W = np.polynomial.legendre.leggauss(_INNER)
_OUTER_Y, _OUTER_W = np.polynomial.legendre.leggauss(_OUTER)
_INNER_PAST = np.outer(_ROOTS, 0.5 * (1.0 + _INNER_Y)).ravel()  # root of the time passed
_INNER_LEFT = np.outer(_ROOTS, np.sqrt(1.0 - 0.25 * (1.0 + _INNER_Y) ** 2)).ravel()
_INNER_WEIGHT = np.outer(_ROOTS, _INNER_W).ravel() * _INNER_PAST
_INNER_MATRIX = _interpolation(2.0 * _INNER_LEFT - 1.0)
_OUTER_PAST = 0.5 * (1.0 + _OUTER_Y)
_OUTER_WEIGHT = _OUTER_W * _OUTER_PAST
_OUTER_MATRIX = _interpolation(2.0 * np.sqrt(1.0 - _OUTER_PAST**2) - 1.0)
_CELLS = _POINTS * _INNER
SCRATCH = (7, max(_CELLS, _OUTER))
_TOLERANCE = 1e-7  # of a volatility, relative
_SECANT = 2e-7  # product of two moves, relative, after which the next is below a hundredth point
_NOTHING = 1e-9
_WIDEST = 6.0  # sigma sqrt(t) where the search for an almost worthless strike begins
MAX_STEPS = 60


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _normal(x: float) -> float:
    tail = math.exp(-0.5 * x * x) * _INV_SQRT_2PI * mills(abs(x))
    found: float = 1.0 - tail if x > 0.0 else tail
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def never_early(side: int, r: float, q: float) -> bool:
    """Return whether early exercise never pays, whatever the price."""
    if side == CALL:
        r, q = q, r
    return r <= 0.0 and q >= r


@njit(cache=True, nogil=True, error_model="numpy")
def most_early(
    side: int, spot: float, strike: float, t: float, r: float, q: float, sigma: float
) -> float:
    """Return a bound of what early exercise adds with continuous carry, in dollars.

    What a put gains is the interest on the strike while it is exercised and, where q < 0, what the
    share would cost: at most K (1 - exp(-r t)) (1 - min(q, 0) / r) times the greatest probability
    that the spot is in the region of exercise at any one time, which lies below K min(1, r / q).
    With m = ln(spot / top of the region) > 0 and b = r - q - sigma^2 / 2 that probability is
    N(-(m + b s) / (sigma sqrt(s))) for some s <= t: at most
    N(-m / (sigma sqrt(t)) + max(-b, 0) sqrt(t) / sigma). Calls by exchange.
    """
    if side == CALL:
        spot, strike, r, q = strike, spot, q, r
    if r <= 0.0:
        return 0.0 if q >= r else math.inf
    wide = sigma * math.sqrt(t)
    away = math.log(spot / strike) + (math.log(q / r) if q > r else 0.0)
    gain = -strike * math.expm1(-r * t) * (1.0 - min(q, 0.0) / r)
    if away <= 0.0:
        return gain
    falling = max(q - r + 0.5 * sigma * sigma, 0.0) * t
    return gain * float(_normal((falling - away) / wide))


@njit(cache=True, nogil=True, error_model="numpy")
def is_plain(
    side: int, spot: float, strike: float, t: float, r: float, q: float, sigma: float
) -> bool:
    """Return whether early exercise adds less than a billionth of spot and strike."""
    if never_early(side, r, q):
        return True
    most: float = most_early(side, spot, strike, t, r, q, sigma)
    return most < _NOTHING * min(spot, strike)


@njit(cache=True, nogil=True, error_model="numpy")
def needs_grid(side: int, r: float, q: float) -> bool:
    """Return whether there are two boundaries."""
    if side == CALL:
        r, q = q, r
    return r < 0.0 and q < r


@njit(cache=True, nogil=True, error_model="numpy")
def _first_guess(tau: float, r: float, q: float, sigma: float, start: float) -> float:
    """Return the put's boundary of the refined quadratic approximation (Li's QD+)."""
    root = math.sqrt(tau)
    v, variance = sigma * root, sigma * sigma
    dr, dq = math.exp(-r * tau), math.exp(-q * tau)
    rt = r * tau
    rate = r / (1.0 - dr) if abs(rt) > 1e-5 else 1.0 / (tau * (1.0 - 0.5 * rt * (1.0 - rt / 3.0)))
    omega = 2.0 * (r - q) / variance
    square = math.sqrt((omega - 1.0) ** 2 + 8.0 * rate / variance)
    lam = 0.5 * (1.0 - omega - square)
    lam_prime = 2.0 * rate * rate / (variance * square)
    alpha = -2.0 * dr / (variance * square)
    beta = alpha * (rate - lam_prime / square) - lam
    s = start
    for _ in range(20):
        dp = (math.log(s) + (r - q) * tau) / v + 0.5 * v
        dm = dp - v
        density = math.exp(-0.5 * dp * dp) * _INV_SQRT_2PI
        up, um = _normal(-dp), _normal(-dm)
        value = dr * um - s * dq * up
        theta = r * dr * um - q * s * dq * up - variance * s / (2.0 * v) * dq * density
        charm = -dq * (density * ((r - q) / v - dm / (2.0 * tau)) + q * up)
        f = (1.0 - dq * up) * s - beta * (1.0 - s - value) + alpha * theta / dr
        slope = 1.0 - dq * up + dq / v * density + beta * (1.0 - dq * up) + alpha / dr * charm
        new = s - f / slope
        if not (new > 0.0 and new < 1.0):
            new = 0.5 * s if not new > 0.0 else 0.5 * (s + 1.0)
        change = abs(new - s)
        s = new
        if change < 1e-3 * s * min(v, 0.1):
            break
    return s


@njit(cache=True, nogil=True, error_model="numpy")
def boundary(
    tau: float,
    r: float,
    q: float,
    sigma: float,
    last_sigma: float,
    log_b: np.ndarray,
    scratch: np.ndarray,
) -> float:
    """Find the exercise boundary of a put on one dollar of strike.

    Parameters
    ----------
    tau
        Years to expiry, positive.
    r, q
        Rate and yield with one boundary.
    sigma, last_sigma
        Positive; the boundary for `last_sigma` is in `log_b` and a good guess, if it is positive.
    log_b
        (_POINTS,) is filled with ln(B / B(0)).
    scratch
        Room of the shape `SCRATCH`.

    Returns
    -------
    float
        ln B(0), the boundary's logarithm at expiry.
    """
    top = math.log(r / q) if q > r and q > 0.0 else 0.0
    root = math.sqrt(tau)
    if last_sigma > 0.0:
        for i in range(_POINTS):
            log_b[i] *= sigma / last_sigma
    else:
        guess = math.exp(top)
        for i in range(_POINTS - 1, -1, -1):
            guess = _first_guess(tau * _ROOTS[i] ** 2, r, q, sigma, min(guess, 0.9999))
            log_b[i] = min(math.log(guess) - top, -1e-12)
    drift, half = r - q, 0.5 * sigma * sigma
    log_then, dm, dp = scratch[0], scratch[1], scratch[2]
    rate, cost = scratch[3], scratch[4]
    for c in range(_CELLS):
        left = tau * _INNER_LEFT[c] ** 2
        weight = tau * _INNER_WEIGHT[c]
        rate[c] = r * weight * math.exp(r * left)
        cost[c] = q * weight * math.exp(q * left) if q != 0.0 else 0.0
    inverse = 1.0 / (sigma * root)
    for step in range(_STEPS):
        _spread(log_b, _INNER_MATRIX, _CELLS, log_then)
        for i in range(_POINTS):
            for c in range(i * _INNER, (i + 1) * _INNER):
                past = _INNER_PAST[c]
                wide = past * sigma * root
                dm[c] = (log_b[i] + log_then[c]) * (inverse / past) + (drift - half) / (
                    sigma * sigma
                ) * wide
                dp[c] = dm[c] + wide
        _normals(dm, _CELLS, scratch[5], scratch[6])
        if q != 0.0:
            _normals(dp, _CELLS, scratch[5], scratch[6])
        for i in range(_POINTS):
            here = log_b[i] + top
            time = tau * _ROOTS[i] ** 2
            wide = sigma * root * _ROOTS[i]
            d2 = (here + (drift - half) * time) / wide
            d1 = d2 + wide
            above, below = _normal(d2), _normal(d1)
            # the derivative as the whole boundary moves: that of the integrals vanishes
            slope_a = math.exp(-0.5 * d2 * d2) * _INV_SQRT_2PI / wide
            slope_b = math.exp(-0.5 * d1 * d1) * _INV_SQRT_2PI / wide
            for c in range(i * _INNER, (i + 1) * _INNER):
                above += rate[c] * dm[c]
            if q != 0.0:
                for c in range(i * _INNER, (i + 1) * _INNER):
                    below += cost[c] * dp[c]
            scale = math.exp(-drift * time)
            new = scale * above / below
            if step == 0:
                b = math.exp(here)
                slope = scale * (slope_a / below - slope_b * above / (below * below)) / b
                new = b + (b - new) / (slope - 1.0)
            if new > 0.0:
                log_b[i] = min(math.log(new) - top, -1e-12)
    return top


@njit(cache=True, nogil=True, error_model="numpy")
def _spread(log_b: np.ndarray, matrix: np.ndarray, cells: int, out: np.ndarray) -> None:
    """Set out to -ln(B / B(0)) where the matrix says: its square is interpolated."""
    for c in range(cells):
        out[c] = 0.0
    for i in range(_POINTS):
        square = log_b[i] * log_b[i]
        for c in range(cells):
            out[c] += matrix[i, c] * square
    for c in range(cells):
        out[c] = math.sqrt(max(out[c], 0.0))


@njit(cache=True, nogil=True, error_model="numpy")
def _normals(x: np.ndarray, cells: int, density: np.ndarray, tail: np.ndarray) -> None:
    """Replace x by N(x)."""
    for c in range(cells):
        density[c] = math.exp(-0.5 * x[c] * x[c])
    for c in range(cells):
        tail[c] = mills(abs(x[c]))
    for c in range(cells):
        below = density[c] * tail[c] * _INV_SQRT_2PI
        x[c] = 1.0 - below if x[c] > 0.0 else below


@njit(cache=True, nogil=True, error_model="numpy")
def _premium(
    spot: float,
    tau: float,
    r: float,
    q: float,
    sigma: float,
    last_sigma: float,
    log_b: np.ndarray,
    scratch: np.ndarray,
) -> float:
    """Return what early exercise adds to a put on one dollar of strike, or -1 if it is due now."""
    top = boundary(tau, r, q, sigma, last_sigma, log_b, scratch)
    log_spot = math.log(spot) - top
    if log_spot <= log_b[0]:
        return -1.0
    root = math.sqrt(tau)
    wide = sigma * root
    drift = (r - q) / (sigma * sigma) - 0.5
    log_then, dm, dp = scratch[0], scratch[1], scratch[2]
    _spread(log_b, _OUTER_MATRIX, _OUTER, log_then)
    for c in range(_OUTER):
        past = _OUTER_PAST[c] * wide
        dm[c] = -(log_spot + log_then[c]) / past - drift * past
        dp[c] = dm[c] - past
    _normals(dm, _OUTER, scratch[5], scratch[6])
    total = 0.0
    for c in range(_OUTER):
        past = tau * _OUTER_PAST[c] ** 2
        total += _OUTER_WEIGHT[c] * r * math.exp(-r * past) * dm[c]
    if q != 0.0:
        _normals(dp, _OUTER, scratch[5], scratch[6])
        for c in range(_OUTER):
            past = tau * _OUTER_PAST[c] ** 2
            total -= _OUTER_WEIGHT[c] * q * spot * math.exp(-q * past) * dp[c]
    return max(total * tau, 0.0)


@njit(cache=True, nogil=True, error_model="numpy")
def premium_one(
    side: int,
    spot: float,
    strike: float,
    t: float,
    r: float,
    q: float,
    sigma: float,
    last_sigma: float,
    log_b: np.ndarray,
    scratch: np.ndarray,
) -> float:
    """Return what early exercise adds to one European price, or -1 where exercise is due now.

    Parameters
    ----------
    side, spot, strike, t, r, q, sigma
        As `black_scholes.price_one`, t and sigma positive.
    last_sigma, log_b, scratch
        As `boundary`.
    """
    if is_plain(side, spot, strike, t, r, q, sigma):
        return 0.0
    if side == CALL:
        found = _premium(strike / spot, t, q, r, sigma, last_sigma, log_b, scratch) * spot
    else:
        found = _premium(spot / strike, t, r, q, sigma, last_sigma, log_b, scratch) * strike
    return found if found >= 0.0 else -1.0


@njit(cache=True, nogil=True, error_model="numpy")
def american_price_one(
    side: int,
    spot: float,
    strike: float,
    t: float,
    r: float,
    q: float,
    sigma: float,
    log_b: np.ndarray,
    scratch: np.ndarray,
) -> float:
    """Return an American price (one boundary or none), NaN where an input is impossible."""
    european = price_one(side, spot, strike, t, r, q, sigma)
    inside = max(spot - strike if side == CALL else strike - spot, 0.0)
    if math.isnan(european):
        return math.nan
    premium = 0.0
    if t > 0.0 and sigma * math.sqrt(t) > 1e-8:
        premium = premium_one(side, spot, strike, t, r, q, sigma, 0.0, log_b, scratch)
    found: float = max(european + max(premium, 0.0), inside)
    return found


class Search(NamedTuple):
    """Where the search for a volatility is.

    Parameters
    ----------
    sigma
        To be tried next, or the answer.
    low, high
        Bracket of the answer.
    before, premium_before
        The last volatility tried, 0 before the first, and its premium.
    is_linear
        The premium of the last one can be used for a line.
    is_done
        The search is over.
    """

    sigma: float
    low: float
    high: float
    before: float
    premium_before: float
    is_linear: bool
    is_done: bool


@njit(cache=True, nogil=True, error_model="numpy")
def new_search(sigma: float) -> Search:
    """Return a search from above: from the European volatility of an American price."""
    return Search(sigma, 0.0, sigma * (1.0 + _TOLERANCE), 0.0, 0.0, False, False)


@njit(cache=True, nogil=True, error_model="numpy")
def search(
    state: Search,
    premium: float,
    side: int,
    price: float,
    spot: float,
    strike: float,
    t: float,
    r: float,
    q: float,
) -> Search:
    """Return the search one step on.

    The European price of the next volatility plus a line through the last two premiums is the
    price wanted.

    Parameters
    ----------
    premium
        What the American price at `state.sigma` has over the European; -1 if it is worth exactly
        what exercise brings.
    side, price, spot, strike, t, r, q
        Of the European part, as `black_scholes.price_one`.
    """
    sigma, low, high = state.sigma, state.low, state.high
    root = math.sqrt(t)
    if premium == -1.0:  # worth less than the price
        low = max(low, sigma)
        is_done = high - low <= 4.0 * _TOLERANCE * high
        return Search(0.5 * (low + high), low, high, sigma, 0.0, False, is_done)
    if price_one(side, spot, strike, t, r, q, sigma) + premium < price:
        low = max(low, sigma * (1.0 - _TOLERANCE))
    else:
        high = min(high, sigma * (1.0 + _TOLERANCE))
    new = math.nan
    if state.is_linear:
        rise = premium - state.premium_before
        # a smaller difference is rounding
        is_rise = abs(rise) > 2e-8 * (spot + strike)
        slope = rise / (sigma - state.before) if is_rise else 0.0
        new = sigma
        for _ in range(4):
            value = price_one(side, spot, strike, t, r, q, new)
            vega = greeks_one(side, spot, strike, t, r, q, new * root)[2]
            gap = price - value - premium - slope * (new - sigma)
            move = gap / max(vega + slope, 0.01 * vega)
            new += move
            if not (new > low and new < high) or abs(move) < 0.01 * _TOLERANCE * new:
                break
    if not (new > low and new < high):
        k, c, code = normal_form(side, price - premium, spot, strike, t, r, q)
        new = width(k, c) / root if code == SOLVED else math.nan
    is_done = high - low <= 4.0 * _TOLERANCE * high
    if new > low and new < high:
        moved, last = abs(new - sigma), abs(sigma - state.before)
        is_close = state.is_linear and moved * last < _SECANT * sigma * sigma
        is_done = is_done or is_close or moved <= _TOLERANCE * sigma
    else:
        new = 0.5 * (low + high)
    return Search(new, low, high, sigma, premium, True, is_done)


@njit(cache=True, nogil=True, error_model="numpy")
def start(
    side: int, price: float, spot: float, rest: float, strike: float, t: float, r: float, q: float
) -> tuple[float, int]:
    """Return a volatility that is not too low for an American price, and SOLVED or why none is.

    Parameters
    ----------
    rest
        The spot less the value of its dividends: what the European part is about.
    """
    k, c, code = normal_form(side, price, rest, strike, t, r, q)
    if code != SOLVED and code != SUB_TICK and code != BELOW_INTRINSIC and code != ABOVE_MAX:
        return math.nan, code
    inside = spot - strike if side == CALL else strike - spot
    if inside > 0.0:
        if price < inside * (1.0 - 1e-14):
            return math.nan, BELOW_INTRINSIC
        if price <= inside * (1.0 + 1e-14):
            return math.nan, SUB_TICK
    if code == ABOVE_MAX:
        # more than a European option can be worth may be right where exercise does not wait
        top = (
            spot * max(math.exp(-q * t), 1.0)
            if side == CALL
            else strike * max(math.exp(-r * t), 1.0)
        )
        if not price < top * (1.0 - 1e-14) or never_early(side, r, q):
            return math.nan, ABOVE_MAX
        return _WIDEST / math.sqrt(t), SOLVED
    if code != SOLVED:
        return math.nan, code
    # the European volatility of an American price is never too low
    return width(k, c) / math.sqrt(t), SOLVED


@njit(cache=True, nogil=True, error_model="numpy")
def american_iv_one(
    side: int,
    price: float,
    spot: float,
    strike: float,
    t: float,
    r: float,
    q: float,
    log_b: np.ndarray,
    scratch: np.ndarray,
) -> tuple[float, int]:
    """Return the volatility of an American price and SOLVED, or NaN and why there is none."""
    sigma, code = start(side, price, spot, spot, strike, t, r, q)
    if code != SOLVED or is_plain(side, spot, strike, t, r, q, sigma):
        return sigma, code
    state = new_search(sigma)
    for _ in range(MAX_STEPS):
        premium = premium_one(
            side, spot, strike, t, r, q, state.sigma, state.before, log_b, scratch
        )
        state = search(state, premium, side, price, spot, strike, t, r, q)
        if state.is_done:
            break
    return state.sigma, SOLVED


@njit(cache=True, nogil=True, error_model="numpy")
def american_prices(
    side: np.ndarray,
    spot: np.ndarray,
    strike: np.ndarray,
    t: np.ndarray,
    r: np.ndarray,
    q: np.ndarray,
    sigma: np.ndarray,
) -> np.ndarray:
    """Return American prices with continuous carry, shape (n,)."""
    out = np.empty(side.size)
    log_b, scratch = np.empty(_POINTS), np.empty(SCRATCH)
    for i in range(side.size):
        out[i] = american_price_one(
            side[i], spot[i], strike[i], t[i], r[i], q[i], sigma[i], log_b, scratch
        )
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def american_ivs(
    side: np.ndarray,
    price: np.ndarray,
    spot: np.ndarray,
    strike: np.ndarray,
    t: np.ndarray,
    r: np.ndarray,
    q: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return implied volatilities of American prices with continuous carry, and codes."""
    out, code = np.empty(side.size), np.empty(side.size, np.int8)
    log_b, scratch = np.empty(_POINTS), np.empty(SCRATCH)
    for i in range(side.size):
        out[i], code[i] = american_iv_one(
            side[i], price[i], spot[i], strike[i], t[i], r[i], q[i], log_b, scratch
        )
    return out, code
