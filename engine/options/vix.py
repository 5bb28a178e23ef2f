"""The Cboe volatility index by its published rules: which quotes count, and their sum.

The index squared is the variance that a strip of out-of-the-money quotes prices, interpolated
between the two expirations around 30 days. Nothing is fitted or filled: a strike counts with its
own bid and ask or not at all.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

INDEX_DAYS = 30.0
YEAR_DAYS = 365.0
_LEAST_DAYS, _MOST_DAYS = 23, 37  # both excluded
_FRIDAY = 4


@dataclass(frozen=True)
class Term:
    """What one expiration's strip says.

    Parameters
    ----------
    variance
        Annual variance of the index to the expiration.
    t
        Years to settlement.
    forward, center
        Forward from the strike where call and put differ least, and the first strike at or below
        it, where put and call are averaged.
    count_strikes
        Strikes that counted.
    """

    variance: float
    t: float
    forward: float
    center: float
    count_strikes: int


def term_variance(
    strikes: Floats,
    call_bid: Floats,
    call_ask: Floats,
    put_bid: Floats,
    put_ask: Floats,
    t: float,
    rate: float,
) -> Term | None:
    """Return the variance of one expiration.

    From the center strike outwards, puts below and calls above count with their mid while their
    bid is above zero; after two strikes in a row with a zero bid nothing farther out counts.

    Parameters
    ----------
    strikes
        (n,) ascending; both sides are quoted at each, a missing quote is NaN.
    call_bid, call_ask, put_bid, put_ask
        (n,) dollars.
    t, rate
        Years to settlement and continuous rate to it.

    Returns
    -------
    Term or None
        None where no strike has both mids or fewer than two strikes count.

    References
    ----------
    Cboe, *White Paper: Cboe Volatility Index* (2019), steps 1 and 2.
    """
    call, put = 0.5 * (call_bid + call_ask), 0.5 * (put_bid + put_ask)
    gap = np.abs(call - put)
    if t <= 0 or not np.isfinite(gap).any():
        return None
    even = int(np.nanargmin(gap))
    growth = math.exp(rate * t)
    forward = float(strikes[even] + growth * (call[even] - put[even]))
    at = int(np.searchsorted(strikes, forward, side="right")) - 1
    if at < 0:
        return None
    below = _live(put_bid, range(at - 1, -1, -1))
    above = _live(call_bid, range(at + 1, len(strikes)))
    chosen = np.array([*reversed(below), at, *above])
    price = np.where(chosen < at, put[chosen], call[chosen])
    price[len(below)] = 0.5 * (put[at] + call[at])
    if len(chosen) < 2 or not np.isfinite(price).all():
        return None
    strike, center = strikes[chosen], float(strikes[at])
    # half the distance between the neighbours, at the ends the whole distance to the only one
    width = np.gradient(strike, np.arange(float(len(strike))))
    strip = math.fsum(width / strike**2 * price)
    variance = (2.0 * growth * strip - (forward / center - 1.0) ** 2) / t
    return Term(variance, t, forward, center, len(chosen))


def index_level(near: Term, far: Term) -> float:
    """Return the index, percent a year: total variance linear in time at 30 days."""
    target = INDEX_DAYS / YEAR_DAYS
    share = (far.t - target) / (far.t - near.t)
    total = near.t * near.variance * share + far.t * far.variance * (1.0 - share)
    return 100.0 * math.sqrt(total / target)


def terms(session: dt.date, expirations: Iterable[dt.date]) -> tuple[dt.date, dt.date] | None:
    """Return the near and the next expiration: the Fridays around 30 days.

    Both lie more than 23 and less than 37 days ahead; a near one of exactly 30 days takes the
    next Friday beside it, which has no weight.
    """
    days = sorted((day - session).days for day in set(expirations) if day.weekday() == _FRIDAY)
    near = [n for n in days if _LEAST_DAYS < n <= INDEX_DAYS]
    far = [n for n in days if INDEX_DAYS < n <= _MOST_DAYS]
    if not near or not far:
        return None
    return session + dt.timedelta(near[-1]), session + dt.timedelta(far[0])


def is_third_friday(day: dt.date) -> bool:
    """Return whether options of the standard, morning-settled series expire on a day."""
    return day.weekday() == _FRIDAY and 15 <= day.day <= 21


def _live(bid: Floats, outwards: range) -> list[int]:
    """Return the places with a bid, from the center outwards, up to two without in a row."""
    found: list[int] = []
    dead = 0
    for i in outwards:
        if bid[i] > 0:
            found.append(i)
            dead = 0
        else:
            dead += 1
            if dead == 2:
                break
    return found
