"""What is traded and what stands open: sides, maturities, strikes, deltas."""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.lookback import SCALED, SCALED_MIN
from engine.features.options_feature_engineer.series import level, z_least, z_lookback
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace, log

kernel = partial(Family, engine="kernel", source="practitioner")

_PAN = "Pan & Poteshman 2006"
_NI = "Ni, Pearson, Poteshman 2005"
_OI = "Open interest is that of the night before, of contracts that outlive the session."
_ADV_WINDOW = 20
_Z = 20


def ratio(s: Workspace, a: str, b: str) -> Floats:
    """Return a level over another, in units of which it is safe to divide."""
    return s.divide(level(s, a), level(s, b), level(s, b))


def log_put_call(s: Workspace) -> Floats:
    """Return the log of put over call volume."""
    puts = level(s, "put_volume")
    return s.once(puts, "over calls", lambda: log(puts) - log(level(s, "call_volume")))


def log_volume(s: Workspace) -> Floats:
    """Return ln(1 + contracts traded)."""
    traded = level(s, "option_volume")
    return s.once(traded, "log", lambda: np.log1p(traded))


def flow(s: Workspace) -> Floats:
    """Return the dollar delta of what was traded, over the share's usual dollar volume."""
    usual = s.mean(s.bars.dollar_volume, _ADV_WINDOW)
    return s.divide(level(s, "dollar_delta"), usual, s.bars.dollar_volume)


def _ratio(
    pattern: str, formula: str, a: str, b: str, inputs: tuple[str, ...], **more: str
) -> Family:
    settings = {"units": "ratio", "oracle": "hand chain", **more}
    return Family(
        pattern=pattern,
        formula=formula,
        inputs=inputs,
        engine="kernel",
        lookback=lambda w: SCALED,
        min_obs=lambda w: SCALED_MIN,
        value=lambda s: ratio(s, a, b),
        source=settings.pop("source", "practitioner"),
        **settings,  # type: ignore[arg-type]
    )


FAMILIES: tuple[Family, ...] = (
    _ratio(
        "opt_pcr_vol",
        "put volume / call volume",
        "put_volume",
        "call_volume",
        ("option chain", "option volume"),
        source=_PAN,
    ),
    _ratio(
        "opt_pcr_oi",
        "put open interest / call open interest",
        "put_oi",
        "call_oi",
        ("option chain", "open interest"),
        source=_PAN,
        why=_OI,
    ),
    kernel(
        pattern="opt_pcr_vol_chg5",
        formula="change of ln(put volume / call volume) over 5 sessions",
        units="log ratio",
        source=_PAN,
        inputs=("option chain", "option volume"),
        oracle="pandas",
        lookback=lambda w: 6,
        value=lambda s: s.change(log_put_call(s), 5),
        why="Of the logarithm: a ratio's changes grow with its level.",
    ),
    kernel(
        pattern="opt_pcr_vol_z20",
        formula="(ln(put volume / call volume) - mean) / standard deviation over 20 sessions",
        units="sigma",
        source=_PAN,
        inputs=("option chain", "option volume"),
        oracle="pandas",
        lookback=lambda w: z_lookback(_Z),
        min_obs=lambda w: z_least(_Z),
        value=lambda s: s.zscore(log_put_call(s), _Z),
        why="Of the logarithm, as opt_pcr_vol_chg5.",
    ),
    kernel(
        pattern="opt_oi_center",
        formula="mean of ln(K / S) weighted by open interest",
        units="log moneyness",
        source=_NI,
        inputs=("option chain", "open interest"),
        oracle="hand chain",
        lookback=lambda w: 1,
        value=lambda s: level(s, "oi_center"),
        why=_OI,
    ),
    kernel(
        pattern="opt_maxpain_dist",
        formula="ln(M / S), M the strike at which what expires within 30 days pays holders least",
        units="log moneyness",
        source=_NI,
        inputs=("option chain", "open interest"),
        oracle="hand chain; payoffs summed at every strike",
        lookback=lambda w: 1,
        value=lambda s: level(s, "max_pain"),
        why=(
            "Of all expiries within 30 days together: the nearest one alone jumps to another chain "
            "each week. The lowest such strike where several pay alike. " + _OI
        ),
    ),
    _ratio(
        "opt_vol_oi",
        "contracts traded / open interest",
        "option_volume",
        "option_oi",
        ("option chain", "option volume", "open interest"),
        why=_OI,
    ),
    _ratio(
        "opt_0_7dte_share",
        "share of volume in contracts of at most 7 calendar days",
        "short_volume",
        "option_volume",
        ("option chain", "option volume"),
        units="[0,1]",
    ),
    _ratio(
        "opt_otmput_share",
        "share of volume in puts struck below the forward",
        "otm_put_volume",
        "option_volume",
        ("option chain", "option volume"),
        units="[0,1]",
        source=_PAN,
    ),
    kernel(
        pattern="opt_flow_delta",
        formula=(
            "sum of (bought - sold by customers) x delta x 100 x S / mean dollar volume of the "
            "share in 20 sessions"
        ),
        units="ADV",
        source=_PAN,
        inputs=("option chain", "trade direction", "dollar_volume"),
        oracle="hand chain",
        lookback=lambda w: SCALED,
        min_obs=lambda w: SCALED_MIN,
        value=flow,
        why="Who began a trade is judged by int_options__trade_sides, as for gex_flow_signed.",
    ),
    kernel(
        pattern="opt_unusual_z20",
        formula="(ln(1 + contracts traded) - mean) / standard deviation over 20 sessions",
        units="sigma",
        inputs=("option chain", "option volume"),
        oracle="pandas",
        lookback=lambda w: z_lookback(_Z),
        min_obs=lambda w: z_least(_Z),
        value=lambda s: s.zscore(log_volume(s), _Z),
    ),
)
