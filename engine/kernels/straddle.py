"""What a straddle struck at the forward costs."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SCALE = 1.0 / (2.0 * math.sqrt(2.0))


@njit(cache=True, nogil=True)
def straddle(iv: Floats, t: float) -> Floats:
    """Return the price of call and put struck at the forward, over the forward, undiscounted.

    Black's formula: 2 (2 N(sigma sqrt(t) / 2) - 1), about 0.8 sigma sqrt(t).

    Parameters
    ----------
    iv
        Annual volatility, shape (n,).
    t
        Years to expiry.

    References
    ----------
    Brenner and Subrahmanyam 1988.
    """
    out = np.empty(iv.size)
    for i in range(iv.size):
        out[i] = 2.0 * math.erf(iv[i] * math.sqrt(t) * _SCALE)
    return out
