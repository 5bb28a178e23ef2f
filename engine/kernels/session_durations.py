"""How long things take inside one session: a fiftieth of its volume, a move of its price."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BARS = 50  # volume bars in a session
RUNGS = 17  # price moves of 1 to 256 basis points, each sqrt(2) times the one below
SMALLEST = 1e-4
MIN_SPELLS = 2  # for a coefficient of variation
MIN_COVERAGE = 0.5

VOLUME_CV, VOLUME_ACF, HIGH_TIME, LOW_TIME, VOLUME_LOG = range(5)
SHARES = 5
SPELLS = SHARES + BARS
SPELL_CVS = SPELLS + RUNGS
COUNT = SPELL_CVS + RUNGS


@njit(cache=True, nogil=True)
def volume_bars(index: Ints, volume: Floats, bars: int, out: Floats) -> None:
    """Fill `out` with the minutes that each of `bars` equal parts of the volume took.

    The volume of a minute is spread evenly over it; the first part begins with the session.

    Parameters
    ----------
    index
        Minutes in ascending order, shape (rows,).
    volume
        Shape (rows,); not negative, with a positive sum.
    bars
        Parts.
    out
        Shape (bars,).
    """
    total = 0.0
    for i in range(index.size):
        total += volume[i]
    before = 0.0
    below = 0.0
    row = 0
    for k in range(bars):
        # The last part ends with the last trade, whatever rounding says.
        target = total * (k + 1) / bars if k < bars - 1 else total
        while row < index.size - 1 and below + volume[row] < target:
            below += volume[row]
            row += 1
        part = min((target - below) / volume[row], 1.0) if volume[row] > 0.0 else 1.0
        end = index[row] + part
        out[k] = end - before
        before = end


@njit(cache=True, nogil=True)
def price_spells(index: Ints, price: Floats, first: float, length: int, move: float) -> Floats:
    """Return number, mean and coefficient of variation of the spells between price moves.

    A spell ends with the first minute whose last price is `move` or more from where the spell
    began, all in logs; the one that the close cuts short counts as it is.
    """
    out = np.full(3, np.nan)
    anchor = first
    begun = 0
    count = 0
    squares = 0.0
    for i in range(index.size):
        if abs(price[i] - anchor) >= move:
            spell = index[i] + 1 - begun
            count += 1
            squares += float(spell) * spell
            begun = index[i] + 1
            anchor = price[i]
    rest = length - begun
    if rest > 0:
        count += 1
        squares += float(rest) * rest
    mean = length / count
    out[0] = count
    out[1] = mean
    if count >= MIN_SPELLS:
        # Whole minutes: these sums are exact.
        out[2] = np.sqrt(max(squares - length * mean, 0.0) / (count - 1)) / mean
    return out


@njit(cache=True, nogil=True)
def _cv_and_acf(d: Floats) -> tuple[float, float]:
    """Return standard deviation over mean, and the autocorrelation of lag one."""
    n = d.size
    mean = d.sum() / n
    squares = 0.0
    cross = 0.0
    for i in range(n):
        squares += (d[i] - mean) * (d[i] - mean)
        if i > 0:
            cross += (d[i] - mean) * (d[i - 1] - mean)
    acf = cross / squares if squares > 0.0 else np.nan
    return np.sqrt(squares / (n - 1)) / mean, acf


@njit(cache=True, nogil=True)
def session_durations(
    offsets: Ints,
    index: Ints,
    open_: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    volume: Floats,
    minutes: Ints,
) -> Floats:
    """Return the durations of each session.

    Parameters
    ----------
    offsets
        Where each session's rows begin and end, shape (sessions + 1,).
    index
        Minute of the session, from 0, each at most once, in any order; shape (rows,).
    open_, high, low, close, volume
        Shape (rows,).
    minutes
        Length of each session in minutes, shape (sessions,).

    Returns
    -------
    ndarray
        Shape (89, sessions). Of 50 bars of equal volume: coefficient of variation and
        autocorrelation of their durations; time of the session's high and of its low (first
        minute that has it, 0 to 1); mean log duration in minutes; the 50 durations over the
        session's length. Per price move of 1 to 256 basis points: mean minutes of the spells
        between moves; their coefficient of variation. NaN where fewer than half of the minutes
        are present or the statistic is undefined.

    References
    ----------
    Gourieroux, Jasiak and Le Fol (1999); Engle and Russell (1997).
    """
    sessions = minutes.shape[0]
    out = np.full((COUNT, sessions), np.nan)
    durations = np.empty(BARS)
    for s in range(sessions):
        start = offsets[s]
        stop = offsets[s + 1]
        length = minutes[s]
        if stop == start or stop - start < MIN_COVERAGE * length:
            continue
        order = np.argsort(index[start:stop]) + start
        minute = index[order]
        traded = volume[order]

        known = True
        total = 0.0
        has_volume = True
        at_high = order[0]
        at_low = order[0]
        for i in order:
            known = known and open_[i] > 0.0 and close[i] > 0.0 and 0 <= index[i] < length
            known = known and high[i] >= low[i]
            has_volume = has_volume and volume[i] >= 0.0
            total += volume[i]
            if high[i] > high[at_high]:
                at_high = i
            if low[i] < low[at_low]:
                at_low = i
        if not known:
            continue

        if length > 1 and high[at_high] > low[at_low]:
            out[HIGH_TIME, s] = index[at_high] / (length - 1)
            out[LOW_TIME, s] = index[at_low] / (length - 1)
        price = np.log(close[order])
        first = np.log(open_[order[0]])
        for k in range(RUNGS):
            move = SMALLEST * 2.0 ** (0.5 * k)
            spells = price_spells(minute, price, first, length, move)
            out[SPELLS + k, s] = spells[1]
            out[SPELL_CVS + k, s] = spells[2]
        if not (has_volume and total > 0.0):
            continue
        volume_bars(minute, traded, BARS, durations)
        out[VOLUME_CV, s], out[VOLUME_ACF, s] = _cv_and_acf(durations)
        logs = 0.0
        for k in range(BARS):
            logs += np.log(durations[k])
            out[SHARES + k, s] = durations[k] / length
        out[VOLUME_LOG, s] = logs / BARS
    return out
