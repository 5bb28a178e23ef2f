"""Price levels that a chain makes: where its gamma changes sign, and its walls."""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.gamma_calc.scale import (
    ATR_INPUTS,
    ATR_REACH,
    ATR_READY,
    CHAIN_INPUTS,
    dealer,
    from_spot,
    in_atr,
    moved,
)
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace
from engine.kernels import counters, states

CAP = 252
FLIP_SOURCE = "practitioner: SpotGamma; Perfiliev 2022"
WALL_SOURCE = "Avellaneda and Lipkin 2003; Golez and Jackwerth 2012"
ROOT = "scipy brentq on closed-form gammas"
MOVED_INPUTS = (*CHAIN_INPUTS, "close")

chain = partial(Family, engine="kernel", inputs=CHAIN_INPUTS, lookback=lambda w: 1)


def side(s: Workspace) -> Floats:
    """Return the sign of the net exposure."""
    net = dealer(s, "net")
    return s.once(net, "side", lambda: np.sign(net))


def wall_width(s: Workspace) -> Floats:
    """Return the call wall less the put wall, as a fraction of the spot."""
    width = from_spot(s, "call_wall") - from_spot(s, "put_wall")
    return in_atr(s, width)


FLIP = (
    chain(
        pattern="gex_flip_dist",
        formula="flip / S - 1; flip: root of the net exposure nearest S, within 20 log percent",
        units="frac",
        source=FLIP_SOURCE,
        oracle=ROOT,
        near_duplicates=("gex_flip_atr",),
        why="Every contract is priced again at each step to the root. NULL where the exposure "
        "keeps its sign.",
        value=lambda s: from_spot(s, "flip"),
    ),
    Family(
        pattern="gex_flip_atr",
        formula="gex_flip_dist / (ATR of 14 sessions / C)",
        units="ATR",
        source=FLIP_SOURCE,
        inputs=ATR_INPUTS,
        engine="kernel",
        oracle="hand example",
        lookback=lambda w: ATR_REACH,
        min_obs=lambda w: ATR_READY,
        value=lambda s: in_atr(s, from_spot(s, "flip")),
    ),
    chain(
        pattern="gex_flip_side",
        formula="sign of the net exposure",
        units="-1, 0, 1",
        source=FLIP_SOURCE,
        oracle="hand chain",
        why="Defined without a root, too: the side on which the whole grid lies.",
        value=side,
    ),
    chain(
        pattern="gex_flip_days",
        formula="sessions since gex_flip_side changed, at most 252",
        units="sessions",
        source=FLIP_SOURCE,
        oracle="hand example",
        lookback=lambda w: CAP + 1,
        min_obs=lambda w: 2,
        value=lambda s: counters.bars_in_state(side(s), CAP),
    ),
    Family(
        pattern="gex_flip_vel_{window}",
        formula="change of ln(flip x adjustment factor) over w sessions / w",
        units="frac a session",
        source=FLIP_SOURCE,
        inputs=MOVED_INPUTS,
        engine="kernel",
        oracle="hand example",
        windows=(5,),
        lookback=lambda w: w + 1,
        value=lambda s, w: moved(s, "flip", w) / w,
    ),
    chain(
        pattern="gex_flip_width",
        formula="width around the flip where |exposure| < 10% of its largest on the grid / S",
        units="frac",
        source=FLIP_SOURCE,
        oracle="the same interval of scipy's curve",
        why="The connected interval that holds the flip, cut off by the grid: far from all "
        "strikes every exposure is small.",
        value=lambda s: dealer(s, "flat_width"),
    ),
    chain(
        pattern="gex_flip_count_{window}",
        formula="changes of gex_flip_side in w sessions",
        units="count",
        source=FLIP_SOURCE,
        oracle="hand example",
        windows=(20,),
        lookback=lambda w: w + 1,
        value=lambda s, w: states.switches(side(s), w),
    ),
)

WALLS = (
    chain(
        pattern="gex_callwall_dist",
        formula="strike with the largest exposure of calls / S - 1",
        units="frac",
        source=WALL_SOURCE,
        oracle="argmax over strikes",
        value=lambda s: from_spot(s, "call_wall"),
    ),
    chain(
        pattern="gex_putwall_dist",
        formula="strike with the largest exposure of puts / S - 1",
        units="frac",
        source=WALL_SOURCE,
        oracle="argmax over strikes",
        value=lambda s: from_spot(s, "put_wall"),
    ),
    Family(
        pattern="gex_wall_width",
        formula="(call wall - put wall) / S / (ATR of 14 sessions / C)",
        units="ATR",
        source=WALL_SOURCE,
        inputs=ATR_INPUTS,
        engine="kernel",
        oracle="hand example",
        lookback=lambda w: ATR_REACH,
        min_obs=lambda w: ATR_READY,
        why="In ATR: as a fraction it is the difference of the two distances.",
        value=wall_width,
    ),
    chain(
        pattern="gex_pin_dist",
        formula="of the five strikes with the most open interest, the nearest / S - 1",
        units="frac",
        source=WALL_SOURCE,
        oracle="hand chain",
        value=lambda s: from_spot(s, "pin_strike"),
    ),
    chain(
        pattern="gex_hhi",
        formula="sum over strikes of the squared share in the gross exposure",
        units="[0,1]",
        source="standard",
        oracle="numpy",
        value=lambda s: dealer(s, "concentration"),
    ),
    *(
        Family(
            pattern=f"gex_{name}_mig_{{window}}",
            formula=f"change of ln({level.replace('_', ' ')} x adjustment factor) in w sessions",
            units="frac",
            source=WALL_SOURCE,
            inputs=MOVED_INPUTS,
            engine="kernel",
            oracle="hand example",
            windows=(5,),
            lookback=lambda w: w + 1,
            value=lambda s, w, level=level: moved(s, level, w),
        )
        for name, level in (("callwall", "call_wall"), ("putwall", "put_wall"))
    ),
)
