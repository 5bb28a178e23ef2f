"""Real chains of six funds: exposures and flips for every session. Aggregates only."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from engine.lake.importers import import_files
from engine.settings import Settings
from engine.warehouse.pipeline import build
from engine.warehouse.runner import Options

pytestmark = pytest.mark.real

FILE = "opt_etf_last_iv_oi_2026.parquet"
CHAINS = 62 * 6


@pytest.fixture(scope="module")
def db(real_data: Path, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("gamma")
    settings = Settings(folder / "lake", folder / "journal", folder / "warehouse")
    import_files(settings.lake, [real_data / FILE], vendor="last_iv_oi")
    tables = ("+gex_levels", "+gex_profile", "+gex_curve", "+features_options")
    build(settings, Options(select=(*tables, "--indirect-selection=cautious")), publishing=False)
    with duckdb.connect(str(settings.build_file), read_only=True) as connection:
        yield connection


def rows(db, sql):
    return db.execute(sql).fetchall()


def test_every_contract_of_every_chain_is_used_or_counted_under_its_reason(db):
    assert rows(db, "select count(*) from gex_levels") == [(CHAINS,)]
    assert rows(db, "select sum(contracts + left_out) from gex_levels") == rows(
        db, "select count(*) from option_marks"
    )
    # of the sessions whose price the vendor left at zero nothing can be said, and it is said
    assert rows(
        db,
        "select count(*) from gex_levels where contracts = 0 and reason != 'no_underlying'",
    ) == [(0,)]
    assert rows(db, "select count(*) >= 365 from gex_levels where net_gex is not null") == [(True,)]


def test_a_chain_with_an_exposure_has_a_flip_or_keeps_its_sign_everywhere(db):
    silent = """
        select count(*) from gex_levels
        where net_gex is not null and gamma_flip is null and reason != 'no_flip'
    """
    assert rows(db, silent) == [(0,)]
    one_sign = """
        select count(*) from (
            select min(sign(curve.gex_net)) != max(sign(curve.gex_net)) as turns
            from gex_levels inner join gex_curve as curve using (underlying, session_date)
            where gex_levels.reason = 'no_flip' group by underlying, session_date
        ) where turns
    """
    assert rows(db, one_sign) == [(0,)]


def test_strikes_add_up_and_the_curve_passes_through_the_net(db):
    worst = """
        select
            max(abs(strikes.net - net_gex) / gross_gex),
            max(abs(here.gex_net - net_gex) / gross_gex)
        from gex_levels
        inner join (
            select underlying, session_date, sum(gex_net) as net from gex_profile group by all
        ) as strikes using (underlying, session_date)
        inner join gex_curve as here
            on here.underlying = gex_levels.underlying
            and here.session_date = gex_levels.session_date and here.log_move = 0
    """
    ((by_strike, on_curve),) = rows(db, worst)
    assert by_strike < 1e-12
    assert on_curve < 0.05  # marks know of early exercise, the curve of European options


def test_features_that_need_no_bars_have_values(db):
    names = ("gex_call_share", "gex_0_7_share", "gex_hhi", "gex_flip_dist", "gex_callwall_dist")
    counts = ", ".join(f"count({name})" for name in names)
    assert min(rows(db, f"select {counts} from features_options")[0]) >= 350
