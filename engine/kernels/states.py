"""States of a series over time: bands with hysteresis, how long they last, what they do next.

States are whole numbers in float arrays, NaN where unknown. An unknown row is passed over: it
neither ends a state nor belongs to one.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.window import Floats, _clean_from


@njit(cache=True, nogil=True)
def band(value: float, edges: Floats) -> int:
    """Return the number of edges that are at or below the value: the band it lies in."""
    count = 0
    for edge in edges:
        count += value >= edge
    return count


@njit(cache=True, nogil=True)
def bands(x: Floats, edges: Floats, margin: float, lookback: int) -> Floats:
    """Return the band of each value, left only when an edge is passed by more than `margin`.

    The state machine runs over the last `lookback` existing values and begins in the band of
    the first. A value that is farther than `margin` from every edge decides its state whatever
    came before, so the machine begins at the last such value.

    Parameters
    ----------
    x
        Shape (n,); NaN where missing, which is skipped.
    edges
        Ascending; band k lies between edge k - 1 (included) and edge k.
    margin
        Hysteresis, in units of x.
    lookback
        Existing values that a row may depend on.

    Returns
    -------
    ndarray
        0 to the number of edges; shape (n,), NaN where x is.
    """
    n = x.shape[0]
    out = np.full(n, np.nan)
    values = np.empty(n)
    count = 0
    for t in range(n):
        if np.isnan(x[t]):
            continue
        values[count] = x[t]
        count += 1
        first = count - 1
        while first > max(0, count - lookback):
            clear = True
            for edge in edges:
                clear &= abs(values[first] - edge) > margin
            if clear:
                break
            first -= 1
        state = band(values[first], edges)
        for i in range(first + 1, count):
            below = state > 0 and values[i] < edges[state - 1] - margin
            above = state < edges.shape[0] and values[i] > edges[state] + margin
            if below or above:
                state = band(values[i], edges)
        out[t] = state
    return out


@njit(cache=True, nogil=True)
def bars_in_state(state: Floats, cap: int) -> Floats:
    """Return the rows since the state began, 0 in its first row, at most `cap`.

    NaN where the state is, and where no other state was seen in the last `cap` rows although
    the first of them is unknown (a missing bar, or the start): nobody knows when it began.
    """
    n = state.shape[0]
    out = np.full(n, np.nan)
    for t in range(n):
        if np.isnan(state[t]):
            continue
        latest = t  # earliest row known to be in this state
        for i in range(t - 1, max(-1, t - cap - 1), -1):
            if np.isnan(state[i]):
                continue
            if state[i] != state[t]:
                out[t] = t - latest
                break
            latest = i
        if t - latest == cap:
            out[t] = cap
    return out


@njit(cache=True, nogil=True)
def bars_since(event: Floats, cap: int) -> tuple[Floats, Floats]:
    """Return the rows since the last event and its value: at most `cap` and 0 beyond.

    Parameters
    ----------
    event
        0 where nothing happened; NaN where unknown.
    cap
        Rows to look back on.

    Returns
    -------
    tuple of ndarray
        Each of shape (n,); NaN where `event` is, and where none was seen in the last `cap` rows
        although the first of them is unknown.
    """
    n = event.shape[0]
    since = np.full(n, np.nan)
    kind = np.full(n, np.nan)
    for t in range(n):
        if np.isnan(event[t]):
            continue
        for i in range(t, max(-1, t - cap), -1):
            if event[i] != 0.0 and not np.isnan(event[i]):
                since[t] = t - i
                kind[t] = event[i]
                break
        if np.isnan(since[t]) and t - cap >= -1 and not np.isnan(event[t - cap + 1]):
            since[t] = cap
            kind[t] = 0.0
    return since, kind


@njit(cache=True, nogil=True)
def occupancy_entropy(state: Floats, window: int, states: int) -> Floats:
    """Return the entropy of the shares of time in each state over each window, in bits."""
    n = state.shape[0]
    out = np.full(n, np.nan)
    clean = _clean_from(state, window)
    counts = np.empty(states)
    for t in range(window - 1, n):
        if not clean[t]:
            continue
        counts[:] = 0.0
        for i in range(t - window + 1, t + 1):
            counts[int(state[i])] += 1.0
        entropy = 0.0
        for c in counts:
            if c > 0.0:
                entropy -= c / window * np.log2(c / window)
        out[t] = abs(entropy)
    return out


@njit(cache=True, nogil=True)
def switches(state: Floats, window: int) -> Floats:
    """Return how often the state changed from one row to the next, over `window` such pairs."""
    n = state.shape[0]
    out = np.full(n, np.nan)
    clean = _clean_from(state, window + 1)
    for t in range(window, n):
        if clean[t]:
            count = 0
            for i in range(t - window + 1, t + 1):
                count += state[i] != state[i - 1]
            out[t] = count
    return out


@njit(cache=True, nogil=True)
def after_state(
    state: Floats, r: Floats, window: int, weight: float
) -> tuple[Floats, Floats, Floats]:
    """Return what followed, in a window, the rows that were in today's state.

    Parameters
    ----------
    state, r
        State as of each row's close and the return of the row; shape (n,).
    window
        Pairs of a state and the return after it.
    weight
        Rows' worth of the window's own mean and mean square that the two means are drawn to.

    Returns
    -------
    tuple of ndarray
        Chance to stay ((stays + 1) / (rows + 2)), mean and standard deviation of the returns
        after rows in today's state, the last two over the standard deviation of all; each of
        shape (n,), NaN where a value is missing, or the returns do not move.
    """
    n = r.shape[0]
    stay = np.full(n, np.nan)
    mean = np.full(n, np.nan)
    deviation = np.full(n, np.nan)
    clean = _clean_from(state + r, window)
    for t in range(window, n):
        if not clean[t] or np.isnan(state[t - window]):
            continue
        first = r[t - window + 1]
        moves = False
        total = 0.0
        part = 0.0
        rows = 0
        stays = 0
        for i in range(t - window + 1, t + 1):
            moves |= r[i] != first
            total += r[i]
            if state[i - 1] == state[t]:
                rows += 1
                stays += state[i] == state[t]
                part += r[i]
        stay[t] = (stays + 1.0) / (rows + 2.0)
        if not moves:
            continue
        average = total / window
        centre = (part + weight * average) / (rows + weight)
        squares = 0.0
        own = 0.0
        for i in range(t - window + 1, t + 1):
            squares += (r[i] - average) ** 2
            if state[i - 1] == state[t]:
                own += (r[i] - centre) ** 2
        variance = squares / window
        mean[t] = centre / np.sqrt(variance)
        deviation[t] = np.sqrt((own + weight * variance) / (rows + weight) / variance)
    return stay, mean, deviation
