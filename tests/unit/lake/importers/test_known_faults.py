"""Faults that real files are known to have, in miniature: each has a reason or a mapping."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from vendor_files import MASSIVE, at, day_rows, import_one, nanoseconds, write, write_parquet

from engine.lake.importers import ImportReport

CHAIN = (
    "underlying,underlying_last,exchange,optionroot,type,expiration,quotedate,strike,last,net,bid,"
    "ask,volume,openinterest,impliedvol,delta,gamma"
)


def chain_row(day: str, ticker: str, last: str = "1.5", ask: str = "1.6", iv: str = "0.12") -> str:
    return f"SPX,2919.04,CBOE,{ticker},call,,{day},0,{last},0,1.4,{ask},3,9,{iv},0.5,0.0"


def rejects(lake: Path, report: ImportReport) -> list[dict[str, object]]:
    path = lake / "rejects" / f"{report.source}-{report.content_hash}.parquet"
    rows: list[dict[str, object]] = pq.read_table(path).to_pylist()
    return rows


def test_a_holiday_file_that_repeats_the_day_before_is_not_a_session(tmp_path: Path) -> None:
    file = write(
        tmp_path / "spx.csv",
        CHAIN,
        chain_row("2019-07-03", "SPX190719C02900000"),
        chain_row("2019-07-04", "SPX190719C02900000"),
        chain_row("2019-07-04", "SPXW190703C02900000"),
    )
    report = import_one(tmp_path / "lake", file, "cboe_quotes_snapshot")
    assert report.rows_written == 1
    assert report.rejected == {"expired": 1, "not_a_session": 1}
    holiday, stale = rejects(tmp_path / "lake", report)
    assert (holiday["row"], holiday["session_date"]) == (2, dt.date(2019, 7, 4))
    assert (holiday["reason"], holiday["file"]) == ("not_a_session", "spx.csv")
    assert (stale["row"], stale["reason"], stale["detail"]) == (3, "expired", "2019-07-03")
    assert stale["entity"] == "SPXW190703C02900000"
    assert not (tmp_path / "lake" / "options" / "2019-07-04.parquet").exists()


def test_am_and_pm_settled_contracts_of_one_strike_stay_apart(tmp_path: Path) -> None:
    file = write(
        tmp_path / "spx.csv",
        CHAIN,
        chain_row("2019-07-02", "SPXW190719C02900000"),
        chain_row("2019-07-02", "SPX190719C02900000"),
    )
    import_one(tmp_path / "lake", file, "cboe_quotes_snapshot")
    rows = day_rows(tmp_path / "lake", "options", "2019-07-02")
    assert [row["root"] for row in rows] == ["SPX", "SPXW"]
    assert {row["underlying"] for row in rows} == {"SPX"}


def test_a_snapshot_without_a_time_is_taken_where_its_mapping_says(tmp_path: Path) -> None:
    file = write(
        tmp_path / "spx.csv",
        CHAIN,
        chain_row("2019-07-02", "SPX190719C02900000"),
        chain_row("2019-07-03", "SPX190719C02900000"),
    )
    import_one(tmp_path / "lake", file, "cboe_quotes_snapshot")
    (full,) = day_rows(tmp_path / "lake", "options", "2019-07-02")
    (half,) = day_rows(tmp_path / "lake", "options", "2019-07-03")
    assert full["ts"] == full["known_at"] == at("2019-07-02 19:15")  # 15:15 New York
    assert half["ts"] == at("2019-07-03 16:15")  # 45 minutes before the 13:00 close
    assert full["underlying_price"] == 2919.04


def test_zero_means_missing_where_zero_cannot_be(tmp_path: Path) -> None:
    row = chain_row("2019-07-02", "SPX190719C02900000", last="0.0", ask="0.0", iv="0.0")
    import_one(tmp_path / "lake", write(tmp_path / "s.csv", CHAIN, row), "cboe_quotes_snapshot")
    (found,) = day_rows(tmp_path / "lake", "options", "2019-07-02")
    assert (found["close"], found["ask"], found["vendor_iv"]) == (None, None, None)
    assert (found["bid"], found["vendor_delta"]) == (1.4, 0.5)


def last_prices(path: Path, day: dt.date, symbol: str, expiration: str) -> Path:
    return write_parquet(
        path,
        file_date=[day],
        file_symbol=[symbol],
        header_underlyingPrice=[230.5],
        callOption=[f"{expiration}_227.50_Call"],
        callPrice=[4.5],
        callDelta=[0.6],
        callVolume=[44.0],
        callIv=[21.13],
        callOi=[9808.0],
        putOption=[f"{expiration}_227.50_Put"],
        putPrice=[0.0],
        putDelta=[-0.4],
        putVolume=[0.0],
        putIv=[0.0],
        putOi=[7.0],
    )


def test_strikes_inside_text_percent_ivs_and_mixed_case_symbols(tmp_path: Path) -> None:
    file = last_prices(tmp_path / "c.parquet", dt.date(2026, 8, 3), "iwm", "2026-09-18")
    report = import_one(tmp_path / "lake", file, "last_iv_oi")
    assert (report.vendor_rows, report.rows_read, report.rows_written) == (1, 2, 2)
    call, put = day_rows(tmp_path / "lake", "options", "2026-08-03")
    assert call["symbol"] == "O:IWM260918C00227500"
    assert call["underlying"] == put["underlying"] == "IWM"
    assert call["vendor_iv"] == 21.13 / 100
    assert (put["vendor_iv"], put["close"]) == (None, None)
    assert (call["open_interest"], call["dte"]) == (9808.0, 46)
    assert (call["bar_seconds"], call["underlying_price"]) == (86_400, 230.5)


def test_a_repeated_holiday_of_the_wide_chain_counts_call_and_put(tmp_path: Path) -> None:
    file = last_prices(tmp_path / "c.parquet", dt.date(2026, 7, 3), "Vxx", "2026-09-18")
    report = import_one(tmp_path / "lake", file, "last_iv_oi")
    assert (report.rows_read, report.rejected) == (2, {"not_a_session": 2})
    first, second = rejects(tmp_path / "lake", report)
    assert (first["row"], second["row"]) == (1, 1)
    assert first["entity"] == "Vxx 2026-09-18_227.50_Call"


def test_text_that_does_not_split_is_unparsable(tmp_path: Path) -> None:
    good = last_prices(tmp_path / "g.parquet", dt.date(2026, 8, 3), "SPY", "2026-09-18")
    table = pq.read_table(good)
    odd = table.set_column(
        table.schema.get_field_index("callOption"), "callOption", pa.array(["2026-09-18 227.50 C"])
    )
    both = tmp_path / "both.parquet"
    pq.write_table(pa.concat_tables([table, odd]), both)
    report = import_one(tmp_path / "lake", both, "last_iv_oi")
    assert (report.rows_written, report.rejected) == (3, {"unparsable_row": 1})
    (row,) = rejects(tmp_path / "lake", report)
    assert row["detail"] == "expiration: 2026-09-18 227.50 C"


def test_new_york_wall_clock_labelled_utc_is_read_as_new_york(tmp_path: Path) -> None:
    stamps = [dt.datetime(2026, 1, 14, 9, 30), dt.datetime(2026, 1, 14, 15, 59)]
    file = write_parquet(
        tmp_path / "m.parquet",
        symbol=["DIA", "DIA"],
        timestamp=pa.array(stamps, pa.timestamp("ns", tz="UTC")),
        open=[490.685, 1.0],
        high=[491.75, 1.0],
        low=[490.685, 1.0],
        close=[491.6, 1.0],
        volume=pa.nulls(2, pa.float64()),
    )
    import_one(tmp_path / "lake", file, "minute_novolume")
    rows = day_rows(tmp_path / "lake", "stocks", "2026-01-14")
    assert [row["ts"] for row in rows] == [at("2026-01-14 14:30"), at("2026-01-14 20:59")]
    assert {row["segment"] for row in rows} == {"regular"}
    assert rows[0]["volume"] is None


def test_duplicated_minutes_reach_the_lake_for_staging_to_judge(tmp_path: Path) -> None:
    bars = [
        "SPY,2020-01-14 10:00:00-05:00,1,2,0.5,1.5,100,0,0,",
        "SPY,2020-01-14 10:00:00-05:00,1,2,0.5,1.5,100,0,0,",
        "SPY,2020-01-14 10:00:00-05:00,1,2,0.5,1.6,120,0,0,",
    ]
    header = "ticker,Datetime,Open,High,Low,Close,Volume,Dividends,Stock Splits,Adj Close"
    report = import_one(tmp_path / "lake", write(tmp_path / "m.csv", header, *bars), "yahoo_minute")
    assert report.rows_written == 3
    closes = [row["close"] for row in day_rows(tmp_path / "lake", "stocks", "2020-01-14")]
    assert closes == [1.5, 1.5, 1.6]  # in the file's order: the last is the newest


def test_split_adjusted_prices_say_so_and_are_not_divided_again(tmp_path: Path) -> None:
    header = (
        "ticker,date,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient"
    )
    lines = [
        "VXX,2010-11-08,100,100,100,100,1,5,0,1.0",
        "VXX,2010-11-09,101,101,101,101,1,5,0,0.25",
    ]
    import_one(tmp_path / "lake", write(tmp_path / "a.csv", header, *lines), "alphavantage_daily")
    for day, close in (("2010-11-08", 100.0), ("2010-11-09", 101.0)):
        (row,) = day_rows(tmp_path / "lake", "stocks", day)
        assert (row["close"], row["price_basis"]) == (close, "split_adjusted")


def test_a_null_bar_reaches_the_lake_with_its_prices_empty(tmp_path: Path) -> None:
    header = "ticker,Datetime,Open,High,Low,Close,Volume"
    bars = ["SPY,2020-01-14 10:00:00-05:00,,,,,", "SPY,2020-01-14 10:01:00-05:00,1,1,1,1,0.0"]
    report = import_one(tmp_path / "lake", write(tmp_path / "m.csv", header, *bars), "yahoo_minute")
    assert report.rows_written == 2
    empty, full = day_rows(tmp_path / "lake", "stocks", "2020-01-14")
    assert empty["close"] is None and full["volume"] == 0.0


def test_levels_on_new_york_holidays_are_not_sessions(tmp_path: Path) -> None:
    # CBOE calculates its indices on some days when the stock market is closed.
    file = write(
        tmp_path / "VIX_History.csv",
        "DATE,OPEN,HIGH,LOW,CLOSE",
        "07/04/2022,27,28,26,27.5",
        "07/05/2022,27,30,26,27.5",
    )
    report = import_one(tmp_path / "lake", file, "cboe_vix_history")
    assert (report.rows_written, report.rejected) == (1, {"not_a_session": 1})


def test_adjusted_roots_keep_their_digit_and_find_their_underlying(tmp_path: Path) -> None:
    stamp = nanoseconds("2020-05-04 04:00")
    file = write(tmp_path / "d.csv", MASSIVE, f"O:USO1200619C00012000,1,2,2,2,2,{stamp},1")
    import_one(tmp_path / "lake", file, "massive_options_day")
    (row,) = day_rows(tmp_path / "lake", "options", "2020-05-04")
    assert (row["root"], row["underlying"]) == ("USO1", "USO")


def test_every_reason_of_the_importers_is_in_the_seed() -> None:
    import csv

    from engine.lake.importers.transform import REASONS
    from engine.settings import project_root

    with (project_root() / "seeds" / "reason_codes.csv").open(newline="") as handle:
        known = {line["code"] for line in csv.DictReader(handle) if "import" in line["stage"]}
    assert set(REASONS) <= known
