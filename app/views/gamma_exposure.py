"""Gamma exposure: by strike in a session with flip and walls, and its levels through time."""

from __future__ import annotations

import datetime as dt
from typing import Any

import streamlit as st

from app import cards, wording
from app.charts import chain as charts
from app.queries import gamma, prices

_REACH = {"5%": 5.0, "10%": 10.0, "20%": 20.0, "All": 1e6}


def draw(underlying: str, session: dt.date) -> None:
    """Draw the profile and the levels."""
    if not cards.have(gamma.PROFILE, gamma.LEVELS):
        return
    levels = gamma.levels(underlying, session)
    if levels is None:
        cards.nothing(
            f"{underlying} has no gamma exposure on {session}.",
            "It needs open interest and a spot price in the chain's files: see Quality.",
        )
        return
    with cards.card("By strike", f"{underlying}, {session}", key="options_gamma"):
        _profile(underlying, session, levels)
    with cards.card("Through time", f"{underlying}, up to {session}", key="options_gamma_time"):
        _in_time(underlying, session)


def _profile(underlying: str, session: dt.date, levels: dict[str, Any]) -> None:
    reach = st.segmented_control(
        "Strikes within", list(_REACH), default="10%", required=True, key="options_gamma_reach"
    )
    rows = gamma.profile(underlying, session, _REACH[reach])
    if rows.num_rows == 0:
        cards.nothing("No strike lies so near the spot.", "Choose a wider range.")
        return
    low, high = rows["strike"][0].as_py(), rows["strike"][-1].as_py()
    places = [
        (_inside(levels[name], low, high), f"{words} {float(levels[name] or 0):,.2f}")
        for name, words in (
            ("spot", "spot"),
            ("gamma_flip", "flip"),
            ("call_wall", "call wall"),
            ("put_wall", "put wall"),
        )
    ]
    cards.chart(
        charts.gamma_profile(rows, places, ("calls", "puts")),
        key="options_gamma_chart",
        height=480,
        alt=f"Gamma exposure of {underlying} by strike on {session}",
    )
    flip = levels["gamma_flip"]
    left_out = levels.get("left_out") or 0
    st.caption(
        f"Net {wording.dollars(levels['net_gex'])} from {levels['contracts']:,} contracts"
        + (f", {left_out:,} left out" if left_out else "")
        + f"; sign convention `{levels['sign_convention']}`, open interest of the night before. "
        + (
            f"The flip, where the net changes sign, is at {flip:,.2f}."
            if flip is not None
            else "The net does not change sign near the spot."
        )
    )


def _inside(value: Any, low: float, high: float) -> float | None:
    place = None if value is None else float(value)
    return place if place is not None and low <= place <= high else None


def _in_time(underlying: str, session: dt.date) -> None:
    window = st.segmented_control(
        "Window", list(prices.WINDOWS), default="1Y", required=True, key="options_gamma_window"
    )
    rows = gamma.in_time(underlying, session, window)
    cards.chart(
        charts.gamma_levels(rows),
        key="options_gamma_levels",
        height=480,
        alt=f"Spot, gamma flip and walls of {underlying} over {window}",
    )
    step = max(rows["count_sessions"].to_pylist(), default=1)
    st.caption(
        "Raw spot, the flip and the strikes of the greatest call and put exposure; below, the net."
        + f" A step is {step} sessions, its last is shown." * (step > 1)
    )
