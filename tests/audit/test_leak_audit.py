"""Two whole rebuilds of a small warehouse without the future, with leaks planted beside it."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from leaking_models import leaking_project

from engine.errors import AuditError
from engine.lake.store import Lake
from engine.market import calendar
from engine.settings import Settings, project_root
from engine.validation.cut_lake import Cut
from engine.validation.leak_audit import AuditReport, audit_leaks

# One worker: the fixture is two rebuilds.
SESSIONS = 60
SYMBOLS = ("SPY", "TLT", "VXX", "XLK")
KEPT_CHAINS = 18  # days of options: enough around the cuts, quick to build

LEAKS = {
    "leaks_daily.tomorrows_close",
    "leaks_daily.undeclared_dividend",
    "leaks_daily.unknown_vix",
    "leaks_intraday.unfinished_hour",
}
HONEST = {
    "leaks_daily.yesterdays_close",
    "leaks_daily.declared_dividend",
    "leaks_daily.known_vix",
    "leaks_intraday.finished_hour",
}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from engine.lake.simulate import simulate

    folder = tmp_path_factory.mktemp("audit") / "lake"
    simulate(folder, sessions=SESSIONS, symbols=SYMBOLS, seed=3)
    store = Lake(folder)
    for day in store.days("options")[:-KEPT_CHAINS]:
        store.day_path("options", day).unlink()
    return folder


@pytest.fixture(scope="module")
def cuts(lake: Path) -> tuple[Cut, Cut]:
    """An instant inside the bars of every frame, and one before the day's index levels."""
    days = Lake(lake).days("stocks")
    inside, evening = days[-12], days[-8]
    open_at = calendar.local_to_utc(inside, 9, 30)
    close_at = calendar.local_to_utc(evening, 16, 0)
    return (
        Cut(open_at + dt.timedelta(minutes=107, seconds=23.5), True, "removed"),
        Cut(close_at + dt.timedelta(minutes=7, seconds=30), False, "replaced"),
    )


@pytest.fixture(scope="module")
def report(
    lake: Path, cuts: tuple[Cut, Cut], tmp_path_factory: pytest.TempPathFactory
) -> AuditReport:
    folder = tmp_path_factory.mktemp("stores")
    return audit_leaks(
        Settings(lake=lake, journal=folder / "journal", warehouse=folder / "warehouse"),
        plan=cuts,
        project=leaking_project(project_root(), folder / "project"),
        scratch=folder / "scratch",
    )


def test_the_planted_leaks_are_caught_and_nothing_else(report: AuditReport) -> None:
    assert set(report.leaking) == LEAKS, "\n".join(map(str, report.differences))


def test_honest_twins_of_the_leaks_are_compared_and_pass(report: AuditReport) -> None:
    passed = {f"{stamp.table}.{stamp.column}" for stamp in report.columns if stamp.passed}
    assert passed >= HONEST


def test_every_published_table_with_a_known_time_is_compared(report: AuditReport) -> None:
    compared = {table.table: table.rows for table in report.cuts[0].tables}
    assert set(compared) >= {
        "bars_5min",
        "bars_15min",
        "bars_1h",
        "bars_1d",
        "features_daily",
        "features_cross_asset",
        "features_options",
        "gex_profile",
        "gex_levels",
        "targets_daily",
        "stg_lake__stocks",
        "stg_lake__options",
    }
    assert all(rows > 0 for rows in compared.values())


def test_market_wide_features_are_compared_by_session(report: AuditReport) -> None:
    stamps = {stamp.column: stamp for stamp in report.columns if stamp.passed}
    assert stamps["xa_corr_spy_tlt_20"].table == "features_cross_asset"
    assert stamps["xa_corr_spy_tlt_20"].values > 20


def test_a_leak_through_an_unfinished_bar_shows_only_at_a_cut_inside_it(
    report: AuditReport,
) -> None:
    inside, evening = (
        {f"{found.table}.{found.column}" for table in result.tables for found in table.differences}
        for result in report.cuts
    )
    assert "leaks_intraday.unfinished_hour" in inside - evening
    assert "leaks_daily.unknown_vix" in evening - inside


def test_the_first_row_that_differs_is_one_that_was_known_at_the_cut(
    report: AuditReport, cuts: tuple[Cut, Cut]
) -> None:
    for result in report.cuts:
        for table in result.tables:
            for found in table.differences:
                assert dt.datetime.fromisoformat(found.known_at) <= result.cut.instant
                assert found.reference != found.rebuilt
                assert dict(found.key)["symbol"] in SYMBOLS


def test_a_failed_audit_names_the_leaking_columns_and_has_its_exit_code(
    report: AuditReport,
) -> None:
    with pytest.raises(AuditError) as caught:
        report.require_passed()
    assert caught.value.exit_code == 8
    assert all(name in caught.value.what for name in LEAKS)


def test_the_lake_is_left_as_it_was(report: AuditReport, lake: Path) -> None:
    assert Lake(lake).days("stocks")[-1] == dt.date(2025, 12, 31)
    assert not (set(Lake(lake).read_reference("dividends")["source"].to_pylist()) - {"sim"})


def test_the_written_report_carries_a_stamp_for_every_column(
    report: AuditReport, tmp_path: Path
) -> None:
    report.write(tmp_path / "audit.json")
    content = json.loads((tmp_path / "audit.json").read_text())
    stamps = {(column["table"], column["column"]): column for column in content["columns"]}
    assert content["passed"] is False
    assert set(content["leaking"]) == LEAKS
    assert stamps["bars_1d", "close"]["passed"] is True
    assert stamps["bars_1d", "close"]["cuts"] == len(report.cuts)
    assert stamps["leaks_daily", "tomorrows_close"]["different"] > 0
