"""What the right of early exercise adds to the simulated prices.

The law of motion prices European options exactly. Their volatility, under the model of
`engine.kernels.american_grid` (declared dividends are cash that the spot drops by at the ex-date,
the rest of the carry is a yield), is what the American price is made from: so it is the true
implied volatility of an American quote, and an option that nobody would exercise early is worth
what the law says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.kernels import american_options as american
from engine.kernels import black
from engine.kernels.american_options import Dividends
from engine.lake.simulate.listing import Integers
from engine.lake.simulate.model import Floats
from engine.lake.simulate.path import Path
from engine.lake.simulate.timeline import Timeline

_NEGLIGIBLE = 1e-4  # dollars that early exercise must be able to add


@dataclass(frozen=True)
class Carry:
    """What a holder of the share pays and receives until each series expires.

    Parameters
    ----------
    spot, years, rate, paid
        (n,) share price, time, continuous rate, and the yield that gives the forward.
    offsets, times, amounts
        Series i has the declared dividends offsets[i] to offsets[i + 1]: years to the ex-date and
        dollars.
    """

    spot: Floats
    years: Floats
    rate: Floats
    paid: Floats
    offsets: Integers
    times: Floats
    amounts: Floats

    def shift(self) -> Floats:
        """Return by how much forward and strike grow for a spot before its dividends.

        A spot that drops by cash on its way moves more than one that has paid it already. In first
        order, a dividend counts for the strike by the share of the time before it (Bos and
        Vandermark, 2002, "Finessing fixed dividends", Risk 15).
        """
        row = np.repeat(np.arange(len(self.years)), np.diff(self.offsets))
        grown = np.exp((self.rate - self.paid)[row] * (self.years[row] - self.times))
        waited = self.amounts * grown * self.times / self.years[row]
        shift: Floats = np.bincount(row, waited, minlength=len(self.years)).astype(float)
        return shift


def carry(
    line: Timeline, path: Path, t: int, spot: Floats, instrument: Integers, expiration: Integers,
    forward: Floats, discount: Floats, years: Floats,
) -> Carry:  # fmt: skip
    """Return the carry of series at a session's snapshot.

    Parameters
    ----------
    spot
        (instruments,) share prices.
    instrument, expiration, forward, discount, years
        (n,) of the series.
    """
    days = line.ordinals
    due = sorted((d.ex, d.instrument, d.amount) for d in path.dividends if d.declared <= t < d.ex)
    times: list[float] = []
    amounts: list[float] = []
    offsets = [0]
    for i, expires, left in zip(instrument, expiration, years, strict=True):
        mine = [(ex, cash) for ex, owner, cash in due if owner == i and ex <= expires]
        # the last ex-date may be the day of expiration, and that day a short one
        times += [min((days[ex] - days[t]) / 365.0, float(left)) for ex, _ in mine]
        amounts += [cash for _, cash in mine]
        offsets.append(len(times))
    price, rate = spot[instrument], -np.log(discount) / years
    row = np.repeat(np.arange(len(years)), np.diff(offsets))
    when, cash_paid = np.array(times), np.array(amounts)
    growth = np.zeros(len(years))
    for _ in range(4):  # the dividends are small: each round gives three digits
        after = cash_paid * np.exp(growth[row] * (years[row] - when))
        whole = forward + np.bincount(row, after, minlength=len(years))
        growth = np.log(whole / price) / years
    return Carry(price, years, rate, rate - growth, np.array(offsets, np.int64), when, cash_paid)


def volatility(
    moves: Carry, series: Integers, forward: Floats, strike: Floats, otm: Floats
) -> Floats:
    """Return volatility x sqrt(years) of undiscounted out-of-the-money prices; NaN for unknown.

    Parameters
    ----------
    series
        (p,) of each strike, ascending.
    forward, strike, otm
        (p,) forward of the share, strike, price; NaN where no volatility is wanted.
    """
    extra = moves.shift()[series]
    stdev: Floats = black.implied_stdev_sorted(forward + extra, strike + extra, otm)
    return stdev


def values(moves: Carry, series: Integers, strike: Floats, stdev: Floats, fair: Floats) -> Floats:
    """Return American values, (p, 2) for calls and puts.

    Parameters
    ----------
    series, strike, stdev
        (p,) as `volatility`, and what it gave: where it is unknown, that of the next strike.
    fair
        (p, 2) European values, which are kept where early exercise adds nothing.
    """
    stdev = _filled(stdev, series)
    sigma = stdev / np.sqrt(moves.years[series])
    spot, years, rate, paid = (
        each[series] for each in (moves.spot, moves.years, moves.rate, moves.paid)
    )
    has_cash = np.diff(moves.offsets)[series] > 0
    # exercise gains at most the yield on the share (a call) or the interest on the strike (a put)
    gain = np.stack([-spot * np.expm1(-paid * years), -strike * np.expm1(-rate * years)], axis=1)
    is_early = ((gain > _NEGLIGIBLE) | has_cash[:, None]) & np.isfinite(sigma)[:, None]
    row, side = np.nonzero(is_early)
    owed = Dividends(moves.offsets, moves.times, moves.amounts).take(series[row])
    found = american.prices(
        (side == 0).astype(np.int8), spot[row], strike[row], years[row], rate[row], paid[row],
        sigma[row], owed,
    )  # fmt: skip
    out = fair.copy()
    out[row, side] = found
    exercised = (spot - strike)[:, None] * np.array([1.0, -1.0])
    worth: Floats = np.maximum(out, exercised)
    return worth


def _filled(stdev: Floats, series: Integers) -> Floats:
    """Return the volatilities with those of the nearest known strike of the series in the gaps."""
    known = np.flatnonzero(np.isfinite(stdev))
    if not known.size:
        return stdev
    at = np.arange(len(stdev))
    after = np.minimum(np.searchsorted(known, at), len(known) - 1)
    before = np.maximum(after - 1, 0)
    left, right = known[before], known[after]
    has_left, has_right = series[left] == series, series[right] == series
    is_left = has_left & (~has_right | (np.abs(at - left) < np.abs(right - at)))
    nearest = np.where(is_left, left, right)
    return np.where(has_left | has_right, stdev[nearest], np.nan)
