"""Quarterly parameters of the hidden Markov models, by the schedule of `engine.features.fits`.

EM starts from states that volatility quantiles cut out of the series itself, several ways, and
the likeliest end is kept: nothing is random. States are ordered by sigma. The maximisation is
the project's kernel (`engine.kernels.hmm`): it does what hmmlearn does from the same start, and
the sample of a build in seconds instead of minutes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa

from engine.features import fits
from engine.features.fits import Estimator
from engine.features.panel import Bars, Floats
from engine.features.regime.series import log_realised
from engine.features.workspace import Workspace
from engine.kernels import hmm

SPEC = "baum-welch from volatility quantiles, 2"
ITERATIONS = 200
TOLERANCE = 1e-3  # gain of log likelihood at which EM ends
LEAST_SIGMA = 0.1  # of the window's own
STAY = 0.95

# Bars over which |x| is averaged to cut states out, and the shares of calmer states.
STARTS: dict[int, tuple[tuple[int, tuple[float, ...]], ...]] = {
    2: ((10, (0.5,)), (20, (0.75,)), (5, (0.75,))),
    3: ((10, (1 / 3, 2 / 3)), (20, (0.5, 0.85)), (5, (0.5, 0.85))),
}
MIXTURE_STARTS = (0.5, 0.75)

FITS_SCHEMA = pa.schema(
    [
        *fits.KEY_FIELDS,
        ("state", pa.int32()),
        ("mean", pa.float64()),
        ("sigma", pa.float64()),
        ("to_0", pa.float64()),
        ("to_1", pa.float64()),
        ("to_2", pa.float64()),
        ("log_likelihood", pa.float64()),
        ("input_hash", pa.string()),
    ]
)


def _rows(
    model: str, mean: Floats, sigma: Floats, transition: Floats, likelihood: float
) -> fits.Rows:
    """Return a fit's rows, states ordered by sigma."""
    order = np.argsort(sigma, kind="stable")
    rows = []
    for state, at in enumerate(order):
        row: dict[str, Any] = {
            "model": model,
            "state": state,
            "mean": float(mean[at]),
            "sigma": float(sigma[at]),
            "log_likelihood": likelihood,
        }
        for to in range(3):
            row[f"to_{to}"] = float(transition[at, order[to]]) if to < len(order) else None
        rows.append(row)
    return rows


def _cut(x: Floats, bars: int, shares: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Return mean and spread of the values in each class of local volatility."""
    size = np.convolve(np.abs(x - x.mean()), np.ones(bars) / bars, mode="full")[: len(x)]
    state = np.searchsorted(np.quantile(size, shares), size, side="left")
    groups = [x[state == k] for k in range(len(shares) + 1)]
    usable = [group if len(group) > 1 else x for group in groups]
    mean = np.array([group.mean() for group in usable])
    sigma = np.array([max(group.std(), LEAST_SIGMA) for group in usable])
    return mean, sigma


def fit_hmm(x: Floats, states: int) -> fits.Rows:
    """Fit a Gaussian hidden Markov model.

    Parameters
    ----------
    x
        Values, shape (n,), not all equal.
    states
        2 or 3.

    Returns
    -------
    list of dict
        One row a state, ordered by sigma: mean, sigma (in the units of x), the probabilities
        to go on to each state, none much below 1 / n, and the log likelihood of x by EM.
    """
    unit = float(x.std())
    z = (x - x.mean()) / unit
    best: tuple[float, Floats, Floats, Floats] | None = None
    for bars, shares in STARTS[states]:
        mean, sigma = _cut(z, bars, shares)
        transition = np.full((states, states), (1.0 - STAY) / (states - 1))
        np.fill_diagonal(transition, STAY)
        start = np.full(states, 1.0 / states)
        likelihood = hmm.baum_welch(
            z, start, transition, mean, sigma, ITERATIONS, TOLERANCE, LEAST_SIGMA
        )
        if best is None or likelihood > best[0]:
            best = (likelihood, mean, sigma, transition)
    assert best is not None
    likelihood, mean, sigma, transition = best
    # What n bars have not seen is not impossible: a calm state that ends the sample would otherwise
    # never be left, and the filter would not see the next storm.
    transition = np.maximum(transition, 1.0 / len(x))
    transition /= transition.sum(axis=1, keepdims=True)
    total = likelihood - len(x) * math.log(unit)
    return _rows(f"hmm{states}", mean * unit + x.mean(), sigma * unit, transition, total)


def fit_mixture(x: Floats) -> fits.Rows:
    """Fit a mixture of two normals: a model whose next state does not depend on this one.

    Returns
    -------
    list of dict
        As `fit_hmm`, but ordered by mean: x is a log volatility itself.
    """
    unit = float(x.std())
    z = (x - x.mean()) / unit
    best: tuple[float, Floats, Floats, Floats] | None = None
    for share in MIXTURE_STARTS:
        split = np.quantile(z, share)
        groups = (z[z <= split], z[z > split])
        mean = np.array([group.mean() if len(group) else 0.0 for group in groups])
        sigma = np.array([max(group.std(), LEAST_SIGMA) if len(group) else 1.0 for group in groups])
        weight = np.array([share, 1.0 - share])
        likelihood = hmm.fit_mixture(z, weight, mean, sigma, ITERATIONS, TOLERANCE, LEAST_SIGMA)
        if best is None or likelihood > best[0]:
            best = (likelihood, mean, sigma, weight)
    assert best is not None
    likelihood, mean, sigma, weight = best
    order = np.argsort(mean, kind="stable")
    total = likelihood - len(x) * math.log(unit)
    rows = []
    for state, at in enumerate(order):
        rows.append(
            {
                "model": "mixture2",
                "state": state,
                "mean": float(mean[at] * unit + x.mean()),
                "sigma": float(sigma[at] * unit),
                "to_0": float(weight[order[0]]),
                "to_1": float(weight[order[1]]),
                "to_2": None,
                "log_likelihood": total,
            }
        )
    return rows


def _returns(bars: Bars) -> Floats:
    return Workspace(bars).ret


def _log_realised(bars: Bars) -> Floats:
    return log_realised(Workspace(bars))


def hmm_fits(panel: pa.Table, previous: pa.Table | None = None) -> pa.Table:
    """Return the parameters of every symbol, quarter, model and state.

    Parameters
    ----------
    panel
        The panel (`engine.features.panel.PANEL_SCHEMA`).
    previous
        The table as it was, whose fits are used again where their input has not changed.

    Returns
    -------
    pyarrow.Table
        `FITS_SCHEMA`, ordered by symbol, quarter, model and state.
    """
    estimators = [
        Estimator(f"hmm3|{SPEC}|{np.__version__}", _returns, lambda x: fit_hmm(x, 3)),
        Estimator(f"hmm2|{SPEC}|{np.__version__}", _returns, lambda x: fit_hmm(x, 2)),
        Estimator(f"mixture2|{SPEC}|{np.__version__}", _log_realised, fit_mixture),
    ]
    return fits.quarterly_fits(panel, estimators, FITS_SCHEMA, previous)
