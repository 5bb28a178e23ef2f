"""Every fault of the `dirty` scenario is caught by its reason, and nothing else is."""

from __future__ import annotations

from collections import Counter

import duckdb
import pytest

from engine.lake.simulate import simulate
from engine.lake.store import Lake
from engine.settings import Settings
from engine.warehouse.pipeline import build


@pytest.fixture(scope="module")
def dirty(tmp_path_factory):
    """Build a dirty lake in which one more day file is cut short."""
    folder = tmp_path_factory.mktemp("dirty")
    settings = Settings(folder / "lake", folder / "journal", folder / "warehouse")
    simulate(settings.lake, scenario="dirty", sessions=12, symbols=("SPY", "TLT", "XLF"), seed=5)
    broken = Lake(settings.lake).day_path("options", Lake(settings.lake).days("options")[1])
    broken.write_bytes(broken.read_bytes()[:-100])
    build(settings, quarantine=True, publishing=False)
    with duckdb.connect(str(settings.build_file), read_only=True) as connection:
        connection.execute(
            f"create temp view faults as from '{settings.lake}/_truth/faults.parquet'"
        )
        yield connection, broken


def counted(connection, query):
    return Counter(connection.execute(query).fetchall())


def test_rejects_are_exactly_the_faults_that_were_put_in(dirty):
    connection, broken = dirty
    found = counted(
        connection,
        "select dataset, session_date, entity, reason from lake_rejects where entity is not null",
    )
    planted = counted(
        connection,
        f"""
        select dataset, session_date, entity, reason from faults
        where is_rejected and not (dataset = 'options' and session_date = '{broken.stem}')
        """,
    )
    assert planted.total() > 100
    assert found == planted


def test_a_truncated_file_is_quarantined_by_name(dirty):
    connection, broken = dirty
    rows = connection.execute(
        "select file, reason from lake_rejects where entity is null"
    ).fetchall()
    assert rows == [(broken.name, "truncated_file")]


def test_rows_out_of_the_universe_are_counted(dirty):
    connection, broken = dirty
    found = counted(
        connection,
        """
        select dataset, session_date from lake_reconciliation
        where count_out_of_universe = 1
        """,
    )
    planted = counted(
        connection,
        f"""
        select dataset, session_date from faults
        where reason = 'out_of_universe'
            and not (dataset = 'options' and session_date = '{broken.stem}')
        """,
    )
    assert planted
    assert found == planted


def test_every_row_of_every_file_is_accounted_for(dirty):
    connection, _ = dirty
    ((files, rows, unexplained),) = connection.execute(
        "select count(*), sum(count_rows), sum(abs(count_unexplained)) from lake_reconciliation"
    ).fetchall()
    assert files > 20
    assert rows > 10_000
    assert unexplained == 0


def test_a_missing_session_leaves_a_hole_and_no_wrong_number(dirty):
    connection, _ = dirty
    ((symbol, day),) = connection.execute(
        "select entity, session_date from faults where reason = 'missing_session'"
    ).fetchall()
    panel = connection.execute(
        "select close, reason from intermediate.int_bars__panel "
        "where symbol = ? and session_date = ?",
        [symbol, day],
    ).fetchall()
    assert panel == [(None, "missing_bar")]
    ((features,),) = connection.execute(
        """
        select count(raw_ret_1) from features_daily
        inner join dim_sessions using (session_date)
        where symbol = ? and previous_session = ?
        """,
        [symbol, day],
    ).fetchall()
    assert features == 0


def test_crossed_quotes_stay_for_the_mark_to_judge(dirty):
    connection, broken = dirty
    ((crossed,),) = connection.execute(
        f"""
        select count(*) from faults
        inner join staging.stg_lake__options as options
            on faults.entity = options.symbol
            and faults.session_date = options.session_date
            and faults.source = options.source
        where faults.reason = 'crossed' and options.bid > options.ask
            and faults.session_date != '{broken.stem}'
        """
    ).fetchall()
    assert crossed > 0


def test_the_arbitrages_that_were_put_in_are_counted_and_no_others(dirty):
    connection, broken = dirty
    found = set(
        connection.execute(
            """
            select session_date, underlying from chain_quality
            where kind = 'arbitrage' and code != 'calendar' and count_rows > 0
            """
        ).fetchall()
    )
    planted = set(
        connection.execute(
            f"""
            select session_date, regexp_extract(entity, '^O:([A-Z]{{3}})', 1) from faults
            where reason = 'arbitrage' and session_date != '{broken.stem}'
            """
        ).fetchall()
    )
    assert planted
    assert found == planted


def test_every_crossed_quote_is_counted(dirty):
    connection, broken = dirty
    found = counted(
        connection,
        """
        select session_date, underlying, count_rows from chain_quality
        where kind = 'quote' and code = 'crossed'
        """,
    )
    planted = counted(
        connection,
        f"""
        select session_date, regexp_extract(entity, '^O:([A-Z]{{3}})', 1), count(*)
        from faults where reason = 'crossed' and session_date != '{broken.stem}'
        group by all
        """,
    )
    assert planted
    assert found == planted
