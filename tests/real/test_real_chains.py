"""Real SPX chains, from the vendor's file to marks. Figures are aggregates; no row is quoted."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from engine.lake.importers import import_files
from engine.settings import Settings
from engine.warehouse.pipeline import build
from engine.warehouse.runner import Options

pytestmark = pytest.mark.real

FILE = "opt_spx_cboe_snapshot_201904_201907.parquet"


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
