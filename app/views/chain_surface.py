"""The surface of a session as a heatmap and as a net, and its skew through time."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import streamlit as st

from app import cards, wording
from app.charts import chain as charts
from app.charts import heat
from app.queries import chains, prices

_ENOUGH = 5  # sessions that a place among them needs


def draw(underlying: str, session: dt.date) -> None:
    """Draw the surface; the net only when its tab is open."""
    rows = chains.surface(underlying, session)
    if not any(row["iv"] is not None for row in rows):
        cards.nothing(
            f"The surface of {underlying} is empty on {session}: no expiry has a smile of its own.",
            "Quality says why.",
        )
        return
    flat, net = st.tabs(["Heatmap", "3D"], key="options_surface_tabs", on_change="rerun")
    if flat.open:
        with (
            flat,
            cards.card("Surface", f"{underlying}, {session}", key="options_surface"),
        ):
            _heatmap(underlying, session, rows)
    if net.open:
        with net, cards.card("Surface", f"{underlying}, {session}", key="options_net"):
            _net(underlying, session, rows)


def _heatmap(underlying: str, session: dt.date, rows: list[dict[str, Any]]) -> None:
    measure = st.segmented_control(
        "Show",
        [chains.LEVEL, chains.CHANGE, chains.PLACE],
        default=chains.LEVEL,
        required=True,
        key="options_surface_measure",
    )
    name = {chains.LEVEL: "iv", chains.CHANGE: "change", chains.PLACE: "place"}[measure]
    known = [row[name] for row in rows if row[name] is not None]
    longest = max(row["count_year"] for row in rows)
    if not known or (measure == chains.PLACE and longest < _ENOUGH):
        cards.nothing(f"{measure}: {session} has too few sessions before it.")
        return
    cells = pa.Table.from_pylist(
        [
            {
                "column": _wrapped(chains.POINTS[row["point"]]),
                "row": _tenor(row["tenor_days"]),
                "amount": _amount(row[name], known, measure),
                "text": _text(row[name], measure),
                "what": "" if row["iv"] is not None else (row["reason"] or ""),
            }
            for row in rows
            if row["point"] in chains.POINTS
        ]
    )
    cards.chart(
        heat.matrix(
            cells,
            [_wrapped(one) for one in chains.POINTS.values()],
            [_tenor(days) for days in chains.TENORS],
            tip="{@row}, {@column}<br/>{@text} {@what}",
            is_signed=measure != chains.LEVEL,
        ),
        key=f"options_surface_chart_{name}",
        height=400,
        alt=f"{measure} of the volatility surface of {underlying} on {session}",
    )
    st.caption(f"{_MEANING[measure].format(sessions=longest)} {_empty(rows)}".strip())


_MEANING = {
    chains.LEVEL: "Implied volatility by forward delta and constant maturity; lighter is higher.",
    chains.CHANGE: "Vol points since the session before; green rose, red fell.",
    chains.PLACE: "Share of the last {sessions} sessions that were below; green near the highest, "
    "red near the lowest.",
}


def _amount(value: float | None, known: list[float], measure: str) -> float | None:
    if value is None:
        return None
    if measure == chains.PLACE:
        return value
    if measure == chains.CHANGE:
        most = max(map(abs, known)) or 1.0
        return 0.5 + 0.5 * value / most
    low, high = min(known), max(known)
    return (value - low) / ((high - low) or 1.0)


def _text(value: float | None, measure: str) -> str:
    if value is None:
        return "–"
    if measure == chains.PLACE:
        return f"{100 * value:.0f}%"
    return f"{value:+.2f}" if measure == chains.CHANGE else f"{value:.1f}%"


def _wrapped(name: str) -> str:
    return name.replace(" ", "\n")


def _tenor(days: int) -> str:
    return f"{days} days"


def _empty(rows: list[dict[str, Any]]) -> str:
    """Say why cells are empty."""
    why = {row["reason"] for row in rows if row["iv"] is None and row["reason"]}
    named = [_REASONS.get(reason, reason) for reason in sorted(why)]
    return f"Empty: {', '.join(named)}; nothing is extrapolated." if named else ""


_REASONS = {
    "before_first_expiry": "shorter than the first expiry",
    "after_last_expiry": "longer than the last expiry",
    "beyond_strikes": "beyond the strikes that drew the smile",
}


def _net(underlying: str, session: dt.date, rows: list[dict[str, Any]]) -> None:
    degrees = st.slider("Turn it", -80, 80, -32, step=4, key="options_turn", format="%d°")
    found = {(row["tenor_days"], row["point"]): row["iv"] for row in rows}
    heights = [[found.get((days, point)) for point in chains.POINTS] for days in chains.TENORS]
    known = [one for row in heights for one in row if one is not None]
    cards.chart(
        charts.turned(
            heights,
            list(chains.POINTS.values()),
            [_tenor(days) for days in chains.TENORS],
            degrees,
        ),
        key="options_net_chart",
        height=520,
        alt=f"Net of the volatility surface of {underlying} on {session}",
    )
    st.caption(
        f"Height is implied volatility, from {min(known):.1f}% on the floor to {max(known):.1f}%. "
        "Blue: a maturity; orange: at the forward; gray: the other deltas. Steps are even, "
        "days are not."
    )


# -- skew ------------------------------------------------------------------------------------


def draw_skew(underlying: str, session: dt.date) -> None:
    """Draw volatility, risk reversal and butterfly of a maturity up to a session."""
    with cards.card("Skew history", f"{underlying}, up to {session}", key="options_skew"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            tenor = st.segmented_control(
                "Maturity",
                list(chains.TENORS),
                default=30,
                required=True,
                key="options_tenor",
                format_func=lambda days: f"{days} d",
            )
            window = st.segmented_control(
                "Window",
                list(prices.WINDOWS),
                default="1Y",
                required=True,
                key="options_skew_window",
            )
        rows = chains.skew(underlying, session, tenor, window)
        if rows["atm"].null_count == rows.num_rows:
            cards.nothing(
                f"{underlying} has no {tenor}-day volatility in this window.",
                "Choose a maturity between its first and last expiry.",
            )
            return
        cards.chart(
            charts.skew(rows),
            key="options_skew_chart",
            height=520,
            alt=f"{tenor}-day volatility and 25-delta skew of {underlying} over {window}",
        )
        latest = [one for one in rows["risk_reversal"].to_pylist() if one is not None]
        now = f" Last risk reversal: {wording.points(latest[-1] / 100)}." if latest else ""
        step = max(rows["count_sessions"].to_pylist(), default=1)
        st.caption(
            "Risk reversal: volatility of the 25-delta call less that of the 25-delta put; below "
            "zero, puts cost more. Butterfly: their mean less the volatility at the forward."
            f"{now}" + f" A step is {step} sessions, its last is shown." * (step > 1)
        )
