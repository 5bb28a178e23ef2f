"""What the Features page asks: the catalog, one feature's series, and its statistics in SQL."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from app import warehouse
from app.queries.prices import WINDOWS
from app.reduce import MOST_BARS, buckets, candles, line

TABLE = "features_daily"
CATALOG = "feature_catalog"
HEALTH = "feature_health"
LAGS = 60
BINS = 48
_NUMERIC = ("DOUBLE", "FLOAT", "INT", "DECIMAL", "BOOLEAN")


def count_by_module() -> dict[str, int]:
    """Return how many daily features each module has; empty without a catalog."""
    if warehouse.missing(CATALOG):
        return {}
    rows = warehouse.records(
        f"select module, count(*) as n from {CATALOG} where scope = 'daily' "
        "group by 1 order by min(position)"
    )
    return {row["module"]: row["n"] for row in rows}


def catalog() -> list[dict[str, Any]]:
    """Return the catalog in its order, with each feature's null share over all rows."""
    if warehouse.missing(HEALTH):
        return warehouse.records(
            f"select *, null::double as null_share from {CATALOG} order by position limit 4000"
        )
    return warehouse.records(
        f"""
        with health as (
            select feature, sum(null_share * count_rows) / sum(count_rows) as null_share
            from {HEALTH} group by 1
        )
        select c.*, h.null_share
        from {CATALOG} as c left join health as h on h.feature = c.name
        order by c.position
        limit 4000
        """
    )


def matching(entries: list[dict[str, Any]], words: str, module: str | None) -> list[dict[str, Any]]:
    """Return the entries of a module in which every word occurs, whatever its case.

    Parameters
    ----------
    entries
        The catalog.
    words
        Looked for in name, formula, units, source, inputs and oracle.
    module
        None for all.
    """
    wanted = words.lower().split()
    return [
        entry
        for entry in entries
        if (module is None or entry["module"] == module)
        and all(word in _searched(entry) for word in wanted)
    ]


def _searched(entry: dict[str, Any]) -> str:
    fields = ("name", "formula", "units", "source", "inputs", "oracle", "engine")
    return " ".join(str(entry.get(field) or "") for field in fields).lower()


def built() -> frozenset[str]:
    """Return the numeric columns of the wide table."""
    return frozenset(
        name for name, kind in warehouse.columns(TABLE).items() if any(n in kind for n in _NUMERIC)
    )


def symbols() -> list[str]:
    """Return the symbols that have features."""
    rows = warehouse.records(f"select distinct symbol from {TABLE} order by 1")
    return [row["symbol"] for row in rows]


def series(feature: str, symbol: str, window: str) -> pa.Table:
    """Return a symbol's daily candles beside a feature, reduced.

    The feature's row for a session holds what was known before that session opened; the row
    after the last bar is the next session's.

    Returns
    -------
    pyarrow.Table
        at, open, close, low, high, first, last, lowest, highest, spread, count_sessions.
    """
    return warehouse.table(
        f"""
        with bars as (select * from bars_1d where symbol = ?),
        known as (
            select session_date, {warehouse.quoted(feature)}::double as value
            from {TABLE} where symbol = ?
        ),
        days as (
            select
                coalesce(bars.session_date, known.session_date) as day,
                bars.open, bars.high, bars.low, bars.close, known.value
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
        symbol,
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
    row = warehouse.record(
        f"""
        with v as (
            select session_date, {warehouse.quoted(feature)}::double as v
            from {TABLE} where symbol = ?
        ),
        lagged as (select v, {lags} from v)
        select count(v) as n, {correlations} from lagged
        """,
        symbol,
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
        Columns to compare it with.
    symbol
        Whose rows; levels of different symbols are not mixed.
    most
        How many.
    """
    asked = [name for name in others if name != feature]
    if not asked:
        return []
    own = f"{warehouse.quoted(feature)}::double"
    words = ", ".join(
        f"corr({own}, {warehouse.quoted(name)}::double) as {warehouse.quoted(name)}"
        for name in asked
    )
    row = warehouse.record(f"select {words} from {TABLE} where symbol = ?", symbol)
    pairs = [(name, value) for name, value in row.items() if not _is_nan(value)]
    return sorted(pairs, key=lambda pair: (-abs(pair[1]), pair[0]))[:most]


def health(feature: str) -> pa.Table:
    """Return rows, null share, first session and reason of a feature by symbol."""
    return warehouse.table(
        f"""
        select symbol, count_rows, null_share, first_session, reason
        from {HEALTH} where feature = ? order by symbol limit 2000
        """,
        feature,
    )


def _values(feature: str, symbol: str | None) -> tuple[str, tuple[object, ...]]:
    source = f"select {warehouse.quoted(feature)}::double as v from {TABLE}"
    return (source, ()) if symbol is None else (f"{source} where symbol = ?", (symbol,))


def _is_nan(value: float | None) -> bool:
    return value is None or not math.isfinite(value)
