"""Memory: what returns keep of the returns before."""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace
from engine.kernels import autocorrelation, fractional_difference

kernel = partial(Family, engine="kernel")

RATIO_SPANS = (2, 5, 10, 20)
LAGS = 10  # of Ljung and Box, and of the longest autocorrelation
CUT = 1e-4  # weights of a fractional difference below this are left out
DIFFERENCE_WINDOW = 252  # bars that a fractional difference is standardised over


def size(s: Workspace) -> Floats:
    """|r|."""
    return s.once(s.ret, "size", lambda: np.abs(s.ret))


def ratios(s: Workspace, w: int) -> tuple[Floats, Floats]:
    """Variance ratios and their z for all spans, shape (spans, n) each."""

    def make() -> tuple[Floats, Floats]:
        spans = np.array(RATIO_SPANS, dtype=np.float64)
        out: tuple[Floats, Floats] = autocorrelation.variance_ratio(s.ret, w, spans)
        return out

    return s.once(s.ret, ("variance ratios", w), make)


def correlations(s: Workspace, x: Floats, w: int) -> Floats:
    """Autocorrelations at lags 1 .. 10, shape (10, n)."""

    def make() -> Floats:
        out: Floats = autocorrelation.autocorrelation(x, w, LAGS)
        return out

    return s.once(x, ("autocorrelations", w), make)


def acf(s: Workspace, w: int, lag: int) -> Floats:
    """Autocorrelation of r."""
    out: Floats = correlations(s, s.ret, w)[lag - 1]
    return out


def partial_acf(s: Workspace, w: int) -> Floats:
    """Autocorrelation at lag 2 that the one at lag 1 leaves."""
    first, second = correlations(s, s.ret, w)[:2]
    # |first| is below 1, for the divisor is n at every lag.
    out: Floats = (second - first**2) / (1.0 - first**2)
    return out


def ljung_box(s: Workspace, w: int) -> Floats:
    """ln(1 + Q) of ten lags."""
    out: Floats = np.log1p(autocorrelation.ljung_box(correlations(s, s.ret, w), w))
    return out


def difference_width(percent: int) -> int:
    """Return the bars that a fractional difference of order percent / 100 reads."""
    return len(fractional_difference.binomial_weights(percent / 100.0, CUT))


def difference(s: Workspace, percent: int) -> Floats:
    """Fractional difference of ln C, in its own standard deviations."""
    weights = fractional_difference.binomial_weights(percent / 100.0, CUT)
    change: Floats = fractional_difference.weighted_total(s.log_close, weights)
    return s.zscore(change, DIFFERENCE_WINDOW)


def leverage(s: Workspace, w: int) -> Floats:
    """Correlation of r with the next |r|."""
    out: Floats = autocorrelation.lead_correlation(s.ret, size(s), w)
    return out


_FLAT = "A flat window is unknown."

VARIANCE_RATIOS = (
    *(
        kernel(
            pattern=f"dyn_vr_{q}_{{window}}",
            formula=f"variance of {q}-bar r / ({q} x variance of r), overlapping, without bias",
            units="ratio",
            source="Lo & MacKinlay 1988",
            inputs=("close",),
            oracle="arch.unitroot.VarianceRatio",
            windows=(120,),
            lookback=lambda w: w + 1,
            value=lambda s, w, at=at: ratios(s, w)[0][at],
            why=_FLAT,
        )
        for at, q in enumerate(RATIO_SPANS)
    ),
    *(
        kernel(
            pattern=f"dyn_vrz_{q}_{{window}}",
            formula=f"(dyn_vr_{q} - 1) / its standard error under changing variance",
            units="z",
            source="Lo & MacKinlay 1988",
            inputs=("close",),
            oracle="arch.unitroot.VarianceRatio",
            windows=(120,),
            lookback=lambda w: w + 1,
            value=lambda s, w, at=at: ratios(s, w)[1][at],
            why=_FLAT,
        )
        for at, q in enumerate(RATIO_SPANS[:-1])
    ),
)

AUTOCORRELATIONS = (
    *(
        kernel(
            pattern=f"dyn_acf{lag}_{{window}}",
            formula=f"autocorrelation of r at lag {lag}",
            units="[-1,1]",
            source="standard",
            inputs=("close",),
            oracle="statsmodels acf",
            windows=(60, 120),
            lookback=lambda w: w + 1,
            value=partial(acf, lag=lag),
            why=_FLAT,
        )
        for lag in (1, 2, 5)
    ),
    *(
        kernel(
            pattern=f"dyn_absacf{lag}_{{window}}",
            formula=f"autocorrelation of |r| at lag {lag}",
            units="[-1,1]",
            source="Ding, Granger, Engle 1993",
            inputs=("close",),
            oracle="statsmodels acf",
            windows=(120,),
            lookback=lambda w: w + 1,
            value=lambda s, w, lag=lag: correlations(s, size(s), w)[lag - 1],
            why="Unknown where |r| is the same throughout.",
        )
        for lag in (1, 5, 10)
    ),
    kernel(
        pattern="dyn_pacf2_{window}",
        formula="partial autocorrelation of r at lag 2",
        units="[-1,1]",
        source="standard",
        inputs=("close",),
        oracle="statsmodels pacf (Levinson-Durbin, divisor n)",
        windows=(120,),
        lookback=lambda w: w + 1,
        value=partial_acf,
        why=_FLAT,
    ),
    kernel(
        pattern="dyn_lbq10_{window}",
        formula="ln(1 + Ljung-Box Q of r over 10 lags)",
        units="ln",
        source="Ljung & Box 1978",
        inputs=("close",),
        oracle="statsmodels acorr_ljungbox",
        windows=(120,),
        lookback=lambda w: w + 1,
        value=ljung_box,
        why=_FLAT,
    ),
)


def _difference_lookback(percent: int, w: int) -> int:
    """Bars of the width, of 252 values of it, of their changes, and of the scale of those."""
    return difference_width(percent) + DIFFERENCE_WINDOW + 1


def _difference_min(percent: int, w: int) -> int:
    return difference_width(percent) + DIFFERENCE_WINDOW - 1


FRACTIONAL = tuple(
    kernel(
        pattern=f"dyn_fracdiff_{percent}",
        formula=(
            f"(1 - L)^0.{percent // 10} of ln C, weights down to 1e-4, less its mean over its "
            "standard deviation of 252 bars"
        ),
        units="sigma",
        source="Hosking 1981; Lopez de Prado 2018 ch.5",
        inputs=("close",),
        oracle="scipy.special.binom and lfilter",
        lookback=partial(_difference_lookback, percent),
        min_obs=partial(_difference_min, percent),
        value=partial(difference, percent=percent),
        why=(
            f"{difference_width(percent)} weights. The last part of the name is 100 d: there is "
            "no window to choose."
        ),
    )
    for percent in (30, 40, 50)
)

LEVERAGE = (
    kernel(
        pattern="dyn_leverage_{window}",
        formula="correlation of r[1 bar before] with |r| over w pairs",
        units="[-1,1]",
        source="Bouchaud, Matacz, Potters 2001",
        inputs=("close",),
        oracle="numpy.corrcoef; hand example",
        windows=(60, 120),
        lookback=lambda w: w + 2,
        value=leverage,
        why=_FLAT,
    ),
)
