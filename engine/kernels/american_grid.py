"""American options with cash dividends: what exercise and dividends add to a European price.

The model: between ex-dates the spot follows a geometric Brownian motion with continuous carry; at
an ex-date it drops by the cash amount. What is tabulated is the *correction*, the American price
less the Black price of the same forward and volatility. Both come from one lattice, so that what
the lattice does wrong cancels, and the Black price itself is exact.

The correction of one expiry is a smooth function of the moneyness in standard deviations, the
volatility and the strike (which scales the dividends). A lattice solves the first for one pair of
the other two; cubic interpolation does the rest. Nodes lie at fixed volatilities and strikes and
are solved when a row first asks for them, so a row's value depends on nothing but the row.

The lattice is the heat equation on the logarithm of the drifted spot, by the explicit scheme whose
step of time is a third of the square of the step of space: then its errors of second order cancel.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from engine.kernels.black_scholes import CALL

_REACH = 5.0  # of a lattice on either side of the strike, in standard deviations
FINE, COARSE = 40, 30  # lattice points on either side; a coarse lattice is for differences
_STRIKES = 3  # nodes of ln(spot / strike) that are solved together when there are dividends
_STRIKE_STEP = 0.2
_BLOCKS = 9  # of such nodes, side by side; their ends are shared
_SIGMAS = 44
_SIGMA_STEP = 0.16  # of ln(sigma)
_LOWEST = math.log(0.01)


class Lattices(NamedTuple):
    """What is solved of an expiry, and room for more.

    Parameters
    ----------
    table
        (_SIGMAS, _BLOCKS, _STRIKES, points) corrections.
    is_known
        (_SIGMAS, _BLOCKS) of them.
    work
        (2 * _STRIKES + 3, points).
    """

    table: np.ndarray
    is_known: np.ndarray
    work: np.ndarray


@njit(cache=True, nogil=True, error_model="numpy")
def new_lattices(half: int) -> Lattices:
    """Return room for an expiry's lattices, of so many points on either side of the strike."""
    points = 2 * half + 1
    return Lattices(
        np.empty((_SIGMAS, _BLOCKS, _STRIKES, points)),
        np.zeros((_SIGMAS, _BLOCKS), np.bool_),
        np.empty((2 * _STRIKES + 3, points)),
    )


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _cubic(values: np.ndarray, place: float) -> float:
    """Return a function between its points 0, 1, 2 ..."""
    i = min(max(int(place) - 1, 0), values.shape[0] - 4)
    u = place - i
    u1, u2, u3 = u - 1.0, u - 2.0, u - 3.0
    found: float = (
        values[i] * (u1 * u2 * u3 * (-1.0 / 6.0)) + values[i + 1] * (u * u2 * u3 * 0.5)
    ) + (values[i + 2] * (u * u1 * u3 * -0.5) + values[i + 3] * (u * u1 * u2 * (1.0 / 6.0)))
    return found


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _block_middle(block: int) -> float:
    """Return ln(spot / strike) in the middle of a block of strikes."""
    return 2.0 * _STRIKE_STEP * (block - _BLOCKS // 2)


@njit(cache=True, nogil=True, error_model="numpy")
def _diffuse(old: np.ndarray, new: np.ndarray, weight: float) -> None:
    """Move a European value by a step of time; slices let the loop run in vector registers."""
    left, here, right, out = old[:-2], old[1:-1], old[2:], new[1:-1]
    for j in range(out.size):
        out[j] = here[j] + weight * ((left[j] - 2.0 * here[j]) + right[j])


@njit(cache=True, nogil=True, error_model="numpy")
def _diffuse_or_exercise(
    old: np.ndarray,
    new: np.ndarray,
    spot: np.ndarray,
    begin: int,
    weight: float,
    cash: float,
    share: float,
) -> None:
    """Move an American value by a step of time, from a point onwards."""
    left, here, right = old[begin - 1 : -2], old[begin:-1], old[begin + 1 :]
    out, at = new[begin:-1], spot[begin:-1]
    for j in range(out.size):
        held = here[j] + weight * ((left[j] - 2.0 * here[j]) + right[j])
        exercised = cash - share * at[j]
        out[j] = held if held > exercised else exercised


@njit(cache=True, nogil=True, error_model="numpy")
def _meet(
    values: np.ndarray,
    spot: np.ndarray,
    last: int,
    cash: float,
    share: float,
    r: float,
    q: float,
    pause: float,
) -> int:
    """Find between which points holding begins to pay more than exercise.

    What holding is worth above exercise begins as a parabola whose curvature is what exercise gains
    in a time. So the first point above says where it begins, and what to put at the last point
    below for the next step of the lattice to see the parabola.

    Parameters
    ----------
    values, spot
        Of the lattice.
    last
        What this function returned a step before.
    cash, share
        Exercise brings cash - share x spot.
    r, q
        Rate and yield.
    pause
        In which the spot moves by one point in standard deviation: t x step^2.

    Returns
    -------
    int
        The last point at which exercise is due, 0 for none.
    """
    n = values.size
    while last < n - 2 and values[last + 1] == cash - share * spot[last + 1]:
        last += 1
    while last > 0:
        bend = (r * cash - q * share * spot[last]) * pause
        over = values[last + 1] - (cash - share * spot[last + 1])
        root = math.sqrt(over / bend) if bend > 0.0 and over > 0.0 else 0.0
        part = 1.0 - min(root, 2.0)
        values[last] = cash - share * spot[last] + max(bend, 0.0) * part * part
        if part >= 0.0:
            break
        last -= 1
    return last


@njit(cache=True, nogil=True, error_model="numpy")
def corrections(
    side: int,
    t: float,
    r: float,
    q: float,
    times: np.ndarray,
    amounts: np.ndarray,
    sigma: float,
    block: int,
    work: np.ndarray,
    out: np.ndarray,
) -> None:
    """Solve the lattices of one volatility and of neighbouring strikes.

    Parameters
    ----------
    side, t, r, q, sigma
        As `black_scholes.price_one`, t and sigma positive.
    times, amounts
        (d,) years to the ex-dates within (0, t], ascending, and the cash over the spot.
    block
        Which strikes, see `_block_middle`.
    work
        Room, as `Lattices.work`.
    out
        (_STRIKES, points) is filled, one strike a row (the first alone without dividends), with
        the correction over strike x sigma x sqrt(t), where the moneyness
        (ln(spot / strike) + (r - q - sigma^2 / 2) t) / (sigma sqrt(t)) goes from -_REACH to _REACH
        for a put, from _REACH to -_REACH for a call: from deep in the money outwards.
    """
    n = out.shape[1]
    half = n // 2
    step = _REACH / half
    sign = -1.0 if side == CALL else 1.0
    wide = sigma * math.sqrt(t)
    drift = r - q - 0.5 * sigma * sigma
    strikes = _STRIKES if times.size else 1
    held, room = work[:_STRIKES], work[_STRIKES : 2 * _STRIKES]
    plain, other, spot = work[2 * _STRIKES], work[2 * _STRIKES + 1], work[2 * _STRIKES + 2]
    scale = np.ones(_STRIKES)
    last = np.zeros(_STRIKES, np.int64)  # point at which exercise is due now, 0 for none
    # deep in the money a value is line[k, 0] - line[k, 1] x spot, grown, until the next ex-date
    line = np.empty((_STRIKES, 2))
    upcoming = times.size - 1
    final = 0.0
    while upcoming >= 0 and times[upcoming] >= t:
        final += amounts[upcoming]
        upcoming -= 1
    for i in range(n):
        spot[i] = math.exp(sign * wide * (i - half) * step)
        plain[i] = sign * (1.0 - spot[i])
    _larger(plain, spot, 0.0, 0.0)
    for k in range(strikes):
        if strikes > 1:
            scale[k] = math.exp(_block_middle(block) + (k - 1) * _STRIKE_STEP)
        owed = final * scale[k]
        if owed > 0.0:
            # ex at expiry: exercise before the drop or take the payoff after it
            for i in range(n):
                held[k, i] = sign * (1.0 - max(spot[i] - owed, 0.0))
            _larger(held[k], spot, sign, sign)
            _larger(held[k], spot, 0.0, 0.0)
        else:
            held[k, :] = plain
        line[k, 1] = (held[k, 0] - held[k, 1]) / (spot[1] - spot[0])
        line[k, 0] = held[k, 0] + line[k, 1] * spot[0]
    passed, grown = 0.0, 1.0
    while True:
        end = t - times[upcoming] if upcoming >= 0 else t
        steps = max(math.ceil((end - passed) / t * 3.0 / (step * step) - 1e-9), 1)
        weight = 0.5 * (end - passed) / t / steps / (step * step)
        pause = (end - passed) / steps
        cash, share = sign * math.exp(r * passed), sign * math.exp((r - drift) * passed)
        grown = math.exp(0.5 * sigma * sigma * passed)
        cash_step, share_step = math.exp(r * pause), math.exp((r - drift) * pause)
        grown_step = math.exp(0.5 * sigma * sigma * pause)
        for _ in range(steps):
            cash *= cash_step
            share *= share_step
            grown *= grown_step
            _diffuse(plain, other, weight)
            other[0] = max(sign * (1.0 - spot[0] * grown), 0.0)
            other[n - 1] = 0.0
            plain, other = other, plain
            for k in range(strikes):
                old, new = held[k], room[k]
                at = last[k]
                _diffuse_or_exercise(old, new, spot, at + 1, weight, cash, share)
                new[n - 1] = 0.0
                if at == 0:
                    exercised = cash - share * spot[0]
                    new[0] = max(exercised, line[k, 0] - line[k, 1] * grown * spot[0])
                last[k] = _meet(new, spot, at, cash, share, r, q, t * step * step)
            held, room = room, held
        cash, share = sign * math.exp(r * end), sign * math.exp((r - drift) * end)
        for k in range(strikes):
            for i in range(last[k] + 1 if last[k] > 0 else 0):
                held[k, i] = cash - share * spot[i]
        if upcoming < 0:
            break
        passed = end
        drop = 0.0
        while upcoming >= 0 and t - times[upcoming] == end:
            drop += amounts[upcoming]
            upcoming -= 1
        for k in range(strikes):
            last[k] = 0
            line[k, 1] *= grown
            _drop(held[k], room[k], spot, line[k], cash, share, drop * scale[k], drift * end, wide)
            line[k, 1] = (room[k, 0] - room[k, 1]) / (spot[1] - spot[0])
            line[k, 0] = room[k, 0] + line[k, 1] * spot[0]
            line[k, 1] /= grown
        held, room = room, held
    total = 0.0
    for d in range(times.size):
        total += amounts[d] * math.exp((q - r) * times[d])
    back, discount = math.exp(-drift * t), math.exp(-r * t)
    for k in range(strikes):
        for i in range(n):
            before = spot[i] * back - total * scale[k]
            if before <= 0.0:
                base = max(sign, 0.0)
            else:
                place = sign * (math.log(before) + drift * t) / (wide * step) + half
                if place < 0.0:
                    base = max(sign * (1.0 - before * math.exp((r - q) * t)), 0.0)
                elif place > n - 1.0:
                    base = 0.0
                else:
                    base = _cubic(plain, place)
            out[k, i] = discount * (held[k, i] - base) / wide


@njit(cache=True, nogil=True, error_model="numpy")
def _larger(values: np.ndarray, spot: np.ndarray, cash: float, share: float) -> None:
    """Raise values to cash - share x spot where that is more.

    The sum over the points of a lattice misses something of the integral of a function with a kink,
    by where between two points the kink lies. The two are changed such that nothing is missed.
    """
    before = values[0] - (cash - share * spot[0])
    for i in range(values.size):
        exercised = cash - share * spot[i]
        gap = values[i] - exercised
        if gap < 0.0:
            values[i] = exercised
        if (before > 0.0) != (gap > 0.0) and before != gap:
            where = before / (before - gap)
            missed = 0.5 * abs(before - gap) * (where * (where - 1.0) + 1.0 / 6.0)
            values[i - 1] += (1.0 - where) * missed
            values[i] += where * missed
        before = gap


@njit(cache=True, nogil=True, error_model="numpy")
def _drop(
    after_drop: np.ndarray,
    out: np.ndarray,
    spot: np.ndarray,
    line: np.ndarray,
    cash: float,
    share: float,
    drop: float,
    drifted: float,
    wide: float,
) -> None:
    """Set out to the values before an ex-date, exercise included, from those after it."""
    back = math.exp(-drifted)
    half = spot.size // 2
    apart = wide * _REACH / half
    sign = 1.0 if cash > 0.0 else -1.0
    for i in range(spot.size):
        before = spot[i] * back
        after = before - drop
        if after <= 0.0:
            value = max(cash, 0.0)
        else:
            there = after / back
            place = sign * math.log(there) / apart + half
            if place < 0.0:
                value = max(cash - share * there, line[0] - line[1] * there)
            elif place > spot.size - 1.0:
                value = 0.0
            else:
                value = _cubic(after_drop, place)
        out[i] = value
    _larger(out, spot, cash, share)


@njit(cache=True, nogil=True, error_model="numpy")
def _at(values: np.ndarray, place: float, apart: float) -> float:
    """Return a correction at a place of the lattice; deep in the money it is linear in the spot.

    Parameters
    ----------
    apart
        Of two points of the lattice in ln(spot), negative for calls.
    """
    if place >= 0.0:
        return float(_cubic(values, place))
    part = math.expm1(apart * place) / math.expm1(apart * 4.0)
    return float(values[0] + (values[4] - values[0]) * part)


@njit(cache=True, nogil=True, error_model="numpy")
def correction(
    side: int,
    spot: float,
    strike: float,
    t: float,
    r: float,
    q: float,
    sigma: float,
    shift: float,
    times: np.ndarray,
    amounts: np.ndarray,
    known: Lattices,
) -> float:
    """Return the American price less the Black price of the same forward, in dollars.

    Parameters
    ----------
    side, spot, strike, t, r, q, sigma
        As `black_scholes.price_one`.
    shift
        Of the logarithm of the spot, the dollars of the dividends as they are.
    times, amounts
        As `corrections`, the cash over `spot`.
    known
        What is solved of this expiry.
    """
    points = known.table.shape[3]
    half = points // 2
    step = _REACH / half
    sigma = min(max(sigma, 0.011), 7.0)
    x = math.log(spot / strike)
    root = math.sqrt(t)
    wide = sigma * root
    sign = -1.0 if side == CALL else 1.0
    place = sign * (x + shift + (r - q - 0.5 * sigma * sigma) * t) / (wide * step) + half
    if place >= points - 1.0:
        return 0.0
    u = (math.log(sigma) - _LOWEST) / _SIGMA_STEP
    j = min(max(int(u) - 1, 0), _SIGMAS - 4)
    u -= j
    u1, u2, u3 = u - 1.0, u - 2.0, u - 3.0
    block = _BLOCKS // 2
    if times.size:
        block += math.floor(x / (2.0 * _STRIKE_STEP) + 0.5)
        block = min(max(block, 0), _BLOCKS - 1)
    # the dividends over the strike, in units of those of the block's middle
    z = math.exp(x - _block_middle(block))
    z0, z2 = math.exp(-_STRIKE_STEP), math.exp(_STRIKE_STEP)
    z = min(max(z, z0 * z0), z2 * z2)
    low = (z - 1.0) * (z - z2) / ((z0 - 1.0) * (z0 - z2))
    middle = (z - z0) * (z - z2) / ((1.0 - z0) * (1.0 - z2))
    high = (z - z0) * (z - 1.0) / ((z2 - z0) * (z2 - 1.0))
    found = 0.0
    for i in range(4):
        node = math.exp(_LOWEST + (j + i) * _SIGMA_STEP)
        at = known.table[j + i, block]
        if not known.is_known[j + i, block]:
            corrections(side, t, r, q, times, amounts, node, block, known.work, at)
            known.is_known[j + i, block] = True
        apart = sign * node * root * step
        if times.size:
            value = low * _at(at[0], place, apart) + middle * _at(at[1], place, apart)
            value += high * _at(at[2], place, apart)
        else:
            value = _at(at[0], place, apart)
        if i == 0:
            value *= u1 * u2 * u3 * (-1.0 / 6.0)
        elif i == 1:
            value *= u * u2 * u3 * 0.5
        elif i == 2:
            value *= u * u1 * u3 * -0.5
        else:
            value *= u * u1 * u2 * (1.0 / 6.0)
        found += value
    return found * strike * wide


@njit(cache=True, nogil=True, error_model="numpy")
def dividends_before(
    spot: float,
    t: float,
    carry: float,
    times: np.ndarray,
    amounts: np.ndarray,
    kept_times: np.ndarray,
    kept_amounts: np.ndarray,
) -> tuple[int, float, bool]:
    """Keep the dividends of a row within (0, t], over the spot and in order of time.

    Returns
    -------
    tuple
        How many; the spot less their value now; whether all are possible.
    """
    count, rest = 0, spot
    for d in range(times.size):
        if not (amounts[d] >= 0.0 and amounts[d] < math.inf and abs(times[d]) < math.inf):
            return 0, spot, False
        if times[d] > 0.0 and times[d] <= t and amounts[d] > 0.0:
            i = count
            while i > 0 and kept_times[i - 1] > times[d]:
                kept_times[i], kept_amounts[i] = kept_times[i - 1], kept_amounts[i - 1]
                i -= 1
            kept_times[i], kept_amounts[i] = times[d], amounts[d] / spot
            count += 1
            rest -= amounts[d] * math.exp(-carry * times[d])
    return count, rest, rest > 0.05 * spot
