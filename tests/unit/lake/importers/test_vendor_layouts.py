"""Each vendor's layout, from a few rows as its documentation prints them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from vendor_files import (
    MASSIVE,
    at,
    day_rows,
    import_one,
    nanoseconds,
    reference_rows,
    write,
    write_parquet,
)

from engine.lake.importers import vendors
from engine.lake.schema import DATASETS


def test_massive_option_days_take_open_close_high_low_by_name(tmp_path: Path) -> None:
    # The first two rows are the vendor's own documentation; its columns are open, CLOSE, high, low.
    file = write(
        tmp_path / "2023-03-13.csv.gz",
        MASSIVE,
        "O:SPY230327P00390000,200,11.82,9.83,11.82,8.09,1678680000000000000,62",
        "O:IWM230327C00137000,1,35.77,35.77,35.77,35.77,1678680000000000000,1",
    )
    report = import_one(tmp_path / "lake", file, "massive_options_day")
    assert report.rows_written == 2
    iwm, spy = day_rows(tmp_path / "lake", "options", "2023-03-13")
    assert (spy["open"], spy["high"], spy["low"], spy["close"]) == (11.82, 11.82, 8.09, 9.83)
    assert (spy["volume"], spy["transactions"]) == (200.0, 62)
    assert (spy["symbol"], spy["root"], spy["underlying"]) == ("O:SPY230327P00390000", "SPY", "SPY")
    assert (spy["expiration"], spy["dte"]) == (dt.date(2023, 3, 27), 14)
    assert (spy["strike"], spy["option_type"]) == (Decimal("390.000"), "P")
    assert (spy["ts"], spy["known_at"]) == (at("2023-03-13 13:30"), at("2023-03-13 20:00"))
    assert (spy["bar_seconds"], spy["source"]) == (86_400, "massive_options_day")
    assert spy["bid"] is None and spy["open_interest"] is None
    assert iwm["option_type"] == "C"


def test_massive_option_minutes_are_known_when_they_close(tmp_path: Path) -> None:
    file = write(
        tmp_path / "2024-01-03.csv.gz",
        MASSIVE,
        "O:SPY240119C00450000,59,28.85,29.5,30.3,28.85,1704292200000000000,9",
    )
    import_one(tmp_path / "lake", file, "massive_options_minute")
    (row,) = day_rows(tmp_path / "lake", "options", "2024-01-03")
    assert (row["ts"], row["known_at"]) == (at("2024-01-03 14:30"), at("2024-01-03 14:31"))
    assert row["bar_seconds"] == 60


def test_massive_stock_minutes_say_which_part_of_the_day_they_are(tmp_path: Path) -> None:
    stamps = ["2025-04-16 12:00", "2025-04-16 13:30", "2025-04-16 19:59", "2025-04-16 20:00"]
    file = write(
        tmp_path / "2025-04-16.csv.gz",
        MASSIVE,
        *(f"SPY,10.5,1,2,3,0.5,{nanoseconds(stamp)},4" for stamp in stamps),
    )
    import_one(tmp_path / "lake", file, "massive_stocks_minute")
    rows = day_rows(tmp_path / "lake", "stocks", "2025-04-16")
    assert [row["segment"] for row in rows] == ["pre", "regular", "regular", "post"]
    assert rows[0]["volume"] == 10.5  # volume may be fractional
    assert {row["price_basis"] for row in rows} == {"raw"}


def test_massive_stock_days_belong_to_the_session_they_start(tmp_path: Path) -> None:
    file = write(
        tmp_path / "2025-04-16.csv",
        MASSIVE,
        f"SPY,100,1,2,3,0.5,{nanoseconds('2025-04-16 04:00')},4",
    )
    import_one(tmp_path / "lake", file, "massive_stocks_day")
    (row,) = day_rows(tmp_path / "lake", "stocks", "2025-04-16")
    assert (row["ts"], row["known_at"]) == (at("2025-04-16 13:30"), at("2025-04-16 20:00"))
    assert row["segment"] == "day"


OPTIONSDX = (
    "[QUOTE_UNIXTIME], [QUOTE_READTIME], [QUOTE_DATE], [QUOTE_TIME_HOURS], [UNDERLYING_LAST], "
    "[EXPIRE_DATE], [EXPIRE_UNIX], [DTE], [C_DELTA], [C_GAMMA], [C_VEGA], [C_THETA], [C_RHO], "
    "[C_IV], [C_VOLUME], [C_LAST], [C_SIZE], [C_BID], [C_ASK], [STRIKE], [P_BID], [P_ASK], "
    "[P_SIZE], [P_LAST], [P_DELTA], [P_GAMMA], [P_VEGA], [P_THETA], [P_RHO], [P_IV], "
    "[P_VOLUME], [STRIKE_DISTANCE], [STRIKE_DISTANCE_PCT]"
)


def test_optionsdx_rows_hold_a_call_and_a_put(tmp_path: Path) -> None:
    file = write(
        tmp_path / "spy_eod_202301.txt",
        OPTIONSDX,
        "1672779600, 2023-01-03 16:00, 2023-01-03, 16.000000, 380.82, 2023-01-20, 1674248400, "
        "17.00, 0.51, 0.02, 0.3, -0.2, 0.08, 0.21250, 12.000000, 7.100000, 12 x 14, 7.080000, "
        "7.120000, 381.500000, 6.900000, 6.950000, 3 x 0, 6.910000, -0.49, 0.02, 0.3, -0.2, "
        "-0.08, , , 0.7, 0.002",
    )
    report = import_one(tmp_path / "lake", file, "optionsdx")
    assert (report.vendor_rows, report.rows_read, report.rows_written) == (1, 2, 2)
    call, put = day_rows(tmp_path / "lake", "options", "2023-01-03")
    assert call["symbol"] == "O:SPY230120C00381500"
    assert put["symbol"] == "O:SPY230120P00381500"
    assert call["ts"] == call["known_at"] == at("2023-01-03 21:00")
    assert (call["bid"], call["ask"], call["close"]) == (7.08, 7.12, 7.1)
    assert (call["bid_size"], call["ask_size"], put["ask_size"]) == (12.0, 14.0, 0.0)
    assert (call["vendor_iv"], call["vendor_delta"], call["volume"]) == (0.2125, 0.51, 12.0)
    assert (put["vendor_iv"], put["volume"]) == (None, None)  # empty strings
    assert put["underlying_price"] == 380.82 and put["open_interest"] is None


DATASHOP = (
    "underlying_symbol,quote_date,root,expiration,strike,option_type,open,high,low,close,"
    "trade_volume,bid_size_1545,bid_1545,ask_size_1545,ask_1545,underlying_bid_1545,"
    "underlying_ask_1545,bid_size_eod,bid_eod,ask_size_eod,ask_eod,underlying_bid_eod,"
    "underlying_ask_eod,vwap,open_interest,delivery_code"
)


def test_cboe_datashop_keeps_the_close_out_of_what_was_known_at_1545(tmp_path: Path) -> None:
    file = write(
        tmp_path / "UnderlyingOptionsEODQuotes_2019-07-02.csv",
        DATASHOP,
        "^SPX,2019-07-02,SPXW,2019-07-05,2950.000,C,20,25,18,24,30,5,22,6,23,2960,2961,7,24,8,25,"
        "2970,2972,21.5,1234,",
        "^SPX,2019-07-02,SPXW,2019-07-05,2955.000,P,0,0,0,0,0,5,0,6,0,2960,2961,7,1,8,2,2970,2972,"
        "0,10,",
    )
    report = import_one(tmp_path / "lake", file, "cboe_datashop_eod")
    # Two snapshots, and a day row for the contract that traded.
    assert (report.vendor_rows, report.rows_read, report.rows_written) == (2, 3, 3)
    quote, day, untraded = day_rows(tmp_path / "lake", "options", "2019-07-02")
    assert quote["ts"] == quote["known_at"] == at("2019-07-02 19:45")
    assert (quote["bid"], quote["ask"], quote["underlying_price"]) == (22.0, 23.0, 2960.5)
    assert quote["volume"] is None and quote["close"] is None
    assert (day["bar_seconds"], day["known_at"]) == (86_400, at("2019-07-02 20:00"))
    assert (day["open"], day["high"], day["low"], day["close"]) == (20.0, 25.0, 18.0, 24.0)
    assert (day["volume"], day["bid"], day["underlying_price"]) == (30.0, 24.0, 2971.0)
    assert (untraded["bid"], untraded["ask"]) == (0.0, None)  # an offer of zero is none
    assert {row["underlying"] for row in (quote, day, untraded)} == {"SPX"}


def test_cboe_datashop_1545_is_1245_on_a_half_day(tmp_path: Path) -> None:
    file = write(
        tmp_path / "d.csv",
        DATASHOP,
        "^SPX,2019-07-03,SPX,2019-07-19,2950.000,C,0,0,0,0,0,5,22,6,23,2960,2961,7,24,8,25,2970,"
        "2972,0,1,",
    )
    import_one(tmp_path / "lake", file, "cboe_datashop_eod")
    (row,) = day_rows(tmp_path / "lake", "options", "2019-07-03")
    assert row["ts"] == at("2019-07-03 16:45")


THETADATA = (
    "symbol,expiration,strike,right,created,last_trade,open,high,low,close,volume,count,bid_size,"
    "bid_exchange,bid,bid_condition,ask_size,ask_exchange,ask,ask_condition"
)


def test_thetadata_quotes_are_of_the_close_and_known_when_made(tmp_path: Path) -> None:
    file = write(
        tmp_path / "eod.csv",
        THETADATA,
        '"AAPL","2024-11-08",220.000,"CALL",2024-11-04T17:16:48.203,2024-11-04T15:59:41.9,4.1,4.6,'
        "3.9,4.05,5321,1204,12,1,4.0,50,20,7,4.1,50",
        '"AAPL","2024-11-08",400.000,"PUT",2024-11-04T17:16:48.203,2024-11-04T00:00:00,0,0,0,0,0,0,'
        "1,1,177,50,1,7,179,50",
    )
    import_one(tmp_path / "lake", file, "thetadata_eod")
    call, put = day_rows(tmp_path / "lake", "options", "2024-11-04")
    assert call["ts"] == at("2024-11-04 21:00")
    assert call["known_at"] == at("2024-11-04 22:16") + dt.timedelta(seconds=48, milliseconds=203)
    assert (call["bid"], call["ask"], call["transactions"]) == (4.0, 4.1, 1204)
    assert (put["open"], put["close"], put["volume"]) == (None, None, 0.0)  # no trade


def test_yahoo_minutes_are_text_with_an_offset(tmp_path: Path) -> None:
    file = write(
        tmp_path / "spy.csv",
        "ticker,Datetime,Open,High,Low,Close,Volume,Dividends,Stock Splits,Adj Close",
        "SPY,2019-12-16 11:00:00-05:00,318.1,318.2,318.0,318.15,1000.0,0.0,0.0,",
        "SPY,2019-12-16 16:01:00Z,318.2,318.3,318.1,318.25,500.0,0.0,0.0,318.25",
    )
    import_one(tmp_path / "lake", file, "yahoo_minute")
    rows = day_rows(tmp_path / "lake", "stocks", "2019-12-16")
    assert [row["ts"] for row in rows] == [at("2019-12-16 16:00"), at("2019-12-16 16:01")]


def test_alpha_vantage_days_bring_dividends_and_splits_along(tmp_path: Path) -> None:
    file = write(
        tmp_path / "daily.csv",
        "ticker,date,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient",
        "EEM,2008-06-25,45,46,44,45.5,30.1,1000,1.5518,1.0",
        "EEM,2008-07-24,43,44,42,42.5,29.1,2000,0.0,3.000003",
        "USO,2020-04-29,17,18,16,17.5,17.5,3000,0.0,0.125",
    )
    report = import_one(tmp_path / "lake", file, "alphavantage_daily")
    assert report.reference_rows == {"dividends": 1, "splits": 2}
    (row,) = day_rows(tmp_path / "lake", "stocks", "2008-06-25")
    assert row["price_basis"] == "split_adjusted"
    (dividend,) = reference_rows(tmp_path / "lake", "dividends")
    assert (dividend["symbol"], dividend["ex_date"]) == ("EEM", dt.date(2008, 6, 25))
    assert (dividend["amount"], dividend["declared_date"]) == (1.5518, None)
    assert dividend["known_at"] == at("2008-06-24 20:00")  # the close before the ex-date
    splits = {row["symbol"]: row for row in reference_rows(tmp_path / "lake", "splits")}
    assert (splits["EEM"]["numerator"], splits["EEM"]["denominator"]) == (3.0, 1.0)
    assert (splits["USO"]["numerator"], splits["USO"]["denominator"]) == (1.0, 8.0)


def test_lean_quotes_are_ten_thousandths_and_milliseconds_of_the_new_york_day(
    tmp_path: Path,
) -> None:
    file = write_parquet(
        tmp_path / "quote.parquet",
        underlying=["goog", "goog"],
        file_date=["20151223", "20151223"],
        right=["call", "put"],
        strike_x10000=[7_475_000, 7_475_000],
        expiry=["20160115", "20160115"],
        time_ms=[34_200_000, 34_260_000],
        bid_close=pa.array([104_000, None], pa.int64()),
        bid_size=[5, 0],
        ask_close=[106_500, 33_333],
        ask_size=[6, 7],
    )
    import_one(tmp_path / "lake", file, "lean_minute_quote")
    call, put = day_rows(tmp_path / "lake", "options", "2015-12-23")
    assert call["symbol"] == "O:GOOG160115C00747500"
    assert (call["ts"], call["known_at"]) == (at("2015-12-23 14:30"), at("2015-12-23 14:31"))
    assert (call["bid"], call["ask"]) == (10.4, 10.65)
    assert (put["bid"], put["ask"]) == (None, 3.3333)  # one side had no quote


def test_lean_trades_are_bars(tmp_path: Path) -> None:
    file = write_parquet(
        tmp_path / "trade.parquet",
        underlying=["aapl"],
        file_date=["20140606"],
        right=["call"],
        strike_x10000=[10_000_000],
        expiry=["20150117"],
        time_ms=[36_240_000],
        open=[16_000],
        high=[16_100],
        low=[15_900],
        close=[15_950],
        volume=[40],
    )
    import_one(tmp_path / "lake", file, "lean_minute_trade")
    (row,) = day_rows(tmp_path / "lake", "options", "2014-06-06")
    assert (row["open"], row["high"], row["low"], row["close"]) == (1.6, 1.61, 1.59, 1.595)
    assert row["ts"] == at("2014-06-06 14:04")


@pytest.mark.parametrize(
    ("day", "written"), [("07/02/2019", dt.date(2019, 7, 2)), ("2019-07-03", dt.date(2019, 7, 3))]
)
def test_vix_levels_are_known_fifteen_minutes_after_the_close(
    tmp_path: Path, day: str, written: dt.date
) -> None:
    file = write(tmp_path / "VIX_History.csv", "DATE,OPEN,HIGH,LOW,CLOSE", f"{day},14,15,13,14.5")
    import_one(tmp_path / "lake", file, "cboe_vix_history")
    (row,) = reference_rows(tmp_path / "lake", "index_levels")
    assert (row["index"], row["session_date"], row["close"]) == ("VIX", written, 14.5)
    known = {2: "2019-07-02 20:15", 3: "2019-07-03 17:15"}  # the 3rd was a half day
    assert row["known_at"] == at(known[written.day])


def test_closes_alone_leave_the_other_prices_empty(tmp_path: Path) -> None:
    file = write(tmp_path / "c.csv", "ticker,Date,Close", "SPY,2026-07-31,747.03")
    import_one(tmp_path / "lake", file, "adjclose_only")
    (row,) = day_rows(tmp_path / "lake", "stocks", "2026-07-31")
    assert (row["close"], row["open"], row["volume"]) == (747.03, None, None)
    assert row["price_basis"] == "total_return"


def test_yahoo_adjusted_days_are_read_by_name_not_by_place(tmp_path: Path) -> None:
    file = write(
        tmp_path / "d.csv", "ticker,Date,close,high,low,open,volume", "DIA,2021-04-01,3,4,1,2,10"
    )
    import_one(tmp_path / "lake", file, "yahoo_daily_adjusted")
    (row,) = day_rows(tmp_path / "lake", "stocks", "2021-04-01")
    assert (row["open"], row["high"], row["low"], row["close"]) == (2.0, 4.0, 1.0, 3.0)
    assert row["price_basis"] == "total_return"


def test_every_vendor_writes_the_contract_schema(tmp_path: Path) -> None:
    file = write(
        tmp_path / "2025-04-16.csv",
        MASSIVE,
        f"SPY,100,1,2,3,0.5,{nanoseconds('2025-04-16 04:00')},4",
    )
    import_one(tmp_path / "lake", file, "massive_stocks_day")
    import pyarrow.parquet as pq

    found = pq.read_schema(tmp_path / "lake" / "stocks" / "2025-04-16.parquet")
    assert found.remove_metadata() == DATASETS["stocks"].schema


def test_vendors_of_the_issue_are_all_known() -> None:
    names = {vendor.name for vendor in vendors()}
    assert names >= {
        "massive_stocks_day",
        "massive_stocks_minute",
        "massive_options_day",
        "massive_options_minute",
        "optionsdx",
        "cboe_datashop_eod",
        "thetadata_eod",
        "yahoo_minute",
        "alphavantage_daily",
        "lean_minute_quote",
        "lean_minute_trade",
        "cboe_vix_history",
    }
    assert all(vendor.title and vendor.dataset and vendor.row for vendor in vendors())
