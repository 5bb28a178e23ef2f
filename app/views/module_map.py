"""All features at once: a tile for each, and what its module has, costs and passed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import streamlit as st

from app import cards, theme, wording
from app.charts import heat
from app.queries import catalog
from app.queries.catalog import Entry
from app.views import choice
from engine.warehouse.scopes import SCOPES

BARS = 1_486  # sessions of six years, by which costs are told

_COLOURS = {
    "Missing": (theme.UP, theme.BLUE, theme.WARN, theme.VIOLET, theme.DOWN),
    "Cost": (*theme.SEQUENTIAL[1:], theme.WARN),
    "Audit": (theme.UP, theme.WARN, theme.DOWN, theme.BORDER),
}


def draw(entries: list[Entry]) -> None:
    """Draw the map and the table of modules.

    Parameters
    ----------
    entries
        Features of the catalog that were built.
    """
    modules = catalog.modules(entries)
    _metrics(entries, modules)
    with cards.card("Map", "a tile is a feature, a click opens it", key="map"):
        measure = st.segmented_control(
            "Colour",
            list(catalog.MEASURES),
            default=catalog.MEASURES[0],
            required=True,
            key="features_measure",
        )
        rows, lines = catalog.tiles(entries, measure)
        present = set(rows["class"].to_pylist())
        names = catalog.classes(measure)
        key = f"features_tiles_{measure}"
        cards.chart(
            heat.tiles(
                rows,
                lines,
                [
                    (name, colour)
                    for place, (name, colour) in enumerate(
                        zip(names, (*_COLOURS[measure], theme.GRID), strict=True)
                    )
                    if place < len(names) - 1 or place in present
                ],
            ),
            key=key,
            height=44 + 22 * len(lines),
            alt=f"Every feature by module, coloured by {measure.lower()}",
            on_select=choice.clicked(key, rows["feature"].to_pylist()),
        )
        st.caption(_MEANING[measure])
    with cards.card("Modules", "a click on a row shows its features", key="modules"):
        _table(modules)


_MEANING = {
    "Missing": "Share of NULL over all symbols and sessions, what warms up included.",
    "Cost": (
        "CPU time of one bar on one core, as the last audit measured it. What columns share is "
        "charged to the first of them; the table adds up."
    ),
    "Audit": "The last audits of the kernels and of leaks, on the code as it was built.",
}


def _metrics(entries: list[Entry], modules: list[dict[str, Any]]) -> None:
    shares = sorted(entry["null_share"] for entry in entries if entry["null_share"] is not None)
    cost = [
        module["cost_us"]
        for module in modules
        if module["cost_us"] is not None and module["table"] == catalog.TABLES["daily"]
    ]
    count = {status: sum(module[status] for module in modules) for status in catalog.AUDITED}
    audited = sum(count.values()) - count["not_audited"]
    others = Counter(entry["scope"] for entry in entries if entry["scope"] != "daily")
    whose = [f"{count} of {SCOPES[scope].owner}" for scope, count in others.items()]
    empty = sum(share >= 1 for share in shares)
    cards.metrics(
        [
            cards.Metric("Features", wording.count(len(entries)), ", ".join(whose)),
            cards.Metric("Modules", str(len(modules))),
            cards.Metric(
                "Missing",
                wording.share(shares[len(shares) // 2], 1) if shares else "–",
                f"{empty} all missing" if empty else "median feature",
                "orange" if empty else "gray",
                help="Share of NULL of the median feature, what warms up included.",
            ),
            cards.Metric(
                "Kernels",
                wording.duration(sum(cost) * BARS / 1e6) if cost else "–",
                f"a symbol, {BARS:,} bars" if cost else "not measured",
                help="CPU time of one core for one symbol, by the last audit of the kernels.",
            ),
            cards.Metric(
                "Audits passed",
                wording.share(count["passed"], len(entries)) if audited else "–",
                _findings(count) if audited else "none has run",
                _colour(count) if audited else "gray",
                help="Features whose last audits found nothing, on the code as it was built.",
            ),
        ],
        key="features_metrics",
    )


def _findings(count: dict[str, int]) -> str:
    words = {"failed": "failed", "stale": "stale", "not_audited": "not audited"}
    return ", ".join(f"{count[name]} {word}" for name, word in words.items() if count[name])


def _colour(count: dict[str, int]) -> str:
    return "red" if count["failed"] else "orange" if count["stale"] else "green"


def _table(modules: list[dict[str, Any]]) -> None:
    key = "features_modules"
    st.dataframe(
        modules,
        key=key,
        on_select=lambda: _take(key, modules),
        selection_mode="single-row",
        hide_index=True,
        placeholder="",
        height="content",
        column_order=(
            *("module", "table", "columns", "null_share", "cost_us", "cost_a_column"),
            *("passed_share", "failed", "stale", "not_audited", "audited_at"),
        ),
        column_config={
            "module": st.column_config.TextColumn("Module", pinned=True, width=150),
            "table": "Table",
            "columns": st.column_config.NumberColumn("Columns", width="small"),
            "null_share": st.column_config.ProgressColumn(
                "Missing", format="percent", min_value=0, max_value=1, width="small"
            ),
            "cost_us": st.column_config.NumberColumn("µs a bar", format="%.1f", width="small"),
            "cost_a_column": st.column_config.NumberColumn(
                "ns a column", format="%.0f", width="small", help="Effective: shared work divided."
            ),
            "passed_share": st.column_config.ProgressColumn(
                "Passed", format="percent", min_value=0, max_value=1, width="small"
            ),
            "failed": st.column_config.NumberColumn("Failed", width="small"),
            "stale": st.column_config.NumberColumn("Stale", width="small"),
            "not_audited": st.column_config.NumberColumn("Not audited", width="small"),
            "audited_at": st.column_config.DatetimeColumn(
                "Audited (UTC)", format="YYYY-MM-DD HH:mm", timezone="UTC"
            ),
        },
    )


def _take(key: str, modules: list[dict[str, Any]]) -> None:
    """Open the catalog at the module whose row was clicked."""
    rows = st.session_state[key]["selection"]["rows"]
    if rows and rows[0] < len(modules):
        choice.show_module(modules[rows[0]]["module"])
