"""Appetite for risk: its composite, credit, flights to quality, gold and oil, volatility."""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.cross_asset.pairs import BETA, closes, depends, needs
from engine.features.lookback import SCALED, SCALED_CHANGE, SCALED_CHANGE_MIN, SCALED_MIN
from engine.features.market_universe import Pair, universe
from engine.features.market_workspace import MarketWorkspace
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.kernels import counters
from engine.kernels.safe_division import FLOOR

kernel = partial(Family, engine="kernel")

MOST = 252  # bars at which counters stop
SIGN = 20  # returns whose correlation gives the sign of stocks against bonds
FAR = 1.0  # deviations that make a fall of stocks and a rise of bonds a flight to quality

_U = universe()
_APPETITE = _U.of_kind("risk_appetite")
_APPETITE_INPUTS = closes(*dict.fromkeys(s for pair in _APPETITE for s in pair.symbols))
_COUNTED = f"Counts to {MOST}; unknown where history or a missing bar hides the beginning."


def appetite(m: MarketWorkspace) -> Floats:
    """Mean z-score of the ratios that rise when risk is sought, over those known."""

    def make() -> Floats:
        scores = [m.zscore(m.ratio(pair.symbol, pair.against), BETA) for pair in _APPETITE]
        names = [pair.name for pair in _APPETITE]
        return m.mean_std(np.column_stack(scores), names)[0]

    return m.named("risk appetite", make)


def run(m: MarketWorkspace, state: Floats) -> Floats:
    """Bars for which the state has lasted."""
    out: Floats = m.once(state, "run", lambda: counters.bars_in_state(state, MOST - 1) + 1.0)
    return out


def flight(m: MarketWorkspace, pair: Pair) -> Floats:
    """1 where stocks fall and bonds rise by more than a deviation of the bars before, else 0."""

    def make() -> Floats:
        stocks, bonds = m.ret(pair.symbol), m.ret(pair.against)
        down = stocks + FAR * m.lag(m.live(stocks, BETA))
        up = bonds - FAR * m.lag(m.live(bonds, BETA))
        known = ~(np.isnan(down) | np.isnan(up))
        return np.where(known, ((down < 0.0) & (up > 0.0)).astype(np.float64), np.nan)

    return m.named(("flight", pair.name), make)


def sign(m: MarketWorkspace, pair: Pair) -> Floats:
    """Sign of the pair's correlation."""
    return m.named(
        ("sign", pair.name),
        lambda: np.sign(m.correlation(m.ret(pair.symbol), m.ret(pair.against), SIGN)),
    )


def asymmetry(m: MarketWorkspace, w: int, pair: Pair) -> Floats:
    """Slope on falls less slope on rises, both from one regression."""
    y, x = m.ret(pair.symbol), m.ret(pair.against)
    falls = m.named(("falls", pair.against), lambda: np.minimum(x, 0.0))
    rises = m.named(("rises", pair.against), lambda: np.maximum(x, 0.0))
    ff, rr, fr = m.moments(falls, rises, w)
    _, _, fy = m.moments(falls, y, w)
    _, _, ry = m.moments(rises, y, w)
    rest = ff * rr - fr * fr
    # Half of either side's values are 0: what counts as dead is that of the whole.
    alive = (rest > FLOOR * ff * rr) & m.alive(np.sqrt(np.minimum(ff, rr)), x)
    rest = np.where(alive, rest, np.nan)
    out: Floats = ((fy * rr - ry * fr) - (ry * ff - fy * fr)) / rest
    return out


def decay(m: MarketWorkspace, w: int, pair: Pair) -> Floats:
    """Return of the volatility product less what the index's change explains of it."""
    own, index = m.log_close(pair.symbol), m.level("vix")
    beta = m.slope(m.ret(pair.symbol), m.change(index, 1), BETA)
    return m.change(own, w) - beta * m.change(index, w)


FAMILIES = (
    kernel(
        pattern="xa_riskon",
        formula=f"mean of the z-scores over {BETA} bars of the log ratios "
        + ", ".join(f"{pair.symbol} / {pair.against}" for pair in _APPETITE),
        units="sigma",
        source="practitioner",
        inputs=_APPETITE_INPUTS,
        oracle="pandas",
        lookback=lambda w: max(BETA, SCALED_CHANGE),
        min_obs=lambda w: max(BETA, SCALED_CHANGE_MIN),
        why="Over the ratios that are known, at least half of them.",
        value=appetite,
    ),
    kernel(
        pattern="xa_riskon_z_{window}",
        formula="(xa_riskon - mean) / standard deviation over w bars",
        units="sigma",
        source="practitioner",
        inputs=_APPETITE_INPUTS,
        oracle="pandas over xa_riskon",
        windows=(60,),
        lookback=lambda w: max(BETA, SCALED_CHANGE) + SCALED,
        min_obs=lambda w: max(BETA, SCALED_CHANGE_MIN) + max(w - 1, SCALED_MIN),
        value=lambda m, w: m.zscore(appetite(m), w),
    ),
    kernel(
        pattern="xa_riskon_chg_{window}",
        formula="change of xa_riskon in w bars",
        units="sigma",
        source="practitioner",
        inputs=_APPETITE_INPUTS,
        oracle="pandas over xa_riskon",
        windows=(5,),
        lookback=lambda w: max(BETA, SCALED_CHANGE) + w,
        min_obs=lambda w: max(BETA, SCALED_CHANGE_MIN) + w,
        value=lambda m, w: m.change(appetite(m), w),
    ),
    kernel(
        pattern="xa_riskon_days",
        formula="bars for which xa_riskon has had its sign, times that sign",
        units="bars",
        source="practitioner",
        inputs=_APPETITE_INPUTS,
        oracle="hand example",
        lookback=lambda w: max(BETA, SCALED_CHANGE) + MOST - 1,
        min_obs=lambda w: max(BETA, SCALED_CHANGE_MIN) + 1,
        why=f"With its sign, so that long calm and long fear differ. {_COUNTED}",
        value=lambda m: (
            run(m, m.named("appetite sign", lambda: np.sign(appetite(m)))) * np.sign(appetite(m))
        ),
    ),
    *(
        kernel(
            pattern=f"xa_{pair.name}_{{window}}",
            formula=f"(log return of {pair.symbol} in w bars - beta x that of {pair.against}) / "
            f"(residual deviation x sqrt(w)); beta and residual of one-bar returns over {BETA}",
            units="sigma",
            source="practitioner",
            inputs=closes(*pair.symbols),
            oracle="statsmodels OLS",
            windows=(5, 20, 60),
            lookback=lambda w: depends(max(w, BETA)),
            min_obs=lambda w: needs(max(w, BETA)),
            why="Over the residual's deviation, so that eras compare.",
            value=lambda m, w, p=pair: m.relative_strength(p.symbol, p.against, w, BETA),
        )
        for pair in _U.of_kind("credit")
    ),
    *(
        family
        for pair in _U.of_kind("stock_bond")
        for family in (
            kernel(
                pattern="xa_ftq",
                formula=f"1 where {pair.symbol} falls and {pair.against} rises, each by more than "
                f"its one-bar deviation of the {BETA} bars before, else 0",
                units="flag",
                source="practitioner",
                inputs=closes(*pair.symbols),
                oracle="pandas; hand example",
                lookback=lambda w: depends(BETA) + 1,
                min_obs=lambda w: needs(BETA) + 1,
                why="The deviations end the bar before: the event does not measure itself.",
                value=lambda m, p=pair: flight(m, p),
            ),
            kernel(
                pattern="xa_ftq_since",
                formula="bars since xa_ftq was last 1",
                units="bars",
                source="practitioner",
                inputs=closes(*pair.symbols),
                oracle="hand example",
                lookback=lambda w: depends(BETA) + MOST,
                min_obs=lambda w: needs(BETA) + 1,
                why=_COUNTED,
                value=lambda m, p=pair: counters.bars_since(flight(m, p), MOST),
            ),
            kernel(
                pattern=f"xa_{pair.name}_sign",
                formula=f"sign of the correlation of {pair.symbol} and {pair.against} over {SIGN} "
                "log returns",
                units="-1 or 1",
                source="Baele, Bekaert, Inghelbrecht 2010",
                inputs=closes(*pair.symbols),
                oracle="numpy corrcoef",
                lookback=lambda w: depends(SIGN),
                min_obs=lambda w: needs(SIGN),
                why=f"Over {SIGN} bars: over {BETA} the sign stands still for years.",
                value=lambda m, p=pair: sign(m, p),
            ),
            kernel(
                pattern=f"xa_{pair.name}_days",
                formula=f"bars for which xa_{pair.name}_sign has been what it is",
                units="bars",
                source="practitioner",
                inputs=closes(*pair.symbols),
                oracle="hand example",
                lookback=lambda w: depends(SIGN) + MOST - 1,
                min_obs=lambda w: needs(SIGN) + 1,
                why=_COUNTED,
                value=lambda m, p=pair: run(m, sign(m, p)),
            ),
        )
    ),
    *(
        kernel(
            pattern=f"xa_{pair.name}_{{window}}",
            formula=f"correlation of the log returns of {pair.symbol} and {pair.against} over w "
            "of them",
            units="[-1,1]",
            source="standard",
            inputs=closes(*pair.symbols),
            oracle="numpy corrcoef",
            windows=(20, 60),
            lookback=depends,
            min_obs=needs,
            why="A change of their ratio would be xa_ratio_mom of the same two with another sign; "
            "whether a haven and a cycle move together is said nowhere else.",
            value=lambda m, w, p=pair: m.correlation(m.ret(p.symbol), m.ret(p.against), w),
        )
        for pair in _U.of_kind("gold_oil")
    ),
    *(
        family
        for pair in _U.of_kind("volatility")
        for family in (
            kernel(
                pattern=f"xa_{pair.name}beta_{{window}}",
                formula=f"least-squares slope of the log returns of {pair.symbol} on those of "
                f"{pair.against} over w of them",
                units="beta",
                source="standard",
                inputs=closes(*pair.symbols),
                oracle="statsmodels OLS",
                windows=(20, 60),
                lookback=depends,
                min_obs=needs,
                value=lambda m, w, p=pair: m.slope(m.ret(p.symbol), m.ret(p.against), w),
            ),
            kernel(
                pattern=f"xa_{pair.name}asym_{{window}}",
                formula=f"slope of {pair.symbol} on falls of {pair.against} less slope on its "
                "rises, from one regression on both over w log returns",
                units="beta",
                source="practitioner",
                inputs=closes(*pair.symbols),
                oracle="statsmodels OLS",
                windows=(60,),
                lookback=depends,
                min_obs=needs,
                value=lambda m, w, p=pair: asymmetry(m, w, p),
            ),
            kernel(
                pattern=f"xa_{pair.name}decay_{{window}}",
                formula=f"log return of {pair.symbol} in w bars less beta x the log change of the "
                f"VIX; beta of one-bar changes over {BETA}",
                units="log return",
                source="Whaley 2013",
                inputs=(*closes(pair.symbol), "vix"),
                oracle="statsmodels OLS",
                windows=(20,),
                lookback=lambda w: depends(max(w, BETA)),
                min_obs=lambda w: needs(max(w, BETA)),
                why="Less what the index's own change explains: what holding the futures cost.",
                value=lambda m, w, p=pair: decay(m, w, p),
            ),
        )
    ),
)
