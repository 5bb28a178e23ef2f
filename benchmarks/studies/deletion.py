"""Taking quotes that are known out of a lake, by a seeded draw, and saying what was taken.

An expiry in a session is treated in one of these ways:

=============  ===================================================================================
single         every tenth contract loses its quote
put wing       all strikes beyond the 25-delta put lose theirs
call wing      all strikes beyond the 25-delta call
thin           all but three strikes
expiry         all
last trade     (simulated) every fourth contract has a trade at a known minute in place of the quote
day trade      (simulated) every contract that traded has the day's aggregate in place of the quote
=============  ===================================================================================
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.studies.stores import SEED
from engine.kernels import black
from engine.lake.schema import DAY_SECONDS, OPTIONS, SNAPSHOT_SECONDS
from engine.lake.store import Lake

FIRST_WHOLE = 3  # sessions left as they are: what was never seen gets no mark
EARLIEST_TRADE = 150  # minutes before the snapshot

# shares of expiries, in hundredths, that are treated in each way
WAYS = """
    case
        when draw < 6 then 'expiry'
        when draw < 14 then 'put wing'
        when draw < 22 then 'call wing'
        when draw < 30 then 'thin'
        when draw < 45 then 'last trade'
        when draw < 60 then 'day trade'
        else 'single'
    end
"""


def prepare(
    connection: duckdb.DuckDBPyConnection, lake: Path, trades_of: int = SNAPSHOT_SECONDS
) -> None:
    """Make the table `known`: every usable quote of a lake, its last trade, and its way.

    `connection` is one to the build of the whole lake; `trades_of` are the rows whose close is
    the last trade, those of the snapshot or those of the day.
    """
    has_trades = "sim" in lake.parent.name
    ways = WAYS if has_trades else WAYS.replace("'last trade'", "'single'").replace(
        "'day trade'", "'single'"
    )  # fmt: skip
    connection.execute(f"""
        create temp table last_trades as
        select
            session_date, root, expiration, strike, option_type,
            last_value(close ignore nulls) over (
                partition by root, expiration, strike, option_type order by session_date
            ) as last_trade
        from (
            select
                parse_filename(filename, true)::date as session_date,
                root, expiration, strike, option_type, close
            from read_parquet('{lake}/options/2*.parquet', filename = true)
            where bar_seconds = {trades_of}
        )
    """)
    connection.execute(f"""
        create temp table known as
        with marks as (
            select
                *,
                expiration - session_date as dte,
                if(option_type = 'C', delta, delta + 1.0) as call_delta,
                hash(root, expiration, session_date, {SEED}) % 100 as draw,
                hash(root, expiration, strike, option_type, session_date, {SEED}) as own_draw,
                dense_rank() over (order by session_date) as number
            from option_marks
            where is_observed and quote_check in ('good', 'wide') and t > 0 and delta is not null
        ),
        treated as (select *, {ways} as way from marks where number > {FIRST_WHOLE}),
        ranked as (
            select
                *,
                dense_rank() over (
                    partition by session_date, root, expiration
                    order by
                        case when call_delta between 0.15 and 0.85 then 0 else 1 end,
                        hash(strike, session_date, {SEED})
                ) as strike_rank
            from treated
        )
        select
            ranked.session_date, underlying, root, expiration, strike, option_type,
            dte, call_delta, way, own_draw, t, forward, spot, iv,
            0.5 * (bid + ask) as mid, ask - bid as spread, last_trade,
            case way
                when 'expiry' then true
                when 'put wing' then call_delta > 0.75
                when 'call wing' then call_delta < 0.25
                when 'thin' then strike_rank > 3
                when 'last trade' then own_draw % 4 = 0
                when 'day trade' then true
                else own_draw % 10 = 0
            end as is_out
        from ranked
        left join last_trades using (session_date, root, expiration, strike, option_type)
    """)


def take_out(connection: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """Take the quotes that `known` names out of a copy of the lake that it was made from."""
    for day in lake.days("options"):
        connection.register("rows", lake.read_day("options", day))
        kept = connection.sql(
            f"""
            select rows.* from rows
            left join (from known where session_date = $day) as known
                using (root, expiration, strike, option_type)
            anti join (
                from known where session_date = $day and way = 'expiry'
            ) as expiries using (root, expiration)
            where
                not coalesce(known.is_out, false)
                or (known.way = 'day trade' and rows.bar_seconds = {DAY_SECONDS})
                -- what did not trade keeps its quote
                or (known.way = 'day trade' and not exists (
                    from rows as trades
                    where
                        trades.bar_seconds = {DAY_SECONDS} and trades.root = rows.root
                        and trades.expiration = rows.expiration and trades.strike = rows.strike
                        and trades.option_type = rows.option_type
                ))
            """,
            params={"day": day},
        ).to_arrow_table()
        connection.unregister("rows")
        rows = [kept.cast(OPTIONS.schema)]
        trades = minute_trades(connection, lake, day)
        if trades is not None:
            rows.append(trades)
        lake.write_day("options", day, pa.concat_tables(rows))
    lake.scan()


def minute_trades(
    connection: duckdb.DuckDBPyConnection, lake: Lake, day: dt.date
) -> pa.Table | None:
    """Return a trade for each contract that is to have one, at the share price of its minute.

    Worth is what the contract's volatility of the snapshot says at the minute, less what it says
    at the snapshot, on top of the quote's mid; the trade is paid up to 0.4 spreads off it.
    """
    frame = connection.execute(
        "from known where session_date = $day and way = 'last trade' and is_out order by all",
        {"day": day},
    ).df()
    if frame.empty:
        return None
    bars = lake.read_day("stocks", day).to_pandas()
    bars = bars[(bars["bar_seconds"] == 60) & (bars["segment"] == "regular")]
    draws = np.random.default_rng([SEED, day.toordinal()])
    rows = []
    for underlying, group in frame.groupby("underlying", sort=True):
        minutes = bars[bars["symbol"] == underlying].sort_values("ts")
        close = minutes["close"].to_numpy()
        last = len(close) - 16  # the minute that ends at the snapshot, 15 before the close
        at = last - draws.integers(0, EARLIEST_TRADE, len(group))
        group = group.assign(
            minute=minutes["ts"].to_numpy()[at], ratio=close[at] / close[last],
            late=(last - at) / 525_600.0, paid=draws.uniform(-0.4, 0.4, len(group)),
        )  # fmt: skip
        rows.append(group)
    trades = pd.concat(rows)
    strike, is_call = trades["strike"].astype(float), trades["option_type"] == "C"

    def worth(ratio: pd.Series, late: pd.Series) -> pd.Series:
        stdev = trades["iv"] * np.sqrt(trades["t"] + late)
        return black.price(trades["forward"] * ratio, strike, stdev, is_call)

    moved = worth(trades["ratio"], trades["late"]) - worth(trades["ratio"] * 0 + 1, 0.0 * strike)
    price = trades["mid"] + moved + trades["paid"] * trades["spread"]
    price = np.maximum(np.round(price, 2), 0.01)
    known_at = trades["minute"] + pd.Timedelta(minutes=1)
    filled = {
        "symbol": "study", "dte": trades["dte"], "ts": trades["minute"], "known_at": known_at,
        "bar_seconds": 60, "source": "study_trades", "open": price, "high": price, "low": price,
        "close": price, "volume": 1.0, "transactions": 1,
    }  # fmt: skip
    frame = trades.assign(**filled).reindex(columns=OPTIONS.schema.names)
    frame = frame.assign(strike=trades["strike"].map(str), expiration=trades["expiration"].dt.date)
    arrays = [
        pa.array(frame[field.name], from_pandas=True).cast(field.type) for field in OPTIONS.schema
    ]
    return pa.Table.from_arrays(arrays, schema=OPTIONS.schema)
