"""Three kinds of vendors' files through one set of models, no code or setting in between.

SPY has minute aggregates of trades, SPX a DataShop file of quotes, QQQ day aggregates of trades.
All prices are Black's at one volatility each, so every mark and volatility is known.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import math

import duckdb
import pytest

from engine.kernels import black
from engine.lake.importers import import_files
from engine.settings import Settings
from engine.warehouse.pipeline import build
from engine.warehouse.runner import Options

MASSIVE = "ticker,volume,open,close,high,low,window_start,transactions"
DATASHOP = (
    "underlying_symbol,quote_date,root,expiration,strike,option_type,open,high,low,close,"
    "trade_volume,bid_size_1545,bid_1545,ask_size_1545,ask_1545,underlying_bid_1545,"
    "underlying_ask_1545,bid_size_eod,bid_eod,ask_size_eod,ask_eod,underlying_bid_eod,"
    "underlying_ask_eod,vwap,open_interest,delivery_code"
)
MODELS = ("+option_marks", "+mark_reconciliation", "--indirect-selection=cautious")
VARIABLES = (("option_exercise", "european"), ("option_default_rate", 0.03))

FULL, HALF = dt.date(2024, 7, 2), dt.date(2024, 7, 3)  # the second closes at 13:00
CLOSE = {FULL: dt.time(20), HALF: dt.time(17)}  # UTC
SNAPSHOT = {FULL: dt.time(19, 45), HALF: dt.time(16, 45)}
EXPIRY = dt.date(2024, 8, 2)
RATE, VOL = 0.03, {"SPY": 0.15, "SPX": 0.14, "QQQ": 0.2}
START = {"SPY": 545.0, "SPX": 5500.0, "QQQ": 480.0}


def utc(day, time):
    return dt.datetime.combine(day, time, tzinfo=dt.UTC)


def stamp(instant):
    return int(instant.timestamp()) * 1_000_000_000


def share(symbol, day, time):
    """Return the share price at the end of the minute that begins at a time: it only rises."""
    minutes = (utc(day, time) - utc(day, dt.time(13, 30))).total_seconds() / 60
    return round(START[symbol] + 0.02 * minutes + (1.0 if day == HALF else 0.0), 4)


def years(instant):
    return (utc(EXPIRY, dt.time(20)) - instant).total_seconds() / (365 * 86_400)


def worth(symbol, spot, strike, kind, instant):
    t = years(instant)
    stdev = VOL[symbol] * math.sqrt(t)
    forward = spot * math.exp(RATE * t)
    return math.exp(-RATE * t) * float(black.price(forward, strike, stdev, kind == "C"))


def ticker(symbol, strike, kind, expiry=EXPIRY):
    return f"O:{symbol}{expiry:%y%m%d}{kind}{round(strike * 1000):08d}"


def aggregate(name, price, instant, volume=10):
    return f"{name},{volume},{price!r},{price!r},{price!r},{price!r},{stamp(instant)},3"


def write(path, header, rows):
    text = "\n".join([header, *rows]) + "\n"
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    return path


def minute_files(folder, day):
    """SPY: trades of each strike at 10:00 and 35 minutes before the snapshot, and some after it."""
    opening = utc(day, dt.time(13, 30))
    count = int((utc(day, CLOSE[day]) - opening).total_seconds() / 60)
    minutes = [opening + dt.timedelta(minutes=i) for i in range(count)]
    shares = [aggregate("SPY", share("SPY", day, m.time()), m) for m in minutes]
    options = []

    def trade(strike, kind, begin, factor=1.0):
        spot, instant = share("SPY", day, begin.time()), begin + dt.timedelta(minutes=1)
        price = factor * worth("SPY", spot, strike, kind, instant)
        options.append(aggregate(ticker("SPY", strike, kind), price, begin))

    snapshot = utc(day, SNAPSHOT[day])
    young, old = snapshot - dt.timedelta(minutes=35), utc(day, dt.time(14))
    for strike in range(525, 570, 5):
        for kind in "CP":
            trade(strike, kind, old, factor=1.02)
            if strike != 565:  # 565 is not traded again
                trade(strike, kind, young)
    trade(550, "C", snapshot, factor=2.0)  # known a minute too late
    trade(575, "C", snapshot + dt.timedelta(minutes=5))  # all of it too late
    return [
        ("massive_stocks_minute", write(folder / f"shares-{day}.csv.gz", MASSIVE, shares)),
        ("massive_options_minute", write(folder / f"minutes-{day}.csv.gz", MASSIVE, options)),
    ]


def day_files(folder, day):
    """QQQ: one aggregate a contract; the second session lacks one of the first's contracts."""
    midnight = utc(day, dt.time(4))  # of New York
    spot = share("QQQ", day, CLOSE[day])
    rows = []
    for strike in range(440, 525, 10):
        for kind in "CP":
            if day == HALF and (strike, kind) == (490, "C"):
                continue
            price = worth("QQQ", spot, strike, kind, utc(day, CLOSE[day]))
            rows.append(aggregate(ticker("QQQ", strike, kind), price, midnight))
    for kind in "CP":  # they settle at the second session's close
        rows.append(aggregate(ticker("QQQ", 475, kind, HALF), 7.0, midnight))
    return [
        ("massive_stocks_day", write(folder / f"day-{day}.csv.gz", MASSIVE,
                                     [aggregate("QQQ", spot, midnight)])),
        ("massive_options_day", write(folder / f"days-{day}.csv.gz", MASSIVE, rows)),
    ]  # fmt: skip


def datashop_file(folder, day):
    """SPXW quotes of 15:45, or 12:45, half a dollar wide; some of them faulty."""
    at_1545 = utc(day, SNAPSHOT[day])
    spot = share("SPX", day, SNAPSHOT[day])
    path = folder / f"UnderlyingOptionsEODQuotes_{day}.csv"
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(DATASHOP.split(","))
        for strike in range(5200, 5825, 25):
            for kind in "CP":
                mid = worth("SPX", spot, strike, kind, at_1545)
                bid, ask, volume = mid - 0.25, mid + 0.25, 7
                if (strike, kind) == (5800, "C"):
                    bid, volume = 0.0, 0
                elif (strike, kind) == (5200, "P"):
                    bid, ask = mid + 1, mid  # crossed, but it traded
                elif (strike, kind) == (5225, "P"):
                    bid, ask, volume = 0.0, 0.0, 0
                lines.writerow([
                    "^SPX", day, "SPXW", EXPIRY, f"{strike}.000", kind, *[volume and mid] * 4,
                    volume, 5, repr(bid), 6, repr(ask), spot - 0.5, spot + 0.5, 7, 0.01, 8, 9999,
                    spot, spot, mid, 100, "",
                ])  # fmt: skip
    return [("cboe_datashop_eod", path)]


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    files = folder / "files"
    files.mkdir()
    settings = Settings(folder / "lake", folder / "journal", folder / "warehouse")
    for day in (FULL, HALF):
        for vendor, path in (
            *minute_files(files, day), *day_files(files, day), *datashop_file(files, day),
        ):  # fmt: skip
            (report,) = import_files(settings.lake, [path], vendor=vendor)
            assert report.rows_written > 0
            assert not report.rejected
    return settings


def built(settings, *variables) -> duckdb.DuckDBPyConnection:
    options = Options(select=MODELS, variables=(*VARIABLES, *variables))
    build(settings, options, publishing=False)
    connection = duckdb.connect(str(settings.build_file), read_only=True)
    connection.execute("set timezone = 'UTC'")
    return connection


@pytest.fixture(scope="module")
def marks(settings: Settings):
    """Return rows of `option_marks` by (day, underlying, strike, option type), and the counts."""
    with built(settings) as connection:
        return read(connection)


def read(connection):
    result = connection.execute("select *, strike::double as k from option_marks")
    names = [column[0] for column in result.description]
    rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    found = {(r["session_date"], r["underlying"], r["k"], r["option_type"]): r for r in rows}
    assert len(found) == len(rows)
    counts = connection.execute(
        "select session_date, underlying, count_contracts, count_marked, count_reasoned, "
        "count_unexplained, count_not_used, count_unobserved from mark_reconciliation"
    ).fetchall()
    return found, {(day, symbol): tuple(rest) for day, symbol, *rest in counts}


def expected(symbol, day, strike, kind, spot=None):
    at = utc(day, SNAPSHOT[day])
    before = (at - dt.timedelta(minutes=1)).time()
    return worth(symbol, spot or share(symbol, day, before), strike, kind, at)


@pytest.mark.parametrize("day", [FULL, HALF])
def test_a_young_trade_is_moved_to_the_snapshot_by_the_share_since(marks, day):
    for strike in range(525, 565, 5):
        for kind in "CP":
            row = marks[0][day, "SPY", strike, kind]
            assert row["known_at"] == utc(day, SNAPSHOT[day])
            assert (row["mark_source"], row["mark_age"]) == ("trade", 34 * 60)
            assert row["mark"] == pytest.approx(expected("SPY", day, strike, kind), abs=2e-3)
            assert row["iv"] == pytest.approx(VOL["SPY"], abs=2e-4)


@pytest.mark.parametrize("day", [FULL, HALF])
def test_an_old_trade_gives_way_to_the_smile(marks, day):
    for kind in "CP":
        row = marks[0][day, "SPY", 565, kind]
        assert (row["mark_source"], row["reason"]) == ("surface", "old_trade")
        assert row["mark"] == pytest.approx(expected("SPY", day, 565, kind), abs=0.02)


def test_nothing_after_the_snapshot_counts(marks):
    found, counts = marks
    assert (FULL, "SPY", 575, "C") not in found
    assert counts[FULL, "SPY"] == (18, 18, 0, 0, 1, 0)
    # on the half day the contract traded late the day before is listed, but was never seen in time
    assert counts[HALF, "SPY"] == (18, 18, 0, 0, 1, 0)


@pytest.mark.parametrize("day", [FULL, HALF])
def test_datashop_quotes_are_those_of_a_quarter_of_an_hour_before_the_close(marks, day):
    spot = share("SPX", day, SNAPSHOT[day])
    for strike in range(5250, 5800, 25):
        for kind in "CP":
            row = marks[0][day, "SPX", strike, kind]
            assert row["known_at"] == utc(day, SNAPSHOT[day])
            assert (row["mark_source"], row["mark_age"], row["reason"]) == ("quote_mid", 0.0, None)
            assert row["mark"] == pytest.approx(expected("SPX", day, strike, kind, spot), abs=1e-9)
            assert row["iv"] == pytest.approx(VOL["SPX"], abs=1e-4)
            assert row["ask"] - row["bid"] == pytest.approx(0.5)  # not of the evening's quotes


def test_faulty_datashop_quotes_have_another_mark_and_a_reason(marks):
    found, counts = marks
    zero, crossed, empty = (
        found[FULL, "SPX", strike, kind] for strike, kind in ((5800, "C"), (5200, "P"), (5225, "P"))
    )
    assert (zero["quote_check"], zero["mark_source"]) == ("zero_bid", "surface")
    assert zero["reason"] == "zero_bid"
    assert (crossed["quote_check"], crossed["reason"]) == ("crossed", "trade_time_unknown")
    assert crossed["mark_source"] in ("trade_day", "surface")
    assert (empty["quote_check"], empty["mark_source"]) == ("no_quote", "surface")
    assert empty["reason"] in ("no_price", "zero_volume", "no_quote")
    for row in (zero, crossed, empty):
        spot = share("SPX", FULL, SNAPSHOT[FULL])
        fair = expected("SPX", FULL, row["k"], row["option_type"], spot)
        assert row["mark"] == pytest.approx(fair, abs=0.1)
    assert counts[FULL, "SPX"] == (50, 50, 0, 0, 0, 0)


@pytest.mark.parametrize("day", [FULL, HALF])
def test_a_day_aggregate_is_a_mark_whose_time_is_unknown(marks, day):
    for strike in range(440, 525, 10):
        row = marks[0][day, "QQQ", strike, "P"]
        assert row["known_at"] == utc(day, CLOSE[day])
        assert (row["mark_source"], row["mark_age"]) == ("trade_day", None)
        assert row["reason"] == "trade_time_unknown"
        assert row["iv"] == pytest.approx(VOL["QQQ"], abs=1e-6)


def test_a_contract_that_did_not_trade_again_is_marked_by_the_smile(marks):
    found, counts = marks
    row = found[HALF, "QQQ", 490, "C"]
    assert (row["is_observed"], row["mark_source"], row["reason"]) == (
        False, "surface", "unobserved",
    )  # fmt: skip
    spot = share("QQQ", HALF, CLOSE[HALF])
    fair = worth("QQQ", spot, 490, "C", utc(HALF, CLOSE[HALF]))
    assert row["mark"] == pytest.approx(fair, abs=0.01)
    assert counts[FULL, "QQQ"] == (20, 20, 0, 0, 0, 0)
    assert counts[HALF, "QQQ"] == (19, 19, 0, 0, 0, 1)


def test_at_settlement_a_contract_is_worth_what_exercise_gives(marks):
    spot = share("QQQ", HALF, CLOSE[HALF])
    for kind, worth_now in (("C", spot - 475), ("P", 0.0)):
        row = marks[0][HALF, "QQQ", 475, kind]
        assert (row["mark_source"], row["reason"]) == ("intrinsic", "expired")
        assert row["mark"] == pytest.approx(worth_now)
        assert row["iv"] is None


def test_another_snapshot_looks_at_what_was_known_by_then(marks, settings):
    """The setting is respected by the build that finds the tables of another setting."""
    with built(settings, ("option_snapshot", "10:30")) as connection:
        found, counts = read(connection)
    row = found[FULL, "SPY", 550, "C"]
    assert row["known_at"] == utc(FULL, dt.time(14, 30))
    assert (row["mark_source"], row["mark_age"]) == ("trade", 29 * 60)  # the one of 10:00
    assert row["iv"] > VOL["SPY"]  # its price was 2% too high
    assert counts[FULL, "SPY"] == (18, 18, 0, 0, 1, 0)
    # quotes of one time, and day aggregates, are looked at when they were made
    for key, old in marks[0].items():
        if key[1] != "SPY":
            assert found[key]["mark"] == old["mark"]
