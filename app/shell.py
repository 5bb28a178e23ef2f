"""What surrounds every page: where its data comes from, and what is said when there is none."""

from __future__ import annotations

import datetime as dt
import logging

import duckdb
import streamlit as st

from app import theme, warehouse, wording
from app.page import Found
from app.queries import contents
from engine.errors import LockedError, PublishError, QuantError
from engine.warehouse.versions import Version

log = logging.getLogger("quant.app")


def draw(found: Found) -> None:
    """Draw a page between the app's header and the end, whatever happens in it."""
    with st.container(width=theme.MOST_WIDTH, key="page"):
        try:
            version = warehouse.version()
            _sidebar(version)
            _header(found.page.title, version)
            found.render()
        except LockedError as error:
            _say(found, "The warehouse is being written", error.what, error.remedy)
        except PublishError as error:
            _say_unpublished(found, error)
        except QuantError as error:
            log.warning("%s: %s", found.name, error)
            _say(found, "This page could not be drawn", error.what, error.remedy)
        except duckdb.Error as error:
            log.exception("%s: a query failed", found.name)
            _say(
                found,
                "A query of this page failed",
                str(error).splitlines()[0],
                "The version may be older than the app: build and publish with `quant build`.",
            )


def _header(title: str, version: Version) -> None:
    reach = contents.reach(warehouse.facts())
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"
    ):
        st.header(title, anchor=False, width="content")
        words = f"version {wording.instant(version.made_at)}"
        if reach is not None:
            words += f" · data {_age(reach)} old"
        st.caption(words, width="content")


def _sidebar(version: Version) -> None:
    reach = contents.reach(warehouse.facts())
    with st.sidebar:
        st.caption(f"warehouse · version {wording.instant(version.made_at)}")
        if reach is not None:
            st.caption(f"data known until {wording.instant(reach)}")
            st.badge(f"{_age(reach)} old", icon=":material/schedule:", color="gray")


def _age(since: dt.datetime) -> str:
    return wording.age((dt.datetime.now(dt.UTC) - since).total_seconds())


def _say(found: Found, caption: str, what: str, remedy: str) -> None:
    st.header(found.page.title, anchor=False)
    with st.container(border=True, key="trouble"):
        st.markdown(f"**{caption}**")
        st.markdown(_plain(what))
        if remedy:
            st.markdown(f":gray[{_plain(remedy)}]")


def _say_unpublished(found: Found, error: PublishError) -> None:
    st.header(found.page.title, anchor=False)
    with st.container(border=True, key="trouble"):
        st.markdown("**There is no warehouse to read yet**")
        st.markdown(_plain(error.what))
        st.markdown("Make one from the simulated sample lake, then reload this page:")
        st.code("make demo", language="bash")
        st.caption("With a lake of your own: `quant build`. QUANT_WAREHOUSE names another place.")


def _plain(text: str) -> str:
    """Escape what Markdown would read in a message, but leave `code` as it is."""
    for character in "*_[]<>$":
        text = text.replace(character, f"\\{character}")
    return text
