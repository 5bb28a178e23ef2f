"""Order flow of one session from its minutes: who bought, how much, and what it moved.

No trades are seen, only minutes. Two classical rules give a minute's volume a side: the tick
rule (all of it goes with the last price change) and bulk classification (a share of it, by how
large the minute's move is). Every number is a share of the session's own volume or in units of
its own minutes: a split or another session's minutes change none of them.

Returns run between consecutive minutes that traded, the first from the session's opening price.
Sessions are given one after the other in flat arrays with offsets, as Arrow lists are.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.least_squares import line
from engine.kernels.session_impact import decayed_net, glosten_harris, reversal

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BUCKETS = 50  # of equal volume in a session
SHORT_RUN = 10  # buckets of the moving VPIN
EDGE = 30  # minutes at either end of the session
BLOCK = 5  # minutes of a block of the flow-return correlation
LARGE = 0.95  # quantile of minute volume above which a minute is large
MIN_COVERAGE = 0.5
MIN_RETURNS = 30
BP = 1e4

(
    BVC,
    VPIN,
    VPIN_MAX,
    OFI,
    KYLE,
    KYLE_T,
    HASBROUCK,
    AMIHUD,
    LARGE_SHARE,
    LARGE_SIGNED,
    FIRST,
    LAST,
    ACF,
    RETCORR,
    SIGN_RUN,
    REVERSAL,
    PERMANENT,
    TRANSITORY,
    ADVERSE,
    NET_HOUR,
    NET_DAY,
    NET_WEEK,
    NET_LAST,
    VARIANCE,
) = range(24)
COUNT = 24
# Half-lives of the fading net volume, in sessions: an hour of six and a half, a day, a week.
HALF_LIVES = (2.0 / 13.0, 1.0, 5.0)


@njit(cache=True, nogil=True)
def normal_cdf(x: float) -> float:
    """Return the standard normal distribution function at x."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


@njit(cache=True, nogil=True)
def tick_signs(price: Floats, origin: float) -> Floats:
    """Return the sign of each price's change, or of the last change before; 0 before any."""
    out = np.empty(price.shape[0])
    before = origin
    sign = 0.0
    for i in range(price.shape[0]):
        if price[i] > before:
            sign = 1.0
        elif price[i] < before:
            sign = -1.0
        out[i] = sign
        before = price[i]
    return out


@njit(cache=True, nogil=True)
def bulk_buy_shares(r: Floats) -> Floats:
    """Return Phi(r / sigma), the bulk-classified buyers' share, sigma that of the given returns.

    Returns that do not vary give one half: nothing says who was in a hurry.

    References
    ----------
    Easley, Lopez de Prado and O'Hara (2012).
    """
    n = r.shape[0]
    out = np.full(n, 0.5)
    mean = r.sum() / n
    squares = 0.0
    flat = True
    for i in range(n):
        squares += (r[i] - mean) * (r[i] - mean)
        flat &= r[i] == r[0]
    if flat:
        return out
    sigma = math.sqrt(squares / (n - 1))
    for i in range(n):
        out[i] = normal_cdf(r[i] / sigma)
    return out


@njit(cache=True, nogil=True)
def bucket_imbalances(volume: Floats, net: Floats, buckets: int) -> Floats:
    """Return |buys - sells| over the volume of each of `buckets` parts of equal volume.

    A minute that crosses an edge goes to both sides in proportion.

    Parameters
    ----------
    volume
        Volume of each minute, in order of time, with a sum above 0; shape (n,).
    net
        Buys less sells of each minute, at most its volume in size; shape (n,).
    buckets
        Number of parts.

    Returns
    -------
    ndarray
        Shape (buckets,), each from 0 to 1.

    Examples
    --------
    Minutes of 20, 20 and 20 shares, the first bought, the second sold, the third bought, in two
    buckets of 30: 20 bought and 10 sold, then 10 sold and 20 bought.

    >>> bucket_imbalances(np.full(3, 20.0), np.array([20.0, -20.0, 20.0]), 2)
    array([0.33333333, 0.33333333])
    """
    size = volume.sum() / buckets
    out = np.zeros(buckets)
    bucket = 0
    room = size
    balance = 0.0
    for i in range(volume.shape[0]):
        left = volume[i]
        if left <= 0.0:
            continue
        side = net[i] / volume[i]
        while left >= room and bucket < buckets - 1:
            balance += side * room
            left -= room
            out[bucket] = min(abs(balance) / size, 1.0)
            bucket += 1
            room = size
            balance = 0.0
        # The last bucket takes what rounding leaves over.
        balance += side * left
        room -= left
    out[bucket] = min(abs(balance) / size, 1.0)
    return out


@njit(cache=True, nogil=True)
def _ratio(a: float, b: float) -> float:
    """Return a / b for a share of volume b, NaN where there is none."""
    if b > 0.0:
        return a / b
    return np.nan


@njit(cache=True, nogil=True)
def _quantile(x: Floats, share: float) -> float:
    """Return a quantile, linear between the order statistics."""
    ordered = np.sort(x)
    place = share * (x.shape[0] - 1)
    below = int(place)
    above = min(below + 1, x.shape[0] - 1)
    value: float = ordered[below] + (place - below) * (ordered[above] - ordered[below])
    return value


@njit(cache=True, nogil=True)
def _mean_run(r: Floats) -> float:
    """Return the mean length of runs of one sign, returns of zero left out."""
    moves = 0
    runs = 0
    before = 0.0
    for value in r:
        if value == 0.0:
            continue
        sign = 1.0 if value > 0.0 else -1.0
        moves += 1
        if sign != before:
            runs += 1
        before = sign
    if runs == 0:
        return np.nan
    return moves / runs


@njit(cache=True, nogil=True)
def _block_correlation(minute: Ints, r: Floats, signed: Floats, volume: Floats) -> float:
    """Return the correlation of blocks' returns with their flow imbalances."""
    n = r.shape[0]
    returns = np.empty(n)
    flows = np.empty(n)
    count = 0
    i = 0
    while i < n:
        block = minute[i] // BLOCK
        move = 0.0
        net = 0.0
        traded = 0.0
        while i < n and minute[i] // BLOCK == block:
            move += r[i]
            net += signed[i]
            traded += volume[i]
            i += 1
        if traded > 0.0:
            returns[count] = move
            flows[count] = net / traded
            count += 1
    found: tuple[float, float, float] = line(returns[:count], flows[:count])
    return found[2]


@njit(cache=True, nogil=True)
def _flow(
    out: Floats,
    minute: Ints,
    price: Floats,
    volume: Floats,
    r: Floats,
    sign: Floats,
    share: Floats,
    length: int,
) -> None:
    """Fill the statistics of one session; `share` is the buyers' bulk-classified share."""
    n = r.shape[0]
    out[SIGN_RUN] = _mean_run(r)
    out[VARIANCE] = (r * r).sum()
    total = volume.sum()
    if not total > 0.0:  # no volume, or not all of it is known
        return
    signed = sign * volume
    net = (2.0 * share - 1.0) * volume

    bought = 0.0
    ofi = 0.0
    net_last = 0.0
    first = 0.0
    first_volume = 0.0
    last = 0.0
    last_volume = 0.0
    large = 0.0
    large_volume = 0.0
    threshold = _quantile(volume, LARGE)
    for i in range(n):
        bought += share[i] * volume[i]
        ofi += signed[i]
        if minute[i] < EDGE:
            first += signed[i]
            first_volume += volume[i]
        if minute[i] >= length - EDGE:
            last += signed[i]
            last_volume += volume[i]
            net_last += net[i]
        if volume[i] > threshold:
            large += signed[i]
            large_volume += volume[i]
    out[BVC] = min(bought / total, 1.0)
    out[OFI] = ofi / total
    out[FIRST] = _ratio(first, first_volume)
    out[LAST] = _ratio(last, last_volume)
    out[LARGE_SHARE] = large_volume / total
    out[LARGE_SIGNED] = _ratio(large, large_volume)

    parts = bucket_imbalances(volume, net, BUCKETS)
    out[VPIN] = parts.sum() / BUCKETS
    highest = 0.0
    for end in range(SHORT_RUN, BUCKETS + 1):
        highest = max(highest, parts[end - SHORT_RUN : end].sum() / SHORT_RUN)
    out[VPIN_MAX] = highest

    moves = r * BP
    slope, t, _ = line(moves, signed * (100.0 / total))
    out[KYLE] = slope
    out[KYLE_T] = t
    out[ACF] = line(signed[1:], signed[:-1])[2]
    out[RETCORR] = _block_correlation(minute, r, signed, volume)

    dollars = price * volume
    all_dollars = dollars.sum()
    out[HASBROUCK] = line(moves, sign * np.sqrt(dollars / all_dollars))[0]
    traded = 0
    illiquidity = 0.0
    for i in range(n):
        if dollars[i] > 0.0:
            illiquidity += abs(r[i]) / (dollars[i] / all_dollars)
            traded += 1
    out[AMIHUD] = illiquidity / traded

    out[REVERSAL], out[PERMANENT] = reversal(moves, signed)
    out[TRANSITORY], out[ADVERSE] = glosten_harris(moves, sign, volume)
    for k in range(len(HALF_LIVES)):
        out[NET_HOUR + k] = decayed_net(minute, net, length, HALF_LIVES[k]) / total
    out[NET_LAST] = net_last / total


@njit(cache=True, nogil=True)
def session_flow(
    offsets: Ints,
    index: Ints,
    open_: Floats,
    close: Floats,
    volume: Floats,
    minutes: Ints,
) -> Floats:
    """Return order-flow statistics of each session.

    Parameters
    ----------
    offsets
        Where each session's rows begin and end, shape (sessions + 1,).
    index
        Minute of the session, from 0, each at most once, in any order; shape (rows,).
    open_, close, volume
        Shape (rows,).
    minutes
        Length of each session in minutes, shape (sessions,).

    Returns
    -------
    ndarray
        Shape (24, sessions), rows in the order of `BVC` to `VARIANCE`: buyers' share by bulk
        classification; VPIN of the session's 50 buckets, and the highest of 10 in a row; flow
        imbalance by the tick rule; slope of the minute's return (bp) on signed volume (percent
        of the session's) and its t; slope of the return (bp) on the signed root of the minute's
        share of the session's dollars; mean of |return| per share of the session's dollars;
        volume share of the largest minutes and their imbalance; imbalance of the first and the
        last 30 minutes; lag-1 autocorrelation of signed volume; correlation of flow and return
        over 5-minute blocks; mean run of return signs (minutes); reversal after flow (bp) and the
        share of its impact that stays; transitory and adverse-selection components (bp); net
        volume by bulk classification that fades with half-lives of an hour, a day and a week,
        and that of the last 30 minutes, as shares of the session's volume; sum of squared
        returns. NaN where fewer than half of
        the minutes or 30 returns are present, or the statistic is undefined.

    References
    ----------
    Lee and Ready (1991); Easley, Lopez de Prado and O'Hara (2012); Kyle (1985); Hasbrouck
    (2009); Amihud (2002); Holthausen, Leftwich and Mayers (1990); Glosten and Harris (1988).
    """
    sessions = minutes.shape[0]
    out = np.full((COUNT, sessions), np.nan)
    values = np.empty(COUNT)
    for s in range(sessions):
        start = offsets[s]
        stop = offsets[s + 1]
        n = stop - start
        if n < MIN_RETURNS or n < MIN_COVERAGE * minutes[s]:
            continue
        # Sorting here costs less than `list(... order by ...)` for each column in SQL; it also
        # fixes the order of every sum.
        order = np.argsort(index[start:stop]) + start
        price = close[order]
        origin = open_[order[0]]
        r = np.empty(n)
        before = origin
        for i in range(n):
            r[i] = np.log(price[i] / before)
            before = price[i]
        values[:] = np.nan
        _flow(
            values,
            index[order],
            price,
            volume[order],
            r,
            tick_signs(price, origin),
            bulk_buy_shares(r),
            minutes[s],
        )
        out[:, s] = values
    return out
