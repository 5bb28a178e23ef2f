"""Overview: what is in the warehouse, how fresh it is, and how it was built."""

from __future__ import annotations

import datetime as dt

import streamlit as st

from app import cards, theme, warehouse, wording
from app.charts import bars as bar_charts
from app.charts import price as price_charts
from app.page import Page
from app.queries import catalog, contents, prices

PAGE = Page(title="Overview", icon=":material/space_dashboard:", section="Warehouse", order=10)

_HEIGHT = 440  # pixels of the charts side by side


def render() -> None:
    """Draw the page."""
    facts = warehouse.facts()
    _metrics(facts)
    left, right = st.columns([13, 7])
    with left:
        _price()
    with right, cards.card("Last build", _build_note(facts), key="last_build", height="stretch"):
        _last_build(facts)
    tables, builds, universe = st.tabs(
        ["Tables", "Builds", "Universe"], key="overview_tabs", on_change="rerun"
    )
    if tables.open:
        with tables:
            _tables(facts)
    if builds.open:
        with builds:
            _builds(facts)
    if universe.open:
        with universe:
            _universe()


def _metrics(facts: contents.Facts) -> None:
    summary = contents.summary(facts)
    reach = contents.reach(facts)
    warned, tests = contents.warnings(facts)
    by_module = catalog.count_by_module()
    age = None if reach is None else (dt.datetime.now(dt.UTC) - reach).total_seconds()
    since = f"since {summary.first_session}" if summary.first_session else ""
    cards.metrics(
        [
            cards.Metric(
                "Symbols",
                wording.count(summary.symbols),
                f"{wording.count(summary.underlyings)} with options" if summary.underlyings else "",
            ),
            cards.Metric("Sessions", wording.count(summary.sessions), since),
            cards.Metric(
                "Bars",
                wording.count(summary.bars),
                f"{wording.count(summary.daily_bars)} daily" if summary.daily_bars else "",
                help="Of all timeframes together.",
            ),
            cards.Metric(
                "Option rows",
                wording.count(summary.option_rows),
                _option_days(facts),
                help="Rows that passed staging, observed contracts only.",
            ),
            cards.Metric(
                "Features",
                wording.count(sum(by_module.values()) or None),
                f"{len(by_module)} modules" if by_module else "",
                help="Columns of the wide tables: of each symbol and of the market.",
            ),
            cards.Metric(
                "Data age",
                wording.age(age),
                f"to {reach:%Y-%m-%d}" if reach else "",
                help="Since the newest value of any table became known.",
            ),
            cards.Metric(
                "Warnings",
                wording.count(warned) if tests else "–",
                f"{tests} tests" if tests else "",
                colour="orange" if warned else "green",
                help="Tests of the published build that warned; see Data quality.",
            ),
        ],
        key="overview_metrics",
    )


def _option_days(facts: contents.Facts) -> str:
    sessions = facts.get("tables", {}).get("stg_lake__options", {}).get("sessions")
    return f"{sessions:,} sessions" if sessions else ""


def _price() -> None:
    with cards.card("Price", "raw or forward-adjusted, New York time", key="price"):
        if not cards.have("bars_1d"):
            return
        symbols = prices.symbols()
        if not symbols:
            cards.nothing("`bars_1d` has no rows.", "Import bars, then `quant build`.")
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            symbol = st.selectbox(
                "Symbol",
                symbols,
                index=prices.first_choice(symbols),
                key="overview_symbol",
                width=150,
                persist_state="session",
            )
            present = [
                name for name, table in prices.TIMEFRAMES.items() if not warehouse.missing(table)
            ]
            timeframe = st.segmented_control(
                "Bars", present, default="1d", required=True, key="overview_timeframe"
            )
            window = st.segmented_control(
                "Window", list(prices.WINDOWS), default="6M", required=True, key="overview_window"
            )
            adjusted = st.toggle("Adjusted", key="overview_adjusted")
        bars = prices.bars(symbol, timeframe, window, adjusted=adjusted)
        if bars.num_rows == 0:
            cards.nothing(f"{symbol} has no {timeframe} bars.", "Import minutes for it.")
            return
        cards.chart(
            price_charts.price(bars),
            key="overview_price",
            height=_HEIGHT,
            alt=f"Candles and volume of {symbol}, {timeframe} bars over {window}",
        )


def _build_note(facts: contents.Facts) -> str:
    seconds = facts.get("run", {}).get("seconds")
    if seconds is None:
        return ""
    publish = wording.duration(facts.get("publish_seconds"))
    return f"{wording.duration(seconds)}, then {publish} to publish"


def _last_build(facts: contents.Facts) -> None:
    stages = contents.stage_seconds(facts)
    if not stages:
        cards.nothing("This version does not say how it was built.")
        return
    run = facts.get("run", {})
    with st.container(horizontal=True):
        if run.get("models") is not None:
            st.badge(f"{run['models']} models", color="blue")
            st.badge(f"{run.get('tests', 0)} tests", color="green")
            st.badge("full refresh" if run.get("full_refresh") else "incremental", color="gray")
        if facts.get("git_revision"):
            st.badge(f"revision {facts['git_revision'][:10]}", color="gray")
    cards.chart(
        bar_charts.ranked(
            [(name, round(seconds, 2)) for name, seconds in stages],
            label="{c} s",
            colour=theme.BLUE,
            value_format="%.2f s",
        ),
        key="overview_stages",
        height=_HEIGHT,
        alt="Seconds of work by stage of the last build",
    )


def _tables(facts: contents.Facts) -> None:
    rows = contents.tables(facts)
    has_grain = rows["grain"].null_count < rows.num_rows
    st.dataframe(
        rows if has_grain else rows.drop_columns(["grain"]),
        key="overview_tables",
        hide_index=True,
        placeholder="",
        height="content",
        column_config={
            "table": st.column_config.TextColumn("Table", width="medium", pinned=True),
            "rows": st.column_config.NumberColumn("Rows", format="localized", width=100),
            "grain": st.column_config.TextColumn("One row per", width="medium"),
            "symbols": st.column_config.NumberColumn("Symbols"),
            "sessions": st.column_config.NumberColumn("Sessions", format="localized"),
            "first_session": "First",
            "last_session": "Last",
            "known_at": st.column_config.DatetimeColumn(
                "Last known at (UTC)", format="YYYY-MM-DD HH:mm", timezone="UTC"
            ),
            "kept_as": st.column_config.TextColumn("Kept as", width=110),
            "description": st.column_config.TextColumn("What it is", width="large"),
        },
    )


def _builds(facts: contents.Facts) -> None:
    left, right = st.columns([2, 1])
    with left, cards.card("Earlier versions", "from the journal", key="builds", height="stretch"):
        if cards.have("build_history"):
            rows = warehouse.table(contents.BUILDS)
            if rows.num_rows:
                st.dataframe(
                    rows,
                    key="overview_builds",
                    hide_index=True,
                    placeholder="",
                    column_config=_BUILD_COLUMNS,
                )
            else:
                cards.nothing("This is the first version: its own build joins the next one.")
    with right, cards.card("Slowest models", "last build", key="slowest", height="stretch"):
        pairs = [(name, round(seconds, 2)) for name, seconds in contents.slowest(facts)]
        if pairs:
            cards.chart(
                bar_charts.ranked(pairs, label="{c} s", value_format="%.2f s"),
                key="overview_slowest",
                height=360,
                alt="Models that took longest in the last build",
            )


_BUILD_COLUMNS = {
    "stamp": None,
    "published_at": st.column_config.DatetimeColumn(
        "Published (UTC)", format="YYYY-MM-DD HH:mm", timezone="UTC"
    ),
    "seconds": st.column_config.NumberColumn("Build s", format="%.1f"),
    "publish_seconds": st.column_config.NumberColumn("Publish s", format="%.1f"),
    "count_models": "Models",
    "count_tests": "Tests",
    "count_tests_warned": "Warned",
    "count_tables": "Tables",
    "count_rows": st.column_config.NumberColumn("Rows", format="localized"),
    "count_stock_days": "Stock days",
    "count_option_days": "Option days",
    "last_session": "Last session",
    "is_full_refresh": "Full",
    "revision": "Revision",
    "duckdb_version": "DuckDB",
}


def _universe() -> None:
    if not cards.have("dim_universe"):
        return
    st.dataframe(
        warehouse.table("select * from dim_universe order by symbol limit 2000"),
        key="overview_universe",
        hide_index=True,
        placeholder="",
        height="content",
    )
