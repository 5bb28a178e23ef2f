"""Regimes: which one each symbol is in, how they change, how long they last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import streamlit as st

from app import cards, wording
from app.charts import bars as bar_charts
from app.charts import heat
from app.charts import regime as regime_charts
from app.page import Page
from app.queries import prices, regimes
from app.queries.regimes import Family

PAGE = Page(title="Regimes", icon=":material/layers:", section="Research", order=40)

_UNKNOWN = {
    "vix": ("the VIX of the session before", "Import the VIX into the lake, then `quant build`."),
    "hmm": ("a fitted model", "The first fit needs two years of returns before its quarter."),
}
_WARMING = ("enough sessions before it", "Load more history, then `quant build`.")


def render() -> None:
    """Draw the page."""
    if not cards.have(regimes.TABLE):
        return
    symbols, families = regimes.symbols(), regimes.families()
    if not symbols or not families:
        cards.nothing(f"`{regimes.TABLE}` has no rows.", "Import bars, then `quant build`.")
        return
    symbol, family, window = _choose(symbols, families)
    _metrics(symbol, families)
    _price(symbol, family, window)
    tabs = st.tabs(
        ["Transitions and durations", "Definition", "All symbols"],
        key="regimes_tabs",
        on_change="rerun",
    )
    drawn: tuple[Callable[[], None], ...] = (
        lambda: _behaviour(symbol, family),
        lambda: _definition(symbol, family),
        lambda: _board(families),
    )
    for tab, draw in zip(tabs, drawn, strict=True):
        if tab.open:
            with tab:
                draw()


def _choose(symbols: list[str], families: list[Family]) -> tuple[str, Family, str]:
    by_title = {family.title: family for family in families}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        symbol: str = st.selectbox(
            "Symbol",
            symbols,
            index=prices.first_choice(symbols),
            key="regimes_symbol",
            width=150,
            persist_state="session",
        )
        title: str = st.segmented_control(
            "Regimes",
            list(by_title),
            default=families[0].title,
            required=True,
            key="regimes_family",
            persist_state="session",
        )
        window: str = st.segmented_control(
            "Window", list(prices.WINDOWS), default="2Y", required=True, key="regimes_window"
        )
    return symbol, by_title[title], window


# -- now -------------------------------------------------------------------------------------


def _metrics(symbol: str, families: list[Family]) -> None:
    row = regimes.newest(symbol)
    cards.metrics(
        [
            *(
                cards.Metric(
                    family.title,
                    row[family.column] or "–",
                    _note(row, family),
                    regime_charts.badge(row[family.column]),
                    help=_HELP[family.key],
                )
                for family in families
            ),
            cards.Metric(
                "For session",
                f"{row['session_date']:%Y-%m-%d}",
                f"known {wording.instant(row['known_at'])}",
            ),
        ],
        key="regimes_metrics",
    )


_HELP = {
    "combined": "Direction of the trend line and volatility against its own last year.",
    "vix": "By the VIX of the session before; the same for every symbol.",
    "trend": "By the t-statistic of the trend line.",
    "hmm": "Likeliest state of a 3-state hidden Markov model, filtered forward only.",
}


def _note(row: dict[str, Any], family: Family) -> str:
    """Return how long a regime has lasted, or how sure it is."""
    name = row[family.column]
    if name is None:
        return f"needs {_UNKNOWN.get(family.key, _WARMING)[0]}"
    if family.key == "hmm":
        probability = row.get(f"p_{name}")
        return "" if probability is None else f"probability {wording.share(probability, 1)}"
    bars = row.get(f"{family.key}_bars")
    if bars is None:
        return ""
    if bars >= regimes.MOST_BARS_COUNTED:
        return f"for {bars} sessions or more"
    return "since this session" if bars == 0 else f"for {bars + 1:.0f} sessions"


# -- in time ---------------------------------------------------------------------------------


def _price(symbol: str, family: Family, window: str) -> None:
    with cards.card("Price and regime", f"{symbol}, {family.title}", key="regimes_price"):
        if not cards.have("bars_1d"):
            return
        rows = regimes.shaded(symbol, family, window)
        if rows["close"].null_count == rows.num_rows:
            cards.nothing(f"{symbol} has no daily bars in this window.", "Import bars for it.")
            return
        if rows["regime"].null_count == rows.num_rows:
            what, remedy = _UNKNOWN.get(family.key, _WARMING)
            cards.nothing(
                f"The {family.title} regime of {symbol} is unknown in this window: "
                f"it needs {what}.",
                remedy,
            )
        has_states = rows["p_low"].null_count < rows.num_rows
        cards.chart(
            regime_charts.price_with_regimes(
                rows, regimes.names(family), with_probabilities=has_states
            ),
            key="regimes_series",
            height=560 if has_states else 400,
            alt=f"Price of {symbol} shaded by {family.title} regime, {window}",
        )
        sessions = max(rows["count_sessions"].to_pylist())
        below = (
            "Below: probability of the calm, middle and wild state of the hidden Markov model."
            if has_states
            else "No hidden Markov model was fitted before these sessions."
        )
        step = f" A step is {sessions} sessions, shaded by its last." * (sessions > 1)
        st.caption(
            "Each session is shaded by what was known before it opened; the price is adjusted. "
            f"{below}{step}"
        )


# -- how they behave -------------------------------------------------------------------------


def _behaviour(symbol: str, family: Family) -> None:
    found = regimes.statistics(symbol, family)
    if not found:
        what, remedy = _UNKNOWN.get(family.key, _WARMING)
        cards.nothing(f"No {family.title} regime of {symbol} is known: it needs {what}.", remedy)
        return
    left, right = st.columns(2)
    with (
        left,
        cards.card(
            "Transitions", "from one session to the next", key="transitions", height="stretch"
        ),
    ):
        _transitions(symbol, family)
    with right, cards.card("Durations", "whole runs", key="durations", height="stretch"):
        _durations(symbol, family)
    with cards.card("By regime", f"all sessions of {symbol}", key="regimes_statistics"):
        st.dataframe(
            found,
            key="regimes_table",
            hide_index=True,
            height="content",
            column_config={
                "regime": st.column_config.TextColumn("Regime", pinned=True, width=130),
                "sessions": st.column_config.NumberColumn("Sessions", format="localized"),
                "share": st.column_config.ProgressColumn(
                    "Share", format="percent", min_value=0, max_value=1
                ),
                "runs": st.column_config.NumberColumn("Runs", format="localized"),
                "mean_run": st.column_config.NumberColumn("Mean run, sessions", format="%.1f"),
                "median_run": st.column_config.NumberColumn("Median run, sessions", format="%.0f"),
                "longest": st.column_config.NumberColumn("Longest, sessions", format="localized"),
                "mean_return": st.column_config.NumberColumn(
                    "Log return a year", format="percent", help="Mean from close to close x 252."
                ),
                "volatility": st.column_config.NumberColumn(
                    "Volatility a year", format="percent", help="Deviation x the root of 252."
                ),
            },
        )
        st.caption(
            "Runs that begin or end where the data do are left out of mean and median. Returns "
            "are those of the sessions for which the regime was known."
        )


def _transitions(symbol: str, family: Family) -> None:
    steps = regimes.transitions(symbol, family)
    if not steps:
        cards.nothing(f"{symbol} has no two sessions in a row with a regime.")
        return
    found = {(step["before"], step["after"]): step for step in steps}
    present = {name for pair in found for name in pair}
    shown = [name for name in regimes.names(family) if name in present]
    never = {"share": 0.0, "n": 0}
    rows = pa.Table.from_pylist(
        [
            {
                "column": after,
                "row": before,
                "amount": found.get((before, after), never)["share"],
                "text": wording.share(found.get((before, after), never)["share"], 1),
                "n": found.get((before, after), never)["n"],
            }
            for before in shown
            if any(pair[0] == before for pair in found)
            for after in shown
        ]
    )
    cards.chart(
        heat.matrix(
            rows,
            shown,
            shown,
            tip="{@row} to {@column}<br/>{@text}, {@n} sessions",
            label_size=13,
        ),
        key="regimes_transitions",
        height=330,
        alt=f"Transition matrix of {family.title} regimes of {symbol}",
    )
    st.caption("From the regime of a row to that of a column; rows add up to 100%.")


def _durations(symbol: str, family: Family) -> None:
    counted = regimes.durations(symbol, family)
    if not any(map(any, counted.values())):
        cards.nothing(f"No regime of {symbol} has both begun and ended.")
        return
    shown = {name: counts for name, counts in counted.items() if any(counts)}
    cards.chart(
        bar_charts.stacked(
            regimes.duration_labels(),
            shown,
            regime_charts.colours(list(counted)),
            across="length in sessions",
            up="runs",
        ),
        key="regimes_durations",
        height=330,
        alt=f"How long {family.title} regimes of {symbol} lasted",
    )
    st.caption("From the first session of a regime to its last.")


def _definition(symbol: str, family: Family) -> None:
    with cards.card("Names and thresholds", family.title, key="regimes_definition"):
        if not cards.have(regimes.DEFINITIONS):
            return
        rows = regimes.definitions(family)
        if rows.num_rows == 0:
            cards.nothing(f"`{regimes.DEFINITIONS}` does not define {family.title} regimes.")
            return
        st.dataframe(
            rows,
            key="regimes_definitions",
            hide_index=True,
            placeholder="",
            height="content",
            column_config={
                "name": st.column_config.TextColumn("Regime", pinned=True),
                "measure": "Measure",
                "lower_bound": st.column_config.NumberColumn("From", format="%g"),
                "upper_bound": st.column_config.NumberColumn("Below", format="%g"),
                "hysteresis": st.column_config.NumberColumn(
                    "Hysteresis",
                    format="%g",
                    help="How far beyond a bound the measure must go before the regime changes.",
                ),
                "meaning": st.column_config.TextColumn("Meaning", width="large"),
            },
        )
        now = regimes.newest(symbol)[family.column]
        st.caption(
            f"{symbol} is in {now} now. From `seeds/regime_definitions.csv`."
            if now
            else f"{symbol} is in none of them now. From `seeds/regime_definitions.csv`."
        )


def _board(families: list[Family]) -> None:
    with cards.card("All symbols", "the last session of each", key="regimes_board"):
        names = [family.column for family in families]
        extra = ("trend_score", *regimes.PROBABILITIES, "hmm_entropy", "fit_as_of")
        rows = regimes.board()
        present = [name for name in extra if rows and name in rows[0]]
        st.dataframe(
            rows,
            key="regimes_all",
            hide_index=True,
            height="content",
            placeholder="",
            column_order=("symbol", "session_date", *names, *present),
            column_config={
                "symbol": st.column_config.TextColumn("Symbol", pinned=True),
                "session_date": "For session",
                **{family.column: family.title for family in families},
                "trend_score": st.column_config.NumberColumn("Trend score", format="%.2f"),
                **{
                    name: st.column_config.ProgressColumn(
                        f"P({state})", format="percent", min_value=0, max_value=1, width="small"
                    )
                    for name, state in regime_charts.PROBABILITIES.items()
                },
                "hmm_entropy": st.column_config.NumberColumn("Entropy, bits", format="%.2f"),
                "fit_as_of": "Fitted as of",
            },
        )
