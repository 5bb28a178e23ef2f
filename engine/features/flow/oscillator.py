"""Volume oscillators of the chartists, each in units of volume."""

from __future__ import annotations

from engine.features.lookback import SCALED, SCALED_MIN, ema_lookback
from engine.features.panel import Floats
from engine.features.raw.volume import money_flow_volume
from engine.features.registry import Family
from engine.features.workspace import Workspace
from engine.kernels.decay import decayed_total
from engine.kernels.klinger import LONGEST_RUN, volume_force
from engine.kernels.volume import cumulative_slope
from engine.kernels.wilder import decay_length

CHAIKIN_FAST, CHAIKIN_SLOW = 3, 10
FORCE = 13
KLINGER_FAST, KLINGER_SLOW = 34, 55
CHAIKIN_VOLUME = 20  # bars of mean volume that the Chaikin oscillator is measured in


def per_mean_volume(s: Workspace, x: Floats, w: int) -> Floats:
    """Return x in units of the mean volume of w bars."""
    return s.divide(x, s.mean(s.bars.volume, w), s.bars.volume)


def _keep(w: int) -> float:
    """Return the weight that an exponential average of w bars keeps a bar."""
    return 1.0 - 2.0 / (w + 1.0)


_CHAIKIN_BARS = decay_length(_keep(CHAIKIN_SLOW))


def _lag_behind(s: Workspace, w: int) -> Floats:
    """Return the A/D line less its exponential average.

    The average of a sum lags it by the decayed total of its steps; the line's level, which
    depends on where it began, cancels.
    """
    keep = _keep(w)
    steps = money_flow_volume(s)
    found: Floats = keep * decayed_total(steps, keep, _CHAIKIN_BARS, CHAIKIN_SLOW)
    return found


def _chaikin(s: Workspace) -> Floats:
    oscillator = _lag_behind(s, CHAIKIN_SLOW) - _lag_behind(s, CHAIKIN_FAST)
    return per_mean_volume(s, oscillator, CHAIKIN_VOLUME)


def _force(s: Workspace, w: int) -> Floats:
    b = s.bars
    push = s.once(b.volume, "force", lambda: (b.close - s.previous_close) * b.volume)
    return per_mean_volume(s, s.ema(push, w) / b.close, w)


def _klinger(s: Workspace) -> Floats:
    b = s.bars
    force = s.once(b.volume, "klinger", lambda: volume_force(b.high, b.low, b.close, b.volume))
    return per_mean_volume(s, s.ema(force, KLINGER_FAST) - s.ema(force, KLINGER_SLOW), KLINGER_SLOW)


FAMILIES = (
    Family(
        pattern="flow_adslope_{window}",
        formula="least-squares slope per bar of the accumulation/distribution line over w bars / "
        "mean V",
        units="ratio",
        source="Chaikin (practitioner)",
        inputs=("high", "low", "close", "volume"),
        engine="kernel",
        oracle="scipy.stats.linregress on TA-Lib AD",
        windows=(20, 60),
        lookback=lambda w: SCALED + w - 1,
        min_obs=lambda w: SCALED_MIN + w - 1,
        value=lambda s, w: per_mean_volume(s, cumulative_slope(money_flow_volume(s), w), w),
    ),
    Family(
        pattern="flow_chaikin_1",
        formula=f"exponential averages of the A/D line over {CHAIKIN_FAST} and {CHAIKIN_SLOW} "
        f"bars, fast less slow / mean V of {CHAIKIN_VOLUME} bars",
        units="ratio",
        source="Chaikin (practitioner)",
        inputs=("high", "low", "close", "volume"),
        engine="kernel",
        oracle="TA-Lib ADOSC after warm-up",
        lookback=lambda w: SCALED + _CHAIKIN_BARS - 1,
        min_obs=lambda w: SCALED_MIN + CHAIKIN_SLOW - 1,
        value=_chaikin,
    ),
    Family(
        pattern="flow_force_{window}",
        formula="exponential average over w bars of (C - C of the bar before) x V / (C x mean V of "
        "w bars)",
        units="ratio",
        source="Elder 1993",
        inputs=("close", "volume"),
        engine="kernel",
        oracle="TA-Lib EMA after warm-up",
        windows=(FORCE,),
        lookback=lambda w: max(ema_lookback(w) + 1, SCALED),
        min_obs=lambda w: max(w + 1, SCALED_MIN),
        value=_force,
    ),
    Family(
        pattern="flow_klinger_1",
        formula=f"exponential averages of the volume force over {KLINGER_FAST} and {KLINGER_SLOW} "
        f"bars, fast less slow / mean V of {KLINGER_SLOW} bars; the force is V x T x |2 (dm / cm - "
        "1)|, T the direction of H + L + C, dm = H - L, cm the sum of dm since T turned",
        units="ratio",
        source="Klinger 1997",
        inputs=("high", "low", "close", "volume"),
        engine="kernel",
        oracle="the published recursion; TA-Lib EMA after warm-up",
        lookback=lambda w: ema_lookback(KLINGER_SLOW) + LONGEST_RUN + 1,
        min_obs=lambda w: KLINGER_SLOW + 1,
        value=_klinger,
        why=f"cm looks back on {LONGEST_RUN} bars of a run at most, so that it is a window; an "
        "unchanged H + L + C has no direction and no force.",
    ),
)
