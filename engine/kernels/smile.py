"""The smile of one expiry: raw SVI, fitted where the market says something, free of butterflies.

Total variance at log moneyness k = ln(K / F) is

    w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + s^2))

For a given (m, s) it is linear in the rest, so the search is over two numbers only, from a grid
of starts: it does not end in the wrong valley (Zeliade Systems 2009, "Quasi-explicit calibration
of Gatheral's SVI model"). Constraints: variance nowhere negative, wings no steeper than 2 (Lee
2004), and the density nowhere negative between the outermost strikes (Gatheral and Jacquier 2014).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST = 5  # points for five parameters
FIELDS = ("a", "b", "rho", "m", "s")

_SQRT_HALF = math.sqrt(0.5)
_STEEPEST = 2.0  # wing slope of total variance
_STEPS = 80
_DENSITY_POINTS = 33
_PENALTY = 1e4
_CLOSE = 1e-4  # relative gain in squared error that is not worth another step
_EXACT = 1e-6  # nor is an error of volatility below this
_FARTHEST = 12.0  # standard deviations at which a delta is looked for
_STRIDE = 0.25


@njit(cache=True, nogil=True)
def total_variance(k: float, a: float, b: float, rho: float, m: float, s: float) -> float:
    """Return w(k), the variance to expiry at log moneyness k."""
    x = k - m
    return a + b * (rho * x + math.sqrt(x * x + s * s))


@njit(cache=True, nogil=True)
def density(k: float, a: float, b: float, rho: float, m: float, s: float) -> float:
    """Return Durrleman's g(k): the risk-neutral density is negative where it is.

    g = (1 - k w' / (2 w))^2 - w'^2 / 4 (1 / w + 1 / 4) + w'' / 2.
    """
    x = k - m
    root = math.sqrt(x * x + s * s)
    w = a + b * (rho * x + root)
    if w <= 0.0:
        return -1.0
    first = b * (rho + x / root)
    second = b * s * s / (root * root * root)
    inner = 1.0 - 0.5 * k * first / w
    return inner * inner - 0.25 * first * first * (1.0 / w + 0.25) + 0.5 * second


@njit(cache=True, nogil=True)
def _line(sums: Floats, d_of_c: float, steepest: float) -> tuple[float, float, float]:
    """Return the best (a, c, d) with d = d_of_c * c and 0 <= c <= steepest."""
    # regress w on (1, z + d_of_c y)
    sw, sx = sums[0], sums[2] + d_of_c * sums[1]
    sxx = sums[5] + 2.0 * d_of_c * sums[4] + d_of_c * d_of_c * sums[3]
    sv, sxv = sums[6], sums[8] + d_of_c * sums[7]
    determinant = sw * sxx - sx * sx
    c = 0.0
    if determinant > 1e-14 * sw * sxx:
        c = (sw * sxv - sx * sv) / determinant
    c = min(max(c, 0.0), steepest)
    return (sv - c * sx) / sw, c, d_of_c * c


@njit(cache=True, nogil=True)
def _edge(sums: Floats, steepest: float, sign: float) -> tuple[float, float, float]:
    """Return the best (a, c, d) on the edge c + sign d = steepest, with |d| <= c."""
    # c = steepest - sign d: regress w - steepest z on (1, y - sign z)
    sw, sx = sums[0], sums[1] - sign * sums[2]
    sxx = sums[3] - 2.0 * sign * sums[4] + sums[5]
    sv = sums[6] - steepest * sums[2]
    sxv = sums[7] - sign * sums[8] - steepest * (sums[4] - sign * sums[5])
    determinant = sw * sxx - sx * sx
    d = 0.0
    if determinant > 1e-14 * sw * sxx:
        d = (sw * sxv - sx * sv) / determinant
    d = sign * min(max(sign * d, 0.0), 0.5 * steepest)
    return (sv - d * sx) / sw, steepest - sign * d, d


@njit(cache=True, nogil=True)
def _cost(sums: Floats, a: float, c: float, d: float) -> float:
    """Return the weighted sum of squared errors from the sums."""
    return float(
        sums[9]
        - 2.0 * (a * sums[6] + d * sums[7] + c * sums[8])
        + a * a * sums[0]
        + 2.0 * a * (d * sums[1] + c * sums[2])
        + d * d * sums[3]
        + 2.0 * c * d * sums[4]
        + c * c * sums[5]
    )


@njit(cache=True, nogil=True)
def _fixed_sums(w: Floats, weight: Floats, sums: Floats) -> None:
    """Fill the sums of `_linear` that are the same for every (m, s)."""
    sums[:] = 0.0
    for i in range(w.shape[0]):
        sums[0] += weight[i]
        sums[6] += weight[i] * w[i]
        sums[9] += weight[i] * w[i] * w[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _linear(
    k: Floats, w: Floats, weight: Floats, m: float, s: float, sums: Floats, work: Floats
) -> tuple[float, float, float, float]:
    """Return the best (a, c, d) for a given (m, s), and its cost.

    `sums` 0, 6 and 9 do not depend on (m, s): `_fixed_sums` has filled them.
    """
    y, z = work[0], work[1]
    for i in range(k.shape[0]):  # by itself: it runs in vector registers
        y[i] = (k[i] - m) / s
        z[i] = math.sqrt(y[i] * y[i] + 1.0)
    sum_y, sum_z, sum_yy, sum_yz, sum_zz, sum_yw, sum_zw = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(k.shape[0]):
        uy, uz = weight[i] * y[i], weight[i] * z[i]
        sum_y += uy
        sum_z += uz
        sum_yy += uy * y[i]
        sum_yz += uy * z[i]
        sum_zz += uz * z[i]
        sum_yw += uy * w[i]
        sum_zw += uz * w[i]
    sums[1], sums[2], sums[3], sums[4] = sum_y, sum_z, sum_yy, sum_yz
    sums[5], sums[7], sums[8] = sum_zz, sum_yw, sum_zw
    steepest = _STEEPEST * s
    # free: three equations
    a11, a12, a13 = sums[0], sums[1], sums[2]
    a22, a23, a33 = sums[3], sums[4], sums[5]
    minor1 = a22 * a33 - a23 * a23
    minor2 = a12 * a33 - a23 * a13
    minor3 = a12 * a23 - a22 * a13
    determinant = a11 * minor1 - a12 * minor2 + a13 * minor3
    best = math.inf
    a, c, d = 0.0, 0.0, 0.0
    if determinant > 1e-13 * a11 * a22 * a33:
        b1, b2, b3 = sums[6], sums[7], sums[8]
        a_free = (b1 * minor1 - a12 * (b2 * a33 - a23 * b3) + a13 * (b2 * a23 - a22 * b3)) / (
            determinant
        )
        d_free = (a11 * (b2 * a33 - b3 * a23) - b1 * minor2 + a13 * (a12 * b3 - b2 * a13)) / (
            determinant
        )
        c_free = (b3 - a13 * a_free - a23 * d_free) / a33
        if abs(d_free) <= c_free and c_free + abs(d_free) <= steepest:
            a, c, d = a_free, c_free, d_free
            best = _cost(sums, a, c, d)
    if best == math.inf:
        for number in range(4):
            if number == 0:
                a_try, c_try, d_try = _line(sums, 1.0, 0.5 * steepest)
            elif number == 1:
                a_try, c_try, d_try = _line(sums, -1.0, 0.5 * steepest)
            else:
                a_try, c_try, d_try = _edge(sums, steepest, 1.0 if number == 2 else -1.0)
            cost = _cost(sums, a_try, c_try, d_try)
            if cost < best:
                best, a, c, d = cost, a_try, c_try, d_try
    lowest = a + math.sqrt(max(c * c - d * d, 0.0))
    if lowest < 0.0:  # variance may touch zero, not cross it
        a -= lowest
        best = _cost(sums, a, c, d)
    return a, c, d, best


@njit(cache=True, nogil=True)
def _butterflies(
    low: float, high: float, a: float, b: float, rho: float, m: float, s: float
) -> tuple[float, int]:
    """Return the sum of squared negative densities between two strikes, and how many there are."""
    total = 0.0
    count = 0
    for i in range(_DENSITY_POINTS):
        k = low + (high - low) * i / (_DENSITY_POINTS - 1)
        g = density(k, a, b, rho, m, s)
        if g < 0.0:
            total += g * g
            count += 1
    return total, count


@njit(cache=True, nogil=True)
def _try(
    k: Floats,
    w: Floats,
    weight: Floats,
    m: float,
    log_s: float,
    strict: bool,
    sums: Floats,
    work: Floats,
) -> float:
    s = math.exp(log_s)
    a, c, d, cost = _linear(k, w, weight, m, s, sums, work)
    if strict and c > 0.0:
        total, _ = _butterflies(k[0], k[-1], a, c / s, d / c, m, s)
        cost += _PENALTY * total * sums[9]
    return float(cost)


@njit(cache=True, nogil=True)
def _descend(
    k: Floats,
    w: Floats,
    weight: Floats,
    m: float,
    log_s: float,
    width: float,
    strict: bool,
    enough: float,
    sums: Floats,
    work: Floats,
) -> tuple[float, float, float]:
    """Nelder and Mead over (m, ln s) within bounds; return the best point and its cost."""
    lowest = math.log(1e-3 * width)
    highest = math.log(4.0 * width)
    reach = 2.0 * width
    points = np.empty((3, 2))
    costs = np.empty(3)
    points[0] = (m, log_s)
    points[1] = (m + 0.15 * width, log_s)
    points[2] = (m, log_s + 0.4)
    for i in range(3):
        costs[i] = _try(k, w, weight, points[i, 0], points[i, 1], strict, sums, work)
    for _ in range(_STEPS):
        for i in (0, 1, 0):
            if costs[i + 1] < costs[i]:
                costs[i], costs[i + 1] = costs[i + 1], costs[i]
                for j in range(2):
                    points[i, j], points[i + 1, j] = points[i + 1, j], points[i, j]
        if costs[2] - costs[0] <= _CLOSE * costs[0] + enough:
            break
        centre = 0.5 * (points[0] + points[1])
        moved = False
        for step in (1.0, 2.0, 0.5, -0.5):
            if step == 2.0 and not moved:
                continue
            if step in (0.5, -0.5) and moved:
                continue
            new_m = min(
                max(centre[0] + step * (centre[0] - points[2, 0]), k[0] - reach), k[-1] + reach
            )
            new_s = min(max(centre[1] + step * (centre[1] - points[2, 1]), lowest), highest)
            cost = _try(k, w, weight, new_m, new_s, strict, sums, work)
            limit = costs[0] if step == 2.0 else (costs[1] if step == 1.0 else costs[2])
            if cost < limit:
                points[2] = (new_m, new_s)
                if step == 1.0 and cost >= costs[0]:
                    costs[2] = cost
                    moved = True
                    break
                costs[2] = cost
                moved = True
                if step != 1.0:
                    break
                limit = cost
        if not moved:
            for i in range(1, 3):
                points[i] = points[0] + 0.5 * (points[i] - points[0])
                costs[i] = _try(k, w, weight, points[i, 0], points[i, 1], strict, sums, work)
    best = int(np.argmin(costs))
    return points[best, 0], points[best, 1], costs[best]


@njit(cache=True, nogil=True)
def fit(k: Floats, iv: Floats, weight: Floats, t: float) -> Floats:
    """Fit one expiry.

    Parameters
    ----------
    k
        Log moneyness of the points, ascending, shape (n,).
    iv
        Implied volatilities, annual.
    weight
        Trust in each point, positive; errors are weighted in units of volatility.
    t
        Years to expiry.

    Returns
    -------
    ndarray
        `a, b, rho, m, s`, root mean square error in volatility (weighted), greatest error in
        volatility, butterfly violations among 33 strikes between the outermost points. NaN where
        there are fewer than five points or they do not differ.
    """
    out = np.full(8, np.nan)
    n = k.shape[0]
    if n < FEWEST or t <= 0.0 or not k[-1] > k[0]:
        return out
    w = np.empty(n)
    trust = np.empty(n)
    at_the_money = 0.0
    nearest = math.inf
    for i in range(n):
        w[i] = iv[i] * iv[i] * t
        scale = 2.0 * iv[i] * t  # from an error of variance to one of volatility
        trust[i] = weight[i] / (scale * scale)
        if abs(k[i]) < nearest:
            nearest = abs(k[i])
            at_the_money = iv[i] * math.sqrt(t)
    width = max(min(k[-1] - k[0], 6.0 * at_the_money), 1e-4)
    enough = _EXACT * _EXACT * weight.sum()
    sums, work = np.empty(10), np.empty((2, n))
    _fixed_sums(w, trust, sums)
    starts = np.empty((20, 3))
    row = 0
    for place in (-0.5, -0.2, 0.0, 0.2, 0.5):
        for size in (0.05, 0.15, 0.4, 1.0):
            m = place * width
            log_s = math.log(size * width)
            starts[row] = (_try(k, w, trust, m, log_s, False, sums, work), m, log_s)
            row += 1
    order = np.argsort(starts[:, 0])
    best_m, best_s, best = 0.0, 0.0, math.inf
    for number in order[:2]:
        m, log_s, cost = _descend(
            k, w, trust, starts[number, 1], starts[number, 2], width, False, enough, sums, work
        )
        if cost < best:
            best_m, best_s, best = m, log_s, cost
    for strict in (False, True):
        if strict:
            best_m, best_s, best = _descend(
                k, w, trust, best_m, best_s, width, True, enough, sums, work
            )
        s = math.exp(best_s)
        a, c, d, _ = _linear(k, w, trust, best_m, s, sums, work)
        b = c / s
        rho = d / c if c > 0.0 else 0.0
        _, count = _butterflies(k[0], k[-1], a, b, rho, best_m, s)
        if count == 0:
            break
    out[:5] = (a, b, rho, best_m, s)
    square = 0.0
    greatest = 0.0
    total = 0.0
    for i in range(n):
        error = math.sqrt(max(total_variance(k[i], a, b, rho, best_m, s), 0.0) / t) - iv[i]
        square += weight[i] * error * error
        total += weight[i]
        greatest = max(greatest, abs(error))
    out[5] = math.sqrt(square / total)
    out[6] = greatest
    out[7] = count
    return out


@njit(cache=True, nogil=True)
def _in_order(k: Floats, iv: Floats) -> NDArray[np.int64]:
    """Return the places of points by k, and by iv where k is the same."""
    order = np.argsort(k, kind="mergesort")
    for i in range(1, order.size):
        j = i
        while j > 0 and k[order[j - 1]] == k[order[j]] and iv[order[j - 1]] > iv[order[j]]:
            order[j - 1], order[j] = order[j], order[j - 1]
            j -= 1
    return order


@njit(cache=True, nogil=True)
def fits(k: Floats, iv: Floats, weight: Floats, offsets: NDArray[np.int64], t: Floats) -> Floats:
    """Return `fit` of each expiry and the weighted middle of its points, shape (10, n).

    Parameters
    ----------
    k, iv, weight
        Points of all expiries, one expiry after the other, in any order within it.
    offsets
        Where each expiry's points begin, shape (n + 1,).
    t
        Years to expiry, shape (n,).
    """
    out = np.full((10, t.size), np.nan)
    for i in range(t.size):
        order = _in_order(k[offsets[i] : offsets[i + 1]], iv[offsets[i] : offsets[i + 1]])
        order += offsets[i]
        out[:8, i] = fit(k[order], iv[order], weight[order], t[i])
        total, middle_k, middle_iv = 0.0, 0.0, 0.0
        for j in order:
            total += weight[j]
            middle_k += weight[j] * k[j]
            middle_iv += weight[j] * iv[j]
        if total > 0.0:
            out[8, i], out[9, i] = middle_k / total, middle_iv / total
    return out


@njit(cache=True, nogil=True)
def _call_delta(k: float, a: float, b: float, rho: float, m: float, s: float) -> float:
    """Return N(d1) of the strike at log moneyness k, NaN where there is no variance."""
    w = total_variance(k, a, b, rho, m, s)
    if not w > 0.0:
        return math.nan
    return 0.5 * math.erfc(-(0.5 * w - k) / math.sqrt(w) * _SQRT_HALF)


@njit(cache=True, nogil=True)
def at_delta(a: float, b: float, rho: float, m: float, s: float, t: float, delta: float) -> float:
    """Return the log moneyness at which the forward delta of the call is `delta`.

    Parameters
    ----------
    a, b, rho, m, s
        The smile.
    t
        Years to expiry.
    delta
        N(d1), between 0 and 1; a put of delta -0.25 is 0.75 here.

    Returns
    -------
    float
        The nearest one to the money; NaN where there is none within 12 standard deviations.
    """
    middle = total_variance(0.0, a, b, rho, m, s)
    if not (middle > 0.0 and t > 0.0 and delta > 0.0 and delta < 1.0):
        return math.nan
    # The nearest such strike: far beyond the strikes that drew it a wing may be so steep that the
    # delta turns back. So walk out from the money until it is passed.
    step = _STRIDE * math.sqrt(middle)
    is_call_side = _call_delta(0.0, a, b, rho, m, s) > delta
    inner, outer = 0.0, 0.0
    for _ in range(int(_FARTHEST / _STRIDE)):
        outer = inner + (step if is_call_side else -step)
        found = _call_delta(outer, a, b, rho, m, s)
        if math.isnan(found):
            return math.nan
        if (found > delta) != is_call_side:
            break
        inner = outer
    if inner == outer:
        return math.nan
    for _ in range(50):
        k = 0.5 * (inner + outer)
        if (_call_delta(k, a, b, rho, m, s) > delta) == is_call_side:
            inner = k
        else:
            outer = k
    return 0.5 * (inner + outer)


@njit(cache=True, nogil=True)
def at_deltas(
    a: Floats, b: Floats, rho: Floats, m: Floats, s: Floats, t: Floats, delta: Floats
) -> Floats:
    """Return `at_delta` of each row, shape (n,)."""
    out = np.empty(t.size)
    for i in range(t.size):
        out[i] = at_delta(a[i], b[i], rho[i], m[i], s[i], t[i], delta[i])
    return out
