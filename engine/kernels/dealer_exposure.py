"""What the makers of a chain's market hold, in dollars: by strike, in all, and where it turns."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.gamma_profile import PLACES, flip, profile

Floats = NDArray[np.float64]
Offsets = NDArray[np.int64]

SHARES = 100.0  # a contract delivers
PINNED = 0.01  # a strike this near the spot may hold it
BUSIEST = 5  # strikes with the most open interest

CONTRACT = (
    "is_call", "strike", "t", "iv", "carry", "rate", "days", "is_opex", "open_interest", "spot",
    "gamma", "delta", "vanna", "charm", "signed_volume",
)  # fmt: skip
FIELDS = (
    "contracts", "net", "calls", "puts", "tilt", "within_7", "within_30", "opex", "delta", "vanna",
    "charm", "hedge_up", "hedge_down", "iv", "pinned", "flow", "call_wall", "put_wall",
    "pin_strike", "concentration", "flip", "flat_width",
)  # fmt: skip
STRIKE = ("strike", "call_oi", "put_oi", "gex_call", "gex_put")
_SQRT_HALF = math.sqrt(0.5)


@njit(cache=True, nogil=True, error_model="numpy")
def exposures(
    rows: Floats, offsets: Offsets, spots: Floats, call_signs: Floats, put_signs: Floats
) -> tuple[Floats, Floats, Offsets, Floats]:
    """Return the exposures of chains.

    Parameters
    ----------
    rows
        Contracts, shape (len(CONTRACT), n), ordered by strike in each chain; none missing but
        `signed_volume`. Greeks as `black_scholes` has them, `days` to expiration, `signed_volume`
        what customers bought less what they sold, in contracts.
    offsets
        Where the chains begin and end, shape (m + 1,).
    spots
        Of each chain, dollars, shape (m,).
    call_signs, put_signs
        Whether the market's makers are long (1) or short (-1) of them, shape (m,).

    Returns
    -------
    tuple
        FIELDS of each chain, shape (len(FIELDS), m), NaN where there is none: gamma in dollars of
        underlying to trade per 1% move, delta in dollars, vanna in dollars of delta a point of
        volatility, charm a day. STRIKE of the strikes, shape (len(STRIKE), n), those of a chain
        first in its place; how many they are, shape (m,). The gamma curve of `gamma_profile`,
        shape (m, PLACES).
    """
    m = spots.size
    found = np.full((len(FIELDS), m), np.nan)
    strikes = np.zeros((len(STRIKE), rows.shape[1]))
    counts = np.zeros(m, np.int64)
    curves = np.full((m, PLACES), np.nan)
    for g in range(m):
        first, last = offsets[g], offsets[g + 1]
        found[0, g] = last - first
        if last == first or not spots[g] > 0.0:
            continue
        counts[g] = _chain(
            rows[:, first:last], spots[g], call_signs[g], put_signs[g],
            found[:, g], strikes[:, first:last], curves[g],
        )  # fmt: skip
    return found, strikes, counts, curves


@njit(cache=True, nogil=True, error_model="numpy")
def _chain(
    rows: Floats, spot: float, call_sign: float, put_sign: float,
    out: Floats, strikes: Floats, curve: Floats,
) -> int:  # fmt: skip
    n = rows.shape[1]
    weight = np.empty(n)
    calls = puts = net = tilt = within_7 = within_30 = opex = 0.0
    delta = vanna = charm = up = down = level = pinned = flow = 0.0
    knows_flow = False
    count = 0
    for i in range(n):
        is_call = rows[0, i] > 0.5
        strike, t, iv = rows[1, i], rows[2, i], rows[3, i]
        carry, rate = rows[4, i], rows[5, i]
        shares = rows[8, i] * SHARES
        own = rows[9, i]  # the share price that the row's Greeks are of
        sign = call_sign if is_call else put_sign
        weight[i] = sign * shares
        size = rows[10, i] * own * own * 0.01
        gross = shares * size
        s = iv * math.sqrt(t)
        d1 = math.log(own * carry / strike) / s + 0.5 * s
        kept = carry * math.exp(-rate * t)
        net += sign * gross
        tilt += sign * gross * (1.0 - d1 / s)
        level += gross * iv
        if rows[6, i] <= 7.0:
            within_7 += gross
            if abs(strike / spot - 1.0) <= PINNED:
                pinned += gross
        elif rows[6, i] <= 30.0:
            within_30 += gross
        if rows[7, i] > 0.5:
            opex += gross
        delta += weight[i] * rows[11, i] * own
        vanna += weight[i] * rows[12, i] * own * 0.01
        charm += weight[i] * rows[13, i] * own
        now = _normal(d1)
        up -= weight[i] * kept * (_normal(d1 + math.log(1.01) / s) - now) * own * 1.01
        down -= weight[i] * kept * (_normal(d1 + math.log(0.99) / s) - now) * own * 0.99
        if not math.isnan(rows[14, i]):
            flow -= rows[14, i] * SHARES * size
            knows_flow = True
        if count == 0 or strikes[0, count - 1] != strike:
            strikes[0, count] = strike
            count += 1
        if is_call:
            calls += gross
            strikes[1, count - 1] += rows[8, i]
            strikes[3, count - 1] += sign * gross
        else:
            puts += gross
            strikes[2, count - 1] += rows[8, i]
            strikes[4, count - 1] += sign * gross
    total = calls + puts
    profile(spot, rows[1], rows[2], rows[3], rows[4], rows[5], weight, curve)
    root, width = flip(curve, spot, rows[1], rows[2], rows[3], rows[4], rows[5], weight)
    out[1], out[2], out[3], out[4] = net, calls, puts, tilt
    out[5], out[6], out[7] = within_7, within_30, opex
    out[8], out[9], out[10], out[11], out[12] = delta, vanna, charm, up, down
    out[13] = level / total if total > 0.0 else math.nan
    out[14] = pinned
    out[15] = flow if knows_flow else math.nan
    out[16] = _wall(strikes[0], strikes[3], count)
    out[17] = _wall(strikes[0], strikes[4], count)
    out[18] = _busy(strikes, count, spot)
    out[19] = _concentration(strikes, count)
    out[20] = spot * math.exp(root)
    out[21] = width
    return count


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _normal(x: float) -> float:
    return 0.5 * math.erfc(-x * _SQRT_HALF)


@njit(cache=True, nogil=True, error_model="numpy")
def _wall(strike: Floats, exposure: Floats, count: int) -> float:
    """Return the strike with the largest |exposure|, the lowest of equals; NaN where none is."""
    best, found = 0.0, math.nan
    for k in range(count):
        if abs(exposure[k]) > best:
            best, found = abs(exposure[k]), strike[k]
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _busy(strikes: Floats, count: int, spot: float) -> float:
    """Return the strike nearest the spot among the `BUSIEST`; NaN where nothing is held."""
    held = np.empty(count)
    for k in range(count):
        held[k] = strikes[1, k] + strikes[2, k]
    if count == 0:
        return math.nan
    least = np.sort(held)[max(0, count - BUSIEST)]
    found = math.nan
    for k in range(count):
        is_nearer = math.isnan(found) or abs(strikes[0, k] - spot) < abs(found - spot)
        if held[k] >= least and held[k] > 0.0 and is_nearer:
            found = strikes[0, k]
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _concentration(strikes: Floats, count: int) -> float:
    """Return the sum of squared shares of the strikes in the gross exposure."""
    total = squares = 0.0
    for k in range(count):
        size = abs(strikes[3, k]) + abs(strikes[4, k])
        total += size
        squares += size * size
    return squares / (total * total) if total > 0.0 else math.nan
