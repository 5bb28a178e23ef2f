"""Gamma exposure: by strike in a session with flip and walls, and its levels through time."""

from __future__ import annotations

import datetime as dt
from typing import Any

import streamlit as st

from app import cards, warehouse, wording
from app.charts import chain as charts
from app.queries import contracts, gamma, prices

_REACH = {"5%": 5.0, "10%": 10.0, "20%": 20.0, "All": 1e6}


def draw(underlying: str, session: dt.date) -> None:
    """Draw the profile, the curve and the levels."""
    if not cards.have(gamma.PROFILE, gamma.LEVELS):
        return
    levels = gamma.levels(underlying, session)
    if levels is None or levels["net_gex"] is None:
        why = (levels or {}).get("reason") or ""
        why = contracts.meanings([why]).get(why, why)
        cards.nothing(
            f"{underlying} has no gamma exposure on {session}" + (f": {why}." if why else "."),
            "It needs open interest and a spot price in the chain's files: see Quality.",
        )
        return
    with cards.card("By strike", f"{underlying}, {session}", key="options_gamma"):
        _profile(underlying, session, levels)
    if warehouse.missing(gamma.CURVE):
        left, right = None, st.container()
    else:
        left, right = st.columns(2)
    if left is not None:
        with (
            left,
            cards.card(
                "Where the price might go",
                f"{underlying}, {session}",
                key="options_gamma_curve",
                height="stretch",
            ),
        ):
            _curve(underlying, session, levels)
    with (
        right,
        cards.card(
            "Through time",
            f"{underlying}, up to {session}",
            key="options_gamma_time",
            height="stretch",
        ),
    ):
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
    cards.chart(
        charts.gamma_profile(
            rows,
            _places(levels, low, high, "spot", "gamma_flip", "call_wall", "put_wall"),
            ("calls", "puts"),
        ),
        key="options_gamma_chart",
        height=480,
        alt=f"Gamma exposure of {underlying} by strike on {session}",
    )
    left_out = levels.get("left_out") or 0
    st.caption(
        f"Dollars that hedgers trade per 1% move. Net {wording.dollars(levels['net_gex'])} from "
        f"{levels['contracts']:,} contracts"
        + (f", {left_out:,} left out ({_left_out(levels)})" if left_out else "")
        + f"; sign convention `{levels['sign_convention']}`, open interest of the night before. "
        + _flip(levels)
    )


def _flip(levels: dict[str, Any]) -> str:
    flip = levels["gamma_flip"]
    if flip is None:
        return "The net does not change sign near the spot."
    return f"The flip, where the net changes sign, is at {flip:,.2f}."


_LEFT_OUT = {
    "left_out_unobserved": "not in the files",
    "left_out_no_open_interest": "without open interest",
    "left_out_expired": "at settlement",
    "left_out_no_volatility": "without volatility",
    "left_out_known_too_late": "known too late",
}


def _left_out(levels: dict[str, Any]) -> str:
    """Say why contracts are left out."""
    found = [f"{levels[name]:,} {words}" for name, words in _LEFT_OUT.items() if levels.get(name)]
    return ", ".join(found) or "see Quality"


_WORDS = {
    "spot": "spot",
    "gamma_flip": "flip",
    "call_wall": "call wall",
    "put_wall": "put wall",
}


def _places(
    levels: dict[str, Any], low: float, high: float, *names: str
) -> list[tuple[float | None, str]]:
    return [
        (_inside(levels[name], low, high), f"{_WORDS[name]} {float(levels[name] or 0):,.2f}")
        for name in names
    ]


def _curve(underlying: str, session: dt.date, levels: dict[str, Any]) -> None:
    rows = gamma.curve(underlying, session)
    if rows.num_rows == 0:
        cards.nothing(f"{underlying} has no curve on {session}.", "It needs volatilities.")
        return
    low, high = rows["price"][0].as_py(), rows["price"][-1].as_py()
    cards.chart(
        charts.gamma_curve(rows, _places(levels, low, high, "spot", "gamma_flip")),
        key="options_gamma_curve_chart",
        height=480,
        alt=f"Net gamma exposure of {underlying} by price of the underlying",
    )
    st.caption(
        "Net exposure if the underlying stood elsewhere: every contract's gamma computed again "
        "there. " + _flip(levels)
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
