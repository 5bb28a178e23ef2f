"""Bars inside a session are adjusted by what was known at its open."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from engine.features.panel import FACTORS_SCHEMA, build_panel, opening_factors
from engine.lake.schema import REFERENCES
from engine.market import calendar

EARLY = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


def events(name, rows):
    return pa.Table.from_pylist(rows, REFERENCES[name].schema)


def dividend(ex_date, amount):
    return {"symbol": "AAA", "ex_date": ex_date, "amount": amount, "known_at": EARLY}


def split(ex_date, numerator):
    return {
        "symbol": "AAA",
        "ex_date": ex_date,
        "numerator": numerator,
        "denominator": 1.0,
        "known_at": EARLY,
    }


@pytest.fixture
def whole(make_daily):
    daily = make_daily("AAA", 30, 1)
    ex = daily["session_date"].to_pylist()
    dividends = [dividend(ex[10], 1.5), dividend(ex[20], 0.7)]
    return daily, events("dividends", dividends), events("splits", [split(ex[20], 3.0)])


def traded_in(daily, *more):
    columns = ["symbol", "session_date", "source", "price_basis"]
    rows = daily.select(columns).to_pylist()
    return pa.Table.from_pylist([*rows, *more], FACTORS_SCHEMA.remove(4))


def factors(daily, dividends, splits, traded=None):
    days = daily["session_date"].to_pylist()
    sessions = calendar.between(days[0], days[-1] + dt.timedelta(days=30))
    panel = build_panel(daily, sessions, dividends, splits)
    traded = traded_in(daily) if traded is None else traded
    found = opening_factors(traded, daily, panel, sessions, dividends, splits)
    assert found.schema == FACTORS_SCHEMA
    return found["factor"].to_pylist(), panel["factor"].to_pylist()


def test_where_the_source_stays_they_are_the_panels_bit_for_bit(whole):
    found, panel = factors(*whole)
    assert found == panel
    assert len(set(found)) == 3


def test_a_session_in_progress_has_the_factor_it_will_have(whole):
    daily, dividends, splits = whole
    expected, _ = factors(*whole)
    for last in (9, 10, 19, 20, 25):
        found, _ = factors(daily.slice(0, last), dividends, splits, traded_in(daily))
        assert found[: last + 1] == expected[: last + 1]


def test_a_session_without_a_day_bar_has_a_factor_all_the_same(whole):
    daily, dividends, splits = whole
    expected, _ = factors(*whole)
    gap = daily.filter(pa.array([i != 20 for i in range(30)]))
    found, _ = factors(gap, dividends, splits, traded_in(daily))
    assert found[20] == expected[20]


def test_before_the_first_day_bar_there_is_nothing_to_adjust_to(whole):
    daily, dividends, splits = whole
    found, _ = factors(daily.slice(15), dividends, splits, traded_in(daily))
    assert found[:16] == [1.0] * 16


@pytest.mark.parametrize("change", [{"source": "other"}, {"price_basis": "total_return"}])
def test_how_another_source_joins_is_unknown_at_the_open(whole, change):
    daily, dividends, splits = whole
    row = traded_in(daily).to_pylist()[12] | change
    found, _ = factors(daily, dividends, splits, traded_in(daily, row))
    assert found[-1] is None
    assert None not in found[:-1]
