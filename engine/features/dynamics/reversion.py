"""Reversion: whether log price returns to a level, and how fast."""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace
from engine.kernels import unit_root

kernel = partial(Family, engine="kernel")

SHORTEST = 0.5  # bars


def autoregression(s: Workspace, w: int) -> tuple[Floats, Floats]:
    """AR(1) slope of log price less 1, and its t."""

    def make() -> tuple[Floats, Floats]:
        out: tuple[Floats, Floats] = unit_root.autoregression(s.log_close, w)
        return out

    return s.once(s.log_close, ("autoregression", w), make)


def log_half_life(s: Workspace, w: int) -> Floats:
    """Log of the half-life in bars, between half a bar and the window."""
    out: Floats = unit_root.log_half_life(autoregression(s, w)[0], SHORTEST, float(w))
    return out


def long_run_lags(w: int) -> int:
    """Lags of the long-run variance: the longer of the two rules of the source."""
    return int(np.floor(12.0 * (w / 100.0) ** 0.25))


def kpss(s: Workspace, w: int) -> Floats:
    """KPSS statistic of a level."""
    out: Floats = unit_root.kpss(s.log_close, w, long_run_lags(w))
    return out


FAMILIES = (
    kernel(
        pattern="dyn_oulife_{window}",
        formula="ln of -ln 2 / ln(phi), phi the AR(1) slope of ln C; held between ln 0.5 and ln w",
        units="ln bars",
        source="Uhlenbeck & Ornstein 1930",
        inputs=("close",),
        oracle="closed form of a simulated Ornstein-Uhlenbeck path; numpy.polyfit",
        windows=(60, 120, 252),
        lookback=lambda w: w,
        value=log_half_life,
        why=(
            "A window cannot tell a half-life longer than itself from none: ln w stands for both. "
            "A flat window is unknown."
        ),
    ),
    kernel(
        pattern="dyn_dft_{window}",
        formula="Dickey-Fuller t of ln C: constant, no trend, no lags",
        units="t",
        source="Dickey & Fuller 1979",
        inputs=("close",),
        oracle="arch.unitroot.ADF(lags=0)",
        windows=(60, 120, 252),
        lookback=lambda w: w,
        value=lambda s, w: autoregression(s, w)[1],
        why="A flat window, and one that a line explains but for rounding, are unknown.",
    ),
    kernel(
        pattern="dyn_kpss_{window}",
        formula="KPSS statistic of ln C around a level, long-run variance of 12 (w/100)^(1/4) lags",
        units="-",
        source="Kwiatkowski et al. 1992",
        inputs=("close",),
        oracle="arch.unitroot.KPSS",
        windows=(120,),
        lookback=lambda w: w,
        value=kpss,
        why="A fixed number of lags: one chosen from the data jumps. A flat window is unknown.",
    ),
)
