"""Real SPX chains, from the vendor's file to marks. Figures are aggregates; no row is quoted."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from benchmarks.studies import vix
from engine.lake.importers import import_files
from engine.settings import Settings
from engine.warehouse.pipeline import build
from engine.warehouse.runner import Options

pytestmark = pytest.mark.real

FILE = "opt_spx_cboe_snapshot_201904_201907.parquet"
VIX = "idx_vix_daily_cboe_1990_2026.parquet"
ETFS = "opt_etf_last_iv_oi_2026.parquet"
SOME = ("TLT", "VXX", "XLF")  # the six underlyings of the file take minutes


@pytest.fixture(scope="module")
def db(real_data: Path, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("chains")
    settings = Settings(folder / "lake", folder / "journal", folder / "warehouse")
    import_files(settings.lake, [real_data / FILE], vendor="cboe_quotes_snapshot")
    select = ("+option_marks", "+mark_reconciliation", "--indirect-selection=cautious")
    build(settings, Options(select=select), publishing=False)
    with duckdb.connect(str(settings.build_file), read_only=True) as connection:
        yield connection


def number(db, sql):
    ((value,),) = db.execute(sql).fetchall()
    return value


def test_every_quote_with_a_live_bid_ends_with_a_volatility(db):
    sums = "sum(count_live_iv) / sum(count_live)"
    assert number(db, f"select {sums} from mark_reconciliation") >= 0.95
    assert number(db, "select sum(count_unexplained) from mark_reconciliation") == 0


def test_most_of_them_by_their_own_price(db):
    own = "avg((iv_source = 'own')::int)"
    assert number(db, f"select {own} from option_marks where bid > 0 and t > 0") >= 0.93


def test_pairs_agree_on_the_forward_within_five_basis_points(db):
    worst = "max(dispersion / forward)"
    assert number(db, f"select {worst} from option_forwards") <= 5e-4


def test_liquid_volatilities_and_deltas_are_the_vendors(db):
    iv, delta = db.execute(
        """
        select median(abs(iv - vendor_iv)), median(abs(delta - vendor_delta))
        from option_marks
        where iv_source = 'own' and vendor_iv > 0 and abs(delta) between 0.05 and 0.95
        """
    ).fetchone()
    assert iv < 0.001
    assert delta < 0.001


def test_single_strikes_near_the_money_name_the_expirys_forward(db):
    share = number(
        db,
        """
        select avg((abs(
            (calls.strike::double + exp(calls.rate * calls.t) * (calls.mark - puts.mark))
            / calls.forward - 1
        ) <= 5e-4)::int)
        from option_marks as calls
        inner join option_marks as puts using (session_date, root, expiration, strike)
        where
            calls.option_type = 'C' and puts.option_type = 'P' and calls.t > 0
            and calls.quote_check = 'good' and puts.quote_check = 'good'
            and abs(ln(calls.strike::double / calls.forward)) <= 0.05
        """,
    )
    assert share >= 0.99


def test_the_cboe_method_gives_the_days_vix(db, real_data: Path):
    found = vix.levels(db)
    close = duckdb.sql(
        f"""select "DATE"::date as session_date, "CLOSE" as close from '{real_data / VIX}'"""
    ).df()
    both = found.assign(session_date=found["session_date"].astype("datetime64[us]")).merge(
        close.assign(session_date=close["session_date"].astype("datetime64[us]"))
    )
    gap = both["level"] - both["close"]
    assert len(both) == 56
    assert gap.abs().median() < 0.25  # the chains are of the afternoon, the index of the close
    assert both["level"].corr(both["close"]) > 0.95


@pytest.fixture(scope="module")
def etfs(real_data: Path, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("etfs")
    settings = Settings(folder / "lake", folder / "journal", folder / "warehouse")
    some = folder / "some.parquet"
    duckdb.sql(f"from '{real_data / ETFS}' where upper(file_symbol) in {SOME}").write_parquet(
        str(some)
    )
    import_files(settings.lake, [some], vendor="last_iv_oi")
    select = ("+option_marks", "+mark_reconciliation", "--indirect-selection=cautious")
    options = Options(select=select, variables=(("option_exercise", "by_root"),))
    build(settings, options, publishing=False)
    with duckdb.connect(str(settings.build_file), read_only=True) as connection:
        yield connection


def test_every_contract_of_the_etf_files_is_marked_or_has_a_reason(etfs):
    assert etfs.execute(
        "select count(distinct session_date), count(distinct underlying), "
        "sum(abs(count_unexplained)) from mark_reconciliation"
    ).fetchone() == (62, 3, 0)
    silent = "select count(*) from option_marks where mark is null and reason is null"
    assert number(etfs, silent) == 0
    marked = "select sum(count_marked) / sum(count_contracts) from mark_reconciliation"
    assert number(etfs, marked) > 0.99


def test_last_trades_are_never_taken_for_quotes(etfs):
    sources = etfs.execute("select distinct mark_source from option_marks").fetchall()
    assert {source for (source,) in sources} <= {
        "trade_day", "surface", "neighbour", "intrinsic", None,
    }  # fmt: skip


def test_volatilities_of_last_trades_are_near_the_vendors(etfs):
    iv, delta = etfs.execute(
        """
        select median(abs(iv - vendor_iv)), median(abs(delta - vendor_delta))
        from option_marks
        where
            underlying = 'TLT' and iv_source = 'own' and vendor_iv > 0 and volume >= 10
            and abs(delta) between 0.05 and 0.5
        """
    ).fetchone()
    assert iv < 0.005
    assert delta < 0.01
