"""Serial dependence of a moving window: autocorrelations and variance ratios."""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.sample_entropy import is_flat
from engine.kernels.window import Floats, _clean_from


@njit(cache=True, nogil=True)
def _centred(x: Floats, start: int, window: int, out: Floats) -> bool:
    """Write the window less its mean into `out`; return whether it moves."""
    mean = 0.0
    low = x[start]
    high = x[start]
    for i in range(start, start + window):
        mean += x[i]
        low = min(low, x[i])
        high = max(high, x[i])
    if is_flat(low, high):
        return False
    mean /= window
    for i in range(window):
        out[i] = x[start + i] - mean
    return True


@njit(cache=True, nogil=True)
def _lagged_products(d: Floats, window: int, lags: int, out: Floats) -> None:
    """Write the sums of d[i] d[i - k] for k = 0 .. lags into `out`.

    `d` is preceded by `lags` zeros, so that every lag has as many terms and their sums grow side
    by side.
    """
    out[:] = 0.0
    for i in range(lags, lags + window):
        now = d[i]
        for k in range(lags + 1):
            out[k] += now * d[i - k]


@njit(cache=True, nogil=True)
def autocorrelation(x: Floats, window: int, lags: int) -> Floats:
    """Return the autocorrelations of each window at lags 1 .. `lags`.

    Sums of products of deviations from the window's mean over the sum of their squares (the
    divisor is n at every lag).

    Parameters
    ----------
    x
        Shape (n,); NaN where missing.
    window
        Values in a window, more than `lags`.
    lags
        Longest lag.

    Returns
    -------
    ndarray
        Shape (lags, n); NaN where a value is missing or the window is flat.
    """
    n = x.shape[0]
    out = np.full((lags, n), np.nan)
    clean = _clean_from(x, window)
    d = np.zeros(lags + window)
    sums = np.empty(lags + 1)
    for t in range(window - 1, n):
        if not clean[t] or not _centred(x, t - window + 1, window, d[lags:]):
            continue
        _lagged_products(d, window, lags, sums)
        for k in range(lags):
            out[k, t] = sums[k + 1] / sums[0]
    return out


@njit(cache=True, nogil=True)
def ljung_box(correlations: Floats, window: int) -> Floats:
    """Return Ljung and Box's Q of the given autocorrelations of each window.

    References
    ----------
    Ljung and Box (1978), "On a measure of lack of fit in time series models", Biometrika 65.
    """
    lags, n = correlations.shape
    out = np.zeros(n)
    for k in range(lags):
        for t in range(n):
            out[t] += correlations[k, t] * correlations[k, t] / (window - k - 1)
    for t in range(n):
        out[t] *= window * (window + 2.0)
    return out


@njit(cache=True, nogil=True)
def lead_correlation(x: Floats, y: Floats, window: int) -> Floats:
    """Return the correlation of x with the next value of y over `window` pairs.

    Parameters
    ----------
    x, y
        Shape (n,); NaN where missing. The last pair of a row is x[t - 1] with y[t].
    window
        Pairs.

    Returns
    -------
    ndarray
        Shape (n,); NaN where a value is missing or one side does not move.
    """
    n = x.shape[0]
    out = np.full(n, np.nan)
    clean_x = _clean_from(x, window)
    clean_y = _clean_from(y, window)
    a = np.empty(window)
    b = np.empty(window)
    for t in range(window, n):
        if not (clean_x[t - 1] and clean_y[t]):
            continue
        if not _centred(x, t - window, window, a) or not _centred(y, t - window + 1, window, b):
            continue
        xx = 0.0
        yy = 0.0
        xy = 0.0
        for i in range(window):
            xx += a[i] * a[i]
            yy += b[i] * b[i]
            xy += a[i] * b[i]
        out[t] = min(max(xy / np.sqrt(xx * yy), -1.0), 1.0)
    return out


@njit(cache=True, nogil=True)
def variance_ratio(x: Floats, window: int, spans: Floats) -> tuple[Floats, Floats]:
    """Return the variance of q-bar changes over q times that of one-bar changes, and its z.

    Overlapping changes, both variances without bias; z allows for changing variance.

    Parameters
    ----------
    x
        One-bar changes (returns), shape (n,); NaN where missing.
    window
        Changes in a window.
    spans
        The q, whole numbers above 1.

    Returns
    -------
    tuple of ndarray
        Ratios and z-statistics, each of shape (spans, n); NaN where a value is missing or the
        window is flat.

    References
    ----------
    Lo and MacKinlay (1988), "Stock market prices do not follow random walks: evidence from a
    simple specification test", Rev. Financ. Stud. 1.
    """
    n = x.shape[0]
    count = spans.shape[0]
    ratios = np.full((count, n), np.nan)
    scores = np.full((count, n), np.nan)
    clean = _clean_from(x, window)
    lags = 1
    for s in range(count):
        lags = max(lags, int(spans[s]) - 1)
    d = np.zeros(lags + window)
    squares = np.zeros(lags + window)
    products = np.empty(lags + 1)
    walk = np.empty(window + 1)
    for t in range(window - 1, n):
        if not clean[t] or not _centred(x, t - window + 1, window, d[lags:]):
            continue
        walk[0] = 0.0
        for i in range(window):
            squares[lags + i] = d[lags + i] * d[lags + i]
            walk[i + 1] = walk[i] + d[lags + i]
        total = 0.0
        for i in range(window):
            total += squares[lags + i]
        _lagged_products(squares, window, lags, products)
        for s in range(count):
            q = int(spans[s])
            far = 0.0
            for i in range(q, window + 1):
                change = walk[i] - walk[i - q]
                far += change * change
            unbiased = q * (window - q + 1.0) * (1.0 - q / window)
            ratio = far / unbiased / (total / (window - 1.0))
            theta = 0.0
            for k in range(1, q):
                weight = 2.0 * (q - k) / q
                theta += weight * weight * products[k]
            ratios[s, t] = ratio
            if theta > 0.0:
                scores[s, t] = (ratio - 1.0) * total / np.sqrt(theta)
    return ratios, scores
