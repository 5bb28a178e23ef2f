"""Quarterly parameters of the ACD(1,1) model, fitted on the past only.

A quarter's parameters come from the adjusted durations of the last (at most 126) sessions before
its first day, 50 a session, and hold for all of its sessions. Each fit starts cold, so it is a
function of those durations and of nothing else. Rows of an earlier run are kept as long as the
hash of their input is the same.
"""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa

from engine.features.fits import quarter_starts
from engine.features.panel import Bars, Floats, bars_from_table
from engine.kernels.acd import likelihood

MIN_SESSIONS = 20
MAX_SESSIONS = 126
SPEC = "exponential quasi-likelihood, SLSQP, two cold starts, 1"
PERSISTENCE = 0.9999  # where beta + alpha ends
_STARTS = ((0.05, 0.90), (0.20, 0.60))

FITS_SCHEMA = pa.schema(
    [
        ("symbol", pa.string()),
        ("quarter_start", pa.date32()),
        ("fit_as_of", pa.date32()),
        ("sessions", pa.int32()),
        ("omega", pa.float64()),
        ("alpha", pa.float64()),
        ("beta", pa.float64()),
        ("log_likelihood", pa.float64()),
        ("is_converged", pa.bool_()),
        ("input_hash", pa.string()),
    ]
)

_FITTED = ("omega", "alpha", "beta", "log_likelihood", "is_converged")


@lru_cache(maxsize=1)
def _libraries() -> str:
    return f"{version('scipy')}|{version('numpy')}"


def input_hash(durations: Floats) -> str:
    """Return a hash of what a fit depends on: the durations and the libraries."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"acd|{SPEC}|{_libraries()}|".encode())
    digest.update(np.ascontiguousarray(durations, dtype="<f8").tobytes())
    return digest.hexdigest()


def fit(durations: Floats) -> dict[str, Any]:
    """Fit ACD(1,1) by exponential quasi-likelihood.

    The optimiser moves the mean, alpha, and the part of 1 - alpha that is beta: a box in which
    every point is a stationary model. Of two cold starts the likelier end counts.

    Parameters
    ----------
    durations
        Adjusted durations in order of time, shape (n,), positive, without NaN.

    Returns
    -------
    dict
        omega, alpha, beta, log_likelihood (exponential, of all durations), is_converged.
        Parameters are None when the optimiser did not converge.

    References
    ----------
    Engle and Russell (1998).
    """
    from scipy.optimize import minimize

    mean = float(durations.mean())

    def parameters(point: Floats) -> tuple[float, float, float]:
        level, alpha, rest = (float(value) for value in point)
        beta = rest * (1.0 - alpha)
        return level * mean * (1.0 - alpha - beta), alpha, beta

    def objective(point: Floats) -> tuple[float, Floats]:
        level, alpha, rest = (float(value) for value in point)
        value, d_omega, d_alpha, d_beta = likelihood(durations, *parameters(point))
        free = (1.0 - alpha) * (1.0 - rest)  # 1 - alpha - beta
        gradient = np.array(
            [
                d_omega * mean * free,
                -d_omega * level * mean * (1.0 - rest) + d_alpha - d_beta * rest,
                (d_beta - d_omega * level * mean) * (1.0 - alpha),
            ]
        )
        return float(value), gradient

    best = None
    for alpha, beta in _STARTS:
        found = minimize(
            objective,
            np.array([1.0, alpha, beta / (1.0 - alpha)]),
            jac=True,
            method="SLSQP",  # for three parameters L-BFGS-B waits for the threads of BLAS
            bounds=[(0.05, 20.0), (0.0, 0.999), (0.0, PERSISTENCE)],
            options={"ftol": 1e-12, "maxiter": 300},
        )
        if best is None or (found.success, -found.fun) > (best.success, -best.fun):
            best = found
    assert best is not None
    values = parameters(best.x)
    converged = bool(best.success) and all(map(math.isfinite, values))
    row = dict(zip(("omega", "alpha", "beta"), values, strict=True))
    return {
        **(row if converged else dict.fromkeys(row)),
        "log_likelihood": -float(best.fun) * len(durations) if converged else None,
        "is_converged": converged,
    }


def _symbol_fits(bars: Bars, kept: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    from engine.features.duration.acd import durations
    from engine.features.workspace import Workspace

    x = durations(Workspace(bars))
    exists = ~np.isnan(x[:, 0])
    starts = quarter_starts(bars.time.astype("datetime64[D]"))
    rows = []
    for quarter in np.unique(starts):
        past = exists & (bars.time < quarter)
        window = x[past][-MAX_SESSIONS:]
        if len(window) < MIN_SESSIONS or not np.any(window != window[0, 0]):
            continue
        series = np.ascontiguousarray(window.ravel())
        key = input_hash(series)
        found = kept.get(key) or fit(series)
        rows.append(
            {
                **{name: found[name] for name in _FITTED},
                "symbol": bars.symbol,
                "quarter_start": quarter.astype(object),
                "fit_as_of": bars.time[past][-1].astype("datetime64[D]").astype(object),
                "sessions": len(window),
                "input_hash": key,
            }
        )
    return rows


def acd_fits(bars: pa.Table, previous: pa.Table | None = None) -> pa.Table:
    """Return the parameters of every symbol and quarter.

    Parameters
    ----------
    bars
        The panel with the session durations (`engine.features.duration.session.FIELDS`).
    previous
        The table as it was, whose fits are used again where their input has not changed.

    Returns
    -------
    pyarrow.Table
        `FITS_SCHEMA`, ordered by symbol and quarter.
    """
    kept = {row["input_hash"]: row for row in previous.to_pylist()} if previous else {}
    rows = [row for symbol, _ in bars_from_table(bars) for row in _symbol_fits(symbol, kept)]
    return pa.Table.from_pylist(rows, schema=FITS_SCHEMA)
