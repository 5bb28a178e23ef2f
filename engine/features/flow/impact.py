"""Price impact: how far flow, dollars or volume move the price."""

from __future__ import annotations

import numpy as np

from engine.features.flow.session import mean_of, session, statistic
from engine.features.lookback import SCALED, SCALED_CHANGE, SCALED_CHANGE_MIN, SCALED_MIN
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace, log
from engine.kernels.return_response import second_coefficient

ADV_SESSIONS = 50  # before the session
BP = 1e4
PERCENT = 100.0


def adv(s: Workspace) -> Floats:
    """Mean volume of the 50 bars before each one."""
    return s.lag(s.mean(s.bars.volume, ADV_SESSIONS))


def _kyle(s: Workspace) -> Floats:
    """Slope of return on signed volume: from percent of the session's to percent of ADV."""
    own = statistic(s, "kyle_of_session")
    return s.once(own, "kyle", lambda: s.divide(own * adv(s), s.bars.volume, s.bars.volume))


def _root_dollars(s: Workspace) -> Floats:
    return s.once(s.bars.dollar_volume, "root", lambda: np.sqrt(s.bars.dollar_volume))


def _hasbrouck(s: Workspace) -> Floats:
    """Slope of return on signed root dollars: from a share of the session's to dollars."""
    own = statistic(s, "hasbrouck_of_session")
    root = _root_dollars(s)
    return s.once(own, "hasbrouck", lambda: s.divide(own, root, root))


def _illiquidity(s: Workspace) -> Floats:
    """|r| a dollar of each bar."""
    dollars = s.bars.dollar_volume
    return s.once(dollars, "amihud", lambda: s.divide(np.abs(s.ret), dollars, dollars))


def _amihud(s: Workspace, w: int) -> Floats:
    ratio = _illiquidity(s)
    return s.once(ratio, ("log mean", w), lambda: log(s.mean_of_defined(ratio, w)))


def _minute_amihud(s: Workspace) -> Floats:
    dollars = s.bars.dollar_volume
    return log(s.divide(statistic(s, "amihud_of_session"), dollars, dollars))


def _pastor_stambaugh(s: Workspace, w: int) -> Floats:
    """Coefficient of yesterday's signed volume in today's return, given yesterday's return."""
    volume = s.bars.volume
    before = s.lag(s.ret)
    signed = s.once(volume, "sign of return", lambda: np.sign(s.ret) * volume)
    slope = second_coefficient(s.ret, before, s.lag(signed), w)
    found: Floats = slope * s.lag(s.mean(volume, w)) * (BP / PERCENT)
    return found


def _amihud_lookback(w: int) -> int:
    return SCALED + w - 1


def _amihud_min(w: int) -> int:
    return max(w, SCALED_MIN - 1 + (w + 1) // 2)


_KYLE = "Kyle 1985"
_KYLE_UNITS = "bp per % ADV"
_KYLE_MIN = ADV_SESSIONS + 1

KYLE = (
    Family(
        pattern="flow_kyle_1",
        formula="least-squares slope of minute returns on signed minute volume, signs by the tick "
        "rule, volume in percent of ADV (mean V of the 50 sessions before)",
        units=_KYLE_UNITS,
        source=_KYLE,
        inputs=("minute close", "minute volume", "volume"),
        engine="kernel",
        oracle="statsmodels OLS",
        lookback=lambda w: SCALED,
        min_obs=lambda w: _KYLE_MIN,
        value=_kyle,
        why="Returns instead of price changes over C. The minutes are regressed in percent of the "
        "session's volume; V / ADV of the bars turns that into percent of ADV.",
    ),
    mean_of(
        "flow_kyle_1",
        "flow_kyle_mean_{window}",
        (5, 20),
        _KYLE_UNITS,
        _KYLE,
        series=_kyle,
        reach=SCALED,
        ready=_KYLE_MIN,
    ),
    session(
        "flow_kylet_1",
        "t-statistic of the slope of minute returns on signed minute volume",
        "t",
        _KYLE,
        "statsmodels OLS",
    ),
)

_HASBROUCK_UNITS = "bp per sqrt$"

HASBROUCK = (
    Family(
        pattern="flow_hasbrouck_1",
        formula="least-squares slope of minute returns on sign x sqrt(dollars), signs by the tick "
        "rule",
        units=_HASBROUCK_UNITS,
        source="Hasbrouck 2009",
        inputs=("minute close", "minute volume", "dollar_volume"),
        engine="kernel",
        oracle="statsmodels OLS",
        lookback=lambda w: SCALED,
        min_obs=lambda w: SCALED_MIN,
        value=_hasbrouck,
        why="The minutes are regressed on shares of the session's dollars; the bars' dollars, "
        "unknown where prices are no traded ones, give the units.",
    ),
    mean_of(
        "flow_hasbrouck_1",
        "flow_hasbrouck_mean_{window}",
        (20,),
        _HASBROUCK_UNITS,
        "Hasbrouck 2009",
        series=_hasbrouck,
        reach=SCALED,
        ready=SCALED_MIN,
    ),
)

_AMIHUD = "Amihud 2002"
_Z_OF = 5  # sessions of the measure that is compared with its year

AMIHUD = (
    Family(
        pattern="flow_amihud_{window}",
        formula="ln of the mean of |r| / dollar volume over w sessions",
        units="ln 1/$",
        source=_AMIHUD,
        inputs=("close", "dollar_volume"),
        engine="kernel",
        oracle="pandas",
        windows=(5, 20, 60, 120),
        lookback=_amihud_lookback,
        min_obs=_amihud_min,
        value=_amihud,
        why="Sessions without dollars are left out of the mean, half of them at most.",
    ),
    Family(
        pattern="flow_amihud_min_1",
        formula="ln of the mean of |r| / dollar volume over the session's minutes",
        units="ln 1/$",
        source=_AMIHUD,
        inputs=("minute close", "minute volume", "dollar_volume"),
        engine="kernel",
        oracle="hand example",
        lookback=lambda w: SCALED,
        min_obs=lambda w: SCALED_MIN,
        value=_minute_amihud,
        why="Minutes without volume are left out.",
    ),
    Family(
        pattern="flow_amihud_z_{window}",
        formula=f"z-score over w sessions of flow_amihud_{_Z_OF}",
        units="sigma",
        source=_AMIHUD,
        inputs=("close", "dollar_volume"),
        engine="kernel",
        oracle="pandas",
        windows=(252,),
        lookback=lambda w: _amihud_lookback(_Z_OF) + max(w, SCALED_CHANGE) - 1,
        min_obs=lambda w: _amihud_min(_Z_OF) + max(w, SCALED_CHANGE_MIN) - 1,
        value=lambda s, w: s.zscore(_amihud(s, _Z_OF), w),
        why="Of the mean of five sessions, a week, so that one still session is no outlier.",
    ),
)

PASTOR_STAMBAUGH = (
    Family(
        pattern="flow_psgamma_{window}",
        formula="coefficient of sign(r) x V in the next bar's r, given r, over w pairs of bars; V "
        "in percent of its mean over these w bars",
        units=_KYLE_UNITS,
        source="Pastor & Stambaugh 2003",
        inputs=("close", "volume"),
        engine="kernel",
        oracle="statsmodels OLS",
        windows=(60, 120),
        lookback=lambda w: w + 2,
        value=_pastor_stambaugh,
        why="With the bar's own return beside its signed volume, as in the source; not in excess "
        "of a market's return.",
    ),
)
