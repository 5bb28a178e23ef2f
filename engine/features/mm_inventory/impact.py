"""What flow leaves in the price: reversals, transitory components, the closing imbalance."""

from __future__ import annotations

import numpy as np

from engine.features.flow.impact import adv
from engine.features.flow.session import mean_of, session, statistic
from engine.features.lookback import SCALED, SCALED_CHANGE, SCALED_CHANGE_MIN
from engine.features.mm_inventory.inventory import READY
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace
from engine.kernels.return_response import correlation, second_coefficient, weighted_slope


def closing_imbalance(s: Workspace) -> Floats:
    """Return the net volume of the last 30 minutes in ADV."""
    share = statistic(s, "net_of_last30")
    volume = s.bars.volume
    return s.once(share, "closing", lambda: s.divide(share * volume, adv(s), volume))


def _where_it_moved(s: Workspace, coefficient: Floats, w: int) -> Floats:
    """Keep a coefficient of the returns before where these vary: the rule of safe division."""
    spread = s.lag(s.std(s.ret, w))
    return np.where(s.alive(spread, s.ret), coefficient, np.nan)


def _grossman_miller(s: Workspace, w: int) -> Floats:
    """Minus the slope of a return on the one before, weighted by the volume of that one."""
    slope = weighted_slope(s.ret, s.lag(s.ret), s.lag(s.bars.volume), w)
    return _where_it_moved(s, -slope, w)


def _campbell_grossman_wang(s: Workspace, w: int) -> Floats:
    volume = s.bars.volume
    loaded = s.once(volume, "volume times return", lambda: s.log_volume * s.ret)
    return _where_it_moved(s, second_coefficient(s.ret, s.lag(s.ret), s.lag(loaded), w), w)


_HLM = "Holthausen, Leftwich, Mayers 1990"
_GH = "Glosten & Harris 1988"

IMPACT = (
    session(
        "mm_tempimpact_1",
        "minus the least-squares slope of the next 5 minutes' return on a minute's signed volume "
        "x its standard deviation, signs by the tick rule",
        "bp",
        _HLM,
        "statsmodels OLS",
        why="Positive where the price comes back. For one standard deviation of signed volume, so "
        "that it is in bp.",
    ),
    mean_of("mm_tempimpact_1", "mm_tempimpact_mean_{window}", (20,), "bp", _HLM),
    session(
        "mm_permfrac_1",
        "1 + slope of the next 5 minutes' return / slope of the minute's own return, both on the "
        "minute's signed volume",
        "share",
        _HLM,
        "statsmodels OLS",
        why="1 where all of the impact stays, 0 where it is gone after 5 minutes. Not cut off at "
        "0 and 1: prices also run on, and half of the sessions would be the same. Unknown where "
        "the minute's own slope is not two standard errors above 0.",
    ),
    Family(
        pattern="mm_permfrac_mean_{window}",
        formula="mean of mm_permfrac_1 over the w sessions that have one, at least half",
        units="share",
        source=_HLM,
        inputs=("mm_permfrac_1",),
        engine="kernel",
        oracle="pandas on the one-session values",
        windows=(20,),
        lookback=lambda w: w,
        value=lambda s, w: s.mean_of_defined(statistic(s, "mm_permfrac_1"), w),
    ),
)

GLOSTEN_HARRIS = (
    session(
        "mm_gh_trans_1",
        "transitory component c of r = c (Q - Q before) + z Q V / mean V over minutes, Q by the "
        "tick rule",
        "bp",
        _GH,
        "statsmodels OLS",
        why="The two components that the source keeps: a fixed transitory one and a permanent one "
        "in proportion to volume; no intercept.",
    ),
    mean_of("mm_gh_trans_1", "mm_gh_trans_mean_{window}", (20,), "bp", _GH),
    session(
        "mm_gh_perm_1",
        "permanent component z of r = c (Q - Q before) + z Q V / mean V over minutes: of a minute "
        "of mean volume",
        "bp",
        _GH,
        "statsmodels OLS",
    ),
    mean_of("mm_gh_perm_1", "mm_gh_perm_mean_{window}", (20,), "bp", _GH),
)

CLOSE = (
    Family(
        pattern="mm_closeimb_1",
        formula="net volume of the last 30 minutes / ADV; sides by bulk classification",
        units="ADV",
        source="practitioner",
        inputs=("minute close", "minute volume", "volume"),
        engine="kernel",
        oracle="pandas; hand example",
        lookback=lambda w: SCALED,
        min_obs=lambda w: READY,
        value=closing_imbalance,
    ),
    mean_of(
        "mm_closeimb_1",
        "mm_closeimb_{window}",
        (5,),
        "ADV",
        "practitioner",
        series=closing_imbalance,
        reach=SCALED,
        ready=READY,
    ),
    Family(
        pattern="mm_unwind_{window}",
        formula="correlation of the overnight return with mm_closeimb_1 of the session before it "
        "over w sessions",
        units="[-1,1]",
        source="Bogousslavsky 2021",
        inputs=("open", "close", "mm_closeimb_1"),
        engine="kernel",
        oracle="pandas",
        windows=(60,),
        lookback=lambda w: SCALED + w,
        min_obs=lambda w: READY + w,
        value=lambda s, w: correlation(s.overnight, s.lag(closing_imbalance(s)), w),
    ),
)

REVERSAL = (
    Family(
        pattern="mm_gm_{window}",
        formula="minus the least-squares slope of r on the r before it over w pairs of bars, "
        "weighted by the V of the bar before",
        units="-",
        source="Grossman & Miller 1988",
        inputs=("close", "volume"),
        engine="kernel",
        oracle="statsmodels WLS",
        windows=(20, 60),
        lookback=lambda w: max(w + 2, SCALED_CHANGE),
        min_obs=lambda w: max(w + 2, SCALED_CHANGE_MIN),
        value=_grossman_miller,
        why="-cov / var, both weighted. Unknown where fewer than half of the bars have volume or "
        "returns do not vary.",
    ),
    Family(
        pattern="mm_cgw_{window}",
        formula="coefficient of ln(1 + V) x r in the next bar's r, given r, over w pairs of bars",
        units="-",
        source="Campbell, Grossman, Wang 1993",
        inputs=("close", "volume"),
        engine="kernel",
        oracle="statsmodels OLS",
        windows=(60, 120),
        lookback=lambda w: max(w + 2, SCALED_CHANGE),
        min_obs=lambda w: max(w + 2, SCALED_CHANGE_MIN),
        value=_campbell_grossman_wang,
        why="Beside r itself, so that a level of ln V to measure from changes nothing. Unknown "
        "where returns do not vary.",
    ),
)
