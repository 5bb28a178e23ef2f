"""What the families share: a session's chain levels, and what follows from several of them."""

from __future__ import annotations

import math

import numpy as np

from engine.features.lookback import SCALED_CHANGE, SCALED_CHANGE_MIN
from engine.features.panel import Floats
from engine.features.workspace import Workspace, log
from engine.kernels import comovement
from engine.kernels.straddle import straddle

CAP = 252  # at which counters stop
Z_WINDOW = 60
RISK_WINDOW = 20  # bars of the realised volatility
YEAR_DAYS = 365.0

TENORS = (7, 14, 30, 45, 60, 90)  # calendar days
_ROOTS = tuple(math.sqrt(days / YEAR_DAYS) for days in TENORS)


def level(s: Workspace, name: str) -> Floats:
    """Return a level of the session's chain."""
    return s.bars.extra[name]


def years(days: int) -> float:
    """Return calendar days in years."""
    return days / YEAR_DAYS


def z_lookback(w: int) -> int:
    """Return the bars behind a z-score over w sessions."""
    return max(w, SCALED_CHANGE)


def z_least(w: int) -> int:
    """Return the bars from which such a z-score appears."""
    return max(w, SCALED_CHANGE_MIN)


# At the money ---------------------------------------------------------------------------------


def atm(s: Workspace, days: int) -> Floats:
    """Return the volatility at the forward, `days` ahead."""
    return level(s, f"atm_{days}")


def log_atm(s: Workspace) -> Floats:
    """Return the log of the 30-day volatility."""
    return s.once(atm(s, 30), "log", lambda: log(atm(s, 30)))


def variance(s: Workspace, days: int) -> Floats:
    """Return the total variance at the forward, `days` ahead."""
    iv = atm(s, days)
    return s.once(iv, ("variance", days), lambda: iv * iv * years(days))


def cost(s: Workspace, days: int) -> Floats:
    """Return what the straddle at the forward costs, in units of the forward."""
    iv = atm(s, days)
    return s.once(iv, ("cost", days), lambda: straddle(iv, years(days)))


def forward_variance(s: Workspace, near: int, far: int) -> Floats:
    """Return the annual variance between two maturities, NaN where it is negative."""

    def make() -> Floats:
        gain = (variance(s, far) - variance(s, near)) / (years(far) - years(near))
        return np.where(gain >= 0.0, gain, np.nan)

    return s.once(atm(s, far), ("forward", near, far), make)


def between(s: Workspace, near: int, far: int) -> Floats:
    """Return the far volatility less the near one."""
    return s.once(atm(s, far), ("less", near, far), lambda: atm(s, far) - atm(s, near))


def _weights(power: int) -> tuple[float, ...]:
    """Return what least squares gives the highest coefficient of a polynomial in sqrt(T)."""
    basis: list[list[float]] = []
    for degree in range(power + 1):
        row = [root**degree for root in _ROOTS]
        for other in basis:
            share = math.fsum(a * b for a, b in zip(row, other, strict=True))
            size = math.fsum(b * b for b in other)
            row = [a - share / size * b for a, b in zip(row, other, strict=True)]
        basis.append(row)
    last = basis[-1]
    size = math.fsum(a * a for a in last)
    return tuple(a / size for a in last)


SLOPE_WEIGHTS = _weights(1)
CURVATURE_WEIGHTS = _weights(2)


def weighted(s: Workspace, weights: tuple[float, ...]) -> Floats:
    """Return the sum of the maturities' volatilities, each with its weight."""
    total = np.zeros(len(s.bars))
    for days, weight in zip(TENORS, weights, strict=True):
        total = total + weight * atm(s, days)
    return total


# The smile ------------------------------------------------------------------------------------


def reversal(s: Workspace, days: int) -> Floats:
    """Return the 25-delta call's volatility less the put's."""
    call = level(s, f"call25_{days}")
    return s.once(call, ("reversal", days), lambda: call - level(s, f"put25_{days}"))


def butterfly(s: Workspace, days: int) -> Floats:
    """Return the mean of the 25-delta volatilities less that at the money."""
    return 0.5 * (level(s, f"call25_{days}") + level(s, f"put25_{days}")) - atm(s, days)


# With the share -------------------------------------------------------------------------------


def realised(s: Workspace) -> Floats:
    """Return the annual volatility of 20 daily closes."""
    return s.once(s.ret, "realised", lambda: s.std(s.ret, RISK_WINDOW) * s.annual)


def premium(s: Workspace) -> Floats:
    """Return the model-free volatility less the realised one."""
    implied = level(s, "mf_iv_30")
    return s.once(implied, "premium", lambda: implied - realised(s))


def spot_return(s: Workspace) -> Floats:
    """Return the share's log return between the times at which chains are looked at."""
    spot = level(s, "spot")
    return s.once(spot, "return", lambda: s.change(log(spot), 1))


def slope_on(s: Workspace, y: Floats, x: Floats, w: int) -> Floats:
    """Return the least-squares slope of y on x over w bars."""
    covariance, _, std = comovement.co_moments(y, x, w)
    return s.divide(s.divide(covariance, std, x), std, x)


def correlation(s: Workspace, y: Floats, x: Floats, w: int) -> Floats:
    """Return the correlation of two series over w bars."""
    covariance, std_y, std_x = comovement.co_moments(y, x, w)
    ratio = s.divide(s.divide(covariance, std_y, y), std_x, x)
    out: Floats = np.clip(ratio, -1.0, 1.0)
    return out
