"""Smiles of simulated chains against the surface that the chains were made from."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.studies.show import LENGTH, REGION, table
from benchmarks.studies.stores import Stores, built

FIGURES = """
    count(*) as contracts,
    100 * median(error) as "median error",
    100 * median(abs(error)) as "median size",
    100 * quantile_cont(abs(error), 0.9) as "90%",
    100 * max(abs(error)) as largest,
    100 * median(half_spread) as "half spread, vol points"
"""


def study(stores: Stores) -> Iterator[str]:
    """Yield the errors by region and underlying, in vol points; and that of own volatilities."""
    settings = stores.simulated()
    with built(settings) as connection:
        connection.execute(f"""
            create temp table errors as
            select
                marks.session_date, marks.underlying, marks.iv_source, marks.vega,
                marks.expiration - marks.session_date as dte,
                if(marks.option_type = 'C', marks.delta, marks.delta + 1.0) as call_delta,
                0.5 * (marks.ask - marks.bid) / nullif(marks.vega, 0) as half_spread,
                marks.iv - truth.iv as own_error,
                truth.k between smiles.lowest_k and smiles.highest_k as is_between,
                smiles.t,
                sqrt((
                    smiles.a + smiles.b * (
                        smiles.rho * (truth.k - smiles.m)
                        + sqrt((truth.k - smiles.m) ** 2 + smiles.s ** 2)
                    )
                ) / smiles.t) - truth.iv as error
            from (
                select
                    parse_filename(filename, true)::date as session_date,
                    regexp_extract(symbol, '^O:([A-Z]+)', 1) as root,
                    strptime(symbol[-15:-10], '%y%m%d')::date as expiration,
                    (symbol[-8:]::bigint / 1000)::decimal(9, 3) as strike,
                    symbol[-9:-9] as option_type,
                    ln(symbol[-8:]::bigint / 1000 / forward) as k,
                    iv
                from read_parquet('{settings.lake}/_truth/options/*.parquet', filename = true)
                where iv is not null
            ) as truth
            inner join option_marks as marks
                using (session_date, root, expiration, strike, option_type)
            inner join iv_smiles as smiles using (session_date, root, expiration)
            where smiles.fit_source = 'own' and smiles.t > 0
        """)
        yield "## Simulated chains: the smile less the true volatility, vol points\n"
        place = "if(is_between, '1 between the outermost points', '2 beyond them') as strikes"
        by_place = f"{place}, {FIGURES} from errors group by all order by all"
        yield table(connection, "All", f"select {by_place}")
        yield table(
            connection,
            "Between the outermost points, by delta and days to expiration",
            f"""
            select {REGION} as region, {LENGTH} as days, {FIGURES}
            from errors where is_between group by all order by all
            """,
        )
        yield table(
            connection,
            "By underlying",
            f"select underlying, {by_place}",
        )
        yield table(
            connection,
            "A quote's own volatility less the true one, all that have one",
            f"""
            select {REGION} as region,
                count(*) as contracts,
                100 * median(own_error) as "median error",
                100 * median(abs(own_error)) as "median size",
                100 * quantile_cont(abs(own_error), 0.9) as "90%",
                100 * avg((abs(own_error) <= 2 * half_spread)::int) as "within the spread, %"
            from errors where iv_source = 'own' group by all order by all
            """,
        )
