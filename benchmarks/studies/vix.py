"""The Cboe index from the SPX chains, against its published close of the same day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import duckdb
import numpy as np
import pandas as pd

from benchmarks.studies.show import table
from benchmarks.studies.stores import DAILY, VIX, Stores, built
from engine.options import vix


def study(stores: Stores) -> Iterator[str]:
    """Yield the differences, and what they go along with."""
    with built(stores.spx()) as connection:
        found = levels(connection)
        closes = f"read_parquet('{stores.real / VIX}')"
        prices = f"read_parquet('{stores.real / DAILY}')"
        connection.register("levels", found)
        # The index itself is in no file at hand: its close is the share's times their usual ratio,
        # which moves with the share's dividends and so is taken from the days around.
        connection.execute(f"""
            create temp table judged as
            with beside as (
                select
                    levels.*, closes."CLOSE" as close, closes."LOW" as low, closes."HIGH" as high,
                    prices.close as share, levels.spot / prices.close as ratio
                from levels
                inner join {closes} as closes on closes."DATE"::date = levels.session_date
                inner join {prices} as prices
                    on prices.date::date = levels.session_date and prices.ticker = 'SPY'
            ),
            ratios as (
                select *, median(ratio) over (
                    partition by session_date >= date '2019-06-21'
                    order by session_date rows between 8 preceding and 8 following
                ) as usual
                from beside
            )
            select
                *,
                level - close as gap,
                100 * (share * usual / spot - 1) as later
            from ratios
        """)
        connection.unregister("levels")
        yield "## The VIX method on SPX chains\n"
        yield table(
            connection,
            "Level from the snapshot less the close of the day, index points",
            """
            select
                count(*) as sessions, avg(gap) as mean, median(gap) as median,
                stddev(gap) as "st. dev.", median(abs(gap)) as "median size",
                quantile_cont(abs(gap), 0.9) as "90%", min(gap) as least, max(gap) as most,
                100 * avg((level between low - 0.01 and high + 0.01)::int)
                    as "within the day's low and high, %",
                corr(level, close) as correlation
            from judged
            """,
        )
        yield table(
            connection,
            "By how far the market moved between the snapshot and the close",
            """
            select
                case when abs(later) <= 0.1 then '1 up to 0.1%' when abs(later) <= 0.25
                    then '2 0.1 to 0.25%' else '3 more' end as "move after the snapshot",
                count(*) as sessions, median(gap) as median, median(abs(gap)) as "median size",
                max(abs(gap)) as largest
            from judged group by all order by all
            """,
        )
        yield table(
            connection,
            "The gap against the market's later move: points a percent, and what is left",
            """
            select
                regr_slope(gap, later) as slope, regr_intercept(gap, later) as intercept,
                regr_r2(gap, later) as r2,
                stddev(gap) * sqrt(1 - regr_r2(gap, later)) as "st. dev. left"
            from judged
            """,
        )
        yield table(
            connection,
            "Strikes that count",
            """
            select
                term, count(*) as sessions, min(strikes) as least, median(strikes) as median,
                max(strikes) as most, median(1e4 * abs(forward_gap)) as "forward off ours, bp",
                max(1e4 * abs(forward_gap)) as largest
            from (
                select 'near' as term, near_strikes as strikes, near_forward_gap as forward_gap
                from judged
                union all
                select 'next', far_strikes, far_forward_gap from judged
            ) group by all order by all
            """,
        )


def levels(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return the index of every session that has both expirations, one row a session."""
    return pd.DataFrame([row for day in _days(connection) if (row := _level(connection, day))])


def _days(connection: duckdb.DuckDBPyConnection) -> list[dt.date]:
    rows = connection.execute("select distinct session_date from option_forwards order by 1")
    return [day for (day,) in rows.fetchall()]


def _level(connection: duckdb.DuckDBPyConnection, day: dt.date) -> dict[str, object] | None:
    """Return a session's index, or None where the two expirations are not there."""
    listed = connection.execute(
        "select root, expiration, t, rate, forward, spot from option_forwards "
        "where session_date = $day and t > 0",
        {"day": day},
    ).fetchall()
    of = {(root, expiration): rest for root, expiration, *rest in listed}
    # the standard series on third Fridays, weekly ones on the others
    chosen = vix.terms(
        day,
        [expiration for root, expiration in of
         if (root == "SPX") == vix.is_third_friday(expiration)],
    )  # fmt: skip
    if chosen is None:
        return None
    found = []
    for expiration in chosen:
        root = "SPX" if vix.is_third_friday(expiration) else "SPXW"
        t, rate, forward, spot = of[root, expiration]
        term = vix.term_variance(*_quotes(connection, day, root, expiration), t, rate)
        if term is None:
            return None
        found.append((term, term.forward / forward - 1.0, spot))
    (near, near_gap, spot), (far, far_gap, _) = found
    return {
        "session_date": day, "level": vix.index_level(near, far), "spot": spot,
        "near_strikes": near.count_strikes, "far_strikes": far.count_strikes,
        "near_forward_gap": near_gap, "far_forward_gap": far_gap,
    }  # fmt: skip


def _quotes(
    connection: duckdb.DuckDBPyConnection, day: dt.date, root: str, expiration: dt.date
) -> list[np.ndarray]:
    """Return strikes, and bid and ask of calls and of puts."""
    frame = connection.execute(
        """
        select
            strike::double as strike,
            max(bid) filter (where option_type = 'C') as call_bid,
            max(ask) filter (where option_type = 'C') as call_ask,
            max(bid) filter (where option_type = 'P') as put_bid,
            max(ask) filter (where option_type = 'P') as put_ask
        from option_marks
        where session_date = $day and root = $root and expiration = $expiration and is_observed
        group by strike order by strike
        """,
        {"day": day, "root": root, "expiration": expiration},
    ).df()
    return [frame[name].to_numpy(float) for name in frame.columns]
