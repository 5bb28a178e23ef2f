"""One contract's story: its quotes, marks, sources and reasons, session by session."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import streamlit as st

from app import cards, wording
from app.charts import chain as charts
from app.queries import chains, contracts
from app.queries.contracts import Contract

_KINDS = {"Call": "C", "Put": "P"}


def draw(underlying: str, session: dt.date) -> None:
    """Let a contract be chosen or named, and tell its story."""
    if not cards.have(contracts.CONTRACTS):
        return
    chosen = _choose(underlying, session)
    if chosen is None:
        return
    facts = contracts.known(chosen)
    if facts is None:
        cards.nothing(
            f"{chosen.title} was never seen in the files.",
            "Check root, expiry and strike: the lists beside the search have those that trade.",
        )
        return
    rows = contracts.story(chosen, facts)
    _metrics(facts, rows)
    if rows.num_rows == 0:
        cards.nothing(
            f"{chosen.title} has no mark in any session.",
            "It may have settled on the day that it was first seen.",
        )
        return
    with cards.card("Marks", f"{chosen.title}, {facts['symbol']}", key="contract_marks"):
        cards.chart(
            charts.contract(rows),
            key="options_contract_chart",
            height=460,
            alt=f"Marks and volatility of {chosen.title} by session",
        )
        st.caption(
            "Dots: the mark, coloured by what it rests on; gray: bid and ask. Below: implied "
            "volatility, of the contract's own price where it has one, else of the smile."
        )
    with cards.card("Session by session", "the newest first", key="contract_story"):
        _story(rows)
    with cards.card("Rows of the files", str(session), key="contract_rows"):
        _file_rows(chosen, facts["underlying"], session)


def _choose(underlying: str, session: dt.date) -> Contract | None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Ticker",
            key="options_ticker",
            placeholder="O:SPY260320C00600000 or SPY 2026-03-20 600 C",
            width=330,
            help="As OCC writes it, or root, expiry, strike and C or P. Empty: the lists.",
        )
        picked = _pick(underlying, session)
    if not text.strip():
        if picked is None:
            cards.nothing(
                f"{underlying} has no contract alive on {session}.", "Choose another session."
            )
        return picked
    found = contracts.parse(text)
    if found is None:
        cards.nothing(
            f"“{text.strip()}” is not a contract.",
            "Write O:SPY260320C00600000, or SPY 2026-03-20 600 C.",
        )
    return found


def _pick(underlying: str, session: dt.date) -> Contract | None:
    expiries = chains.expiries(underlying, session)
    if not expiries:
        return None
    by_label = {row["label"]: row for row in expiries}
    labels = list(by_label)
    near = min(range(len(labels)), key=lambda i: abs(expiries[i]["days"] - 30))
    scope = f"{underlying}_{session}"
    label = st.selectbox(
        "Expiry", labels, index=near, key=f"options_contract_expiry_{scope}", width=200
    )
    kind = st.segmented_control(
        "Type", list(_KINDS), default="Call", required=True, key="options_contract_kind"
    )
    row = by_label[label]
    strikes = contracts.strikes(underlying, session, row["root"], row["expiration"], _KINDS[kind])
    if not strikes:
        return None
    middle = row["forward"] or row["spot"] or float(strikes[len(strikes) // 2])
    strike = st.selectbox(
        "Strike",
        strikes,
        index=min(range(len(strikes)), key=lambda i: abs(float(strikes[i]) - middle)),
        key=f"options_contract_strike_{scope}_{label}_{kind}",
        format_func=lambda one: f"{float(one):g}",
        width=130,
    )
    return Contract(row["root"], row["expiration"], strike, _KINDS[kind])


def _metrics(facts: dict[str, Any], rows: pa.Table) -> None:
    last = rows.slice(rows.num_rows - 1).to_pylist()[0] if rows.num_rows else {}
    cards.metrics(
        [
            cards.Metric(
                "Last mark",
                "–" if last.get("mark") is None else f"{last['mark']:,.2f}",
                f"{last['at']}, {charts.MARK_NAMES.get(last['mark_source'], 'no price')}"
                if last
                else "",
            ),
            cards.Metric(
                "Volatility",
                wording.percent(last["iv"] / 100 if last.get("iv") is not None else None),
                _OWN.get(last.get("iv_source") or "", ""),
            ),
            cards.Metric("Delta", wording.number(last.get("delta"), 3), "dollars a dollar"),
            cards.Metric(
                "Seen",
                f"{facts['count_sessions']:,} sessions",
                f"{facts['first_seen']} to {facts['last_seen']}",
            ),
            cards.Metric(
                "Settles",
                f"{facts['settles_at']:%Y-%m-%d}",
                f"{facts['settlement']}, {facts['exercise_style']}, in {facts['deliverable']}",
            ),
        ],
        key="contract_metrics",
    )


_OWN = {"own": "of its own price", "smile": "of the smile"}


def _story(rows: pa.Table) -> None:
    number = st.column_config.NumberColumn
    listed = rows.to_pylist()[::-1]
    st.dataframe(
        [
            {
                **row,
                "mark_source": charts.MARK_NAMES.get(row["mark_source"], row["mark_source"]),
                "mark_age": _age(row),
                "quote_check": row["quote_check"] or "not in the files",
                "iv_source": _OWN.get(row["iv_source"] or "", row["iv_source"]),
            }
            for row in listed
        ],
        key="contract_table",
        hide_index=True,
        height="content" if len(listed) <= 15 else 560,
        placeholder="–",
        column_order=(
            "session_date",
            "mark",
            "mark_source",
            "mark_age",
            "bid",
            "ask",
            "quote_check",
            "iv",
            "iv_source",
            "delta",
            "gamma",
            "vega",
            "theta",
            "volume",
            "open_interest",
            "spot",
            "reason",
        ),
        column_config={
            "session_date": st.column_config.DateColumn("Session", pinned=True),
            "mark": number("Mark, $", format="%.3f"),
            "mark_source": "From",
            "mark_age": st.column_config.TextColumn(
                "Age", help="Of what the mark rests on, at the time of the chain."
            ),
            "bid": number("Bid", format="%.2f"),
            "ask": number("Ask", format="%.2f"),
            "quote_check": "Quote",
            "iv": number("Volatility, %", format="%.2f"),
            "iv_source": "Volatility from",
            "delta": number("Delta", format="%.3f"),
            "gamma": number("Gamma", format="%.4f"),
            "vega": number("Vega", format="%.2f", help="Dollars per 1.00 of volatility."),
            "theta": number("Theta", format="%.3f", help="Dollars a calendar day."),
            "volume": number("Volume", format="localized"),
            "open_interest": number(
                "Open interest", format="localized", help="Of the night before."
            ),
            "spot": number("Spot", format="%.2f"),
            "reason": "Reason",
        },
    )
    meanings = contracts.meanings(sorted({row["reason"] for row in listed if row["reason"]}))
    for code, meaning in meanings.items():
        st.caption(f"`{code}`: {meaning}.")


def _age(row: dict[str, Any]) -> str | None:
    age = row["mark_age"]
    if age is None:
        return "unknown" if row["mark_source"] else None
    return "of the moment" if age == 0 else wording.age(age)


def _file_rows(chosen: Contract, underlying: str, session: dt.date) -> None:
    if not cards.have(contracts.ROWS):
        return
    rows = contracts.file_rows(chosen, underlying, session)
    if not rows:
        cards.nothing(f"The files of {session} do not show this contract.")
        return
    number = st.column_config.NumberColumn
    prices = {
        name: number(name.capitalize(), format="%.2f")
        for name in ("bid", "ask", "open", "high", "low", "close")
    }
    st.dataframe(
        rows,
        key="contract_file_rows",
        hide_index=True,
        height="content" if len(rows) <= 12 else 460,
        placeholder="–",
        column_config={
            "source": "Source",
            "known_at": st.column_config.DatetimeColumn("Known at", format="YYYY-MM-DD HH:mm:ss"),
            "bar_seconds": number("Bar, s", help="Length of the bar; 0 for a quote."),
            **prices,
            "bid_size": number("Bid size", format="localized"),
            "ask_size": number("Ask size", format="localized"),
            "volume": number("Volume", format="localized"),
            "open_interest": number("Open interest", format="localized"),
            "underlying_price": number("Underlying", format="%.2f"),
        },
    )
