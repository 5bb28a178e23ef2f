"""Variance estimators and spreads from the open, high, low and close of each bar.

Each function gives one number a bar; a window statistic averages them. Variances are per bar:
the caller annualises.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from engine.kernels.window import Floats

_LN2 = math.log(2.0)
_CS = 3.0 - 2.0 * math.sqrt(2.0)


@njit(cache=True, nogil=True)
def bar_variances(
    open_: Floats, high: Floats, low: Floats, close: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return the Parkinson, Garman-Klass and Rogers-Satchell variance of each bar.

    Parameters
    ----------
    open_, high, low, close
        Shape (n,); NaN where missing.

    Returns
    -------
    tuple of ndarray
        Three variances per bar, each of shape (n,).

    References
    ----------
    Parkinson (1980); Garman and Klass (1980), the form without drift and without the overnight
    term; Rogers and Satchell (1991).
    """
    n = close.shape[0]
    parkinson = np.full(n, np.nan)
    garman_klass = np.full(n, np.nan)
    rogers_satchell = np.full(n, np.nan)
    for t in range(n):
        up = np.log(high[t] / open_[t])
        down = np.log(low[t] / open_[t])
        move = np.log(close[t] / open_[t])
        spread = up - down
        parkinson[t] = spread * spread / (4.0 * _LN2)
        garman_klass[t] = 0.5 * spread * spread - (2.0 * _LN2 - 1.0) * move * move
        rogers_satchell[t] = up * (up - move) + down * (down - move)
    return parkinson, garman_klass, rogers_satchell


@njit(cache=True, nogil=True)
def corwin_schultz(high: Floats, low: Floats, close: Floats) -> Floats:
    """Return the high-low spread of each pair of bars, negative estimates set to 0.

    The second bar is moved back over the gap when it opened outside the close before it, as the
    authors do for overnight changes.

    Parameters
    ----------
    high, low, close
        Shape (n,); NaN where missing.

    Returns
    -------
    ndarray
        Spread as a fraction of price for (t - 1, t); shape (n,).

    References
    ----------
    Corwin and Schultz (2012), Journal of Finance 67, section I.
    """
    n = close.shape[0]
    out = np.full(n, np.nan)
    for t in range(1, n):
        top = high[t]
        bottom = low[t]
        before = close[t - 1]
        if np.isnan(top) or np.isnan(bottom) or np.isnan(before):
            continue
        shift = 0.0
        if before > top:
            shift = before - top
        elif before < bottom:
            shift = before - bottom
        top += shift
        bottom += shift
        now = np.log(top / bottom)
        last = np.log(high[t - 1] / low[t - 1])
        both = np.log(max(top, high[t - 1]) / min(bottom, low[t - 1]))
        beta = now * now + last * last
        alpha = (np.sqrt(2.0 * beta) - np.sqrt(beta)) / _CS - both / np.sqrt(_CS)
        spread = 2.0 * (np.exp(alpha) - 1.0) / (1.0 + np.exp(alpha))
        out[t] = max(spread, 0.0)
    return out


@njit(cache=True, nogil=True)
def abdi_ranaldo(high: Floats, low: Floats, close: Floats) -> Floats:
    """Return the close-high-low spread of each pair of bars, negative squares set to 0.

    sqrt(max(4 (c - m)(c - m_next), 0)) with c the log close of the first bar and m the middle of
    log high and log low of each: the two-day corrected form.

    Parameters
    ----------
    high, low, close
        Shape (n,); NaN where missing.

    Returns
    -------
    ndarray
        Spread as a fraction of price for (t - 1, t); shape (n,).

    References
    ----------
    Abdi and Ranaldo (2017), Review of Financial Studies 30.
    """
    n = close.shape[0]
    out = np.full(n, np.nan)
    for t in range(1, n):
        log_close = np.log(close[t - 1])
        middle = 0.5 * (np.log(high[t - 1]) + np.log(low[t - 1]))
        middle_next = 0.5 * (np.log(high[t]) + np.log(low[t]))
        square = 4.0 * (log_close - middle) * (log_close - middle_next)
        if not np.isnan(square):
            out[t] = np.sqrt(max(square, 0.0))
    return out
