"""Zones are converted by name: the same wall clock is another instant in summer and in winter."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from vendor_files import MASSIVE, at, day_rows, import_one, nanoseconds, write, write_parquet


@pytest.mark.parametrize(
    ("midnight", "session", "opening"),
    [
        ("2024-03-08 05:00", "2024-03-08", "2024-03-08 14:30"),  # the last day of winter time
        ("2024-03-11 04:00", "2024-03-11", "2024-03-11 13:30"),  # the first of summer time
        ("2024-11-01 04:00", "2024-11-01", "2024-11-01 13:30"),
        ("2024-11-04 05:00", "2024-11-04", "2024-11-04 14:30"),
    ],
)
def test_day_bars_start_at_midnight_new_york_in_both_seasons(
    tmp_path: Path, midnight: str, session: str, opening: str
) -> None:
    file = write(tmp_path / "d.csv", MASSIVE, f"SPY,1,2,2,2,2,{nanoseconds(midnight)},1")
    import_one(tmp_path / "lake", file, "massive_stocks_day")
    (row,) = day_rows(tmp_path / "lake", "stocks", session)
    assert row["ts"] == at(opening)


def test_a_day_bar_that_is_not_at_midnight_new_york_is_a_bad_timestamp(tmp_path: Path) -> None:
    # Midnight UTC would otherwise be the evening, and so the session, before.
    good, bad = nanoseconds("2024-03-08 05:00"), nanoseconds("2024-03-08 00:00")
    file = write(tmp_path / "d.csv", MASSIVE, f"SPY,1,2,2,2,2,{good},1", f"QQQ,1,2,2,2,2,{bad},1")
    report = import_one(tmp_path / "lake", file, "massive_stocks_day")
    assert (report.rows_written, report.rejected) == (1, {"bad_timestamp": 1})


@pytest.mark.parametrize(
    ("day", "opening"), [("20240308", "2024-03-08 14:30"), ("20240311", "2024-03-11 13:30")]
)
def test_milliseconds_of_the_day_follow_the_clock_not_an_offset(
    tmp_path: Path, day: str, opening: str
) -> None:
    file = write_parquet(
        tmp_path / "t.parquet",
        underlying=["spy"],
        file_date=[day],
        right=["put"],
        strike_x10000=[5_000_000],
        expiry=["20240419"],
        time_ms=[34_200_000],
        open=[1],
        high=[1],
        low=[1],
        close=[1],
        volume=[1],
    )
    import_one(tmp_path / "lake", file, "lean_minute_trade")
    (row,) = day_rows(tmp_path / "lake", "options", dt.date.fromisoformat(day).isoformat())
    assert row["ts"] == at(opening)


def test_text_without_an_offset_is_not_guessed(tmp_path: Path) -> None:
    file = write(
        tmp_path / "m.csv",
        "ticker,Datetime,Open,High,Low,Close,Volume",
        "SPY,2020-01-14 10:00:00,1,1,1,1,1",
        "SPY,2020-01-14 10:00:00-05:00,1,1,1,1,1",
    )
    report = import_one(tmp_path / "lake", file, "yahoo_minute")
    assert (report.rows_written, report.rejected) == (1, {"bad_timestamp": 1})


@pytest.mark.parametrize("stamp", ["0", "99999999999999999999", "soon", "4102444800000000000"])
def test_an_impossible_epoch_is_a_bad_timestamp(tmp_path: Path, stamp: str) -> None:
    good = nanoseconds("2024-03-08 14:30")
    file = write(tmp_path / "m.csv", MASSIVE, f"SPY,1,2,2,2,2,{good},1", f"SPY,1,2,2,2,2,{stamp},1")
    report = import_one(tmp_path / "lake", file, "massive_stocks_minute")
    assert (report.rows_written, report.rejected) == (1, {"bad_timestamp": 1})


def test_a_bar_between_two_minutes_is_a_bad_timestamp(tmp_path: Path) -> None:
    good = nanoseconds("2024-03-08 14:30")
    file = write(
        tmp_path / "m.csv",
        MASSIVE,
        f"SPY,1,2,2,2,2,{good},1",
        f"SPY,1,2,2,2,2,{good + 7_000_000_000},1",
    )
    report = import_one(tmp_path / "lake", file, "massive_stocks_minute")
    assert report.rejected == {"bad_timestamp": 1}


def test_minutes_after_midnight_utc_belong_to_the_new_york_day(tmp_path: Path) -> None:
    stamp = nanoseconds("2024-12-10 00:59")  # 19:59 in New York on the 9th
    file = write(tmp_path / "m.csv", MASSIVE, f"SPY,1,2,2,2,2,{stamp},1")
    import_one(tmp_path / "lake", file, "massive_stocks_minute")
    (row,) = day_rows(tmp_path / "lake", "stocks", "2024-12-09")
    assert row["segment"] == "post"
