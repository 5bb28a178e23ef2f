"""Regularity: whether what was alike stays alike, by sample entropy and its kin."""

from __future__ import annotations

from engine.features.entropy.series import VOLUME, lookback_returns, size
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace
from engine.kernels import fuzzy_entropy, sample_entropy

SCALES = (1, 2, 3, 4, 5)  # of the complexity index

_HALF_MATCH = (
    "Where pairs match over 2 values and none over 3, the statistic is infinite and says only "
    "that it exceeds ln B; ln(2 B) stands there (half a match for none), finite and in order. "
    "With 60 bars that is one row in twelve. A flat window, and one without a match over 2 "
    "values, are unknown."
)
_RICHMAN = "Richman & Moorman 2000"


def _sample(s: Workspace, x: Floats, w: int) -> Floats:
    return s.once(x, ("sample entropy", w), lambda: sample_entropy.sample_entropy(x, w))


def _multiscale(s: Workspace, w: int, scale: int) -> Floats:
    if scale == 1:
        return _sample(s, s.ret, w)
    return s.once(
        s.ret,
        ("multiscale entropy", w, scale),
        lambda: sample_entropy.multiscale_entropy(s.ret, w, scale),
    )


def _complexity(s: Workspace, w: int) -> Floats:
    total = _multiscale(s, w, SCALES[0])
    for scale in SCALES[1:]:
        total = total + _multiscale(s, w, scale)
    return total


FAMILIES: tuple[Family, ...] = (
    Family(
        "ent_sampen_{window}",
        "Sample entropy of r, m = 2, tolerance 0.2 standard deviations (strictly less)",
        "nats",
        _RICHMAN,
        ("close",),
        "kernel",
        "antropy.sample_entropy, where it is finite",
        lookback_returns,
        windows=(60, 120, 252),
        why=_HALF_MATCH,
        value=lambda s, w: _sample(s, s.ret, w),
    ),
    Family(
        "ent_sampen_abs_{window}",
        "Sample entropy of |r|, m = 2, tolerance 0.2 standard deviations (strictly less)",
        "nats",
        _RICHMAN,
        ("close",),
        "kernel",
        "antropy.sample_entropy, where it is finite",
        lookback_returns,
        windows=(120, 252),
        why=_HALF_MATCH,
        value=lambda s, w: _sample(s, size(s), w),
    ),
    Family(
        "ent_sampen_volume_{window}",
        "Sample entropy of v, m = 2, tolerance 0.2 standard deviations (strictly less)",
        "nats",
        _RICHMAN,
        ("volume",),
        "kernel",
        "antropy.sample_entropy, where it is finite",
        lookback_returns,
        windows=(60, 120),
        why=f"{_HALF_MATCH} {VOLUME}",
        value=lambda s, w: _sample(s, s.dlog_volume, w),
    ),
    Family(
        "ent_apen_{window}",
        "Approximate entropy of r, m = 2, tolerance 0.2 standard deviations (up to and including)",
        "nats",
        "Pincus 1991",
        ("close",),
        "kernel",
        "antropy.app_entropy",
        lookback_returns,
        windows=(60, 120),
        why="A flat window is unknown.",
        value=lambda s, w: sample_entropy.approximate_entropy(s.ret, w),
    ),
    Family(
        "ent_fuzzyen_{window}",
        "Fuzzy entropy of r, m = 2, membership exp(-d^2 / 0.2), d the Chebyshev distance of "
        "templates less their own means, in standard deviations",
        "nats",
        "Chen et al. 2007",
        ("close",),
        "kernel",
        "the definition in numpy; hand example",
        lookback_returns,
        windows=(120,),
        why="Returns are taken in standard deviations, so that the exponent has no unit. A flat "
        "window is unknown.",
        value=lambda s, w: fuzzy_entropy.fuzzy_entropy(s.ret, w),
    ),
    *(
        Family(
            f"ent_mse{scale}_{{window}}",
            f"Sample entropy of means of {scale} consecutive r, tolerance 0.2 standard deviations "
            "of r itself",
            "nats",
            "Costa, Goldberger, Peng 2002",
            ("close",),
            "kernel",
            "antropy.sample_entropy on the coarse-grained series at that tolerance",
            lookback_returns,
            windows=(252,),
            why=f"{_HALF_MATCH} Blocks end with the window.",
            value=lambda s, w, scale=scale: _multiscale(s, w, scale),
        )
        for scale in (2, 3, 5)
    ),
    Family(
        "ent_mse_ci_{window}",
        "Complexity index: multiscale sample entropies of r at scales 1 to 5, summed",
        "nats",
        "Costa, Goldberger, Peng 2002",
        ("close",),
        "kernel",
        "antropy.sample_entropy on the coarse-grained series, summed",
        lookback_returns,
        windows=(252,),
        why="Scales 1 to 5 without a gap: the area under the curve, and no sum of other columns.",
        value=_complexity,
    ),
)
