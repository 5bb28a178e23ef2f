"""The panel: calendar alignment and forward factors."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from engine.errors import BuildError
from engine.features.panel import PANEL_SCHEMA, bars_from_table, build_panel
from engine.lake.schema import REFERENCES
from engine.market import calendar

EARLY = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


def days(daily):
    return daily["session_date"].to_pylist()


def dividend(ex_date, amount, known_at=EARLY, symbol="AAA"):
    return {
        "symbol": symbol,
        "ex_date": ex_date,
        "amount": amount,
        "declared_date": None,
        "source": "sim",
        "known_at": known_at,
    }


def split(ex_date, numerator, denominator=1.0, known_at=EARLY, symbol="AAA"):
    return {
        "symbol": symbol,
        "ex_date": ex_date,
        "numerator": numerator,
        "denominator": denominator,
        "source": "sim",
        "known_at": known_at,
    }


def column(table, name):
    return table[name].to_numpy(zero_copy_only=False)


def drop(table, *positions):
    return table.take([i for i in range(table.num_rows) if i not in positions])


def put(table, name, values):
    return table.set_column(table.column_names.index(name), name, [values])


def test_without_events_adjusted_prices_are_the_raw_ones(make_daily, make_panel):
    daily = make_daily("AAA", 30, 1)
    panel = make_panel(daily)
    assert panel.schema == PANEL_SCHEMA
    for name in ("open", "high", "low", "close"):
        assert column(panel, name).tolist() == column(daily, name).tolist()
    assert column(panel, "factor").tolist() == [1.0] * 30


def test_a_dividend_changes_prices_from_its_ex_session_on_by_price_over_price_less_dividend(
    make_daily, make_panel
):
    daily = make_daily("AAA", 30, 1)
    ex_date = days(daily)[10]
    panel = make_panel(daily, dividends=[dividend(ex_date, 1.5)])
    before = column(daily, "close")[9]
    factor = column(panel, "factor")
    assert factor[:10].tolist() == [1.0] * 10
    np.testing.assert_allclose(factor[10:], before / (before - 1.5), rtol=1e-15)
    # The return over the ex session is the total return of who held the share.
    got = column(panel, "close")[10] / column(panel, "close")[9]
    held = column(daily, "close")[10] / (before - 1.5)
    assert got == pytest.approx(held, rel=1e-14)


def test_a_split_multiplies_prices_and_divides_volume_from_its_ex_session_on(
    make_daily, make_panel
):
    daily = make_daily("AAA", 30, 1)
    panel = make_panel(daily, splits=[split(days(daily)[10], 4.0)])
    raw, volume = column(daily, "close"), column(daily, "volume")
    assert column(panel, "close").tolist() == [*raw[:10], *(4.0 * raw[10:])]
    assert column(panel, "volume").tolist() == [*volume[:10], *(volume[10:] / 4.0)]
    assert column(panel, "raw_close").tolist() == raw.tolist()
    assert column(panel, "dollar_volume").tolist() == (raw * volume).tolist()


def test_an_event_leaves_every_row_before_it_bit_equal(make_daily, make_panel):
    daily = make_daily("AAA", 60, 2)
    ex_date = days(daily)[40]
    plain = make_panel(daily)
    with_events = make_panel(
        daily, dividends=[dividend(ex_date, 0.7)], splits=[split(ex_date, 3.0, 2.0)]
    )
    assert with_events.slice(0, 40).equals(plain.slice(0, 40))
    assert not with_events.slice(40, 1).equals(plain.slice(40, 1))


def test_an_event_known_only_after_its_ex_session_opened_is_not_applied(make_daily, make_panel):
    daily = make_daily("AAA", 30, 1)
    ex_date = days(daily)[10]
    opened = calendar.between(ex_date, ex_date)["open_at"].to_pylist()[0]
    late = opened + dt.timedelta(microseconds=1)
    assert make_panel(daily, splits=[split(ex_date, 2.0, known_at=late)]).equals(make_panel(daily))
    in_time = make_panel(daily, splits=[split(ex_date, 2.0, known_at=opened)])
    assert column(in_time, "factor")[10] == 2.0


def test_a_rejected_event_is_not_applied(make_daily):
    daily = make_daily("AAA", 30, 1)
    splits = pa.Table.from_pylist(
        [split(days(daily)[10], 2.0)], schema=REFERENCES["splits"].schema
    ).append_column("reject_reason", pa.array(["known_too_late"]))
    panel = build_panel(
        daily, calendar.sessions(2024), REFERENCES["dividends"].schema.empty_table(), splits
    )
    assert set(column(panel, "factor")) == {1.0}


def test_an_ex_date_on_a_holiday_counts_from_the_next_session(make_daily, make_panel):
    daily = make_daily("AAA", 30, 1)
    panel = make_panel(daily, splits=[split(dt.date(2024, 12, 25), 2.0)])
    factor = dict(zip(days(panel), column(panel, "factor"), strict=True))
    assert factor[dt.date(2024, 12, 24)] == 1.0
    assert factor[dt.date(2024, 12, 26)] == 2.0


def test_two_events_while_bars_are_missing_both_count_from_the_next_bar(make_daily, make_panel):
    daily = make_daily("AAA", 30, 1)
    dates = days(daily)
    panel = make_panel(
        drop(daily, 10, 11),
        dividends=[dividend(dates[11], 1.0)],
        splits=[split(dates[10], 2.0)],
    )
    before = column(daily, "close")[9]
    # Split first: the dividend is paid on shares of half the price.
    expected = 2.0 * (before / 2.0) / (before / 2.0 - 1.0)
    assert column(panel, "factor")[12] == pytest.approx(expected, rel=1e-14)


def test_split_adjusted_prices_take_dividends_scaled_by_later_splits_only(make_daily, make_panel):
    daily = put(make_daily("AAA", 30, 1), "price_basis", pa.array(["split_adjusted"] * 30))
    dates = days(daily)
    panel = make_panel(
        daily,
        dividends=[dividend(dates[10], 3.0), dividend(dates[25], 1.0)],
        splits=[split(dates[20], 2.0)],
    )
    close = column(daily, "close")
    first = close[9] / (close[9] - 1.5)  # 3.00 before a 2:1 split is 1.50 in today's shares
    second = close[24] / (close[24] - 1.0)
    factor = column(panel, "factor")
    np.testing.assert_allclose(factor[10:25], first, rtol=1e-14)
    np.testing.assert_allclose(factor[25:], first * second, rtol=1e-14)
    assert column(panel, "volume").tolist() == column(daily, "volume").tolist()


def test_total_return_prices_take_no_event_and_have_no_raw_price(make_daily, make_panel):
    daily = put(make_daily("AAA", 30, 1), "price_basis", pa.array(["total_return"] * 30))
    dates = days(daily)
    panel = make_panel(daily, dividends=[dividend(dates[10], 3.0)], splits=[split(dates[20], 2.0)])
    assert column(panel, "close").tolist() == column(daily, "close").tolist()
    for name in ("raw_close", "vwap", "dollar_volume"):
        assert panel[name].null_count == 30


def test_a_change_of_source_is_spliced_at_its_own_close_of_the_session_before(
    make_daily, make_panel
):
    daily = make_daily("AAA", 30, 1)
    daily = put(daily, "source", pa.array(["one"] * 12 + ["two"] * 18))
    link = np.full(30, np.nan)
    link[12] = 2.0 * column(daily, "close")[11]  # source two quotes twice the price
    daily = daily.append_column("link_close", pa.array(link, from_pandas=True))
    panel = make_panel(daily)
    got = column(panel, "close")
    raw = column(daily, "close")
    assert got[12] / got[11] == pytest.approx(raw[12] / link[12], rel=1e-14)
    assert column(panel, "reason").tolist() == [None] * 30


@pytest.mark.parametrize("change", ["source", "price_basis"])
def test_a_change_without_a_link_hides_one_bar_and_keeps_the_level(make_daily, make_panel, change):
    first, second = {"source": ("a", "b"), "price_basis": ("raw", "total_return")}[change]
    daily = make_daily("AAA", 30, 1)
    prices = column(daily, "close").copy()
    prices[12:] *= 3.0
    daily = put(daily, "close", pa.array(prices))
    daily = put(daily, change, pa.array([first] * 12 + [second] * 18))
    panel = make_panel(daily)
    close = column(panel, "close")
    assert np.isnan(close[12])
    assert column(panel, "reason")[12] == "source_changed"
    # The bar after moves from the last bar before by its own return alone.
    assert close[13] / close[11] == pytest.approx(prices[13] / prices[12], rel=1e-14)


def test_rows_run_over_every_session_from_the_first_bar_to_the_last(make_daily, make_panel):
    daily = make_daily("AAA", 30, 1)
    panel = make_panel(drop(daily, 0, 7, 8, 29))
    assert days(panel) == days(daily)[1:29]
    missing = [i for i, reason in enumerate(column(panel, "reason")) if reason == "missing_bar"]
    assert missing == [6, 7]
    assert panel["close"].take(missing).null_count == 2
    # A hole has its session's close as known_at: nobody could know earlier that it is one.
    assert panel["known_at"].to_pylist() == daily["known_at"].to_pylist()[1:29]


def test_symbols_do_not_touch_each_other(make_daily, make_panel):
    one, two = make_daily("AAA", 30, 1), make_daily("BBB", 25, 2)
    both = pa.concat_tables([two, one])
    ex_date = days(two)[10]
    panel = make_panel(both, splits=[split(ex_date, 2.0, symbol="BBB")])
    alone = make_panel(one)
    assert panel.filter(pc.equal(panel["symbol"], "AAA")).equals(alone)
    assert column(panel, "symbol").tolist() == ["AAA"] * 30 + ["BBB"] * 25


def test_a_bar_outside_the_calendar_names_symbol_and_date(make_daily, make_panel):
    daily = make_daily("AAA", 3, 1)
    dates = days(daily)
    off = put(daily, "session_date", pa.array([dates[0], dt.date(2024, 12, 25), dates[2]]))
    with pytest.raises(BuildError, match=r"AAA has a daily bar on 2024-12-25"):
        make_panel(off)


def test_two_bars_in_one_session_are_refused(make_daily, make_panel):
    daily = make_daily("AAA", 3, 1)
    with pytest.raises(BuildError, match="two daily bars"):
        make_panel(pa.concat_tables([daily, daily.slice(1, 1)]))


def test_no_bars_give_an_empty_panel(make_daily, make_panel):
    panel = make_panel(make_daily("AAA", 3, 1).slice(0, 0))
    assert panel.num_rows == 0
    assert panel.schema == PANEL_SCHEMA


def test_bars_are_nan_in_every_field_where_the_bar_is_missing(make_daily, make_panel):
    panel = make_panel(drop(make_daily("AAA", 30, 1), 7))
    extended = panel.append_column("score", pa.array(range(30)))
    ((bars, rows),) = bars_from_table(extended)
    for name in ("open", "close", "volume", "dollar_volume", "transactions", "factor"):
        assert np.flatnonzero(np.isnan(getattr(bars, name))).tolist() == [7]
    assert bars.extra["score"].tolist() == list(range(30))
    assert rows.num_rows == len(bars) == 30
