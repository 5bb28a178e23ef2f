"""Chains of a simulated market, whose truth is known, from day files to marks.

Some quotes are taken out of the files first: their marks are compared with what they were worth.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pytest

from engine.lake.store import Lake
from engine.settings import Settings
from engine.warehouse.pipeline import build
from engine.warehouse.runner import Options

MODELS = (
    "+option_marks",
    "+mark_reconciliation",
    "+chain_quality",
    "+iv_surface",
    "+dim_contracts",
    "+gex_profile",
    "+gex_levels",
    "+gex_curve",
    "+features_options",
    "--indirect-selection=cautious",  # no test of what is not built here
)
KEY = "session_date, root, expiration, strike, option_type"


def take_out(lake: Lake) -> None:
    """Take every seventh contract of a session, and some expiries whole, out of the files."""
    with duckdb.connect() as connection:
        for number, day in enumerate(lake.days("options")):
            table = lake.read_day("options", day)
            if number < 2:
                continue
            connection.register("chain", table)
            kept = connection.sql(
                """
                select * from chain
                where hash(symbol, $day) % 7 != 0 and hash(root, expiration, $day) % 25 != 0
                """,
                params={"day": str(day)},
            ).to_arrow_table()
            lake.write_day("options", day, kept.cast(table.schema))


@pytest.fixture(scope="module")
def db(small_lake: Path, copy_of, tmp_path_factory):
    """The build with the truth beside it: `truth` by key, `marks` joined with it."""
    folder = tmp_path_factory.mktemp("marks")
    lake = Lake(copy_of(small_lake, folder / "lake"))
    take_out(lake)
    settings = Settings(lake.root, folder / "journal", folder / "warehouse")
    build(settings, Options(select=MODELS), publishing=False)
    with duckdb.connect(str(settings.build_file), read_only=True) as connection:
        connection.execute(f"""
            create temp table truth as
            select
                parse_filename(filename, true)::date as session_date,
                regexp_extract(symbol, '^O:([A-Z]+)', 1) as root,
                strptime(symbol[-15:-10], '%y%m%d')::date as expiration,
                (symbol[-8:]::bigint / 1000)::decimal(9, 3) as strike,
                symbol[-9:-9] as option_type,
                * exclude (symbol, filename)
            from read_parquet('{lake.root}/_truth/options/*.parquet', filename = true)
        """)
        connection.execute(f"""
            create temp table quoted as
            select
                parse_filename(filename, true)::date as session_date,
                root, expiration, strike, option_type, bid, ask, close
            from read_parquet('{small_lake}/options/2*.parquet', filename = true)
            where source = 'sim_quotes'
        """)
        connection.execute(f"""
            create temp table checked as
            select
                marks.*, truth.iv as true_iv, truth.fair, truth.forward as true_forward,
                quoted.ask - quoted.bid as spread, quoted.close as last_trade
            from option_marks as marks
            inner join truth using ({KEY})
            inner join quoted using ({KEY})
        """)
        yield connection


def number(db, sql):
    ((value,),) = db.execute(sql).fetchall()
    return value


def test_no_observed_contract_is_lost(db):
    assert number(db, "select max(abs(count_unexplained)) from mark_reconciliation") == 0
    silent = "select count(*) from option_marks where mark is null and reason is null"
    assert number(db, silent) == 0
    assert number(db, "select sum(count_contracts) from mark_reconciliation") == number(
        db, "select count(*) from option_marks where is_observed"
    )


def test_true_volatility_is_recovered_within_the_quotes_own_spread(db):
    share = number(
        db,
        """
        select avg((abs(iv - true_iv) * vega <= spread)::int) from checked
        where is_observed and iv_source = 'own' and true_iv is not null
        """,
    )
    assert share >= 0.995


def test_every_other_row_has_the_reason_that_the_quote_gives(db):
    wrong = db.execute(
        """
        select * from checked
        where
            iv_source is distinct from 'own'
            and case reason
                when 'zero_bid' then bid > 0 or bid is null
                when 'unobserved' then is_observed
                -- what exercise brings now, or at expiry
                when 'below_intrinsic'
                    then mark > spread + greatest(
                        if(option_type = 'C', spot - strike, strike - spot),
                        exp(-rate * t) * if(option_type = 'C', forward - strike, strike - forward)
                    )
                when 'sub_tick'
                    then abs(mark - if(option_type = 'C', spot - strike, strike - spot)) > 1e-9
                else reason is null
            end
        """
    ).fetchall()
    assert wrong == []


def test_forwards_are_the_true_ones_within_five_basis_points(db):
    share = number(
        db,
        """
        select avg((abs(forwards.forward / truth.forward - 1) <= 5e-4)::int)
        from option_forwards as forwards
        inner join truth using (session_date, root, expiration)
        """,
    )
    assert share >= 0.99


def test_a_mark_of_a_quote_taken_out_is_nearer_to_its_worth_than_the_last_trade(db):
    marks, trades, count = db.execute(
        """
        select
            median(abs(mark - fair) / spread),
            median(abs(last_trade - fair) / spread),
            count(*)
        from checked where not is_observed and fair > 0.05
        """
    ).fetchone()
    assert count > 200
    assert marks < 0.25
    assert marks < 0.1 * trades


def test_a_single_quote_taken_out_is_marked_inside_its_bid_and_ask(db):
    share, count = db.execute(
        """
        select avg((abs(mark - fair) <= 0.5 * spread)::int), count(*)
        from checked where not is_observed and mark_source = 'surface'
        """
    ).fetchone()
    assert count > 200
    assert share > 0.97


def test_a_contract_taken_out_keeps_a_mark_while_it_is_alive(db):
    missing = number(
        db,
        f"""
        select count(*)
        from quoted
        inner join (
            select root, expiration, strike, option_type, min(session_date) as first_seen
            from option_marks where is_observed group by all
        ) as seen using (root, expiration, strike, option_type)
        anti join option_marks using ({KEY})
        where quoted.session_date > seen.first_seen and quoted.expiration > quoted.session_date
        """,
    )
    assert missing == 0


def test_no_mark_outlives_its_contract(db):
    assert number(db, "select count(*) from option_marks where expiration < session_date") == 0


def test_clean_quotes_have_no_arbitrage(db):
    found = db.execute(
        """
        select code, sum(count_rows) from chain_quality
        where kind = 'arbitrage'
        group by code having sum(count_rows) > 0
        """
    ).fetchall()
    assert found == []


def test_the_surface_at_the_money_is_the_true_volatility(db):
    share = number(
        db,
        """
        with nearest as (
            select
                session_date, root as underlying, expiration,
                min_by(iv, abs(strike / forward - 1)) as iv
            from truth where iv is not null group by all
        )
        select avg((
            surface.iv between least(near.iv, far.iv) - 0.01 and greatest(near.iv, far.iv) + 0.01
        )::int)
        from iv_surface as surface
        inner join nearest as near
            on surface.session_date = near.session_date and surface.underlying = near.underlying
            and surface.near_expiration = near.expiration
        inner join nearest as far
            on surface.session_date = far.session_date and surface.underlying = far.underlying
            and surface.far_expiration = far.expiration
        where surface.point = 'atm' and surface.iv is not null
        """,
    )
    assert share > 0.95


def test_a_contract_is_one_row_from_first_to_last_sight(db):
    assert number(db, "select count(*) from dim_contracts") == number(
        db,
        "select count(distinct (root, expiration, strike, option_type)) from option_marks "
        "where is_observed",
    )
    assert number(db, "select min(first_seen) from dim_contracts") >= dt.date(2000, 1, 1)


def test_every_mark_is_in_the_exposure_or_counted_under_its_reason(db):
    lost = """
        select count(*)
        from (
            select underlying, session_date, count(*) as n from option_marks group by all
        ) as marks
        full join gex_levels as levels using (underlying, session_date)
        where marks.n is distinct from levels.contracts + levels.left_out
    """
    assert number(db, lost) == 0
    assert number(db, "select min(contracts) from gex_levels") > 0
    # contracts that were taken out have no open interest for the day
    assert number(db, "select sum(left_out_unobserved) from gex_levels") == number(
        db, "select count(*) from option_marks where not is_observed and open_interest is null"
    )


def test_the_exposure_is_the_sum_over_marks_in_plain_sql(db):
    worst = number(
        db,
        """
        select max(abs(plain.net - levels.net_gex) / levels.gross_gex)
        from (
            select underlying, session_date, sum(
                if(option_type = 'C', 1, -1) * gamma * open_interest * 100 * spot * spot * 0.01
            ) as net
            from option_marks where open_interest is not null and t > 0 group by all
        ) as plain
        inner join gex_levels as levels using (underlying, session_date)
        """,
    )
    assert worst < 1e-12


def test_strikes_add_up_to_the_net_and_the_walls_are_their_largest(db):
    wrong = """
        select count(*)
        from gex_levels as levels
        inner join (
            select
                underlying, session_date, sum(gex_net) as net,
                max_by(strike, gex_call) as call_wall, min_by(strike, gex_put) as put_wall
            from gex_profile group by all
        ) as strikes using (underlying, session_date)
        where
            abs(strikes.net - levels.net_gex) > 1e-10 * levels.gross_gex
            or strikes.call_wall != levels.call_wall
            or strikes.put_wall != levels.put_wall
    """
    assert number(db, wrong) == 0


def test_the_flip_lies_where_the_curve_changes_sign(db):
    wrong = """
        select count(*)
        from gex_levels as levels
        inner join gex_curve as low using (underlying, session_date)
        inner join gex_curve as high
            on low.underlying = high.underlying and low.session_date = high.session_date
            and low.log_move + 0.01 = high.log_move
        where
            levels.gamma_flip > low.spot_at and levels.gamma_flip <= high.spot_at
            and sign(low.gex_net) * sign(high.gex_net) > 0
    """
    assert number(db, wrong) == 0
    assert number(db, "select count(gamma_flip) from gex_levels") > 20


def test_features_of_a_session_are_the_chain_of_the_session_before(db):
    wrong = """
        select count(*)
        from features_options as features
        inner join dim_sessions as sessions using (session_date)
        inner join gex_levels as levels
            on features.symbol = levels.underlying
            and sessions.previous_session = levels.session_date
        where
            features.gex_callwall_dist
            is distinct from if(levels.spot > 0, levels.call_wall / levels.spot, null) - 1
            or features.known_at < levels.known_at
            or features.known_at >= sessions.open_at
    """
    assert number(db, wrong) == 0
    assert number(db, "select count(gex_callwall_dist) from features_options") > 20
