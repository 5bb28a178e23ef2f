"""What a feature costs: CPU time of a bar, column by column."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from engine.features import evaluation, registry
from engine.features.market_panel import Market
from engine.features.market_workspace import MarketWorkspace
from engine.features.panel import Bars
from engine.features.workspace import Workspace


def costs(module: registry.Module, bars: Sequence[Bars | Market]) -> dict[str, float]:
    """Return the nanoseconds of one core that a bar of each kernel column takes.

    Parameters
    ----------
    module
        Module.
    bars
        Symbols to compute, or the market; the fastest run counts, after one that warms up.

    Returns
    -------
    dict
        Column to ns a bar. Columns share series and visits of windows; what is shared is
        charged to the first that asks, in the registry's order. A module that computes its
        columns all at once is charged evenly.
    """
    own = getattr(module.code, "compute", None)
    if own is not None:
        best = min(_seconds(partial(own, b)) / len(b) for b in (bars[0], *bars))
        return {name: best * 1e9 / len(module.computed) for name in module.computed}
    wanted = set(module.computed)
    features = [feature for feature in module.features if feature.name in wanted]
    found: dict[str, float] = {}
    for symbol in (bars[0], *bars):
        workspace = evaluation.workspace(symbol)
        for feature in features:
            spent = _seconds(partial(_value, feature, workspace)) / len(symbol) * 1e9
            found[feature.name] = min(spent, found.get(feature.name, spent))
    return found


def _value(feature: registry.Feature, workspace: Workspace | MarketWorkspace) -> object:
    assert feature.family.value is not None
    return feature.family.value(workspace, *feature.sizes)


def _seconds(run: Callable[[], object]) -> float:
    begun = time.thread_time()
    run()
    return time.thread_time() - begun
