"""Sample and approximate entropy of a moving window by neighbour sets held as bits.

Two templates match when their values lie pairwise within a tolerance. For one value the set of
values within the tolerance is a contiguous range of the sorted window, and one sweep over the
sorted window with two pointers turns each set into the next by flipping bits: every value enters
once and leaves once. A template match is then an AND of shifted sets and a population count, 64
pairs at a time. The comparisons are the very ones of the definition, so the counts are exact.

The tolerance changes with every window (it is a fraction of its standard deviation), so counts
cannot be carried from one window to the next; the sorted order can, and is.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.bits import popcount
from engine.kernels.sorted_window import replace_dated

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

# A window whose range is below this share of its largest magnitude holds rounding, not movement.
FLAT = 1e-12

TOLERANCE = 0.2  # of the standard deviation (divisor n): Pincus (1991); Richman and Moorman (2000)


@njit(cache=True, nogil=True)
def _pairwise(x: Floats, start: int, size: int, centre: float, squared: bool) -> float:
    """Return the sum of (x - centre), or of its squares, in numpy's order of additions.

    Eight running sums, blocks of at most 128: as accurate as `numpy.std` and equal to it, so
    that a tolerance does not differ from a reference's in its last bit.
    """
    if size > 128:
        half = size // 2
        half -= half % 8
        left: float = _pairwise(x, start, half, centre, squared)
        right: float = _pairwise(x, start + half, size - half, centre, squared)
        return left + right
    lanes = np.zeros(8)
    whole = size - size % 8
    for base in range(start, start + whole, 8):
        for k in range(8):
            value = x[base + k] - centre
            lanes[k] += value * value if squared else value
    total: float = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + (
        (lanes[4] + lanes[5]) + (lanes[6] + lanes[7])
    )
    for i in range(start + whole, start + size):
        value = x[i] - centre
        total += value * value if squared else value
    return total


@njit(cache=True, nogil=True)
def population_std(x: Floats, start: int, size: int) -> float:
    """Return the standard deviation (divisor n) of `x[start : start + size]`, in two passes."""
    mean = _pairwise(x, start, size, 0.0, False) / size
    std: float = np.sqrt(_pairwise(x, start, size, mean, True) / size)
    return std


@njit(cache=True, nogil=True)
def rolling_population_std(x: Floats, window: int) -> Floats:
    """Return the standard deviation (divisor n) of each window; NaN where a value is missing."""
    n = x.size
    out = np.full(n, np.nan)
    run = 0
    for t in range(n):
        run = run + 1 if np.isfinite(x[t]) else 0
        if run >= window:
            out[t] = population_std(x, t - window + 1, window)
    return out


@njit(cache=True, nogil=True)
def is_flat(lowest: float, highest: float) -> bool:
    """Return whether a window with these extremes does not move beyond rounding."""
    return highest - lowest <= FLAT * max(abs(lowest), abs(highest))


@njit(cache=True, nogil=True)
def _matches(
    values: Floats,
    times: Ints,
    start: int,
    size: int,
    tolerance: float,
    rows: Words,
    edge: Words,
) -> tuple[int, int]:
    """Return the number of template pairs that match over 2 and over 3 values, strictly within.

    `rows[i]` becomes the set of later values near value i, by distance: bit d - 1 stands for
    value i + d. So the rows of consecutive values line up and need no shift to be combined.
    """
    words = (size + 63) >> 6
    one = np.uint64(1)
    near = np.zeros(words + 1, dtype=np.uint64)
    low = 0
    high = 0
    for p in range(size):
        value = values[p]
        while high < size and values[high] - value < tolerance:
            at = times[high] - start
            near[at >> 6] |= one << np.uint64(at & 63)
            high += 1
        while not value - values[low] < tolerance:
            at = times[low] - start
            near[at >> 6] &= ~(one << np.uint64(at & 63))
            low += 1
        i = times[p] - start
        skip = (i + 1) >> 6
        right = np.uint64((i + 1) & 63)
        kept = words - skip
        if right == 0:
            for k in range(kept):
                rows[i, k] = near[skip + k]
        else:
            left = np.uint64(64) - right
            for k in range(kept):
                rows[i, k] = (near[skip + k] >> right) | (near[skip + k + 1] << left)
        for k in range(max(kept, 0), words):
            rows[i, k] = 0
        if i >= size - 2:  # the two last values: their whole sets are needed below
            for k in range(words):
                edge[i - size + 2, k] = near[k]
    two = np.uint64(0)
    three = np.uint64(0)
    for i in range(size - 2):
        for k in range(words):
            both = rows[i, k] & rows[i + 1, k]
            two += popcount(both)
            three += popcount(both & rows[i + 2, k])
    # The template that starts one before the last value has no third value: it takes no part.
    for k in range(words):
        following = edge[1, k] >> one
        if k + 1 < words:
            following |= edge[1, k + 1] << np.uint64(63)
        both = edge[0, k] & following
        last = size - 2 - 64 * k
        if last <= 0:
            break
        if last < 64:
            both &= (one << np.uint64(last)) - one
        two -= popcount(both)
    return int(two), int(three)


@njit(cache=True, nogil=True)
def _matches_in_a_word(
    values: Floats, times: Ints, start: int, size: int, tolerance: float, rows: Words
) -> tuple[int, int]:
    """Return what `_matches` does, for at most 64 values: every set is one word."""
    one = np.uint64(1)
    near = np.uint64(0)
    last = np.uint64(0)  # the sets of the two last values
    before = np.uint64(0)
    low = 0
    high = 0
    for p in range(size):
        value = values[p]
        while high < size and values[high] - value < tolerance:
            near |= one << np.uint64(times[high] - start)
            high += 1
        while not value - values[low] < tolerance:
            near &= ~(one << np.uint64(times[low] - start))
            low += 1
        i = times[p] - start
        rows[i] = (near >> np.uint64(i)) >> one
        if i == size - 1:
            last = near
        elif i == size - 2:
            before = near
    two = np.uint64(0)
    three = np.uint64(0)
    for i in range(size - 2):
        both = rows[i] & rows[i + 1]
        two += popcount(both)
        three += popcount(both & rows[i + 2])
    two -= popcount(before & (last >> one) & ((one << np.uint64(size - 2)) - one))
    return int(two), int(three)


@njit(cache=True, nogil=True)
def _matches_in_four_words(
    values: Floats, times: Ints, start: int, size: int, tolerance: float, rows: Words
) -> tuple[int, int]:
    """Return what `_matches` does, for at most 256 values: every set is four words.

    Loops over a number of words that is not known beforehand cost more than what they do. Here
    `rows[i]` is the whole set of values near value i, so every pair is counted from both sides and
    every template with itself.
    """
    one = np.uint64(1)
    carry = np.uint64(63)
    near = np.zeros(4, dtype=np.uint64)
    low = 0
    high = 0
    for p in range(size):
        value = values[p]
        while high < size and values[high] - value < tolerance:
            at = times[high] - start
            near[at >> 6] |= one << np.uint64(at & 63)
            high += 1
        while not value - values[low] < tolerance:
            at = times[low] - start
            near[at >> 6] &= ~(one << np.uint64(at & 63))
            low += 1
        i = times[p] - start
        for k in range(4):
            rows[i, k] = near[k]
    two = np.uint64(0)
    three = np.uint64(0)
    n0, n1, n2, n3 = rows[size - 1, 0], rows[size - 1, 1], rows[size - 1, 2], rows[size - 1, 3]
    m0 = m1 = m2 = m3 = np.uint64(0)  # templates of 2 values that match the one after this row's
    for i in range(size - 2, -1, -1):
        r0, r1, r2, r3 = rows[i, 0], rows[i, 1], rows[i, 2], rows[i, 3]
        three += popcount(r0 & ((m0 >> one) | (m1 << carry)))
        three += popcount(r1 & ((m1 >> one) | (m2 << carry)))
        three += popcount(r2 & ((m2 >> one) | (m3 << carry)))
        three += popcount(r3 & (m3 >> one))
        m0 = r0 & ((n0 >> one) | (n1 << carry))
        m1 = r1 & ((n1 >> one) | (n2 << carry))
        m2 = r2 & ((n2 >> one) | (n3 << carry))
        m3 = r3 & (n3 >> one)
        if i < size - 2:
            two += popcount(m0) + popcount(m1) + popcount(m2) + popcount(m3)
        n0, n1, n2, n3 = r0, r1, r2, r3
    # The template that starts one before the last value has no third value: it takes no part.
    last = size - 2
    word = last >> 6
    place = np.uint64(last & 63)
    word_after = (last + 1) >> 6
    place_after = np.uint64((last + 1) & 63)
    for i in range(size - 2):
        two -= (rows[i, word] >> place) & (rows[i + 1, word_after] >> place_after) & one
    itself = size - 2
    return (int(two) - itself) // 2, (int(three) - itself) // 2


@njit(cache=True, nogil=True)
def _sample_entropy(x: Floats, window: int, tolerances: Floats) -> Floats:
    """Return the sample entropy (m = 2) of each window at the tolerance given for its last row."""
    n = x.size
    out = np.full(n, np.nan)
    values = np.empty(window)
    times = np.empty(window, dtype=np.int64)
    words = (window + 63) >> 6
    rows = np.zeros((window, max(words, 4)), dtype=np.uint64)
    edge = np.zeros((2, words), dtype=np.uint64)
    run = 0
    for t in range(n):
        if not np.isfinite(x[t]):
            run = 0
            continue
        run += 1
        if run < window:
            continue
        start = t - window + 1
        if run == window:
            order = np.argsort(x[start : t + 1])
            for i in range(window):
                times[i] = start + order[i]
                values[i] = x[times[i]]
        else:
            replace_dated(values, times, window, x[start - 1], start - 1, x[t], t)
        tolerance = tolerances[t]
        if not tolerance > 0.0 or is_flat(values[0], values[window - 1]):
            continue
        if words == 1:
            two, three = _matches_in_a_word(values, times, start, window, tolerance, rows[:, 0])
        elif words <= 4:
            two, three = _matches_in_four_words(values, times, start, window, tolerance, rows)
        else:
            two, three = _matches(values, times, start, window, tolerance, rows, edge)
        if three > 0:
            out[t] = -np.log(three / two)
        elif two > 0:
            out[t] = -np.log(0.5 / two)
    return out


@njit(cache=True, nogil=True)
def sample_entropy(x: Floats, window: int) -> Floats:
    """Return the sample entropy of each window, m = 2, r = 0.2 standard deviations.

    -ln(A / B), where B and A count the pairs of distinct templates of 2 and of 3 values whose
    values all differ by less than r (strictly).

    Parameters
    ----------
    x
        Series, shape (n,); NaN where missing.
    window
        Values in a window, at least 4.

    Returns
    -------
    ndarray
        Nats, shape (n,). NaN where a value is missing, where the window is flat and where no
        two templates of 2 values match.

    Notes
    -----
    Where templates of 2 values match and none of 3 does, the statistic of the source is
    infinite: all that the window tells is that it exceeds ln B. Half a match stands for none
    there, ln(2 B), which keeps the order (it exceeds every value that a match would give) and
    stays finite. In windows of 60 daily returns this is one row in twelve.

    References
    ----------
    Richman and Moorman (2000), "Physiological time-series analysis using approximate entropy and
    sample entropy", Am. J. Physiol. Heart Circ. Physiol. 278.
    """
    out: Floats = _sample_entropy(x, window, TOLERANCE * rolling_population_std(x, window))
    return out


@njit(cache=True, nogil=True)
def multiscale_entropy(x: Floats, window: int, scale: int) -> Floats:
    """Return the sample entropy of the means of `scale` consecutive values of each window.

    The blocks end with the window; what does not fill a block at its start is left out. The
    tolerance stays 0.2 standard deviations of the window at scale 1, as in the source: averaging
    noise shrinks it, and that is what the statistic is to see.

    Parameters
    ----------
    x
        Series, shape (n,); NaN where missing.
    window
        Values in a window.
    scale
        Values in a block.

    Returns
    -------
    ndarray
        Nats, shape (n,); NaN as in `sample_entropy`.

    References
    ----------
    Costa, Goldberger and Peng (2002), "Multiscale entropy analysis of complex physiologic time
    series", Phys. Rev. Lett. 89, 068102.
    """
    n = x.size
    tolerances = TOLERANCE * rolling_population_std(x, window)
    means = np.full(n, np.nan)
    for t in range(scale - 1, n):
        total = 0.0
        for i in range(t - scale + 1, t + 1):
            total += x[i]
        means[t] = total / scale
    out = np.full(n, np.nan)
    blocks = window // scale
    for phase in range(scale):
        # Windows that end a whole number of blocks apart share their blocks.
        part = _sample_entropy(means[phase::scale].copy(), blocks, tolerances[phase::scale].copy())
        for k in range(part.size):
            out[phase + k * scale] = part[k]
    return out


@njit(cache=True, nogil=True)
def _approximate_entropy(
    values: Floats,
    times: Ints,
    start: int,
    size: int,
    tolerance: float,
    rows: Words,
    logs: Floats,
) -> float:
    """Return phi(2) - phi(3) of one window; distances up to the tolerance count, and itself."""
    words = (size + 63) >> 6
    one = np.uint64(1)
    carry = np.uint64(63)
    near = np.zeros(words, dtype=np.uint64)
    low = 0
    high = 0
    for p in range(size):
        value = values[p]
        while high < size and values[high] - value <= tolerance:
            at = times[high] - start
            near[at >> 6] |= one << np.uint64(at & 63)
            high += 1
        while not value - values[low] <= tolerance:
            at = times[low] - start
            near[at >> 6] &= ~(one << np.uint64(at & 63))
            low += 1
        i = times[p] - start
        for k in range(words):
            rows[i, k] = near[k]
    two_sum = 0.0
    three_sum = 0.0
    for i in range(size - 1):
        two = np.uint64(0)
        three = np.uint64(0)
        for k in range(words):
            both = rows[i, k] & ((rows[i + 1, k] >> one) | (rows[i + 1, k + 1] << carry))
            two += popcount(both)
            if i < size - 2:
                three += popcount(
                    both
                    & ((rows[i + 2, k] >> np.uint64(2)) | (rows[i + 2, k + 1] << np.uint64(62)))
                )
        two_sum += logs[two]
        if i < size - 2:
            three_sum += logs[three]
    phi_two: float = two_sum / (size - 1) - np.log(size - 1)
    phi_three: float = three_sum / (size - 2) - np.log(size - 2)
    return phi_two - phi_three


@njit(cache=True, nogil=True)
def approximate_entropy(x: Floats, window: int) -> Floats:
    """Return the approximate entropy of each window, m = 2, r = 0.2 standard deviations.

    phi(2) - phi(3), where phi(m) is the mean over templates of the log share of templates
    within r (up to and including r), itself among them.

    Parameters
    ----------
    x
        Series, shape (n,); NaN where missing.
    window
        Values in a window, at least 4.

    Returns
    -------
    ndarray
        Nats, shape (n,). NaN where a value is missing or the window is flat.

    References
    ----------
    Pincus (1991), "Approximate entropy as a measure of system complexity", PNAS 88.
    """
    n = x.size
    out = np.full(n, np.nan)
    tolerances = TOLERANCE * rolling_population_std(x, window)
    values = np.empty(window)
    times = np.empty(window, dtype=np.int64)
    words = (window + 63) >> 6
    rows = np.zeros((window, words + 1), dtype=np.uint64)
    logs = np.zeros(window + 1)
    for count in range(1, window + 1):
        logs[count] = np.log(count)
    run = 0
    for t in range(n):
        if not np.isfinite(x[t]):
            run = 0
            continue
        run += 1
        if run < window:
            continue
        start = t - window + 1
        if run == window:
            order = np.argsort(x[start : t + 1])
            for i in range(window):
                times[i] = start + order[i]
                values[i] = x[times[i]]
        else:
            replace_dated(values, times, window, x[start - 1], start - 1, x[t], t)
        if is_flat(values[0], values[window - 1]):
            continue
        out[t] = _approximate_entropy(values, times, start, window, tolerances[t], rows, logs)
    return out
