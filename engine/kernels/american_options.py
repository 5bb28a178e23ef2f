"""American options over arrays: each row by the method that its carry and dividends ask for.

Continuous carry goes to the exercise boundary (`engine.kernels.american`); cash dividends, and the
rates under which there are two boundaries, to the lattice (`engine.kernels.american_rows`). The
choice depends on the row alone, so no row's value depends on its batch.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels import american, american_rows

Floats = NDArray[np.float64]
Sides = NDArray[np.int8]
Codes = NDArray[np.int8]


class Dividends(NamedTuple):
    """Cash dividends of rows of options.

    The spot drops by the amount at the ex-date. What is ex now or before, or after expiry, does not
    matter.

    Parameters
    ----------
    offsets
        (n + 1,) row i has the dividends offsets[i] to offsets[i + 1].
    times, amounts
        Years to the ex-date; dollars a share.
    """

    offsets: NDArray[np.int64]
    times: Floats
    amounts: Floats

    @staticmethod
    def none(rows: int) -> Dividends:
        """Return no dividends for so many rows."""
        return Dividends(np.zeros(rows + 1, np.int64), np.empty(0), np.empty(0))

    @staticmethod
    def same(rows: int, times: Floats, amounts: Floats) -> Dividends:
        """Return the same dividends for every row."""
        return Dividends(
            np.arange(rows + 1, dtype=np.int64) * len(times),
            np.tile(np.asarray(times, float), rows),
            np.tile(np.asarray(amounts, float), rows),
        )

    def take(self, rows: NDArray[np.int64]) -> Dividends:
        """Return the dividends of some rows."""
        lengths = np.diff(self.offsets)[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        at = np.repeat(self.offsets[rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
        return Dividends(offsets, self.times[at], self.amounts[at])


def prices(
    side: Sides,
    spot: Floats,
    strike: Floats,
    t: Floats,
    r: Floats,
    q: Floats,
    sigma: Floats,
    dividends: Dividends,
) -> Floats:
    """Return American prices, NaN where an input is impossible.

    Parameters
    ----------
    side
        (n,) 1 for calls, 0 for puts.
    spot, strike, t, r, q, sigma
        (n,) dollars, years, continuous rates, volatility.
    dividends
        Of the same rows.
    """
    is_cash = american_rows.is_for_table(
        side, t, r, q, dividends.offsets, dividends.times, dividends.amounts
    )
    out: Floats = american.american_prices(side, spot, strike, t, r, q, sigma)
    if is_cash.any():
        rows = np.nonzero(is_cash)[0]
        columns: list[Any] = [side, sigma, spot, strike, t, r, q]
        columns = [x[rows] for x in columns]
        out[rows] = _by_table(columns, dividends.take(rows), is_price=True)[0]
    return out


def implied_vols(
    side: Sides,
    price: Floats,
    spot: Floats,
    strike: Floats,
    t: Floats,
    r: Floats,
    q: Floats,
    dividends: Dividends,
    *,
    is_chain: bool = False,
) -> tuple[Floats, Codes]:
    """Return volatilities of American prices, and the codes of `engine.options.reasons`.

    Parameters
    ----------
    side, price, spot, strike, t, r, q, dividends
        As `prices`.
    is_chain
        Whole chains: every row by the lattice, whose tables the rows of an expiry share. Five times
        as fast there, and slower for rows that have nothing in common.
    """
    columns: list[Any] = [side, price, spot, strike, t, r, q]
    if is_chain:
        return _by_table(columns, dividends, is_price=False)
    is_cash = american_rows.is_for_table(
        side, t, r, q, dividends.offsets, dividends.times, dividends.amounts
    )
    if not is_cash.any():
        found: tuple[Floats, Codes] = american.american_ivs(*columns)
        return found
    out, code = np.full(len(side), np.nan), np.zeros(len(side), np.int8)
    for rows, is_table in ((np.nonzero(is_cash)[0], True), (np.nonzero(~is_cash)[0], False)):
        some = [x[rows] for x in columns]
        if is_table:
            out[rows], code[rows] = _by_table(some, dividends.take(rows), is_price=False)
        else:
            out[rows], code[rows] = american.american_ivs(*some)
    return out, code


def greeks(
    side: Sides,
    spot: Floats,
    strike: Floats,
    t: Floats,
    r: Floats,
    q: Floats,
    sigma: Floats,
    dividends: Dividends,
) -> Floats:
    """Return Greeks, (8, n) in the order of `black_scholes.GREEKS`, NaN where there are none.

    Parameters
    ----------
    side, spot, strike, t, r, q, sigma, dividends
        As `prices`. Rows of an expiry share the lattices that are solved for them.
    """
    return values([side, sigma, spot, strike, t, r, q], dividends, is_price=True)[2]


def _order(columns: list[Any], dividends: Dividends) -> NDArray[np.int64]:
    """Return rows of one expiry beside each other: only the time it takes depends on it."""
    side, _, spot, _, t, r, q = columns
    sums = np.concatenate([[0.0], np.cumsum(dividends.amounts)])
    cash = np.diff(sums[dividends.offsets])
    return np.lexsort((cash, q, r, spot, t, side)).astype(np.int64)


def values(
    columns: list[Any], dividends: Dividends, *, is_price: bool
) -> tuple[Floats, Codes, Floats]:
    """Return prices or volatilities, codes, and Greeks, every row by the lattice.

    Parameters
    ----------
    columns
        Side, volatility (or the price whose volatility is wanted), spot, strike, t, r, q.
    dividends
        Of the same rows.
    is_price
        Prices are wanted, of volatilities.
    """
    found: tuple[Floats, Codes, Floats] = american_rows.rows_by_table(
        *columns, dividends.offsets, dividends.times, dividends.amounts,
        _order(columns, dividends), is_price, True,
    )  # fmt: skip
    return found


def _by_table(columns: list[Any], dividends: Dividends, *, is_price: bool) -> tuple[Floats, Codes]:
    out, code, _ = american_rows.rows_by_table(
        *columns, dividends.offsets, dividends.times, dividends.amounts,
        _order(columns, dividends), is_price, False,
    )  # fmt: skip
    return out, code
