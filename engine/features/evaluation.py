"""The columns of a module from whole bars: every family's definition over one workspace."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from engine.features import registry
from engine.features.market_panel import Market
from engine.features.market_workspace import MarketWorkspace
from engine.features.panel import Bars, Floats
from engine.features.workspace import Workspace


def workspace(
    bars: Bars | Market, wanted: NDArray[np.bool_] | None = None
) -> Workspace | MarketWorkspace:
    """Return the workspace of one symbol's bars, or of the market; see `Statistics`."""
    if isinstance(bars, Market):
        return MarketWorkspace(bars, wanted)
    return Workspace(bars, wanted)


def evaluate(
    features: Iterable[registry.Feature],
    bars: Bars | Market,
    wanted: NDArray[np.bool_] | None = None,
) -> dict[str, Floats]:
    """Return the features whose families carry their own definition, in all rows or those wanted.

    Rows that are not wanted hold anything.
    """
    shared = workspace(bars, wanted)
    return {
        feature.name: feature.family.value(shared, *feature.sizes)
        for feature in features
        if feature.family.value is not None and feature.family.engine in ("kernel", "fit")
    }
