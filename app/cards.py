"""The few shapes that pages are made of: rows of metrics, captioned cards, empty states."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from app import warehouse


@dataclass(frozen=True)
class Metric:
    """One figure of a row of equal cards.

    Parameters
    ----------
    label, value
        What it is and how much.
    note
        A few words under the figure.
    colour
        Of the note: gray, green, orange or red.
    help
        What it means, on hover.
    """

    label: str
    value: str
    note: str = ""
    colour: str = "gray"
    help: str | None = None


def metrics(row: Sequence[Metric], key: str) -> None:
    """Draw one row of equal metric cards; it wraps where the window is narrow."""
    with st.container(horizontal=True, key=key):
        for metric in row:
            # a container of its own makes each card as wide as the others
            with st.container(height="stretch"):
                st.metric(
                    metric.label,
                    metric.value,
                    metric.note or None,
                    delta_color=metric.colour,
                    delta_arrow="off",
                    help=metric.help,
                    border=True,
                    height="stretch",
                )


@contextlib.contextmanager
def card(caption: str, note: str = "", *, key: str, height: str = "content") -> Iterator[None]:
    """Draw what follows in a bordered container with a bold caption.

    Parameters
    ----------
    caption
        What the card shows.
    note
        A few words beside the caption, muted.
    key
        Identity of the container.
    height
        "stretch" fills the row.
    """
    with st.container(border=True, key=key, height=height):
        st.markdown(f"**{caption}**" + (f" :gray[· {note}]" if note else ""))
        yield


def chart(
    spec: dict[str, Any],
    key: str,
    height: int,
    alt: str,
    on_select: Callable[[], None] | None = None,
) -> None:
    """Draw an ECharts option, with words for who cannot see it.

    Parameters
    ----------
    spec
        The option; `selectedMode` of a series lets its marks be clicked.
    key
        Identity of the chart.
    height
        Pixels.
    alt
        What the chart shows, in words.
    on_select
        Called when a mark was clicked.
    """
    st.echarts_chart(spec, key=key, height=height, alt=alt, on_select=on_select or "ignore")


def nothing(sentence: str, remedy: str = "") -> None:
    """Say in place of a chart why there is nothing to show, and what to do."""
    st.info(f"{sentence} {remedy}".strip())


def have(*tables: str) -> bool:
    """Return whether the version has all these tables; say so in place where it has not."""
    absent = warehouse.missing(*tables)
    if absent:
        named = " and ".join(f"`{name}`" for name in absent)
        verb = "is" if len(absent) == 1 else "are"
        nothing(f"{named} {verb} not in this version.", "Build and publish with `quant build`.")
    return not absent
