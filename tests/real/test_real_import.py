"""Every real file is imported once; its known faults are counted by name.

The expected counts are those of `SOURCES.md` beside the data, or of a query on the vendor's own
file: none comes from the importer. Figures here are aggregates; rows are never quoted.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from engine.lake.importers import ImportReport, import_files
from engine.lake.inspect import verify
from engine.lake.rejects import count_rejects

pytestmark = pytest.mark.real

FILES = {
    "cboe_vix_history": "idx_vix_daily_cboe_1990_2026.parquet",
    "alphavantage_daily": "eq_daily_16etf_av_1999_2021.parquet",
    "yahoo_daily_adjusted": "eq_daily_15etf_yfadj_2021_2026.parquet",
    "yahoo_minute": "eq_minute_16etf_yf_201912_202001.parquet",
    "minute_novolume": "eq_minute_14etf_202601_novolume.parquet",
    "cboe_datashop_eod": "opt_vix_cboe_datashop_eod_20160601.parquet",
    "cboe_quotes_snapshot": "opt_spx_cboe_snapshot_201904_201907.parquet",
    "last_iv_oi": "opt_etf_last_iv_oi_2026.parquet",
    "lean_minute_quote": "opt_lean_minute_quote.parquet",
    "lean_minute_trade": "opt_lean_minute_trade.parquet",
}
# Decades of daily files make thousands of day files: of these two a part is enough here, and
# `make real-demo` imports them whole.
PARTS = {
    "alphavantage_daily": "date >= '2020-01-01' or exists (from {file} s "
    "where s.split_coefficient <> 1 and abs(s.date - vendor.date) <= 5)",
    "yahoo_daily_adjusted": "Date >= '2025-06-01'",
}
VENDOR_ROWS = {
    "cboe_vix_history": 9_235,
    "yahoo_minute": 64_765,
    "minute_novolume": 51_079,
    "cboe_datashop_eod": 882,
    "cboe_quotes_snapshot": 809_782,
    "last_iv_oi": 1_192_059,
    "lean_minute_quote": 422_677,
    "lean_minute_trade": 45_618,
}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("real") / "lake"


@pytest.fixture(scope="module")
def files(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Where each vendor's file is, or the part of it that is used."""
    found = {vendor: real_data / name for vendor, name in FILES.items()}
    folder = tmp_path_factory.mktemp("parts")
    for vendor, condition in PARTS.items():
        where = condition.format(file=f"'{found[vendor]}'")
        part = folder / f"{vendor}.parquet"
        duckdb.sql(f"from '{found[vendor]}' vendor where {where}").write_parquet(str(part))
        found[vendor] = part
    return found


@pytest.fixture(scope="module")
def reports(files: dict[str, Path], lake: Path) -> dict[str, ImportReport]:
    found = {}
    for vendor, file in files.items():
        (found[vendor],) = import_files(lake, [file], vendor=vendor)
    return found


def ask(sql: str) -> list[tuple[Any, ...]]:
    """Return a query's rows."""
    rows: list[tuple[Any, ...]] = duckdb.sql(sql).fetchall()
    return rows


def number(sql: str) -> Any:
    """Return a query's one value."""
    ((value,),) = ask(sql)
    return value


def of(lake: Path, dataset: str, source: str) -> str:
    """Return the lake's rows of a source, for a query."""
    return f"(from '{lake}/{dataset}/*-*.parquet' where source = '{source}')"


def test_every_row_is_written_or_rejected(
    reports: dict[str, ImportReport], lake: Path, files: dict[str, Path]
) -> None:
    for vendor, report in reports.items():
        rows = number(f"select count(*) from '{files[vendor]}'")
        assert report.vendor_rows == VENDOR_ROWS.get(vendor, rows) == rows
        assert report.rows_read == report.rows_written + sum(report.rejected.values())
        dataset = report.dataset
        if dataset == "index_levels":
            rows = f"(from '{lake}/reference/{dataset}.parquet' where source = '{vendor}')"
        else:
            rows = of(lake, dataset, vendor)
        assert number(f"select count(*) from {rows}") == report.rows_written
    assert sum(count_rejects(lake).values()) == sum(
        sum(counts.values())
        for report in reports.values()
        for counts in (report.rejected, *report.reference_rejected.values())
    )


def test_the_lake_is_sound(reports: dict[str, ImportReport], lake: Path) -> None:
    assert reports
    assert verify(lake) == []


def test_importing_the_largest_file_again_changes_nothing(
    reports: dict[str, ImportReport], lake: Path, real_data: Path
) -> None:
    def state() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in lake.rglob("*.*") if path.is_file()}

    before = state()
    (again,) = import_files(lake, [real_data / FILES["last_iv_oi"]], vendor="last_iv_oi")
    assert again.unchanged and again.rows_written == reports["last_iv_oi"].rows_written
    assert state() == before


def test_spx_holiday_files_and_expired_rows(
    reports: dict[str, ImportReport], lake: Path, real_data: Path
) -> None:
    report = reports["cboe_quotes_snapshot"]
    file = real_data / FILES["cboe_quotes_snapshot"]
    holidays = number(
        f"select count(*) from '{file}' where quotedate in ('2019-05-27', '2019-07-04')"
    )
    assert report.rejected == {"expired": 316, "not_a_session": holidays - 316}
    assert len(report.days) == 56
    assert not (lake / "options" / "2019-07-04.parquet").exists()


def test_spx_roots_and_zeros(reports: dict[str, ImportReport], lake: Path, real_data: Path) -> None:
    assert reports["cboe_quotes_snapshot"].rows_written
    rows = of(lake, "options", "cboe_quotes_snapshot")
    sessions = (
        f"(from '{real_data / FILES['cboe_quotes_snapshot']}' "
        "where quotedate not in ('2019-05-27', '2019-07-04'))"
    )
    assert ask(f"select distinct root, underlying from {rows} order by 1") == [
        ("SPX", "SPX"),
        ("SPXW", "SPX"),
    ]
    for column, vendor in (("ask", "ask"), ("vendor_iv", "impliedvol"), ("close", "last")):
        missing = number(f"select count(*) from {rows} where {column} is null")
        assert missing == number(f"select count(*) from {sessions} where {vendor} = 0")
    assert number(f"select count(*) from {rows} where bid = 0") == number(
        f"select count(*) from {sessions} where bid = 0"
    )
    keys = "root, expiration, strike, option_type, ts"
    assert (
        number(f"select count(*) from (select {keys} from {rows} group by all having count(*) > 1)")
        == 0
    )


def test_etf_chains_of_2026(reports: dict[str, ImportReport], lake: Path, real_data: Path) -> None:
    report = reports["last_iv_oi"]
    file = real_data / FILES["last_iv_oi"]
    assert report.rows_read == 2 * 1_192_059
    on_holidays = number(
        f"select 2 * count(*) from '{file}' "
        "where file_date in ('2026-05-25', '2026-06-19', '2026-07-03')"
    )
    assert report.rejected["expired"] == 2 * 1_546
    assert sum(report.rejected.values()) == on_holidays  # the stale rows are in holiday files
    assert len(report.days) == 62
    rows = of(lake, "options", "last_iv_oi")
    symbols = [row[0] for row in ask(f"select distinct underlying from {rows} order by 1")]
    assert symbols == ["IWM", "QQQ", "SPY", "TLT", "VXX", "XLF"]
    # Percent became fractions: nobody's median implied volatility is above 100%.
    low, high = ask(f"select median(vendor_iv), max(vendor_iv) from {rows}")[0]
    assert 0.1 < low < 0.6 and high < 20
    assert number(f"select count(*) from {rows} where vendor_iv = 0") == 0
    assert number(f"select count(*) from {rows} where dte < 0") == 0


def test_the_spot_of_the_etf_chains_is_the_official_close(
    reports: dict[str, ImportReport], lake: Path
) -> None:
    assert reports["last_iv_oi"].rows_written
    rows = of(lake, "options", "last_iv_oi")
    found = ask(
        f"select distinct underlying_price from {rows} "
        "where underlying = 'SPY' and ts::date = '2026-07-31'"
    )
    assert found == [(747.03,)]


def test_spy_minutes_keep_their_duplicates_for_staging(
    reports: dict[str, ImportReport], lake: Path
) -> None:
    assert reports["yahoo_minute"].rejected == {}
    rows = of(lake, "stocks", "yahoo_minute")
    spy = f"(from {rows} where symbol = 'SPY')"
    assert number(f"select count(*) - count(distinct ts) from {spy}") == 5_075
    assert number(f"select count(*) from {spy} where close is null") == 1
    on_14th = f"(from {spy} where timezone('America/New_York', ts)::date = '2020-01-14')"
    assert ask(f"select count(*), count(distinct ts) from {on_14th}") == [(3_964, 388)]
    assert number(
        f"select last(close order by ts) from {spy} "
        "where timezone('America/New_York', ts)::date = '2019-12-31' and segment = 'regular'"
    ) == pytest.approx(321.89)


def test_minutes_labelled_utc_are_new_york(reports: dict[str, ImportReport], lake: Path) -> None:
    assert reports["minute_novolume"].rejected == {}
    rows = of(lake, "stocks", "minute_novolume")
    clocks = ask(
        "select min(local::time)::varchar, max(local::time)::varchar from "
        f"(select timezone('America/New_York', ts) as local from {rows})"
    )
    assert clocks == [("09:30:00", "15:59:00")]
    assert ask(f"select distinct segment from {rows}") == [("regular",)]
    assert number(f"select count(volume) from {rows}") == 0


def test_alpha_vantage_prices_are_split_adjusted_already(
    reports: dict[str, ImportReport], lake: Path, files: dict[str, Path]
) -> None:
    report = reports["alphavantage_daily"]
    rows = of(lake, "stocks", "alphavantage_daily")
    assert ask(f"select distinct price_basis from {rows}") == [("split_adjusted",)]
    splits = ask(
        f"select symbol, numerator, denominator from '{lake}/reference/splits.parquet' "
        "where symbol in ('USO', 'EEM', 'SLV') order by ex_date, symbol"
    )
    # EEM's vendor coefficient is 3.000003.
    assert splits == [("EEM", 3, 1), ("EEM", 3, 1), ("SLV", 10, 1), ("USO", 1, 8)]
    file = files["alphavantage_daily"]
    assert report.reference_rows == {
        "dividends": number(f"select count(*) from '{file}' where dividend_amount > 0"),
        "splits": number(f"select count(*) from '{file}' where split_coefficient <> 1"),
    }
    # No price was divided again: across every split the close moves like on any other day.
    worst = number(
        f"with closes as (select symbol, ts::date as day, close, lag(close) over "
        f"(partition by symbol order by ts) as before from {rows}) "
        "select max(abs(ln(close / before))) from closes "
        f"join '{lake}/reference/splits.parquet' s on s.symbol = closes.symbol and s.ex_date = day"
    )
    assert worst < 0.2
    assert number(
        f"select close from {rows} where symbol = 'SPY' and ts::date = '2020-03-23'"
    ) == pytest.approx(222.95)


def test_total_return_days(reports: dict[str, ImportReport], lake: Path) -> None:
    assert reports["yahoo_daily_adjusted"].rejected == {}
    rows = of(lake, "stocks", "yahoo_daily_adjusted")
    assert ask(f"select distinct price_basis from {rows}") == [("total_return",)]
    assert number(f"select count(distinct symbol) from {rows}") == 15  # no VXX
    assert number(f"select count(*) from {rows} where high < greatest(open, close) - 1e-6") == 0


def test_vix_levels(reports: dict[str, ImportReport], lake: Path) -> None:
    levels = f"(from '{lake}/reference/index_levels.parquet' where index = 'VIX')"
    assert number(f"select close from {levels} where session_date = '2020-03-16'") == 82.69
    assert number(f"select close from {levels} where session_date = '2018-02-05'") == 37.32
    # CBOE calculates the VIX on some days when New York does not trade stocks.
    assert set(reports["cboe_vix_history"].rejected) == {"not_a_session"}
    assert reports["cboe_vix_history"].rows_written > 9_190


def test_vix_options_of_the_cboe_sample(
    reports: dict[str, ImportReport], lake: Path, real_data: Path
) -> None:
    file = real_data / FILES["cboe_datashop_eod"]
    traded = number(f"select count(*) from '{file}' where trade_volume > 0")
    assert reports["cboe_datashop_eod"].rows_read == 882 + traded
    rows = of(lake, "options", "cboe_datashop_eod")
    spots = ask(f"select distinct underlying_price from {rows} where bar_seconds = 0")
    assert spots == [(14.575,)]
    assert number(f"select count(*) from {rows} where bar_seconds = 0 and volume is not null") == 0


def test_lean_minutes_are_inside_the_session(reports: dict[str, ImportReport], lake: Path) -> None:
    for vendor in ("lean_minute_quote", "lean_minute_trade"):
        assert reports[vendor].rejected == {}
        rows = of(lake, "options", vendor)
        clock = f"(select timezone('America/New_York', ts)::time as clock from {rows})"
        assert number(f"select min(clock)::varchar from {clock}") == "09:30:00"
        late = number(f"select count(*) from {clock} where clock > '16:15:00'")
        assert late < reports[vendor].rows_written / 1_000
    quotes = of(lake, "options", "lean_minute_quote")
    assert number(f"select count(*) from {quotes} where bid > ask") == 0
    assert number(f"select max(bid) from {quotes} where underlying = 'SPY'") < 100


def test_closes_alone(real_data: Path, tmp_path: Path) -> None:
    file = tmp_path / "closes.parquet"
    name = real_data / "eq_daily_16etf_adjclose_to_202608.parquet"
    duckdb.sql(f"from '{name}' where Date >= '2026-01-01'").write_parquet(str(file))
    (report,) = import_files(tmp_path / "lake", [file], vendor="adjclose_only")
    assert report.rejected == {} and report.rows_written == report.vendor_rows > 16 * 100
    rows = of(tmp_path / "lake", "stocks", "adjclose_only")
    close = number(f"select close from {rows} where symbol = 'SPY' and ts::date = '2026-07-31'")
    assert close == pytest.approx(747.03, abs=0.005)
    assert number(f"select count(open) + count(volume) from {rows}") == 0
