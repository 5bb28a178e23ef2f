"""Entropy: how much of the next bar the last bars leave open.

Three series run through the module: log returns `r`, their size `|r|`, and the change of log
volume `v`. What a window without movement gives follows one rule: where the statistic counts
symbols, a flat window has one symbol and entropy 0, as its definition says; where it measures in
units of the window's own spread, there is no unit and the value is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.udf import Lists, SessionUdf
from engine.features.workspace import Workspace
from engine.kernels import (
    fuzzy_entropy,
    lempel_ziv,
    permutation_entropy,
    sample_entropy,
    session_entropy,
    sorted_window,
    spectral_entropy,
    symbol_entropy,
)

ORDER = 40
SCOPE = "daily"

REFERENCE = 252  # bars that decile edges are taken from
SCALES = (1, 2, 3, 4, 5)  # of the complexity index


def _size(s: Workspace) -> Floats:
    return s.once(s.ret, "size", lambda: np.abs(s.ret))


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


def _permutation(x: Floats, w: int, order: int) -> Floats:
    out: Floats = permutation_entropy.permutation_entropy(x, w, order)
    return out


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


def _lookback_returns(w: int) -> int:
    return w + 1


def _lookback_deciles(w: int) -> int:
    return w + REFERENCE + 1


_HALF_MATCH = (
    "Where pairs match over 2 values and none over 3, the statistic is infinite and says only "
    "that it exceeds ln B; ln(2 B) stands there (half a match for none), finite and in order. "
    "With 60 bars that is one row in twelve. A flat window, and one without a match over 2 "
    "values, are unknown."
)
_VOLUME = (
    "Volume is ln(1 + V), so that a bar without volume is defined; the series is its change from "
    "bar to bar, as in the sample entropy."
)
_ONE_SYMBOL = "A flat window has one symbol: entropy 0."
_TIES = "Ties are ordered by time, so a flat window has one pattern: entropy 0."
_EDGES = (
    "The deciles are those of the 252 returns before the window (none of its own), a value on an "
    "edge belongs to the bin below it; unknown where those 252 do not move."
)

_SHANNON = "Shannon 1948"
_RICHMAN = "Richman & Moorman 2000"
_BANDT = "Bandt & Pompe 2002"

FAMILIES: tuple[Family, ...] = (
    Family(
        "ent_sampen_{window}",
        "Sample entropy of r, m = 2, tolerance 0.2 standard deviations (strictly less)",
        "nats",
        _RICHMAN,
        ("close",),
        "kernel",
        "antropy.sample_entropy, where it is finite",
        _lookback_returns,
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
        _lookback_returns,
        windows=(120, 252),
        why=_HALF_MATCH,
        value=lambda s, w: _sample(s, _size(s), w),
    ),
    Family(
        "ent_sampen_volume_{window}",
        "Sample entropy of v, m = 2, tolerance 0.2 standard deviations (strictly less)",
        "nats",
        _RICHMAN,
        ("volume",),
        "kernel",
        "antropy.sample_entropy, where it is finite",
        _lookback_returns,
        windows=(60, 120),
        why=f"{_HALF_MATCH} {_VOLUME}",
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
        _lookback_returns,
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
        _lookback_returns,
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
            _lookback_returns,
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
        _lookback_returns,
        windows=(252,),
        why="Scales 1 to 5 without a gap: the area under the curve, and no sum of other columns.",
        value=_complexity,
    ),
    Family(
        "ent_perm3_{window}",
        "Permutation entropy of r, order 3, over log2(3!)",
        "[0,1]",
        _BANDT,
        ("close",),
        "kernel",
        "antropy.perm_entropy",
        _lookback_returns,
        windows=(20, 60, 120, 252),
        why=_TIES,
        value=lambda s, w: _permutation(s.ret, w, 3),
    ),
    Family(
        "ent_perm4_{window}",
        "Permutation entropy of r, order 4, over log2(4!)",
        "[0,1]",
        _BANDT,
        ("close",),
        "kernel",
        "antropy.perm_entropy",
        _lookback_returns,
        windows=(120, 252),
        why=_TIES,
        value=lambda s, w: _permutation(s.ret, w, 4),
    ),
    Family(
        "ent_perm5_{window}",
        "Permutation entropy of r, order 5, over log2(5!)",
        "[0,1]",
        _BANDT,
        ("close",),
        "kernel",
        "antropy.perm_entropy",
        _lookback_returns,
        windows=(252,),
        why=_TIES,
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
        _lookback_returns,
        windows=(60, 120),
        why="A flat window has no weight and is unknown.",
        value=lambda s, w: permutation_entropy.weighted_permutation_entropy(s.ret, w, 3),
    ),
    Family(
        "ent_perm3_volume_{window}",
        "Permutation entropy of v, order 3, over log2(3!)",
        "[0,1]",
        _BANDT,
        ("volume",),
        "kernel",
        "antropy.perm_entropy",
        _lookback_returns,
        windows=(60, 120),
        why=f"{_VOLUME} {_TIES}",
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
    Family(
        "ent_shannon_{window}",
        "Shannon entropy of r in decile bins",
        "bits",
        _SHANNON,
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
        _SHANNON,
        ("volume",),
        "kernel",
        "scipy.stats.entropy",
        _lookback_deciles,
        windows=(60, 120),
        why=f"{_EDGES} {_VOLUME}",
        value=lambda s, w: _shannon(s, s.dlog_volume, w),
    ),
    Family(
        "ent_words3_{window}",
        "Plug-in entropy of overlapping words of 3 signs of r",
        "bits",
        "Lopez de Prado 2018 ch.18",
        ("close",),
        "kernel",
        "scipy.stats.entropy",
        _lookback_returns,
        windows=(60, 120),
        why=f"Signs are up and not up; a zero return is not up. {_ONE_SYMBOL}",
        value=lambda s, w: symbol_entropy.sign_word_entropy(s.ret, w, 3),
    ),
    Family(
        "ent_lz_{window}",
        "Lempel-Ziv complexity of the signs of r, over n / log2(n)",
        "ratio",
        "Lempel & Ziv 1976",
        ("close",),
        "kernel",
        "antropy.lziv_complexity",
        _lookback_returns,
        windows=(60, 120, 252),
        why="Signs are up and not up; a zero return is not up. A flat window has two components, "
        "the least there can be.",
        value=lambda s, w: lempel_ziv.lempel_ziv_signs(s.ret, w),
    ),
    Family(
        "ent_lz3_{window}",
        "Lempel-Ziv complexity of r in terciles of the window, over n / log3(n)",
        "ratio",
        "Lempel & Ziv 1976",
        ("close",),
        "kernel",
        "antropy.lziv_complexity",
        _lookback_returns,
        windows=(120,),
        why="The alphabet has three symbols whether or not all occur. A flat window has two "
        "components, the least there can be.",
        value=lambda s, w: lempel_ziv.lempel_ziv_terciles(s.ret, w),
    ),
    Family(
        "ent_spectral_{window}",
        "Spectral entropy of r: of its periodogram, mean removed, over log2 of the frequencies",
        "[0,1]",
        "Inouye et al. 1991",
        ("close",),
        "kernel",
        "antropy.spectral_entropy",
        _lookback_returns,
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
        _lookback_returns,
        windows=(60, 120),
        why="A window of zeros has no singular value and is unknown.",
        value=lambda s, w: spectral_entropy.svd_entropy(s.ret, w, 3),
    ),
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
    Family(
        "ent_minwords_1",
        "Entropy of overlapping words of 3 signs of the session's minute returns, over 3 bits",
        "[0,1]",
        "Lopez de Prado 2018 ch.18",
        ("minute close",),
        "session",
        "scipy.stats.entropy",
        lambda w: 1,
        why="Returns run between minutes that traded. Unknown below half of the session's minutes "
        f"or 30 returns. Signs are up and not up. {_ONE_SYMBOL}",
    ),
    Family(
        "ent_minwords_mean_{window}",
        "Mean of ent_minwords_1",
        "[0,1]",
        "Lopez de Prado 2018 ch.18",
        ("minute close",),
        "kernel",
        "numpy.mean",
        lambda w: w,
        windows=(20,),
        value=lambda s, w: s.mean(s.bars.extra["ent_minwords_1"], w),
    ),
    Family(
        "ent_minperm3_1",
        "Permutation entropy of the session's minute returns, order 3, over log2(3!)",
        "[0,1]",
        _BANDT,
        ("minute close",),
        "session",
        "antropy.perm_entropy",
        lambda w: 1,
        why="Returns run between minutes that traded. Unknown below half of the session's minutes "
        f"or 30 returns. {_TIES}",
    ),
    Family(
        "ent_minperm3_mean_{window}",
        "Mean of ent_minperm3_1",
        "[0,1]",
        _BANDT,
        ("minute close",),
        "kernel",
        "numpy.mean",
        lambda w: w,
        windows=(20,),
        value=lambda s, w: s.mean(s.bars.extra["ent_minperm3_1"], w),
    ),
    Family(
        "ent_condsign_{window}",
        "Entropy of the sign of r given the sign before it",
        "bits",
        "Shannon 1948",
        ("close",),
        "kernel",
        "scipy.stats.entropy",
        _lookback_returns,
        windows=(120, 252),
        why=f"Signs are up and not up; a zero return is not up. {_ONE_SYMBOL}",
        value=lambda s, w: symbol_entropy.conditional_sign_entropy(s.ret, w),
    ),
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


def _entropy_session(close: Lists, minutes: np.ndarray) -> Sequence[Floats]:
    words, patterns = session_entropy.session_entropy(close.offsets, close.values, minutes)
    return words, patterns


SESSION_UDFS: tuple[SessionUdf, ...] = (
    SessionUdf(
        name="entropy_session",
        function=_entropy_session,
        parameters=("DOUBLE[]", "INTEGER"),
        fields=("ent_minwords_1", "ent_minperm3_1"),
    ),
)
