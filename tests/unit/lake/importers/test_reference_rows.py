"""Dividends, splits and index levels of a vendor's file: each is written or rejected."""

from __future__ import annotations

from pathlib import Path

from vendor_files import import_one, reference_rows, write

from engine.lake.rejects import read_rejects

ALPHA = "ticker,date,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient"


def alpha(lake: Path, *lines: str):
    return import_one(lake, write(lake.parent / "daily.csv", ALPHA, *lines), "alphavantage_daily")


def reasons(lake: Path, dataset: str) -> list[tuple[int, str]]:
    rows = [row for row in read_rejects(lake).to_pylist() if row["dataset"] == dataset]
    return [(row["row"], row["reason"]) for row in rows]


def test_an_event_on_a_day_without_a_session_is_rejected_by_name(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    report = alpha(lake, "SPY,2020-12-25,1,1,1,1,1,10,1.5,1.0", "SPY,2020-12-28,1,1,1,1,1,10,0,2")
    assert report.reference_rows == {"splits": 1}
    assert report.reference_rejected == {"dividends": {"not_a_session": 1}}
    assert reasons(lake, "dividends") == [(1, "not_a_session")]


def test_an_amount_that_cannot_be_read_is_rejected_and_no_event_is_not(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    lines = [
        "SPY,2020-12-28,1,1,1,1,1,10,n.v.,1.0",
        "SPY,2020-12-29,1,1,1,1,1,10,0.0,1.0",
        "SPY,2020-12-30,1,1,1,1,1,10,,0",
        "SPY,2020-12-31,1,1,1,1,1,10,-0.5,two",
    ]
    report = alpha(lake, *lines)
    assert report.reference_rejected == {
        "dividends": {"unparsable_row": 1},
        "splits": {"unparsable_row": 1},
    }
    # a negative amount is the vendor's own: staging says what is wrong with it
    assert [row["amount"] for row in reference_rows(lake, "dividends")] == [-0.5]


def test_two_distributions_of_one_date_are_both_kept_and_an_identical_row_once(
    tmp_path: Path,
) -> None:
    lake = tmp_path / "lake"
    row = "SPY,2020-12-28,1,1,1,1,1,10,{},1.0"
    report = alpha(lake, row.format(1.5), row.format(0.4), row.format(1.5))
    assert [row["amount"] for row in reference_rows(lake, "dividends")] == [0.4, 1.5]
    assert report.reference_rows == {"dividends": 2}
    assert report.reference_rejected == {"dividends": {"duplicate": 1}}
    # a restated file replaces all distributions of its dates
    alpha(lake, row.format(1.6))
    assert [row["amount"] for row in reference_rows(lake, "dividends")] == [1.6]


def test_of_two_ratios_of_one_date_the_last_stays(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    row = "SPY,2020-12-28,1,1,1,1,1,10,0,{}"
    report = alpha(lake, row.format(2), row.format(4))
    assert [row["numerator"] for row in reference_rows(lake, "splits")] == [4.0]
    assert report.reference_rejected == {"splits": {"conflicting_duplicate": 1}}


def test_a_level_that_a_file_gives_twice_is_written_once(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    lines = ["01/02/2020,12,13,11,12.5"] * 2 + ["01/02/2020,12,13,11,12.6"]
    file = write(tmp_path / "VIX_History.csv", "DATE,OPEN,HIGH,LOW,CLOSE", *lines)
    report = import_one(lake, file, "cboe_vix_history")
    assert (report.rows_read, report.rows_written) == (3, 1)
    assert report.rejected == {"conflicting_duplicate": 2}
    assert [row["close"] for row in reference_rows(lake, "index_levels")] == [12.6]
