"""One symbol against another: price ratios, correlations, relative strength, leads."""

from __future__ import annotations

from functools import partial

from engine.features.lookback import SCALED_CHANGE, SCALED_CHANGE_MIN
from engine.features.market_universe import token, universe
from engine.features.market_workspace import MarketWorkspace
from engine.features.panel import Floats
from engine.features.registry import Family

kernel = partial(Family, engine="kernel")

BETA = 60  # returns that betas and residual deviations are taken over

_U = universe()
_B = _U.benchmark


def closes(*symbols: str) -> tuple[str, ...]:
    """Return the inputs of a family as the catalog names them."""
    return tuple(f"close of {symbol}" for symbol in symbols)


def needs(returns: int) -> int:
    """Return the closes from which a statistic of so many returns appears."""
    return max(returns + 1, SCALED_CHANGE_MIN)


def depends(returns: int) -> int:
    """Return the closes that a statistic of so many returns, and their scale, depends on."""
    return max(returns + 1, SCALED_CHANGE)


def residual_correlation(m: MarketWorkspace, w: int, y: str, x: str, given: str) -> Floats:
    """Correlation of y with what `given` leaves of x."""
    a, b, c = m.ret(y), m.ret(x), m.ret(given)
    _, _, yx = m.moments(a, b, w)
    yy, _, yc = m.moments(a, c, w)
    beta = m.slope(b, c, w)
    # The residual is that of a least-squares line, so its variance is the rest's.
    left = m.residual(b, c, w) * ((w - 2.0) / (w - 1.0)) ** 0.5
    out: Floats = (yx - beta * yc) / (left * yy**0.5)
    return out.clip(-1.0, 1.0)


RATIOS = (
    *(
        kernel(
            pattern=f"xa_ratio_z_{pair.name}_{{window}}",
            formula=f"(x - mean) / standard deviation over w bars, x = ln({pair.symbol} / "
            f"{pair.against})",
            units="sigma",
            source="Gatev, Goetzmann, Rouwenhorst 2006",
            inputs=closes(*pair.symbols),
            oracle="pandas rolling",
            windows=(60,),
            lookback=lambda w: max(w, SCALED_CHANGE),
            min_obs=lambda w: max(w, SCALED_CHANGE_MIN),
            value=lambda m, w, p=pair: m.zscore(m.ratio(p.symbol, p.against), w),
        )
        for pair in _U.of_kind("ratio")
    ),
    *(
        kernel(
            pattern=f"xa_ratio_mom_{pair.name}_{{window}}",
            formula=f"change of ln({pair.symbol} / {pair.against}) in w bars over its one-bar "
            f"deviation of {BETA} x sqrt(w)",
            units="sigma",
            source="practitioner",
            inputs=closes(*pair.symbols),
            oracle="pandas rolling",
            windows=(20,),
            lookback=lambda w: depends(max(w, BETA)),
            min_obs=lambda w: needs(max(w, BETA)),
            value=lambda m, w, p=pair: m.scaled_change(m.ratio(p.symbol, p.against), w, BETA),
        )
        for pair in _U.of_kind("ratio")
    ),
    *(
        kernel(
            pattern=f"xa_ratio_slopet_{pair.name}_{{window}}",
            formula=f"t-statistic of the least-squares line of ln({pair.symbol} / {pair.against}) "
            "on time over w bars",
            units="t",
            source="standard",
            inputs=closes(*pair.symbols),
            oracle="scipy.stats.linregress",
            windows=(60,),
            lookback=lambda w: w,
            value=lambda m, w, p=pair: m.trend(m.ratio(p.symbol, p.against), w)[1],
        )
        for pair in _U.of_kind("ratio")
    ),
)

CORRELATIONS = (
    *(
        kernel(
            pattern=f"xa_corr_{token(_B)}_{token(symbol)}_{{window}}",
            formula=f"correlation of the log returns of {_B} and {symbol} over w of them",
            units="[-1,1]",
            source="standard",
            inputs=closes(_B, symbol),
            oracle="numpy corrcoef",
            windows=(20, 60),
            lookback=depends,
            min_obs=needs,
            value=lambda m, w, s=symbol: m.correlation(m.ret(_B), m.ret(s), w),
        )
        for symbol in _U.others
    ),
    *(
        kernel(
            pattern=f"xa_corr_{pair.name}_{{window}}",
            formula=f"correlation of the log returns of {pair.symbol} and {pair.against} over w "
            "of them",
            units="[-1,1]",
            source="standard",
            inputs=closes(*pair.symbols),
            oracle="numpy corrcoef",
            windows=(60,),
            lookback=depends,
            min_obs=needs,
            value=lambda m, w, p=pair: m.correlation(m.ret(p.symbol), m.ret(p.against), w),
        )
        for pair in _U.of_kind("correlation")
    ),
    *(
        kernel(
            pattern=f"xa_corr_{pair.name}_{{window}}",
            formula=f"correlation of the log returns of {pair.symbol} with the residual of those "
            f"of {pair.against} regressed on those of {pair.given}, over w of them",
            units="[-1,1]",
            source="standard",
            inputs=closes(*pair.symbols),
            oracle="statsmodels OLS residuals, numpy corrcoef",
            windows=(60,),
            lookback=depends,
            min_obs=needs,
            why="A semi-partial correlation: what the third symbol explains is taken out of the "
            "second, so that interest rates do not stand between the two.",
            value=lambda m, w, p=pair: residual_correlation(m, w, p.symbol, p.against, p.given),
        )
        for pair in _U.of_kind("residual_correlation")
    ),
    *(
        kernel(
            pattern=f"xa_corrchg_{token(_B)}_{token(symbol)}_{{window}}",
            formula=f"correlation of the log returns of {_B} and {symbol} over the shorter window "
            "less that over the longer",
            units="[-2,2]",
            source="standard",
            inputs=closes(_B, symbol),
            oracle="numpy corrcoef",
            windows=((20, 120),),
            lookback=depends,
            min_obs=needs,
            value=lambda m, short, long, s=symbol: (
                m.correlation(m.ret(_B), m.ret(s), short) - m.correlation(m.ret(_B), m.ret(s), long)
            ),
        )
        for symbol in _U.others
    ),
)

RELATIVE_STRENGTH = tuple(
    kernel(
        pattern=f"xa_rs_{token(symbol)}_{{window}}",
        formula=f"(log return of {symbol} in w bars - beta x that of {_B}) / (residual deviation "
        f"x sqrt(w)); beta and residual of one-bar returns over {BETA}",
        units="sigma",
        source="Levy 1967; Blitz, Huij, Martens 2011",
        inputs=closes(symbol, _B),
        oracle="statsmodels OLS",
        windows=(20, 60),
        lookback=lambda w: depends(max(w, BETA)),
        min_obs=lambda w: needs(max(w, BETA)),
        value=lambda m, w, s=symbol: m.relative_strength(s, _B, w, BETA),
    )
    for symbol in _U.others
)

LEADS = tuple(
    kernel(
        pattern=f"xa_lead_{token(symbol)}_{{window}}",
        formula=f"correlation of the log return of {symbol} one bar before with that of {_B}, "
        "over w of them",
        units="[-1,1]",
        source="Lo & MacKinlay 1990; Hong, Torous, Valkanov 2007",
        inputs=closes(symbol, _B),
        oracle="numpy corrcoef",
        windows=(60,),
        lookback=lambda w: depends(w) + 1,
        min_obs=lambda w: needs(w) + 1,
        value=lambda m, w, s=symbol: m.correlation(m.lag(m.ret(s)), m.ret(_B), w),
    )
    for symbol in _U.others
)
