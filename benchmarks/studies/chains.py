"""Real chains: volatilities, deltas and forwards beside the vendors' own, and where they part."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pandas as pd

from benchmarks.studies.show import LENGTH, table
from benchmarks.studies.stores import Stores, built

MINUTES = 525_600.0
ROUNDS = 5  # of giving less weight to what does not fit
FEWEST = 12  # rows of an expiry from which three gaps can be told

# The vendor's and our volatility of the same price, where both say something.
COMPARED = """
    select
        *,
        expiration - session_date as dte,
        if(option_type = 'C', delta, delta + 1.0) as call_delta,
        100 * (vendor_iv - iv) as iv_gap,
        vendor_delta - delta as delta_gap,
        if((option_type = 'C') = (strike > forward), 'out of the money', 'in the money') as side
    from option_marks
    where iv_source = 'own' and vendor_iv > 0 and abs(delta) between 0.05 and 0.95
"""
IV_FIGURES = """
    count(*) as rows,
    median(abs(iv_gap)) as "iv, vol points",
    quantile_cont(abs(iv_gap), 0.9) as "90%",
    median(iv_gap) as "vendor less ours",
    median(abs(delta_gap)) as delta,
    quantile_cont(abs(delta_gap), 0.9) as "delta 90%"
"""


def study(stores: Stores) -> Iterator[str]:
    """Yield the tables of the SPX chains, then of the ETF chains."""
    with built(stores.spx()) as connection:
        yield "## SPX quotes of 2019\n"
        yield from _reconciled(connection)
        yield from _forwards(connection)
        connection.execute(f"create temp table compared as {COMPARED} and bid > 0")
        yield from _compared(connection, "SPX", "true")
        yield from _gaps(connection, "SPX", "root")
        yield from _clock(connection)
    with built(stores.etfs()) as connection:
        yield "## ETF last trades of 2026\n"
        yield from _reconciled(connection)
        connection.execute(f"create temp table compared as {COMPARED} and volume >= 10")
        yield from _compared(connection, "ETFs, 10 contracts or more", "underlying != 'VXX'")
        yield table(
            connection,
            "By underlying, out of the money",
            f"""
            select underlying, {IV_FIGURES} from compared
            where side = 'out of the money' group by all order by all
            """,
        )
        yield from _gaps(connection, "ETFs", "underlying")


def _reconciled(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    yield table(
        connection,
        "Contracts in the files = marked + reasoned",
        """
        select
            underlying, count(*) as sessions, sum(count_contracts)::bigint as contracts,
            sum(count_marked)::bigint as marked, sum(count_reasoned)::bigint as reasoned,
            sum(abs(count_unexplained))::bigint as unexplained,
            sum(count_live)::bigint as "with a live bid",
            100 * sum(count_live_iv) / nullif(sum(count_live), 0) as "of these with an iv, %"
        from mark_reconciliation group by all order by all
        """,
    )
    yield table(
        connection,
        "Marks by source and reason, percent of all rows",
        """
        select
            coalesce(mark_source, 'none') as mark, coalesce(reason, '(none)') as reason,
            100 * count(*) / sum(count(*)) over () as share,
            100 * count(*) filter (where iv_source = 'own') / count(*) as "iv of its own, %",
            100 * count(iv) / count(*) as "any iv, %"
        from option_marks where is_observed
        group by mark_source, reason order by count(*) desc
        """,
    )


def _forwards(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    connection.execute("""
        create temp table pairs as
        select
            calls.session_date, calls.root, calls.expiration,
            calls.expiration - calls.session_date as dte,
            abs(ln(calls.strike::double / calls.forward)) as away,
            1e4 * abs((calls.strike::double + exp(calls.rate * calls.t) * (calls.mark - puts.mark))
                / calls.forward - 1) as points,
            calls.strike + exp(calls.rate * calls.t) * (calls.bid - puts.ask) <= calls.forward
            and calls.strike + exp(calls.rate * calls.t) * (calls.ask - puts.bid) >= calls.forward
                as is_between
        from option_marks as calls
        inner join option_marks as puts
            using (session_date, root, expiration, strike)
        where
            calls.option_type = 'C' and puts.option_type = 'P' and calls.t > 0
            and calls.quote_check = 'good' and puts.quote_check = 'good'
            and calls.mark_source = 'quote_mid' and puts.mark_source = 'quote_mid'
    """)
    yield table(
        connection,
        "Forwards that single strikes name, against the expiry's",
        """
        select
            case when away <= 0.02 then '1 within 2%' when away <= 0.05 then '2 2 to 5%'
                when away <= 0.15 then '3 5 to 15%' else '4 beyond 15%' end as strikes,
            count(*) as pairs,
            median(points) as "median, bp",
            quantile_cont(points, 0.9) as "90%",
            100 * avg((points <= 5)::int) as "within 5 bp, %",
            100 * avg(is_between::int) as "forward between bid and ask, %"
        from pairs group by all order by all
        """,
    )
    yield table(
        connection,
        "Expiries",
        """
        select
            count(*) as expiries,
            100 * avg((forward_method = 'parity')::int) as "by parity, %",
            median(1e4 * dispersion / forward) as "median distance of pairs, bp",
            max(1e4 * dispersion / forward) as "largest",
            100 * avg((dispersion / forward <= 5e-4)::int) as "within 5 bp, %"
        from option_forwards where t > 0
        """,
    )


def _compared(connection: duckdb.DuckDBPyConnection, name: str, rows: str) -> Iterator[str]:
    yield table(
        connection,
        f"{name}: by days to expiration and side",
        f"""
        select {LENGTH} as days, side, {IV_FIGURES} from compared where {rows}
        group by all order by all
        """,
    )
    yield table(connection, f"{name}: all", f"select {IV_FIGURES} from compared where {rows}")


def _gaps(connection: duckdb.DuckDBPyConnection, name: str, group: str) -> Iterator[str]:
    """Say by how much forward, discount and time of the vendor differ, and what is then left.

    The price is common, so a volatility differs by what else went in: to first order
    vega dsigma = -(delta S dlnF + price dlnD + vega sigma / 2t dt).
    """
    frame = connection.execute("""
        select
            session_date, underlying, root, expiration, dte, t, iv, iv_gap / 100 as gap, vega,
            delta * spot as by_forward, mark as by_discount, vega * iv / (2 * t) as by_time,
            coalesce(ask - bid, 0.02 + 0.05 * mark) as spread
        from compared where dte > 0
    """).df()
    found = [
        _explained(rows)
        for _, rows in frame.groupby(["session_date", "root", "expiration"], sort=True)
        if len(rows) >= FEWEST
    ]
    gaps = pd.DataFrame(found)
    connection.register("gaps", gaps)
    yield table(
        connection,
        f"{name}: the vendor's forward, rate and time less ours, medians over expiries; "
        "iv gap before and after allowing for them",
        f"""
        select
            {group}, {LENGTH} as days, count(*) as expiries,
            1e4 * median(forward) as "forward, bp",
            1e4 * median(abs(forward)) as "its size, bp",
            100 * median(-discount / t) as "rate, %",
            {MINUTES} * median(time) as "time, minutes",
            100 * median(before) as "iv gap, vol points", 100 * median(after) as "left"
        from gaps group by all order by all
        """,
    )
    if group == "root":
        connection.execute("create temp table explained as from gaps")
    connection.unregister("gaps")


def _explained(rows: pd.DataFrame) -> dict[str, object]:
    x = -rows[["by_forward", "by_discount", "by_time"]].to_numpy()
    y, vega = (rows["gap"] * rows["vega"]).to_numpy(), rows["vega"].to_numpy()
    weight = 1.0 / rows["spread"].to_numpy()
    size = np.abs(x).max(axis=0)
    now = weight
    for _ in range(ROUNDS):
        answer = np.linalg.lstsq(x / size * now[:, None], y * now, rcond=None)[0]
        left = np.abs(y - x / size @ answer) * weight
        now = weight / np.maximum(left / max(np.median(left), 1e-12), 1.0)
    forward, discount, time = answer / size
    first = rows.iloc[0]
    return {
        "session_date": first["session_date"], "underlying": first["underlying"],
        "root": first["root"], "dte": int(first["dte"]), "t": float(first["t"]),
        "forward": forward, "discount": discount, "time": time,
        "before": float(np.median(np.abs(y / vega))),
        "after": float(np.median(np.abs(y - x / size @ answer) / vega)),
    }  # fmt: skip


def _clock(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """The time of day that the vendor's volatilities of the next two weeks were made for."""
    yield table(
        connection,
        "SPX: the vendor's time to expiration less ours (15:15 assumed), by session; minutes, "
        "expiries of 2 to 14 days",
        f"""
        with sessions as (
            select
                session_date, root, {MINUTES} * median(time) as minutes,
                {MINUTES} * (quantile_cont(time, 0.75) - quantile_cont(time, 0.25)) as scatter
            from explained where dte between 2 and 14 group by all
        )
        select
            root,
            case when scatter > 120 then '4 no one time fits' when abs(minutes) <= 60
                then '1 within an hour' when minutes > 60 then '2 longer by more'
                else '3 shorter by more' end as time,
            count(*) as sessions, median(minutes) as "median, minutes",
            min(minutes) as least, max(minutes) as most
        from sessions group by all order by all
        """,
    )
