"""What the regimes are read from: trend, volatility, their states."""

from __future__ import annotations

import numpy as np

from engine.features.panel import Floats
from engine.features.regime_definitions import bands
from engine.features.workspace import Workspace, log
from engine.kernels import states

TREND = 60  # bars of the trend line
SIGMA = 20  # returns of the volatility
RANK = 252  # volatilities that it is ranked among
MACHINE = 252  # values that a state machine runs over
REALISED = 5  # returns of the realised volatility


def unknown(s: Workspace) -> Floats:
    """Return a column of NaN."""
    return s.once(s.bars.close, "unknown", lambda: np.full(len(s.bars), np.nan))


def trend_t(s: Workspace) -> Floats:
    """Return the t-statistic of the least-squares slope of log price."""
    return s.trend(s.log_close, TREND)[1]


def sigma_rank(s: Workspace) -> Floats:
    """Return the rank of volatility among its last 252 values."""
    return s.percent_rank(s.std(s.ret, SIGMA), RANK)


def log_realised(s: Workspace) -> Floats:
    """Return the log of the root mean square of the last five returns."""

    def make() -> Floats:
        squares = s.once(s.ret, "square", lambda: s.ret * s.ret)
        return 0.5 * log(s.mean(squares, REALISED))

    return s.once(s.ret, "log realised", make)


def state(s: Workspace, x: Floats, family: str, measure: str) -> Floats:
    """Return the code of the family's state at each row, with its hysteresis."""

    def make() -> Floats:
        cut = bands(family, measure)
        band: Floats = states.bands(x, cut.edges, cut.margin, MACHINE)
        known = ~np.isnan(band)
        out = np.full(len(band), np.nan)
        out[known] = cut.codes[band[known].astype(np.int64)]
        return out

    return s.once(x, ("state", family), make)


def combined(s: Workspace) -> Floats:
    """Return the combined state: twice the direction (1 for down) plus 1 when wild."""
    direction = state(s, trend_t(s), "direction", "trend_t")
    volatility = state(s, sigma_rank(s), "volatility", "sigma_rank")
    return s.once(direction, "combined", lambda: 2.0 * direction + volatility)


def is_state(s: Workspace, codes: Floats, code: int) -> Floats:
    """Return 1 where the state is `code`, 0 where it is another, NaN where unknown."""
    return s.once(
        codes, ("is", code), lambda: np.where(np.isnan(codes), np.nan, (codes == code) * 1.0)
    )
