"""Klinger's volume force."""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.kernels.window import Floats

LONGEST_RUN = 60  # bars of one direction that are looked back on


@njit(cache=True, nogil=True)
def volume_force(high: Floats, low: Floats, close: Floats, volume: Floats) -> Floats:
    """Return V x T x |2 (range / range of the run so far - 1)| at each existing bar.

    T is the direction of H + L + C since the bar before, 1 or -1. The run's range adds up H - L
    from the bar before the run to this one, over the last `LONGEST_RUN` bars of it at most. An
    unchanged sum has no direction: force 0, and the next bar begins a run.

    Parameters
    ----------
    high, low, close, volume
        Shape (n,); NaN where the bar is missing: the bars around it are neighbours.

    Returns
    -------
    ndarray
        Shape (n,); in the units of the volume. The first bar has no direction and is NaN.

    References
    ----------
    Klinger (1997).
    """
    n = close.shape[0]
    out = np.full(n, np.nan)
    ranges = np.empty(n)
    total_before = np.nan
    direction = 0
    run = 0
    count = 0
    for t in range(n):
        if np.isnan(close[t]):
            continue
        ranges[count] = high[t] - low[t]
        count += 1
        total = high[t] + low[t] + close[t]
        if count > 1:
            now = 0
            if total > total_before:
                now = 1
            elif total < total_before:
                now = -1
            run = min(run + 1, LONGEST_RUN) if now == direction else 1
            direction = now
            path = 0.0
            # Added up anew: a run's sum must not depend on where its bars began.
            for i in range(count - 1 - run, count):
                path += ranges[i]
            force = 0.0
            if now != 0 and path > 0.0:
                force = now * volume[t] * abs(2.0 * (ranges[count - 1] / path - 1.0))
            out[t] = force
        total_before = total
    return out
