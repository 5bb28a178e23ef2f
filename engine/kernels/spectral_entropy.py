"""Entropies of a moving window's linear structure: its spectrum and its singular values."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.sample_entropy import is_flat

Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)
def spectral_entropy(x: Floats, window: int) -> Floats:
    """Return the entropy of each window's periodogram, from 0 to 1.

    The mean is taken off; the one-sided power at frequencies 0, 1/n, ... up to 1/2 is divided by
    its sum, and the entropy by the logarithm of the number of frequencies (the zero frequency,
    empty after the mean is taken off, included).

    The transform is the plain sum, folded at the middle of the window: windows are short, any
    length will do, and the additions keep their order.

    Parameters
    ----------
    x
        Series, shape (n,); NaN where missing.
    window
        Values in a window.

    Returns
    -------
    ndarray
        Shape (n,). NaN where a value is missing or the window is flat.

    References
    ----------
    Inouye et al. (1991), "Quantification of EEG irregularity by use of the entropy of the power
    spectrum", Electroencephalogr. Clin. Neurophysiol. 79.
    """
    n = x.size
    out = np.full(n, np.nan)
    tops = window // 2  # frequencies without zero
    half = (window - 1) // 2  # pairs (j, window - j)
    cosines = np.empty((half, tops))
    sines = np.empty((half, tops))
    middle = np.zeros(tops)
    for k in range(tops):
        for j in range(half):
            # The angle is reduced in integers, so that no precision is lost to large multiples.
            angle = 2.0 * np.pi * (((j + 1) * (k + 1)) % window) / window
            cosines[j, k] = np.cos(angle)
            sines[j, k] = np.sin(angle)
        middle[k] = 1.0 if k % 2 == 1 else -1.0
    real = np.empty(tops)
    imaginary = np.empty(tops)
    most = np.log2(tops + 1)
    run = 0
    for t in range(n):
        if not np.isfinite(x[t]):
            run = 0
            continue
        run += 1
        if run < window:
            continue
        start = t - window + 1
        mean = 0.0
        lowest = x[start]
        highest = x[start]
        for i in range(start, t + 1):
            mean += x[i]
            lowest = min(lowest, x[i])
            highest = max(highest, x[i])
        if is_flat(lowest, highest):
            continue
        mean /= window
        first = x[start] - mean
        for k in range(tops):
            real[k] = first
            imaginary[k] = 0.0
        if window % 2 == 0:
            centre = x[start + tops] - mean
            for k in range(tops):
                real[k] += centre * middle[k]
        for j in range(half):
            a = x[start + 1 + j] - mean
            b = x[t - j] - mean
            even = a + b
            odd = a - b
            for k in range(tops):
                real[k] += even * cosines[j, k]
                imaginary[k] += odd * sines[j, k]
        total = 0.0
        for k in range(tops):
            power = real[k] * real[k] + imaginary[k] * imaginary[k]
            if not (window % 2 == 0 and k == tops - 1):
                power *= 2.0  # both signs of the frequency
            real[k] = power
            total += power
        entropy = 0.0
        for k in range(tops):
            share = real[k] / total
            if share > 0.0:
                entropy -= share * np.log2(share)
        out[t] = min(max(entropy / most, 0.0), 1.0)
    return out


@njit(cache=True, nogil=True)
def _rotate(a: Floats, rows: int, p: int, q: int) -> bool:
    """Make columns p and q orthogonal, one Jacobi rotation; return whether they were not."""
    pp = 0.0
    qq = 0.0
    pq = 0.0
    for i in range(rows):
        pp += a[i, p] * a[i, p]
        qq += a[i, q] * a[i, q]
        pq += a[i, p] * a[i, q]
    if abs(pq) <= 1e-15 * np.sqrt(pp * qq):
        return False
    zeta = (qq - pp) / (2.0 * pq)
    tangent = 1.0 / (abs(zeta) + np.sqrt(1.0 + zeta * zeta))
    if zeta < 0.0:
        tangent = -tangent
    cosine = 1.0 / np.sqrt(1.0 + tangent * tangent)
    sine = cosine * tangent
    for i in range(rows):
        left = a[i, p]
        right = a[i, q]
        a[i, p] = cosine * left - sine * right
        a[i, q] = sine * left + cosine * right
    return True


@njit(cache=True, nogil=True)
def svd_entropy(x: Floats, window: int, order: int) -> Floats:
    """Return the entropy of the singular values of each window's delay embedding, from 0 to 1.

    Rows of the embedding are `order` consecutive values (the mean is kept); the singular values
    are divided by their sum and the entropy by log2(order). They come from Householder's
    triangle by one-sided Jacobi rotations: small ones are as exact as large ones.

    Parameters
    ----------
    x
        Series, shape (n,); NaN where missing.
    window
        Values in a window.
    order
        Values in a row.

    Returns
    -------
    ndarray
        Shape (n,). NaN where a value is missing or all are zero; 0 for a constant that is not.

    References
    ----------
    Roberts, Penny and Rezek (1999), "Temporal and spatial complexity measures for
    electroencephalogram based brain-computer interfacing", Med. Biol. Eng. Comput. 37.
    """
    n = x.size
    out = np.full(n, np.nan)
    rows = window - order + 1
    a = np.empty((order, rows))  # one row per column of the embedding
    triangle = np.empty((order, order))
    values = np.empty(order)
    most = np.log2(order)
    run = 0
    for t in range(n):
        if not np.isfinite(x[t]):
            run = 0
            continue
        run += 1
        if run < window:
            continue
        start = t - window + 1
        largest = 0.0
        for i in range(start, t + 1):
            largest = max(largest, abs(x[i]))
        if largest == 0.0:
            continue
        for c in range(order):
            for i in range(rows):
                a[c, i] = x[start + c + i] / largest
        triangle[:] = 0.0
        for c in range(order):
            squares = 0.0
            for i in range(c, rows):
                squares += a[c, i] * a[c, i]
            norm = np.sqrt(squares)
            if norm == 0.0:
                for d in range(c, order):
                    triangle[c, d] = a[d, c]
                continue
            head = -norm if a[c, c] > 0.0 else norm
            a[c, c] -= head
            reflector = squares - head * (a[c, c] + head)  # half of the reflector's square
            triangle[c, c] = head
            for d in range(c + 1, order):
                product = 0.0
                for i in range(c, rows):
                    product += a[c, i] * a[d, i]
                product /= reflector
                for i in range(c, rows):
                    a[d, i] -= product * a[c, i]
                triangle[c, d] = a[d, c]
        for _ in range(30):
            turned = False
            for p in range(order - 1):
                for q in range(p + 1, order):
                    if _rotate(triangle, order, p, q):
                        turned = True
            if not turned:
                break
        total = 0.0
        for c in range(order):
            squares = 0.0
            for i in range(order):
                squares += triangle[i, c] * triangle[i, c]
            values[c] = np.sqrt(squares)
            total += values[c]
        entropy = 0.0
        for c in range(order):
            share = values[c] / total
            if share > 0.0:
                entropy -= share * np.log2(share)
        out[t] = min(max(entropy / most, 0.0), 1.0)
    return out
