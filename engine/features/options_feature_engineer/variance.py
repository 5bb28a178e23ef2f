"""Variance without a model: what all strikes together price, and the premium over what came."""

from __future__ import annotations

from functools import partial

from engine.features.options_feature_engineer.series import (
    RISK_WINDOW,
    Z_WINDOW,
    level,
    log_atm,
    premium,
    z_least,
    z_lookback,
)
from engine.features.registry import Family

kernel = partial(
    Family,
    engine="kernel",
    inputs=("option chain", "constant maturity"),
    units="annual vol",
    lookback=lambda w: 1,
)

_WHY = (
    "Cboe's sum over listed strikes ends where bids end and steps with the strikes' distance; here "
    "volatility is straight over log moneyness between out-of-the-money strikes of at least 0.001 "
    "delta and flat beyond them (Jiang & Tian 2005), so that chains of coarse strikes are measured "
    "alike. NULL where the strikes do not reach one standard deviation on either side."
)


def _whole(days: int) -> Family:
    return kernel(
        pattern=f"opt_mfiv_{days}",
        formula=f"sqrt(2 / T x integral of OTM price / K^2 over strikes), {days} days",
        source="Carr & Wu 2009",
        oracle="flat chain: its volatility; the published sum over dense strikes",
        value=lambda s: level(s, f"mf_iv_{days}"),
        why=_WHY,
        near_duplicates=(f"opt_atm_cost_{days}",),  # while the smile keeps its shape
    )


def _part(pattern: str, side: str, name: str, *others: str) -> Family:
    return kernel(
        pattern=pattern,
        formula=f"the part of opt_mfiv_30 that {side} price, as a volatility",
        source="Feunou, Jahan-Parvar, Okou 2018",
        oracle="both parts squared add up to the whole squared",
        value=lambda s: level(s, name),
        near_duplicates=("opt_mfiv_30", "opt_atm_cost_30", *others),
    )


FAMILIES: tuple[Family, ...] = (
    *map(_whole, (30, 60)),
    kernel(
        pattern="opt_vrp_30",
        formula="opt_mfiv_30 - standard deviation of 20 returns x sqrt(252)",
        source="Carr & Wu 2009",
        inputs=("option chain", "constant maturity", "close"),
        oracle="pandas",
        lookback=lambda w: RISK_WINDOW + 1,
        value=premium,
        why="In volatilities, as the catalog says; dom_vrp_20 has the market's in variances.",
    ),
    kernel(
        pattern="opt_vrp_z60_30",
        formula="(opt_vrp_30 - mean) / sample standard deviation over 60 sessions",
        units="sigma",
        source="Carr & Wu 2009",
        inputs=("option chain", "constant maturity", "close"),
        oracle="pandas",
        lookback=lambda w: z_lookback(Z_WINDOW) + RISK_WINDOW,
        min_obs=lambda w: z_least(Z_WINDOW) + RISK_WINDOW,
        value=lambda s: s.zscore(premium(s), Z_WINDOW),
    ),
    _part("opt_mfiv_up_30", "calls above the forward", "mf_up_30"),
    _part("opt_mfiv_dn_30", "puts below the forward", "mf_down_30", "opt_mfiv_up_30"),
    kernel(
        pattern="opt_ivofiv_20",
        formula="standard deviation of 20 changes of ln IV30 x sqrt(252)",
        source="practitioner",
        oracle="pandas",
        lookback=lambda w: RISK_WINDOW + 1,
        value=lambda s: s.std(s.change(log_atm(s), 1), RISK_WINDOW) * s.annual,
    ),
)
