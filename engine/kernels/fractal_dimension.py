"""Fractal dimensions of a moving window of a path, by three definitions."""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.lanes import tree_total
from engine.kernels.window import Floats, _clean_from

KATZ_REACH = 2.0  # mean steps that a path must get away from its start


@njit(cache=True, nogil=True)
def katz(x: Floats, window: int) -> Floats:
    """Return ln(steps) / ln(reach in mean steps) of each window.

    The reach is the farthest that the path gets from its first value.

    Parameters
    ----------
    x
        A path (log price), shape (n,); NaN where missing.
    window
        Values in a window.

    Returns
    -------
    ndarray
        1 for a straight line, more for a path that goes far to get near; shape (n,). NaN where a
        value is missing, and where the reach is below two mean steps: the definition has a pole
        at one.

    References
    ----------
    Katz (1988), "Fractals and the analysis of waveforms", Comput. Biol. Med. 18.
    """
    n = x.shape[0]
    out = np.full(n, np.nan)
    clean = _clean_from(x, window)
    steps = window - 1
    for t in range(steps, n):
        if not clean[t]:
            continue
        start = t - steps
        length = 0.0
        reach = 0.0
        for i in range(start + 1, t + 1):
            length += abs(x[i] - x[i - 1])
            reach = max(reach, abs(x[i] - x[start]))
        if reach * steps >= KATZ_REACH * length and length > 0.0:
            out[t] = np.log(steps) / np.log(reach * steps / length)
    return out


@njit(cache=True, nogil=True)
def petrosian(x: Floats, window: int) -> Floats:
    """Return the dimension that the number of turns of each window gives.

    log n / (log n + log(n / (n + 0.4 turns))); a turn is a change between falling and not
    falling.

    Parameters
    ----------
    x
        A path, shape (n,); NaN where missing.
    window
        Values in a window.

    Returns
    -------
    ndarray
        Shape (n,); 1 for a window without a turn, a flat one too. NaN where a value is missing.

    References
    ----------
    Petrosian (1995), "Kolmogorov complexity of finite sequences and recognition of different
    preictal EEG patterns", Proc. IEEE Symp. Computer-Based Medical Systems.
    """
    n = x.shape[0]
    out = np.full(n, np.nan)
    turn = np.full(n, np.nan)
    for t in range(2, n):
        now = x[t] - x[t - 1]
        before = x[t - 1] - x[t - 2]
        if not (np.isnan(now) or np.isnan(before)):
            turn[t] = 1.0 if (now < 0.0) != (before < 0.0) else 0.0
    turns = tree_total(turn, window - 2)  # whole numbers: exact in any order
    size = np.log(float(window))
    for t in range(n):
        if not np.isnan(turns[t]):
            out[t] = size / (size + np.log(window / (window + 0.4 * turns[t])))
    return out


@njit(cache=True, nogil=True)
def higuchi(x: Floats, window: int, longest: int, weights: Floats) -> Floats:
    """Return minus the exponent with which the length of each window falls with the step.

    The length at step k is the mean over the k paths that end at the window's last k values
    and take every k-th value before, each brought to the window's length.

    Parameters
    ----------
    x
        A path (log price), shape (n,); NaN where missing.
    window
        Values in a window.
    longest
        Longest step.
    weights
        What ln of the length at k = 1, 2, ... weighs: the weights of a slope on ln(1 / k).

    Returns
    -------
    ndarray
        From 1 (a line) to 2 (noise); shape (n,). NaN where a value is missing or the window does
        not move at some step.

    References
    ----------
    Higuchi (1988), "Approach to an irregular time series on the basis of the fractal theory",
    Physica D 31.
    """
    n = x.shape[0]
    out = np.zeros(n)
    change = np.empty(n)
    for k in range(1, longest + 1):
        change[: min(k, n)] = np.nan
        for t in range(k, n):
            change[t] = abs(x[t] - x[t - k])
        # Paths have two lengths: the first `more` of them `steps` changes, the others one less.
        steps = (window - 1) // k
        more = (window - 1) % k + 1
        long_sums = tree_total(change, steps, k)
        short_sums = tree_total(change, steps - 1, k) if more < k else long_sums
        for t in range(n):
            if t < window - 1:
                out[t] = np.nan
                continue
            length = 0.0
            for m in range(k):
                if m < more:
                    length += long_sums[t - m] / steps
                else:
                    length += short_sums[t - m] / (steps - 1)
            if length > 0.0:
                out[t] += weights[k - 1] * np.log(length * (window - 1.0) / (k * k * k))
            else:
                out[t] = np.nan
    return out
