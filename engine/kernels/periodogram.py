"""The spectrum of a moving window: where its power lies."""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.sample_entropy import is_flat
from engine.kernels.window import Floats, _clean_from


@njit(cache=True, nogil=True)
def dominant_period(x: Floats, window: int, slow: float) -> tuple[Floats, Floats]:
    """Return the period with the most power in each window, and the share of slow power.

    The window less its mean, times a Hann taper, transformed; power at the frequencies 1/n,
    2/n, ... up to 1/2, both signs counted. The plain sum: any length will do, and the additions
    keep their order.

    Parameters
    ----------
    x
        Shape (n,); NaN where missing.
    window
        Values in a window.
    slow
        Periods above this many bars are slow.

    Returns
    -------
    tuple of ndarray
        Bars and share, each of shape (n,); NaN where a value is missing or the window is flat.
        Of equal powers the longer period counts.
    """
    n = x.shape[0]
    period = np.full(n, np.nan)
    share = np.full(n, np.nan)
    clean = _clean_from(x, window)
    tops = window // 2
    cosines = np.empty((window, tops))
    sines = np.empty((window, tops))
    taper = np.empty(window)
    for j in range(window):
        taper[j] = 0.5 - 0.5 * np.cos(2.0 * np.pi * j / window)
        for k in range(tops):
            # The angle is reduced in integers, so that no precision is lost to large multiples.
            angle = 2.0 * np.pi * ((j * (k + 1)) % window) / window
            cosines[j, k] = np.cos(angle)
            sines[j, k] = np.sin(angle)
    half = (window - 1) // 2  # pairs (j, window - j); the taper is 0 at j = 0, symmetric else
    real = np.empty(tops)
    imaginary = np.empty(tops)
    for t in range(window - 1, n):
        if not clean[t]:
            continue
        start = t - window + 1
        mean = 0.0
        low = x[start]
        high = x[start]
        for i in range(start, t + 1):
            mean += x[i]
            low = min(low, x[i])
            high = max(high, x[i])
        if is_flat(low, high):
            continue
        mean /= window
        real[:] = 0.0
        imaginary[:] = 0.0
        if window % 2 == 0:
            centre = (x[start + tops] - mean) * taper[tops]
            for k in range(tops):
                real[k] += centre * cosines[tops, k]
        for j in range(1, half + 1):
            a = x[start + j] - mean
            b = x[start + window - j] - mean
            even = (a + b) * taper[j]
            odd = (a - b) * taper[j]
            for k in range(tops):
                real[k] += even * cosines[j, k]
                imaginary[k] += odd * sines[j, k]
        total = 0.0
        slowly = 0.0
        best = 0
        most = -1.0
        for k in range(tops):
            power = real[k] * real[k] + imaginary[k] * imaginary[k]
            if window % 2 == 0 and k == tops - 1:
                power *= 0.5  # the highest frequency has one sign
            total += power
            if window > slow * (k + 1):
                slowly += power
            if power > most:
                most = power
                best = k
        if total > 0.0:
            period[t] = window / (best + 1.0)
            share[t] = slowly / total
    return period, share
