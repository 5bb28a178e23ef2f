"""The ACD(1,1) model of volume-bar durations: forecast, surprise and persistence.

Durations are the session's own volume bars (as parts of its length) over what bars at that place
of the day usually took in the 20 sessions before, times usual over own volume: 1 is the usual
pace. Parameters are those of the quarterly fit (`engine.features.acd_fits`).
"""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.acd_fits import MAX_SESSIONS, MIN_SESSIONS
from engine.features.duration.session import SHARES, USUAL, usual_volume
from engine.features.fits import QUARTER
from engine.features.lookback import SCALED
from engine.features.panel import Floats
from engine.features.raw.session import statistic
from engine.features.registry import Family
from engine.features.workspace import Workspace, log
from engine.kernels.acd import adjusted_durations, expected_duration

FILTER = 30  # sessions that the filter may look back on: 1,500 durations


def durations(s: Workspace) -> Floats:
    """Return the adjusted durations, a row a session; shape (n, 50)."""

    def make() -> Floats:
        shares = np.array([statistic(s, name) for name in SHARES])
        pace = s.divide(usual_volume(s), s.bars.volume, s.bars.volume)
        out: Floats = adjusted_durations(shares, s.near(pace, FILTER), USUAL)
        return out

    return s.once(s.bars.volume, "adjusted durations", make)


def _parameter(s: Workspace, name: str) -> Floats:
    return statistic(s, f"acd_{name}")


def _filtered(s: Workspace) -> tuple[Floats, Floats]:
    def make() -> tuple[Floats, Floats]:
        out: tuple[Floats, Floats] = expected_duration(
            durations(s),
            s.only(_parameter(s, "omega")),
            _parameter(s, "alpha"),
            _parameter(s, "beta"),
            FILTER,
            MIN_SESSIONS,
        )
        return out

    return s.once(s.bars.volume, "acd", make)


_fit = partial(
    Family,
    source="Engle & Russell 1998",
    inputs=("minute volume", "volume"),
    engine="fit",
    lookback=lambda w: MAX_SESSIONS + QUARTER + USUAL + SCALED,
    min_obs=lambda w: MIN_SESSIONS + USUAL,
)

_WHY = (
    "Durations are diurnally adjusted by the same bar of the 20 sessions before, and 1 is the "
    "usual pace, so the forecast is ln of a multiple of the usual duration and not of seconds. "
    "Parameters are fitted quarterly on the last 20 to 126 sessions before the quarter, 50 "
    "durations a session, by exponential quasi-likelihood; sessions follow each other without a "
    "break."
)

FAMILIES = (
    _fit(
        pattern="dur_acd_psi_1",
        formula="ln psi', psi' = omega + alpha x + beta psi filtered over the volume-bar durations "
        "x of the last sessions: the next bar's expected duration",
        units="ln of usual",
        oracle="the recursion in Python; simulated ACD with known parameters",
        why=_WHY,
        value=lambda s: log(_filtered(s)[0]),
    ),
    _fit(
        pattern="dur_acd_eps_1",
        formula="ln of the mean of x / psi over the session's 50 volume bars",
        units="ln ratio",
        oracle="the recursion in Python",
        why="The surprise of the whole session: the residual of its last bar alone is an "
        "exponential draw.",
        value=lambda s: log(_filtered(s)[1]),
    ),
    _fit(
        pattern="dur_acd_persist",
        formula="alpha + beta of the quarter's fit",
        units="-",
        oracle="simulated ACD with known parameters",
        min_obs=lambda w: 1,
        why="A step function: it changes with the quarter.",
        value=lambda s: _parameter(s, "alpha") + _parameter(s, "beta"),
    ),
)
