"""Options: smiles and what they rest on, the surface, skew, gamma, quality, any contract."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import streamlit as st

from app import cards, warehouse, wording
from app.page import Page
from app.queries import chains, gamma, prices
from app.views import chain_quality, chain_surface, contract, gamma_exposure, smiles

PAGE = Page(title="Options", icon=":material/ssid_chart:", section="Research", order=45)

_TABS = (
    "Smile",
    "Term structure",
    "Surface",
    "Skew history",
    "Gamma exposure",
    "Quality",
    "Contract",
)


def render() -> None:
    """Draw the page."""
    if not cards.have(chains.QUALITY, chains.SMILES, chains.MARKS, chains.SURFACE):
        return
    underlyings = chains.underlyings()
    if not underlyings:
        cards.nothing(
            "No option chain is in this version.",
            "Import chains with `quant lake import`, or simulate them with `make demo`; "
            "then `quant build`.",
        )
        return
    underlying, session = _choose(underlyings)
    _metrics(underlying, session)
    tabs = st.tabs(list(_TABS), key="options_tabs", on_change="rerun")
    drawn: tuple[Callable[[str, dt.date], None], ...] = (
        smiles.draw,
        smiles.draw_term,
        chain_surface.draw,
        chain_surface.draw_skew,
        gamma_exposure.draw,
        chain_quality.draw,
        contract.draw,
    )
    for tab, draw in zip(tabs, drawn, strict=True):
        if tab.open:
            with tab:
                draw(underlying, session)


def _choose(underlyings: list[str]) -> tuple[str, dt.date]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        underlying: str = st.selectbox(
            "Underlying",
            underlyings,
            index=prices.first_choice(underlyings),
            key="options_underlying",
            width=150,
            persist_state="session",
        )
        sessions = chains.sessions(underlying)
        session: dt.date = st.selectbox(
            "Session",
            sessions,
            key="options_session",
            format_func=lambda day: f"{day:%Y-%m-%d %a}",
            width=190,
            persist_state="session",
        )
        st.caption(
            f"{len(sessions):,} sessions from {sessions[-1]} to {sessions[0]}", width="content"
        )
    return underlying, session


def _metrics(underlying: str, session: dt.date) -> None:
    expiries = chains.expiries(underlying, session)
    marked = chains.marked(underlying, session)
    contracts = sum(row["count_contracts"] for row in marked)
    priced, own = (sum(row[name] for row in marked) for name in ("count_marked", "count_own"))
    borrowed = sum(row["fit_source"] != "own" for row in expiries)
    now = chains.headline(underlying, session)
    spot = next((row["spot"] for row in expiries if row["spot"] is not None), None)
    known = max((row["known_at"] for row in expiries), default=None)
    cards.metrics(
        [
            cards.Metric(
                "Spot",
                "–" if spot is None else f"{spot:,.2f}",
                f"chain of {known:%H:%M} UTC" if known else "",
                help="Raw price of the underlying that the chain was priced against, dollars.",
            ),
            cards.Metric(
                "30-day volatility",
                wording.percent(now["atm"]),
                "at the forward" if now["atm"] is not None else "no smile reaches 30 days",
                help="Total variance, linear in time between the expiries' own smiles.",
            ),
            cards.Metric(
                "25Δ risk reversal",
                wording.points(now["risk_reversal"]),
                "vol points, 30 days",
                help="Volatility of the 25-delta call less that of the 25-delta put.",
            ),
            cards.Metric(
                "Marked",
                wording.count(priced),
                f"of {contracts:,} contracts",
                "green" if priced == contracts else "orange",
                help="Unsettled contracts with a price. The others have a reason: see Quality.",
            ),
            cards.Metric(
                "Own volatility",
                wording.share(own, contracts),
                f"{own:,} contracts",
                help="Contracts whose own price implies a volatility; the smile's stands in "
                "for the others.",
            ),
            cards.Metric(
                "Smiles",
                f"{len(expiries) - borrowed} / {len(expiries)}",
                f"{borrowed} borrowed" if borrowed else "all drawn by their own prices",
                "orange" if borrowed else "green",
                help="Expiries with a fit of their own; the others borrow a shape.",
            ),
            *_gamma(underlying, session),
        ],
        key="options_metrics",
    )


def _gamma(underlying: str, session: dt.date) -> list[cards.Metric]:
    if warehouse.missing(gamma.LEVELS):
        return []
    found = gamma.levels(underlying, session)
    if found is None:
        return [cards.Metric("Net gamma", "–", "unknown in this session")]
    flip = found["gamma_flip"]
    return [
        cards.Metric(
            "Net gamma",
            wording.dollars(found["net_gex"]),
            f"flip at {flip:,.2f}" if flip is not None else "no flip near the spot",
            "gray" if found["net_gex"] is None else "green" if found["net_gex"] > 0 else "red",
            help="Gamma exposure of all contracts, dollars; its sign rests on a convention: see "
            "Gamma exposure.",
        )
    ]
