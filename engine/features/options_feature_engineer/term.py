"""The term structure: differences, slope, curvature, inversion, what lies between maturities."""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.options_feature_engineer.series import (
    CAP,
    CURVATURE_WEIGHTS,
    SLOPE_WEIGHTS,
    TENORS,
    Z_WINDOW,
    between,
    forward_variance,
    level,
    weighted,
    z_least,
    z_lookback,
)
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace, log
from engine.kernels.counters import bars_in_state

kernel = partial(
    Family,
    engine="kernel",
    inputs=("option chain", "constant maturity"),
    source="Mixon 2007",
    units="annual vol",
)

_LISTED = ", ".join(map(str, TENORS))


def inverted(s: Workspace) -> Floats:
    """Return 1 where 30 days are dearer than 90, else 0, NaN where unknown."""
    term = between(s, 30, 90)
    return s.once(
        term, "inverted", lambda: np.where(np.isnan(term), np.nan, (term < 0.0).astype(np.float64))
    )


def days_inverted(s: Workspace) -> Floats:
    """Return for how many sessions the near end has been dearer, this one included."""
    state = inverted(s)
    run = np.minimum(bars_in_state(state, CAP) + 1.0, CAP)
    return np.where(state == 0.0, 0.0, run)


def _difference(near: int, far: int) -> Family:
    return kernel(
        pattern=f"opt_ts_{near}_{far}",
        formula=f"IV at the money of {far} days less that of {near}",
        oracle="flat surface: 0; hand example",
        lookback=lambda w: 1,
        value=lambda s: between(s, near, far),
    )


def _forward(near: int, far: int) -> Family:
    return kernel(
        pattern=f"opt_fwdvol_{near}_{far}",
        formula=f"sqrt((T2 IV2^2 - T1 IV1^2) / (T2 - T1)), {near} and {far} days",
        oracle="flat surface: its volatility; hand example",
        lookback=lambda w: 1,
        value=lambda s: np.sqrt(forward_variance(s, near, far)),
        why="NULL where the later variance is the smaller one.",
    )


FAMILIES: tuple[Family, ...] = (
    _difference(7, 30),
    _difference(30, 60),
    _difference(30, 90),
    kernel(
        pattern="opt_ts_slope",
        formula=f"least-squares slope of IV on sqrt(T) at {_LISTED} days",
        units="annual vol per sqrt(year)",
        oracle="numpy polyfit",
        lookback=lambda w: 1,
        value=lambda s: weighted(s, SLOPE_WEIGHTS),
    ),
    kernel(
        pattern="opt_ts_curv",
        formula=f"coefficient of T in the least-squares parabola of IV in sqrt(T), {_LISTED} days",
        units="annual vol per year",
        oracle="numpy polyfit",
        lookback=lambda w: 1,
        value=lambda s: weighted(s, CURVATURE_WEIGHTS),
    ),
    kernel(
        pattern="opt_ts_inverted",
        formula="1 where IV of 30 days is above that of 90, else 0",
        units="flag",
        oracle="hand example",
        lookback=lambda w: 1,
        value=inverted,
    ),
    kernel(
        pattern="opt_ts_inv_days",
        formula="sessions in a row with opt_ts_inverted = 1, this one included",
        units="sessions",
        oracle="hand example",
        lookback=lambda w: CAP + 1,
        min_obs=lambda w: 1,
        value=days_inverted,
        why=f"0 where not inverted, at most {CAP}; NULL while it is not known when it began.",
    ),
    _forward(30, 60),
    _forward(60, 90),
    kernel(
        pattern="opt_fwdvar_ratio",
        formula="ln of forward variance from 60 to 90 days over that from 30 to 60",
        units="log ratio",
        source="Johnson 2017",
        oracle="flat surface: 0; hand example",
        lookback=lambda w: 1,
        value=lambda s: log(forward_variance(s, 60, 90)) - log(forward_variance(s, 30, 60)),
        why="The logarithm; 30 to 60 over the 30 days themselves would repeat opt_ts_30_60.",
    ),
    kernel(
        pattern="opt_eventvol",
        formula=(
            "sqrt of the largest step of total variance from one expiry to the next, within 45 "
            "days, beyond the median step per day"
        ),
        units="log return",
        source="practitioner",
        oracle="flat surface: 0; one extra variance put in",
        lookback=lambda w: 1,
        value=lambda s: level(s, "event_move"),
        why=(
            "The kink is looked for between all expiries, not at a fixed maturity: an announcement "
            "has a date. At least three expiries; days count alike, so that weekends are below the "
            "median and never the largest."
        ),
    ),
    kernel(
        pattern="opt_ts_z60",
        formula="(opt_ts_30_90 - mean) / sample standard deviation over 60 sessions",
        units="sigma",
        oracle="pandas",
        lookback=lambda w: z_lookback(Z_WINDOW),
        min_obs=lambda w: z_least(Z_WINDOW),
        value=lambda s: s.zscore(between(s, 30, 90), Z_WINDOW),
    ),
    kernel(
        pattern="opt_ts_chg5",
        formula="change of opt_ts_30_90 over 5 sessions",
        oracle="pandas",
        lookback=lambda w: 6,
        value=lambda s: s.change(between(s, 30, 90), 5),
    ),
)
