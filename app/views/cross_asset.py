"""The market's features as heatmaps: symbols and pairs today, and any of them over time."""

from __future__ import annotations

import pyarrow as pa
import streamlit as st

from app import cards
from app.charts import heat
from app.queries import market, prices
from app.queries.catalog import Entry
from app.queries.market import Family
from app.views import choice

_SYMBOLS, _PAIRS = "Symbols", "Pairs"
_SIGMAS = 3.0  # where colours end for values without bounds of their own


def draw(entries: list[Entry]) -> None:
    """Draw both heatmaps.

    Parameters
    ----------
    entries
        Features of the catalog that were built.
    """
    if not cards.have(market.TABLE):
        return
    families = market.families(entries, market.benchmark())
    if not families:
        cards.nothing(
            "The catalog has no feature of the market for several symbols.",
            "`features_cross_asset` needs a universe of several symbols, then `quant build`.",
        )
        return
    with cards.card("Today", "each value beside its own last year", key="market_now"):
        _now(families)
    with cards.card("Over time", "one measure of every symbol or pair", key="market_time"):
        _over_time(families)


def _now(families: list[Family]) -> None:
    kinds = [
        kind
        for kind, of_pairs in ((_SYMBOLS, False), (_PAIRS, True))
        if any(_has(family, of_pairs=of_pairs) for family in families)
    ]
    kind = st.segmented_control(
        "Of", kinds, default=kinds[0], required=True, key="features_market_kind"
    )
    of_pairs = kind == _PAIRS
    shown = [family for family in families if _has(family, of_pairs=of_pairs)]
    session, values = market.now(shown)
    found = {row["column"]: row for row in values}
    cells = [
        {
            "column": _wrapped(family.pattern),
            "row": label,
            "amount": found[column]["rank"],
            "text": _figure(found[column]["value"]),
            "feature": column,
        }
        for family in shown
        for label, column in family.members
        if (market.PAIR in label) == of_pairs and column in found
    ]
    if not cells:
        cards.nothing(
            f"Nothing is known for {session or 'any session'}.",
            "A symbol without bars leaves its columns empty: see Missing values of a feature.",
        )
        return
    rows = pa.Table.from_pylist(cells)
    labels = list(dict.fromkeys(cell["row"] for cell in cells))
    key = f"features_market_now_{kind}"
    cards.chart(
        heat.matrix(
            rows,
            list(dict.fromkeys(cell["column"] for cell in cells)),
            labels,
            tip="{@row}<br/>{@feature}<br/>{@text}",
            is_signed=True,
            is_selectable=True,
        ),
        key=key,
        height=64 + 26 * len(labels),
        alt=f"Features of the market by {kind.lower()} for session {session}",
        on_select=choice.clicked(key, [cell["feature"] for cell in cells]),
    )
    st.caption(
        f"Known before {session}. The colour is a value's place among those of its last "
        f"{market.YEAR} sessions: green near the highest, red near the lowest, dark in between. A "
        "click opens the feature."
    )


def _has(family: Family, *, of_pairs: bool) -> bool:
    return any((market.PAIR in label) == of_pairs for label, _ in family.members)


def _wrapped(pattern: str) -> str:
    """Return a pattern on two lines."""
    head, _, tail = pattern.partition("*")
    return f"{head.rstrip('_')}\n{tail.lstrip('_')}" if tail else pattern.rstrip("_*")


def _figure(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 100 else f"{value:,.0f}"


def _over_time(families: list[Family]) -> None:
    by_pattern = {family.pattern: family for family in families}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        pattern = st.selectbox(
            "Measure",
            list(by_pattern),
            index=next((i for i, f in enumerate(families) if "corr" in f.pattern), 0),
            key="features_market_family",
            format_func=lambda name: f"{name} · {by_pattern[name].formula}",
            width=620,
            persist_state="session",
        )
        window = st.segmented_control(
            "Window",
            list(prices.WINDOWS),
            default="1Y",
            required=True,
            key="features_market_window",
        )
    family = by_pattern[pattern]
    rows, periods, sessions = market.over_time(family, window)
    if rows.num_rows == 0:
        cards.nothing(f"{pattern} has no value in this window.", "Its symbols may have no bars.")
        return
    labels = [label for label, _ in family.members]
    cards.chart(
        heat.levels(rows, periods, labels, _ends(family, rows), family.units),
        key="features_market_time",
        height=70 + 20 * len(labels),
        alt=f"{pattern} by symbol or pair over {window}",
    )
    step = f" A step is {sessions} sessions, its last value is shown." * (sessions > 1)
    st.caption(f"{family.formula}; units: {family.units}. Empty: not known.{step}")


def _ends(family: Family, rows: pa.Table) -> tuple[float, float]:
    """Return the amounts of the outermost colours."""
    if family.ends is not None:
        return family.ends
    values = rows["amount"].to_pylist()
    if family.units == "sigma":
        return -_SIGMAS, _SIGMAS
    most = max(abs(value) for value in values) or 1.0
    most = float(f"{most:.2g}")
    return (-most, most) if min(values) < 0 else (0.0, most)
