"""The smile: risk reversals, butterflies, its slope at the money, its wings."""

from __future__ import annotations

from functools import partial

from engine.features.options_feature_engineer.series import (
    Z_WINDOW,
    atm,
    butterfly,
    level,
    reversal,
    z_least,
    z_lookback,
)
from engine.features.registry import Family
from engine.features.workspace import log

kernel = partial(
    Family,
    engine="kernel",
    inputs=("option chain", "constant maturity"),
    source="Xing, Zhang, Zhao 2010",
    units="annual vol",
)

_BKM = "Bakshi, Kapadia, Madan 2003"


def _reversal(days: int) -> Family:
    return kernel(
        pattern=f"opt_rr25_{days}",
        formula=f"IV of the 25-delta call less that of the put, {days} days",
        oracle="closed form of a smile",
        lookback=lambda w: 1,
        value=lambda s: reversal(s, days),
    )


def _butterfly(days: int) -> Family:
    return kernel(
        pattern=f"opt_bf25_{days}",
        formula=f"mean IV of the 25-delta call and put less that at the money, {days} days",
        source=_BKM,
        oracle="closed form of a smile",
        lookback=lambda w: 1,
        value=lambda s: butterfly(s, days),
    )


def _ten_delta(days: int) -> Family:
    return kernel(
        pattern=f"opt_skew10_{days}",
        formula=f"IV of the 10-delta put less that at the money, {days} days",
        oracle="closed form of a smile",
        lookback=lambda w: 1,
        value=lambda s: level(s, f"put10_{days}") - atm(s, days),
    )


def _slope(days: int) -> Family:
    return kernel(
        pattern=f"opt_skewslope_{days}",
        formula=f"d IV / d(ln(K / F) / sqrt(T)) at the forward, {days} days",
        source=_BKM,
        units="annual vol per sqrt(year)",
        oracle="finite difference of a smile",
        lookback=lambda w: 1,
        value=lambda s: level(s, f"skew_slope_{days}"),
        why="Of the fitted smile; variance and its slope are linear in time between expiries.",
    )


FAMILIES: tuple[Family, ...] = (
    *map(_reversal, (7, 30, 60, 90)),
    *map(_butterfly, (7, 30, 60, 90)),
    *map(_ten_delta, (30, 60)),
    *map(_slope, (7, 30, 60)),
    kernel(
        pattern="opt_rr25_z60_30",
        formula="(30-day risk reversal - mean) / sample standard deviation over 60 sessions",
        units="sigma",
        oracle="pandas",
        lookback=lambda w: z_lookback(Z_WINDOW),
        min_obs=lambda w: z_least(Z_WINDOW),
        value=lambda s: s.zscore(reversal(s, 30), Z_WINDOW),
    ),
    kernel(
        pattern="opt_rr25_chg5_30",
        formula="change of the 30-day risk reversal over 5 sessions",
        oracle="pandas",
        lookback=lambda w: 6,
        value=lambda s: s.change(reversal(s, 30), 5),
    ),
    kernel(
        pattern="opt_wing_30",
        formula="ln(IV of the 10-delta put / IV of the 10-delta call), 30 days",
        units="log ratio",
        oracle="closed form of a smile",
        lookback=lambda w: 1,
        value=lambda s: log(level(s, "put10_30")) - log(level(s, "call10_30")),
        why="The logarithm, so that puts dearer and calls dearer are alike in size.",
    ),
    kernel(
        pattern="opt_rr25_term",
        formula="30-day risk reversal less the 90-day one",
        oracle="closed form of a smile",
        lookback=lambda w: 1,
        value=lambda s: reversal(s, 30) - reversal(s, 90),
    ),
    kernel(
        pattern="opt_mfskew_30",
        formula="third cumulant / second^1.5 of the log return to 30 days, priced by all strikes",
        units="-",
        source=_BKM,
        oracle="lognormal chain: 0; numerical density of a mixture",
        lookback=lambda w: 1,
        value=lambda s: level(s, "mf_skew_30"),
        why=(
            "The mean return is exact (the log contract) rather than the paper's expansion. "
            "Between strikes volatility is straight over log moneyness, beyond them flat; "
            "cumulants are linear in time between expiries, as those of independent returns."
        ),
    ),
    kernel(
        pattern="opt_mfkurt_30",
        formula="3 + fourth cumulant / second^2 of the log return to 30 days, likewise",
        units="-",
        source=_BKM,
        oracle="lognormal chain: 3; numerical density of a mixture",
        lookback=lambda w: 1,
        value=lambda s: level(s, "mf_kurt_30"),
        why="As opt_mfskew_30.",
    ),
)
