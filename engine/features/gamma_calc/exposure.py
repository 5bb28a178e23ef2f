"""Exposures in units of what trades in a day: gamma, its maturities, delta, vanna, charm."""

from __future__ import annotations

from functools import partial

from engine.features.gamma_calc.scale import (
    ADV_INPUTS,
    CHAIN_INPUTS,
    REACH,
    READY,
    dealer,
    gross,
    in_adv,
    share,
)
from engine.features.lookback import SCALED_CHANGE, SCALED_CHANGE_MIN
from engine.features.registry import Family

GAMMA = "SqueezeMetrics 2017; Barbon and Buraschi 2021"
PER_MOVE = "ADV per 1%"
HAND = "hand chain, mpmath gamma"

_SIGN = (
    "Makers long the calls and short the puts by default: setting gex_sign_convention, column "
    "sign_convention of gex_levels"
)

adv = partial(Family, engine="kernel", inputs=ADV_INPUTS, oracle=HAND)
chain = partial(Family, engine="kernel", inputs=CHAIN_INPUTS, oracle=HAND, lookback=lambda w: 1)

NET = (
    adv(
        pattern="gex_net",
        formula="sum of sign x gamma x OI x 100 x S^2 x 0.01 / mean dollar volume of 20 sessions",
        units=PER_MOVE,
        source=GAMMA,
        lookback=lambda w: REACH,
        min_obs=lambda w: READY,
        why=f"{_SIGN}. Gamma is that of the mark, at its own volatility.",
        value=lambda s: in_adv(s, "net"),
    ),
    chain(
        pattern="gex_call_share",
        formula="gamma exposure of calls / of all, each positive",
        units="[0,1]",
        source=GAMMA,
        value=lambda s: share(dealer(s, "calls"), gross(s)),
    ),
    adv(
        pattern="gex_abs",
        formula="sum of gamma x OI x 100 x S^2 x 0.01 / mean dollar volume of 20 sessions",
        units=PER_MOVE,
        source=GAMMA,
        lookback=lambda w: REACH,
        min_obs=lambda w: READY,
        value=lambda s: in_adv(s, "calls") + in_adv(s, "puts"),
    ),
    adv(
        pattern="gex_z_{window}",
        formula="(gex_net - mean) / standard deviation of w sessions",
        units="sigma",
        source=GAMMA,
        windows=(20, 60, 252),
        lookback=lambda w: REACH + max(w, SCALED_CHANGE) - 1,
        min_obs=lambda w: READY + max(w, SCALED_CHANGE_MIN) - 1,
        oracle="pandas rolling mean and standard deviation",
        value=lambda s, w: s.zscore(in_adv(s, "net"), w),
    ),
    adv(
        pattern="gex_chg_{window}",
        formula="gex_net - gex_net w sessions before",
        units=PER_MOVE,
        source=GAMMA,
        windows=(1, 5),
        lookback=lambda w: REACH + w,
        min_obs=lambda w: READY + w,
        oracle="pandas diff",
        value=lambda s, w: s.change(in_adv(s, "net"), w),
    ),
    adv(
        pattern="gex_slope_{window}",
        formula="least-squares slope of gex_net over w sessions",
        units=f"{PER_MOVE} a session",
        source=GAMMA,
        windows=(5, 10),
        lookback=lambda w: REACH + w - 1,
        min_obs=lambda w: READY + w - 1,
        oracle="numpy polyfit",
        value=lambda s, w: s.trend(in_adv(s, "net"), w)[0],
    ),
    adv(
        pattern="gex_dgds",
        formula="derivative of net exposure by ln S, every gamma computed again / ADV",
        units=f"{PER_MOVE} per 1.00 of ln S",
        source=GAMMA,
        lookback=lambda w: REACH,
        min_obs=lambda w: READY,
        why="In closed form: gamma x S^2 x (1 - d1 / (sigma sqrt t)) a contract.",
        oracle="finite difference of mpmath gammas",
        value=lambda s: in_adv(s, "tilt"),
    ),
)

_EXPIRING = "Ni, Pearson, Poteshman and White 2021"
MATURITY = (
    chain(
        pattern="gex_0_7_share",
        formula="share of the gross exposure that expires within 7 days",
        units="[0,1]",
        source=_EXPIRING,
        value=lambda s: share(dealer(s, "within_7"), gross(s)),
    ),
    chain(
        pattern="gex_8_30_share",
        formula="share of the gross exposure that expires in 8 to 30 days",
        units="[0,1]",
        source=_EXPIRING,
        value=lambda s: share(dealer(s, "within_30"), gross(s)),
    ),
    chain(
        pattern="gex_opex_rolloff",
        formula="share of the gross exposure that expires at the next monthly expiration",
        units="[0,1]",
        source=_EXPIRING,
        why="The next one after the session: on an expiration day that of the month after.",
        value=lambda s: share(dealer(s, "opex"), gross(s)),
    ),
)

_UNITS = {"dex": "ADV", "vanna": "ADV per volatility point", "charm": "ADV a day"}
_TERMS = {"dex": "delta x S", "vanna": "vanna x S x 0.01", "charm": "charm x S"}
_NAMES = {"dex": "delta", "vanna": "vanna", "charm": "charm"}

GREEKS = (
    *(
        adv(
            pattern=f"gex_{name}",
            formula=f"sum of sign x OI x 100 x {_TERMS[name]} / ADV",
            units=_UNITS[name],
            source="standard",
            lookback=lambda w: REACH,
            min_obs=lambda w: READY,
            oracle="finite-difference Greeks of the closed-form price",
            value=lambda s, greek=greek: in_adv(s, greek),
        )
        for name, greek in _NAMES.items()
    ),
    *(
        adv(
            pattern=f"gex_{name}_z{{window}}",
            formula=f"(gex_{name} - mean) / standard deviation of w sessions",
            units="sigma",
            source="standard",
            windows=(60,),
            lookback=lambda w: REACH + max(w, SCALED_CHANGE) - 1,
            min_obs=lambda w: READY + max(w, SCALED_CHANGE_MIN) - 1,
            oracle="pandas rolling mean and standard deviation",
            value=lambda s, w, greek=greek: s.zscore(in_adv(s, greek), w),
        )
        for name, greek in _NAMES.items()
    ),
)
