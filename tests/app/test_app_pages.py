"""Pages run without a browser: what they show, what choosing changes, what they say for want."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from tiny_warehouse import make

from app import warehouse
from app.page import find
from app.queries import chains
from engine.errors import LockedError

MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"
PAGES = [one.name for one in find()]


def charts(app: AppTest) -> int:
    return len(app.get("echarts_chart"))


def said(app: AppTest) -> str:
    """All words of a page outside its widgets."""
    kinds = (app.markdown, app.info, app.caption, app.header, app.code, app.text)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def metric(app: AppTest, label: str) -> tuple[str, str]:
    found = next(one for one in app.metric if one.label == label)
    return found.value, found.delta


def clean(app: AppTest) -> AppTest:
    """Require that a run raised nothing."""
    assert not app.exception, app.exception[0].message
    return app


# -- every page ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_the_version_and_the_age_of_its_data(name, page, tiny):
    app = clean(page(name).run())
    words = said(app)
    assert "version 2026-03-02 21:15 UTC" in words
    assert " old" in words
    assert charts(app) >= 1


@pytest.mark.parametrize("name", PAGES)
def test_without_a_warehouse_a_page_says_how_to_make_one(name, page, tmp_path, monkeypatch):
    monkeypatch.setenv("QUANT_WAREHOUSE", str(tmp_path / "none"))
    app = clean(page(name).run())
    assert "There is no warehouse to read yet" in said(app)
    assert "make demo" in said(app)


@pytest.mark.parametrize("name", PAGES)
def test_a_version_with_next_to_nothing_is_explained_table_by_table(name, page, warehouse_without):
    kept = {"dim_sessions"}
    full = set(_tables())
    warehouse_without(*sorted(full - kept))
    app = clean(page(name).run())
    assert "not in this version" in said(app)
    assert "quant build" in said(app)


def _tables() -> list[str]:
    import duckdb
    import tiny_warehouse

    with duckdb.connect() as connection:
        connection.execute(tiny_warehouse._SQL)
        return [row[0] for row in connection.execute("show tables").fetchall()]


@pytest.mark.parametrize("name", PAGES)
def test_empty_tables_are_said_to_be_empty(name, page, tmp_path, monkeypatch):
    monkeypatch.setenv("QUANT_WAREHOUSE", str(tmp_path))
    make(tmp_path, emptied=True)
    app = clean(page(name).run())
    assert len(app.info) >= 1


def test_a_warehouse_that_is_being_written_is_said_so(page, tiny, monkeypatch):
    def locked():
        raise LockedError("Process 4242 is writing it.", "Wait until it has finished.")

    monkeypatch.setattr(warehouse, "version", locked)
    app = clean(page("overview").run())
    assert "being written" in said(app)
    assert "4242" in said(app)
    assert "Wait until it has finished" in said(app)


def test_a_warehouse_that_was_moved_is_not_taken_for_none(page, tmp_path, monkeypatch):
    monkeypatch.setenv("QUANT_WAREHOUSE", str(tmp_path))
    make(tmp_path, parts_folder="/elsewhere/parts/x")
    app = clean(page("overview").run())
    assert "cannot be opened" in said(app)
    assert "was moved" in said(app)
    assert "make demo" not in said(app)


def test_a_query_that_fails_is_reported_in_one_sentence(page, tiny, monkeypatch):
    monkeypatch.setattr("app.queries.prices.TIMEFRAMES", {"1d": "no_such_table"})
    monkeypatch.setattr("app.warehouse.missing", lambda *names: [])
    app = clean(page("overview").run())
    assert "no_such_table" in said(app)
    assert "Traceback" not in said(app)


def test_main_lists_the_pages_and_draws_the_first(tiny):
    app = clean(AppTest.from_file(str(MAIN), default_timeout=30).run())
    assert app.header[0].value == find()[0].page.title


# -- overview --------------------------------------------------------------------------------


def test_overview_counts_what_is_there(page, tiny):
    app = clean(page("overview").run())
    assert metric(app, "Symbols")[0] == "2"
    assert metric(app, "Sessions") == ("300", "since 2025-01-02")
    assert metric(app, "Features") == ("11", "3 modules")
    assert metric(app, "Warnings") == ("1", "4 tests")
    tables = app.dataframe[0].value
    assert tables.loc[tables["table"] == "bars_1d", "rows"].item() == 599
    assert tables.loc[tables["table"] == "bars_1d", "grain"].item() == "symbol, session_date"


def test_overview_draws_other_symbols_windows_and_bars(page, tiny):
    app = clean(page("overview").run())
    assert app.selectbox(key="overview_symbol").options == ["AAA", "BBB"]
    app.selectbox(key="overview_symbol").set_value("BBB")
    app.segmented_control(key="overview_window").set_value("All")
    app.toggle(key="overview_adjusted").set_value(True)
    assert charts(clean(app.run())) == 2


def test_overview_says_when_a_symbol_has_no_such_bars(page, tiny):
    app = clean(page("overview").run())
    app.selectbox(key="overview_symbol").set_value("BBB")
    app.segmented_control(key="overview_timeframe").set_value("5min")
    app = clean(app.run())
    assert "BBB has no 5min bars" in said(app)


@pytest.mark.parametrize(("tab", "shown"), [("Builds", 1), ("Universe", 1)])
def test_overview_runs_only_the_open_tab(tab, shown, page, tiny):
    app = page("overview")
    app.session_state["overview_tabs"] = tab
    app = clean(app.run())
    assert len(app.dataframe) == shown
    columns = set(app.dataframe[0].value.columns)
    assert ("published_at" in columns) == (tab == "Builds")
    assert ("benchmark" in columns) == (tab == "Universe")


# -- data quality ----------------------------------------------------------------------------


def test_data_quality_adds_up(page, tiny):
    app = clean(page("data_quality").run())
    assert metric(app, "Rejected")[0] == "2,100"
    assert metric(app, "Unexplained") == ("0", "rows add up")
    assert metric(app, "Tests") == ("3 / 4", "1 warned")


@pytest.mark.parametrize("measure", ["Bars", "Minutes", "Option rows"])
def test_coverage_is_drawn_by_month_and_by_day(measure, page, tiny):
    app = page("data_quality")
    app.session_state["quality_measure"] = measure
    app = clean(app.run())
    assert charts(app) == 2
    assert "month" in said(app)


def test_rejects_have_meaning_and_remedy(page, tiny):
    app = page("data_quality")
    app.session_state["quality_tabs"] = "Rejects"
    app = clean(app.run())
    table = app.dataframe[0].value
    assert set(table["reason"]) == {"bad_timestamp", "duplicate", "bad_ohlc"}
    assert table["remedy"].notna().all()
    app.selectbox(key="quality_reason").set_value("bad_ohlc")
    app = clean(app.run())
    assert len(app.dataframe[1].value) == 10


def test_reconciliation_writes_the_equation(page, tiny):
    app = page("data_quality")
    app.session_state["quality_tabs"] = "Reconciliation"
    app = clean(app.run())
    assert "300,600 in 300 files = 297,000 staged + 600 rejected + 3,000 out of universe" in said(
        app
    )
    assert charts(app) == 2


def test_tests_can_be_searched_and_filtered(page, tiny):
    app = page("data_quality")
    app.session_state["quality_tabs"] = "Tests"
    app = clean(app.run())
    assert len(app.dataframe[0].value) == 4
    app.text_input(key="quality_test_words").set_value("BARS_1d")
    app = clean(app.run())
    assert set(app.dataframe[0].value["test"]) == {"unique_together_bars_1d", "rare_bad_bars"}
    app.toggle(key="quality_test_warned").set_value(True)
    app = clean(app.run())
    assert list(app.dataframe[0].value["test"]) == ["rare_bad_bars"]
    app.text_input(key="quality_test_words").set_value("nothing like it")
    assert "No test matches" in said(clean(app.run()))


# -- features --------------------------------------------------------------------------------


def test_features_are_found_by_their_words_and_module(page, tiny):
    app = clean(page("features").run())
    assert len(app.dataframe[0].value) == 11
    app.text_input(key="features_words").set_value("shannon")
    app = clean(app.run())
    assert list(app.dataframe[0].value["name"]) == ["ent_wave"]
    app.text_input(key="features_words").set_value("nothing like it")
    assert "No feature matches" in said(clean(app.run()))
    app.text_input(key="features_words").set_value("")
    app.selectbox(key="features_module").set_value("cross_asset")
    app = clean(app.run())
    assert len(app.dataframe[0].value) == 5


def test_a_chosen_feature_shows_its_definition(page, tiny):
    app = clean(page("features").run())
    app.selectbox(key="feature").set_value("ent_wave")
    words = said(clean(app.run()))
    assert "1.5 + 0.2 cos(t / 9)" in words
    assert "Shannon 1948" in words
    assert "41 bars" in words


def test_an_address_can_name_a_feature(page, tiny):
    app = page("features")
    app.query_params["feature"] = "raw_noise"
    app = clean(app.run())
    assert app.selectbox(key="feature").value == "raw_noise"
    assert "uniform noise" in said(app)


@pytest.mark.parametrize(
    ("tab", "count"),
    [("Distribution", 2), ("By regime", 2), ("Autocorrelation", 2), ("Neighbours", 2)],
)
def test_each_tab_of_a_feature_draws(tab, count, page, tiny):
    app = page("features")
    app.session_state["features_tabs"] = tab
    assert charts(clean(app.run())) == count


@pytest.mark.parametrize(
    ("tab", "words"),
    [
        ("Distribution", "ent_empty has no value."),
        ("By regime", "No session of AAA has both ent_empty and a regime of Combined"),
        ("Autocorrelation", "ent_empty does not vary for AAA"),
        ("Neighbours", "No other feature of entropy varies together with ent_empty"),
    ],
)
def test_a_feature_without_values_is_said_to_have_none(tab, words, page, tiny):
    app = page("features")
    app.session_state["features_tabs"] = tab
    app.session_state["feature"] = "ent_empty"
    app = clean(app.run())
    assert words in said(app)
    assert "ent_empty has no value for AAA in this window" in said(app)


def test_missing_values_have_reasons(page, tiny):
    app = page("features")
    app.session_state["features_tabs"] = "Missing values"
    app.session_state["feature"] = "ent_empty"
    app = clean(app.run())
    table = app.dataframe[1].value
    assert list(table["null_share"]) == [1.0, 1.0]
    assert set(table["reason"]) == {"undefined"}


def test_features_do_without_the_health_table(page, warehouse_without):
    warehouse_without("feature_health")
    app = page("features")
    app.session_state["features_tabs"] = "Missing values"
    app = clean(app.run())
    assert "`feature_health` is not in this version" in said(app)
    assert len(app.dataframe[0].value) == 11


def test_a_feature_of_the_catalog_that_was_not_built_is_not_offered(page, tmp_path, monkeypatch):
    import duckdb

    monkeypatch.setenv("QUANT_WAREHOUSE", str(tmp_path))
    path = make(tmp_path) / "current.duckdb"
    with duckdb.connect(str(path.resolve())) as connection:
        connection.execute("alter table features_daily drop column raw_noise")
    app = clean(page("features").run())
    assert "raw_noise" not in app.selectbox(key="feature").options


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        ("raw_walk", "Audit of kernels: nothing found in 4,000 rows"),
        ("raw_double", "start: 3 values differ"),
        ("raw_weekday", "`quant features audit` and `quant audit leaks` look at it"),
    ],
)
def test_a_feature_bears_the_stamp_of_its_audits(feature, words, page, tiny):
    app = page("features")
    app.session_state["feature"] = feature
    assert words in said(clean(app.run()))


@pytest.mark.parametrize("tab", ["Distribution", "By regime", "Autocorrelation", "Neighbours"])
def test_a_feature_of_the_market_is_shown_like_any_other(tab, page, tiny):
    app = page("features")
    app.session_state["feature"] = "xa_corr_aaa_bbb_20"
    app.session_state["features_tabs"] = tab
    app = clean(app.run())
    assert charts(app) == 2
    assert "the market" in said(app)


def test_neighbours_are_looked_for_in_all_modules(page, tiny):
    app = page("features")
    app.session_state["feature"] = "ent_wave"
    app.session_state["features_tabs"] = "Neighbours"
    app = clean(app.run())
    assert "No other feature of entropy varies together" in said(app)
    app.segmented_control(key="features_among_entropy").set_value("All features")
    assert charts(clean(app.run())) == 2


@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize("family", ["Combined", "VIX", "Trend", "Hidden Markov"])
def test_a_feature_is_split_by_each_kind_of_regime(family, pooled, page, tiny):
    app = page("features")
    app.session_state["features_tabs"] = "By regime"
    app.session_state["features_regimes"] = family
    app.session_state["features_regime_pooled"] = pooled
    app = clean(app.run())
    assert charts(app) == 2
    assert f"Rows of {'all symbols' if pooled else 'AAA'}" in said(app)


def test_a_feature_without_regimes_says_so(page, warehouse_without):
    warehouse_without("regimes_daily")
    app = page("features")
    app.session_state["features_tabs"] = "By regime"
    assert "`regimes_daily` is not in this version" in said(clean(app.run()))


@pytest.mark.parametrize("measure", ["Missing", "Cost", "Audit"])
def test_the_module_map_has_a_tile_for_each_feature(measure, page, tiny):
    app = page("features")
    app.session_state["features_view"] = "Module map"
    app.session_state["features_measure"] = measure
    app = clean(app.run())
    assert charts(app) == 1
    assert metric(app, "Features") == ("11", "5 of the market")
    assert metric(app, "Audits passed")[1] == "1 failed, 1 stale, 1 not audited"
    assert list(app.dataframe[0].value["module"]) == ["raw", "entropy", "cross_asset"]


def test_the_module_map_does_without_audits_and_costs(page, tmp_path, monkeypatch):
    import duckdb

    monkeypatch.setenv("QUANT_WAREHOUSE", str(tmp_path))
    path = make(tmp_path, without=("feature_audits",)) / "current.duckdb"
    with duckdb.connect(str(path.resolve())) as connection:
        for name in ("cost_ns", "audit_status", "audits", "audited_at", "null_share"):
            connection.execute(f"alter table feature_catalog drop column {name}")
    app = page("features")
    app.session_state["features_view"] = "Module map"
    app = clean(app.run())
    assert metric(app, "Audits passed") == ("–", "none has run")
    assert metric(app, "Kernels") == ("–", "not measured")
    app.session_state["features_view"] = "Feature"
    assert "does not say whether the feature was audited" in said(clean(app.run()))


def test_the_market_is_drawn_today_and_over_time(page, tiny):
    app = page("features")
    app.session_state["features_view"] = "Cross-asset"
    app = clean(app.run())
    assert charts(app) == 2
    assert app.selectbox(key="features_market_family").options == [
        "xa_corr_*_20 · correlation of A and B",
        "xa_rs_*_20 · strength of A over B",
    ]
    app.selectbox(key="features_market_family").set_value("xa_rs_*_20")
    assert "strength of A over B; units: sigma" in said(clean(app.run()))


def test_features_do_without_the_market(page, warehouse_without):
    warehouse_without("features_cross_asset")
    app = page("features")
    app.session_state["features_view"] = "Cross-asset"
    app = clean(app.run())
    assert "`features_cross_asset` is not in this version" in said(app)
    app.session_state["features_view"] = "Feature"
    app = clean(app.run())
    assert len(app.dataframe[0].value) == 6


def test_a_click_on_a_mark_opens_its_feature(monkeypatch):
    from app.views import choice

    state = {"chart": {"selection": {"selected": [{"data_indices": [1]}]}}}
    monkeypatch.setattr("streamlit.session_state", state)
    choice.clicked("chart", ["raw_walk", "ent_wave"])()
    assert (state["feature"], state["features_view"]) == ("ent_wave", "Feature")
    state["feature"] = "raw_walk"
    choice.clicked("chart", ["raw_noise"])()  # the chart has changed since
    assert state["feature"] == "raw_walk"


# -- regimes ---------------------------------------------------------------------------------


def test_regimes_name_the_current_one_of_each_kind(page, tiny):
    app = clean(page("regimes").run())
    assert metric(app, "Combined") == ("down_wild", "for 10 sessions")
    assert metric(app, "VIX") == ("OPTIMAL", "since this session")
    assert metric(app, "Trend")[0] == "UP"
    assert metric(app, "Hidden Markov") == ("low", "probability 60.0%")
    assert charts(app) == 3


@pytest.mark.parametrize("family", ["Combined", "VIX", "Trend", "Hidden Markov"])
@pytest.mark.parametrize("window", ["1M", "All"])
def test_each_kind_of_regime_is_drawn(family, window, page, tiny):
    app = page("regimes")
    app.session_state["regimes_family"] = family
    app.session_state["regimes_window"] = window
    app = clean(app.run())
    # the one hidden state never changes: there is no whole run of it
    assert charts(app) == (2 if family == "Hidden Markov" else 3)


@pytest.mark.parametrize(("tab", "rows"), [("Definition", 4), ("All symbols", 2)])
def test_regimes_are_defined_and_listed(tab, rows, page, tiny):
    app = page("regimes")
    app.session_state["regimes_tabs"] = tab
    assert len(clean(app.run()).dataframe[0].value) == rows


def test_without_a_vix_its_regime_is_said_to_be_unknown(page, tmp_path, monkeypatch):
    import duckdb

    monkeypatch.setenv("QUANT_WAREHOUSE", str(tmp_path))
    path = make(tmp_path) / "current.duckdb"
    with duckdb.connect(str(path.resolve())) as connection:
        connection.execute("update regimes_daily set vix_regime = null, vix_bars = null")
    app = page("regimes")
    app.session_state["regimes_family"] = "VIX"
    app = clean(app.run())
    assert metric(app, "VIX") == ("–", "needs the VIX of the session before")
    assert "The VIX regime of AAA is unknown in this window" in said(app)
    assert "No VIX regime of AAA is known" in said(app)


def test_regimes_do_without_columns_that_an_older_version_lacks(page, tmp_path, monkeypatch):
    import duckdb

    monkeypatch.setenv("QUANT_WAREHOUSE", str(tmp_path))
    path = make(tmp_path, without=("regime_definitions",)) / "current.duckdb"
    with duckdb.connect(str(path.resolve())) as connection:
        for name in ("p_low", "p_mid", "p_high", "hmm_state", "trend_bars", "vix_bars"):
            connection.execute(f"alter table regimes_daily drop column {name}")
    app = clean(page("regimes").run())
    assert [one.label for one in app.metric] == ["Combined", "VIX", "Trend", "For session"]
    assert "No hidden Markov model was fitted before these sessions" in said(app)
    assert charts(app) == 3
    app.session_state["regimes_tabs"] = "Definition"
    assert "`regime_definitions` is not in this version" in said(clean(app.run()))


def test_regimes_do_without_bars(page, warehouse_without):
    warehouse_without("bars_1d")
    app = clean(page("regimes").run())
    assert "`bars_1d` is not in this version" in said(app)
    assert charts(app) == 2


# -- options ---------------------------------------------------------------------------------

OPTIONS_TABS = {
    "Smile": (1, 1),
    "Term structure": (1, 1),
    "Surface": (1, 0),
    "Skew history": (1, 0),
    "Gamma exposure": (3, 0),
    "Quality": (1, 1),
    "Contract": (1, 1),
}


def options(page, tab: str) -> AppTest:
    app = page("options")
    app.session_state["options_tabs"] = tab
    return app


def test_options_counts_the_chain(page, tiny):
    app = clean(page("options").run())
    assert metric(app, "25Δ risk reversal")[0] == "-4.00"
    assert metric(app, "Marked") == ("54", "of 54 contracts")
    assert metric(app, "Smiles") == ("2 / 3", "1 borrowed")
    assert metric(app, "Net gamma")[1] == "flip at 97.50"


@pytest.mark.parametrize(("tab", "drawn"), OPTIONS_TABS.items())
def test_options_draws_only_the_open_tab(tab, drawn, page, tiny):
    app = clean(options(page, tab).run())
    assert (charts(app), len(app.dataframe)) == drawn


def test_a_borrowed_smile_is_said_to_be_one(page, tiny):
    app = clean(options(page, "Smile").run())
    key = "options_expiry_AAA_2026-02-25"
    assert app.selectbox(key=key).value == "AAA 2026-03-20"
    app.selectbox(key=key).set_value("AAA 2026-06-19")
    app = clean(app.run())
    assert ":gray[Shape from:] the nearest expiry" in said(app)
    assert ":gray[Reason:] too_few_points" in said(app)
    app.segmented_control(key="options_across").set_value("% of forward")
    assert charts(clean(app.run())) == 1


@pytest.mark.parametrize("measure", ["Level", "Change in a session", "Place in its last year"])
def test_the_surface_says_why_cells_are_empty(measure, page, tiny):
    app = options(page, "Surface")
    app.session_state["options_surface_measure"] = measure
    app = clean(app.run())
    assert charts(app) == 1
    assert "shorter than the first expiry" in said(app)


def test_the_surface_turns_in_its_own_tab(page, tiny):
    app = options(page, "Surface")
    app.session_state["options_surface_tabs"] = "3D"
    app = clean(app.run())
    assert charts(app) == 1
    app.slider(key="options_turn").set_value(40)
    assert charts(clean(app.run())) == 1


def test_a_maturity_without_volatility_is_said_so(page, tiny):
    app = options(page, "Skew history")
    app.session_state["options_tenor"] = 7
    app = clean(app.run())
    assert "no 7-day volatility" in said(app)


def test_without_gamma_tables_the_rest_of_options_is_there(page, warehouse_without):
    warehouse_without("gex_profile", "gex_levels")
    app = clean(options(page, "Gamma exposure").run())
    assert "`gex_profile` and `gex_levels` are not in this version" in said(app)
    assert metric(app, "Marked")[0] == "54"


def test_gamma_without_its_curve_is_drawn_without_it(page, warehouse_without):
    warehouse_without("gex_curve")
    app = clean(options(page, "Gamma exposure").run())
    assert charts(app) == 2
    assert "`long_calls_short_puts`" in said(app)


def test_any_contract_tells_its_story(page, tiny):
    app = clean(options(page, "Contract").run())
    app.text_input(key="options_ticker").set_value("AAA 2026-03-20 120 P")
    app = clean(app.run())
    assert metric(app, "Last mark")[1] == "2026-02-25, own smile"
    assert "`zero_bid`" not in said(app)  # the tiny table of reasons does not have it
    assert app.dataframe[0].value["reason"].tolist() == ["zero_bid"] * 38
    assert "do not show this contract" in said(app)
    app.text_input(key="options_ticker").set_value("nonsense")
    assert "is not a contract" in said(clean(app.run()))
    app.text_input(key="options_ticker").set_value("AAA 2026-03-20 101 P")
    assert "was never seen" in said(clean(app.run()))


def test_arbitrage_through_time_is_drawn_where_there_is_any(page, tiny):
    app = options(page, "Quality")
    app.session_state["options_quality_kind"] = "arbitrage"
    app = clean(app.run())
    assert charts(app) == 1
    assert metric(app, "Unexplained") == ("0", "all accounted for")


def test_another_underlying_without_the_session_shows_its_newest(page, tiny, monkeypatch):
    days = chains.sessions("AAA")
    monkeypatch.setattr(chains, "underlyings", lambda: ["AAA", "BBB"])
    monkeypatch.setattr(chains, "sessions", lambda name: days if name == "AAA" else days[5:])
    app = clean(page("options").run())
    assert app.selectbox(key="options_session").value == days[0]
    app.selectbox(key="options_underlying").set_value("BBB")
    app = clean(app.run())
    assert app.selectbox(key="options_session").value == days[5]
    app.selectbox(key="options_session").set_value(days[9])
    app.run()
    app.selectbox(key="options_underlying").set_value("AAA")
    app = clean(app.run())
    assert app.selectbox(key="options_session").value == days[9]  # both have it: it stays


def test_an_underlying_without_expiries_is_said_so_in_every_tab(page, tiny, monkeypatch):
    monkeypatch.setattr(chains, "underlyings", lambda: ["BBB"])
    monkeypatch.setattr(chains, "sessions", lambda name: [dt.date(2026, 2, 25)])
    for tab in OPTIONS_TABS:
        app = clean(options(page, tab).run())
        assert charts(app) == 0
        assert len(app.info) >= 1, tab


def test_a_rate_by_default_is_said_to_be_one(page, tiny, monkeypatch):
    rows = [
        {**row, "rate_source": "default", "forward_method": "dividends"}
        for row in chains.forwards("AAA", dt.date(2026, 2, 25))
    ]
    monkeypatch.setattr(chains, "forwards", lambda *which: rows)
    words = said(clean(options(page, "Term structure").run()))
    assert "`option_default_rate` stands in" in words
    assert "3 of 3 forwards are from rate and dividends" in words
