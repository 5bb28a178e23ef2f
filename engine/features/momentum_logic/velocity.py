"""How fast the average moves, and whether that speeds up, holds or dies."""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.lookback import SCALED, SCALED_MIN, atr, ema_lookback
from engine.features.momentum_logic.oscillators import CAP, per_atr
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace
from engine.kernels.counters import bars_in_state
from engine.kernels.safe_division import SCALE_MIN_OBS, SCALE_WINDOW

kernel = partial(Family, engine="kernel")

DEAD_BAND = 0.5  # of the usual speed
ACCELERATING, STEADY, DYING = 1.0, 0.0, -1.0


def stretch(w: int) -> int:
    """Return the bars that the slope of an EMA over w bars is taken over: half of them."""
    return max(3, w // 2)


def velocity(s: Workspace, w: int) -> Floats:
    """Least-squares slope of the EMA over half its window, in ATR a bar."""
    close = s.bars.close
    return s.once(
        close, ("velocity", w), lambda: per_atr(s, s.trend(s.ema(close, w), stretch(w))[0])
    )


def state(s: Workspace, w: int) -> Floats:
    """1 where the velocity grew in its own direction, -1 where it shrank, 0 in the dead band."""
    speed = velocity(s, w)

    def make() -> Floats:
        change = s.change(speed, stretch(w))
        band = DEAD_BAND * s.scale(speed)
        moved = np.where(np.abs(change) > band, np.sign(change * speed), STEADY)
        out: Floats = np.where(np.isnan(change) | np.isnan(band), np.nan, moved)
        return out

    return s.once(speed, "state", make)


def flag(which: float, s: Workspace, w: int) -> Floats:
    """1 in one state, 0 in the others."""
    now = state(s, w)
    return np.where(np.isnan(now), np.nan, (now == which).astype(np.float64))


def _velocity_bars(w: int) -> int:
    return max(ema_lookback(w) + stretch(w) - 1, atr(14), SCALED)


def _velocity_min(w: int) -> int:
    return max(w + stretch(w) - 1, SCALED_MIN)


def _state_bars(w: int) -> int:
    return _velocity_bars(w) + SCALE_WINDOW


def _state_min(w: int) -> int:
    return _velocity_min(w) + max(stretch(w), SCALE_MIN_OBS)


_BARS = ("high", "low", "close")
_STATES = (
    "The three flags add up to 1. The dead band is half the median |velocity| of up to 252 bars "
    "before: one rule for every window, grid and symbol."
)

FAMILIES = (
    kernel(
        pattern="mom_velocity_{window}",
        formula=(
            "least-squares slope of the EMA of C over w bars, fitted to its last max(3, w / 2) "
            "values, / ATR14"
        ),
        units="ATR/bar",
        source="practitioner",
        inputs=_BARS,
        oracle="scipy.stats.linregress on TA-Lib EMA, ATR; a straight line has its own slope",
        windows=(5, 10, 20, 60),
        lookback=_velocity_bars,
        min_obs=_velocity_min,
        value=velocity,
        why=(
            "The EMA's one-bar change is its distance from price times a constant, hence "
            "raw_emadist again; a slope over several bars is not."
        ),
    ),
    *(
        kernel(
            pattern=f"mom_{name}_{{window}}",
            formula=formula,
            units="flag",
            source="practitioner",
            inputs=_BARS,
            oracle="state-machine table",
            windows=(5, 20),
            lookback=_state_bars,
            min_obs=_state_min,
            value=partial(flag, which),
            why=_STATES,
        )
        for name, which, formula in (
            (
                "dying",
                DYING,
                "1 where mom_velocity changed against its own sign over its max(3, w / 2) bars, by "
                "more than the dead band",
            ),
            (
                "steady",
                STEADY,
                "1 where mom_velocity changed by no more than the dead band over its "
                "max(3, w / 2) bars",
            ),
            (
                "accelerating",
                ACCELERATING,
                "1 where mom_velocity changed in the direction of its own sign over its "
                "max(3, w / 2) bars, by more than the dead band",
            ),
        )
    ),
    kernel(
        pattern="mom_state_days_{window}",
        formula="bars since the state of mom_velocity (dying, steady, accelerating) began",
        units="bars",
        source="practitioner",
        inputs=_BARS,
        oracle="state-machine table",
        windows=(5, 20),
        lookback=lambda w: _state_bars(w) + CAP,
        min_obs=lambda w: _state_min(w) + 1,
        value=lambda s, w: bars_in_state(state(s, w), CAP),
        why=f"0 on the state's first bar, at most {CAP}; NULL until a change has been seen.",
    ),
)
