"""The forward of an expiry whose options may be exercised early.

Put-call parity holds for European prices. Near the money the early exercise premium is small and
hardly depends on the volatility, so it is taken off both sides of each pair, at the volatility of
the out-of-the-money side, and parity names a forward; the carry that follows gives better
premiums, and three rounds settle it. With cash dividends the lattice's correction is taken off, of
which the part that is not early exercise is the same for a call and a put.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.american import _POINTS, SCRATCH, premium_one
from engine.kernels.american_grid import (
    COARSE,
    Lattices,
    correction,
    dividends_before,
    new_lattices,
)
from engine.kernels.black_scholes import CALL, PUT, SOLVED, normal_form
from engine.kernels.implied_vol import width as implied_width
from engine.kernels.parity import forward as european_forward

Floats = NDArray[np.float64]

NEAREST = 8  # strikes that name the forward
_ROUNDS = 3


@njit(cache=True, nogil=True)
def forward(
    strike: Floats,
    call: Floats,
    put: Floats,
    width: Floats,
    spot: float,
    t: float,
    rate: float,
    near: float,
    times: Floats,
    amounts: Floats,
    of_calls: Lattices,
    of_puts: Lattices,
) -> Floats:
    """Return what the pairs of one expiry say of its forward, as `parity.forward`.

    Parameters
    ----------
    strike, call, put, width
        As `parity.forward`; American prices.
    spot
        Dollars.
    t
        Years to expiry.
    rate
        Continuous rate.
    near
        First idea of the forward.
    times, amounts
        Cash dividends: years to the ex-dates and dollars.
    of_calls, of_puts
        Room for lattices.
    """
    out = np.full(4, np.nan)
    n = strike.shape[0]
    out[2] = 0.0
    if n == 0 or not (spot > 0.0 and t > 0.0 and near > 0.0):
        return out
    nearest = np.argsort(np.abs(strike - near))[:NEAREST]
    count = nearest.shape[0]
    strikes, widths = strike[nearest], width[nearest]
    calls, puts = np.empty(count), np.empty(count)
    log_b, scratch = np.empty(_POINTS), np.empty(SCRATCH)
    root = math.sqrt(t)
    found = near
    kept_times, kept_amounts = np.empty(times.size), np.empty(times.size)
    for _ in range(_ROUNDS):
        cash, now, is_possible = dividends_before(
            spot, t, rate, times, amounts, kept_times, kept_amounts
        )
        if not is_possible:
            return out
        q = rate - math.log(found / now) / t
        _, rest, _ = dividends_before(spot, t, rate - q, times, amounts, kept_times, kept_amounts)
        when, what = kept_times[:cash], kept_amounts[:cash]
        of_calls.is_known[:, :] = False
        of_puts.is_known[:, :] = False
        for i in range(count):
            one_call, one_put, k = call[nearest[i]], put[nearest[i]], strikes[i]
            side, outside = (CALL, one_call) if k >= found else (PUT, one_put)
            calls[i], puts[i] = math.nan, math.nan
            x, c, code = normal_form(side, outside, rest, k, t, rate, q)
            if code != SOLVED:
                continue
            sigma = implied_width(x, c) / root
            if not sigma > 0.0:
                continue
            if cash > 0:
                over_call = correction(CALL, spot, k, t, rate, q, sigma, 0.0, when, what, of_calls)
                over_put = correction(PUT, spot, k, t, rate, q, sigma, 0.0, when, what, of_puts)
                calls[i], puts[i] = one_call - over_call, one_put - over_put
                continue
            over_call = premium_one(CALL, spot, k, t, rate, q, sigma, 0.0, log_b, scratch)
            over_put = premium_one(PUT, spot, k, t, rate, q, sigma, 0.0, log_b, scratch)
            if over_call >= 0.0 and over_put >= 0.0:
                calls[i], puts[i] = one_call - over_call, one_put - over_put
        agreed: Floats = european_forward(strikes, calls, puts, widths, math.exp(-rate * t), found)
        out = agreed
        if not out[0] > 0.0:
            return out
        found = out[0]
    out[3] = math.nan  # so few strikes say nothing of the discount
    return out


@njit(cache=True, nogil=True)
def forwards(
    strike: Floats,
    call: Floats,
    put: Floats,
    width: Floats,
    offsets: NDArray[np.int64],
    spot: Floats,
    t: Floats,
    rate: Floats,
    near: Floats,
    dividends: NDArray[np.int64],
    times: Floats,
    amounts: Floats,
) -> Floats:
    """Return `forward` of each expiry, shape (4, n); lists as in `parity.forwards`.

    Expiry i has the dividends dividends[i] to dividends[i + 1] of the last two.
    """
    out = np.empty((4, t.size))
    of_calls, of_puts = new_lattices(COARSE), new_lattices(COARSE)
    for i in range(t.size):
        at = slice(offsets[i], offsets[i + 1])
        cash = slice(dividends[i], dividends[i + 1])
        out[:, i] = forward(
            strike[at], call[at], put[at], width[at], spot[i], t[i], rate[i], near[i],
            times[cash], amounts[cash], of_calls, of_puts,
        )  # fmt: skip
    return out
