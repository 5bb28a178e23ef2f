"""Correlation: how price moves with its volume, and a symbol with its benchmark.

The benchmark's log return of a bar is joined to the symbol's bars as `bench_return`; where its
bar or the one before is missing it is NULL, and so is every window that contains it.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.lookback import SCALED_CHANGE, SCALED_CHANGE_MIN, SCALED_MIN
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace
from engine.kernels import comovement
from engine.kernels.sorted_window import rolling_quantiles
from engine.kernels.wilder import decay_length

ORDER = 60
SCOPE = "daily"

kernel = partial(Family, engine="kernel")

BETA_WINDOW = 20  # of the betas whose stability is measured
TAIL_PARTS = 20  # a twentieth: 5 %
HALF_SHARE = 6  # at least a sixth of a window's bars in each half


def bench(s: Workspace) -> Floats:
    """Log return of the benchmark."""
    return s.bars.extra["bench_return"]


def co_moments(
    s: Workspace, x: Floats, y: Floats, w: int, *, last: bool = True
) -> tuple[Floats, Floats, Floats]:
    """Return covariance and both standard deviations of a pair, computed once.

    With `last` where the rows wanted need them: no window may read them then.
    """
    near = s.near(x, w) if last else x

    def make() -> tuple[Floats, Floats, Floats]:
        out: tuple[Floats, Floats, Floats] = comovement.co_moments(near, y, w)
        return out

    # y is part of the key by identity; `once` keeps x, and the workspace or the bars keep y.
    return s.once(x, ("co-moments", id(y), w, near is x), make)


def normalised(
    s: Workspace, moments: tuple[Floats, Floats, Floats], scale_x: Floats, scale_y: Floats
) -> Floats:
    """Covariance over both standard deviations, in the scales of two series."""
    covariance, std_x, std_y = moments
    ratio = s.divide(s.divide(covariance, std_x, scale_x), std_y, scale_y)
    out: Floats = np.clip(ratio, -1.0, 1.0)  # beyond by rounding only
    return out


def correlation(
    s: Workspace, x: Floats, y: Floats, w: int, scale_x: Floats, scale_y: Floats
) -> Floats:
    """Pearson's correlation of w pairs."""
    return normalised(s, co_moments(s, x, y, w), scale_x, scale_y)


def size(s: Workspace) -> Floats:
    """|r|."""
    return s.once(s.ret, "size", lambda: np.abs(s.ret))


def with_bench(s: Workspace, w: int) -> Floats:
    """Correlation of the return with the benchmark's."""
    return s.once(
        s.ret,
        ("with bench", w),
        lambda: correlation(s, s.ret, bench(s), w, s.ret, bench(s)),
    )


def beta(s: Workspace, w: int, *, last: bool = True) -> Floats:
    """Covariance with the benchmark over its variance; for `last` see `co_moments`."""

    def make() -> Floats:
        covariance, _, std = co_moments(s, s.ret, bench(s), w, last=last)
        return s.divide(s.divide(covariance, std, bench(s)), std, bench(s))

    return s.once(s.ret, ("beta", w, last), make)


def half_beta(which: int, s: Workspace, w: int) -> Floats:
    """Beta over the bars on which the benchmark was below (0) or not below (1) its mean."""
    moments = s.once(
        s.ret,
        ("halves", w),
        lambda: comovement.half_moments(s.near(s.ret, w), bench(s), w, w // HALF_SHARE),
    )
    covariance, std = moments[2 * which], moments[2 * which + 1]
    return s.divide(s.divide(covariance, std, bench(s)), std, bench(s))


def where_both_move(s: Workspace, out: Floats, w: int) -> Floats:
    """Return a statistic where neither the symbol nor the benchmark stands still, else NaN."""
    _, std_ret, std_bench = co_moments(s, s.ret, bench(s), w)
    alive = s.alive(std_ret, s.ret) & s.alive(std_bench, bench(s))
    return np.where(alive, out, np.nan)


def residual(which: int, s: Workspace, w: int) -> Floats:
    """Spread (0) or skewness (1) of what the benchmark does not explain."""
    moments = s.once(
        s.ret, ("residuals", w), lambda: comovement.residual_moments(s.near(s.ret, w), bench(s), w)
    )
    out: Floats = moments[which]
    return where_both_move(s, out, w)


def lead(s: Workspace, w: int) -> Floats:
    """Correlation of the return with the benchmark's of the bar before."""
    return correlation(s, s.ret, s.lag(bench(s)), w, s.ret, bench(s))


def lag(s: Workspace, w: int) -> Floats:
    """Correlation of the return of the bar before with the benchmark's."""
    return correlation(s, s.lag(s.ret), bench(s), w, s.ret, bench(s))


def tail_dependence(s: Workspace, w: int) -> Floats:
    """Share of the benchmark's worst twentieth of bars that are among the symbol's own."""
    edges = [rolling_quantiles(x, w, TAIL_PARTS)[:, 0].copy() for x in (s.ret, bench(s))]
    return where_both_move(s, comovement.tail_share(s.ret, bench(s), edges[0], edges[1], w), w)


def ewma_correlation(s: Workspace, percent: int) -> Floats:
    """Exponentially weighted correlation about zero, weight percent / 100 a bar."""
    decay = percent / 100.0
    moments = comovement.ewma_moments(
        s.ret, bench(s), decay, decay_length(decay), _effective(percent)
    )
    return normalised(s, moments, s.ret, bench(s))


def _effective(percent: int) -> int:
    """Return the pairs that weights of percent / 100 average over, rounded up."""
    return -(-(100 + percent) // (100 - percent))


def _ewma_bars(percent: int, window: int) -> int:
    return max(decay_length(percent / 100.0) + 1, SCALED_CHANGE)


def _ewma_min(percent: int, window: int) -> int:
    return max(_effective(percent) + 1, SCALED_CHANGE_MIN)


# Windows of returns: a bar more than the window, and the scale of the division.
returns = partial(
    kernel,
    lookback=lambda w: max(w + 1, SCALED_CHANGE),
    min_obs=lambda w: max(w + 1, SCALED_CHANGE_MIN),
)
_KARPOFF = "Karpoff 1987"
_PV = ("close", "volume")
_BENCH = ("close", "benchmark close")
_OWN_BENCH = (
    "The benchmark is that of the universe. For the benchmark itself it is the equal-weight mean "
    "log return of the universe's other equity funds; bonds, commodities and volatility are no "
    "market to measure an equity index by."
)
_MEAN_SPLIT = (
    "Down and up are below and not below the window's mean benchmark return, as in the paper; at "
    "least a sixth of the bars on each side."
)
_LOG_VOLUME = "Volume is ln(1 + V): a bar without volume is an observation."

FAMILIES: tuple[Family, ...] = (
    kernel(
        pattern="corr_pv_{window}",
        formula="correlation of ln C and ln(1 + V) over w bars",
        units="[-1,1]",
        source=f"{_KARPOFF}; qlib CORR",
        inputs=_PV,
        oracle="numpy.corrcoef",
        windows=(20, 60, 120),
        lookback=lambda w: max(w, SCALED_CHANGE),
        min_obs=lambda w: max(w, SCALED_CHANGE_MIN),
        value=lambda s, w: correlation(
            s, s.log_close, s.log_volume, w, s.change(s.log_close, 1), s.dlog_volume
        ),
        why=_LOG_VOLUME,
    ),
    returns(
        pattern="corr_retdvolume_{window}",
        formula="correlation of r and the change of ln(1 + V) over w bars",
        units="[-1,1]",
        source=f"{_KARPOFF}; qlib CORD",
        inputs=_PV,
        oracle="numpy.corrcoef",
        windows=(20, 60, 120),
        value=lambda s, w: correlation(s, s.ret, s.dlog_volume, w, s.ret, s.dlog_volume),
        why=_LOG_VOLUME,
    ),
    returns(
        pattern="corr_absretvolume_{window}",
        formula="correlation of |r| and ln(1 + V) over w bars",
        units="[-1,1]",
        source=_KARPOFF,
        inputs=_PV,
        oracle="numpy.corrcoef",
        windows=(20, 60),
        value=lambda s, w: correlation(s, size(s), s.log_volume, w, s.ret, s.dlog_volume),
        why=_LOG_VOLUME,
    ),
    returns(
        pattern="corr_onintra_{window}",
        formula="correlation of ln(O / C before) and ln(C / O) of the same bar over w bars",
        units="[-1,1]",
        source="Lou, Polk, Skouras 2019",
        inputs=("open", "close"),
        oracle="numpy.corrcoef",
        windows=(20, 60, 120),
        value=lambda s, w: correlation(s, s.overnight, s.intraday, w, s.overnight, s.intraday),
    ),
    returns(
        pattern="corr_retrange_{window}",
        formula="correlation of r and ln(H / L) over w bars",
        units="[-1,1]",
        source="practitioner",
        inputs=("high", "low", "close"),
        oracle="numpy.corrcoef",
        windows=(20, 60),
        value=lambda s, w: correlation(s, s.ret, s.range, w, s.ret, s.range),
    ),
    returns(
        pattern="corr_retlagvolume_{window}",
        formula="correlation of r and ln(1 + V) of the bar before over w bars",
        units="[-1,1]",
        source="practitioner",
        inputs=_PV,
        oracle="numpy.corrcoef",
        windows=(60,),
        value=lambda s, w: correlation(s, s.ret, s.lag(s.log_volume), w, s.ret, s.dlog_volume),
        why=_LOG_VOLUME,
    ),
    kernel(
        pattern="corr_beta_{window}",
        formula="covariance of r and the benchmark's r / variance of the benchmark's, w bars",
        units="ratio",
        source="Sharpe 1964",
        inputs=_BENCH,
        oracle="statsmodels OLS",
        windows=(20, 60, 120, 252),
        lookback=lambda w: max(w + 1, SCALED_CHANGE),
        min_obs=lambda w: max(w + 1, SCALED_MIN),
        value=beta,
        why=_OWN_BENCH,
    ),
    returns(
        pattern="corr_bench_{window}",
        formula="correlation of r and the benchmark's r over w bars",
        units="[-1,1]",
        source="standard",
        inputs=_BENCH,
        oracle="numpy.corrcoef",
        windows=(20, 60, 120, 252),
        value=with_bench,
        why=_OWN_BENCH,
    ),
    *(
        returns(
            pattern=f"corr_{name}_{{window}}",
            formula=f"beta over the bars of w on which the benchmark's r was {where} its mean",
            units="ratio",
            source="Ang, Chen, Xing 2006",
            inputs=_BENCH,
            oracle="statsmodels OLS on those bars; a kinked line has its two slopes",
            windows=(120, 252),
            value=partial(half_beta, which),
            why=f"{_MEAN_SPLIT} {_OWN_BENCH}",
        )
        for name, which, where in (("dnbeta", 0, "below"), ("upbeta", 1, "not below"))
    ),
    returns(
        pattern="corr_idiovol_{window}",
        formula="standard deviation (n - 2) of the residuals of r on the benchmark's r x sqrt(252)",
        units="annual vol",
        source="Ang, Hodrick, Xing, Zhang 2006",
        inputs=_BENCH,
        oracle="statsmodels OLS",
        windows=(60, 120),
        value=lambda s, w: residual(0, s, w) * s.annual,
        why=f"One factor, the benchmark, instead of the paper's three. {_OWN_BENCH}",
    ),
    returns(
        pattern="corr_idioskew_{window}",
        formula="skewness of the residuals of r on the benchmark's r over w bars",
        units="-",
        source="practitioner",
        inputs=_BENCH,
        oracle="scipy.stats.skew of statsmodels residuals",
        windows=(120,),
        value=partial(residual, 1),
        why=_OWN_BENCH,
    ),
    returns(
        pattern="corr_lead_{window}",
        formula="correlation of r and the benchmark's r of the bar before over w bars",
        units="[-1,1]",
        source="Lo & MacKinlay 1990",
        inputs=_BENCH,
        oracle="numpy.corrcoef",
        windows=(60, 120),
        value=lead,
        why=f"High where the benchmark leads. {_OWN_BENCH}",
    ),
    kernel(
        pattern="corr_lag_{window}",
        formula="correlation of r of the bar before and the benchmark's r over w bars",
        units="[-1,1]",
        source="Lo & MacKinlay 1990",
        inputs=_BENCH,
        oracle="numpy.corrcoef",
        windows=(60, 120),
        lookback=lambda w: max(w + 2, SCALED_CHANGE),
        min_obs=lambda w: max(w + 2, SCALED_CHANGE_MIN),
        value=lag,
        why=f"High where the symbol leads. {_OWN_BENCH}",
    ),
    kernel(
        pattern="corr_betastd_{window}",
        formula=f"standard deviation over w bars of the beta over {BETA_WINDOW} bars",
        units="ratio",
        source="practitioner",
        inputs=_BENCH,
        oracle="pandas rolling cov, var and std",
        windows=(120,),
        lookback=lambda w: w - 1 + SCALED_CHANGE,
        min_obs=lambda w: w - 1 + SCALED_MIN,
        value=lambda s, w: s.std(beta(s, BETA_WINDOW, last=False), w),
        why=_OWN_BENCH,
    ),
    returns(
        pattern="corr_chg_{window}",
        formula="corr_bench over a bars - corr_bench over b bars",
        units="[-2,2]",
        source="practitioner",
        inputs=_BENCH,
        oracle="numpy.corrcoef",
        windows=((20, 120),),
        value=lambda s, a, b: with_bench(s, a) - with_bench(s, b),
        why=_OWN_BENCH,
    ),
    returns(
        pattern="corr_dcor_{window}",
        formula="distance correlation of r and the benchmark's r over w bars",
        units="[0,1]",
        source="Szekely, Rizzo, Bakirov 2007",
        inputs=_BENCH,
        oracle="doubly centred distance matrices in numpy",
        windows=(120,),
        value=lambda s, w: where_both_move(
            s, comovement.distance_correlation(s.near(s.ret, w), bench(s), w), w
        ),
        why=_OWN_BENCH,
    ),
    returns(
        pattern="corr_spearman_{window}",
        formula="rank correlation of r and the benchmark's r over w bars, ties at their mid-rank",
        units="[-1,1]",
        source="Spearman 1904",
        inputs=_BENCH,
        oracle="scipy.stats.spearmanr",
        windows=(60,),
        value=lambda s, w: where_both_move(
            s, comovement.rank_correlation(s.near(s.ret, w), bench(s), w), w
        ),
        why=_OWN_BENCH,
    ),
    returns(
        pattern="corr_taildep_{window}",
        formula=(
            "share of the bars with the benchmark's r in its lowest 5 % of w on which r was in "
            "its own lowest 5 %"
        ),
        units="[0,1]",
        source="Longin & Solnik 2001",
        inputs=_BENCH,
        oracle="numpy.quantile",
        windows=(252,),
        value=tail_dependence,
        why=(
            "A count of joint exceedances, not the paper's fitted extreme-value model. "
            f"{_OWN_BENCH}"
        ),
    ),
    *(
        kernel(
            pattern=f"corr_ewma_{percent}",
            formula=(
                "weighted mean of products of r and the benchmark's r / root of the weighted mean "
                f"squares, weights 0.{percent}^i over existing pairs"
            ),
            units="[-1,1]",
            source="RiskMetrics 1996",
            inputs=_BENCH,
            oracle="pandas ewm after warm-up",
            lookback=partial(_ewma_bars, percent),
            min_obs=partial(_ewma_min, percent),
            value=lambda s, percent=percent: ewma_correlation(s, percent),
            why=f"Appears once as many pairs exist as the weights average over. {_OWN_BENCH}",
        )
        for percent in (94, 97)
    ),
)
