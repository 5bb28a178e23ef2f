"""What options are worth: forwards with discrete dividends, fair prices, true volatilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.kernels import black
from engine.lake.simulate import exercise
from engine.lake.simulate.listing import Book, Integers
from engine.lake.simulate.model import LONGEST, Floats, Surface
from engine.lake.simulate.path import Dividend, Path, zero_rate
from engine.lake.simulate.scenario import StructureEdge
from engine.lake.simulate.timeline import Timeline
from engine.lake.simulate.universe import SYMBOLS

_LEAST_PRICE = 2e-6  # of the forward: below it no implied volatility is stated


@dataclass(frozen=True)
class Forwards:
    """What each series settles against.

    Parameters
    ----------
    net
        (n,) forward of the part of the price that moves.
    cash
        (n,) declared dividends not yet paid at expiration: part of the price that does not.
    discount, years
        (n,) discount factor and years to settlement.
    """

    net: Floats
    cash: Floats
    discount: Floats
    years: Floats

    @property
    def whole(self) -> Floats:
        """The forward of the share."""
        return self.net + self.cash


def forwards(
    line: Timeline, path: Path, schedule: list[Dividend], t: int, spot: Floats,
    instrument: Integers, expiration: Integers,
) -> Forwards:  # fmt: skip
    """Return the forwards of series at a session's snapshot.

    Declared dividends are cash; later ones are the known share of the price at their declaration.
    """
    years = line.years(t, expiration)
    rate = zero_rate(path.rate[t], years)
    days = line.ordinals
    net = (spot - path.outstanding[t])[instrument] * np.exp(rate * years)
    cash = np.zeros(len(years))
    for dividend in path.dividends:
        if dividend.declared <= t < dividend.ex:
            later = (instrument == dividend.instrument) & (expiration < dividend.ex)
            wait = (days[dividend.ex] - days[expiration]) / 365.0
            cash += np.where(later, dividend.amount * np.exp(-path.rate[t] * wait), 0.0)
    for dividend in schedule:
        if t < dividend.declared and dividend.ex <= t + LONGEST:
            paid = (instrument == dividend.instrument) & (expiration >= dividend.ex)
            net = np.where(paid, net * (1.0 - dividend.share), net)
    return Forwards(net, cash, np.exp(-rate * years), years)


@dataclass(frozen=True)
class Valuation:
    """Fair values per strike: arrays (p,) per strike, (p, 2) per contract."""

    spot: Floats
    forward: Floats
    discount: Floats
    years: Floats
    is_american: bool  # may be exercised early
    stdev: Floats  # implied volatility x sqrt(years), NaN where the price is too small
    european: Floats  # discounted expectation under the pricing law
    fair: Floats  # the same, with early exercise where the options are American
    center: Floats  # what quotes are made around; equals fair outside the planted edge


def value(
    surface: Surface, book: Book, line: Timeline, path: Path, schedule: list[Dividend],
    t: int, spot: Floats, edge: StructureEdge | None, *, is_american: bool,
) -> Valuation:  # fmt: skip
    """Return the fair prices of every contract at a session's snapshot.

    Parameters
    ----------
    is_american
        Whether the options may be exercised early.
    """
    _, first, series = np.unique(book.series(), return_index=True, return_inverse=True)
    instrument, expiration = book.instrument[first], book.expiration[first]
    ahead = forwards(line, path, schedule, t, spot, instrument, expiration)
    member = np.searchsorted(np.array(surface.members), instrument)
    steps = expiration - t
    regime = int(path.regime_after[t])
    strike = book.strike / 1000.0
    moving = np.maximum(strike - ahead.cash[series], 1e-3)

    forward = ahead.whole[series]
    intrinsic = (forward - strike)[:, None] * np.array([1.0, -1.0])

    def out_of_the_money(variance: Floats) -> Floats:
        density, width = surface.density(member, steps, variance, regime)
        priced: Floats = black.cosine_otm(
            density, width, ahead.net, surface.is_right_tailed[member], series, moving
        )
        return np.maximum(priced, 0.0)

    def both(otm: Floats) -> Floats:
        sides: Floats = otm[:, None] + np.maximum(intrinsic, 0.0)
        return sides

    discount = ahead.discount[series]
    moves = exercise.carry(
        line, path, t, spot, instrument, expiration, ahead.whole, ahead.discount, ahead.years
    )

    def worth(variance: Floats) -> tuple[Floats, Floats, Floats]:
        """Return volatility x sqrt(years), European and fair values."""
        otm = out_of_the_money(variance)
        enough = np.where(otm > _LEAST_PRICE * forward, otm, np.nan)
        european = both(otm) * discount[:, None]
        if not is_american:
            return black.implied_stdev_sorted(forward, strike, enough), european, european
        stdev = exercise.volatility(moves, series, forward, strike, enough)
        return stdev, european, exercise.values(moves, series, strike, stdev, european)

    variance = path.variance_after[t]
    stdev, european, fair = worth(variance)
    center = fair
    if edge is not None and regime == edge.regime:
        _, _, dear = worth(variance * edge.variance_factor)
        at = SYMBOLS.index(edge.symbol)
        center = np.where((book.instrument == at)[:, None], dear, fair)
    return Valuation(
        spot[book.instrument], forward, discount, ahead.years[series], is_american,
        stdev, european, fair, center,
    )  # fmt: skip
