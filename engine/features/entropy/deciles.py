"""Deciles: how the last values spread over the bins of those before them."""

from __future__ import annotations

import numpy as np

from engine.features.entropy.series import SHANNON, VOLUME
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace
from engine.kernels import sorted_window, symbol_entropy

REFERENCE = 252  # bars that decile edges are taken from

_EDGES = (
    "The deciles are those of the 252 returns before the window (none of its own), a value on an "
    "edge belongs to the bin below it; unknown where those 252 do not move."
)


def _deciles(s: Workspace, x: Floats, w: int) -> Floats:
    return s.once(x, ("deciles", w), lambda: sorted_window.rolling_quantiles(x, w, 10))


def _counts(s: Workspace, x: Floats, w: int) -> symbol_entropy.Counts:
    """Count the last `w` values in the decile bins of the 252 before them."""
    return s.once(
        x,
        ("decile counts", w),
        lambda: symbol_entropy.decile_counts(
            x, symbol_entropy.shift_rows(_deciles(s, x, REFERENCE), w), w
        ),
    )


def _shannon(s: Workspace, x: Floats, w: int) -> Floats:
    out: Floats = symbol_entropy.shannon(_counts(s, x, w), w)
    return out


def _collision(s: Workspace, w: int) -> Floats:
    return s.once(
        s.ret, ("collision", w), lambda: symbol_entropy.collision(_counts(s, s.ret, w), w)
    )


def _divergence(s: Workspace, recent: int, prior: int) -> Floats:
    """Compare the last `recent` returns with the `prior` ones before, in deciles of those."""
    deciles = _deciles(s, s.ret, prior)
    edges = symbol_entropy.shift_rows(deciles, recent)
    before = symbol_entropy.decile_counts(s.ret, deciles, prior)
    now = symbol_entropy.decile_counts(s.ret, edges, recent)
    then = symbol_entropy.shift_counts(before, recent)
    out: Floats = symbol_entropy.jensen_shannon(now, recent, then, prior)
    return out


def _lookback_deciles(w: int) -> int:
    return w + REFERENCE + 1


SHARES: tuple[Family, ...] = (
    Family(
        "ent_shannon_{window}",
        "Shannon entropy of r in decile bins",
        "bits",
        SHANNON,
        ("close",),
        "kernel",
        "scipy.stats.entropy",
        _lookback_deciles,
        windows=(20, 60, 120),
        why=_EDGES,
        value=lambda s, w: _shannon(s, s.ret, w),
    ),
    Family(
        "ent_shannon_volume_{window}",
        "Shannon entropy of v in decile bins",
        "bits",
        SHANNON,
        ("volume",),
        "kernel",
        "scipy.stats.entropy",
        _lookback_deciles,
        windows=(60, 120),
        why=f"{_EDGES} {VOLUME}",
        value=lambda s, w: _shannon(s, s.dlog_volume, w),
    ),
)

GENERALISED: tuple[Family, ...] = (
    Family(
        "ent_tsallis2_{window}",
        "Tsallis entropy of index 2 of r in decile bins, 1 - sum p^2",
        "-",
        "Tsallis 1988",
        ("close",),
        "kernel",
        "closed form",
        _lookback_deciles,
        windows=(120,),
        why=f"{_EDGES} It ranks as ent_renyi2 does: both are functions of sum p^2.",
        near_duplicates=("ent_renyi2_120",),
        value=lambda s, w: 1.0 - _collision(s, w),
    ),
    Family(
        "ent_renyi2_{window}",
        "Renyi entropy of order 2 of r in decile bins, -log2 of sum p^2",
        "bits",
        "Renyi 1961",
        ("close",),
        "kernel",
        "closed form",
        _lookback_deciles,
        windows=(120,),
        why=f"{_EDGES} It ranks as ent_tsallis2 does: both are functions of sum p^2.",
        near_duplicates=("ent_tsallis2_120",),
        value=lambda s, w: np.abs(np.log2(_collision(s, w))),  # abs: one bin gives 0, not -0
    ),
)

DIVERGENCE: tuple[Family, ...] = (
    Family(
        "ent_jsd_{window}",
        "Jensen-Shannon divergence of the last 20 r from the 120 before them, in decile bins",
        "bits",
        "Lin 1991",
        ("close",),
        "kernel",
        "scipy.spatial.distance.jensenshannon, squared",
        lambda w: w + 20 + 1,
        windows=((20, 120),),
        why="The deciles are those of the 120 before; a value on an edge belongs to the bin below "
        "it. Unknown where those 120 do not move. The divergence, not its root.",
        value=_divergence,
    ),
)
