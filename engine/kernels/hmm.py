"""Gaussian hidden Markov models of one series: fitted by EM, then filtered forward only.

A mixture without memory is the model whose rows of transition probabilities are all alike, so
it shares the filter.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels.window import Floats

Ints = NDArray[np.int64]

_LOG_ROOT_TWO_PI = 0.5 * np.log(2.0 * np.pi)


@njit(cache=True, nogil=True)
def _densities(x: float, mean: Floats, sigma: Floats, out: Floats) -> float:
    """Write each state's density of x over the largest one's, and return the log of that one."""
    largest = -np.inf
    for k in range(mean.shape[0]):
        z = (x - mean[k]) / sigma[k]
        out[k] = -0.5 * z * z - np.log(sigma[k]) - _LOG_ROOT_TWO_PI
        largest = max(largest, out[k])
    for k in range(mean.shape[0]):
        out[k] = np.exp(out[k] - largest)
    return largest


@njit(cache=True, nogil=True)
def baum_welch(
    x: Floats,
    start: Floats,
    transition: Floats,
    mean: Floats,
    sigma: Floats,
    iterations: int,
    tolerance: float,
    least: float,
) -> float:
    """Improve a model by expectation maximisation, in place.

    Parameters
    ----------
    x
        Observations, shape (n,).
    start, transition, mean, sigma
        First guess, overwritten; shapes (k,), (k, k), (k,), (k,).
    iterations
        At most so many.
    tolerance
        It ends when the log likelihood gains less.
    least
        Smallest sigma: a state may not collapse on equal values.

    Returns
    -------
    float
        Log likelihood under the parameters that the last iteration began with: within
        `tolerance` of the returned ones' once it has converged.

    References
    ----------
    Baum, Petrie, Soules and Weiss (1970); Rabiner (1989) for the scaling.
    """
    n = x.shape[0]
    states = mean.shape[0]
    density = np.empty((n, states))
    forward = np.empty((n, states))
    scale = np.empty(n)
    backward = np.empty(states)
    ahead = np.empty(states)
    moves = np.empty((states, states))
    weight = np.empty(states)
    first = np.empty(states)
    second = np.empty(states)
    before = -np.inf
    likelihood = -np.inf
    for _ in range(iterations):
        likelihood = 0.0
        for t in range(n):
            likelihood += _densities(x[t], mean, sigma, density[t])
            total = 0.0
            for k in range(states):
                if t == 0:
                    prior = start[k]
                else:
                    prior = 0.0
                    for j in range(states):
                        prior += forward[t - 1, j] * transition[j, k]
                forward[t, k] = prior * density[t, k]
                total += forward[t, k]
            scale[t] = total
            likelihood += np.log(total)
            for k in range(states):
                forward[t, k] /= total

        moves[:] = 0.0
        weight[:] = 0.0
        first[:] = 0.0
        second[:] = 0.0
        backward[:] = 1.0
        for t in range(n - 1, -1, -1):
            for k in range(states):
                share = forward[t, k] * backward[k]
                weight[k] += share
                first[k] += share * x[t]
                second[k] += share * x[t] * x[t]
                if t == 0:
                    start[k] = share
            if t > 0:
                for k in range(states):
                    ahead[k] = density[t, k] * backward[k] / scale[t]
                for j in range(states):
                    total = 0.0
                    for k in range(states):
                        step = transition[j, k] * ahead[k]
                        moves[j, k] += forward[t - 1, j] * step
                        total += step
                    backward[j] = total
        for j in range(states):
            total = moves[j].sum()
            for k in range(states):
                if total > 0.0:
                    transition[j, k] = moves[j, k] / total
            if weight[j] > 0.0:
                mean[j] = first[j] / weight[j]
                variance = second[j] / weight[j] - mean[j] * mean[j]
                sigma[j] = max(least, np.sqrt(max(variance, 0.0)))
        if likelihood - before < tolerance:
            break
        before = likelihood
    return likelihood


@njit(cache=True, nogil=True)
def fit_mixture(
    x: Floats,
    share: Floats,
    mean: Floats,
    sigma: Floats,
    iterations: int,
    tolerance: float,
    least: float,
) -> float:
    """Improve a Gaussian mixture by expectation maximisation, in place; see `baum_welch`."""
    n = x.shape[0]
    states = mean.shape[0]
    density = np.empty(states)
    weight = np.empty(states)
    first = np.empty(states)
    second = np.empty(states)
    before = -np.inf
    likelihood = -np.inf
    for _ in range(iterations):
        likelihood = 0.0
        weight[:] = 0.0
        first[:] = 0.0
        second[:] = 0.0
        for t in range(n):
            likelihood += _densities(x[t], mean, sigma, density)
            total = 0.0
            for k in range(states):
                density[k] *= share[k]
                total += density[k]
            likelihood += np.log(total)
            for k in range(states):
                part = density[k] / total
                weight[k] += part
                first[k] += part * x[t]
                second[k] += part * x[t] * x[t]
        for k in range(states):
            share[k] = weight[k] / n
            if weight[k] > 0.0:
                mean[k] = first[k] / weight[k]
                variance = second[k] / weight[k] - mean[k] * mean[k]
                sigma[k] = max(least, np.sqrt(max(variance, 0.0)))
        if likelihood - before < tolerance:
            break
        before = likelihood
    return likelihood


@njit(cache=True, nogil=True)
def _step(
    x: float, mean: Floats, sigma: Floats, transition: Floats, belief: Floats, room: Floats
) -> None:
    """Move the probabilities of the states on by one observation, in place."""
    states = mean.shape[0]
    _densities(x, mean, sigma, room)
    total = 0.0
    for k in range(states):
        prior = 0.0
        for j in range(states):
            prior += belief[j] * transition[j, k]
        room[k] *= prior
        total += room[k]
    for k in range(states):
        belief[k] = room[k] / total


@njit(cache=True, nogil=True)
def filtered(x: Floats, block: Ints, parameters: Floats, states: int, lookback: int) -> Floats:
    """Return the probability of each state given the observations up to each row.

    Parameters hold for a block of rows (a quarter). The filter begins, all states alike, with
    the first of the `lookback` existing values before the block's first row and runs forward
    through the block: a row depends on these values, its block's up to itself, and nothing else.

    Parameters
    ----------
    x
        Observations, shape (n,); NaN where missing, which is skipped.
    block
        Number of the block of each row, not falling; shape (n,).
    parameters
        Means, standard deviations and transition probabilities (row by row) in force at each
        row, shape (n, 2 states + states^2). Where a block's rows do not agree, each row's own
        are used from the filter's beginning.
    states
        Number of states.
    lookback
        Existing values before the block.

    Returns
    -------
    ndarray
        Shape (n, states); NaN where x or a parameter is.

    References
    ----------
    Hamilton (1989).
    """
    n = x.shape[0]
    out = np.full((n, states), np.nan)
    values = np.empty(n)
    count = 0
    base = 0  # existing values before the block
    belief = np.empty(states)
    room = np.empty(states)
    used = np.full(parameters.shape[1], np.nan)
    upto = -1  # existing values that `belief` has seen, under `used`, in this block
    for t in range(n):
        if t == 0 or block[t] != block[t - 1]:
            base = count
            upto = -1
        if np.isnan(x[t]):
            continue
        values[count] = x[t]
        count += 1
        known = True
        same = upto >= 0
        for i in range(used.shape[0]):
            known &= not np.isnan(parameters[t, i])
            same &= parameters[t, i] == used[i]
        if not known:
            continue
        if not same:
            used[:] = parameters[t]
            upto = max(0, base - lookback)
            belief[:] = 1.0 / states
        mean = used[:states]
        sigma = used[states : 2 * states]
        transition = used[2 * states :].reshape(states, states)
        for i in range(upto, count):
            _step(values[i], mean, sigma, transition, belief, room)
        upto = count
        out[t] = belief
    return out
