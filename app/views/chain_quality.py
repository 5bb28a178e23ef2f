"""What was counted of a chain: checks, reasons and sources, in a session and through time."""

from __future__ import annotations

import datetime as dt
from typing import Any

import streamlit as st

from app import cards, theme, wording
from app.charts import bars as bar_charts
from app.charts.chain import MARK_NAMES
from app.queries import chains, prices

_GOOD = ("good", "solved", "quote_mid", "own")
_BAD = ("crossed", "none", "no_quote", "neighbour", "below_intrinsic")

# What codes mean that are no reasons, and so not in the table of reasons.
_MEANINGS = {
    "good": "Bid and ask that make a price",
    "locked": "Bid and ask are the same; used",
    "no_quote": "The files have no quote of the contract",
    "solved": "The price implies a volatility between 1% and 300%",
    "iv_range": "The price implies a volatility below 1% or above 300%",
    "quote_mid": "The middle of a good or locked quote",
    "trade": "The last trade, moved to the time of the chain",
    "trade_day": "A day's last trade, its time unknown",
    "surface": "The smile of the expiry itself",
    "neighbour": "A borrowed smile",
    "intrinsic": "At settlement",
    "own": "Drawn by the expiry's own prices",
    "earlier": "The expiry's own shape of an earlier session",
    "interpolated": "Between neighbouring expiries",
    "nearest": "The nearest expiry's shape",
    "flat": "Too few prices for a shape",
    "none": "Neither a price nor a reason to expect one",
    "monotone": "A lower strike's call costs less than a higher one's, or a put the other way",
    "slope": "Two strikes differ by more than the strikes do",
    "butterfly": "A strike costs more than the line between its neighbours",
    "parity": "A call and a put of one strike are too far apart",
    "calendar": "A longer expiry has less total variance than a shorter one",
}


def draw(underlying: str, session: dt.date) -> None:
    """Draw the counts of a session, and one kind of them through time."""
    rows = chains.quality(underlying, session)
    if not rows:
        cards.nothing(f"Nothing was counted of {underlying} on {session}.", "Run `quant build`.")
        return
    _balance(underlying, session)
    left, right = st.columns([11, 9])
    with (
        left,
        cards.card("Counts", f"{underlying}, {session}", key="options_counts", height="stretch"),
    ):
        _counts(rows)
    with (
        right,
        cards.card("Through time", "rows a session", key="options_counts_time", height="stretch"),
    ):
        _in_time(underlying, session)


def _balance(underlying: str, session: dt.date) -> None:
    found = chains.balance(underlying, session)
    if found is None:
        return
    unexplained = found["count_unexplained"]
    cards.metrics(
        [
            cards.Metric("In the files", wording.count(found["count_contracts"]), "contracts"),
            cards.Metric(
                "Marked",
                wording.count(found["count_marked"]),
                wording.share(found["count_marked"], found["count_contracts"]),
                "green",
            ),
            cards.Metric(
                "With a reason instead",
                wording.count(found["count_reasoned"]),
                wording.share(found["count_reasoned"], found["count_contracts"]),
            ),
            cards.Metric(
                "Unexplained",
                wording.count(unexplained),
                "contracts are missing" if unexplained else "all accounted for",
                "red" if unexplained else "green",
                help="Contracts in the files less marked and reasoned: always 0.",
            ),
            cards.Metric(
                "Not seen, marked",
                wording.count(found["count_unobserved"]),
                "seen before",
                help="Alive and seen within 30 sessions, but not in the files of this one.",
            ),
            cards.Metric(
                "With a bid",
                wording.count(found["count_live"]),
                f"{wording.share(found['count_live_iv'], found['count_live'])} with a volatility",
                "green",
            ),
        ],
        key="options_balance",
    )


def _counts(rows: list[dict[str, Any]]) -> None:
    totals: dict[str, int] = {}
    for row in rows:
        totals[row["kind"]] = totals.get(row["kind"], 0) + row["count_rows"]
    order = list(chains.KINDS)
    listed = sorted(
        rows, key=lambda row: order.index(row["kind"]) if row["kind"] in order else len(order)
    )
    st.dataframe(
        [
            {
                "Kind": chains.KINDS.get(row["kind"], row["kind"]),
                "Code": row["code"],
                "Rows": row["count_rows"],
                "Share": None
                if row["kind"] == "arbitrage" or not totals[row["kind"]]
                else row["count_rows"] / totals[row["kind"]],
                "Meaning": row["meaning"] or _meaning(row["code"]),
            }
            for row in listed
        ],
        key="options_counts_table",
        hide_index=True,
        height=560,
        placeholder="–",
        column_config={
            "Rows": st.column_config.NumberColumn(format="localized", width="small"),
            "Share": st.column_config.NumberColumn(format="percent", width="small"),
            "Meaning": st.column_config.TextColumn(width="large"),
        },
    )
    st.caption("Arbitrage counts what could be traded: bought at the ask and sold at the bid.")


def _meaning(code: str) -> str:
    prefix = "unobserved_"
    if code.startswith(prefix):
        return f"Not in the files. {_MEANINGS.get(code.removeprefix(prefix), '')}"
    return _MEANINGS.get(code, "")


def _in_time(underlying: str, session: dt.date) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Of",
            list(chains.KINDS),
            default="mark",
            required=True,
            key="options_quality_kind",
            format_func=lambda name: chains.KINDS[name],
        )
        window = st.segmented_control(
            "Window",
            list(prices.WINDOWS),
            default="3M",
            required=True,
            key="options_quality_window",
        )
    rows = chains.quality_in_time(underlying, kind, session, window).to_pylist()
    if not any(row["amount"] for row in rows):
        cards.nothing(
            "None was found in this window."
            if kind == "arbitrage"
            else f"{chains.KINDS[kind]}: nothing was counted in this window."
        )
        return
    times = sorted({row["at"] for row in rows})
    totals: dict[str, float] = {}
    for row in rows:
        totals[row["code"]] = totals.get(row["code"], 0) + row["amount"]
    codes = [code for code in sorted(totals, key=lambda code: -totals[code]) if totals[code]]
    found = {(row["at"], row["code"]): row["amount"] for row in rows}
    cards.chart(
        bar_charts.stacked(
            times,
            {_name(code): [found.get((at, code), 0.0) for at in times] for code in codes},
            {_name(code): colour for code, colour in _colours(codes).items()},
            up=_UNITS[kind],
        ),
        key="options_quality_chart",
        height=480,
        alt=f"{chains.KINDS[kind]} of {underlying} by code over {window}",
    )
    step = max(row["count_sessions"] for row in rows)
    if step > 1:
        st.caption(f"A column is {step} sessions.")


def _name(code: str) -> str:
    """Return a code as a legend shows it."""
    prefix = "unobserved_"
    if code.startswith(prefix):
        return f"{_name(code.removeprefix(prefix))}, not in the files"
    return MARK_NAMES.get(code, code.replace("_", " "))


_UNITS = {
    "quote": "contracts",
    "volatility": "contracts",
    "mark": "contracts",
    "smile": "expiries",
    "arbitrage": "cases",
}


def _colours(codes: list[str]) -> dict[str, str]:
    """Return green for what is best, and colours in turn for the others."""
    others = [one for one in theme.SERIES if one not in (theme.UP, theme.DOWN)]
    chosen: dict[str, str] = {}
    for code in codes:
        taken = len([one for one in chosen.values() if one not in (theme.UP, theme.DOWN)])
        if code in _GOOD:
            chosen[code] = theme.UP
        elif code in _BAD and theme.DOWN not in chosen.values():
            chosen[code] = theme.DOWN
        else:
            chosen[code] = others[taken % len(others)]
    return chosen
