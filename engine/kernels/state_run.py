"""How long a state has lasted, and how long ago an event was."""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.window import Floats


@njit(cache=True, nogil=True)
def run_length(state: Floats, most: int) -> Floats:
    """Return for how many bars the state has been what it is, up to `most`.

    Where neither a change nor `most` bars are seen before history begins or a bar is missing,
    nobody knows how long the state had lasted: NaN.

    Parameters
    ----------
    state
        Shape (n,); states are equal when their values are.
    most
        Bars at which counting stops.

    Returns
    -------
    ndarray
        Shape (n,).
    """
    n = state.shape[0]
    out = np.full(n, np.nan)
    for t in range(n):
        if np.isnan(state[t]):
            continue
        length = 1
        while length < most and t - length >= 0 and state[t - length] == state[t]:
            length += 1
        if length == most or (t - length >= 0 and not np.isnan(state[t - length])):
            out[t] = length
    return out


@njit(cache=True, nogil=True)
def bars_since(event: Floats, most: int) -> Floats:
    """Return how many bars ago `event` was last above 0, up to `most`.

    Where no event is seen before history begins or a bar is missing, within `most` bars: NaN.

    Parameters
    ----------
    event
        Shape (n,); NaN where unknown.
    most
        Bars at which counting stops.

    Returns
    -------
    ndarray
        Shape (n,); 0 on the event's own bar.
    """
    n = event.shape[0]
    out = np.full(n, np.nan)
    for t in range(n):
        back = 0
        while back < most and t - back >= 0 and event[t - back] <= 0.0:
            back += 1
        if back == most or (t - back >= 0 and event[t - back] > 0.0):
            out[t] = back
    return out
