"""What the pages ask, against a warehouse whose content is known by construction."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tiny_warehouse import MISSING, SESSIONS, make

from app import warehouse
from app.queries import contents, features, prices, quality
from engine.errors import PublishError


def column(feature: str, symbol: str) -> np.ndarray:
    rows = warehouse.records(
        f"select {feature} as v from features_daily where symbol = ? order by session_date", symbol
    )
    return np.array([np.nan if row["v"] is None else row["v"] for row in rows])


# -- the way to data -------------------------------------------------------------------------


def test_no_more_rows_leave_the_database_than_a_chart_shows(tiny):
    assert warehouse.table("select * from range(4000)").num_rows == 4000
    with pytest.raises(warehouse.TooManyRowsError, match="4,001 rows"):
        warehouse.table("select * from range(4001)")


def test_a_new_version_is_read_without_a_restart(tmp_path, monkeypatch):
    monkeypatch.setenv("QUANT_WAREHOUSE", str(tmp_path))
    with pytest.raises(PublishError):
        warehouse.version()
    make(tmp_path)
    assert not warehouse.missing("bars_1d")
    make(tmp_path, stamp="20260401T211500000000Z", without=("bars_1d",))
    assert warehouse.missing("bars_1d") == ["bars_1d"]
    assert warehouse.version().stamp.startswith("20260401")


def test_nothing_can_be_written_or_read_beside_the_warehouse(tiny):
    for statement in (
        "create table main.mine as select 1",
        f"select * from read_text('{tiny}/build-*.json')",
        "set enable_external_access = true",
    ):
        with pytest.raises(Exception, match=r"read-only|disabled|locked|configuration"):
            warehouse.table(statement)


# -- contents --------------------------------------------------------------------------------


def test_the_summary_counts_what_was_published(tiny):
    summary = contents.summary(warehouse.facts())
    assert (summary.symbols, summary.sessions) == (2, SESSIONS)
    assert summary.daily_bars == 2 * SESSIONS - 1
    assert (
        summary.bars
        == warehouse.record(
            "select (select count(*) from bars_1d) + (select count(*) from bars_5min) as n"
        )["n"]
    )
    assert summary.option_rows == warehouse.record("select count(*) n from stg_lake__options")["n"]


def test_the_data_reaches_as_far_as_the_newest_known_at(tiny):
    newest = warehouse.record("select max(known_at)::varchar as at from bars_1d")["at"]
    reach = contents.reach(warehouse.facts())
    assert reach is not None
    assert reach.strftime("%Y-%m-%d %H:%M") == newest[:16]


def test_stages_hold_all_seconds_of_the_build(tiny):
    facts = warehouse.facts()
    stages = dict(contents.stage_seconds(facts))
    assert stages == {
        "staging": 6.0,
        "intermediate": 4.0,
        "features": 9.0,
        "seeds": 0.5,
        "publish": 2.5,
    }
    assert contents.slowest(facts)[0] == ("feat_raw", 9.0)


def test_a_version_without_facts_still_gives_tables_and_figures():
    assert contents.summary({}).symbols is None
    assert contents.reach({}) is None
    assert contents.tables({}).num_rows == 0
    assert contents.stage_seconds({}) == []
    assert contents.warnings({}) == (0, 0)


# -- prices ----------------------------------------------------------------------------------


def test_a_window_holds_its_last_sessions(tiny):
    bars = prices.bars("AAA", "1d", "1M", adjusted=False)
    days = [
        row["d"]
        for row in warehouse.records(
            "select session_date::varchar as d from bars_1d where symbol = 'AAA' "
            "order by 1 desc limit 21"
        )
    ]
    assert bars["at"].to_pylist() == days[::-1]


def test_adjusted_prices_are_the_adjusted_columns(tiny):
    raw = prices.bars("AAA", "1d", "3M", adjusted=False)
    adjusted = prices.bars("AAA", "1d", "3M", adjusted=True)
    for name in ("open", "high", "low", "close"):
        np.testing.assert_allclose(
            adjusted[name].to_numpy(), 1.1 * raw[name].to_numpy(), rtol=1e-12
        )


def test_intraday_bars_are_labelled_in_new_york_and_reduced(tiny):
    bars = prices.bars("AAA", "5min", "All", adjusted=False)
    assert 0 < bars.num_rows <= 700
    assert bars["at"][0].as_py() == "2025-12-01 09:30"  # 14:30 UTC in winter
    total = warehouse.record("select count(*) as n from bars_5min where symbol = 'AAA'")["n"]
    assert sum(bars["count_bars"].to_pylist()) == total


def test_a_symbol_without_bars_gives_no_row(tiny):
    assert prices.bars("CCC", "1d", "All", adjusted=False).num_rows == 0


def test_the_benchmark_is_chosen_first(tiny):
    assert prices.first_choice(["BBB", "AAA"]) == 1
    assert prices.first_choice(["BBB"]) == 0


# -- quality ---------------------------------------------------------------------------------


def test_rejects_by_reason_add_up_and_say_what_to_do(tiny):
    rows = warehouse.records(quality.REASONS)
    assert sum(row["count_rows"] for row in rows) == 30
    assert {row["reason"] for row in rows} == {"bad_timestamp", "duplicate", "bad_ohlc"}
    assert all(row["meaning"] and row["remedy"] for row in rows)


def test_reconciled_sums_add_up(tiny):
    for row in quality.reconciled():
        parts = ("count_staged", "count_rejected", "count_out_of_universe", "count_unexplained")
        assert row["count_rows"] == sum(row[name] for name in parts)
        periods = quality.by_period(row["dataset"])
        assert sum(one["staged"] for one in periods) == row["count_staged"]


def test_a_missing_session_lowers_its_month_and_marks_its_day(tiny):
    period, cells = quality.coverage("Bars")
    assert period == "month"
    low = [row for row in cells.to_pylist() if row["amount"] < 1]
    assert [(row["symbol"], row["period"]) for row in low] == [("BBB", MISSING[:7])]
    days = warehouse.records(quality.CALENDAR, "BBB", 2025, 2025)
    assert [row["day"] for row in days if row["state"] == 3] == [MISSING]


def test_coverage_keeps_to_the_cells_that_can_be_drawn(tiny, monkeypatch):
    monkeypatch.setattr(quality, "MOST_CELLS", 12)
    period, cells = quality.coverage("Minutes")
    assert period == "quarter"
    assert cells.num_rows <= 12
    monkeypatch.setattr(quality, "MOST_CELLS", 2)
    assert quality.coverage("Minutes")[0] == "year"


def test_tests_that_warned_come_first(tiny):
    rows = quality.tests(warehouse.facts()).to_pylist()
    assert [row["status"] for row in rows] == ["warn", "pass", "pass", "pass"]
    assert rows[0]["rows"] == 3


# -- features --------------------------------------------------------------------------------


def test_the_catalog_is_searched_in_all_its_words(tiny):
    entries = features.catalog()
    assert [one["name"] for one in features.matching(entries, "SHANNON bits", None)] == ["ent_wave"]
    assert [one["name"] for one in features.matching(entries, "sin(t", "raw")] == [
        "raw_walk",
        "raw_double",
    ]
    assert features.matching(entries, "no such thing", None) == []
    assert len(features.matching(entries, "  ", None)) == len(entries)


def test_the_series_puts_the_next_session_after_the_last_bar(tiny):
    rows = features.series("raw_walk", "AAA", "3M").to_pylist()
    assert len(rows) == 64
    assert rows[-1]["close"] is None
    assert rows[-1]["last"] is not None
    assert rows[-2]["close"] is not None
    np.testing.assert_array_equal([row["last"] for row in rows], column("raw_walk", "AAA")[-64:])


def test_a_session_without_a_bar_keeps_its_feature(tiny):
    rows = {row["at"]: row for row in features.series("raw_noise", "BBB", "All").to_pylist()}
    assert rows[MISSING]["close"] is None
    assert rows[MISSING]["last"] is not None


def test_moments_agree_with_numpy(tiny):
    values = column("raw_noise", "AAA")
    found = features.moments("raw_noise", "AAA")
    assert found["rows"] == found["values"] == len(values)
    assert found["mean"] == pytest.approx(values.mean(), abs=1e-12)
    assert found["std"] == pytest.approx(values.std(ddof=1), rel=1e-12)
    assert found["5%"] == pytest.approx(np.quantile(values, 0.05), rel=1e-12)


def test_moments_of_an_empty_feature_are_unknown(tiny):
    found = features.moments("ent_empty", None)
    assert found["rows"] == 2 * SESSIONS
    assert found["values"] == 0
    assert found["mean"] is None


@pytest.mark.parametrize("feature", ["raw_walk", "raw_noise", "ent_wave"])
@pytest.mark.parametrize("symbol", [None, "AAA"])
def test_a_histogram_counts_every_value_once(tiny, feature, symbol):
    counted = features.histogram(feature, symbol)
    assert sum(counted.counts) == features.moments(feature, symbol)["values"]
    assert len(counted.edges) == len(counted.counts) == features.BINS
    assert np.all(np.diff(counted.edges) > 0)


def test_a_histogram_agrees_with_numpy_inside_its_tails(tiny):
    values = column("raw_noise", "AAA")
    counted = features.histogram("raw_noise", "AAA")
    low, high = np.quantile(values, [0.005, 0.995])
    assert counted.edges[0] == pytest.approx(low, rel=1e-12)
    inside = values[(values >= low) & (values <= high)]
    expected, _ = np.histogram(inside, bins=features.BINS, range=(low, high))
    np.testing.assert_array_equal(counted.counts[1:-1], expected[1:-1])
    assert counted.count_clipped == len(values) - len(inside)


def test_few_distinct_values_have_a_bin_each(tiny):
    counted = features.histogram("raw_weekday", "AAA")
    assert counted.edges == (1.0, 2.0, 3.0, 4.0, 5.0)
    assert counted.count_clipped == 0


def test_autocorrelation_agrees_with_numpy(tiny):
    values = column("raw_walk", "AAA")
    values = values[~np.isnan(values)]
    found, count = features.autocorrelation("raw_walk", "AAA")
    assert count == len(values)
    assert len(found) == features.LAGS
    for lag in (1, 7, features.LAGS):
        expected = np.corrcoef(values[lag:], values[:-lag])[0, 1]
        assert found[lag - 1] == pytest.approx(expected, abs=1e-12)


def test_autocorrelation_of_an_empty_feature_is_unknown(tiny):
    found, count = features.autocorrelation("ent_empty", "AAA")
    assert count == 0
    assert found == [None] * features.LAGS


def test_the_nearest_neighbour_of_a_feature_is_its_double(tiny):
    pairs = features.neighbours("raw_walk", ["raw_walk", "raw_noise", "raw_double"], "AAA")
    assert [name for name, _ in pairs] == ["raw_double", "raw_noise"]
    assert pairs[0][1] == pytest.approx(1.0, abs=1e-12)
    walk, noise = column("raw_walk", "AAA"), column("raw_noise", "AAA")
    known = ~np.isnan(walk)
    expected = np.corrcoef(walk[known], noise[known])[0, 1]
    assert pairs[1][1] == pytest.approx(expected, abs=1e-12)


def test_an_empty_feature_has_no_neighbour(tiny):
    assert features.neighbours("ent_empty", ["ent_wave", "raw_walk"], "AAA") == []
    assert features.neighbours("raw_walk", ["raw_walk"], "AAA") == []


def test_health_is_by_symbol(tiny):
    rows = features.health("ent_empty").to_pylist()
    assert [(row["symbol"], row["null_share"]) for row in rows] == [("AAA", 1.0), ("BBB", 1.0)]
    shares = {one["name"]: one["null_share"] for one in features.catalog()}
    assert math.isclose(shares["raw_noise"], 0.0, abs_tol=1e-12)
    assert shares["ent_empty"] == 1.0
