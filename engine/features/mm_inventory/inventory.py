"""The market makers' inventory, and the prices that carry it.

Whoever makes the market holds what others net bought, with the opposite sign. Net volume fades
inside the session (a kernel over its minutes) and from session to session (here): time is
counted in sessions, an hour is 2/13 of one, so that a half day fades as a whole one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.features.flow.impact import ADV_SESSIONS, BP, adv
from engine.features.flow.session import statistic
from engine.features.lookback import SCALED, SCALED_CHANGE, SCALED_CHANGE_MIN
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace, log
from engine.kernels.decay import decayed_total
from engine.kernels.return_response import correlation, fitted_line
from engine.kernels.session_flow import HALF_LIVES
from engine.kernels.wilder import decay_length


@dataclass(frozen=True)
class Quoting:
    """A market maker's parameters, in bp: practitioner's choices, fixed for all symbols.

    Parameters
    ----------
    risk_aversion
        Gamma, per bp and ADV held.
    order_decay
        Kappa: how fast orders thin out with the distance from the middle, per bp.
    horizon
        T, sessions over which the inventory is at risk.
    variance_sessions
        Sessions whose minutes give sigma^2.
    """

    risk_aversion: float = 1e-3
    order_decay: float = 1.0
    horizon: float = 1.0
    variance_sessions: int = 20


QUOTING = Quoting()
KEEP = {
    label: 2.0 ** (-1.0 / half_life)
    for label, half_life in zip(("h1", "d1", "d5"), HALF_LIVES, strict=True)
}
REGRESSION = 60  # bars that tie returns to inventory

# Every inventory is divided by ADV; no fading reaches back further than that division's scale.
REACH = max(SCALED, *(decay_length(keep) for keep in KEEP.values()))
READY = ADV_SESSIONS + 1


def inventory(s: Workspace, label: str) -> Floats:
    """Return minus the fading net volume, in ADV."""
    share = statistic(s, f"net_fading_{label}")
    volume = s.bars.volume

    def make() -> Floats:
        keep = KEEP[label]
        held = -decayed_total(share * volume, keep, decay_length(keep), 1)
        return s.divide(held, adv(s), volume)

    return s.once(share, ("inventory", label), make)


def _variance(s: Workspace) -> Floats:
    """Mean variance of a session over `variance_sessions`, in bp squared."""
    squares = s.mean(statistic(s, "minute_variance"), QUOTING.variance_sessions)
    found: Floats = squares * BP**2
    return found


def _risk(s: Workspace) -> Floats:
    """Gamma sigma^2 T: bp of price for one ADV of inventory."""
    found: Floats = QUOTING.risk_aversion * _variance(s) * QUOTING.horizon
    return found


def _optimal_spread(s: Workspace) -> Floats:
    gamma, kappa = QUOTING.risk_aversion, QUOTING.order_decay
    found: Floats = _risk(s) + 2.0 / gamma * np.log1p(gamma / kappa)
    return found


def _half_life(s: Workspace, w: int) -> Floats:
    """Ln of the bars in which inventory halves, by its first-order autoregression."""
    held = inventory(s, "d1")
    persistence = fitted_line(held, s.lag(held), w)[0]
    fading = -log(np.where(persistence < 1.0, persistence, np.nan))
    return log(np.log(2.0) / fading)


def _pressure(s: Workspace, w: int) -> Floats:
    found: Floats = correlation(s.ret, s.lag(inventory(s, "d1")), w)
    return found


def _response(s: Workspace, label: str) -> tuple[Floats, Floats]:
    """Slope of the return on the change of inventory, and what it leaves over (sigma)."""
    held = inventory(s, label)

    def make() -> tuple[Floats, Floats]:
        out: tuple[Floats, Floats] = fitted_line(s.ret, s.change(held, 1), REGRESSION)
        return out

    return s.once(held, "response", make)


def _adjusted_return(s: Workspace, w: int) -> Floats:
    """Sum of the last w residuals of the response, in standard deviations of such a sum."""
    held = inventory(s, "d1")
    change = s.change(held, 1)
    slope, spread = _response(s, "d1")
    own = s.mean(s.ret, w) - s.mean(s.ret, REGRESSION)
    carried = s.mean(change, w) - s.mean(change, REGRESSION)
    found: Floats = np.sqrt(w) * (own - slope * carried) / spread
    return found


def _price_pressure(s: Workspace, half_life: int) -> Floats:
    label = f"d{half_life}"
    slope, spread = _response(s, label)
    found: Floats = slope * inventory(s, label) / spread
    return found


_HM = "Hendershott & Menkveld 2014"
_AS = "Avellaneda & Stoikov 2008"
_MINUTES = ("minute close", "minute volume", "volume")
_FADING = (
    "Time is counted in sessions, an hour 2/13 of one. The session's net volume is a share of its "
    "minutes' volume times V; ADV is the mean V of the 50 sessions before."
)
_SETTINGS = (
    f"gamma {QUOTING.risk_aversion:g} per bp, kappa {QUOTING.order_decay:g} per bp, T "
    f"{QUOTING.horizon:g} session, sigma^2 the mean of the last {QUOTING.variance_sessions} "
    "sessions' sums of squared minute returns (`Quoting`)."
)

INVENTORY = (
    *(
        Family(
            pattern=f"mm_inv_{label}",
            formula=f"minus the net volume of all minutes, fading with a half-life of {words}, / "
            "ADV; sides by bulk classification",
            units="ADV",
            source=_HM,
            inputs=_MINUTES,
            engine="kernel",
            oracle="the recursion in pandas; hand example",
            lookback=lambda w: REACH,
            min_obs=lambda w: READY,
            value=lambda s, label=label: inventory(s, label),
            why=_FADING,
        )
        for label, words in (("h1", "an hour"), ("d1", "a session"), ("d5", "five sessions"))
    ),
    *(
        Family(
            pattern=f"mm_invz_{label}_{{window}}",
            formula=f"z-score over w sessions of mm_inv_{label}",
            units="sigma",
            source=_HM,
            inputs=_MINUTES,
            engine="kernel",
            oracle="pandas",
            windows=(20, 60),
            lookback=lambda w: REACH + max(w, SCALED_CHANGE) - 1,
            min_obs=lambda w: READY + max(w, SCALED_CHANGE_MIN) - 1,
            value=lambda s, w, label=label: s.zscore(inventory(s, label), w),
        )
        for label in ("d1", "d5")
    ),
)

QUOTES = (
    Family(
        pattern="mm_resskew",
        formula="how far the reservation price lies from the middle: -q gamma sigma^2 T, q = "
        "mm_inv_d1",
        units="bp",
        source=_AS,
        inputs=_MINUTES,
        engine="kernel",
        oracle="closed form",
        lookback=lambda w: REACH,
        min_obs=lambda w: READY,
        value=lambda s: -inventory(s, "d1") * _risk(s),
        why=_SETTINGS,
    ),
    Family(
        pattern="mm_optspread",
        formula="optimal spread: gamma sigma^2 T + (2 / gamma) ln(1 + gamma / kappa)",
        units="bp",
        source=_AS,
        inputs=("minute close",),
        engine="kernel",
        oracle="closed form",
        lookback=lambda w: QUOTING.variance_sessions,
        value=_optimal_spread,
        why=f"{_SETTINGS} With gamma and kappa fixed it moves with sigma^2 alone.",
    ),
)

PRESSURE = (
    Family(
        pattern="mm_pressure_{window}",
        formula="correlation of r with mm_inv_d1 of the session before over w sessions",
        units="[-1,1]",
        source="Ho & Stoll 1981",
        inputs=("close", *_MINUTES),
        engine="kernel",
        oracle="pandas",
        windows=(20, 60),
        lookback=lambda w: REACH + w,
        min_obs=lambda w: READY + w,
        value=_pressure,
    ),
    Family(
        pattern="mm_invlife_{window}",
        formula="ln of the half-life of mm_inv_d1: ln(ln 2 / -ln phi), phi its least-squares "
        "first-order autoregression over w pairs",
        units="ln sessions",
        source="Madhavan & Smidt 1993",
        inputs=_MINUTES,
        engine="kernel",
        oracle="statsmodels OLS",
        windows=(60, 120),
        lookback=lambda w: REACH + w,
        min_obs=lambda w: READY + w,
        value=_half_life,
        why="The fading alone gives a half-life of a session, ln 1 = 0: what differs from it is "
        "the flow's own persistence. Unknown where phi is not between 0 and 1.",
    ),
)

ADJUSTED = (
    Family(
        pattern="mm_invadjret_{window}",
        formula=f"sum of the last w residuals / (their standard deviation x sqrt(w)) of r on the "
        f"change of mm_inv_d1 and a constant over {REGRESSION} sessions",
        units="sigma",
        source=_HM,
        inputs=("close", *_MINUTES),
        engine="kernel",
        oracle="statsmodels OLS",
        windows=(5, 20),
        lookback=lambda w: REACH + REGRESSION,
        min_obs=lambda w: READY + REGRESSION,
        value=_adjusted_return,
        why="On the change of inventory: the pressure on the price is proportional to inventory, "
        "so the return carries its change.",
    ),
    Family(
        pattern="mm_pricepress_{window}",
        formula=f"slope of r on the change of inventory over {REGRESSION} sessions x inventory / "
        "residual standard deviation; inventory fading with a half-life of w sessions (mm_inv_d1, "
        "mm_inv_d5)",
        units="sigma",
        source=_HM,
        inputs=("close", *_MINUTES),
        engine="kernel",
        oracle="statsmodels OLS",
        windows=(1, 5),
        lookback=lambda w: REACH + REGRESSION,
        min_obs=lambda w: READY + REGRESSION,
        value=_price_pressure,
        why="The part of the price that inventory holds down or up; its exponential average is "
        "that of the inventory.",
    ),
)
