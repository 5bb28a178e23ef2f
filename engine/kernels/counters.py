"""How long something has lasted: bars in a state, bars since an event, runs of rises and falls.

A missing bar is where counting begins anew. `states` counts across missing bars.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.window import Floats


@njit(cache=True, nogil=True)
def bars_in_state(state: Floats, cap: int) -> Floats:
    """Return the bars since the state began, 0 on its first bar, at most `cap`.

    A state that was there already when the series begins, or after a missing bar, began nobody
    knows when: its count is NaN until it changes or reaches `cap`. So a value depends on the
    last `cap + 1` states only.

    Parameters
    ----------
    state
        Codes that are compared for equality, shape (n,); NaN where unknown.
    cap
        Largest count.

    Returns
    -------
    ndarray
        Shape (n,).
    """
    n = state.shape[0]
    out = np.full(n, np.nan)
    before = np.nan
    run = 0
    began = False
    for t in range(n):
        if np.isnan(state[t]):
            before = np.nan
            continue
        if np.isnan(before):
            run = 0
            began = False
        elif state[t] != before:
            run = 0
            began = True
        else:
            run = min(run + 1, cap)
        before = state[t]
        if began or run == cap:
            out[t] = run
    return out


@njit(cache=True, nogil=True)
def bars_since(flag: Floats, cap: int) -> Floats:
    """Return the bars since the flag was last up, 0 where it is, at most `cap`.

    Before the first time it is seen up, and after a missing bar, the count is NaN until the flag
    is up or has been down for `cap` bars.

    Parameters
    ----------
    flag
        Up where above 0, shape (n,); NaN where unknown.
    cap
        Largest count.

    Returns
    -------
    ndarray
        Shape (n,).
    """
    n = flag.shape[0]
    out = np.full(n, np.nan)
    count = 0
    seen = False
    for t in range(n):
        if np.isnan(flag[t]):
            count = 0
            seen = False
            continue
        if flag[t] > 0.0:
            count = 0
            seen = True
        else:
            count = min(count + 1, cap)
        if seen or count == cap:
            out[t] = count
    return out


@njit(cache=True, nogil=True)
def streak(change: Floats, cap: int) -> Floats:
    """Return how many changes in a row went the way of the last one, with its sign.

    An unchanged value ends a streak and counts 0. A streak whose beginning is not in the series
    is NaN, until it is `cap` long.

    Parameters
    ----------
    change
        Shape (n,); NaN where unknown.
    cap
        Longest streak.

    Returns
    -------
    ndarray
        From -cap to cap, shape (n,).
    """
    n = change.shape[0]
    out = np.full(n, np.nan)
    before = np.nan
    run = 0
    began = False
    for t in range(n):
        if np.isnan(change[t]):
            before = np.nan
            continue
        sign = np.sign(change[t])
        if np.isnan(before):
            run = 1
            began = False
        elif sign != before:
            run = 1
            began = True
        else:
            run = min(run + 1, cap)
        before = sign
        if sign == 0.0:
            out[t] = 0.0
        elif began or run == cap:
            out[t] = sign * run
    return out
