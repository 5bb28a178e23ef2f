"""A session's profile: how much was traded at which price, and in which half hours.

The session's range is cut into 30 rows of equal height. The volume of a minute is spread evenly
over the prices between its low and its high. A row has a time-price opportunity (a letter) for
each half hour that touched it.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.dip import dip

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROWS = 30
LETTER = 30  # minutes of a letter
INITIAL = 60  # minutes of the initial balance
VALUE_AREA = 0.70
SAMPLE = 200  # points that the profile's dip is taken of
SWING = 0.2  # of the highest row: how deep a valley between two peaks must be
MIN_COVERAGE = 0.5

# Rules of the shapes: where a membership begins and where it is full.
DOUBLE_DIP = (0.03, 0.06)
THIN_WIDTH = (0.40, 0.55)
THIN_SINGLES = (0.15, 0.35)
THIRD = (0.50, 2.0 / 3.0)
LEANING = (0.0, 0.5)

SHAPES = 5
SHAPE_P, SHAPE_BL, SHAPE_D, SHAPE_I, SHAPE_BD = range(SHAPES)

(
    PROFILE_DIP,
    PROFILE_BIMODALITY,
    POC_POSITION,
    VALUE_WIDTH,
    PROFILE_SKEW,
    PROFILE_KURT,
    PROFILE_ENTROPY,
    PEAKS,
    SINGLE_PRINTS,
    INITIAL_FRACTION,
    CLOSE_IN_VALUE,
    SHAPE,
) = range(12)
POC = SHAPE + SHAPES
VALUE_HIGH = POC + 1
VALUE_LOW = POC + 2
EXTENSION_UP = POC + 3
EXTENSION_DOWN = POC + 4
COUNT = POC + 5


@njit(cache=True, nogil=True)
def spread(
    low: float, high: float, weight: float, bottom: float, step: float, rows: Floats
) -> None:
    """Add `weight` to the rows between two prices, in proportion to the part of each."""
    last = rows.size - 1
    a = (low - bottom) / step
    b = (high - bottom) / step
    first = min(max(int(a), 0), last)
    final = min(max(int(b), 0), last)
    if first == final or not b > a:
        rows[first] += weight
        return
    for k in range(first, final + 1):
        top = b if k == final else k + 1.0
        rows[k] += weight * (top - max(a, float(k))) / (b - a)


@njit(cache=True, nogil=True)
def point_of_control(rows: Floats) -> int:
    """Return the row with the most; of equals the one nearest to the middle, then the lower."""
    n = rows.size
    best = 0
    for k in range(1, n):
        nearer = abs(2 * k - (n - 1)) < abs(2 * best - (n - 1))
        if rows[k] > rows[best] or (rows[k] == rows[best] and nearer):
            best = k
    return best


@njit(cache=True, nogil=True)
def value_area(rows: Floats, poc: int, share: float) -> tuple[int, int]:
    """Return the first and last row of the area around `poc` that holds `share` of all.

    It grows by the fuller of its two neighbours; of equals on the side where it is shorter, then
    upwards.
    """
    total = 0.0
    for k in range(rows.size):
        total += rows[k]
    low = poc
    high = poc
    held = rows[poc]
    while held < share * total and (low > 0 or high < rows.size - 1):
        above = rows[high + 1] if high < rows.size - 1 else -1.0
        below = rows[low - 1] if low > 0 else -1.0
        if above > below or (above == below and high - poc <= poc - low):
            high += 1
            held += above
        else:
            low -= 1
            held += below
    return low, high


@njit(cache=True, nogil=True)
def count_peaks(rows: Floats, swing: float) -> int:
    """Return the peaks of the smoothed rows between valleys deeper than `swing` x the highest.

    Smoothed by 1-4-6-4-1, which leaves nothing of an alternation of full and empty rows, as ticks
    make it that are wider than a row.
    """
    n = rows.size
    smooth = np.zeros(n)
    highest = 0.0
    for k in range(n):
        acc = 6.0 * rows[k]
        if k >= 1:
            acc += 4.0 * rows[k - 1]
        if k >= 2:
            acc += rows[k - 2]
        if k < n - 1:
            acc += 4.0 * rows[k + 1]
        if k < n - 2:
            acc += rows[k + 2]
        smooth[k] = acc
        highest = max(highest, acc)
    least = swing * highest
    peaks = 0
    rising = True
    extreme = 0.0
    for k in range(n + 1):
        value = smooth[k] if k < n else 0.0
        if rising:
            extreme = max(extreme, value)
            if value <= extreme - least:
                peaks += 1
                rising = False
                extreme = value
        else:
            extreme = min(extreme, value)
            if value >= extreme + least:
                rising = True
                extreme = value
    return peaks


@njit(cache=True, nogil=True)
def equal_parts(rows: Floats, count: int, out: Floats) -> None:
    """Fill `out` with quantiles (i + 1/2) / count of the rows, each spread evenly over its height.

    In units of rows, ascending.
    """
    total = 0.0
    for k in range(rows.size):
        total += rows[k]
    k = 0
    below = 0.0
    for i in range(count):
        target = total * (i + 0.5) / count
        while k < rows.size - 1 and below + rows[k] < target:
            below += rows[k]
            k += 1
        out[i] = k + min((target - below) / rows[k], 1.0)


@njit(cache=True, nogil=True)
def _ramp(x: float, bounds: tuple[float, float]) -> float:
    """Return 0 up to the first bound, 1 from the second, and straight between."""
    return min(max((x - bounds[0]) / (bounds[1] - bounds[0]), 0.0), 1.0)


@njit(cache=True, nogil=True)
def shapes(poc: float, skew: float, dip_: float, width: float, singles: float, out: Floats) -> None:
    """Fill `out` with the membership of a profile in P, b, D, I and B, which add up to 1.

    Parameters
    ----------
    poc
        Point of control in the range, from 0 to 1.
    skew, dip_
        Of the volume over the rows.
    width
        Value area over the range.
    singles
        Rows with one letter over all.
    out
        Shape (5,).
    """
    double = _ramp(dip_, DOUBLE_DIP)
    slim = min(_ramp(width, THIN_WIDTH), _ramp(singles, THIN_SINGLES))
    thin = (1.0 - double) * slim
    rest = 1.0 - double - thin
    upper = _ramp(poc, THIRD) * _ramp(-skew, LEANING)
    lower = _ramp(1.0 - poc, THIRD) * _ramp(skew, LEANING)
    out[SHAPE_P] = rest * upper
    out[SHAPE_BL] = rest * lower
    out[SHAPE_D] = rest * (1.0 - upper - lower)  # one of the two is 0: the sides exclude each other
    out[SHAPE_I] = thin
    out[SHAPE_BD] = double


@njit(cache=True, nogil=True)
def session_profile(
    offsets: Ints,
    index: Ints,
    high: Floats,
    low: Floats,
    close: Floats,
    volume: Floats,
    minutes: Ints,
) -> Floats:
    """Return what each session's profile says.

    Parameters
    ----------
    offsets
        Where each session's rows begin and end, shape (sessions + 1,).
    index
        Minute of the session, from 0, each at most once, in any order; shape (rows,).
    high, low, close, volume
        Shape (rows,).
    minutes
        Length of each session in minutes, shape (sessions,).

    Returns
    -------
    ndarray
        Shape (22, sessions). Of the volume at price: dip, Sarle's coefficient, point of control
        in the range, value area over the range, skewness, excess kurtosis, entropy from 0 to 1,
        peaks; rows with one letter over all; initial balance over the range; the close in the
        value area (-1 at its low, 1 at its high); memberships in P, b, D, I, B; point of
        control, value area's high and low, and the range above and below the initial balance,
        each over the session's last price. NaN where fewer than half of the minutes are
        present, nothing was traded, or the price did not move.

    References
    ----------
    Steidlmayer (1984); Dalton, Jones and Dalton (1990).
    """
    sessions = minutes.shape[0]
    out = np.full((COUNT, sessions), np.nan)
    sample = np.empty(SAMPLE)
    work = np.empty((4, SAMPLE + 1), dtype=np.int64)
    member = np.empty(SHAPES)
    for s in range(sessions):
        start = offsets[s]
        stop = offsets[s + 1]
        length = minutes[s]
        if stop == start or stop - start < MIN_COVERAGE * length:
            continue
        # One order of the minutes, so that sums do not depend on how they came.
        order = np.argsort(index[start:stop]) + start
        top = -np.inf
        bottom = np.inf
        initial_top = -np.inf
        initial_bottom = np.inf
        letters = (length + LETTER - 1) // LETTER
        letter_top = np.full(letters, -np.inf)
        letter_bottom = np.full(letters, np.inf)
        traded = 0.0
        known = True
        for i in order:
            known = known and low[i] > 0.0 and high[i] >= low[i] and close[i] > 0.0
            known = known and 0 <= index[i] < length
            if not known:
                break
            top = max(top, high[i])
            bottom = min(bottom, low[i])
            letter = index[i] // LETTER
            letter_top[letter] = max(letter_top[letter], high[i])
            letter_bottom[letter] = min(letter_bottom[letter], low[i])
            if index[i] < INITIAL:
                initial_top = max(initial_top, high[i])
                initial_bottom = min(initial_bottom, low[i])
            traded += volume[i]
        step = (top - bottom) / ROWS
        if not known or not step > 0.0:
            continue
        last = close[order[-1]]

        # Time at price.
        if initial_top >= initial_bottom:
            out[INITIAL_FRACTION, s] = (initial_top - initial_bottom) / (top - bottom)
            out[EXTENSION_UP, s] = (top - initial_top) / last
            out[EXTENSION_DOWN, s] = (initial_bottom - bottom) / last
        touched = np.zeros(ROWS, dtype=np.int64)
        for letter in range(letters):
            if letter_top[letter] >= letter_bottom[letter]:
                first = min(int((letter_bottom[letter] - bottom) / step), ROWS - 1)
                final = min(int((letter_top[letter] - bottom) / step), ROWS - 1)
                for k in range(first, final + 1):
                    touched[k] += 1
        singles = 0
        for k in range(ROWS):
            if touched[k] == 1:
                singles += 1
        out[SINGLE_PRINTS, s] = singles / ROWS

        # Volume at price.
        if not traded > 0.0:
            continue
        rows = np.zeros(ROWS)
        for i in order:
            spread(low[i], high[i], volume[i], bottom, step, rows)
        total = 0.0
        mean = 0.0
        for k in range(ROWS):
            total += rows[k]
            mean += rows[k] * (k + 0.5)
        mean /= total
        m2 = 0.0
        m3 = 0.0
        m4 = 0.0
        entropy = 0.0
        for k in range(ROWS):
            share = rows[k] / total
            d = k + 0.5 - mean
            m2 += share * d * d
            m3 += share * d * d * d
            m4 += share * d * d * d * d
            if share > 0.0:
                entropy -= share * np.log(share)
        poc = point_of_control(rows)
        first, final = value_area(rows, poc, VALUE_AREA)
        price = bottom + (poc + 0.5) * step
        value_low = bottom + first * step
        value_high = bottom + (final + 1) * step
        out[POC_POSITION, s] = (poc + 0.5) / ROWS
        out[VALUE_WIDTH, s] = (final + 1 - first) / ROWS
        out[PROFILE_ENTROPY, s] = min(max(entropy / math.log(ROWS), 0.0), 1.0)
        out[PEAKS, s] = count_peaks(rows, SWING)
        out[CLOSE_IN_VALUE, s] = (2.0 * last - value_low - value_high) / (value_high - value_low)
        out[POC, s] = price / last
        out[VALUE_HIGH, s] = value_high / last
        out[VALUE_LOW, s] = value_low / last
        equal_parts(rows, SAMPLE, sample)
        out[PROFILE_DIP, s] = dip(sample, SAMPLE, work)
        if not m2 > 0.0:
            continue  # all in one row: no spread to measure a shape by
        skew = m3 / (m2 * math.sqrt(m2))
        kurt = m4 / (m2 * m2)
        out[PROFILE_SKEW, s] = skew
        out[PROFILE_KURT, s] = kurt - 3.0
        out[PROFILE_BIMODALITY, s] = (skew * skew + 1.0) / kurt
        shapes(
            out[POC_POSITION, s],
            skew,
            out[PROFILE_DIP, s],
            out[VALUE_WIDTH, s],
            out[SINGLE_PRINTS, s],
            member,
        )
        for k in range(SHAPES):
            out[SHAPE + k, s] = member[k]
    return out
