"""The app's entry: `make app`, or `streamlit run app/main.py` in the project's folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st

from app import shell
from app.page import Found, by_section, find

_ICON = Path(__file__).with_name("icon.svg")


def main() -> None:
    """Draw the navigation and the page that was chosen."""
    st.set_page_config(
        page_title="quant-engine", page_icon=str(_ICON), layout="wide", menu_items={}
    )
    found = find()
    sections = {
        section: [_page(one, is_first=one is found[0]) for one in pages]
        for section, pages in by_section(found).items()
    }
    st.navigation(sections).run()


def _page(found: Found, *, is_first: bool) -> st.Page:
    return st.Page(
        partial(shell.draw, found),
        title=found.page.title,
        icon=found.page.icon,
        url_path=found.name,
        default=is_first,
    )


if __name__ == "__main__":
    main()
