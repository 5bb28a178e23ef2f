"""Implied volatility in normal form: the width that gives an out-of-the-money price.

An option out of the money by `k = |ln(F / K)|` costs `c = price / min(F, K)`, undiscounted, at the
width `s = sigma sqrt(T)`, whichever side it is on: `c = N(d1) - exp(k) N(d1 - s)` with
`d1 = s / 2 - k / s`. `width` inverts that to the last bits.

How: a table gives the width to about 1e-5, a step of fourth order on the logarithm of the price
the rest. `c` is evaluated as `n(d1) D`; D is a difference of two Mills ratios where they differ
much, and where they do not, the integral of the ratio's slope by Taylor's series, in which
nothing cancels.

References
----------
Jaeckel (2015), "Let's be rational", Wilmott: the step and the logarithm as its objective.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from engine.kernels.mills import mills, mills_slope

_INV_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)
_LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)
_MAX_STEPS = 60

# The table: rows by sqrt(1 - ln(g / (g + k))), columns by g + k, where g = c / (1 - c).
_FIRST, _DEPTH_STEP, _DEPTHS = 1.0, 0.125, 203
_SIZE_STEP, _SIZES = 0.125, 36
_MAX_SIZE = _SIZE_STEP * (_SIZES - 2)
_MIN_PRICE = 1e-290
_SURE = 6e-5  # a step shorter than this share of the width is the last one
_LANES = 32
_TERMS = 11  # of the series, enough up to
_NARROW = 0.6  # half a width
_INVERSE = np.array([1.0] + [1.0 / (2 * j * (2 * j + 1)) for j in range(1, 12)])


@njit(cache=True, nogil=True, error_model="numpy")
def scaled_price(k: float, s: float) -> float:
    """Return c / n(d1), without loss of digits wherever c < 1/4.

    Parameters
    ----------
    k
        |ln(F / K)|.
    s
        Width, positive.
    """
    h = k / s
    t = 0.5 * s
    if t < _NARROW and k < 1.0:
        # 2 (t Y' + t^3 / 6 Y''' + ...) at -h, by Y^(n+1) = n Y^(n-1) - h Y^(n)
        ratio = mills(h)
        # near the money 1 - h mills(h) loses nothing
        odd = 1.0 - h * ratio if h < 0.5 else mills_slope(h)
        even = ratio - h * odd
        t2 = t * t
        term = 2.0 * t
        total = odd * term
        for j in range(1, _TERMS):
            n = 2.0 * j
            odd = n * odd - h * even
            even = (n + 1.0) * even - h * odd
            term *= t2 * _INVERSE[j]
            total += odd * term
        found: float = total
        return found
    if h >= t:
        found = mills(h - t) - mills(h + t)
        return found
    d1 = t - h
    found = math.exp(0.5 * d1 * d1) / _INV_SQRT_2PI - mills(d1) - mills(h + t)
    return found


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _moved(k: float, s: float, step: float, over: float) -> float:
    """Return s after a step of fourth order, where f / f' = -step and f' = 1 / over."""
    inv = 1.0 / s
    h2 = k * k * inv * inv * inv
    bend = h2 - 0.25 * s
    slope = 1.0 / over
    second = bend - slope
    third = bend * bend - 3.0 * h2 * inv - 0.25 - 3.0 * bend * slope + 2.0 * slope * slope
    return s + step * (1.0 + 0.5 * second * step) / (1.0 + step * (second + third * step / 6.0))


@njit(cache=True, nogil=True, error_model="numpy")
def _guarded(k: float, c: float) -> float:
    """Return the width by guarded steps from anywhere: far slower, never wrong."""
    is_high = c > 0.5
    target = math.log1p(-c) if is_high else math.log(c)
    low, high = 0.0, math.inf
    s = max(math.sqrt(2.0 * k), 0.1)
    if is_high:
        s = max(s, math.sqrt(-8.0 * target))
    elif c < 1e-3:
        s = max(k / math.sqrt(-2.0 * target), c / _INV_SQRT_2PI)
    for _ in range(_MAX_STEPS):
        d1 = 0.5 * s - k / s
        log_density = -0.5 * d1 * d1 - _LOG_SQRT_2PI
        if is_high:
            if d1 > 0.0:
                over = -(mills(d1) + mills(0.5 * s + k / s))
                value = log_density + math.log(-over)
            else:
                rest = 1.0 - math.exp(log_density) * scaled_price(k, s)
                over = -rest / math.exp(log_density)
                value = math.log(rest)
        else:
            over = scaled_price(k, s)
            value = log_density + math.log(over)
        step = (target - value) * over
        if step > 0.0:
            low = max(low, s)
        else:
            high = min(high, s)
        new = _moved(k, s, step, over)
        if not (new > low and new < high):
            new = s + step
        if not (new > low and new < high):
            new = 0.5 * (low + high) if high < math.inf else 2.0 * low
        change = abs(new - s)
        s = new
        if change <= 1e-5 * s:
            break
    return s


@njit(cache=True, nogil=True, error_model="numpy")
def _make_table() -> np.ndarray:
    """Return (g + k) / s on the grid."""
    table = np.empty((_DEPTHS, _SIZES))
    for i in range(_DEPTHS):
        depth = _FIRST + i * _DEPTH_STEP
        for j in range(_SIZES):
            size = max(j * _SIZE_STEP, 1e-6)
            share = math.exp(1.0 - depth * depth)
            g = share * size
            table[i, j] = size / _guarded(-size * math.expm1(1.0 - depth * depth), g / (1.0 + g))
    return table


_TABLE = _make_table()


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _guess(k: float, c: float) -> float:
    """Return a width from the table by cubic interpolation, or NaN outside it."""
    size = c / (1.0 - c) + k
    if not (size < _MAX_SIZE and c > _MIN_PRICE):
        return math.nan
    u = (math.sqrt(1.0 - math.log(c / (c + k * (1.0 - c)))) - _FIRST) * (1.0 / _DEPTH_STEP)
    v = size * (1.0 / _SIZE_STEP)
    i = min(max(int(u) - 1, 0), _DEPTHS - 4)
    j = min(max(int(v) - 1, 0), _SIZES - 4)
    u -= i
    v -= j
    u1, u2, u3 = u - 1.0, u - 2.0, u - 3.0
    v1, v2, v3 = v - 1.0, v - 2.0, v - 3.0
    a0, a1 = u1 * u2 * u3 * (-1.0 / 6.0), u * u2 * u3 * 0.5
    a2, a3 = u * u1 * u3 * -0.5, u * u1 * u2 * (1.0 / 6.0)
    b0, b1 = v1 * v2 * v3 * (-1.0 / 6.0), v * v2 * v3 * 0.5
    b2, b3 = v * v1 * v3 * -0.5, v * v1 * v2 * (1.0 / 6.0)
    y0 = (_TABLE[i, j] * b0 + _TABLE[i, j + 1] * b1) + (
        _TABLE[i, j + 2] * b2 + _TABLE[i, j + 3] * b3
    )
    y1 = (_TABLE[i + 1, j] * b0 + _TABLE[i + 1, j + 1] * b1) + (
        _TABLE[i + 1, j + 2] * b2 + _TABLE[i + 1, j + 3] * b3
    )
    y2 = (_TABLE[i + 2, j] * b0 + _TABLE[i + 2, j + 1] * b1) + (
        _TABLE[i + 2, j + 2] * b2 + _TABLE[i + 2, j + 3] * b3
    )
    y3 = (_TABLE[i + 3, j] * b0 + _TABLE[i + 3, j + 1] * b1) + (
        _TABLE[i + 3, j + 2] * b2 + _TABLE[i + 3, j + 3] * b3
    )
    found: float = size / ((y0 * a0 + y1 * a1) + (y2 * a2 + y3 * a3))
    return found


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _density(k: float, s: float) -> float:
    d1 = 0.5 * s - k / s
    return math.exp(-0.5 * d1 * d1) * _INV_SQRT_2PI


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _over(k: float, s: float, density: float) -> float:
    """Return c / n(d1) as precisely as c can be known."""
    d1 = 0.5 * s - k / s
    if d1 > 0.6:
        found: float = (1.0 - density * (mills(d1) + mills(0.5 * s + k / s))) / density
        return found
    found = scaled_price(k, s)
    return found


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _step(c: float, density: float, over: float) -> float:
    """Return ln(c / value) over its slope: Newton's step."""
    value = density * over
    gap = (c - value) / value
    if abs(gap) < 1e-3:
        log_gap = gap * (
            1.0 - gap * (0.5 - gap * (1.0 / 3.0 - gap * (0.25 - gap * (0.2 - gap / 6.0))))
        )
    else:
        log_gap = math.log(c / value)
    return log_gap * over


@njit(cache=True, nogil=True, error_model="numpy")
def width(k: float, c: float) -> float:
    """Return sigma sqrt(T) of an out-of-the-money price, or NaN where there is none.

    Parameters
    ----------
    k
        |ln(F / K)|, at least 0.
    c
        Undiscounted price over min(F, K): 0 < c < 1.
    """
    if not (c > 0.0 and c < 1.0 and k < math.inf):
        return math.nan
    if c <= _MIN_PRICE:
        found: float = _guarded(k, c)
        return found
    s = _guess(k, c)
    if math.isnan(s):
        s = _guarded(k, c)
        if c > 0.5:
            found = _polished(k, c, s)
            return found
    for _ in range(3):
        density = _density(k, s)
        over = _over(k, s, density)
        step = _step(c, density, over)
        new = _moved(k, s, step, over)
        if abs(step) < _SURE * s:
            found = new
            return found
        s = new
    found = s
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def widths(k: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return `width` of every row, to the same bits, in half the time.

    The work goes in stages over a few rows at a time, so that the processor has several rows to
    work on while one waits for a division.

    Parameters
    ----------
    k, c
        (n,) as `width`; a NaN gives NaN.
    """
    n = k.size
    out = np.empty(n)
    s, density, total = np.empty(_LANES), np.empty(_LANES), np.empty(_LANES)
    h, odd, even = np.empty(_LANES), np.empty(_LANES), np.empty(_LANES)
    term, square = np.empty(_LANES), np.empty(_LANES)
    for begin in range(0, n, _LANES):
        rows = min(_LANES, n - begin)
        for j in range(rows):
            s[j] = _guess(k[begin + j], c[begin + j])
        for j in range(rows):
            density[j] = _density(k[begin + j], s[j])
        # `scaled_price`'s series for all of them, in vector registers
        for j in range(rows):
            h[j] = k[begin + j] / s[j]
        for j in range(rows):
            ratio = mills(h[j])
            slope = mills_slope(h[j])
            odd[j] = 1.0 - h[j] * ratio if h[j] < 0.5 else slope
            even[j] = ratio - h[j] * odd[j]
        for j in range(rows):
            t = 0.5 * s[j]
            square[j] = t * t
            term[j] = 2.0 * t
            total[j] = odd[j] * term[j]
        for m in range(1, _TERMS):
            n2 = 2.0 * m
            for j in range(rows):
                odd[j] = n2 * odd[j] - h[j] * even[j]
                even[j] = (n2 + 1.0) * even[j] - h[j] * odd[j]
                term[j] *= square[j] * _INVERSE[m]
                total[j] += odd[j] * term[j]
        for j in range(rows):
            if not (0.5 * s[j] < _NARROW and k[begin + j] < 1.0):
                # NaN compares false: such a row is left to the last stage
                total[j] = _over(k[begin + j], s[j], density[j]) if s[j] > 0.0 else math.nan
        for j in range(rows):
            i = begin + j
            step = _step(c[i], density[j], total[j])
            if abs(step) < _SURE * s[j] and c[i] > _MIN_PRICE:
                out[i] = _moved(k[i], s[j], step, total[j])
            else:
                out[i] = width(k[i], c[i])
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def _polished(k: float, c: float, s: float) -> float:
    """Return s after one step on the logarithm of what the price lacks of its bound."""
    d1 = 0.5 * s - k / s
    if d1 <= 0.0:
        density = math.exp(-0.5 * d1 * d1) * _INV_SQRT_2PI
        found: float = _moved(k, s, (c / density - scaled_price(k, s)), scaled_price(k, s))
        return found
    over = mills(d1) + mills(0.5 * s + k / s)
    rest = math.exp(-0.5 * d1 * d1) * _INV_SQRT_2PI * over
    found = _moved(k, s, -math.log1p(((1.0 - c) - rest) / rest) * over, -over)
    return found
