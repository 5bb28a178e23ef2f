"""Counts of bars back to a change or an event, capped: functions of the last `cap` bars."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)
def run_length(codes: Floats, cap: int) -> Floats:
    """Return how many bars in a row, this one included, have had this bar's code.

    Parameters
    ----------
    codes
        Shape (n,); NaN where unknown.
    cap
        Most bars to count.

    Returns
    -------
    ndarray
        Shape (n,), from 1 to `cap`. NaN where the code is unknown, and where the count comes to
        an unknown bar or to the first one before it comes to another code: nobody knows then
        how long the run is.
    """
    n = codes.size
    out = np.full(n, np.nan)
    begun = -1  # where the present run began; -1 when that is unknown
    for t in range(n):
        if np.isnan(codes[t]):
            begun = -1
        elif t > 0 and not np.isnan(codes[t - 1]) and codes[t] != codes[t - 1]:
            begun = t
        if np.isnan(codes[t]):
            continue
        if begun >= 0:
            out[t] = min(t - begun + 1, cap)
    # A run of unknown beginning is still known to be at least as long as the cap.
    same = 0
    for t in range(n):
        if np.isnan(codes[t]):
            same = 0
        elif t > 0 and codes[t] == codes[t - 1]:
            same += 1
        else:
            same = 1
        if same >= cap:
            out[t] = cap
    return out


@njit(cache=True, nogil=True)
def bars_since(events: Floats, cap: int) -> Floats:
    """Return how many bars ago the last event was: 0 for this bar, `cap` for none in `cap` bars.

    Parameters
    ----------
    events
        Shape (n,); not 0 where there is one, NaN where unknown.
    cap
        Bars to look at.

    Returns
    -------
    ndarray
        Shape (n,). NaN where the count comes to an unknown bar, or to the first one, before it
        comes to an event.
    """
    n = events.size
    out = np.full(n, np.nan)
    last = -1  # the last event since the last unknown bar
    known = 0  # known bars in a row
    for t in range(n):
        if np.isnan(events[t]):
            last = -1
            known = 0
            continue
        known += 1
        if events[t] != 0.0:
            last = t
        if last >= 0:
            out[t] = min(t - last, cap)
        elif known >= cap:
            out[t] = cap
    return out
