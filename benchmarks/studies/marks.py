"""Marks of quotes that were taken away, against what they were: in units of their own spread."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from benchmarks.studies import deletion
from benchmarks.studies.show import LENGTH, REGION, table
from benchmarks.studies.stores import Stores, built
from engine.lake.schema import DAY_SECONDS
from engine.settings import Settings
from engine.warehouse import register

FIGURES = """
    count(*) as quotes,
    median(error) as median,
    quantile_cont(error, 0.9) as "90%",
    100.0 * avg((error <= 0.5)::int) as "inside the quote, %",
    median(naive) as "last trade: median",
    quantile_cont(naive, 0.9) as "last trade: 90%"
"""


def study(stores: Stores) -> Iterator[str]:
    """Yield the tables: simulated quotes, simulated trades only, real quotes."""
    simulated = stores.simulated()
    yield from _compare(stores, simulated, "sim_without", "Simulated")
    yield from _trades_only(stores, simulated)
    yield from _compare(stores, stores.spx(), "spx_without", "SPX 2019")


def _compare(stores: Stores, whole: Settings, name: str, market: str) -> Iterator[str]:
    with built(whole) as connection:
        deletion.prepare(connection, whole.lake)
        changed = stores.changed(name, whole.lake)
        deletion.take_out(connection, changed)
        with built(stores.settings(name)):
            pass
        judge(connection, stores.settings(name), whole)
        lost = "select count(*), count(mark) from judged"
        ((taken, marked),) = connection.execute(lost).fetchall()
        yield f"## {market}: {taken:,} quotes taken out, {marked:,} marked\n"
        yield table(
            connection,
            f"{market}: by what was taken and where the mark came from",
            f"""
            select way as taken, mark_source as mark, {FIGURES},
                median(smile_error) as "the smile: median"
            from judged where mark is not null group by all order by all
            """,
        )
        for ways, title in (
            ("('single')", "single contracts"),
            ("('put wing', 'call wing')", "whole wings"),
            ("('expiry', 'thin')", "whole expiries, and all but three strikes"),
        ):
            yield table(
                connection,
                f"{market}, {title}: by delta and days to expiration",
                f"""
                select {REGION} as region, {LENGTH} as days, {FIGURES}
                from judged where mark is not null and way in {ways} group by all order by all
                """,
            )


def _trades_only(stores: Stores, whole: Settings) -> Iterator[str]:
    """Yield what marks are worth where the day's trades are all that there is.

    They are of the close, so the contract's worth is moved there from the snapshot.
    """
    changed = stores.changed("sim_trades", whole.lake)
    with duckdb.connect() as connection:
        for day in changed.days("options"):
            rows = changed.read_day("options", day)
            connection.register("rows", rows)
            kept = connection.sql(f"from rows where bar_seconds = {DAY_SECONDS}").to_arrow_table()
            connection.unregister("rows")
            changed.write_day("options", day, kept.cast(rows.schema))
    changed.scan()
    with built(stores.settings("sim_trades")):
        pass
    with built(whole) as connection:
        deletion.prepare(connection, whole.lake, DAY_SECONDS)
        judge(connection, stores.settings("sim_trades"), whole, at_close=True)
        ((count,),) = connection.execute("select count(mark) from judged").fetchall()
        yield f"## Simulated, day aggregates of trades only: {count:,} marks\n"
        yield table(
            connection,
            "By where the mark came from, and what the smile would say of the same contracts",
            f"""
            select mark_source as mark, {FIGURES},
                median(smile_error) as "the smile: median",
                quantile_cont(smile_error, 0.9) as "the smile: 90%"
            from judged where mark is not null group by all order by all
            """,
        )
        yield table(
            connection,
            "By delta and days to expiration",
            f"""
            select {REGION} as region, {LENGTH} as days, {FIGURES}
            from judged where mark is not null group by all order by all
            """,
        )


def judge(
    connection: duckdb.DuckDBPyConnection, changed: Settings, whole: Settings,
    at_close: bool = False,
) -> None:  # fmt: skip
    """Make the table `judged`: marks of the changed lake beside what is known.

    A simulated quote is judged by what the contract is worth, a real one by its mid. `at_close`
    judges all contracts, by what they are worth 15 minutes later, when the market closes.
    """
    register(connection)
    connection.execute(f"attach '{changed.build_file}' as changed (read_only)")
    worth = "known.mid"
    truth = ""
    if (whole.lake / "_truth").exists():
        worth = "truth.fair"
        truth = f"""
            inner join (
                select
                    parse_filename(filename, true)::date as session_date,
                    regexp_extract(symbol, '^O:([A-Z]+)', 1) as root,
                    strptime(symbol[-15:-10], '%y%m%d')::date as expiration,
                    (symbol[-8:]::bigint / 1000)::decimal(9, 3) as strike,
                    symbol[-9:-9] as option_type,
                    fair
                from read_parquet('{whole.lake}/_truth/options/*.parquet', filename = true)
            ) as truth using (session_date, root, expiration, strike, option_type)
            inner join (
                select session_date, symbol as underlying, close / spot as ratio
                from read_parquet('{whole.lake}/_truth/sessions.parquet')
            ) as moves using (session_date, underlying)
        """
    if at_close:
        worth += """
            + bs_price(known.option_type, known.forward * ratio, known.strike::double,
                greatest(known.t - 15 / 525600, 0), 0.0, 0.0, known.iv)
            - bs_price(known.option_type, known.forward, known.strike::double,
                known.t, 0.0, 0.0, known.iv)
        """
    chosen = "true" if at_close else "is_out and marks.quote_check is distinct from 'good'"
    connection.execute(f"""
        create or replace temp table judged as
        with beside as (
            select
                known.*, marks.mark, marks.mark_source, {worth} as worth,
                exp(-marks.rate * marks.t) * bs_price(
                    known.option_type, marks.forward, known.strike::double, marks.t, 0.0, 0.0,
                    sqrt((smiles.a + smiles.b * (
                        smiles.rho * (ln(known.strike::double / marks.forward) - smiles.m)
                        + sqrt((ln(known.strike::double / marks.forward) - smiles.m) ** 2
                            + smiles.s ** 2)
                    )) / marks.t)
                ) as by_smile
            from known
            {truth}
            left join changed.option_marks as marks
                using (session_date, root, expiration, strike, option_type)
            left join changed.iv_smiles as smiles
                using (session_date, root, expiration)
            where {chosen}
        )
        select
            *,
            abs(mark - worth) / greatest(spread, 0.01) as error,
            abs(last_trade - worth) / greatest(spread, 0.01) as naive,
            abs(by_smile - worth) / greatest(spread, 0.01) as smile_error
        from beside
    """)
