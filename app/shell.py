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
from engine.settings import load
from engine.warehouse import versions

log = logging.getLogger("quant.app")


def draw(found: Found) -> None:
    """Draw a page below the app's header; whatever happens in it is said in a sentence."""
    with st.container(width=theme.MOST_WIDTH, key="page"):
        header = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"
        )
        header.header(found.page.title, anchor=False, width="content")
        try:
            _provenance(header)
            found.render()
        except LockedError as error:
            _say("The warehouse is being written", error.what, error.remedy)
        except PublishError as error:
            if versions.current(load().warehouse) is None:
                _say_unpublished(error)
            else:
                _say("The warehouse cannot be opened", error.what, error.remedy)
        except QuantError as error:
            log.warning("%s: %s", found.name, error)
            _say("This page could not be drawn", error.what, error.remedy)
        except duckdb.Error as error:
            log.exception("%s: a query failed", found.name)
            _say(
                "A query of this page failed",
                str(error).splitlines()[0],
                "The version may be older than the app: build and publish with `quant build`.",
            )


def _provenance(header: st.delta_generator.DeltaGenerator) -> None:
    """Say on the page and beside it which version this is and how old its data are."""
    version = warehouse.version()
    made = wording.instant(version.made_at)
    reach = contents.reach(warehouse.facts())
    age = ""
    if reach is not None:
        age = f"data {wording.age((dt.datetime.now(dt.UTC) - reach).total_seconds())} old"
    header.caption(" · ".join(filter(None, [f"version {made}", age])), width="content")
    with st.sidebar:
        st.caption(f"warehouse · version {made}")
        if reach is not None:
            st.caption(f"data known until {wording.instant(reach)}")
            st.badge(age, icon=":material/schedule:", color="gray")


def _say(caption: str, what: str, remedy: str) -> None:
    with st.container(border=True, key="trouble"):
        st.markdown(f"**{caption}**")
        st.markdown(_plain(what))
        if remedy:
            st.markdown(f":gray[{_plain(remedy)}]")


def _say_unpublished(error: PublishError) -> None:
    with st.container(border=True, key="trouble"):
        st.markdown("**There is no warehouse to read yet**")
        st.markdown(_plain(error.what))
        st.markdown("Make one from the simulated sample lake, then reload this page:")
        st.code("make demo", language="bash")
        st.caption("With a lake of your own: `quant build`. QUANT_WAREHOUSE names another place.")


def _plain(text: str) -> str:
    """Escape what Markdown would read in a message, but leave `code` as it is."""
    for character in "*[]<>$":
        text = text.replace(character, f"\\{character}")
    return text
