"""Which feature and which view of the Features page are open, and how another view opens one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

FEATURE = "feature"  # key of the chooser, and name in the address
MODULE = "features_module"
VIEW = "features_view"
ONE, MAP, MARKET = "Feature", "Module map", "Cross-asset"


def show(feature: str) -> None:
    """Open a feature; for callbacks."""
    st.session_state[FEATURE] = feature
    st.session_state[VIEW] = ONE


def show_module(module: str) -> None:
    """Open the catalog at a module; for callbacks."""
    st.session_state[MODULE] = module
    st.session_state[VIEW] = ONE


def clicked(key: str, names: Sequence[str | None]) -> Callable[[], None]:
    """Return what opens the feature of a chart's clicked mark.

    Parameters
    ----------
    key
        Of the chart.
    names
        Features, one for each row of its data; None for a row that opens nothing.
    """

    def take() -> None:
        for group in st.session_state[key]["selection"]["selected"]:
            for index in group["data_indices"][:1]:
                name = names[index] if index < len(names) else None
                if name is not None:
                    show(name)

    return take
