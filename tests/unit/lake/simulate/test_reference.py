from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
from simulated_market import Made

from engine.lake.simulate import simulate
from engine.lake.simulate.model import Law, Surface, pricing_law
from engine.lake.simulate.path import zero_rate
from engine.lake.simulate.reference import volatility_index
from engine.lake.simulate.universe import SYMBOLS
from engine.lake.store import Lake


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Three years of day bars."""
    root = tmp_path_factory.mktemp("years")
    return Made(root, simulate(root, sessions=760, scale="daily", seed=12))


def test_every_reference_table_has_rows(sample: Made) -> None:
    lake = Lake(sample.root)
    for name in ("dividends", "splits", "rates", "index_levels", "events"):
        assert lake.read_reference(name).num_rows > 0, name


def test_dividends_are_known_when_declared_and_before_their_ex_date(years: Made) -> None:
    rows = years.sql(
        """select symbol, count(*), bool_and(known_at::date = declared_date),
            bool_and(declared_date < ex_date), min(amount), max(known_at::timestamp::time)
        from '{reference}/dividends.parquet' group by 1"""
    )
    per_year = {symbol: count / 3.0 for symbol, count, *_ in rows}
    assert all(is_known and is_before for _, _, is_known, is_before, _, _ in rows)
    assert all(low > 0 and latest == dt.time(8) for *_, low, latest in rows)
    assert per_year["SPY"] == pytest.approx(4, abs=0.4)
    assert per_year["TLT"] == pytest.approx(12, abs=0.7)
    assert per_year["EEM"] == pytest.approx(2, abs=0.4)
    assert not {"GLD", "SLV", "USO", "VXX"} & per_year.keys()


def test_splits_are_announced_ahead_and_move_the_raw_price(years: Made) -> None:
    rows = years.sql(
        """select s.symbol, numerator / denominator, s.known_at::date < s.ex_date,
            (select arg_min(close, {day}) from {stocks}
                where symbol = s.symbol and {day} >= s.ex_date)
            / (select arg_max(close, {day}) from {stocks}
                where symbol = s.symbol and {day} < s.ex_date)
        from '{reference}/splits.parquet' s
        where ex_date <= (select max({day}) from {stocks})"""
    )
    kinds = {(symbol, ratio) for symbol, ratio, *_ in rows}
    assert ("XLK", 2.0) in kinds and ("VXX", 0.25) in kinds
    for _, ratio, is_ahead, jump in rows:
        assert is_ahead
        assert jump * ratio == pytest.approx(1.0, abs=0.3)


def test_rates_form_a_curve_each_session_known_in_the_morning(years: Made) -> None:
    [(wrong, sessions, tenors, low, high)] = years.sql(
        """select count(*) filter (known_at::date != date or known_at::timestamp::time != '08:00'),
            count(distinct date), count(distinct tenor_days), min(rate), max(rate)
        from '{reference}/rates.parquet'"""
    )
    assert (wrong, sessions, tenors) == (0, 760, 7)
    assert 0.0 < low < high < 0.10
    curve = zero_rate(0.05, np.array([1e-9, 1.0, 30.0]))
    assert curve[0] == pytest.approx(0.05) and 0.035 < curve[2] < curve[1] < 0.05


def test_index_levels_are_complete_and_known_after_the_close(years: Made) -> None:
    rows = years.sql(
        """select "index", count(*), count(distinct session_date),
            bool_and(low <= least(open, close) and high >= greatest(open, close)),
            max(known_at::timestamp::time), min(close), median(close), max(close)
        from '{reference}/index_levels.parquet' group by 1"""
    )
    by_name = {name: values for name, *values in rows}
    assert by_name.keys() == {"VIX", "VIX9D", "VIX3M", "VVIX", "SKEW", "SPX"}
    for values in by_name.values():
        assert values[:4] == [760, 760, True, dt.time(16, 15)]
    assert 7.0 < by_name["VIX"][4] < by_name["VIX"][5] < by_name["VIX"][6] < 100.0
    assert 11.0 < by_name["VIX"][5] < 25.0
    assert 50.0 < by_name["VVIX"][5] < 150.0
    assert 100.0 < by_name["SKEW"][5] < 150.0


def test_vix_rises_when_spy_falls_and_vxx_follows_it(years: Made) -> None:
    [(spy, vxx)] = years.sql(
        """with levels as (select session_date d, ln(close / lag(close) over (
                order by session_date)) v from '{reference}/index_levels.parquet'
            where "index" = 'VIX'),
        closes as (select {day} d, symbol, ln(close / lag(close) over (
                partition by symbol order by {day})) r from {stocks})
        select corr(v, a.r), corr(v, b.r) from levels
        join closes a on a.d = levels.d and a.symbol = 'SPY' and abs(a.r) < 1
        join closes b on b.d = levels.d and b.symbol = 'VXX' and abs(b.r) < 1"""
    )
    assert spy < -0.55
    assert vxx > 0.5


def test_spx_moves_with_spy(years: Made) -> None:
    [(together,)] = years.sql(
        """select corr(a, b) from (
            select ln(i.close / lag(i.close) over (order by session_date)) a,
                ln(s.close / lag(s.close) over (order by session_date)) b
            from '{reference}/index_levels.parquet' i
            join (select {day} d, close from {stocks} where symbol = 'SPY') s
                on d = session_date where "index" = 'SPX')"""
    )
    assert together > 0.99


def test_events_come_eight_and_twelve_times_a_year_on_sessions(years: Made) -> None:
    rows = years.sql(
        """select event, year(date), count(*), min(date - known_at::date),
            min(time), bool_and(isodow(date) < 6)
        from '{reference}/events.parquet' group by 1, 2"""
    )
    assert {event for event, *_ in rows} == {"fomc", "cpi"}
    for event, _, count, notice, time, is_weekday in rows:
        assert count == {"fomc": 8, "cpi": 12}[event]
        assert notice > 100 and is_weekday
        assert time == {"fomc": "14:00", "cpi": "08:30"}[event]
    assert max(year for _, year, *_ in rows) == 2026


def test_volatility_index_of_a_quiet_market_is_its_expected_volatility(law: Law) -> None:
    """Without jumps and premia the log contract pays the expected variance."""
    from dataclasses import replace

    quiet = replace(
        law,
        jump_chance=np.zeros_like(law.jump_chance),
        transitions=np.eye(4),
        shifts=np.zeros((4, 4)),
    )
    spy = SYMBOLS.index("SPY")
    settled = law.usual_variance()[:, 1]
    index = volatility_index(Surface(quiet, (spy,)), 21, settled[None], np.array([1]))
    expected = 100.0 * np.sqrt(252.0 * law.loadings[spy] ** 2 @ settled)
    assert index[0] == pytest.approx(expected, rel=1e-4)
    feared = volatility_index(Surface(pricing_law(law), (spy,)), 21, settled[None], np.array([1]))
    assert feared[0] > index[0]


def test_appending_adds_reference_rows_and_keeps_the_old(tmp_path: Path) -> None:
    simulate(tmp_path, sessions=40, scale="daily", until=dt.date(2025, 6, 30))
    lake = Lake(tmp_path)
    before = {name: lake.read_reference(name) for name in ("rates", "index_levels", "dividends")}
    simulate(tmp_path, append=3)
    for name, table in before.items():
        after = lake.read_reference(name)
        assert after.num_rows >= table.num_rows
        old = {tuple(row.values()) for row in table.to_pylist()}
        assert old <= {tuple(row.values()) for row in after.to_pylist()}
    assert pc.max(lake.read_reference("rates")["date"]).as_py() == dt.date(2025, 7, 3)
