"""Fuzzy entropy of a moving window: template matches by degree instead of yes or no."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.bits import bits_float, float_bits
from engine.kernels.sample_entropy import is_flat, population_std

Floats = NDArray[np.float64]

STEEPNESS = 5.0  # 1 / r in exp(-d^2 / r): r = 0.2, d in standard deviations

_LOG2_E = 1.4426950408889634
_LN2_HIGH = 6.93147180369123816490e-01  # ends in zeros: its product with a small integer is exact
_LN2_LOW = 1.90821492927058770002e-10
_ROUND = 6755399441055744.0  # 1.5 x 2^52: adding it leaves the nearest integer in the low bits


@njit(cache=True, nogil=True)
def exp_negative(x: float) -> float:
    """Return exp(x) for x <= 0 to a relative 1e-15, in arithmetic that a loop can vectorise.

    x = k ln 2 + r, |r| <= ln(2) / 2; the series of exp(r) to its 13th power, times 2^k. Below
    -700 the value at -700 (1e-304) stands for less.
    """
    x = max(x, -700.0)
    shifted = x * _LOG2_E + _ROUND
    k = shifted - _ROUND
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    p = 1.0 / 6227020800.0
    p = p * r + 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    power: float = bits_float((float_bits(shifted) + 1023) << 52)
    return p * power


@njit(cache=True, nogil=True)
def fuzzy_entropy(x: Floats, window: int) -> Floats:
    """Return the fuzzy entropy of each window, m = 2, membership exp(-d^2 / 0.2).

    ln(phi(2) / phi(3)), where phi(m) is the mean over pairs of distinct templates of the
    membership of their distance d: the largest difference of their values after each template's
    own mean is taken off, in standard deviations of the window. Both use the first n - 2
    templates.

    Parameters
    ----------
    x
        Series, shape (n,); NaN where missing.
    window
        Values in a window, at least 4.

    Returns
    -------
    ndarray
        Nats, shape (n,). NaN where a value is missing or the window is flat.

    References
    ----------
    Chen, Wang, Xie and Yu (2007), "Characterization of surface EMG signal based on fuzzy
    entropy", IEEE Trans. Neural Syst. Rehabil. Eng. 15.
    """
    n = x.size
    out = np.full(n, np.nan)
    size = window - 2
    step = np.empty(size)  # the centred pair is (-step, step)
    first = np.empty(size)  # the centred triple
    second = np.empty(size)
    third = np.empty(size)
    two_by_lag = np.empty(size)  # memberships summed by the distance in time of the pair
    three_by_lag = np.empty(size)
    run = 0
    for t in range(n):
        if not np.isfinite(x[t]):
            run = 0
            continue
        run += 1
        if run < window:
            continue
        start = t - window + 1
        lowest = x[start]
        highest = x[start]
        for i in range(start + 1, t + 1):
            lowest = min(lowest, x[i])
            highest = max(highest, x[i])
        if is_flat(lowest, highest):
            continue
        unit = 1.0 / population_std(x, start, window)
        for i in range(size):
            a = x[start + i] * unit
            b = x[start + i + 1] * unit
            c = x[start + i + 2] * unit
            mean = (a + b + c) / 3.0
            step[i] = (b - a) / 2.0
            first[i] = a - mean
            second[i] = b - mean
            third[i] = c - mean
        two_by_lag[:] = 0.0
        three_by_lag[:] = 0.0
        for i in range(size - 1):
            s0 = step[i]
            a0 = first[i]
            b0 = second[i]
            c0 = third[i]
            for k in range(size - i - 1):
                near = s0 - step[i + 1 + k]
                far = max(
                    abs(a0 - first[i + 1 + k]),
                    max(abs(b0 - second[i + 1 + k]), abs(c0 - third[i + 1 + k])),
                )
                two_by_lag[k] += exp_negative(-STEEPNESS * (near * near))
                three_by_lag[k] += exp_negative(-STEEPNESS * (far * far))
        two = 0.0
        three = 0.0
        for k in range(size - 1):
            two += two_by_lag[k]
            three += three_by_lag[k]
        if two > 0.0 and three > 0.0:
            out[t] = np.log(two / three)
    return out
