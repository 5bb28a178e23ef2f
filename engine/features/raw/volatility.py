"""Volatility from daily bars: close to close, range based, weighted, ratios, downside."""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace
from engine.kernels import wilder

kernel = partial(Family, engine="kernel")

EWMA_WINDOW = 500


def _effective(decay: float) -> int:
    """Return the returns that an EWMA averages over: (1 + decay) / (1 - decay), rounded up."""
    return int(np.ceil((1.0 + decay) / (1.0 - decay) - 1e-9))


def _first_bar(percent: int, window: int) -> int:
    """Return the bars from which an EWMA appears, whatever the window (it has none)."""
    return _effective(percent / 100.0) + 1


def range_vol(s: Workspace, which: int, w: int) -> Floats:
    """Root of the mean variance per bar: 0 Parkinson, 1 Garman-Klass, 2 Rogers-Satchell."""
    variance = s.mean(s.variances[which], w)
    return np.sqrt(np.maximum(variance, 0.0)) * s.annual


def yang_zhang(s: Workspace, w: int) -> Floats:
    """Overnight variance + k x open-to-close variance + (1 - k) x Rogers-Satchell variance."""
    k = 0.34 / (1.34 + (w + 1.0) / (w - 1.0))
    variance = (
        s.std(s.overnight, w) ** 2
        + k * s.std(s.intraday, w) ** 2
        + (1.0 - k) * s.mean(s.variances[2], w)
    )
    return np.sqrt(np.maximum(variance, 0.0)) * s.annual


def ewma_vol(s: Workspace, percent: int) -> Floats:
    """Root of the weighted mean square of the last 500 returns, weight percent / 100 a bar."""
    decay = percent / 100.0
    variance = wilder.ewma_variance(s.ret, decay, EWMA_WINDOW, _effective(decay), s.wanted)
    out: Floats = np.sqrt(variance) * s.annual
    return out


ESTIMATORS = (
    kernel(
        pattern="raw_vol_cc_{window}",
        formula="sample standard deviation of w log returns x sqrt(252)",
        units="annual vol",
        source="standard",
        inputs=("close",),
        oracle="pandas rolling std",
        windows=(5, 10, 20, 60, 120, 252),
        lookback=lambda w: w + 1,
        value=lambda s, w: s.std(s.ret, w) * s.annual,
    ),
    kernel(
        pattern="raw_vol_parkinson_{window}",
        formula="sqrt(mean of ln(H / L)^2 / (4 ln 2) over w bars x 252)",
        units="annual vol",
        source="Parkinson 1980",
        inputs=("high", "low"),
        oracle="formula in pandas; hand example",
        windows=(5, 10, 20, 60, 120),
        lookback=lambda w: w,
        value=lambda s, w: range_vol(s, 0, w),
        near_duplicates=("raw_range_mean_{window}",),
        why="Range estimators rank alike over long windows: they differ by their efficiency.",
    ),
    kernel(
        pattern="raw_vol_gk_{window}",
        formula="sqrt(mean of 0.5 ln(H / L)^2 - (2 ln 2 - 1) ln(C / O)^2 over w bars x 252)",
        units="annual vol",
        source="Garman & Klass 1980",
        inputs=("open", "high", "low", "close"),
        oracle="formula in pandas; hand example",
        windows=(5, 10, 20, 60, 120),
        lookback=lambda w: w,
        value=lambda s, w: range_vol(s, 1, w),
        near_duplicates=("raw_range_mean_{window}", "raw_vol_parkinson_{window}"),
        why="The practical form without drift and without the overnight term.",
    ),
    kernel(
        pattern="raw_vol_rs_{window}",
        formula="sqrt(mean of ln(H / O) ln(H / C) + ln(L / O) ln(L / C) over w bars x 252)",
        units="annual vol",
        source="Rogers & Satchell 1991",
        inputs=("open", "high", "low", "close"),
        oracle="hand example",
        windows=(5, 10, 20, 60, 120),
        lookback=lambda w: w,
        value=lambda s, w: range_vol(s, 2, w),
        near_duplicates=(
            "raw_range_mean_{window}",
            "raw_vol_parkinson_{window}",
            "raw_vol_gk_{window}",
        ),
        why="Range estimators rank alike over long windows: they differ by their efficiency.",
    ),
    kernel(
        pattern="raw_vol_yz_{window}",
        formula=(
            "sqrt((var overnight + k var intraday + (1 - k) Rogers-Satchell) x 252), "
            "k = 0.34 / (1.34 + (w + 1) / (w - 1))"
        ),
        units="annual vol",
        source="Yang & Zhang 2000",
        inputs=("open", "high", "low", "close"),
        oracle="formula in pandas; hand example",
        windows=(10, 20, 60, 120),
        lookback=lambda w: w + 1,
        value=yang_zhang,
        near_duplicates=(
            "raw_range_mean_{window}",
            "raw_vol_parkinson_{window}",
            "raw_vol_gk_{window}",
            "raw_vol_rs_{window}",
        ),
        why="Range estimators rank alike over long windows: they differ by their efficiency.",
    ),
    *(
        kernel(
            pattern=f"raw_vol_ewma_{percent}",
            formula=(
                f"sqrt(weighted mean of r^2 x 252), weights 0.{percent}^i over the last 500 "
                "returns that exist, divided by their sum"
            ),
            units="annual vol",
            source="RiskMetrics 1996",
            inputs=("close",),
            oracle="arch EWMAVariance after warm-up",
            lookback=lambda w: EWMA_WINDOW + 1,
            min_obs=partial(_first_bar, percent),
            value=lambda s, percent=percent: ewma_vol(s, percent),
            why="Appears once as many returns exist as the weights average over.",
        )
        for percent in (94, 97)
    ),
)

RATIOS = (
    Family(
        pattern="raw_volratio_{window}",
        formula="ln(raw_vol_cc over a bars / raw_vol_cc over b bars)",
        units="log ratio",
        source="standard",
        inputs=("close",),
        engine="sql",
        oracle="derived from raw_vol_cc",
        windows=((5, 20), (10, 60), (20, 60), (20, 120), (60, 252)),
        lookback=lambda w: w + 1,
    ),
)

DOWNSIDE = (
    kernel(
        pattern="raw_downdev_{window}",
        formula="sqrt(mean of min(r, 0)^2 over w returns x 252)",
        units="annual vol",
        source="Sortino & Price 1994",
        inputs=("close",),
        oracle="pandas",
        windows=(20, 60),
        lookback=lambda w: w + 1,
        value=lambda s, w: np.sqrt(s.mean(np.minimum(s.ret, 0.0) ** 2, w)) * s.annual,
    ),
)
