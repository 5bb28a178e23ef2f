"""Patterns: the orders in which neighbouring values follow one another."""

from __future__ import annotations

from engine.features.entropy.series import TIES, VOLUME, lookback_returns
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.kernels import permutation_entropy

BANDT = "Bandt & Pompe 2002"


def _permutation(x: Floats, w: int, order: int) -> Floats:
    out: Floats = permutation_entropy.permutation_entropy(x, w, order)
    return out


FAMILIES: tuple[Family, ...] = (
    Family(
        "ent_perm3_{window}",
        "Permutation entropy of r, order 3, over log2(3!)",
        "[0,1]",
        BANDT,
        ("close",),
        "kernel",
        "antropy.perm_entropy",
        lookback_returns,
        windows=(20, 60, 120, 252),
        why=TIES,
        value=lambda s, w: _permutation(s.ret, w, 3),
    ),
    Family(
        "ent_perm4_{window}",
        "Permutation entropy of r, order 4, over log2(4!)",
        "[0,1]",
        BANDT,
        ("close",),
        "kernel",
        "antropy.perm_entropy",
        lookback_returns,
        windows=(120, 252),
        why=TIES,
        value=lambda s, w: _permutation(s.ret, w, 4),
    ),
    Family(
        "ent_perm5_{window}",
        "Permutation entropy of r, order 5, over log2(5!)",
        "[0,1]",
        BANDT,
        ("close",),
        "kernel",
        "antropy.perm_entropy",
        lookback_returns,
        windows=(252,),
        why=TIES,
        value=lambda s, w: _permutation(s.ret, w, 5),
    ),
    Family(
        "ent_wperm3_{window}",
        "Permutation entropy of r, order 3, patterns weighted by their variance, over log2(3!)",
        "[0,1]",
        "Fadlallah et al. 2013",
        ("close",),
        "kernel",
        "the definition in numpy; hand example",
        lookback_returns,
        windows=(60, 120),
        why="A flat window has no weight and is unknown.",
        value=lambda s, w: permutation_entropy.weighted_permutation_entropy(s.ret, w, 3),
    ),
    Family(
        "ent_perm3_volume_{window}",
        "Permutation entropy of v, order 3, over log2(3!)",
        "[0,1]",
        BANDT,
        ("volume",),
        "kernel",
        "antropy.perm_entropy",
        lookback_returns,
        windows=(60, 120),
        why=f"{VOLUME} {TIES}",
        value=lambda s, w: _permutation(s.dlog_volume, w, 3),
    ),
    Family(
        "ent_forbidden4_{window}",
        "Share of the 24 order patterns of 4 closes that do not occur among consecutive pieces",
        "[0,1]",
        "Zanin 2008",
        ("close",),
        "kernel",
        "hand example",
        lambda w: w,
        windows=(252,),
        why="Patterns of the close itself, as in the source, in 63 pieces that do not overlap: of "
        "overlapping patterns 252 bars nearly always show all 24, and the column was constant. "
        "Ties are ordered by time, so a flat window shows one pattern of 24.",
        value=lambda s, w: permutation_entropy.missing_patterns(s.log_close, w, 4),
    ),
)
