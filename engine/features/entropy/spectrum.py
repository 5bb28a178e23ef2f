"""Spectrum: how evenly the power of returns is spread, over frequencies and dimensions."""

from __future__ import annotations

from engine.features.entropy.series import lookback_returns
from engine.features.registry import Family
from engine.kernels import spectral_entropy

FAMILIES: tuple[Family, ...] = (
    Family(
        "ent_spectral_{window}",
        "Spectral entropy of r: of its periodogram, mean removed, over log2 of the frequencies",
        "[0,1]",
        "Inouye et al. 1991",
        ("close",),
        "kernel",
        "antropy.spectral_entropy",
        lookback_returns,
        windows=(64, 128),
        why="A flat window has no power and is unknown.",
        value=lambda s, w: spectral_entropy.spectral_entropy(s.ret, w),
    ),
    Family(
        "ent_svd_{window}",
        "Entropy of the singular values of r embedded in 3 dimensions, over log2(3)",
        "[0,1]",
        "Roberts, Penny, Rezek 1999",
        ("close",),
        "kernel",
        "antropy.svd_entropy",
        lookback_returns,
        windows=(60, 120),
        why="A window of zeros has no singular value and is unknown.",
        value=lambda s, w: spectral_entropy.svd_entropy(s.ret, w, 3),
    ),
)
