"""Features: find one and see how it behaves; all of them as a map; the market's as heatmaps."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app import cards
from app.page import Page
from app.queries import catalog, features
from app.views import choice, cross_asset, feature, module_map

PAGE = Page(title="Features", icon=":material/functions:", section="Research", order=30)


def render() -> None:
    """Draw the page."""
    if not cards.have(catalog.CATALOG, features.TABLE):
        return
    built = catalog.built()
    entries = [entry for entry in catalog.entries() if entry["name"] in built]
    symbols = features.symbols()
    if not entries or not symbols:
        cards.nothing("No feature was built.", "Import bars, then `quant build`.")
        return
    tabs = st.tabs([choice.ONE, choice.MAP, choice.MARKET], key=choice.VIEW, on_change="rerun")
    drawn: tuple[Callable[[], None], ...] = (
        lambda: feature.draw(entries, symbols),
        lambda: module_map.draw(entries),
        lambda: cross_asset.draw(entries),
    )
    for tab, draw in zip(tabs, drawn, strict=True):
        if tab.open:
            with tab:
                draw()
