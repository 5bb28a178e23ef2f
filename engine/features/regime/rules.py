"""Regimes by rule: the VIX, the trend, the two together, and what they say of returns."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from engine.features import lookback
from engine.features.panel import Floats
from engine.features.regime.series import (
    MACHINE,
    RANK,
    SIGMA,
    TREND,
    combined,
    is_state,
    sigma_rank,
    state,
    trend_t,
    unknown,
)
from engine.features.regime_definitions import bands, code, definitions, lower_bound_of
from engine.features.registry import Family
from engine.features.workspace import Workspace, log
from engine.kernels import directional, states, wilder

CAP = 252  # of counters
ADX = 14
TRENDING = 25.0  # ADX from which Wilder trades a trend
AVERAGES = (20, 50)
SAME_WEIGHT = 10.0  # bars' worth of the window's own mean and variance

# VIX --------------------------------------------------------------------------------------------


def vix(s: Workspace) -> Floats:
    """Return the VIX at each bar's close, NaN where there is none."""
    return s.bars.extra.get("vix", unknown(s))


def vix_state(s: Workspace) -> Floats:
    """Return the code of the VIX regime: its band, or PAUSE after a jump."""
    level = vix(s)

    def make() -> Floats:
        jump = lower_bound_of(definitions(), "vix", "vix_change")
        change = level / s.lag(level) - 1.0
        return np.where(change > jump.lower, float(jump.code), band)

    band = state(s, level, "vix", "vix_close")
    return s.once(level, "vix state", lambda: np.where(np.isnan(level), np.nan, make()))


def vix_distance(s: Workspace, up: bool) -> Floats:
    """Return how far the VIX is below the next threshold above, or above the next below.

    Beyond the last threshold it is measured from that one, and negative.
    """
    level = vix(s)
    edges = bands("vix", "vix_close").edges
    known = ~np.isnan(level)
    above = np.searchsorted(edges, level[known], side="right")
    at = np.minimum(above, len(edges) - 1) if up else np.maximum(above - 1, 0)
    out = np.full(len(level), np.nan)
    out[known] = log(edges[at]) - log(level[known])
    return out if up else -out


# Trend ------------------------------------------------------------------------------------------


def trend_state(s: Workspace) -> Floats:
    """Return the code of the trend state."""
    return state(s, trend_t(s), "trend", "trend_t")


def directional_index(s: Workspace) -> tuple[Floats, Floats]:
    """Return Wilder's ADX and +DI less -DI."""

    def make() -> tuple[Floats, Floats]:
        plus, minus = directional.directional_movement(s.bars.high, s.bars.low)
        reach = s.atr(ADX)
        up = 100.0 * s.divide(wilder.wilder(plus, ADX), reach, s.true_range)
        down = 100.0 * s.divide(wilder.wilder(minus, ADX), reach, s.true_range)
        both = up + down
        index = 100.0 * s.divide(np.abs(up - down), both, both)
        return wilder.wilder(index, ADX), up - down

    return s.once(s.true_range, "directional index", make)


def score(s: Workspace) -> Floats:
    """Return the mean of three votes, each from -1 to 1."""
    adx, spread = directional_index(s)
    short, long = (s.ema(s.bars.close, w) for w in AVERAGES)
    middle = 0.5 * (len(bands("trend", "trend_t").codes) - 1)
    line = (trend_state(s) - middle) / middle
    order = 0.5 * (np.sign(s.bars.close - short) + np.sign(short - long))
    movement = np.where(adx >= TRENDING, np.sign(spread), 0.0 * adx)
    return (line + order + movement) / 3.0


# Returns by state -------------------------------------------------------------------------------


def after_state(s: Workspace, w: int) -> tuple[Floats, Floats, Floats]:
    """Return chance to stay, mean and volatility of returns after bars in today's state."""
    codes = combined(s)

    def make() -> tuple[Floats, Floats, Floats]:
        out: tuple[Floats, Floats, Floats] = states.after_state(codes, s.ret, w, SAME_WEIGHT)
        return out

    return s.once(codes, ("after", w), make)


def _days(s: Workspace, codes: Floats) -> Floats:
    return s.once(codes, "days", lambda: states.bars_in_state(codes, CAP))


# Registry ---------------------------------------------------------------------------------------

_TREND = TREND + MACHINE - 1
_VOLATILITY = SIGMA + 1 + RANK - 1 + MACHINE - 1
_VOLATILITY_MIN = SIGMA + 1 + RANK - 1
# A directional index reads the scale of the true range; its divisor has a scale of its own.
_INDEX = max(lookback.wilder_lookback(ADX) + 1, lookback.SCALED_CHANGE)
_ADX = _INDEX + lookback.SCALED - 1 + lookback.wilder_lookback(ADX) - 1
_SCORE = max(_TREND, lookback.ema_lookback(max(AVERAGES)), _ADX)

_SEED = "Thresholds and hysteresis are in the seed regime_definitions, a practitioner's choice."
_VIX_WHY = (
    f"{_SEED} NULL without a VIX: VXX is no stand-in, for the price of a fund that decays knows no "
    "15 or 35. The state machine runs over the last 252 levels. A jump pauses the session after it."
)
_TREND_WHY = (
    f"{_SEED} The state follows the t-statistic of the trend line over 60 bars (the contract); the "
    "vote is in the score. Prices are near a random walk, on which that t exceeds 10 in size in "
    "nearly half of all windows: it measures steadiness and is no test."
)
_COMBINED_WHY = (
    f"{_SEED} Direction is the sign of the trend line's t over 60 bars, wild the upper half of the "
    "ranks of 20-bar volatility among a year's, each with hysteresis."
)
_CAPPED = "Capped at 252; unknown until a change was seen, or 252 bars without one."


def _flag(family: str, name: str, pattern: str, formula: str, **more: Any) -> Family:
    codes = {"vix": vix_state, "trend": trend_state, "combined": combined}[family]

    def value(s: Workspace) -> Floats:
        return is_state(s, codes(s), code(family, name))

    return Family(
        pattern=pattern, formula=formula, units="flag", engine="kernel", value=value, **more
    )


_VIX: dict[str, Any] = {
    "source": "practitioner; Whaley 2009 on the index",
    "inputs": ("VIX",),
    "oracle": "truth table of the state machine",
    "why": _VIX_WHY,
}
_VIX_FAMILY = partial(Family, engine="kernel", **_VIX)

VIX: tuple[Family, ...] = (
    *(
        _flag(
            "vix",
            name,
            f"reg_vix_{name.lower()}",
            formula,
            lookback=lambda w: MACHINE,
            min_obs=lambda w: 1,
            **_VIX,
        )
        for name, formula in (
            ("PAUSE", "1 when the VIX is above 35, or rose more than 20% in a day"),
            ("SUBOPTIMAL", "1 when the VIX is below 15 or from 25 to 35"),
            ("OPTIMAL", "1 when the VIX is from 15 to 25"),
        )
    ),
    _VIX_FAMILY(
        pattern="reg_vix_days",
        formula="bars since the VIX regime began, at most 252",
        units="bars",
        lookback=lambda w: MACHINE + CAP,
        min_obs=lambda w: 2,
        value=lambda s: _days(s, vix_state(s)),
    ),
    _VIX_FAMILY(
        pattern="reg_vix_rank_{window}",
        formula="rank of the VIX among its last w values",
        units="[0,1]",
        windows=(RANK,),
        lookback=lambda w: w,
        value=lambda s, w: s.percent_rank(vix(s), w),
    ),
    _VIX_FAMILY(
        pattern="reg_vix_dist_up",
        formula="ln(next threshold above / VIX); from the highest, and negative, beyond it",
        units="ln ratio",
        lookback=lambda w: 1,
        value=lambda s: vix_distance(s, True),
    ),
    _VIX_FAMILY(
        pattern="reg_vix_dist_dn",
        formula="ln(VIX / next threshold below); from the lowest, and negative, beneath it",
        units="ln ratio",
        lookback=lambda w: 1,
        value=lambda s: vix_distance(s, False),
    ),
)

_TREND_MORE: dict[str, Any] = {
    "source": "practitioner",
    "inputs": ("close",),
    "oracle": "truth table of the state machine; numpy polyfit",
    "why": _TREND_WHY,
}

TRENDS: tuple[Family, ...] = (
    *(
        _flag(
            "trend",
            name,
            f"reg_trend_{name.lower()}",
            f"1 when the t of the slope of ln C over 60 bars is {words}",
            lookback=lambda w: _TREND,
            min_obs=lambda w: TREND,
            **_TREND_MORE,
        )
        for name, words in (
            ("STRONG_DOWN", "below -10"),
            ("DOWN", "from -10 to -3"),
            ("NEUTRAL", "from -3 to 3"),
            ("UP", "from 3 to 10"),
            ("STRONG_UP", "10 or more"),
        )
    ),
    Family(
        pattern="reg_trend_score",
        formula="mean of the trend state (-1 to 1), the order of C, EMA20, EMA50, and the sign of "
        "+DI - -DI where ADX >= 25",
        units="[-1,1]",
        source="practitioner; Wilder 1978 for ADX",
        inputs=("high", "low", "close"),
        engine="kernel",
        oracle="TA-Lib EMA and ADX; the vote by hand",
        lookback=lambda w: _SCORE,
        min_obs=lambda w: TREND,
        why=_TREND_WHY,
        value=score,
    ),
    Family(
        pattern="reg_trend_days",
        formula="bars since the trend state began, at most 252",
        units="bars",
        engine="kernel",
        lookback=lambda w: _TREND + CAP,
        min_obs=lambda w: TREND + 1,
        value=lambda s: _days(s, trend_state(s)),
        **{**_TREND_MORE, "why": f"{_TREND_WHY} {_CAPPED}"},
    ),
)

_COMBINED: dict[str, Any] = {
    "source": "practitioner",
    "inputs": ("close",),
    "oracle": "truth table of the state machine",
    "why": _COMBINED_WHY,
}

COMBINATIONS: tuple[Family, ...] = (
    *(
        _flag(
            "combined",
            name,
            pattern,
            f"1 when the direction is {direction} and volatility is {mood}",
            lookback=lambda w: _VOLATILITY,
            min_obs=lambda w: _VOLATILITY_MIN,
            **_COMBINED,
        )
        for name, pattern, direction, mood in (
            ("up_calm", "reg_combo_upcalm", "up", "calm"),
            ("up_wild", "reg_combo_upwild", "up", "wild"),
            ("down_calm", "reg_combo_dncalm", "down", "calm"),
            ("down_wild", "reg_combo_dnwild", "down", "wild"),
        )
    ),
    Family(
        pattern="reg_combo_days",
        formula="bars since the combined state began, at most 252",
        units="bars",
        engine="kernel",
        lookback=lambda w: _VOLATILITY + CAP,
        min_obs=lambda w: _VOLATILITY_MIN + 1,
        value=lambda s: _days(s, combined(s)),
        **{**_COMBINED, "why": f"{_COMBINED_WHY} {_CAPPED}"},
    ),
    Family(
        pattern="reg_combo_stay_{window}",
        formula="(stays + 1) / (bars + 2) over the last w bars that began in today's state",
        units="[0,1]",
        engine="kernel",
        windows=(252,),
        lookback=lambda w: _VOLATILITY + w,
        min_obs=lambda w: _VOLATILITY_MIN + w,
        value=lambda s, w: after_state(s, w)[0],
        **{
            **_COMBINED,
            "oracle": "pandas groupby",
            "why": f"{_COMBINED_WHY} The rule of succession: a state that was never seen before is "
            "as likely to stay as to go.",
        },
    ),
)

DIRECTIONAL: tuple[Family, ...] = tuple(
    Family(
        pattern=pattern,
        formula=formula,
        units=units,
        source="Wilder 1978",
        inputs=("high", "low", "close"),
        engine="kernel",
        oracle="TA-Lib ADX, PLUS_DI, MINUS_DI",
        windows=(ADX,),
        lookback=longest,
        min_obs=least,
        value=value,
    )
    for pattern, formula, units, longest, least, value in (
        (
            "reg_adx_{window}",
            "Wilder average of 100 |+DI - -DI| / (+DI + -DI)",
            "[0,100]",
            lambda w: _ADX,
            lambda w: 2 * lookback.SCALED_MIN - 1 + w,
            lambda s, w: directional_index(s)[0],
        ),
        (
            "reg_dispread_{window}",
            "+DI less -DI: 100 Wilder averages of +DM and -DM over that of the true range",
            "[-100,100]",
            lambda w: _INDEX,
            lambda w: lookback.SCALED_MIN + 1,
            lambda s, w: directional_index(s)[1],
        ),
    )
)

SIGMA_RANK: tuple[Family, ...] = (
    Family(
        pattern="reg_sigmarank_{window}",
        formula="rank of the standard deviation of 20 r among its last w values",
        units="[0,1]",
        source="standard",
        inputs=("close",),
        engine="kernel",
        oracle="scipy percentileofscore",
        windows=(RANK,),
        lookback=lambda w: SIGMA + 1 + w - 1,
        value=lambda s, w: sigma_rank(s),
    ),
)

_SAME = {
    **_COMBINED,
    "oracle": "pandas groupby",
    "why": f"{_COMBINED_WHY} Of the returns of the bars after those in today's state, which is "
    "what "
    "a state is good for; drawn to the window's own mean and variance by the weight of 10 bars, so "
    "that a state seldom seen says little rather than nothing.",
}

BY_STATE: tuple[Family, ...] = (
    Family(
        pattern="reg_mean_same_{window}",
        formula="mean r after bars in today's combined state over the standard deviation of w r",
        units="sigma",
        engine="kernel",
        windows=(252,),
        lookback=lambda w: _VOLATILITY + w,
        min_obs=lambda w: _VOLATILITY_MIN + w,
        value=lambda s, w: after_state(s, w)[1],
        **_SAME,
    ),
    Family(
        pattern="reg_vol_same_{window}",
        formula="standard deviation of r after bars in today's combined state over that of w r",
        units="sigma",
        engine="kernel",
        windows=(252,),
        lookback=lambda w: _VOLATILITY + w,
        min_obs=lambda w: _VOLATILITY_MIN + w,
        value=lambda s, w: after_state(s, w)[2],
        **_SAME,
    ),
    Family(
        pattern="reg_entropy_{window}",
        formula="entropy of the shares of w bars in each combined state",
        units="bits",
        engine="kernel",
        windows=(60,),
        lookback=lambda w: _VOLATILITY + w - 1,
        min_obs=lambda w: _VOLATILITY_MIN + w - 1,
        value=lambda s, w: states.occupancy_entropy(combined(s), w, 4),
        **{**_COMBINED, "oracle": "scipy.stats.entropy"},
    ),
    Family(
        pattern="reg_switches_{window}",
        formula="changes of the combined state in w bars",
        units="count",
        engine="kernel",
        windows=(20, 60),
        lookback=lambda w: _VOLATILITY + w,
        min_obs=lambda w: _VOLATILITY_MIN + w,
        value=lambda s, w: states.switches(combined(s), w),
        **{**_COMBINED, "oracle": "pandas diff"},
    ),
)
