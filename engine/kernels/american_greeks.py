"""Greeks of American options: those of the Black price, exact, and of the correction to it.

The correction (`engine.kernels.american_grid`) is differentiated in spot and volatility over steps
of its own lattice, so the Greeks are those of the price that `american_grid` gives. Theta and charm
follow from the equation that every value obeys while it is held; rho is a difference of two rates.
Where exercise is due the option is worth what it brings: delta is 1 or -1, all else 0.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from engine.kernels.american import is_plain
from engine.kernels.american_grid import (
    _STEP,
    KNOWN,
    TABLE,
    WORK,
    correction,
    dividends_before,
)
from engine.kernels.black_scholes import BELOW_INTRINSIC, CALL, SOLVED, greeks_one, normal_form, price_one

_VOL_STEP = 0.06  # of ln(sigma)
_RATE_STEP = 0.0025
_NOTHING = 1e-6  # of the strike: with less time value than this exercise is due
_DAYS = 365.0


@njit(cache=True, nogil=True, error_model="numpy")
def american_greeks(
    side: np.ndarray,
    spot: np.ndarray,
    strike: np.ndarray,
    t: np.ndarray,
    r: np.ndarray,
    q: np.ndarray,
    sigma: np.ndarray,
    offsets: np.ndarray,
    times: np.ndarray,
    amounts: np.ndarray,
    order: np.ndarray,
) -> np.ndarray:
    """Return Greeks, shape (8, n), in the order of `black_scholes.GREEKS`; NaN where impossible.

    Parameters
    ----------
    side, spot, strike, t, r, q, sigma
        (n,) as `black_scholes.price_one`.
    offsets, times, amounts, order
        As `american_grid.rows_by_table`.
    """
    n = side.size
    out = np.full((8, n), np.nan)
    most = 1
    for i in range(n):
        most = max(most, offsets[i + 1] - offsets[i])
    kept_times, kept_amounts = np.empty(most), np.empty(most)
    last_times, last_amounts = np.empty(most), np.empty(most)
    last, last_count = -1, 0
    # at the rate, below and above it
    table = np.empty((3,) + TABLE)
    is_known = np.zeros((3,) + KNOWN, np.bool_)
    work = np.empty(WORK)
    c = np.empty((3, 5))  # corrections at three volatilities and five spots
    for o in range(n):
        i = order[o]
        begin, end = offsets[i], offsets[i + 1]
        count, rest, is_possible = dividends_before(
            spot[i], t[i], r[i] - q[i], times[begin:end], amounts[begin:end],
            kept_times, kept_amounts,
        )  # fmt: skip
        _, _, code = normal_form(side[i], 1e-300, rest, strike[i], t[i], r[i], q[i])
        is_wrong = not (sigma[i] >= 0.0 and sigma[i] < math.inf)
        if not is_possible or is_wrong or not (t[i] > 0.0) or (code != SOLVED and code < BELOW_INTRINSIC):
            continue
        width = sigma[i] * math.sqrt(t[i])
        sign = 1.0 if side[i] == CALL else -1.0
        inside = max(sign * (spot[i] - strike[i]), 0.0)
        plain = greeks_one(side[i], rest, strike[i], t[i], r[i], q[i], width)
        value = price_one(side[i], rest, strike[i], t[i], r[i], q[i], sigma[i])
        if count == 0 and is_plain(side[i], spot[i], strike[i], t[i], r[i], q[i], sigma[i]):
            for g in range(8):
                out[g, i] = plain[g]
            continue
        if not width > 1e-8:
            for g in range(8):
                out[g, i] = 0.0 if inside > value else plain[g]
            if inside > value:
                out[0, i] = sign
            continue
        is_same = (
            last >= 0
            and side[last] == side[i]
            and t[last] == t[i]
            and r[last] == r[i]
            and q[last] == q[i]
            and last_count == count
        )
        for d in range(count):
            is_same = is_same and last_times[d] == kept_times[d]
            is_same = is_same and last_amounts[d] == kept_amounts[d]
        if not is_same:
            is_known[:, :, :] = False
            last_times[:count], last_amounts[:count] = kept_times[:count], kept_amounts[:count]
            last, last_count = i, count
        when, what = kept_times[:count], kept_amounts[:count]
        step = _STEP * width
        for v in range(3):
            vol = sigma[i] * math.exp((v - 1) * _VOL_STEP)
            for place in range(0 if v == 1 else 1, 5 if v == 1 else 4):
                c[v, place] = correction(
                    side[i], spot[i], strike[i], t[i], r[i], q[i], vol, (place - 2) * step,
                    when, what, table[0], is_known[0], work,
                )  # fmt: skip
        value += c[1, 2]
        if value <= inside + _NOTHING * strike[i]:
            for g in range(8):
                out[g, i] = 0.0
            out[0, i] = sign
            continue
        # in the logarithm of the spot
        one = (8.0 * (c[1, 3] - c[1, 1]) - (c[1, 4] - c[1, 0])) / (12.0 * step)
        two = (16.0 * (c[1, 3] + c[1, 1]) - (c[1, 4] + c[1, 0]) - 30.0 * c[1, 2]) / (
            12.0 * step * step
        )
        three = ((c[1, 4] - c[1, 0]) - 2.0 * (c[1, 3] - c[1, 1])) / (2.0 * step**3)
        s, vol = spot[i], sigma[i]
        delta = plain[0] + one / s
        gamma = plain[1] + (two - one) / (s * s)
        d1 = math.log(rest / strike[i]) / width + (r[i] - q[i]) * t[i] / width + 0.5 * width
        speed = -plain[1] / rest * (d1 / width + 1.0) + (three - 3.0 * two + 2.0 * one) / s**3
        up, down = c[2, 2] - c[1, 2], c[0, 2] - c[1, 2]
        first = (up - down) / (2.0 * _VOL_STEP)
        second = (up + down) / (_VOL_STEP * _VOL_STEP)
        tilt = ((c[2, 3] - c[2, 1]) - (c[0, 3] - c[0, 1])) / (4.0 * _VOL_STEP * step)
        rates = np.empty(2)
        for k in range(2):
            rate = r[i] + (2 * k - 1) * _RATE_STEP
            left = s
            for d in range(count):
                left -= s * what[d] * math.exp((q[i] - rate) * when[d])
            rates[k] = price_one(side[i], left, strike[i], t[i], rate, q[i], vol) + correction(
                side[i], s, strike[i], t[i], rate, q[i], vol, 0.0,
                when, what, table[1 + k], is_known[1 + k], work,
            )  # fmt: skip
        carry, half = r[i] - q[i], 0.5 * vol * vol
        out[0, i] = delta
        out[1, i] = gamma
        out[2, i] = plain[2] + first / vol
        out[3, i] = (r[i] * value - carry * s * delta - half * s * s * gamma) / _DAYS
        out[4, i] = (rates[1] - rates[0]) / (2.0 * _RATE_STEP)
        out[5, i] = plain[5] + tilt / (vol * s)
        out[6, i] = plain[6] + (second - first) / (vol * vol)
        out[7, i] = (
            q[i] * delta - (carry + 2.0 * half) * s * gamma - half * s * s * speed
        ) / _DAYS
    return out
