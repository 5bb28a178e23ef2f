"""Bars of one symbol over a window of sessions, reduced to what a chart can show."""

from __future__ import annotations

import pyarrow as pa

from app import warehouse
from app.reduce import MOST_BARS, buckets, candles

TIMEFRAMES = {"1d": "bars_1d", "1h": "bars_1h", "15min": "bars_15min", "5min": "bars_5min"}
WINDOWS = {"1M": 21, "3M": 63, "6M": 126, "1Y": 252, "2Y": 504, "All": 100_000}  # sessions


def symbols(table: str = "bars_1d") -> list[str]:
    """Return the symbols of a table, in order."""
    rows = warehouse.records(f"select distinct symbol from {warehouse.quoted(table)} order by 1")
    return [row["symbol"] for row in rows]


def first_choice(symbols: list[str]) -> int:
    """Return the position of the universe's benchmark among symbols, else 0."""
    if warehouse.missing("dim_universe"):
        return 0
    rows = warehouse.records("select symbol from dim_universe where role = 'benchmark' order by 1")
    return next((symbols.index(row["symbol"]) for row in rows if row["symbol"] in symbols), 0)


def bars_sql(timeframe: str, *, adjusted: bool) -> str:
    """Return the query for candles; its parameters are symbol, sessions, symbol.

    Parameters
    ----------
    timeframe
        One of `TIMEFRAMES`.
    adjusted
        Use the forward-adjusted prices.
    """
    name = TIMEFRAMES[timeframe]
    label = "%Y-%m-%d" if timeframe == "1d" else "%Y-%m-%d %H:%M"
    return f"""
    with days as (
        select distinct session_date from {name}
        where symbol = ? order by session_date desc limit ?
    ),
    bars as (
        select * from {name}
        where symbol = ? and session_date >= (select min(session_date) from days)
    ),
    numbered as ({buckets("bars", "open_ts", MOST_BARS)})
    select
        strftime(min(open_ts) at time zone 'America/New_York', '{label}') as "at",
        {candles("open_ts", "adj_" if adjusted else "")},
        sum(volume) as volume,
        count(*) as count_bars
    from numbered
    group by bucket
    order by bucket
    """


def bars(symbol: str, timeframe: str, window: str, *, adjusted: bool) -> pa.Table:
    """Return candles: at (New York), open, close, low, high, volume, count_bars."""
    sessions = WINDOWS[window]
    return warehouse.table(bars_sql(timeframe, adjusted=adjusted), symbol, sessions, symbol)
