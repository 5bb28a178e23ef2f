"""Whether a window of a path returns to a level: its AR(1), Dickey-Fuller and KPSS statistics."""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.sample_entropy import is_flat
from engine.kernels.window import Floats, _clean_from


@njit(cache=True, nogil=True)
def _moves(x: Floats, start: int, window: int) -> bool:
    low = x[start]
    high = x[start]
    for i in range(start + 1, start + window):
        low = min(low, x[i])
        high = max(high, x[i])
    return not is_flat(low, high)


@njit(cache=True, nogil=True)
def autoregression(x: Floats, window: int) -> tuple[Floats, Floats]:
    """Return the slope of each value on the one before, less 1, and its t-statistic.

    x[i] - x[i - 1] = a + b x[i - 1] + e by least squares over the window's `window - 1` pairs:
    b, and b over its standard error (the Dickey-Fuller statistic with a constant and no lags).

    Parameters
    ----------
    x
        A path (log price), shape (n,); NaN where missing.
    window
        Values in a window, at least 4.

    Returns
    -------
    tuple of ndarray
        b and t, each of shape (n,). NaN where a value is missing or the window is flat; t is NaN
        also where the line leaves nothing but rounding.

    References
    ----------
    Dickey and Fuller (1979), "Distribution of the estimators for autoregressive time series with
    a unit root", J. Am. Stat. Assoc. 74.
    """
    n = x.shape[0]
    slope = np.full(n, np.nan)
    t_stat = np.full(n, np.nan)
    clean = _clean_from(x, window)
    pairs = window - 1
    level = np.empty(pairs)
    step = np.empty(pairs)
    for t in range(window - 1, n):
        start = t - window + 1
        if not clean[t] or not _moves(x, start, window):
            continue
        mean = 0.0
        drift = 0.0
        for i in range(pairs):
            level[i] = x[start + i] - x[start]
            step[i] = x[start + i + 1] - x[start + i]
            mean += level[i]
            drift += step[i]
        mean /= pairs
        drift /= pairs
        sxx = 0.0
        sxy = 0.0
        syy = 0.0
        for i in range(pairs):
            level[i] -= mean
            step[i] -= drift
            sxx += level[i] * level[i]
            sxy += level[i] * step[i]
            syy += step[i] * step[i]
        if not sxx > 0.0:
            continue  # only the last value moved: there is nothing to regress on
        b = sxy / sxx
        rest = 0.0
        for i in range(pairs):
            e = step[i] - b * level[i]
            rest += e * e
        slope[t] = b
        if rest > 1e-12 * syy:
            t_stat[t] = b / np.sqrt(rest / (pairs - 2) / sxx)
    return slope, t_stat


@njit(cache=True, nogil=True)
def log_half_life(slope: Floats, shortest: float, longest: float) -> Floats:
    """Return ln of the bars in which an AR(1) of slope 1 + b loses half of a deviation.

    ln(-ln 2 / ln(1 + b)), held between `shortest` and `longest`: a path that does not return has
    the longest, one that overshoots within a bar the shortest.
    """
    n = slope.shape[0]
    out = np.full(n, np.nan)
    for t in range(n):
        if np.isnan(slope[t]):
            continue
        if slope[t] >= 0.0:
            out[t] = np.log(longest)
        elif slope[t] <= -1.0:
            out[t] = np.log(shortest)
        else:
            life = -np.log(2.0) / np.log1p(slope[t])
            out[t] = np.log(min(max(life, shortest), longest))
    return out


@njit(cache=True, nogil=True)
def kpss(x: Floats, window: int, lags: int) -> Floats:
    """Return the statistic of Kwiatkowski et al. for a level: large where the window wanders.

    The mean square of the running sum of deviations from the mean, over n times their long-run
    variance (Bartlett weights, `lags` lags).

    Parameters
    ----------
    x
        A path (log price), shape (n,); NaN where missing.
    window
        Values in a window.
    lags
        Lags of the long-run variance.

    Returns
    -------
    ndarray
        Shape (n,); NaN where a value is missing or the window is flat.

    References
    ----------
    Kwiatkowski, Phillips, Schmidt and Shin (1992), "Testing the null hypothesis of stationarity
    against the alternative of a unit root", J. Econometrics 54.
    """
    n = x.shape[0]
    out = np.full(n, np.nan)
    clean = _clean_from(x, window)
    d = np.zeros(lags + window)
    sums = np.empty(lags + 1)
    for t in range(window - 1, n):
        start = t - window + 1
        if not clean[t] or not _moves(x, start, window):
            continue
        mean = 0.0
        for i in range(window):
            mean += x[start + i] - x[start]
        mean = x[start] + mean / window
        walk = 0.0
        squares = 0.0
        for i in range(window):
            d[lags + i] = x[start + i] - mean
            walk += d[lags + i]
            squares += walk * walk
        sums[:] = 0.0
        for i in range(lags, lags + window):
            now = d[i]
            for k in range(lags + 1):
                sums[k] += now * d[i - k]
        variance = sums[0]
        for k in range(1, lags + 1):
            variance += 2.0 * (1.0 - k / (lags + 1.0)) * sums[k]
        out[t] = squares / window / variance
    return out
