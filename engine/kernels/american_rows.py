"""American rows by the lattice: prices of volatilities or volatilities of prices, and Greeks.

Rows of one expiry beside each other share what is solved of it; no row's value depends on another.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from engine.kernels.american import MAX_STEPS, is_plain, needs_grid, new_search, search, start
from engine.kernels.american_greeks import RATE_STEP, Spread, greeks_by_lattice
from engine.kernels.american_grid import COARSE, FINE, correction, dividends_before, new_lattices
from engine.kernels.black_scholes import (
    ABOVE_MAX,
    BAD_DIVIDENDS,
    BELOW_INTRINSIC,
    CALL,
    MISSING_INPUT,
    SOLVED,
    SUB_TICK,
    greeks_one,
    normal_form,
    price_one,
)


@njit(cache=True, nogil=True, error_model="numpy")
def is_for_table(
    side: np.ndarray,
    t: np.ndarray,
    r: np.ndarray,
    q: np.ndarray,
    offsets: np.ndarray,
    times: np.ndarray,
    amounts: np.ndarray,
) -> np.ndarray:
    """Return which rows `engine.kernels.american` cannot do: cash dividends or two boundaries."""
    out = np.zeros(side.size, np.bool_)
    for i in range(side.size):
        out[i] = needs_grid(side[i], r[i], q[i])
        for d in range(offsets[i], offsets[i + 1]):
            is_outside = times[d] <= 0.0 or times[d] > t[i]
            out[i] = out[i] or not (amounts[d] == 0.0 or (is_outside and amounts[d] > 0.0))
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def rows_by_table(
    side: np.ndarray,
    price: np.ndarray,
    spot: np.ndarray,
    strike: np.ndarray,
    t: np.ndarray,
    r: np.ndarray,
    q: np.ndarray,
    offsets: np.ndarray,
    times: np.ndarray,
    amounts: np.ndarray,
    order: np.ndarray,
    is_price: bool,
    has_greeks: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return American prices of volatilities, or volatilities of prices, codes and Greeks.

    Parameters
    ----------
    side, spot, strike, t, r, q
        (n,) as `black_scholes.price_one`.
    price
        (n,) prices, or volatilities if `is_price` says that prices are wanted.
    offsets, times, amounts
        Row i has the dividends offsets[i] to offsets[i + 1] of the other two: years to the ex-date
        and dollars; those outside (0, t] do not matter.
    order
        (n,) rows of one expiry beside each other share what is tabulated. The order changes
        nothing but the time it takes.
    is_price, has_greeks
        What is wanted. Greeks are (8, n) in the order of `black_scholes.GREEKS`.
    """
    n = side.size
    out, code = np.full(n, np.nan), np.zeros(n, np.int8)
    sens = np.full((8, n if has_greeks else 0), np.nan)
    lattices = new_lattices(FINE)
    below, above = new_lattices(COARSE), new_lattices(COARSE)
    most = 1
    for i in range(n):
        most = max(most, offsets[i + 1] - offsets[i])
    kept_times, kept_amounts = np.empty(most), np.empty(most)
    last_times, last_amounts = np.empty(most), np.empty(most)
    last, last_count = -1, 0
    for o in range(n):
        i = order[o]
        begin, end = offsets[i], offsets[i + 1]
        count, rest, is_possible = dividends_before(
            spot[i], t[i], r[i] - q[i], times[begin:end], amounts[begin:end],
            kept_times, kept_amounts,
        )  # fmt: skip
        if not is_possible:
            rest = spot[i]
        sigma, code[i] = start(side[i], price[i], spot[i], rest, strike[i], t[i], r[i], q[i])
        inside = max(spot[i] - strike[i] if side[i] == CALL else strike[i] - spot[i], 0.0)
        if is_price:
            sigma = price[i]
            _, _, code[i] = normal_form(side[i], 1e-300, rest, strike[i], t[i], r[i], q[i])
            if code[i] in (BELOW_INTRINSIC, SUB_TICK):
                code[i] = SOLVED
            if not (price[i] >= 0.0 and price[i] < math.inf) and code[i] == SOLVED:
                code[i] = MISSING_INPUT
        if not is_possible and code[i] in (SOLVED, BELOW_INTRINSIC, SUB_TICK, ABOVE_MAX):
            code[i] = BAD_DIVIDENDS
        if code[i] != SOLVED:
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
            lattices.is_known[:, :] = False
            below.is_known[:, :] = False
            above.is_known[:, :] = False
            last_times[:count], last_amounts[:count] = kept_times[:count], kept_amounts[:count]
            last, last_count = i, count
        when, what = kept_times[:count], kept_amounts[:count]
        is_european = count == 0 and is_plain(side[i], spot[i], strike[i], t[i], r[i], q[i], sigma)
        is_sure = not sigma * math.sqrt(t[i]) > 1e-8
        if is_price:
            value = price_one(side[i], rest, strike[i], t[i], r[i], q[i], sigma)
            if not is_european and not is_sure:
                value += correction(
                    side[i], spot[i], strike[i], t[i], r[i], q[i], sigma, 0.0, when, what, lattices
                )
            out[i] = value if is_european else max(value, inside)
        elif is_european:
            out[i] = sigma
        else:
            state = new_search(sigma * (1.0 + 0.02 * (count > 0)))
            for _ in range(MAX_STEPS):
                premium = correction(
                    side[i], spot[i], strike[i], t[i], r[i], q[i], state.sigma, 0.0,
                    when, what, lattices,
                )  # fmt: skip
                if inside > 0.0:
                    value = price_one(side[i], rest, strike[i], t[i], r[i], q[i], state.sigma)
                    if value + premium <= inside * (1.0 + 1e-13):
                        premium = -1.0
                state = search(state, premium, side[i], price[i], rest, strike[i], t[i], r[i], q[i])
                if state.is_done:
                    break
            sigma = out[i] = state.sigma
        if not has_greeks:
            continue
        plain = greeks_one(side[i], rest, strike[i], t[i], r[i], q[i], sigma * math.sqrt(t[i]))
        for g in range(8):
            sens[g, i] = plain[g]
        if is_european:
            continue
        if is_sure:
            if inside > price_one(side[i], rest, strike[i], t[i], r[i], q[i], sigma):
                sens[:, i] = 0.0
                sens[0, i] = 1.0 if side[i] == CALL else -1.0
            continue
        rests = Spread(
            dividends_before(
                spot[i], t[i], r[i] - RATE_STEP - q[i], times[begin:end], amounts[begin:end],
                kept_times, kept_amounts,
            )[1],
            rest,
            dividends_before(
                spot[i], t[i], r[i] + RATE_STEP - q[i], times[begin:end], amounts[begin:end],
                kept_times, kept_amounts,
            )[1],
        )  # fmt: skip
        greeks_by_lattice(
            side[i], spot[i], strike[i], t[i], r[i], q[i], sigma, rests, when, what,
            lattices, below, above, sens[:, i],
        )  # fmt: skip
    return out, code, sens
