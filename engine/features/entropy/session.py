"""Session: entropies of the minutes of one session, and their means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.features.entropy.patterns import BANDT
from engine.features.entropy.series import ONE_SYMBOL, TIES
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.udf import Lists, SessionUdf
from engine.kernels import session_entropy

FAMILIES: tuple[Family, ...] = (
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
        f"or 30 returns. Signs are up and not up. {ONE_SYMBOL}",
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
        BANDT,
        ("minute close",),
        "session",
        "antropy.perm_entropy",
        lambda w: 1,
        why="Returns run between minutes that traded. Unknown below half of the session's minutes "
        f"or 30 returns. {TIES}",
    ),
    Family(
        "ent_minperm3_mean_{window}",
        "Mean of ent_minperm3_1",
        "[0,1]",
        BANDT,
        ("minute close",),
        "kernel",
        "numpy.mean",
        lambda w: w,
        windows=(20,),
        value=lambda s, w: s.mean(s.bars.extra["ent_minperm3_1"], w),
    ),
)


def _entropy_session(close: Lists, minutes: np.ndarray) -> Sequence[Floats]:
    words, patterns = session_entropy.session_entropy(close.offsets, close.values, minutes)
    return words, patterns


ENTROPY_SESSION = SessionUdf(
    name="entropy_session",
    function=_entropy_session,
    parameters=("DOUBLE[]", "INTEGER"),
    fields=("ent_minwords_1", "ent_minperm3_1"),
)
