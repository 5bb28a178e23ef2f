"""The autoregressive conditional duration model of order (1, 1): likelihood and forward filter.

psi[i + 1] = omega + alpha x[i] + beta psi[i] is the duration to be expected after i.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.wilder import START_WEIGHT

Floats = NDArray[np.float64]

_LOG_WEIGHT = math.log(START_WEIGHT)


@njit(cache=True, nogil=True)
def adjusted_durations(shares: Floats, pace: Floats, window: int) -> Floats:
    """Return durations over what they have usually been at their place in the session.

    Parameters
    ----------
    shares
        Each session's durations as parts of its length, shape (bars, n); NaN where missing.
    pace
        What a session's durations are multiplied by for the usual volume, shape (n,).
    window
        Sessions before a session that say what is usual.

    Returns
    -------
    ndarray
        Shape (n, bars); a row is NaN as a whole where one of its inputs is missing.
    """
    bars, n = shares.shape
    out = np.full((n, bars), np.nan)
    run = 0  # complete sessions in a row before this one
    usual = np.empty(bars)
    for t in range(n):
        complete = True
        for k in range(bars):
            complete = complete and shares[k, t] > 0.0
        if complete and run >= window and pace[t] > 0.0:
            for k in range(bars):
                acc = 0.0
                for i in range(t - window, t):
                    acc += shares[k, i]
                usual[k] = acc / window
            for k in range(bars):
                out[t, k] = shares[k, t] / usual[k] * pace[t]
        run = run + 1 if complete else 0
    return out


@njit(cache=True, nogil=True)
def likelihood(x: Floats, omega: float, alpha: float, beta: float) -> Floats:
    """Return the mean of ln psi + x / psi and its derivatives; started at the mean of x.

    Parameters
    ----------
    x
        Durations, shape (n,).
    omega, alpha, beta
        Parameters.

    Returns
    -------
    ndarray
        Shape (4,): the negative exponential log-likelihood a duration, and its derivatives with
        respect to omega, alpha and beta.

    References
    ----------
    Engle and Russell (1998).
    """
    n = x.size
    out = np.zeros(4)
    psi = x.sum() / n
    d_omega = 0.0
    d_alpha = 0.0
    d_beta = 0.0
    for i in range(n):
        ratio = x[i] / psi
        out[0] += np.log(psi) + ratio
        weight = (1.0 - ratio) / psi
        out[1] += weight * d_omega
        out[2] += weight * d_alpha
        out[3] += weight * d_beta
        d_omega = 1.0 + beta * d_omega
        d_alpha = x[i] + beta * d_alpha
        d_beta = psi + beta * d_beta
        psi = omega + alpha * x[i] + beta * psi
    return out / n


@njit(cache=True, nogil=True)
def expected_duration(
    x: Floats,
    omega: Floats,
    alpha: Floats,
    beta: Floats,
    lookback: int,
    min_obs: int,
) -> tuple[Floats, Floats]:
    """Return the expected next duration, and how the session's compare with what was expected.

    Run over the last existing sessions until the start's weight beta^k has fallen to 1e-6, at
    most `lookback` of them, and started at the mean of their durations.

    Parameters
    ----------
    x
        Adjusted durations, a row a session, shape (n, bars); NaN where missing.
    omega, alpha, beta
        Parameters in force at each row, shape (n,).
    lookback, min_obs
        Existing sessions that a row may and must have.

    Returns
    -------
    tuple of ndarray
        Forecast after the session's last bar, and mean of x / psi over its bars; each of shape
        (n,). NaN where the session or its parameters are.
    """
    n, bars = x.shape
    forecast = np.full(n, np.nan)
    residual = np.full(n, np.nan)
    rows = np.empty(n, dtype=np.int64)
    count = 0
    for t in range(n):
        if np.isnan(x[t, 0]):
            continue
        rows[count] = t
        count += 1
        if count < min_obs or np.isnan(omega[t] + alpha[t] + beta[t]):
            continue
        steps = lookback
        if beta[t] <= 0.0:
            steps = 2
        elif beta[t] < 1.0:
            needed = int(np.ceil(_LOG_WEIGHT / np.log(beta[t]) / bars)) + 1
            steps = min(lookback, max(needed, 2))
        start = max(0, count - steps)
        psi = 0.0
        for i in range(start, count):
            for k in range(bars):
                psi += x[rows[i], k]
        psi /= (count - start) * bars
        for i in range(start, count - 1):
            for k in range(bars):
                psi = omega[t] + alpha[t] * x[rows[i], k] + beta[t] * psi
        ratios = 0.0
        for k in range(bars):
            ratios += x[t, k] / psi
            psi = omega[t] + alpha[t] * x[t, k] + beta[t] * psi
        forecast[t] = psi
        residual[t] = ratios / bars
    return forecast, residual
