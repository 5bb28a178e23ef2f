"""Eigenvalues of small symmetric matrices, by rotations in a fixed order.

A library routine may round differently with the machine's threads and vector units. These loops
do the same operations in the same order for the same matrix, so results are equal bit for bit.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.window import Floats

_SWEEPS = 40
_TINY = 1e-15  # off-diagonal weight, in units of the whole, at which the matrix is diagonal


@njit(cache=True, nogil=True)
def symmetric_eigen(matrix: Floats) -> tuple[Floats, Floats]:
    """Return eigenvalues, the largest first, and their unit vectors as rows.

    Parameters
    ----------
    matrix
        Symmetric, shape (k, k).

    Returns
    -------
    tuple of ndarray
        Shapes (k,) and (k, k).

    References
    ----------
    Jacobi 1846; the cyclic form of Golub and Van Loan, Matrix Computations, section 8.5.
    """
    k = matrix.shape[0]
    a = matrix.copy()
    vectors = np.eye(k)
    whole = 0.0
    for i in range(k):
        for j in range(k):
            whole += a[i, j] * a[i, j]
    for _ in range(_SWEEPS):
        off = 0.0
        for i in range(k):
            for j in range(i + 1, k):
                off += 2.0 * a[i, j] * a[i, j]
        if off <= _TINY * _TINY * whole:
            break
        for p in range(k - 1):
            for q in range(p + 1, k):
                if a[p, q] == 0.0:
                    continue
                theta = (a[q, q] - a[p, p]) / (2.0 * a[p, q])
                tangent = 1.0 / (abs(theta) + np.sqrt(theta * theta + 1.0))
                if theta < 0.0:
                    tangent = -tangent
                cosine = 1.0 / np.sqrt(tangent * tangent + 1.0)
                sine = tangent * cosine
                change = tangent * a[p, q]
                a[p, p] -= change
                a[q, q] += change
                a[p, q] = 0.0
                a[q, p] = 0.0
                for i in range(k):
                    if i != p and i != q:
                        left = a[p, i]
                        right = a[q, i]
                        a[p, i] = cosine * left - sine * right
                        a[q, i] = sine * left + cosine * right
                        a[i, p] = a[p, i]
                        a[i, q] = a[q, i]
                    left = vectors[p, i]
                    right = vectors[q, i]
                    vectors[p, i] = cosine * left - sine * right
                    vectors[q, i] = sine * left + cosine * right
    values = np.empty(k)
    for i in range(k):
        values[i] = a[i, i]
    order = np.argsort(-values, kind="mergesort")
    return values[order], vectors[order]
