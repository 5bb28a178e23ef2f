"""The market as a whole: dispersion, common variance, turbulence, breadth.

Statistics of many members are taken over those whose windows are whole, at least half of those
configured, so that one missing symbol blanks none of them.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.features.cross_asset.pairs import BETA, depends, needs
from engine.features.lookback import SCALED, SCALED_CHANGE
from engine.features.market_universe import universe
from engine.features.market_workspace import MarketWorkspace
from engine.features.panel import Floats
from engine.features.registry import Family

kernel = partial(Family, engine="kernel", inputs=("close of every member",))
equities = partial(Family, engine="kernel", inputs=("close of every equity member",))

RECENT = 15  # absorption ratios that a shift compares with a year's
YEAR = 252

_ALL = universe().symbols
_EQUITIES = universe().of_class("equity")

_CORRELATIONS = (
    "Of correlations, not covariances: in returns as they are the volatility product alone would "
    "be the first component."
)
_PRESENT = "Over the members whose windows are whole and move, at least half of those configured."


def dispersion(m: MarketWorkspace, w: int) -> Floats:
    """Deviation across members of w-bar returns, each in its own deviations."""
    scores = m.matrix(
        ("scores", w), _ALL, lambda symbol: m.scaled_change(m.log_close(symbol), w, BETA)
    )
    return m.mean_std(scores, _ALL)[1]


def absorption_shift(m: MarketWorkspace) -> Floats:
    """Recent mean of the three-component absorption ratio against its year."""
    ratio = m.components(_ALL, BETA)[1]
    x = m.named("absorption of three", lambda: ratio)
    return m.divide(m.mean(x, RECENT) - m.mean(x, YEAR), m.std(x, YEAR), m.change(x, 1))


def _share(m: MarketWorkspace, key: str, w: int, sign: str) -> Floats:
    """Share of equity members of which something holds."""

    def holds(symbol: str) -> Floats:
        close = m.close(symbol)
        margin = close - m.mean(close, w) if sign == "mean" else m.change(close, w)
        return np.where(np.isnan(margin), np.nan, (margin > 0.0).astype(np.float64))

    return m.mean_std(m.matrix((key, w), _EQUITIES, holds), _EQUITIES)[0]


def new_extremes(m: MarketWorkspace, w: int) -> Floats:
    """Share of equity members at their highest close of w bars less share at their lowest."""

    def state(symbol: str) -> Floats:
        high, low, _, _ = m.close_extremes(symbol, w)
        close = m.close(symbol)
        flat = high == low  # neither
        found = (close == high).astype(np.float64) - (close == low).astype(np.float64)
        return np.where(np.isnan(high), np.nan, np.where(flat, 0.0, found))

    return m.mean_std(m.matrix(("extreme", w), _EQUITIES, state), _EQUITIES)[0]


def _component(row: int, w: int, m: MarketWorkspace) -> Floats:
    out: Floats = m.components(_ALL, w)[row]
    return out


FAMILIES = (
    kernel(
        pattern="xa_disp_{window}",
        formula=f"standard deviation across members of w-bar log returns, each over its own "
        f"one-bar deviation of {BETA} x sqrt(w)",
        units="sigma",
        source="practitioner",
        oracle="pandas",
        windows=(1, 5, 20),
        lookback=lambda w: depends(max(w, BETA)),
        min_obs=lambda w: needs(max(w, BETA)),
        why="Returns in their own deviations: in returns as they are the volatility product "
        f"alone makes the number. {_PRESENT}",
        value=dispersion,
    ),
    kernel(
        pattern="xa_avgcorr_{window}",
        formula="mean correlation of all pairs of members over w log returns",
        units="[-1,1]",
        source="Pollet & Wilson 2010",
        oracle="numpy corrcoef; hand-worked three assets",
        windows=(20, 60, 120),
        lookback=depends,
        min_obs=needs,
        why=_PRESENT,
        value=lambda m, w: m.average_correlation(_ALL, w),
    ),
    *(
        kernel(
            pattern=f"xa_absorb{number}_{{window}}",
            formula=f"share of the first {number} eigenvalue(s) in the sum of all, of the "
            "members' correlations over w log returns",
            units="[0,1]",
            source="Kritzman, Li, Page, Rigobon 2011",
            oracle="numpy.linalg.eigh; hand-worked three assets",
            windows=(60, 252),
            lookback=depends,
            min_obs=needs,
            why=f"{_CORRELATIONS} {_PRESENT}",
            value=lambda m, w, row=row: _component(row, w, m),
        )
        for row, number in enumerate((1, 3))
    ),
    kernel(
        pattern="xa_enb_{window}",
        formula="exp of the entropy of the principal components' shares in the variance of the "
        "portfolio with equal risk in each member, over w log returns",
        units="bets",
        source="Meucci 2009",
        oracle="numpy.linalg.eigh",
        windows=(60,),
        lookback=depends,
        min_obs=needs,
        why=f"{_CORRELATIONS} {_PRESENT}",
        value=lambda m, w: _component(2, w, m),
    ),
    kernel(
        pattern="xa_pc1_conc_{window}",
        formula="sum of fourth powers of the loadings of the first principal component of the "
        "members' correlations over w log returns: 1 over their number when all load alike",
        units="[0,1]",
        source="practitioner",
        oracle="numpy.linalg.eigh",
        windows=(60,),
        lookback=depends,
        min_obs=needs,
        why=_PRESENT,
        value=lambda m, w: _component(3, w, m),
    ),
    kernel(
        pattern="xa_absorb_shift",
        formula=f"(mean of xa_absorb3_{BETA} over {RECENT} bars - mean over {YEAR}) / standard "
        f"deviation over {YEAR}",
        units="sigma",
        source="Kritzman, Li, Page, Rigobon 2011",
        oracle="pandas over xa_absorb3_60",
        lookback=lambda w: depends(BETA) + max(YEAR - 1, SCALED),
        min_obs=lambda w: needs(BETA) + YEAR - 1,
        why=_PRESENT,
        value=absorption_shift,
    ),
    kernel(
        pattern="xa_turb_{window}",
        formula="squared Mahalanobis distance of the bar's log returns from the w before it, over "
        "the number of members",
        units="chi2 / members",
        source="Kritzman & Li 2010",
        oracle="scipy mahalanobis",
        windows=(252,),
        lookback=lambda w: max(w + 2, SCALED_CHANGE),
        why="Over the number of members, so that a missing one does not lower it: 1 is ordinary. "
        f"Mean and covariance end the bar before. {_PRESENT}",
        value=lambda m, w: m.turbulence(_ALL, w),
    ),
    kernel(
        pattern="xa_turb_mean_{window}",
        formula=f"mean of xa_turb_{YEAR} over w bars",
        units="chi2 / members",
        source="Kritzman & Li 2010",
        oracle="pandas",
        windows=(20,),
        lookback=lambda w: max(YEAR + 2, SCALED_CHANGE) + w - 1,
        value=lambda m, w: m.mean(m.turbulence(_ALL, YEAR), w),
    ),
    equities(
        pattern="xa_breadth_sma_{window}",
        formula="share of equity members whose close is above its mean of w bars",
        units="[0,1]",
        source="practitioner",
        oracle="pandas; hand example",
        windows=(20, 60, 200),
        lookback=lambda w: w,
        why="Of the equity members: bonds and volatility rise when these fall.",
        value=lambda m, w: _share(m, "above mean", w, "mean"),
    ),
    equities(
        pattern="xa_breadth_pos_{window}",
        formula="share of equity members that rose in w bars",
        units="[0,1]",
        source="practitioner",
        oracle="pandas; hand example",
        windows=(1, 5, 20),
        lookback=lambda w: w + 1,
        why="Of the equity members: bonds and volatility rise when these fall.",
        value=lambda m, w: _share(m, "rose", w, "change"),
    ),
    equities(
        pattern="xa_hilo_{window}",
        formula="share of equity members at their highest close of w bars less share at their "
        "lowest",
        units="[-1,1]",
        source="practitioner",
        oracle="pandas; hand example",
        windows=(20, 60, 252),
        lookback=lambda w: w,
        why="Of the equity members: bonds and volatility rise when these fall. A member that has "
        "not moved is at neither.",
        value=new_extremes,
    ),
)
