"""Quarterly GARCH parameters, fitted on the past only.

A quarter's parameters come from the last (at most 1,000) returns before its first day and hold
for all of its sessions. Each fit starts cold, so it is a function of those returns and of nothing
else: not of when the history begins, nor of the fits before it. Rows of an earlier run are kept
as long as the hash of their input is the same.
"""

from __future__ import annotations

import hashlib
import math
import warnings
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa

from engine.features.panel import Bars, Dates, Floats, bars_from_table

MIN_OBS = 250
MAX_OBS = 1000
MODELS = ("garch", "gjr")
SPEC = "arch zero mean, normal, percent, cold start, gjr from garch, 3"

FITS_SCHEMA = pa.schema(
    [
        ("symbol", pa.string()),
        ("model", pa.string()),
        ("quarter_start", pa.date32()),
        ("fit_as_of", pa.date32()),
        ("observations", pa.int32()),
        ("omega", pa.float64()),
        ("alpha", pa.float64()),
        ("gamma", pa.float64()),
        ("beta", pa.float64()),
        ("log_likelihood", pa.float64()),
        ("is_converged", pa.bool_()),
        ("input_hash", pa.string()),
    ]
)

_FITTED = ("omega", "alpha", "gamma", "beta", "log_likelihood", "is_converged")


def quarter_starts(days: Dates) -> Dates:
    """Return the first calendar day of the quarter of each date."""
    months = days.astype("datetime64[M]")
    index = months.astype(np.int64)
    return (index - index % 3).astype("datetime64[M]").astype("datetime64[D]")


def input_hash(model: str, returns: Floats) -> str:
    """Return a hash of what a fit depends on: the model, the returns and the library."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{model}|{SPEC}|{_libraries()}|".encode())
    digest.update(np.ascontiguousarray(returns, dtype="<f8").tobytes())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def _libraries() -> str:
    """Return the versions of what fits; looking one up searches the whole import path."""
    return "|".join(version(name) for name in ("arch", "scipy", "numpy"))


def fit(returns: Floats) -> dict[str, dict[str, Any]]:
    """Fit GARCH(1,1) and GJR(1,1,1) by Gaussian quasi-likelihood with zero mean.

    GJR begins at the optimum of GARCH, which it contains: so it is never the less likely one,
    which a start of its own does not ensure.

    Parameters
    ----------
    returns
        Log returns per bar, shape (n,), without NaN.

    Returns
    -------
    dict
        Per model of `MODELS`: omega (in the units of returns squared), alpha, gamma (0 for
        "garch"), beta, log_likelihood of the returns in percent, is_converged. Parameters are
        None when the optimiser did not converge.

    References
    ----------
    Bollerslev (1986); Glosten, Jagannathan and Runkle (1993); Bollerslev and Wooldridge (1992)
    for the quasi-likelihood.
    """
    from arch import arch_model

    # In percent, where the optimiser is well scaled.
    percent = 100.0 * returns
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they say is kept in is_converged
        garch = arch_model(percent, mean="Zero", vol="GARCH", p=1, q=1, rescale=False).fit(
            disp="off", show_warning=False
        )
        omega, alpha, beta = (float(value) for value in garch.params)
        gjr = arch_model(percent, mean="Zero", vol="GARCH", p=1, o=1, q=1, rescale=False).fit(
            starting_values=np.array([omega, alpha, 0.0, beta]), disp="off", show_warning=False
        )
    return {
        "garch": _parameters(garch, (omega, alpha, 0.0, beta)),
        "gjr": _parameters(gjr, tuple(float(value) for value in gjr.params)),
    }


def _parameters(result: Any, values: tuple[float, ...]) -> dict[str, Any]:
    """Return a fit's row: omega, alpha, gamma, beta in the units of returns."""
    converged = result.convergence_flag == 0 and all(map(math.isfinite, values))
    omega, alpha, gamma, beta = values
    row = {"omega": omega / 1e4, "alpha": alpha, "gamma": gamma, "beta": beta}
    return {
        **(row if converged else dict.fromkeys(row)),
        "log_likelihood": float(result.loglikelihood) if converged else None,
        "is_converged": converged,
    }


def _symbol_fits(bars: Bars, kept: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    close = bars.close
    returns = np.full(len(close), np.nan)
    returns[1:] = np.log(close[1:] / close[:-1])
    exists = ~np.isnan(returns)
    starts = quarter_starts(bars.time.astype("datetime64[D]"))
    rows = []
    for quarter in np.unique(starts):
        past = exists & (bars.time < quarter)
        window = returns[past][-MAX_OBS:]
        if len(window) < MIN_OBS or not np.any(window != window[0]):
            continue
        keys = {model: input_hash(model, window) for model in MODELS}
        if all(key in kept for key in keys.values()):
            found = {model: kept[key] for model, key in keys.items()}
        else:
            found = fit(window)
        for model, key in keys.items():
            rows.append(
                {
                    **{name: found[model][name] for name in _FITTED},
                    "symbol": bars.symbol,
                    "model": model,
                    "quarter_start": quarter.astype(object),
                    "fit_as_of": bars.time[past][-1].astype("datetime64[D]").astype(object),
                    "observations": len(window),
                    "input_hash": key,
                }
            )
    return rows


def garch_fits(panel: pa.Table, previous: pa.Table | None = None) -> pa.Table:
    """Return the parameters of every symbol, model and quarter.

    Parameters
    ----------
    panel
        The panel (`engine.features.panel.PANEL_SCHEMA`).
    previous
        The table as it was, whose fits are used again where their input has not changed.

    Returns
    -------
    pyarrow.Table
        `FITS_SCHEMA`, ordered by symbol, quarter and model.
    """
    kept = {row["input_hash"]: row for row in previous.to_pylist()} if previous else {}
    rows = [row for bars, _ in bars_from_table(panel) for row in _symbol_fits(bars, kept)]
    return pa.Table.from_pylist(rows, schema=FITS_SCHEMA)
