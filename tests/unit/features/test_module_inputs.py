"""What SQL joins to the bars of correlation and domain_features, and the announcements."""

from __future__ import annotations

import datetime as dt
import math

import pyarrow as pa
import pytest
from rendered_model import BAR_VALUES, run

from engine.market import calendar

DAYS = [dt.date(2024, 6, day) for day in (3, 4, 5, 6, 7, 10)]
UTC = pa.timestamp("us", tz="UTC")
UNIVERSE = pa.table(
    {
        "symbol": ["SPY", "QQQ", "XLE", "TLT", "VXX", "SPX"],
        "role": ["benchmark", "style", "sector", "bonds", "volatility", "index"],
        "benchmark": [None, "SPY", "SPY", "SPY", "SPY", None],
        "asset_class": ["equity", "equity", "equity", "bond", "volatility", "equity"],
        "is_index": [False, False, False, False, False, True],
    }
)


def close_of(day, minute=0):
    return dt.datetime(day.year, day.month, day.day, 20, minute, tzinfo=dt.UTC)


def panel(closes, known=None):
    """The panel of closes by symbol; every other column repeats the close."""
    rows = []
    for symbol, path in closes.items():
        for day, close in zip(DAYS[-len(path) :], path, strict=True):
            known_at = (known or {}).get((symbol, day), close_of(day))
            rows.append({"symbol": symbol, "session_date": day, "known_at": known_at, "x": close})
    table = pa.Table.from_pylist(rows)
    price = table["x"].cast(pa.float64())
    columns = {name: table[name] for name in ("symbol", "session_date")}
    columns["known_at"] = table["known_at"].cast(UTC)
    return pa.table(columns | dict.fromkeys(BAR_VALUES, price))


def benchmark_returns(table):
    rows = run(
        "correlation/int_features__correlation_inputs", dim_universe=UNIVERSE, int_bars__panel=table
    )
    return {(row["symbol"], row["session_date"]): row for row in rows}


def test_a_symbols_benchmark_is_that_of_the_universe_and_its_own_the_equal_weight_others():
    found = benchmark_returns(
        panel({"SPY": [100.0, 101.0], "QQQ": [50.0, 51.0], "XLE": [80.0, 79.0], "TLT": [9.0, 8.0]})
    )
    day = DAYS[-1]
    for symbol in ("QQQ", "XLE", "TLT"):
        assert found[symbol, day]["bench_return"] == pytest.approx(math.log(1.01), rel=1e-15)
    others = (math.log(51 / 50) + math.log(79 / 80)) / 2  # no bonds among them
    assert found["SPY", day]["bench_return"] == pytest.approx(others, abs=1e-15)
    assert len(found) == 8


def test_a_missing_benchmark_bar_takes_two_returns_and_no_more():
    found = benchmark_returns(
        panel({"SPY": [100.0, 101.0, None, 103.0, 104.0], "TLT": [9.0, 9.1, 9.2, 9.3, 9.4]})
    )
    known = [found["TLT", day]["bench_return"] is not None for day in DAYS[-5:]]
    assert known == [False, True, False, False, True]
    assert found["SPY", DAYS[-1]]["bench_return"] is None  # nothing else of its class


def test_a_row_is_known_when_its_benchmark_is():
    late = close_of(DAYS[-1], 30)
    closes = {"SPY": [100.0, 101.0], "TLT": [9.0, 9.1]}
    found = benchmark_returns(panel(closes, {("SPY", DAYS[-1]): late}))
    assert found["TLT", DAYS[-1]]["known_at"] == late
    assert found["TLT", DAYS[-2]]["known_at"] == close_of(DAYS[-2])


def volatility(levels, known=None):
    rows = [
        {
            "session_date": day,
            "vix": vix,
            "vix9d": None,
            "vix3m": None,
            "vvix": None,
            "skew": None,
            "known_at": (known or {}).get(day, close_of(day, 15)),
        }
        for day, vix in levels.items()
    ]
    names = ("vix", "vix9d", "vix3m", "vvix", "skew")
    schema = [("session_date", pa.date32()), *((n, pa.float64()) for n in names), ("known_at", UTC)]
    return pa.Table.from_pylist(rows, schema=pa.schema(schema))


def market(table, levels):
    rows = run(
        "domain_features/int_features__domain_features_inputs",
        dim_universe=UNIVERSE,
        dim_sessions=calendar.sessions(2024),
        int_bars__panel=table,
        int_market__volatility=levels,
    )
    symbols = [row for row in rows if row["symbol"] != "(market)"]
    assert len(symbols) == table.num_rows
    assert all(row["vix"] is None and row["fund_return"] is None for row in symbols)
    return {row["session_date"]: row for row in rows if row["symbol"] == "(market)"}


CLOSES = {"SPY": [100.0, 101.0, 102.0], "TLT": [9.0, 9.0, 9.0], "VXX": [20.0, 19.0, 18.0]}


def test_the_market_has_the_benchmarks_bars_the_indices_and_the_funds_return():
    found = market(panel(CLOSES), volatility(dict.fromkeys(DAYS, 15.0)))
    assert sorted(found) == DAYS  # from the first level of the index on
    assert [found[day]["close"] for day in DAYS] == [None, None, None, 100.0, 101.0, 102.0]
    assert found[DAYS[-1]]["fund_return"] == pytest.approx(math.log(18 / 19))
    assert found[DAYS[-1]]["known_at"] == close_of(DAYS[-1], 15)


def test_without_levels_the_market_is_the_benchmark_alone():
    found = market(panel(CLOSES), volatility({}))
    assert sorted(found) == DAYS[-3:]
    assert all(row["vix"] is None for row in found.values())
    assert market(panel({"TLT": [9.0, 9.0]}), volatility({})) == {}


def announcements(*rows):
    """Distances by session; rows of (event, date, published)."""
    table = pa.table(
        {
            "event": [event for event, _, _ in rows],
            "event_date": pa.array([day for _, day, _ in rows], pa.date32()),
            "known_at": pa.array([known for _, _, known in rows], UTC),
        }
    )
    found = run(
        "domain_features/feat_domain_features_calendar",
        dim_sessions=calendar.sessions(2024),
        stg_lake__events=table,
    )
    return {row["session_date"]: row for row in found}


LONG_AGO = dt.datetime(2023, 9, 1, tzinfo=dt.UTC)


def test_announcements_are_counted_in_sessions_to_and_since():
    found = announcements(("FOMC", dt.date(2024, 6, 5), LONG_AGO))
    to = [found[day]["dom_fomc_to"] for day in DAYS]
    since = [found[day]["dom_fomc_since"] for day in DAYS]
    assert to == [2.0, 1.0, 0.0, None, None, None]
    assert since == [None, None, None, 1.0, 2.0, 3.0]
    assert all(found[day]["dom_cpi_to"] is None for day in DAYS)


def test_an_announcement_counts_only_once_its_date_was_known_at_the_open():
    published = dt.datetime(2024, 6, 4, 13, 31, tzinfo=dt.UTC)  # a minute after the open
    found = announcements(
        ("fomc", dt.date(2024, 6, 7), published), ("fomc", dt.date(2024, 6, 10), LONG_AGO)
    )
    assert [found[day]["dom_fomc_to"] for day in DAYS] == [5.0, 4.0, 2.0, 1.0, 0.0, 0.0]


def test_an_announcement_that_was_never_scheduled_is_in_the_past_only():
    surprise = dt.datetime(2024, 6, 5, 18, 0, tzinfo=dt.UTC)
    found = announcements(("cpi", dt.date(2024, 6, 5), surprise))
    assert [found[day]["dom_cpi_to"] for day in DAYS] == [None] * 6
    assert [found[day]["dom_cpi_since"] for day in DAYS] == [None, None, None, 1.0, 2.0, 3.0]


def test_an_announcement_on_a_saturday_is_met_on_monday():
    found = announcements(("cpi", dt.date(2024, 6, 8), LONG_AGO))
    assert [found[day]["dom_cpi_to"] for day in DAYS] == [5.0, 4.0, 3.0, 2.0, 1.0, 0.0]


def test_a_schedule_that_ended_more_than_a_year_ago_says_nothing():
    found = announcements(("cpi", dt.date(2022, 1, 12), LONG_AGO.replace(year=2021)))
    assert found[dt.date(2022, 1, 13)]["dom_cpi_since"] == 1.0
    assert max(row["dom_cpi_since"] or 0.0 for row in found.values()) == 252.0
    assert found[DAYS[0]]["dom_cpi_since"] is None
