"""What the Features page asks of one feature: its series, and its statistics in SQL.

A feature belongs to a symbol or an underlying; one of features_cross_asset to the market, so that a
symbol chooses no rows of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from app import warehouse
from app.queries.prices import WINDOWS
from app.reduce import MOST_BARS, buckets, candles, line
from engine.warehouse.scopes import SCOPES, Scope

TABLE = SCOPES["daily"].table
LAGS = 60
BINS = 48


def symbols() -> list[str]:
    """Return the symbols that have features."""
    rows = warehouse.records(f"select distinct symbol from {TABLE} order by 1")
    return [row["symbol"] for row in rows]


def series(feature: str, symbol: str, window: str) -> pa.Table:
    """Return a symbol's daily candles, adjusted, beside a feature, reduced.

    The feature's row for a session holds what was known before that session opened; the row
    after the last bar is the next session's.

    Returns
    -------
    pyarrow.Table
        at, open, close, low, high, first, last, lowest, highest, spread, count_sessions.
    """
    source, parameters = _values(feature, symbol)
    return warehouse.table(
        f"""
        with bars as (select * from bars_1d where symbol = ?),
        known as (select session_date, v as value from ({source})),
        days as (
            select
                coalesce(bars.session_date, known.session_date) as day,
                bars.adj_open as open, bars.adj_high as high,
                bars.adj_low as low, bars.adj_close as close, known.value
            from bars full join known on bars.session_date = known.session_date
            order by day desc limit ?
        ),
        numbered as ({buckets("days", "day", MOST_BARS)})
        select
            strftime(min(day), '%Y-%m-%d') as "at",
            {candles("day")},
            {line("value", "day")},
            max(value) - min(value) as spread,
            count(*) as count_sessions
        from numbered
        group by bucket
        order by bucket
        """,
        symbol,
        *parameters,
        WINDOWS[window] + 1,
    )


_MOMENTS = {
    "rows": "count(*)",
    "values": "count(v)",
    "mean": "avg(v)",
    "std": "stddev_samp(v)",
    "skewness": "skewness(v)",
    "kurtosis": "kurtosis(v)",
    "lowest": "min(v)",
    "5%": "quantile_cont(v, 0.05)",
    "median": "median(v)",
    "95%": "quantile_cont(v, 0.95)",
    "highest": "max(v)",
    "distinct": "count(distinct v)",
}


def moments(feature: str, symbol: str | None) -> dict[str, float | None]:
    """Return counts, moments and quantiles of a feature; kurtosis is the excess.

    Parameters
    ----------
    feature
        Column of the wide table.
    symbol
        None for all symbols together.
    """
    words = ", ".join(f"{sql} as {warehouse.quoted(name)}" for name, sql in _MOMENTS.items())
    source, parameters = _values(feature, symbol)
    row = warehouse.record(f"with v as ({source}) select {words} from v", *parameters)
    return {name: None if _is_nan(value) else value for name, value in row.items()}


@dataclass(frozen=True)
class Histogram:
    """Counts of values by bin.

    Parameters
    ----------
    edges
        Lower edge of each bin; the value itself where values are few.
    counts
        Values in each.
    count_clipped
        Values beyond the outermost edges, counted in the outermost bins.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    count_clipped: int


def histogram(feature: str, symbol: str | None) -> Histogram:
    """Return the histogram of a feature, counted in SQL.

    A feature of few distinct values has a bin for each; else the bins divide the range
    between the 0.5% and 99.5% quantiles, and the outermost hold the tails.

    Parameters
    ----------
    feature
        Column of the wide table.
    symbol
        None for all symbols together.
    """
    source, parameters = _values(feature, symbol)
    few = warehouse.records(
        f"with v as ({source}) select v, count(*) as n from v where v is not null "
        f"group by 1 order by 1 limit {BINS + 1}",
        *parameters,
    )
    if len(few) <= BINS:
        return Histogram(tuple(row["v"] for row in few), tuple(row["n"] for row in few), 0)
    rows = warehouse.records(
        f"""
        with v as ({source}),
        ends as (
            select quantile_cont(v, 0.005) as low, quantile_cont(v, 0.995) as high from v
        ),
        placed as (
            select
                low,
                (high - low) / {BINS} as width,
                v < low or v > high as is_clipped,
                case when high > low
                    then least({BINS - 1}, greatest(0, floor((v - low) / (high - low) * {BINS})))
                    else 0 end::integer as bin
            from v cross join ends
            where v is not null
        )
        select
            bin,
            any_value(low) + bin * any_value(width) as edge,
            count(*) as n,
            count(*) filter (is_clipped) as clipped
        from placed
        group by bin
        order by bin
        """,
        *parameters,
    )
    by_bin = {row["bin"]: row for row in rows}
    first = rows[0]
    width = (rows[-1]["edge"] - first["edge"]) / max(1, rows[-1]["bin"] - first["bin"])
    low = first["edge"] - first["bin"] * width
    bins = range(BINS if width > 0 else 1)
    return Histogram(
        edges=tuple(low + number * width for number in bins),
        counts=tuple(by_bin[number]["n"] if number in by_bin else 0 for number in bins),
        count_clipped=sum(row["clipped"] for row in rows),
    )


def autocorrelation(feature: str, symbol: str) -> tuple[list[float | None], int]:
    """Return a feature's correlation with itself 1 to `LAGS` sessions before, and its values."""
    lags = ", ".join(
        f"lag(v, {lag}) over (order by session_date) as l{lag}" for lag in range(1, LAGS + 1)
    )
    correlations = ", ".join(f"corr(v, l{lag}) as c{lag}" for lag in range(1, LAGS + 1))
    source, parameters = _values(feature, symbol)
    row = warehouse.record(
        f"""
        with v as ({source}),
        lagged as (select v, {lags} from v)
        select count(v) as n, {correlations} from lagged
        """,
        *parameters,
    )
    found = [row[f"c{lag}"] for lag in range(1, LAGS + 1)]
    return [None if _is_nan(value) else value for value in found], row["n"]


def neighbours(
    feature: str, others: list[str], symbol: str, most: int = 16
) -> list[tuple[str, float]]:
    """Return the features that correlate most with one, strongest first, whatever the sign.

    Parameters
    ----------
    feature
        Column of the wide table.
    others
        Columns to compare it with, of either wide table.
    symbol
        Whose rows; levels of different symbols are not mixed.
    most
        How many.
    """
    asked = [name for name in others if name != feature]
    if not asked:
        return []
    words = ", ".join(
        f"corr({warehouse.quoted(feature)}::double, {warehouse.quoted(name)}::double)"
        f" as {warehouse.quoted(name)}"
        for name in asked
    )
    row = warehouse.record(f"select {words} from {_joined([feature, *asked])}", symbol)
    pairs = [(name, value) for name, value in row.items() if not _is_nan(value)]
    return sorted(pairs, key=lambda pair: (-abs(pair[1]), pair[0]))[:most]


def by_regime(feature: str, column: str, symbol: str, *, pooled: bool) -> dict[str, dict[str, Any]]:
    """Return quantiles and moments of a feature in each regime that was known as early.

    Parameters
    ----------
    feature
        Column of a wide table.
    column
        Of regimes_daily.
    symbol
        Whose rows, and whose regime.
    pooled
        Rows of all symbols, each under its own regime; a feature of the market stays with the
        regime of `symbol`.

    Returns
    -------
    dict
        By regime: n, mean, std, low (5%), q1, median, q3, high (95%).
    """
    of_market = is_market(feature)
    owner = "? as symbol" if of_market else "symbol"
    only = "" if of_market or pooled else "where symbol = ?"
    rows = warehouse.records(
        f"""
        with known as (
            select {owner}, session_date, {warehouse.quoted(feature)}::double as v
            from {table_of(feature)} {only}
        )
        select
            regimes.{warehouse.quoted(column)} as regime,
            count(v) as n,
            avg(v) as mean,
            stddev_samp(v) as std,
            quantile_cont(v, 0.05) as low,
            quantile_cont(v, 0.25) as q1,
            median(v) as median,
            quantile_cont(v, 0.75) as q3,
            quantile_cont(v, 0.95) as high
        from known
        inner join regimes_daily as regimes using (symbol, session_date)
        where known.v is not null and regime is not null
        group by 1
        """,
        *(() if pooled and not of_market else (symbol,)),
    )
    return {row.pop("regime"): row for row in rows}


def is_market(feature: str) -> bool:
    """Return whether a feature belongs to the market, not to a symbol."""
    return _scope_of(feature).of_market


def table_of(feature: str) -> str:
    """Return the wide table that has a feature."""
    return _scope_of(feature).table


def _scope_of(feature: str) -> Scope:
    found = (scope for scope in SCOPES.values() if feature in warehouse.columns(scope.table))
    return next(found, SCOPES["daily"])


def _joined(features: list[str]) -> str:
    """Return a relation with all these features for one symbol, which is its one parameter."""
    joins = [
        f" inner join (select * exclude (known_at) from {scope.table}) as of_{scope.name}"
        f" using ({', '.join(scope.key)})"
        for scope in SCOPES.values()
        if scope.table != TABLE and warehouse.columns(scope.table).keys() & set(features)
    ]
    return f"(select * from {TABLE} where symbol = ?) as daily{''.join(joins)}"


def _values(feature: str, symbol: str | None) -> tuple[str, tuple[object, ...]]:
    """Return a query for session_date and v, and its parameters; None for all symbols."""
    source = (
        f"select session_date, {warehouse.quoted(feature)}::double as v from {table_of(feature)}"
    )
    if symbol is None or is_market(feature):
        return source, ()
    return f"{source} where symbol = ?", (symbol,)


def _is_nan(value: float | None) -> bool:
    return value is None or not math.isfinite(value)
