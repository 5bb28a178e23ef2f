"""Runs of one sign: how many, how long, and how likely the present one is to end."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MIN_RUNS = 10  # complete runs for a shape


@njit(cache=True, nogil=True)
def weibull_shape(counts: Ints, logs: Floats) -> float:
    """Return the maximum-likelihood shape of a Weibull law for lengths 1, 2, ...

    Parameters
    ----------
    counts
        How often each length occurs; `counts[k]` for length k, shape (n,).
    logs
        ln k, shape (n,); `logs[0]` is not read.

    Returns
    -------
    float
        NaN with fewer than 10 lengths, or when all are the same.
    """
    total = 0
    kinds = 0
    longest = 0
    mean = 0.0
    for k in range(1, counts.size):
        if counts[k] > 0:
            total += counts[k]
            kinds += 1
            longest = k
            mean += counts[k] * logs[k]
    if total < MIN_RUNS or kinds < 2:
        return np.nan
    mean /= total
    shape = 1.0
    for _ in range(100):
        # The score rises with the shape, so that Newton's steps from a positive start stay safe.
        a = 0.0
        b = 0.0
        c = 0.0
        for k in range(1, longest + 1):
            if counts[k] > 0:
                power = counts[k] * np.exp(shape * (logs[k] - logs[longest]))
                a += power
                b += power * logs[k]
                c += power * logs[k] * logs[k]
        score = b / a - 1.0 / shape - mean
        slope = c / a - (b / a) * (b / a) + 1.0 / (shape * shape)
        after = shape - score / slope
        if after <= 0.0:
            after = 0.5 * shape
        if abs(after - shape) <= 1e-12 * shape:
            return after
        shape = after
    return np.nan


@njit(cache=True, nogil=True)
def run_statistics(codes: Floats, window: int, with_shape: bool) -> tuple[Floats, Floats, Floats]:
    """Return mean length, Weibull shape and hazard of the runs in every window.

    Parameters
    ----------
    codes
        Shape (n,); NaN where missing.
    window
        Window in bars.
    with_shape
        Whether shape and hazard are wanted.

    Returns
    -------
    tuple of ndarray
        Window over its number of runs; Weibull shape of the lengths of its complete runs (the
        first and the present one are cut); and the probability that the present run ends with
        this bar, from the complete runs that came as far: (ended here + 1) / (came here + 2).
        Each of shape (n,); NaN where a code is missing.
    """
    n = codes.size
    mean = np.full(n, np.nan)
    shape = np.full(n, np.nan)
    hazard = np.full(n, np.nan)
    counts = np.zeros(window + 1, dtype=np.int64)
    logs = np.zeros(window + 1)
    for k in range(1, window + 1):
        logs[k] = np.log(k)
    clean = 0
    for t in range(n):
        clean = 0 if np.isnan(codes[t]) else clean + 1
        if clean < window:
            continue
        runs = 1
        length = 1
        longest = 0
        first = t - window + 1
        for i in range(first + 1, t + 1):
            if codes[i] == codes[i - 1]:
                length += 1
                continue
            if with_shape and runs > 1:
                counts[length] += 1
                longest = max(longest, length)
            runs += 1
            length = 1
        mean[t] = window / runs
        if not with_shape:
            continue
        shape[t] = weibull_shape(counts[: longest + 1], logs)
        came = 0
        for k in range(length, longest + 1):
            came += counts[k]
        hazard[t] = (counts[length] + 1.0) / (came + 2.0)
        for k in range(longest + 1):
            counts[k] = 0
    return mean, shape, hazard
