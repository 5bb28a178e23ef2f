"""Scaling: how spread grows with time, by rescaled ranges, detrended walks and moments."""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace
from engine.kernels import scaling

kernel = partial(Family, engine="kernel")

LONGEST_SPANS = (5, 19)  # of the generalised exponent: slopes to each of these spans, averaged


def chunk_ranges(s: Workspace, size: int) -> Floats:
    """Rescaled range of the chunk that ends at each bar."""
    return s.once(s.ret, ("chunk ranges", size), lambda: scaling.chunk_ranges(s.ret, size))


def chunk_fluctuations(s: Workspace, size: int) -> Floats:
    """Mean square around its line of the chunk's walk."""
    return s.once(
        s.ret, ("chunk fluctuations", size), lambda: scaling.chunk_fluctuations(s.ret, size)
    )


def hurst(s: Workspace, w: int) -> Floats:
    """Corrected exponent of the rescaled range."""
    sizes = scaling.chunk_sizes(w)
    ranges = np.stack([chunk_ranges(s, int(size)) for size in sizes])
    expected = np.array([scaling.expected_rescaled_range(int(size)) for size in sizes])
    weights = scaling.slope_weights(np.log(sizes))
    out: Floats = scaling.hurst_exponent(s.ret, ranges, sizes, expected, weights, w)
    return out


def detrended(s: Workspace, w: int) -> Floats:
    """Exponent of the detrended fluctuation."""
    sizes = scaling.chunk_sizes(w)
    fluctuations = np.stack([chunk_fluctuations(s, int(size)) for size in sizes])
    weights = scaling.slope_weights(np.log(sizes))
    out: Floats = scaling.fluctuation_exponent(s.ret, fluctuations, sizes, weights, w)
    return out


def generalised(s: Workspace, w: int, power: int) -> Floats:
    """Generalised exponent of one moment."""
    out: Floats = scaling.generalised_hurst(
        s.log_close, w, power, scaling.span_weights(*LONGEST_SPANS)
    )
    return out


_CHUNKS = (
    "The window is cut into 2, 3, 4, 6, 8, 11, 16, ... chunks (steps of sqrt 2) of equal whole "
    "size, from 7 returns up, that end with it and do not overlap."
)

FAMILIES = (
    kernel(
        pattern="dyn_hurst_rs_{window}",
        formula=(
            "1/2 + slope on ln n of ln(mean rescaled range of chunks of n returns / its mean "
            "for independent normal ones)"
        ),
        units="H",
        source="Hurst 1951; Anis & Lloyd 1976",
        inputs=("close",),
        oracle="nolds.hurst_rs; fractional Brownian motion with known H",
        windows=(60, 120, 252),
        lookback=lambda w: w + 1,
        value=hurst,
        why=(
            f"{_CHUNKS} The standard deviation has divisor n, for which the expectation of Anis "
            "and Lloyd is exact. Chunks that do not move are left out."
        ),
    ),
    kernel(
        pattern="dyn_dfa_{window}",
        formula="slope on ln n of ln F(n), F the fluctuation of summed r around lines over n bars",
        units="alpha",
        source="Peng et al. 1994",
        inputs=("close",),
        oracle="nolds.dfa; fractional Brownian motion with known H",
        windows=(60, 120, 252),
        lookback=lambda w: w + 1,
        value=detrended,
        why=f"{_CHUNKS} From 7, for a line fits shorter walks too well (antropy begins at 4).",
    ),
    *(
        kernel(
            pattern=f"dyn_ghe_q{power}_{{window}}",
            formula=(
                f"slope on ln k of ln(mean |change of ln C over k bars|^{power}) / {power}, over "
                "k = 1 .. K, mean of K = 5 .. 19"
            ),
            units="H",
            source="Di Matteo 2007",
            inputs=("close",),
            oracle="the definition in numpy; fractional Brownian motion with known H",
            windows=(120, 252),
            lookback=lambda w: w,
            tier="stretch",
            value=partial(generalised, power=power),
            why="Unknown where no change of some span is left, as in a flat window.",
        )
        for power in (1, 2)
    ),
)
