"""Bayesian online change point detection over the last `window` values of each row.

The recursion of Adams and MacKay runs anew for each row over its own last values, so a row is a
pure function of them. That is affordable because the dear part is shared: the evidence of the
values j to s under one run is a function of these values and of nothing else, not of the row
that asks, so it is found once. With Z_s the evidence of a row's values up to s,

    Z_s = sum over j of  u_j x (1 - hazard)^(s - j) x evidence(j..s),   u_j = hazard x Z_(j-1),

which is the same recursion, unrolled over where the last run began: one product a pair of values.
"""

from __future__ import annotations

from math import lgamma

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.window import Floats

KAPPA = 1.0  # weight of the prior mean, in values
ALPHA = 1.0  # shape of the prior precision
_SETTLED = 50  # values after which a run predicts well enough to scale the others by


@njit(cache=True, nogil=True)
def _prior(values: Floats, at: int, reference: int, least: int) -> tuple[float, float]:
    """Return mean and variance of up to `reference` values before `at`, NaN below `least`."""
    start = max(0, at - reference)
    count = at - start
    if count < least:
        return np.nan, np.nan
    first = values[start]
    total = 0.0
    still = True
    for i in range(start, at):
        total += values[i]
        still &= values[i] == first
    if still:
        return first, np.nan
    mean = total / count
    squares = 0.0
    for i in range(start, at):
        squares += (values[i] - mean) * (values[i] - mean)
    return mean, squares / (count - 1)


@njit(cache=True, nogil=True)
def _constants(window: int, hazard: float) -> Floats:
    """Return the parts of a run's log evidence that only its length decides, shape (window,)."""
    out = np.empty(window)
    for n in range(window):
        size = n + 1.0
        out[n] = (
            lgamma(ALPHA + 0.5 * size)
            - lgamma(ALPHA)
            + 0.5 * np.log(KAPPA / (KAPPA + size))
            - 0.5 * size * np.log(2.0 * np.pi)
            + n * np.log(1.0 - hazard)
        )
    return out


@njit(cache=True, nogil=True)
def _advance(
    s: int,
    window: int,
    x: float,
    prior: tuple[float, float],
    constants: Floats,
    mean: Floats,
    beta: Floats,
    base: Floats,
    log_evidence: Floats,
    row: Floats,
) -> None:
    """Write the evidence up to value `s` of every run begun in the last `window` values.

    Run j lives in slot j % window of `mean`, `beta` (its posterior after the values so far),
    `base` (what its log evidence is measured from) and `log_evidence`; in `row` runs are in
    order, the newest last. The base grows by each value's log density under its own prior or
    under a settled run, whichever is larger: it is the same for all rows and keeps the evidence
    inside the range of numbers.
    """
    slot = s % window
    mean[slot] = prior[0]
    beta[slot] = ALPHA * prior[1]
    base[slot] = ALPHA * np.log(beta[slot])
    first = max(0, s - window + 1)
    settled = s - _SETTLED
    before = 0.0
    if settled >= first:
        before = base[settled % window] + log_evidence[settled % window]
    for j in range(first, s + 1):
        k = j % window
        kappa = KAPPA + (s - j)
        distance = x - mean[k]
        beta[k] += 0.5 * kappa / (kappa + 1.0) * distance * distance
        mean[k] += distance / (kappa + 1.0)
        log_evidence[k] = constants[s - j] - (ALPHA + 0.5 * (s - j + 1.0)) * np.log(beta[k])
    step = base[slot] + log_evidence[slot]
    if settled >= first:
        k = settled % window
        step = max(step, base[k] + log_evidence[k] - before)
    for j in range(first, s + 1):
        k = j % window
        base[k] -= step
        row[j - s + window - 1] = np.exp(base[k] + log_evidence[k])


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _dot(a: Floats, b: Floats) -> float:
    """Return the sum of products; its order follows from the length alone."""
    total = 0.0
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return total


@njit(cache=True, nogil=True)
def _run_length(
    x: Floats,
    window: int,
    hazard: float,
    young: int,
    reference: int,
    least: int,
    min_obs: int,
    wanted: NDArray[np.bool_],
) -> tuple[Floats, Floats, Floats]:
    """See `run_length`; `wanted` is an array here."""
    n = x.shape[0]
    chance = np.full(n, np.nan)
    expected = np.full(n, np.nan)
    likeliest = np.full(n, np.nan)
    values = np.empty(n)
    constants = _constants(window, hazard)
    mean = np.empty(window)
    beta = np.empty(window)
    base = np.empty(window)
    log_evidence = np.zeros(window)
    # Evidence of every run up to each of the last `window` values.
    evidence = np.empty((window, window))
    entry = np.empty(window)  # u of the runs in a row's window
    count = 0
    for t in range(n):
        if np.isnan(x[t]):
            continue
        s = count
        values[s] = x[t]
        count += 1
        prior = _prior(values, s, reference, least)
        row = evidence[s % window]
        _advance(s, window, x[t], prior, constants, mean, beta, base, log_evidence, row)

        first = max(least, s - window + 1)
        length = s - first + 1
        if length < min_obs or not wanted[t]:
            continue
        entry[0] = 1.0
        for i in range(1, length):
            begun = window - i  # where the run that began with `first` stands in that row
            upto = evidence[(first + i - 1) % window]
            entry[i] = hazard * _dot(entry[:i], upto[begun:])
        total = 0.0
        fresh = 0.0
        mass = 0.0
        best = 0.0
        for k in range(length):
            weight = entry[length - 1 - k] * row[window - 1 - k]
            total += weight
            mass += k * weight
            if k < young:
                fresh += weight
            if weight > best:
                best = weight
                likeliest[t] = k
        if total > 0.0:
            chance[t] = fresh / total
            expected[t] = mass / total
    return chance, expected, likeliest


def run_length(
    x: Floats,
    window: int,
    hazard: float,
    young: int,
    reference: int,
    least: int,
    min_obs: int,
    wanted: NDArray[np.bool_] | None = None,
) -> tuple[Floats, Floats, Floats]:
    """Return chance of a young run, expected and likeliest run length under the posterior.

    The values of a run are normal with mean and precision drawn anew (normal-gamma: one value's
    weight at the mean of the `reference` values before the run, shape 1 at their variance); a
    run ends before a value with probability `hazard`. The recursion begins a run with the first
    of the last `window` existing values. A run that begins with the row's own value has length 0.

    Parameters
    ----------
    x
        Shape (n,); NaN where missing, which is skipped.
    window
        Values that the recursion runs over, and the longest run + 1.
    hazard
        Probability that a run ends.
    young
        Lengths below this count as young.
    reference, least
        Values behind a prior: at most and at least.
    min_obs
        Values that the recursion must have.
    wanted
        Rows to compute, shape (n,); by default all.

    Returns
    -------
    tuple of ndarray
        P(length < young), E(length), the likeliest length (of equals the shortest); each of
        shape (n,), NaN where x is or where the values behind a prior do not move.

    References
    ----------
    Adams and MacKay (2007).
    """
    rows = np.ones(len(x), dtype=np.bool_) if wanted is None else wanted
    out: tuple[Floats, Floats, Floats] = _run_length(
        x, window, hazard, young, reference, least, min_obs, rows
    )
    return out
