"""Features: find one in the catalog, see it below the price, and see how it behaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from app import cards, wording
from app.charts import bars as bar_charts
from app.charts import distribution
from app.charts import price as price_charts
from app.page import Page
from app.queries import features, prices

PAGE = Page(title="Features", icon=":material/functions:", section="Research", order=30)

_CHOSEN = "feature"  # key of the chooser, and name in the address
_ALL = "All symbols"


def render() -> None:
    """Draw the page."""
    if not cards.have(features.CATALOG, features.TABLE):
        return
    built = features.built()
    entries = [entry for entry in features.catalog() if entry["name"] in built]
    symbols = features.symbols()
    if not entries or not symbols:
        cards.nothing("No feature was built.", "Import bars, then `quant build`.")
        return
    left, right = st.columns([5, 8])
    with left, cards.card("Catalog", f"{len(entries)} features", key="catalog", height="stretch"):
        chosen = _choose(entries)
    entry = next(one for one in entries if one["name"] == chosen)
    with right, cards.card("Price and feature", key="series", height="stretch"):
        symbol = _series(entry, symbols)
    with cards.card("Definition", entry["module"], key="definition"):
        _definition(entry)
    names = ["Distribution", "Autocorrelation", "Missing values", "Neighbours"]
    tabs = st.tabs(names, key="features_tabs", on_change="rerun")
    drawn: tuple[Callable[[], None], ...] = (
        lambda: _distribution(entry, symbols),
        lambda: _autocorrelation(entry, symbol),
        lambda: _missing(entry),
        lambda: _neighbours(entry, entries, symbol),
    )
    for tab, draw in zip(tabs, drawn, strict=True):
        if tab.open:
            with tab:
                draw()


# -- choosing --------------------------------------------------------------------------------


def _choose(entries: list[dict[str, Any]]) -> str:
    modules = list(features.count_by_module())
    words = st.text_input(
        "Search",
        key="features_words",
        placeholder="name, formula, units, source, oracle",
        persist_state="session",
    )
    module = st.pills("Module", modules, key="features_module", persist_state="session")
    shown = features.matching(entries, words, module)
    table_key = f"features_catalog_{words}_{module}"
    names = [entry["name"] for entry in entries]
    chosen: str = st.selectbox("Feature", names, key=_CHOSEN, bind="query-params")
    if not shown:
        cards.nothing("No feature matches.", "Search for fewer words, or in all modules.")
        return chosen
    st.dataframe(
        [
            {
                "name": entry["name"],
                "formula": entry["formula"],
                "null_share": entry["null_share"],
                "lookback": entry["lookback"],
                "units": entry["units"],
                "source": entry["source"],
                "oracle": entry["oracle"],
            }
            for entry in shown
        ],
        key=table_key,
        on_select=lambda: _take(table_key, shown),
        selection_mode="single-row",
        hide_index=True,
        placeholder="",
        height=372,
        column_config={
            "name": st.column_config.TextColumn("Name", pinned=True),
            "formula": st.column_config.TextColumn("Formula", width="medium"),
            "null_share": st.column_config.ProgressColumn(
                "Missing", format="percent", min_value=0, max_value=1, width="small"
            ),
            "lookback": st.column_config.NumberColumn("Lookback", format="%d"),
            "units": "Units",
            "source": "Source",
            "oracle": st.column_config.TextColumn("Oracle", width="medium"),
        },
    )
    st.caption(f"{len(shown)} of {len(entries)} · a click on a row shows the feature")
    return chosen


def _take(table_key: str, shown: list[dict[str, Any]]) -> None:
    """Show the feature whose row was clicked."""
    rows = st.session_state[table_key]["selection"]["rows"]
    if rows and rows[0] < len(shown):
        st.session_state[_CHOSEN] = shown[rows[0]]["name"]


# -- one feature -----------------------------------------------------------------------------


def _series(entry: dict[str, Any], symbols: list[str]) -> str:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        symbol: str = st.selectbox(
            "Symbol",
            symbols,
            index=prices.first_choice(symbols),
            key="features_symbol",
            width=150,
            persist_state="session",
        )
        window = st.segmented_control(
            "Window", list(prices.WINDOWS), default="1Y", required=True, key="features_window"
        )
    if not cards.have("bars_1d"):
        return symbol
    rows = features.series(entry["name"], symbol, window)
    if rows.num_rows == 0 or rows["last"].null_count == rows.num_rows:
        cards.nothing(
            f"{entry['name']} has no value for {symbol} in this window.",
            "Its reason is under Missing values.",
        )
        if rows.num_rows == 0:
            return symbol
    sessions = max(rows["count_sessions"].to_pylist())
    cards.chart(
        price_charts.price_with_feature(rows, entry["name"], is_reduced=sessions > 1),
        key="features_series",
        height=520,
        alt=f"Price of {symbol} over {entry['name']}, {window}",
    )
    reduced = f" A step is {sessions} sessions, the band its lowest to highest." * (sessions > 1)
    st.caption(f"Known before each session opened; the last value is the next session's.{reduced}")
    return symbol


def _definition(entry: dict[str, Any]) -> None:
    left, right = st.columns([5, 8])
    with left:
        st.markdown(f"**`{entry['name']}`**")
        st.code(entry["formula"], language=None, wrap_lines=True)
        if entry.get("why"):
            st.caption(entry["why"])
    facts = {
        "Units": entry["units"],
        "Source": entry["source"],
        "Inputs": entry.get("inputs"),
        "Lookback": f"{entry['lookback']} bars",
        "First value": f"after {entry.get('min_obs')} bars" if entry.get("min_obs") else None,
        "Computed by": entry.get("engine"),
        "Oracle": entry["oracle"],
        "Lag": {"previous_session": "one session", "none": "none, known in advance"}.get(
            entry.get("lag") or "", entry.get("lag")
        ),
        "Equals": entry.get("twin_of"),
    }
    shown = [(name, str(value)) for name, value in facts.items() if value]
    with right:
        for start in range(0, len(shown), 4):
            columns = st.columns(4)
            for column, (name, value) in zip(columns, shown[start : start + 4], strict=False):
                with column.container(gap=None):
                    st.caption(name)
                    st.text(value)


# -- how it behaves --------------------------------------------------------------------------


def _distribution(entry: dict[str, Any], symbols: list[str]) -> None:
    left, right = st.columns([3, 1])
    with left, cards.card("Distribution", entry["units"], key="distribution", height="stretch"):
        pool = st.selectbox(
            "Rows of", [_ALL, *symbols], key="features_pool", width=180, persist_state="session"
        )
        symbol = None if pool == _ALL else pool
        counted = features.histogram(entry["name"], symbol)
        if not counted.counts:
            cards.nothing(f"{entry['name']} has no value.", "See Missing values.")
        else:
            cards.chart(
                distribution.histogram(counted.edges, counted.counts, entry["units"]),
                key="features_histogram",
                height=360,
                alt=f"Histogram of {entry['name']}",
            )
            if counted.count_clipped:
                st.caption(
                    f"The outermost bins hold the tails too: {counted.count_clipped:,} values "
                    "outside the 0.5% to 99.5% range."
                )
    with right, cards.card("Moments", key="moments", height="stretch"):
        moments = features.moments(entry["name"], symbol)
        st.dataframe(
            [{"what": name, "value": wording.number(value)} for name, value in moments.items()],
            key="features_moments",
            hide_index=True,
            height="content",
            column_config={
                "what": "Moment",
                "value": st.column_config.TextColumn("Value", alignment="right"),
            },
        )


def _autocorrelation(entry: dict[str, Any], symbol: str) -> None:
    with cards.card("Autocorrelation", f"{symbol}, lag in sessions", key="autocorrelation"):
        found, count = features.autocorrelation(entry["name"], symbol)
        if count < 3 or all(value is None for value in found):
            cards.nothing(f"{entry['name']} does not vary for {symbol}.")
            return
        cards.chart(
            bar_charts.signed(
                [str(lag) for lag in range(1, len(found) + 1)],
                [None if value is None else round(value, 4) for value in found],
                band=1.96 / count**0.5,
            ),
            key="features_autocorrelation",
            height=360,
            alt=f"Autocorrelation of {entry['name']} for {symbol}",
        )
        st.caption(f"Dashed: where 95% of the lags of {count:,} independent values would fall.")


def _missing(entry: dict[str, Any]) -> None:
    with cards.card("Missing values", "by symbol", key="missing"):
        if not cards.have(features.HEALTH):
            return
        rows = features.health(entry["name"])
        if rows.num_rows == 0:
            cards.nothing(f"`{features.HEALTH}` does not know {entry['name']}.")
            return
        st.dataframe(
            rows,
            key="features_health",
            hide_index=True,
            placeholder="",
            height="content",
            column_config={
                "symbol": "Symbol",
                "count_rows": st.column_config.NumberColumn("Rows", format="localized"),
                "null_share": st.column_config.ProgressColumn(
                    "Missing", format="percent", min_value=0, max_value=1
                ),
                "first_session": "First value",
                "reason": "Reason of what is missing",
            },
        )


def _neighbours(entry: dict[str, Any], entries: list[dict[str, Any]], symbol: str) -> None:
    module = entry["module"]
    with cards.card("Nearest features", f"of module {module}, {symbol}", key="neighbours"):
        others = [one["name"] for one in entries if one["module"] == module]
        pairs = features.neighbours(entry["name"], others, symbol)
        if not pairs:
            cards.nothing(f"No other feature of {module} varies together with {entry['name']}.")
            return
        cards.chart(
            bar_charts.correlations([(name, round(value, 4)) for name, value in pairs]),
            key="features_neighbours",
            height=max(140, 30 * len(pairs)),
            alt=f"Features that correlate most with {entry['name']}",
        )
        st.caption("Linear correlation over the sessions where both have a value.")
