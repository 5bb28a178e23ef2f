"""What the pages ask, against a warehouse whose content is known by construction."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tiny_warehouse import MISSING, SESSIONS, make

from app import warehouse
from app.queries import catalog, contents, features, market, prices, quality, regimes
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
    entries = catalog.entries()
    assert [one["name"] for one in catalog.matching(entries, "SHANNON bits", None)] == ["ent_wave"]
    assert [one["name"] for one in catalog.matching(entries, "sin(t", "raw")] == [
        "raw_walk",
        "raw_double",
    ]
    assert catalog.matching(entries, "no such thing", None) == []
    assert len(catalog.matching(entries, "  ", None)) == len(entries)


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
    rows = catalog.health("ent_empty").to_pylist()
    assert [(row["symbol"], row["null_share"]) for row in rows] == [("AAA", 1.0), ("BBB", 1.0)]
    shares = {one["name"]: one["null_share"] for one in catalog.entries()}
    assert math.isclose(shares["raw_noise"], 0.0, abs_tol=1e-12)
    assert shares["ent_empty"] == 1.0


def test_an_older_catalog_takes_the_null_share_from_health(tmp_path, monkeypatch):
    import duckdb

    monkeypatch.setenv("QUANT_WAREHOUSE", str(tmp_path))
    path = make(tmp_path) / "current.duckdb"
    with duckdb.connect(str(path.resolve())) as connection:
        for name in ("null_share", "cost_ns", "audit_status", "audits", "audited_at", "scope"):
            connection.execute(f"alter table feature_catalog drop column {name}")
    entries = {one["name"]: one for one in catalog.entries()}
    assert entries["ent_empty"]["null_share"] == 1.0
    assert entries["raw_walk"]["audit_status"] is None
    assert entries["raw_walk"]["scope"] == "daily"
    assert {module["passed_share"] for module in catalog.modules([*entries.values()])} == {None}


def test_a_market_feature_belongs_to_no_symbol(tiny):
    assert features.is_market("xa_rs_bbb_20")
    assert not features.is_market("raw_walk")
    assert features.moments("xa_rs_bbb_20", "AAA") == features.moments("xa_rs_bbb_20", None)
    rows = features.series("xa_rs_bbb_20", "BBB", "3M").to_pylist()
    assert rows[-1]["close"] is None
    np.testing.assert_allclose([row["last"] for row in rows], np.arange(238, 302) / 100)


def test_neighbours_are_found_in_both_wide_tables(tiny):
    pairs = dict(
        features.neighbours("xa_rs_bbb_20", ["xa_rs_ccc_20", "raw_walk", "xa_rs_bbb_20"], "AAA")
    )
    assert pairs["xa_rs_ccc_20"] == pytest.approx(-1.0, abs=1e-12)
    walk = column("raw_walk", "AAA")
    known = ~np.isnan(walk)
    expected = np.corrcoef(walk[known], np.arange(2, 302)[known])[0, 1]
    assert pairs["raw_walk"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("pooled", [False, True])
def test_quantiles_by_regime_agree_with_numpy(tiny, pooled):
    names = np.array(["up_calm", "up_wild", "down_calm", "down_wild"])
    i = np.arange(1, SESSIONS + 1)
    symbols = ("AAA", "BBB") if pooled else ("AAA",)
    found = features.by_regime("raw_noise", "combined_regime", "AAA", pooled=pooled)
    assert set(found) == set(names)
    for name in names:
        inside = (i > 20) & (names[(i - 21) // 10 % 4] == name)
        values = np.concatenate([column("raw_noise", symbol)[inside] for symbol in symbols])
        assert found[name]["n"] == len(values)
        assert found[name]["mean"] == pytest.approx(values.mean(), abs=1e-12)
        assert found[name]["q1"] == pytest.approx(np.quantile(values, 0.25), abs=1e-12)
        assert found[name]["high"] == pytest.approx(np.quantile(values, 0.95), abs=1e-12)


def test_a_market_feature_is_split_by_the_regime_of_the_symbol(tiny):
    found = features.by_regime("xa_rs_bbb_20", "hmm_state", "AAA", pooled=False)
    assert set(found) == {"low"}
    assert found["low"]["n"] == SESSIONS - 60
    assert found["low"]["median"] == pytest.approx((62 + 301) / 200)


# -- the module map --------------------------------------------------------------------------


def test_modules_add_up_to_the_catalog(tiny):
    entries = catalog.entries()
    modules = {row["module"]: row for row in catalog.modules(entries)}
    assert sum(row["columns"] for row in modules.values()) == len(entries) == 11
    assert modules["raw"]["cost_us"] == pytest.approx((100 + 200) / 1e3)
    assert modules["raw"]["cost_a_column"] == pytest.approx(150)
    assert (modules["raw"]["failed"], modules["raw"]["not_audited"]) == (1, 1)
    assert modules["raw"]["passed_share"] == 0.5
    assert modules["entropy"]["null_share"] == 0.5
    assert modules["cross_asset"]["table"] == "features_cross_asset"


@pytest.mark.parametrize("measure", catalog.MEASURES)
def test_every_feature_has_one_tile(tiny, monkeypatch, measure):
    monkeypatch.setattr(catalog, "TILES_A_LINE", 3)
    entries = catalog.entries()
    rows, lines = catalog.tiles(entries, measure)
    assert rows["feature"].to_pylist() == [entry["name"] for entry in entries]
    places = {(row["line"], row["place"]) for row in rows.to_pylist()}
    assert len(places) == len(entries)
    assert [line for line in lines if line.strip()] == ["raw", "entropy", "cross_asset"]
    assert len(set(lines)) == len(lines) == 2 + 1 + 2  # 4, 2 and 5 features, 3 a line
    for row in rows.to_pylist():
        assert lines[: row["line"] + 1][-1] is not None
        assert row["what"] == catalog.classes(measure)[row["class"]]


@pytest.mark.parametrize(
    ("measure", "entry", "name"),
    [
        ("Missing", {"null_share": 0.0}, "under 1%"),
        ("Missing", {"null_share": 0.01}, "1 to 5%"),
        ("Missing", {"null_share": 1.0}, "all missing"),
        ("Missing", {"null_share": None}, "not measured"),
        ("Cost", {"cost_ns": 99.9}, "under 100 ns"),
        ("Cost", {"cost_ns": 5e4}, "10 µs and more"),
        ("Audit", {"audit_status": "stale"}, "code changed since"),
        ("Audit", {"audit_status": None}, "not measured"),
    ],
)
def test_a_tile_has_the_class_of_its_value(measure, entry, name):
    assert catalog.classes(measure)[catalog.classed(entry, measure)] == name


def test_the_last_audits_of_a_feature_are_told(tiny):
    found = catalog.audits("raw_double")
    assert [(one["kind"], one["is_passed"]) for one in found] == [("kernels", False)]
    assert found[0]["detail"] == "start: 3 values differ"
    assert catalog.audits("raw_weekday") == []


# -- cross-asset -----------------------------------------------------------------------------


def test_families_are_read_from_the_catalog(tiny):
    found = {one.pattern: one for one in market.families(catalog.entries(), "AAA")}
    assert set(found) == {"xa_corr_*_20", "xa_rs_*_20"}
    corr = found["xa_corr_*_20"]
    assert corr.members == (("BBB", "xa_corr_aaa_bbb_20"), ("CCC", "xa_corr_aaa_ccc_20"))
    assert corr.formula == "correlation of A and B"
    assert corr.ends == (-1.0, 1.0)
    assert found["xa_rs_*_20"].ends is None
    assert not corr.of_pairs


def test_a_pair_keeps_the_benchmark_where_its_place_matters():
    def entry(name, inputs):
        return {"name": name, "scope": "cross", "formula": "x", "units": "1", "inputs": inputs}

    entries = [
        entry("xa_ratio_spy_tlt_60", "close of SPY, close of TLT"),
        entry("xa_ratio_qqq_spy_60", "close of QQQ, close of SPY"),
    ]
    (ratio,) = market.families(entries, "SPY")
    assert [label for label, _ in ratio.members] == ["SPY / TLT", "QQQ / SPY"]
    assert ratio.of_pairs


def test_a_family_over_time_leaves_out_what_is_unknown(tiny):
    family = market.families(catalog.entries(), "AAA")[0]
    rows, periods, sessions = market.over_time(family, "3M")
    assert (len(periods), sessions) == (63, 1)
    assert set(rows["label"].to_pylist()) == {"BBB"}
    np.testing.assert_allclose(rows["amount"].to_numpy(), np.sin(np.arange(239, 302) / 40))


def test_a_long_family_is_reduced_to_what_can_be_drawn(tiny, monkeypatch):
    monkeypatch.setattr(market, "MOST_CELLS", 100)
    family = market.families(catalog.entries(), "AAA")[1]
    rows, periods, sessions = market.over_time(family, "All")
    assert rows.num_rows <= 100
    assert (len(periods), sessions) == (50, 6)
    newest = warehouse.record("select max(session_date)::varchar as day from features_cross_asset")
    assert periods[-1] == newest["day"]
    assert rows["amount"].to_pylist()[-2:] == [3.01, -3.01]


def test_a_value_is_ranked_among_its_last_year(tiny):
    families = market.families(catalog.entries(), "AAA")
    session, rows = market.now(families)
    found = {row["column"]: row for row in rows}
    assert (
        session == warehouse.record("select max(session_date)::varchar d from regimes_daily")["d"]
    )
    assert found["xa_rs_bbb_20"]["rank"] == pytest.approx(251.5 / 252)
    assert found["xa_rs_ccc_20"]["rank"] == pytest.approx(0.5 / 252)
    assert "xa_corr_aaa_ccc_20" not in found


# -- regimes ---------------------------------------------------------------------------------

COMBINED, VIX, TREND, HMM = regimes.FAMILIES
ROUND = ["up_calm", "up_wild", "down_calm", "down_wild"]


def test_regimes_have_the_names_and_order_of_their_definition(tiny):
    assert regimes.names(COMBINED) == ROUND
    assert regimes.names(TREND) == ["DOWN", "UP"]
    assert regimes.families() == list(regimes.FAMILIES)
    assert regimes.definitions(VIX).num_rows == 3


def test_regimes_are_named_without_their_definition(warehouse_without):
    warehouse_without("regime_definitions")
    assert regimes.names(TREND) == ["STRONG_DOWN", "DOWN", "NEUTRAL", "UP", "STRONG_UP"]


def test_each_session_is_shaded_by_one_regime(tiny):
    rows = regimes.shaded("AAA", COMBINED, "All").to_pylist()
    assert len(rows) == SESSIONS + 1
    for row in rows[21:]:
        bands = [row[f"s{place}"] for place in range(4)]
        assert bands[ROUND.index(row["regime"])] == 1
        assert sum(band is not None for band in bands) == 1
    assert {row["regime"] for row in rows[:21]} == {None}
    assert rows[-1]["close"] is None
    assert rows[60]["p_low"] is None
    assert rows[61]["p_low"] == 0.6
    first = warehouse.record(
        "select adj_close from bars_1d where symbol = 'AAA' order by 1 limit 1"
    )
    assert min(row["close"] for row in rows[:-1]) == first["adj_close"]


def test_transitions_out_of_a_regime_add_up(tiny):
    steps = {(one["before"], one["after"]): one for one in regimes.transitions("AAA", COMBINED)}
    # 28 blocks of ten sessions, each block followed by the next name
    assert steps["up_calm", "up_calm"]["n"] == 7 * 9
    assert steps["up_calm", "up_wild"]["n"] == 7
    assert steps["down_wild", "up_calm"]["n"] == 6
    assert ("up_calm", "down_wild") not in steps
    for name in ROUND:
        assert sum(one["share"] for pair, one in steps.items() if pair[0] == name) == (
            pytest.approx(1)
        )


def test_durations_count_whole_runs_only(tiny):
    found = regimes.durations("AAA", COMBINED)
    place = regimes.duration_labels().index("6–10")
    # the first run of up_calm begins with the data, the last of down_wild is not over
    assert {name: counts[place] for name, counts in found.items()} == {
        "up_calm": 6,
        "up_wild": 7,
        "down_calm": 7,
        "down_wild": 6,
    }
    assert sum(sum(counts) for counts in found.values()) == 26
    assert regimes.duration_labels()[0] == "1"
    assert regimes.duration_labels()[-1] == "64+"


def test_statistics_of_regimes_agree_with_numpy(tiny):
    found = {row["regime"]: row for row in regimes.statistics("AAA", COMBINED)}
    assert list(found) == ROUND
    assert {row["sessions"] for row in found.values()} == {70}
    assert found["up_calm"]["share"] == pytest.approx(0.25)
    assert found["up_calm"]["mean_run"] == found["up_calm"]["median_run"] == 10
    rows = regimes.shaded("AAA", COMBINED, "All").to_pylist()
    close = np.array([row["close"] for row in rows[:-1]])
    returns = np.concatenate([[np.nan], np.diff(np.log(close))])
    inside = np.array([row["regime"] == "up_wild" for row in rows[:-1]])
    assert found["up_wild"]["mean_return"] == pytest.approx(252 * returns[inside].mean())
    assert found["up_wild"]["volatility"] == pytest.approx(
        np.sqrt(252) * returns[inside].std(ddof=1)
    )


def test_statistics_of_regimes_do_without_bars(warehouse_without):
    warehouse_without("bars_1d")
    rows = regimes.statistics("BBB", HMM)
    assert [(row["regime"], row["volatility"]) for row in rows] == [("low", None)]


def test_the_board_has_the_last_row_of_each_symbol(tiny):
    rows = regimes.board()
    assert [row["symbol"] for row in rows] == ["AAA", "BBB"]
    assert rows[0] == regimes.newest("AAA")
