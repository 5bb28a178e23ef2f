"""One-step volatility forecasts with quarterly parameters."""

from __future__ import annotations

import numpy as np

from engine.features.fits import MAX_OBS, MIN_OBS, QUARTER
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace
from engine.kernels.garch import forecast_variance


def forecast(s: Workspace, model: str) -> Floats:
    """Annual volatility of the next bar, by the parameters in force at each row."""
    extra = s.bars.extra
    unknown = np.full(len(s.bars), np.nan)
    parameters = [
        extra.get(f"{model}_{name}", unknown) for name in ("omega", "alpha", "gamma", "beta")
    ]
    parameters[0] = s.only(parameters[0])
    variance = forecast_variance(s.ret, *parameters, MAX_OBS, MIN_OBS)
    out: Floats = np.sqrt(variance) * s.annual
    return out


FAMILIES = tuple(
    Family(
        pattern=f"raw_{model}_fcst_1",
        formula=formula,
        units="annual vol",
        source=source,
        inputs=("close",),
        engine="fit",
        oracle="arch conditional_volatility with the same fixed parameters",
        lookback=lambda w: MAX_OBS + 1 + QUARTER,
        min_obs=lambda w: MIN_OBS + 1,
        value=lambda s, model=model: forecast(s, model),
        why=(
            "Quarterly (the contract) rather than monthly: parameters from at most 1,000 "
            "returns before the quarter, Gaussian quasi-likelihood, zero mean, cold start, so "
            "that a fit is a function of its window alone. NULL until a quarter begins with 250 "
            "returns, and in a quarter whose fit did not converge."
        ),
    )
    for model, formula, source in (
        (
            "garch",
            "sqrt(252 v'), v' = omega + alpha r^2 + beta v filtered over the last returns",
            "Bollerslev 1986",
        ),
        (
            "gjr",
            "sqrt(252 v'), v' = omega + (alpha + gamma 1{r < 0}) r^2 + beta v, likewise",
            "Glosten, Jagannathan, Runkle 1993",
        ),
    )
)
