"""Fuzzy entropy of a moving window: template matches by degree instead of yes or no."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.bits import bits_float, float_bits
from engine.kernels.sample_entropy import is_flat, population_std

Floats = NDArray[np.float64]

BATCH = 4  # templates whose pairs are worked on together
LANES = 8  # numbers of pairs are rounded up to whole vectors of this many

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
def _memberships(x: Floats, vectors: int) -> None:
    """Replace the first `vectors` x 8 values, none above 0, by their exponentials."""
    for k in range(vectors * LANES):
        x[k] = exp_negative(x[k])


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
    two_pairs = np.zeros(BATCH * size + LANES)
    three_pairs = np.zeros(BATCH * size + LANES)
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
            x0 = x[start + i] * unit
            x1 = x[start + i + 1] * unit
            x2 = x[start + i + 2] * unit
            mean = (x0 + x1 + x2) / 3.0
            step[i] = (x1 - x0) / 2.0
            first[i] = x0 - mean
            second[i] = x1 - mean
            third[i] = x2 - mean
        two_by_lag[:] = 0.0
        three_by_lag[:] = 0.0
        for begin in range(0, size - 1, BATCH):
            end = min(begin + BATCH, size - 1)
            pairs = 0
            for i in range(begin, end):
                later = size - i - 1
                s0 = step[i]
                steps = step[i + 1 :]
                near = two_pairs[pairs : pairs + later]
                for k in range(later):
                    distance = s0 - steps[k]
                    near[k] = -STEEPNESS * (distance * distance)
                a0 = first[i]
                b0 = second[i]
                c0 = third[i]
                a = first[i + 1 :]
                b = second[i + 1 :]
                c = third[i + 1 :]
                far = three_pairs[pairs : pairs + later]
                for k in range(later):
                    distance = max(abs(a0 - a[k]), max(abs(b0 - b[k]), abs(c0 - c[k])))
                    far[k] = -STEEPNESS * (distance * distance)
                pairs += later
            # What fills the last vector is not read again.
            vectors = (pairs + LANES - 1) // LANES
            two_pairs[pairs : vectors * LANES] = 0.0
            three_pairs[pairs : vectors * LANES] = 0.0
            _memberships(two_pairs, vectors)
            _memberships(three_pairs, vectors)
            pairs = 0
            for i in range(begin, end):
                later = size - i - 1
                near = two_pairs[pairs : pairs + later]
                for k in range(later):
                    two_by_lag[k] += near[k]
                far = three_pairs[pairs : pairs + later]
                for k in range(later):
                    three_by_lag[k] += far[k]
                pairs += later
        two = 0.0
        three = 0.0
        for k in range(size - 1):
            two += two_by_lag[k]
            three += three_by_lag[k]
        if two > 0.0 and three > 0.0:
            out[t] = np.log(two / three)
    return out
