"""What hedging a chain does to its underlying: flows, damped volatility, pinning."""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.gamma_calc.scale import (
    ADV_INPUTS,
    CHAIN_INPUTS,
    REACH,
    READY,
    dealer,
    gross,
    in_adv,
    share,
)
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace

VOL_SESSIONS = 20
LEAST_DAMPING = 0.1  # below it, hedging that feeds on itself has no end
FLOW_SOURCE = "Barbon and Buraschi 2021; Baltussen, Da, Lammers and Martens 2021"

adv = partial(
    Family,
    engine="kernel",
    inputs=ADV_INPUTS,
    source=FLOW_SOURCE,
    lookback=lambda w: REACH,
    min_obs=lambda w: READY,
)
WITH_RETURNS = (*ADV_INPUTS, "close")


def daily_vol(s: Workspace) -> Floats:
    """Return the standard deviation of 20 log returns."""
    return s.std(s.ret, VOL_SESSIONS)


def asymmetry(s: Workspace) -> Floats:
    """Return (up + down) / (|up| + |down|) of the hedge flows."""
    up, down = dealer(s, "hedge_up"), dealer(s, "hedge_down")
    return share(up + down, np.abs(up) + np.abs(down))


def damped_vol(s: Workspace) -> Floats:
    """Return the implied volatility that the chain's own hedging leaves."""
    damping = 1.0 + daily_vol(s) * 100.0 * in_adv(s, "net")
    out = np.full(len(damping), np.nan)
    np.divide(dealer(s, "iv"), damping, out=out, where=damping > LEAST_DAMPING)
    return out


FAMILIES = (
    adv(
        pattern="gex_hedge_up1",
        formula="dollars that hedgers buy when S rises 1%, every delta computed again / ADV",
        units="ADV",
        oracle="mpmath deltas",
        near_duplicates=("gex_net", "gex_hedge_dn1"),
        value=lambda s: in_adv(s, "hedge_up"),
    ),
    adv(
        pattern="gex_hedge_dn1",
        formula="dollars that hedgers buy when S falls 1%, every delta computed again / ADV",
        units="ADV",
        oracle="mpmath deltas",
        near_duplicates=("gex_net", "gex_hedge_up1"),
        value=lambda s: in_adv(s, "hedge_down"),
    ),
    Family(
        pattern="gex_hedge_asym",
        formula="(up + dn) / (|up| + |dn|) of the two hedge flows",
        units="[-1,1]",
        source=FLOW_SOURCE,
        inputs=CHAIN_INPUTS,
        engine="kernel",
        oracle="mpmath deltas",
        lookback=lambda w: 1,
        value=asymmetry,
    ),
    adv(
        pattern="gex_impliedvol_adj",
        formula="IV weighted by gross exposure / (1 + sigma x 100 x gex_net)",
        units="annual vol",
        inputs=WITH_RETURNS,
        oracle="hand example",
        why="The catalog names no formula. Hedgers trade -100 x gex_net of ADV per unit of "
        "return, and an ADV is taken to move the price by sigma, the deviation of 20 daily "
        "returns, so that a return is divided by the denominator. NULL where that is below 0.1.",
        value=damped_vol,
    ),
    Family(
        pattern="gex_pin_score",
        formula="share of the gross exposure at strikes within 1% of S that expire in 7 days",
        units="[0,1]",
        source="Avellaneda and Lipkin 2003; Ni, Pearson and Poteshman 2005",
        inputs=CHAIN_INPUTS,
        engine="kernel",
        oracle="hand chain",
        lookback=lambda w: 1,
        value=lambda s: share(dealer(s, "pinned"), gross(s)),
    ),
    adv(
        pattern="gex_flow_signed",
        formula="-sum of (contracts bought - sold) x gamma x 100 x S^2 x 0.01 / ADV",
        units="ADV per 1%",
        inputs=(*ADV_INPUTS, "trade direction"),
        oracle="hand chain",
        why="The session's own trades: makers take the other side. The last trade beside its "
        "quote tells the side of the session's volume, ticks where there are minutes; NULL for "
        "day aggregates.",
        value=lambda s: in_adv(s, "flow"),
    ),
    adv(
        pattern="gex_x_rv20",
        formula="gex_net x standard deviation of 20 log returns x sqrt(252)",
        units="ADV per 1% x annual vol",
        inputs=WITH_RETURNS,
        oracle="pandas",
        value=lambda s: in_adv(s, "net") * daily_vol(s) * s.annual,
    ),
)
