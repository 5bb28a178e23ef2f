"""Levels of option chains for the audits: made to move with the share, and each in its own way."""

from __future__ import annotations

import numpy as np

from engine.features.options_feature_engineer.series import TENORS
from engine.features.options_feature_engineer.surface import COMPONENTS, NODES, parameter_names
from engine.features.panel import Floats

# Of the nodes, maturities by put, money, call: all alike, late less early, wings less the money.
_LOADS = (
    np.full(len(NODES), 0.5),
    np.repeat([-2.0, 0.0, 2.0], 3),
    np.tile([5.0, -10.0, 5.0], 3),
)


def _reverting(count: int, rng: np.random.Generator, stay: float, size: float) -> Floats:
    out = np.zeros(count)
    for row in range(1, count):
        out[row] = stay * out[row - 1] + size * rng.standard_t(5)
    return out


def option_levels(close: Floats, volume: Floats, rng: np.random.Generator) -> dict[str, Floats]:
    """Return what `int_features__options_feature_engineer_inputs` joins to a share's bars.

    Parameters
    ----------
    close, volume
        Of the share, shape (n,).
    rng
        Source of chance.
    """
    count = len(close)

    def noise(size: float) -> Floats:
        out: Floats = size * rng.standard_normal(count)
        return out

    spot_return = np.diff(np.log(close), prepend=np.log(close[0]))
    level = -1.6 + _reverting(count, rng, 0.97, 0.05) - 2.0 * spot_return
    near = _reverting(count, rng, 0.9, 0.04)
    tilt = 0.05 + _reverting(count, rng, 0.95, 0.004)
    out: dict[str, Floats] = {"spot": close * np.exp(noise(0.001))}
    for days in TENORS:
        share = np.sqrt(30.0 / days)
        out[f"atm_{days}"] = np.exp(level + near * (share - 1.0) + noise(0.012))
        out[f"put25_{days}"] = out[f"atm_{days}"] * np.exp(tilt * share + noise(0.02))
        out[f"call25_{days}"] = out[f"atm_{days}"] * np.exp(-0.6 * tilt * share + noise(0.02))
        out[f"put10_{days}"] = out[f"atm_{days}"] * np.exp(2.2 * tilt + noise(0.01))
        out[f"skew_slope_{days}"] = -tilt + noise(0.01)
        out[f"spread_{days}"] = np.exp(-4.0 + noise(0.3))
        out[f"mf_iv_{days}"] = out[f"atm_{days}"] * np.exp(0.04 + noise(0.02))
    out["call10_30"] = out["atm_30"] * np.exp(-0.9 * tilt + noise(0.01))
    down = rng.uniform(0.5, 0.7, count)
    out["mf_down_30"] = out["mf_iv_30"] * np.sqrt(down)
    out["mf_up_30"] = out["mf_iv_30"] * np.sqrt(1.0 - down)
    out["mf_skew_30"] = -1.0 + noise(0.3)
    out["mf_kurt_30"] = 6.0 + noise(1.0)
    out["event_move"] = np.exp(-4.5 + noise(0.4))
    out["carry_30"] = noise(0.004)
    out["option_volume"] = np.floor(0.05 * volume * np.exp(noise(0.2))) + 10.0
    puts = rng.uniform(0.3, 0.7, count)
    out["put_volume"] = out["option_volume"] * puts
    out["call_volume"] = out["option_volume"] * (1.0 - puts)
    out["short_volume"] = out["option_volume"] * rng.uniform(0.1, 0.9, count)
    out["otm_put_volume"] = out["put_volume"] * rng.uniform(0.5, 0.9, count)
    out["option_oi"] = 1e6 * np.exp(_reverting(count, rng, 0.98, 0.02))
    out["put_oi"] = out["option_oi"] * rng.uniform(0.4, 0.6, count)
    out["call_oi"] = out["option_oi"] - out["put_oi"]
    out["dollar_delta"] = out["option_volume"] * close * noise(10.0)
    out["oi_center"] = _reverting(count, rng, 0.95, 0.01)
    out["max_pain"] = _reverting(count, rng, 0.8, 0.01)
    for component, vector in zip(COMPONENTS, _LOADS, strict=True):
        for name, value in zip(parameter_names(component), (0.5, *vector), strict=True):
            out[name] = np.full(count, value)
    return out
