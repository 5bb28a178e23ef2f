"""GARCH(1,1) and GJR(1,1,1) as a filter with given parameters."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from engine.kernels.wilder import START_WEIGHT
from engine.kernels.window import Floats

_LOG_WEIGHT = math.log(START_WEIGHT)


@njit(cache=True, nogil=True)
def forecast_variance(
    r: Floats,
    omega: Floats,
    alpha: Floats,
    gamma: Floats,
    beta: Floats,
    lookback: int,
    min_obs: int,
) -> Floats:
    """Return the variance forecast for the next bar, with each row's own parameters.

    v[t+1] = omega + (alpha + gamma 1{r[t] < 0}) r[t]^2 + beta v[t], run over the last existing
    returns until the start's weight beta^k has fallen to 1e-6, at most `lookback` of them, and
    started at their mean square.

    Parameters
    ----------
    r
        Returns, shape (n,); NaN where missing.
    omega, alpha, gamma, beta
        Parameters in force at each row, in the units of r squared; shape (n,).
    lookback, min_obs
        Existing returns that a row may and must have.

    Returns
    -------
    ndarray
        Variance per bar, shape (n,); NaN where r or the parameters are.

    References
    ----------
    Bollerslev (1986); Glosten, Jagannathan and Runkle (1993).
    """
    n = r.shape[0]
    out = np.full(n, np.nan)
    values = np.empty(n)
    count = 0
    for t in range(n):
        if np.isnan(r[t]):
            continue
        values[count] = r[t]
        count += 1
        if count < min_obs or np.isnan(omega[t] + alpha[t] + gamma[t] + beta[t]):
            continue
        steps = lookback
        if beta[t] <= 0.0:
            steps = min_obs
        elif beta[t] < 1.0:
            steps = min(lookback, max(min_obs, int(np.ceil(_LOG_WEIGHT / np.log(beta[t])))))
        start = max(0, count - steps)
        variance = 0.0
        for i in range(start, count):
            variance += values[i] * values[i]
        variance /= count - start
        for i in range(start, count):
            weight = alpha[t]
            if values[i] < 0.0:
                weight += gamma[t]
            variance = omega[t] + weight * values[i] * values[i] + beta[t] * variance
        out[t] = variance
    return out
