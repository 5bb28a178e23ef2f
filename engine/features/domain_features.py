"""Domain: the volatility index, its term structure and premium, its shocks, known announcements.

Most columns say something about the market, not about a symbol: they are computed once a session
over the market's own bars (the benchmark's, with the indices beside them in `extra`) and joined
to every symbol. Only the volatility cone is each symbol's own. An index that the lake does not
have leaves its own columns NULL.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from engine.features.lookback import SCALED_CHANGE, SCALED_CHANGE_MIN
from engine.features.panel import Floats
from engine.features.raw.volatility import yang_zhang
from engine.features.registry import Family
from engine.features.workspace import Workspace, log
from engine.kernels import comovement
from engine.kernels.counters import bars_in_state, bars_since
from engine.kernels.spike_decay import excess_after, kept_share
from engine.kernels.window import extremes

ORDER = 110
SCOPE = "daily"

kernel = partial(Family, engine="kernel")

CAP = 252  # bars at which counters stop
SHOCK = 2.0  # sigmas of a crush or spike
SHOCK_WINDOW = 60  # changes whose spread a shock is measured by
AFTER_SPIKE = 20  # bars in which a spike decays
BEFORE_SPIKE = 20  # bars whose mean it comes back to
DECAY_WINDOW = 252
ROLL_WINDOW = 60  # bars of the fund's beta to the index
RISK_WINDOW = 20  # bars of the realised volatility
FEWEST = 10  # bars of a half beta, pairs of a decay

# Series ---------------------------------------------------------------------------------------


def index(s: Workspace, name: str) -> Floats:
    """Log of an index's close."""
    level = s.bars.extra[name]
    return s.once(level, "log", lambda: log(level))


def vix(s: Workspace) -> Floats:
    """Log of the volatility index."""
    return index(s, "vix")


def shock(s: Workspace) -> Floats:
    """One-bar change of the log volatility index."""
    return s.change(vix(s), 1)


def slope(s: Workspace) -> Floats:
    """ln(VIX / VIX3M): above 0 the near end is dearer."""
    return s.once(vix(s), "slope", lambda: vix(s) - index(s, "vix3m"))


def flag(up: NDArray[np.bool_], unknown: Floats) -> Floats:
    """Return 1 where `up`, else 0, NaN where `unknown` is NaN."""
    return np.where(np.isnan(unknown), np.nan, up.astype(np.float64))


def backwardation(s: Workspace) -> Floats:
    """1 where VIX is above VIX3M."""
    return s.once(slope(s), "up", lambda: flag(slope(s) > 0.0, slope(s)))


def slope_on(s: Workspace, y: Floats, x: Floats, w: int) -> Floats:
    """Least-squares slope of y on x over w bars."""
    covariance, _, std = comovement.co_moments(y, x, w)
    return s.divide(s.divide(covariance, std, x), std, x)


def roll(s: Workspace, w: int) -> Floats:
    """Return of the volatility fund over w bars beyond its beta times the index's."""
    fund = s.bars.extra["fund_return"]
    beta = s.once(fund, "beta", lambda: slope_on(s, fund, shock(s), ROLL_WINDOW))
    return s.total(fund, w) - beta * s.change(vix(s), w)


def premium(s: Workspace) -> Floats:
    """Implied less realised variance of the benchmark, in squared percent a year."""
    level = s.bars.extra["vix"]

    def make() -> Floats:
        realised = 100.0 * s.annual * s.std(s.ret, RISK_WINDOW)
        out: Floats = level * level - realised * realised
        return out

    return s.once(level, "premium", make)


# Shocks ---------------------------------------------------------------------------------------


def prior_sigma(s: Workspace, k: int) -> Floats:
    """Spread of the changes up to k bars before."""
    return s.lag(s.std(shock(s), SHOCK_WINDOW), k)


def event(sign: float, s: Workspace) -> Floats:
    """1 where the index moved by more than two prior sigmas up (sign 1) or down (-1)."""
    change = shock(s)

    def make() -> Floats:
        sigma = prior_sigma(s, 1)
        return flag(sign * change > SHOCK * sigma, change + sigma)

    return s.once(change, ("event", sign), make)


def since(sign: float, s: Workspace) -> Floats:
    """Bars since the last such event."""
    out: Floats = bars_since(event(sign, s), CAP)
    return out


def crush_size(s: Workspace, w: int) -> Floats:
    """Fall of the log index from its highest close of w bars before, in sigmas before them."""
    top = extremes(vix(s), vix(s), w + 1)[0]
    return s.divide(top - vix(s), prior_sigma(s, w), shock(s))


def spike_half_life(s: Workspace) -> Floats:
    """Bars in which half of a spike is gone, from the spikes of the last 252 bars."""
    now, earlier = excess_after(vix(s), event(1.0, s), AFTER_SPIKE, BEFORE_SPIKE)
    kept: Floats = kept_share(now, earlier, DECAY_WINDOW, FEWEST)
    inside = (kept > 0.0) & (kept < 1.0)
    life = np.where(kept >= 1.0, float(CAP), np.where(kept <= 0.0, 0.0, np.nan))
    life[inside] = np.minimum(np.log(0.5) / np.log(kept[inside]), CAP)
    return life


# With the benchmark ---------------------------------------------------------------------------


def with_benchmark(s: Workspace, w: int) -> Floats:
    """Correlation of the index's change with the benchmark's return."""
    covariance, std_vix, std_ret = comovement.co_moments(shock(s), s.ret, w)
    ratio = s.divide(s.divide(covariance, std_vix, shock(s)), std_ret, s.ret)
    out: Floats = np.clip(ratio, -1.0, 1.0)
    return out


def half_slope(which: int, s: Workspace, w: int) -> Floats:
    """Slope of the index's change on the benchmark's return below (0) or above (1) its mean."""
    moments = s.once(
        shock(s), ("halves", w), lambda: comovement.half_moments(shock(s), s.ret, w, FEWEST)
    )
    covariance, std = moments[2 * which], moments[2 * which + 1]
    return s.divide(s.divide(covariance, std, s.ret), std, s.ret)


# Families -------------------------------------------------------------------------------------

_NONE = "NULL without VIX: a fund's price is no substitute for the index's level."
_SHOCK_BARS = SHOCK_WINDOW + 2  # the change of a bar and those before it
_SHOCK_WHY = (
    "The spread is that of the 60 changes before the bar: the shock is not measured by itself."
)


def _days(name: str, event_name: str, words: str, which: str) -> Family:
    return Family(
        pattern=name,
        formula=f"sessions {words} {event_name} announcement",
        units="sessions",
        source="Lucca & Moench 2015" if event_name == "FOMC" else "Savor & Wilson 2013",
        inputs=("event schedule",),
        engine="sql",
        oracle="hand-written schedule",
        lookback=lambda w: 1,
        lag="none",
        why=(
            f"{which} An announcement counts from its known_at on, which must not be after the "
            f"session's open; one farther than {CAP} sessions away is unknown."
        ),
    )


FAMILIES: tuple[Family, ...] = (
    kernel(
        pattern="dom_vix_log",
        formula="ln VIX",
        units="ln points",
        source="Whaley 2000",
        inputs=("VIX",),
        oracle="numpy",
        lookback=lambda w: 1,
        value=vix,
        why=_NONE,
    ),
    kernel(
        pattern="dom_vix_chg_{window}",
        formula="ln(VIX / VIX[k sessions before])",
        units="log change",
        source="Whaley 2000",
        inputs=("VIX",),
        oracle="pandas",
        windows=(1, 5, 20),
        lookback=lambda w: w + 1,
        value=lambda s, w: s.change(vix(s), w),
        why=_NONE,
    ),
    kernel(
        pattern="dom_vix_z_{window}",
        formula="(ln VIX - mean) / sample standard deviation over w sessions",
        units="sigma",
        source="Whaley 2000",
        inputs=("VIX",),
        oracle="pandas",
        windows=(20, 60, 252),
        lookback=lambda w: max(w, SCALED_CHANGE),
        min_obs=lambda w: max(w, SCALED_CHANGE_MIN),
        value=lambda s, w: s.zscore(vix(s), w),
        why=_NONE,
    ),
    kernel(
        pattern="dom_ts_vix_vix3m",
        formula="ln(VIX / VIX3M)",
        units="log ratio",
        source="Johnson 2017",
        inputs=("VIX", "VIX3M"),
        oracle="numpy",
        lookback=lambda w: 1,
        value=slope,
    ),
    kernel(
        pattern="dom_ts_vix9d_vix",
        formula="ln(VIX9D / VIX)",
        units="log ratio",
        source="practitioner",
        inputs=("VIX9D", "VIX"),
        oracle="numpy",
        lookback=lambda w: 1,
        value=lambda s: index(s, "vix9d") - vix(s),
    ),
    kernel(
        pattern="dom_ts_backwardation",
        formula="1 where VIX is above VIX3M, else 0",
        units="flag",
        source="practitioner",
        inputs=("VIX", "VIX3M"),
        oracle="hand example",
        lookback=lambda w: 1,
        value=backwardation,
    ),
    kernel(
        pattern="dom_ts_days",
        formula="sessions since VIX crossed VIX3M",
        units="sessions",
        source="practitioner",
        inputs=("VIX", "VIX3M"),
        oracle="hand example",
        lookback=lambda w: CAP + 1,
        min_obs=lambda w: 2,
        value=lambda s: bars_in_state(backwardation(s), CAP),
        why=f"0 on the session that crossed, at most {CAP}; NULL until a crossing has been seen.",
    ),
    kernel(
        pattern="dom_ts_chg_{window}",
        formula="change of ln(VIX / VIX3M) over w sessions",
        units="log ratio",
        source="Mixon 2007",
        inputs=("VIX", "VIX3M"),
        oracle="pandas",
        windows=(5,),
        lookback=lambda w: w + 1,
        value=lambda s, w: s.change(slope(s), w),
    ),
    kernel(
        pattern="dom_roll_{window}",
        formula=(
            "return of the volatility fund over w sessions - beta x ln change of VIX over them, "
            f"beta its slope on the change of ln VIX over {ROLL_WINDOW} sessions"
        ),
        units="log return",
        source="Simon & Campasano 2014",
        inputs=("VIX", "volatility fund close"),
        oracle="statsmodels OLS",
        windows=(5, 20),
        lookback=lambda w: max(ROLL_WINDOW + 1, w + 1, SCALED_CHANGE),
        min_obs=lambda w: ROLL_WINDOW + 1,
        value=roll,
        why=(
            "Futures move by about half of VIX, so the fund's return less all of VIX's would be "
            "little else than the fall of VIX; less its beta's share, what is left is the roll."
        ),
    ),
    kernel(
        pattern="dom_vvix_vix",
        formula="ln(VVIX / VIX)",
        units="log ratio",
        source="Park 2015",
        inputs=("VVIX", "VIX"),
        oracle="numpy",
        lookback=lambda w: 1,
        value=lambda s: index(s, "vvix") - vix(s),
    ),
    kernel(
        pattern="dom_skew_z_{window}",
        formula="(ln SKEW - mean) / sample standard deviation over w sessions",
        units="sigma",
        source="practitioner",
        inputs=("SKEW",),
        oracle="pandas",
        windows=(252,),
        lookback=lambda w: max(w, SCALED_CHANGE),
        value=lambda s, w: s.zscore(index(s, "skew"), w),
        min_obs=lambda w: max(w, SCALED_CHANGE_MIN),
    ),
    kernel(
        pattern="dom_vrp_20",
        formula="VIX^2 - (100 x standard deviation of 20 benchmark returns)^2 x 252",
        units="var pts",
        source="Carr & Wu 2009; Bollerslev, Tauchen, Zhou 2009",
        inputs=("VIX", "benchmark close"),
        oracle="pandas",
        lookback=lambda w: RISK_WINDOW + 1,
        value=premium,
        why="Realised variance from closes: it is there for every session that VIX is.",
    ),
    kernel(
        pattern="dom_vrp_z_{window}",
        formula="(dom_vrp_20 - mean) / sample standard deviation over w sessions",
        units="sigma",
        source="Bollerslev, Tauchen, Zhou 2009",
        inputs=("VIX", "benchmark close"),
        oracle="pandas",
        windows=(60, 252),
        lookback=lambda w: RISK_WINDOW + max(w, SCALED_CHANGE),
        min_obs=lambda w: RISK_WINDOW + max(w, SCALED_CHANGE_MIN),
        value=lambda s, w: s.zscore(premium(s), w),
    ),
    kernel(
        pattern="dom_vrp_rank_{window}",
        formula="percent rank of dom_vrp_20 among w sessions; ties at their mid-rank",
        units="[0,1]",
        source="practitioner",
        inputs=("VIX", "benchmark close"),
        oracle="pandas rolling rank",
        windows=(252,),
        lookback=lambda w: RISK_WINDOW + w,
        value=lambda s, w: s.percent_rank(premium(s), w),
    ),
    *(
        kernel(
            pattern=f"dom_{name}",
            formula=f"1 where ln VIX {moved} by more than {SHOCK:.0f} prior sigmas in a session",
            units="flag",
            source="practitioner",
            inputs=("VIX",),
            oracle="state-machine table",
            lookback=lambda w: _SHOCK_BARS,
            value=partial(event, sign),
            why=f"{_SHOCK_WHY} {_NONE}",
        )
        for name, sign, moved in (("crush", -1.0, "fell"), ("spike", 1.0, "rose"))
    ),
    *(
        kernel(
            pattern=f"dom_since_{name}",
            formula=f"sessions since dom_{name} was 1",
            units="sessions",
            source="practitioner",
            inputs=("VIX",),
            oracle="state-machine table",
            lookback=lambda w: _SHOCK_BARS + CAP,
            min_obs=lambda w: _SHOCK_BARS,
            value=partial(since, sign),
            why=f"0 on the session itself, at most {CAP}. {_NONE}",
        )
        for name, sign in (("crush", -1.0), ("spike", 1.0))
    ),
    kernel(
        pattern="dom_crush_mag_{window}",
        formula=(
            "ln(highest VIX of this and the w sessions before / VIX) / sigma of the 60 changes "
            "before those w"
        ),
        units="sigma",
        source="practitioner",
        inputs=("VIX",),
        oracle="pandas; hand example",
        windows=(5,),
        lookback=lambda w: max(SHOCK_WINDOW + 1 + w, SCALED_CHANGE),
        min_obs=lambda w: SHOCK_WINDOW + 1 + w,
        value=crush_size,
        why=f"A size for every session, not only on the day of a crush: 0 at the top. {_NONE}",
    ),
    kernel(
        pattern="dom_spike_halflife",
        formula=(
            "ln(1/2) / ln(phi), phi the slope, with a constant, of ln VIX less its mean of "
            f"{BEFORE_SPIKE} sessions before the latest spike on the same a session earlier, over "
            f"the {AFTER_SPIKE} sessions after each spike of {DECAY_WINDOW}"
        ),
        units="sessions",
        source="practitioner",
        inputs=("VIX",),
        oracle="a decay of known half-life",
        lookback=lambda w: DECAY_WINDOW - 1 + AFTER_SPIKE + _SHOCK_BARS,
        value=spike_half_life,
        why=(
            f"0 where nothing is kept (phi <= 0), {CAP} where nothing is lost (phi >= 1) or the "
            f"half-life is longer; NULL below {FEWEST} sessions after spikes. With a constant: "
            "after a spike the index often rests above its old level, and a decay forced to end "
            "on it would have no half-life for years."
        ),
    ),
    kernel(
        pattern="dom_vixspx_corr_{window}",
        formula="correlation of the change of ln VIX and the benchmark's r over w sessions",
        units="[-1,1]",
        source="Whaley 2009",
        inputs=("VIX", "benchmark close"),
        oracle="numpy.corrcoef",
        windows=(20, 60),
        lookback=lambda w: max(w + 1, SCALED_CHANGE),
        min_obs=lambda w: max(w + 1, SCALED_CHANGE_MIN),
        value=with_benchmark,
    ),
    kernel(
        pattern="dom_vixspx_dnbeta_{window}",
        formula="slope of the change of ln VIX on the benchmark's r where r is below its mean of w",
        units="ratio",
        source="Whaley 2009",
        inputs=("VIX", "benchmark close"),
        oracle="statsmodels OLS",
        windows=(60,),
        lookback=lambda w: max(w + 1, SCALED_CHANGE),
        min_obs=lambda w: max(w + 1, SCALED_CHANGE_MIN),
        value=partial(half_slope, 0),
        why="Below and not below the window's mean, as corr_dnbeta; at least ten sessions.",
    ),
    kernel(
        pattern="dom_vixspx_asym_{window}",
        formula="dom_vixspx_dnbeta_w - the same slope where r is not below its mean",
        units="ratio",
        source="Whaley 2009",
        inputs=("VIX", "benchmark close"),
        oracle="statsmodels OLS",
        windows=(60,),
        lookback=lambda w: max(w + 1, SCALED_CHANGE),
        min_obs=lambda w: max(w + 1, SCALED_CHANGE_MIN),
        value=lambda s, w: half_slope(0, s, w) - half_slope(1, s, w),
    ),
    kernel(
        pattern="dom_cone_{window}",
        formula="percent rank of the Yang-Zhang volatility of w bars among its last 252 values",
        units="[0,1]",
        source="Burghardt & Lane 1990; Yang & Zhang 2000",
        inputs=("open", "high", "low", "close"),
        oracle="pandas rolling rank of the formula",
        windows=(20, 60),
        lookback=lambda w: w + 252,
        value=lambda s, w: s.percent_rank(yang_zhang(s, w), 252),
        why="The symbol's own. Of all four prices: that of closes alone is reg_sigmarank.",
    ),
    _days("dom_fomc_to", "FOMC", "to the next", "0 on its session."),
    _days("dom_fomc_since", "FOMC", "since the last", "Strictly before the session."),
    _days("dom_cpi_to", "CPI", "to the next", "0 on its session."),
    _days("dom_cpi_since", "CPI", "since the last", "Strictly before the session."),
)
