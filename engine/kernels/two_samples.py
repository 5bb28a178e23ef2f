"""Distances between the last values of a series and those before them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.sorted_window import replace

Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)
def _distances(a: Floats, b: Floats) -> tuple[float, float]:
    """Return the largest and the integrated distance of two sorted samples' distributions."""
    na = a.size
    nb = b.size
    i = 0
    j = 0
    largest = 0.0
    area = 0.0
    before = min(a[0], b[0])
    while i < na or j < nb:
        value = a[i] if j >= nb or (i < na and a[i] <= b[j]) else b[j]
        area += abs(i / na - j / nb) * (value - before)
        while i < na and a[i] == value:
            i += 1
        while j < nb and b[j] == value:
            j += 1
        largest = max(largest, abs(i / na - j / nb))
        before = value
    return largest, area


@njit(cache=True, nogil=True)
def recent_against_prior(x: Floats, recent: int, prior: int) -> tuple[Floats, Floats]:
    """Compare the last `recent` values with the `prior` ones before them.

    Parameters
    ----------
    x
        Series, float64 (n,); NaN where missing.
    recent, prior
        Sizes of the two samples, in bars.

    Returns
    -------
    tuple of ndarray
        Kolmogorov-Smirnov distance, from 0 to 1, and Wasserstein distance of order 1, in the
        units of x; each of shape (n,). NaN where a value is missing.
    """
    n = x.size
    largest = np.full(n, np.nan)
    area = np.full(n, np.nan)
    both = recent + prior
    if n < both:
        return largest, area
    a = np.empty(recent)
    b = np.empty(prior)
    run = 0
    for t in range(n):
        if not np.isfinite(x[t]):
            run = 0
            continue
        run += 1
        if run < both:
            continue
        if run == both:
            a[:] = np.sort(x[t - recent + 1 : t + 1])
            b[:] = np.sort(x[t - both + 1 : t - recent + 1])
        else:
            replace(a, recent, x[t - recent], x[t])
            replace(b, prior, x[t - both], x[t - recent])
        largest[t], area[t] = _distances(a, b)
    return largest, area
