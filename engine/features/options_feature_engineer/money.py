"""At the money: what the straddle costs, how dear it is, what it promises against what came."""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.lookback import SCALED_CHANGE
from engine.features.options_feature_engineer.series import (
    RISK_WINDOW,
    Z_WINDOW,
    atm,
    cost,
    level,
    log_atm,
    realised,
    z_least,
    z_lookback,
)
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace, log
from engine.kernels.window import extremes

kernel = partial(Family, engine="kernel")

_BRENNER = "Brenner & Subrahmanyam 1988"
_YEAR = 252


def iv_rank(s: Workspace, w: int) -> Floats:
    """Return where the 30-day volatility lies between the window's lowest and highest."""
    iv = atm(s, 30)
    high, low, _, _ = extremes(iv, iv, w)
    return s.divide(iv - low, high - low, s.change(iv, 1))


def move_ratio(s: Workspace, w: int) -> Floats:
    """Return the mean size of w returns over what the evenings before implied."""
    implied = s.once(
        atm(s, 30), "move", lambda: s.lag(atm(s, 30)) * (np.sqrt(2.0 / np.pi) / s.annual)
    )
    size = s.once(s.ret, "size", lambda: np.abs(s.ret))
    return s.divide(s.mean(size, w), s.mean(implied, w), implied)


def _cost(days: int) -> Family:
    return kernel(
        pattern=f"opt_atm_cost_{days}",
        formula=(
            f"2 (2 N(sigma sqrt(T) / 2) - 1): call and put struck at the forward, over it, "
            f"T = {days} days, sigma from total variance linear in time between expiries"
        ),
        units="frac of forward",
        source=_BRENNER,
        inputs=("option chain", "constant maturity"),
        oracle="0.8 sigma sqrt(T); Black prices of call and put",
        lookback=lambda w: 1,
        value=lambda s: cost(s, days),
        why=(
            "Undiscounted and read off the smile at the forward, where a chain seldom has a "
            "strike: the nearest strike's straddle would move with the distance to it."
        ),
    )


def _cost_z(days: int) -> Family:
    return kernel(
        pattern=f"opt_atm_cost_z{Z_WINDOW}_{days}",
        formula=f"(cost of {days} days - mean) / sample standard deviation over 60 sessions",
        units="sigma",
        source=_BRENNER,
        inputs=("option chain", "constant maturity"),
        oracle="pandas",
        lookback=lambda w: z_lookback(Z_WINDOW),
        min_obs=lambda w: z_least(Z_WINDOW),
        value=lambda s: s.zscore(cost(s, days), Z_WINDOW),
    )


def _spread(days: int) -> Family:
    return kernel(
        pattern=f"opt_atm_spread_{days}",
        formula=(
            f"(ask - bid) / mid of the straddle nearest to the forward, T = {days} days, linear "
            "in time between expiries"
        ),
        units="frac",
        source="practitioner",
        inputs=("option chain", "constant maturity", "option quotes"),
        oracle="hand example",
        lookback=lambda w: 1,
        value=lambda s: level(s, f"spread_{days}"),
        why=(
            "Of both sides together, at the strike nearest to the forward that is quoted on both; "
            "NULL beyond one standard deviation, and without quotes."
        ),
    )


FAMILIES: tuple[Family, ...] = (
    *map(_cost, (7, 14, 30, 45, 60, 90)),
    *map(_cost_z, (7, 30, 60)),
    kernel(
        pattern="opt_atm_cost_chg_{window}",
        formula="change of the 30-day cost over w sessions",
        units="frac of forward",
        source=_BRENNER,
        inputs=("option chain", "constant maturity"),
        oracle="pandas",
        windows=(1, 5),
        lookback=lambda w: w + 1,
        value=lambda s, w: s.change(cost(s, 30), w),
    ),
    kernel(
        pattern="opt_ivrank_{window}",
        formula="(IV30 - lowest) / (highest - lowest) of w sessions",
        units="[0,1]",
        source="practitioner",
        inputs=("option chain", "constant maturity"),
        oracle="pandas",
        windows=(_YEAR,),
        lookback=lambda w: max(w, SCALED_CHANGE),
        min_obs=lambda w: w,
        value=iv_rank,
    ),
    kernel(
        pattern="opt_ivpct_{window}",
        formula="rank of IV30 among w sessions, 0 to 1, ties at their middle",
        units="[0,1]",
        source="practitioner",
        inputs=("option chain", "constant maturity"),
        oracle="scipy rankdata",
        windows=(_YEAR,),
        lookback=lambda w: w,
        value=lambda s, w: s.percent_rank(atm(s, 30), w),
    ),
    kernel(
        pattern="opt_ivrv_20",
        formula="ln(IV30 / standard deviation of 20 returns x sqrt(252))",
        units="log ratio",
        source="Goyal & Saretto 2009",
        inputs=("option chain", "constant maturity", "close"),
        oracle="pandas",
        lookback=lambda w: RISK_WINDOW + 1,
        value=lambda s: log_atm(s) - log(realised(s)),
    ),
    kernel(
        pattern="opt_carry_30",
        formula=(
            "ln(F / (S - D)) / T - r from put-call parity, T = 30 days, D the dividends announced"
        ),
        units="annual rate",
        source="Cremers & Weinbaum 2010",
        inputs=("option chain", "constant maturity", "option quotes", "rates", "dividends"),
        oracle="hand example",
        lookback=lambda w: 1,
        value=lambda s: level(s, "carry_30"),
        why=(
            "Less the rate, which is the same for every underlying: what is left is the loan fee "
            "and the dividends that nobody announced. NULL where no pairs are priced together."
        ),
    ),
    *map(_spread, (7, 30, 60)),
    kernel(
        pattern="opt_move_ratio_20",
        formula="mean |r| of 20 sessions / mean of sqrt(2 / pi / 252) IV30 the evenings before",
        units="ratio",
        source="practitioner",
        inputs=("option chain", "constant maturity", "close"),
        oracle="pandas",
        lookback=lambda w: SCALED_CHANGE,
        min_obs=lambda w: RISK_WINDOW + 2,
        value=lambda s: move_ratio(s, RISK_WINDOW),
    ),
)
