"""Quarterly GARCH parameters, by the schedule of `engine.features.fits`.

Each fit starts cold, so it is a function of its window's returns and of nothing else.
"""

from __future__ import annotations

import math
import warnings
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa

from engine.features import fits
from engine.features.fits import MAX_OBS, MIN_OBS, Estimator, quarter_starts
from engine.features.panel import Bars, Floats

SPEC = "arch zero mean, normal, percent, cold start, gjr from garch, 3"

FITS_SCHEMA = pa.schema(
    [
        *fits.KEY_FIELDS,
        ("omega", pa.float64()),
        ("alpha", pa.float64()),
        ("gamma", pa.float64()),
        ("beta", pa.float64()),
        ("log_likelihood", pa.float64()),
        ("is_converged", pa.bool_()),
        ("input_hash", pa.string()),
    ]
)


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
        Per model ("garch", "gjr"): omega (in the units of returns squared), alpha, gamma (0 for
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


def _returns(bars: Bars) -> Floats:
    returns = np.full(len(bars), np.nan)
    returns[1:] = np.log(bars.close[1:] / bars.close[:-1])
    return returns


def _rows(returns: Floats) -> fits.Rows:
    return [{"model": model, **row} for model, row in fit(returns).items()]


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
    libraries = _libraries()
    estimator = Estimator(f"{SPEC}|{libraries}", _returns, _rows)
    return fits.quarterly_fits(panel, [estimator], FITS_SCHEMA, previous)


__all__ = ["FITS_SCHEMA", "MAX_OBS", "MIN_OBS", "fit", "garch_fits", "quarter_starts"]
