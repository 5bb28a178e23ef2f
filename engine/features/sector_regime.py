"""Sector regime: which parts of the stock market lead, and how long they have.

The group is every member with the role sector, style or region; each is measured against the
benchmark. Ranks, dispersion and turnover are over the members that are known, at least half.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import combinations

import numpy as np

from engine.features.cross_asset.pairs import BETA, closes, depends, needs
from engine.features.cross_asset.risk import MOST, run
from engine.features.lookback import SCALED_CHANGE
from engine.features.market_universe import token, universe
from engine.features.market_workspace import MarketWorkspace, fewest
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.kernels import cross_section

ORDER = 210
SCOPE = "cross"

SMOOTH = 10  # bars that the relative-strength line is averaged over
LONG = 120  # bars that its level is compared with

kernel = partial(Family, engine="kernel")

_U = universe()
_B = _U.benchmark
_GROUP = _U.with_role("sector", "style", "region")
_SECTORS = _U.with_role("sector")
_CYCLES = _U.of_kind("cyclical_growth")
_GROUP_INPUTS = ("close of every sector, style and region member",)


def line(m: MarketWorkspace, symbol: str) -> Floats:
    """Log price in units of the benchmark, averaged."""
    return m.mean(m.ratio(symbol, _B), SMOOTH)


def strength(m: MarketWorkspace, symbol: str) -> Floats:
    """Where the averaged line stands in its half year."""
    x = m.ratio(symbol, _B)
    return m.divide(line(m, symbol) - m.mean(x, LONG), m.std(x, LONG), m.change(x, 1))


def momentum(m: MarketWorkspace, symbol: str) -> Floats:
    """Change of the averaged line in deviations."""
    changes = m.change(m.ratio(symbol, _B), 1)
    deviation = m.live(changes, BETA) * np.sqrt(SMOOTH)
    out: Floats = m.change(line(m, symbol), SMOOTH) / deviation
    return out


def quadrant(m: MarketWorkspace, symbol: str) -> Floats:
    """0 lagging, 1 improving, 2 weakening, 3 leading."""
    level, change = strength(m, symbol), momentum(m, symbol)
    found = 2.0 * (level > 0.0) + (change > 0.0)
    return np.where(np.isnan(level) | np.isnan(change), np.nan, found)


def adjusted(m: MarketWorkspace, w: int) -> Floats:
    """Return of w bars over deviation x sqrt(w) of the group's members, shape (n, k)."""
    return m.matrix(
        ("risk-adjusted", w), _GROUP, lambda symbol: m.scaled_change(m.log_close(symbol), w, w)
    )


def rank(m: MarketWorkspace, w: int, symbol: str) -> Floats:
    """Rank of the member's risk-adjusted return in the group."""
    return np.ascontiguousarray(m.ranks(adjusted(m, w), _GROUP)[:, _GROUP.index(symbol)])


def _mean(columns: Sequence[Floats]) -> Floats:
    """Return the mean of all; NaN where any is."""
    acc = columns[0]
    for column in columns[1:]:
        acc = acc + column
    return acc / len(columns)


def cyclical_growth(m: MarketWorkspace, w: int) -> Floats:
    """Return of cyclical over growth sectors in deviations."""
    spread = m.named(
        "cyclical over growth",
        lambda: _mean([m.ratio(pair.symbol, pair.against) for pair in _CYCLES]),
    )
    return m.scaled_change(spread, w, BETA)


def dispersion(m: MarketWorkspace, w: int) -> Floats:
    """Deviation across the group of w-bar returns, annualised."""
    returns = m.matrix(("returns", w), _GROUP, lambda symbol: m.change(m.log_close(symbol), w))
    scale = np.sqrt(m.market.periods_per_year / w)
    out: Floats = m.mean_std(returns, _GROUP)[1] * scale
    return out


def turnover(m: MarketWorkspace, w: int) -> Floats:
    """Mean absolute change of ranks in w bars."""
    now = m.ranks(adjusted(m, w), _GROUP)
    moved = np.full(now.shape, np.nan)
    moved[w:] = np.abs(now[w:] - now[:-w])
    out: Floats = cross_section.mean_std(moved, fewest(_GROUP))[0]
    return out


FAMILIES: tuple[Family, ...] = (
    *(
        kernel(
            pattern=f"sec_rsratio_{token(symbol)}",
            formula=f"(mean over {SMOOTH} bars - mean over {LONG}) / standard deviation over "
            f"{LONG} of ln({symbol} / {_B})",
            units="sigma",
            source="practitioner (relative rotation, de Kempenaer)",
            inputs=closes(symbol, _B),
            oracle="pandas",
            lookback=lambda w: max(LONG, SCALED_CHANGE),
            why=f"Smoothed, and over {LONG} bars: over {BETA} it would be xa_ratio_z.",
            min_obs=lambda w: LONG,
            value=lambda m, s=symbol: strength(m, s),
        )
        for symbol in _GROUP
    ),
    *(
        kernel(
            pattern=f"sec_rsmom_{token(symbol)}",
            formula=f"change in {SMOOTH} bars of the mean over {SMOOTH} of ln({symbol} / {_B}), "
            f"over its one-bar deviation of {BETA} x sqrt({SMOOTH})",
            units="sigma",
            source="practitioner (relative rotation, de Kempenaer)",
            inputs=closes(symbol, _B),
            oracle="pandas",
            lookback=lambda w: depends(BETA),
            min_obs=lambda w: needs(BETA),
            value=lambda m, s=symbol: momentum(m, s),
        )
        for symbol in _GROUP
    ),
    *(
        kernel(
            pattern=f"sec_quadrant_{token(symbol)}",
            formula=f"2 x (sec_rsratio_{token(symbol)} > 0) + (sec_rsmom_{token(symbol)} > 0): "
            "0 lagging, 1 improving, 2 weakening, 3 leading",
            units="ordinal",
            source="practitioner (relative rotation, de Kempenaer)",
            inputs=closes(symbol, _B),
            oracle="hand example",
            lookback=lambda w: max(LONG, SCALED_CHANGE),
            min_obs=lambda w: LONG,
            why="Ordered by strength first, then by where it goes.",
            value=lambda m, s=symbol: quadrant(m, s),
        )
        for symbol in _GROUP
    ),
    *(
        kernel(
            pattern=f"sec_rank_{token(symbol)}_{{window}}",
            formula=f"rank of {symbol} in the group by log return over one-bar deviation of w "
            "bars; 0 lowest, 1 highest",
            units="[0,1]",
            source="Moskowitz & Grinblatt 1999",
            inputs=closes(symbol),
            oracle="pandas rank",
            windows=(20, 60),
            lookback=depends,
            min_obs=needs,
            value=lambda m, w, s=symbol: rank(m, w, s),
        )
        for symbol in _GROUP
    ),
    kernel(
        pattern="sec_cyc_growth_{window}",
        formula="mean log return in w bars of "
        + " and ".join(f"{pair.symbol} over {pair.against}" for pair in _CYCLES)
        + f", over its one-bar deviation of {BETA} x sqrt(w)",
        units="sigma",
        source="practitioner",
        inputs=closes(*dict.fromkeys(s for pair in _CYCLES for s in pair.symbols)),
        oracle="pandas",
        windows=(20, 60),
        lookback=lambda w: depends(max(w, BETA)),
        min_obs=lambda w: needs(max(w, BETA)),
        value=cyclical_growth,
    ),
    kernel(
        pattern="sec_dispersion_{window}",
        formula="standard deviation across the group of w-bar log returns x sqrt(bars a year / w)",
        units="annual vol",
        source="practitioner",
        inputs=_GROUP_INPUTS,
        oracle="pandas",
        windows=(20, 60),
        lookback=lambda w: w + 1,
        value=dispersion,
    ),
    *(
        kernel(
            pattern=f"sec_corr_{token(a)}_{token(b)}_{{window}}",
            formula=f"correlation of the log returns of {a} and {b} over w of them",
            units="[-1,1]",
            source="standard",
            inputs=closes(a, b),
            oracle="numpy corrcoef",
            windows=(60,),
            lookback=depends,
            min_obs=needs,
            value=lambda m, w, a=a, b=b: m.correlation(m.ret(a), m.ret(b), w),
        )
        for a, b in combinations(_SECTORS, 2)
    ),
    *(
        kernel(
            pattern=f"sec_style_{pair.name}_{{window}}",
            formula=f"change of ln({pair.symbol} / {pair.against}) in w bars over its one-bar "
            f"deviation of {BETA} x sqrt(w)",
            units="sigma",
            source="practitioner",
            inputs=closes(*pair.symbols),
            oracle="pandas",
            windows=(20, 60),
            lookback=lambda w: depends(max(w, BETA)),
            min_obs=lambda w: needs(max(w, BETA)),
            value=lambda m, w, p=pair: m.scaled_change(m.ratio(p.symbol, p.against), w, BETA),
        )
        for pair in _U.of_kind("style")
    ),
    kernel(
        pattern="sec_turnover_{window}",
        formula="mean absolute change in w bars of the group's ranks over w",
        units="[0,1]",
        source="practitioner",
        inputs=_GROUP_INPUTS,
        oracle="pandas over sec_rank",
        windows=(20,),
        lookback=lambda w: depends(w) + w,
        min_obs=lambda w: needs(w) + w,
        value=turnover,
    ),
    kernel(
        pattern="sec_leader_days",
        formula=f"bars for which the same member has been first by log return over deviation of "
        f"{BETA} bars",
        units="bars",
        source="practitioner",
        inputs=_GROUP_INPUTS,
        oracle="hand example",
        lookback=lambda w: depends(BETA) + MOST - 1,
        min_obs=lambda w: needs(BETA) + 1,
        why=f"Counts to {MOST}; unknown where history or a missing bar hides the beginning.",
        value=lambda m: run(m, m.leader(adjusted(m, BETA), _GROUP)),
    ),
)
