"""One feature: found in the catalog, seen below the price, and how it behaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pyarrow as pa
import streamlit as st

from app import cards, wording
from app.charts import bars as bar_charts
from app.charts import distribution, regime
from app.charts import price as price_charts
from app.queries import catalog, features, prices, regimes
from app.queries.catalog import Entry
from app.views import choice
from engine.warehouse.scopes import SCOPES

_ALL = "All symbols"
_ANY = "All features"
_FAMILIES = {family.title: family for family in regimes.FAMILIES}


def draw(entries: list[Entry], symbols: list[str]) -> None:
    """Draw the catalog, and the feature that is chosen.

    Parameters
    ----------
    entries
        Features of the catalog that were built.
    symbols
        Those that have features.
    """
    left, right = st.columns([5, 8])
    with left, cards.card("Catalog", f"{len(entries)} features", key="catalog", height="stretch"):
        chosen = _choose(entries)
    entry = next(one for one in entries if one["name"] == chosen)
    with right, cards.card("Price and feature", key="series", height="stretch"):
        symbol = _series(entry, symbols)
    with cards.card("Definition", entry["module"], key="definition"):
        _definition(entry)
    names = ["Distribution", "By regime", "Autocorrelation", "Missing values", "Neighbours"]
    tabs = st.tabs(names, key="features_tabs", on_change="rerun")
    drawn: tuple[Callable[[], None], ...] = (
        lambda: _distribution(entry, symbols),
        lambda: _by_regime(entry, symbol),
        lambda: _autocorrelation(entry, symbol),
        lambda: _missing(entry),
        lambda: _neighbours(entry, entries, symbol),
    )
    for tab, draw_tab in zip(tabs, drawn, strict=True):
        if tab.open:
            with tab:
                draw_tab()


# -- choosing --------------------------------------------------------------------------------


def _choose(entries: list[Entry]) -> str:
    modules = Counter(entry["module"] for entry in entries)
    left, right = st.columns([3, 2])
    words = left.text_input(
        "Search",
        key="features_words",
        placeholder="name, formula, source, oracle",
        persist_state="session",
    )
    module = right.selectbox(
        "Module",
        list(modules),
        index=None,
        placeholder="all",
        format_func=lambda name: f"{name} · {modules[name]}",
        key=choice.MODULE,
        persist_state="session",
    )
    shown = catalog.matching(entries, words, module)
    table_key = f"features_catalog_{words}_{module}"
    names = [entry["name"] for entry in entries]
    chosen: str = st.selectbox(
        "Feature", names, key=choice.FEATURE, bind="query-params", persist_state="session"
    )
    if not shown:
        cards.nothing("No feature matches.", "Search for fewer words, or in all modules.")
        return chosen
    st.dataframe(
        [
            {
                "name": entry["name"],
                "formula": entry["formula"],
                "null_share": entry["null_share"],
                "audit": catalog.AUDIT_NAMES.get(entry["audit_status"]),
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
        height=405,
        column_config={
            "name": st.column_config.TextColumn("Name", pinned=True),
            "formula": st.column_config.TextColumn("Formula", width="medium"),
            "null_share": st.column_config.ProgressColumn(
                "Missing", format="percent", min_value=0, max_value=1, width="small"
            ),
            "audit": st.column_config.TextColumn("Audit", width="small"),
            "lookback": st.column_config.NumberColumn("Lookback", format="%d"),
            "units": "Units",
            "source": "Source",
            "oracle": st.column_config.TextColumn("Oracle", width="medium"),
        },
    )
    st.caption(f"{len(shown)} of {len(entries)} · a click on a row shows the feature")
    return chosen


def _take(table_key: str, shown: list[Entry]) -> None:
    """Show the feature whose row was clicked."""
    rows = st.session_state[table_key]["selection"]["rows"]
    if rows and rows[0] < len(shown):
        st.session_state[choice.FEATURE] = shown[rows[0]]["name"]


# -- one feature -----------------------------------------------------------------------------


def _series(entry: Entry, symbols: list[str]) -> str:
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
        price_charts.price_with_feature(
            rows, entry["name"], is_reduced=sessions > 1, units=entry["units"]
        ),
        key="features_series",
        height=520,
        alt=f"Price of {symbol} over {entry['name']}, {window}",
    )
    reduced = f" A step is {sessions} sessions, the band its lowest to highest." * (sessions > 1)
    st.caption(
        "Known before each session opened; the last value is the next session's. The price is "
        f"adjusted.{reduced}"
    )
    return symbol


def _definition(entry: Entry) -> None:
    left, right = st.columns([5, 8])
    with left:
        st.markdown(f"**`{entry['name']}`**")
        st.code(entry["formula"], language=None, wrap_lines=True)
        if entry.get("why"):
            st.caption(entry["why"])
        _stamp(entry)
    facts = {
        "Belongs to": SCOPES[entry["scope"]].owner,
        "Units": entry["units"],
        "Source": entry["source"],
        "Inputs": entry.get("inputs"),
        "Lookback": f"{entry['lookback']:,} bars",
        "Windows": f"{entry['windows']} bars" if entry.get("windows") else None,
        "First value": f"after {entry.get('min_obs')} bars" if entry.get("min_obs") else None,
        "Computed by": entry.get("engine"),
        "Oracle": entry["oracle"],
        "Lag": {"previous_session": "one session", "none": "none, known in advance"}.get(
            entry.get("lag") or "", entry.get("lag")
        ),
        "Tier": entry.get("tier"),
        "First session": entry["first_session"],
        "Missing": _percent(entry["null_share"]),
        "Equals": entry.get("twin_of"),
        "May rank like": entry.get("near_duplicates"),
    }
    shown = [(name, str(value)) for name, value in facts.items() if value]
    with right:
        for start in range(0, len(shown), 4):
            columns = st.columns(4)
            for column, (name, value) in zip(columns, shown[start : start + 4], strict=False):
                with column.container(gap=None):
                    st.caption(name)
                    st.text(value)


_STAMPS = {
    "passed": (":material/verified:", "green"),
    "failed": (":material/gpp_bad:", "red"),
    "stale": (":material/update:", "orange"),
    "not_audited": (":material/help:", "gray"),
}


def _stamp(entry: Entry) -> None:
    """Say what the last audits found."""
    status = entry["audit_status"]
    if status is None:
        st.caption("This version does not say whether the feature was audited.")
        return
    icon, colour = _STAMPS.get(status, _STAMPS["not_audited"])
    with st.container(horizontal=True):
        st.badge(catalog.AUDIT_NAMES.get(status, status), icon=icon, color=colour)
        if entry["audited_at"] is not None:
            st.badge(wording.instant(entry["audited_at"]), color="gray")
        if entry["cost_ns"] is not None:
            st.badge(f"{wording.number(entry['cost_ns'], 3)} ns a bar", color="gray")
    for audit in catalog.audits(entry["name"]):
        found = {True: "nothing found", None: "no value to compare"}.get(
            audit["is_passed"], audit["detail"] or "failed"
        )
        rows = f" in {wording.count(audit['count_rows'])} rows" if audit["count_rows"] else ""
        st.caption(f"Audit of {audit['kind']}: {found}{rows}.")
    if status == "not_audited":
        st.caption("`quant features audit` and `quant audit leaks` look at it.")


def _percent(value: float | None) -> str | None:
    return None if value is None else wording.share(value, 1)


# -- how it behaves --------------------------------------------------------------------------


def _distribution(entry: Entry, symbols: list[str]) -> None:
    left, right = st.columns([3, 1])
    with left, cards.card("Distribution", entry["units"], key="distribution", height="stretch"):
        pool = _ALL
        if not SCOPES[entry["scope"]].of_market:
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


def _by_regime(entry: Entry, symbol: str) -> None:
    of_market = SCOPES[entry["scope"]].of_market
    with cards.card("Distribution by regime", entry["units"], key="by_regime"):
        if not cards.have(regimes.TABLE):
            return
        present = [family.title for family in regimes.families()]
        with st.container(horizontal=True, vertical_alignment="bottom"):
            title = st.segmented_control(
                "Regimes", present, default=present[0], required=True, key="features_regimes"
            )
            pooled = not of_market and st.toggle("All symbols", key="features_regime_pooled")
        family = _FAMILIES[title]
        found = features.by_regime(entry["name"], family.column, symbol, pooled=pooled)
        whose = "all symbols" if pooled else symbol
        rows_of = "The market by the regime of" if of_market else "Rows of"
        rows = [
            {"place": place, "group": name, **found[name]}
            for place, name in enumerate(regimes.names(family))
            if name in found
        ]
        if not rows:
            cards.nothing(
                f"No session of {whose} has both {entry['name']} and a regime of {title}.",
                "The Regimes page says what is known of it.",
            )
            return
        left, right = st.columns([3, 2])
        with left:
            names = regimes.names(family)
            cards.chart(
                distribution.boxes(
                    pa.Table.from_pylist(rows),
                    [regime.colours(names)[name] for name in names],
                    entry["units"],
                ),
                key="features_boxes",
                height=380,
                alt=f"Quantiles of {entry['name']} in each regime of {title}, {whose}",
            )
        with right:
            st.dataframe(
                rows,
                key="features_by_regime",
                hide_index=True,
                height="content",
                column_order=("group", "n", "mean", "std", "low", "median", "high"),
                column_config={
                    "group": st.column_config.TextColumn("Regime", pinned=True, width=120),
                    "n": st.column_config.NumberColumn("Sessions", format="localized"),
                    **{
                        name: st.column_config.NumberColumn(label, format="%.4g")
                        for name, label in {
                            "mean": "Mean",
                            "std": "Deviation",
                            "low": "5%",
                            "median": "Median",
                            "high": "95%",
                        }.items()
                    },
                },
            )
        st.caption(
            f"{rows_of} {whose}; boxes hold the middle half, whiskers reach from 5% to 95%. "
            "Feature and regime were both known before the session opened."
        )


def _autocorrelation(entry: Entry, symbol: str) -> None:
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


def _missing(entry: Entry) -> None:
    with cards.card("Missing values", "by symbol", key="missing"):
        if not cards.have(catalog.HEALTH):
            return
        rows = catalog.health(entry["name"])
        if rows.num_rows == 0:
            cards.nothing(f"`{catalog.HEALTH}` does not know {entry['name']}.")
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


def _neighbours(entry: Entry, entries: list[Entry], symbol: str) -> None:
    module = entry["module"]
    with cards.card("Nearest features", f"for {symbol}", key="neighbours"):
        among = st.segmented_control(
            "Among", [module, _ANY], default=module, required=True, key=f"features_among_{module}"
        )
        others = [one["name"] for one in entries if among == _ANY or one["module"] == module]
        pairs = features.neighbours(entry["name"], others, symbol)
        if not pairs:
            where = "of the catalog" if among == _ANY else f"of {module}"
            cards.nothing(f"No other feature {where} varies together with {entry['name']}.")
            return
        key = f"features_neighbours_{entry['name']}_{among}"
        cards.chart(
            bar_charts.correlations([(name, round(value, 4)) for name, value in pairs]),
            key=key,
            height=max(140, 30 * len(pairs)),
            alt=f"Features that correlate most with {entry['name']}",
            on_select=choice.clicked(key, [name for name, _ in pairs]),
        )
        st.caption(
            "Linear correlation over the sessions where both have a value. A click on a bar opens "
            "that feature."
        )
