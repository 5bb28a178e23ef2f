"""Which dividends and splits count: each once, on one date, and what does not says why."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from engine.features.corporate_actions import JUDGED_SCHEMA, judge_events
from engine.features.panel import build_panel, opening_factors
from engine.lake.schema import REFERENCES
from engine.market import calendar

EARLY = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
PRIORITY = pa.field("source_priority", pa.int32())


def table(name, rows):
    schema = REFERENCES[name].schema.append(PRIORITY)
    common = {"symbol": "AAA", "source": "sim", "known_at": EARLY, "source_priority": 10}
    return pa.Table.from_pylist([common | row for row in rows], schema)


def dividends(*rows):
    return table("dividends", rows)


def splits(*rows):
    return table("splits", [{"denominator": 1.0} | row for row in rows])


def days(daily):
    return daily["session_date"].to_pylist()


def sessions_of(daily):
    return calendar.between(days(daily)[0], days(daily)[-1] + dt.timedelta(days=40))


def panel_of(daily, cash=None, ratios=None):
    return build_panel(daily, sessions_of(daily), cash or dividends(), ratios or splits())


def factor_of(*inputs):
    return panel_of(*inputs)["factor"].to_numpy()


def reasons(daily, cash=None, ratios=None):
    judged = judge_events(daily, sessions_of(daily), cash or dividends(), ratios or splits())
    assert judged.schema == JUDGED_SCHEMA
    return {
        (row["dataset"], row["ex_date"], row["source"], row["value"]): row["reason"]
        for row in judged.to_pylist()
    }


def put(daily, name, values):
    return daily.set_column(daily.column_names.index(name), name, [values])


def on_basis(daily, basis):
    return put(daily, "price_basis", pa.array([basis] * daily.num_rows))


def scaled(daily, first, ratio):
    """Return the bars with prices divided by a ratio from row `first` on."""
    for name in ("open", "high", "low", "close"):
        values = daily[name].to_numpy().copy()
        values[first:] /= ratio
        daily = put(daily, name, pa.array(values))
    return daily


@pytest.fixture
def daily(make_daily):
    return make_daily("AAA", 30, 1)


# -- several distributions on one ex-date ---------------------------------------------------


def test_an_ordinary_and_a_special_dividend_on_one_date_both_count(daily):
    ex = days(daily)[10]
    cash = dividends({"ex_date": ex, "amount": 1.0}, {"ex_date": ex, "amount": 2.5})
    before = daily["close"].to_numpy()[9]
    np.testing.assert_allclose(factor_of(daily, cash)[10:], before / (before - 3.5), rtol=1e-14)
    assert set(reasons(daily, cash).values()) == {None}


def test_the_same_distribution_twice_counts_once(daily):
    row = {"ex_date": days(daily)[10], "amount": 1.0, "declared_date": dt.date(2024, 11, 1)}
    once, twice = dividends(row), dividends(row, row)
    assert factor_of(daily, twice).tolist() == factor_of(daily, once).tolist()
    judged = judge_events(daily, sessions_of(daily), twice, splits())
    assert judged["reason"].to_pylist() == [None, "duplicate"]


def test_of_two_sources_of_one_date_the_first_in_priority_counts_whole(daily):
    ex = days(daily)[10]
    better = [{"ex_date": ex, "amount": 1.0}, {"ex_date": ex, "amount": 2.5}]
    worse = {"ex_date": ex, "amount": 3.4, "source": "aaa", "source_priority": 30}
    cash = dividends(worse, *better)
    assert factor_of(daily, cash).tolist() == factor_of(daily, dividends(*better)).tolist()
    assert reasons(daily, cash)["dividends", ex, "aaa", 3.4] == "other_source"


def test_a_source_that_knew_too_late_does_not_silence_one_that_knew_in_time(daily):
    ex = days(daily)[10]
    late = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)
    cash = dividends(
        {"ex_date": ex, "amount": 1.0, "known_at": late},
        {"ex_date": ex, "amount": 1.2, "source": "zzz", "source_priority": 90},
    )
    found = reasons(daily, cash)
    assert found["dividends", ex, "sim", 1.0] == "known_too_late"
    assert found["dividends", ex, "zzz", 1.2] is None
    assert factor_of(daily, cash)[-1] > 1.0


# -- one split from two sources ---------------------------------------------------------------


@pytest.mark.parametrize("apart", [0, 1, 15])
def test_a_split_of_two_sources_on_different_dates_is_applied_once(daily, apart):
    dates = days(daily)
    ratios = splits(
        {"ex_date": dates[10], "numerator": 2.0, "source": "other", "source_priority": 30},
        {"ex_date": dates[10 + apart], "numerator": 2.0},
    )
    factor = factor_of(daily, None, ratios)
    assert factor.tolist() == [1.0] * (10 + apart) + [2.0] * (20 - apart)
    found = reasons(daily, None, ratios)
    assert found["splits", dates[10], "other", 2.0] == "other_source"
    assert found["splits", dates[10 + apart], "sim", 2.0] is None


def test_of_sources_of_one_rank_the_later_date_counts(daily):
    dates = days(daily)
    ratios = splits(
        {"ex_date": dates[10], "numerator": 2.0, "source": "announces"},
        {"ex_date": dates[13], "numerator": 2.0, "source": "zeals"},
    )
    assert factor_of(daily, None, ratios).tolist() == [1.0] * 13 + [2.0] * 17


def test_a_better_source_that_speaks_after_the_fact_does_not_rewrite_it(daily):
    dates = days(daily)
    after = calendar.between(dates[10], dates[10])["close_at"].to_pylist()[0]
    first = {"ex_date": dates[10], "numerator": 2.0, "source": "other", "source_priority": 30}
    ratios = splits(first, {"ex_date": dates[12], "numerator": 2.0, "known_at": after})
    assert factor_of(daily, None, ratios).tolist() == factor_of(daily, None, splits(first)).tolist()
    assert reasons(daily, None, ratios)["splits", dates[12], "sim", 2.0] == "other_source"


def test_two_splits_of_one_source_both_count(daily):
    dates = days(daily)
    ratios = splits(
        {"ex_date": dates[10], "numerator": 2.0}, {"ex_date": dates[15], "numerator": 2.0}
    )
    assert factor_of(daily, None, ratios)[-1] == 4.0


def test_splits_with_other_ratios_are_other_splits(daily):
    dates = days(daily)
    ratios = splits(
        {"ex_date": dates[10], "numerator": 2.0},
        {"ex_date": dates[12], "numerator": 3.0, "source": "other", "source_priority": 30},
    )
    assert factor_of(daily, None, ratios)[-1] == 6.0


# -- a dividend of the price or more ----------------------------------------------------------


def test_a_dividend_of_the_close_before_or_more_is_not_applied_and_says_so(daily):
    ex = days(daily)[10]
    before = daily["close"].to_pylist()[9]
    cash = dividends({"ex_date": ex, "amount": before})
    assert set(factor_of(daily, cash)) == {1.0}
    assert reasons(daily, cash) == {("dividends", ex, "sim", before): "exceeds_price"}


# -- prices that are adjusted for splits already ----------------------------------------------


def test_a_late_split_has_divided_a_split_adjusted_file_all_the_same(daily):
    dates = days(daily)
    daily = on_basis(daily, "split_adjusted")
    late = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)
    cash = dividends({"ex_date": dates[10], "amount": 3.0})
    ratios = splits({"ex_date": dates[20], "numerator": 2.0, "known_at": late})
    before = daily["close"].to_numpy()[9]
    factor = factor_of(daily, cash, ratios)
    np.testing.assert_allclose(factor[10:], before / (before - 1.5), rtol=1e-14)
    assert reasons(daily, cash, ratios)["splits", dates[20], "sim", 2.0] == "known_too_late"


def test_one_split_of_two_sources_has_divided_a_split_adjusted_file_once(daily):
    dates = days(daily)
    daily = on_basis(daily, "split_adjusted")
    late = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)
    cash = dividends({"ex_date": dates[10], "amount": 3.0})
    ratios = splits(
        {"ex_date": dates[20], "numerator": 2.0, "known_at": late},
        {"ex_date": dates[21], "numerator": 2.0, "source": "other", "source_priority": 30},
    )
    before = daily["close"].to_numpy()[9]
    np.testing.assert_allclose(factor_of(daily, cash, ratios)[-1], before / (before - 1.5))


@pytest.mark.parametrize("basis", ["split_adjusted", "total_return"])
@pytest.mark.parametrize("ratio", [4.0, 0.25])
def test_days_appended_after_a_split_do_not_jump(daily, basis, ratio):
    """A file adjusted when it was fetched, continued by days after the next split."""
    dates = days(daily)
    whole = on_basis(daily, basis)
    appended = scaled(whole, 15, ratio)
    ratios = splits({"ex_date": dates[15], "numerator": ratio})
    panel, expected = panel_of(appended, None, ratios), panel_of(whole, None, splits())
    np.testing.assert_allclose(panel["close"].to_numpy(), expected["close"].to_numpy(), rtol=1e-12)
    assert panel["split_factor"].to_pylist() == [1.0] * 15 + [ratio] * 15
    assert set(reasons(appended, None, ratios).values()) == {"basis_changed"}


def test_a_split_that_the_file_was_not_adjusted_for_does_not_scale_earlier_dividends(daily):
    dates = days(daily)
    appended = scaled(on_basis(daily, "split_adjusted"), 15, 4.0)
    cash = dividends({"ex_date": dates[10], "amount": 3.0})
    ratios = splits({"ex_date": dates[15], "numerator": 4.0})
    before = daily["close"].to_numpy()[9]
    np.testing.assert_allclose(
        factor_of(appended, cash, ratios)[10:15], before / (before - 3.0), rtol=1e-14
    )


def test_inside_the_session_of_a_split_nobody_knows_yet_whether_the_file_is_adjusted(daily):
    """The opening factor is the same before and after the session's day bar has come."""
    dates = days(daily)
    appended = scaled(on_basis(daily, "split_adjusted"), 15, 4.0)
    ratios = splits({"ex_date": dates[15], "numerator": 4.0})
    traded = appended.select(["symbol", "session_date", "source", "price_basis"]).slice(0, 16)

    def opening(bars):
        panel = panel_of(bars, None, ratios)
        sessions = sessions_of(daily)
        found = opening_factors(traded, bars, panel, sessions, dividends(), ratios)
        return found["factor"].to_pylist()

    assert opening(appended.slice(0, 15)) == opening(appended.slice(0, 16)) == opening(appended)


def test_an_event_before_the_first_bar_or_without_bars_needs_no_reason(daily):
    cash = dividends(
        {"ex_date": dt.date(2023, 3, 1), "amount": 1.0},
        {"ex_date": days(daily)[3], "amount": 1.0, "symbol": "BBB"},
    )
    assert set(reasons(daily, cash).values()) == {None}
