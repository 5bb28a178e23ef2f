"""Data quality: what was rejected and why, what is covered, that rows add up, the tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from app import cards, theme, warehouse, wording
from app.charts import bars as bar_charts
from app.charts import heat
from app.page import Page
from app.queries import contents, prices, quality

PAGE = Page(title="Data quality", icon=":material/fact_check:", section="Warehouse", order=20)

_MOST_YEARS = 3  # of the calendar at once


def render() -> None:
    """Draw the page."""
    facts = warehouse.facts()
    sums = [] if warehouse.missing("lake_reconciliation") else quality.reconciled()
    _metrics(facts, sums)
    tabs = st.tabs(
        ["Coverage", "Rejects", "Reconciliation", "Tests"], key="quality_tabs", on_change="rerun"
    )
    drawn: tuple[Callable[[], None], ...] = (
        _coverage,
        _rejects,
        lambda: _reconciliation(sums),
        lambda: _tests(facts),
    )
    for tab, draw in zip(tabs, drawn, strict=True):
        if tab.open:
            with tab:
                draw()


def _metrics(facts: contents.Facts, sums: list[dict[str, Any]]) -> None:
    def total(name: str) -> int | None:
        return sum(row[name] for row in sums) if sums else None

    rows, staged, rejected = total("count_rows"), total("count_staged"), total("count_rejected")
    outside, unexplained = total("count_out_of_universe"), total("count_unexplained")
    warned, tests = contents.warnings(facts)
    files = total("count_files")
    cards.metrics(
        [
            cards.Metric(
                "Rows in day files",
                wording.count(rows),
                f"{files:,} files" if files else "",
                help="Counted by reading the lake's files.",
            ),
            cards.Metric("Staged", wording.count(staged), wording.share(staged, rows), "green"),
            cards.Metric(
                "Rejected",
                wording.count(rejected),
                wording.share(rejected, rows),
                "orange" if rejected else "gray",
                help="Each with a reason; counted from the rejects, not by subtraction.",
            ),
            cards.Metric(
                "Out of universe",
                wording.count(outside),
                wording.share(outside, rows),
                help="Rows of symbols that are not configured.",
            ),
            cards.Metric(
                "Unexplained",
                wording.count(unexplained),
                "" if rows is None else "rows add up" if not unexplained else "rows are missing",
                "red" if unexplained else "green",
                help="Rows in files less staged, rejected and out of universe: always 0.",
            ),
            cards.Metric(
                "Tests",
                f"{tests - warned:,} / {tests:,}" if tests else "–",
                ("all pass" if not warned else f"{warned} warned") if tests else "",
                "orange" if warned else "green",
                help="Of the published build; a failing test publishes nothing.",
            ),
        ],
        key="quality_metrics",
    )


def _coverage() -> None:
    if not cards.have("lake_coverage"):
        return
    with cards.card("Coverage", "by symbol and period", key="coverage"):
        measure = st.segmented_control(
            "Measure", list(quality.MEASURES), default="Bars", required=True, key="quality_measure"
        )
        period, rows = quality.coverage(measure)
        if rows.num_rows == 0:
            cards.nothing("`lake_coverage` has no rows.", "Import bars, then `quant build`.")
            return
        symbols = sorted(set(rows["symbol"].to_pylist()))
        periods = sorted(set(rows["period"].to_pylist()))
        _, is_share = quality.MEASURES[measure]
        most = 1.0 if is_share else max(rows["amount"].to_pylist())
        cards.chart(
            heat.cells(rows, periods, symbols, most=most, is_share=is_share),
            key="quality_cells",
            height=64 + 24 * len(symbols),
            alt=f"Heatmap of {measure.lower()} by symbol and {period}",
        )
        st.caption(_MEANING[measure].format(period=period))
    with cards.card("Calendar", "every session of one symbol", key="calendar"):
        _calendar(symbols)


_MEANING = {
    "Bars": "Share of the {period}'s sessions that have a bar, from minutes or from a day bar.",
    "Minutes": "Regular minutes present of those expected, mean of the {period}'s sessions.",
    "Option rows": "Option rows staged a session, mean of the {period}'s sessions.",
}


def _calendar(symbols: list[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        symbol = st.selectbox(
            "Symbol",
            symbols,
            index=prices.first_choice(symbols),
            key="quality_symbol",
            width=150,
            persist_state="session",
        )
        years = quality.years(symbol)
        last = years[-1]
        if len(years) > _MOST_YEARS:
            last = st.select_slider(
                f"{_MOST_YEARS} years up to",
                years[_MOST_YEARS - 1 :],
                value=years[-1],
                key=f"quality_year_{symbol}",
                width=320,
            )
    shown = [year for year in years if last - _MOST_YEARS < year <= last]
    days = warehouse.table(quality.CALENDAR, symbol, shown[0], shown[-1])
    cards.chart(
        heat.calendar(days, shown),
        key="quality_calendar",
        height=56 + heat.CALENDAR_YEAR * len(shown),
        alt=f"Calendar of {symbol}: complete, partial, day bar or missing for every session",
    )


def _rejects() -> None:
    if not cards.have("lake_rejects", "reason_codes"):
        return
    reasons = warehouse.table(quality.REASONS)
    if reasons.num_rows == 0:
        cards.nothing("No row was rejected.", "The scenario `dirty` has some.")
        return
    total: dict[str, int] = {}
    for row in reasons.to_pylist():
        total[row["reason"]] = total.get(row["reason"], 0) + row["count_rows"]
    pairs = sorted(total.items(), key=lambda pair: -pair[1])
    left, right = st.columns([1, 2])
    with left, cards.card("Rejects by reason", "rows, log scale", key="reasons", height="stretch"):
        cards.chart(
            bar_charts.ranked(pairs[:20], colour=theme.WARN, is_log=True),
            key="quality_reasons",
            height=max(160, 34 * len(pairs[:20])),
            alt="Rejected rows by reason",
        )
    with right, cards.card("Meaning and remedy", key="meanings", height="stretch"):
        st.dataframe(
            reasons,
            key="quality_meanings",
            hide_index=True,
            placeholder="",
            column_order=(
                *("reason", "count_rows", "meaning", "remedy"),
                *("stage", "dataset", "first_session", "last_session"),
            ),
            column_config={
                "reason": st.column_config.TextColumn("Reason", pinned=True),
                "stage": "Stage",
                "dataset": "Data set",
                "count_rows": st.column_config.NumberColumn("Rows", format="localized"),
                "first_session": "First",
                "last_session": "Last",
                "meaning": st.column_config.TextColumn("Meaning", width=330),
                "remedy": st.column_config.TextColumn("Remedy", width=330),
            },
        )
    with cards.card("Rejected rows", "the newest 200 of one reason", key="examples"):
        reason = st.selectbox(
            "Reason", [name for name, _ in pairs], key="quality_reason", width=260
        )
        st.dataframe(
            warehouse.table(quality.EXAMPLES, reason),
            key="quality_examples",
            hide_index=True,
            placeholder="",
            column_config={
                "stage": "Stage",
                "dataset": "Data set",
                "source": "Source",
                "session_date": "Session",
                "file": st.column_config.TextColumn("File", width="medium"),
                "file_row": st.column_config.NumberColumn("Row", format="%d"),
                "entity": "Symbol or contract",
                "detail": st.column_config.TextColumn("Detail", width="large"),
            },
        )


def _reconciliation(sums: list[dict[str, Any]]) -> None:
    if not cards.have("lake_reconciliation"):
        return
    if not sums:
        cards.nothing("The lake had no day files.", "Import some, then `quant build`.")
        return
    for column, row in zip(st.columns(len(sums)), sums, strict=True):
        with column, cards.card(row["dataset"].capitalize(), _equation(row), key=row["dataset"]):
            periods = quality.by_period(row["dataset"])
            cards.chart(
                bar_charts.stacked(
                    [one["period"] for one in periods],
                    {
                        "staged": [one["staged"] for one in periods],
                        "rejected": [one["rejected"] for one in periods],
                        "out of universe": [one["out_of_universe"] for one in periods],
                    },
                    {"staged": theme.UP, "rejected": theme.DOWN, "out of universe": theme.MUTED},
                ),
                key=f"quality_periods_{row['dataset']}",
                height=320,
                alt=f"Rows of {row['dataset']} staged, rejected and out of universe over time",
            )
    with cards.card("Day files", "those with the most rejects first", key="days"):
        names = [row["dataset"] for row in sums]
        dataset = st.segmented_control(
            "Data set", names, default=names[0], required=True, key="quality_dataset"
        )
        st.dataframe(
            warehouse.table(quality.DAYS, dataset),
            key="quality_days",
            hide_index=True,
            column_config={
                "dataset": "Data set",
                "session_date": "Session",
                **{
                    f"count_{name}": st.column_config.NumberColumn(label, format="localized")
                    for name, label in {
                        "rows": "Rows in file",
                        "staged": "Staged",
                        "rejected": "Rejected",
                        "out_of_universe": "Out of universe",
                        "unexplained": "Unexplained",
                    }.items()
                },
            },
        )


def _equation(row: dict[str, Any]) -> str:
    return (
        f"{row['count_rows']:,} in {row['count_files']:,} files = {row['count_staged']:,} staged "
        f"+ {row['count_rejected']:,} rejected + {row['count_out_of_universe']:,} out of universe"
        + ("" if not row["count_unexplained"] else f" + {row['count_unexplained']:,} unexplained")
    )


def _tests(facts: contents.Facts) -> None:
    rows = quality.tests(facts)
    if rows.num_rows == 0:
        cards.nothing("This version does not say which tests it passed.", "Publish it anew.")
        return
    left, right = st.columns([2, 1])
    with left, cards.card("Tests of the published build", "warnings first", key="tests"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            words = st.text_input(
                "Search", key="quality_test_words", placeholder="table or test", width=320
            )
            only = st.toggle("Only warnings", key="quality_test_warned")
        shown = [
            row
            for row in rows.to_pylist()
            if all(word in f"{row['test']} {row['on']}" for word in words.lower().split())
            and (row["status"] == "warn" or not only)
        ]
        if shown:
            st.dataframe(
                shown,
                key="quality_tests",
                hide_index=True,
                placeholder="",
                height=min(520, 40 + 35 * len(shown)),
                column_config={
                    "status": st.column_config.TextColumn("Result", width="small"),
                    "test": st.column_config.TextColumn("Test", width="large"),
                    "kind": st.column_config.TextColumn("Kind", width="small"),
                    "on": st.column_config.TextColumn("Reads", width="medium"),
                    "rows": st.column_config.NumberColumn("Rows found", format="localized"),
                },
            )
        else:
            cards.nothing("No test warned." if only and not words else "No test matches.")
    with right, cards.card("Tests by table", "the most guarded", key="guards", height="stretch"):
        pairs = [(name, float(count)) for name, count in quality.tests_by_table(facts)]
        cards.chart(
            bar_charts.ranked(pairs, colour=theme.UP),
            key="quality_guards",
            height=max(120, 36 * len(pairs)),
            alt="Number of tests by table",
        )
