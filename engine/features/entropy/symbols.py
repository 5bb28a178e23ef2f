"""Symbols: signs and terciles, the words they form, and what one series tells of another."""

from __future__ import annotations

from engine.features.entropy.series import ONE_SYMBOL, SHANNON, lookback_returns, size
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace
from engine.kernels import lempel_ziv, match_length, sorted_window, symbol_entropy, transfer_entropy

MATCH_WINDOWS = (120, 252)


def matches(s: Workspace) -> match_length.Lengths:
    """Longest word of signs at each bar that began up to half of the longest window before."""

    def make() -> match_length.Lengths:
        codes = symbol_entropy.up_codes(s.ret)
        out: match_length.Lengths = match_length.longest_matches(codes, max(MATCH_WINDOWS) // 2)
        return out

    return s.once(s.ret, "matches", make)


def terciles(s: Workspace, x: Floats, w: int) -> Floats:
    """Terciles of the last w values."""
    return s.once(x, ("terciles", w), lambda: sorted_window.rolling_quantiles(x, w, 3))


def transfers(s: Workspace, w: int) -> tuple[Floats, Floats]:
    """Transfer entropies from v to r and from r to v."""

    def make() -> tuple[Floats, Floats]:
        v, r = s.dlog_volume, s.ret
        out: tuple[Floats, Floats] = transfer_entropy.transfer_entropies(
            v, r, terciles(s, v, w), terciles(s, r, w), w
        )
        return out

    return s.once(s.ret, ("transfers", w), make)


def information(s: Workspace, x: Floats, w: int) -> Floats:
    """Mutual information of x and its value before."""
    out: Floats = transfer_entropy.lagged_information(x, terciles(s, x, w), w)
    return out


_TERCILES = (
    "Symbols are the terciles of the window; a value on an edge belongs to the symbol below it. "
    "The plug-in estimate, as counts give it: independent series have a little above 0. A flat "
    "window has one symbol and tells nothing: 0."
)


WORDS: tuple[Family, ...] = (
    Family(
        "ent_words3_{window}",
        "Plug-in entropy of overlapping words of 3 signs of r",
        "bits",
        "Lopez de Prado 2018 ch.18",
        ("close",),
        "kernel",
        "scipy.stats.entropy",
        lookback_returns,
        windows=(60, 120),
        why=f"Signs are up and not up; a zero return is not up. {ONE_SYMBOL}",
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
        lookback_returns,
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
        lookback_returns,
        windows=(120,),
        why="The alphabet has three symbols whether or not all occur. A flat window has two "
        "components, the least there can be.",
        value=lambda s, w: lempel_ziv.lempel_ziv_terciles(s.ret, w),
    ),
    Family(
        "ent_konto_{window}",
        "Mean of log2(i + 1) / L_i over the first half of the window, L_i one more than the "
        "longest run of signs of r at place i that began before",
        "bits",
        "Kontoyiannis et al. 1998; Lopez de Prado 2018 ch.18",
        ("close",),
        "kernel",
        "the definition in strings; hand example",
        lookback_returns,
        windows=MATCH_WINDOWS,
        tier="stretch",
        why="Signs are up and not up; a zero return is not up. A flat window has the least there "
        "can be, not 0.",
        value=lambda s, w: match_length.match_length_entropy(s.ret, matches(s), w),
    ),
)

CONDITIONAL: tuple[Family, ...] = (
    Family(
        "ent_condsign_{window}",
        "Entropy of the sign of r given the sign before it",
        "bits",
        "Shannon 1948",
        ("close",),
        "kernel",
        "scipy.stats.entropy",
        lookback_returns,
        windows=(120, 252),
        why=f"Signs are up and not up; a zero return is not up. {ONE_SYMBOL}",
        value=lambda s, w: symbol_entropy.conditional_sign_entropy(s.ret, w),
    ),
)

TRANSFER: tuple[Family, ...] = (
    Family(
        "ent_te_volumeret_{window}",
        "Transfer entropy from v to the next r in terciles: H(r' | r) - H(r' | r, v)",
        "bits",
        "Schreiber 2000",
        ("close", "volume"),
        "kernel",
        "the definition in numpy; scipy.stats.entropy; planted dependence",
        lookback_returns,
        windows=(252,),
        tier="stretch",
        why=_TERCILES,
        value=lambda s, w: transfers(s, w)[0],
    ),
    Family(
        "ent_te_retvolume_{window}",
        "Transfer entropy from r to the next v in terciles: H(v' | v) - H(v' | v, r)",
        "bits",
        "Schreiber 2000",
        ("close", "volume"),
        "kernel",
        "the definition in numpy; scipy.stats.entropy; planted dependence",
        lookback_returns,
        windows=(252,),
        tier="stretch",
        why=_TERCILES,
        value=lambda s, w: transfers(s, w)[1],
    ),
    Family(
        "ent_mi_ret_{window}",
        "Mutual information of r and the r before it, in terciles",
        "bits",
        SHANNON,
        ("close",),
        "kernel",
        "scipy.stats.entropy",
        lookback_returns,
        windows=(252,),
        tier="stretch",
        why=_TERCILES,
        value=lambda s, w: information(s, s.ret, w),
    ),
    Family(
        "ent_mi_abs_{window}",
        "Mutual information of |r| and the |r| before it, in terciles",
        "bits",
        SHANNON,
        ("close",),
        "kernel",
        "scipy.stats.entropy",
        lookback_returns,
        windows=(252,),
        tier="stretch",
        why=_TERCILES,
        value=lambda s, w: information(s, size(s), w),
    ),
)
