"""Spreads implied by prices, and the size of trades."""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.lookback import SCALED_CHANGE, SCALED_CHANGE_MIN
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace, log
from engine.kernels import ohlc_vol, window

kernel = partial(Family, engine="kernel")


def corwin_schultz(s: Workspace) -> Floats:
    """High-low spread of each pair of bars."""
    b = s.bars
    return s.once(b.low, "cs", lambda: ohlc_vol.corwin_schultz(b.high, b.low, b.close))


def abdi_ranaldo(s: Workspace) -> Floats:
    """Close-high-low spread of each pair of bars."""
    b = s.bars
    return s.once(b.low, "ar", lambda: ohlc_vol.abdi_ranaldo(b.high, b.low, b.close))


def trade_size(s: Workspace) -> Floats:
    """Log of shares per trade."""
    b = s.bars
    return s.once(b.transactions, "size", lambda: log(b.volume) - log(b.transactions))


SPREADS = (
    kernel(
        pattern="raw_cs_spread_{window}",
        formula="mean over w pairs of bars of the Corwin-Schultz spread, negative ones set to 0",
        units="frac",
        source="Corwin & Schultz 2012",
        inputs=("high", "low", "close"),
        oracle="closed case: two bars that only bounce between bid and ask",
        windows=(5, 20, 60),
        lookback=lambda w: w + 1,
        value=lambda s, w: s.mean(corwin_schultz(s), w),
    ),
    kernel(
        pattern="raw_roll_spread_{window}",
        formula="2 sqrt(max(-cov(r, r[1 bar before]), 0)) over w pairs of returns",
        units="frac",
        source="Roll 1984",
        inputs=("close",),
        oracle="numpy cov",
        windows=(20, 60),
        lookback=lambda w: w + 2,
        value=lambda s, w: 2.0 * np.sqrt(np.maximum(-window.autocovariance(s.ret, w), 0.0)),
    ),
    kernel(
        pattern="raw_ar_spread_{window}",
        formula="mean over w pairs of sqrt(max(4 (c - m)(c - m[next]), 0)), c = ln C, m = middle",
        units="frac",
        source="Abdi & Ranaldo 2017",
        inputs=("high", "low", "close"),
        oracle="hand example",
        windows=(20, 60),
        lookback=lambda w: w + 1,
        value=lambda s, w: s.mean(abdi_ranaldo(s), w),
    ),
)

TRADE_SIZE = (
    kernel(
        pattern="raw_tradesize_z_{window}",
        formula="z-score over w bars of ln(V / trades)",
        units="sigma",
        source="practitioner",
        inputs=("volume", "transactions"),
        oracle="pandas",
        windows=(20, 60),
        lookback=lambda w: max(w, SCALED_CHANGE),
        min_obs=lambda w: max(w, SCALED_CHANGE_MIN),
        value=lambda s, w: s.zscore(trade_size(s), w),
    ),
)
