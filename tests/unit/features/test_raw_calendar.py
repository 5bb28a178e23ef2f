"""The calendar model's SQL on the calendar table, against exchange_calendars and by hand."""

from __future__ import annotations

import datetime as dt

import duckdb
import exchange_calendars
import numpy as np
import pytest

from engine.features import registry
from engine.market import calendar
from engine.settings import project_root


@pytest.fixture(scope="module")
def rows():
    sql = (project_root() / "models/features/modules/raw/feat_raw_calendar.sql").read_text()
    with duckdb.connect() as con:
        con.register("dim_sessions", calendar.sessions(2025))
        frame = con.sql(sql.replace("{{ ref('dim_sessions') }}", "dim_sessions")).df()
    assert set(frame.columns) == {"session_date"} | {
        f.name for f in registry.module("raw").features if f.family.lag == "none"
    }
    frame["session_date"] = frame["session_date"].dt.date
    return frame.set_index("session_date")


def test_days_of_the_week_lie_on_a_circle_of_five(rows):
    monday, friday = rows.loc[dt.date(2024, 6, 3)], rows.loc[dt.date(2024, 6, 7)]
    assert (monday.raw_dow_sin, monday.raw_dow_cos) == (0.0, 1.0)
    assert friday.raw_dow_sin == pytest.approx(np.sin(2 * np.pi * 4 / 5))
    assert friday.raw_dow_cos == pytest.approx(monday.raw_dow_cos * np.cos(2 * np.pi / 5))


def test_months_lie_on_a_circle_of_twelve(rows):
    january, april = rows.loc[dt.date(2024, 1, 2)], rows.loc[dt.date(2024, 4, 1)]
    assert (january.raw_moy_sin, january.raw_moy_cos) == (0.0, 1.0)
    assert april.raw_moy_sin == pytest.approx(1.0)
    assert april.raw_moy_cos == pytest.approx(0.0, abs=1e-15)


def test_sessions_of_the_month_count_up_and_down(rows):
    sessions = exchange_calendars.get_calendar("XNYS", start="1990-01-02").sessions_in_range(
        "2024-11-01", "2024-11-30"
    )
    november = rows.loc[[day.date() for day in sessions]]
    count = len(sessions)
    assert november.raw_tdom.tolist() == list(range(1, count + 1))
    assert november.raw_tdom_to_end.tolist() == list(range(count - 1, -1, -1))


def test_half_days_are_the_early_closes_of_the_exchange(rows):
    exchange = exchange_calendars.get_calendar("XNYS", start="1990-01-02")
    early = {day.date() for day in exchange.early_closes}
    got = set(rows.index[rows.raw_halfday == 1.0])
    first = dt.date(2000, 1, 1)
    end = exchange.last_session.date()
    assert {d for d in got if first <= d <= end} == {
        d for d in early if first <= d <= rows.index.max()
    }
    assert rows.loc[dt.date(2024, 11, 29)].raw_halfday == 1.0


@pytest.mark.parametrize(
    ("day", "to_expiration", "in_its_week"),
    [
        (dt.date(2024, 6, 21), 0, 1.0),  # third Friday
        (dt.date(2024, 6, 20), 1, 1.0),
        (dt.date(2024, 6, 17), 3, 1.0),  # the 19th was a holiday
        (dt.date(2024, 6, 14), 4, 0.0),
        (dt.date(2024, 6, 24), 18, 0.0),  # 4 + 4 + 5 + 5 sessions on, to 19 July: the 4th is none
        (dt.date(2019, 4, 18), 0, 1.0),  # Good Friday was the third Friday
    ],
)
def test_monthly_expirations_are_counted_in_sessions(rows, day, to_expiration, in_its_week):
    row = rows.loc[day]
    assert row.raw_days_to_opex == to_expiration
    assert row.raw_opex_week == in_its_week
