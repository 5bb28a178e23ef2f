"""The surface in motion: with the share, and along its own principal components."""

from __future__ import annotations

from functools import partial

from engine.features.fits import MAX_OBS, MIN_OBS, QUARTER
from engine.features.lookback import SCALED_CHANGE
from engine.features.options_feature_engineer.series import (
    atm,
    correlation,
    level,
    log_atm,
    slope_on,
    spot_return,
)
from engine.features.panel import Floats
from engine.features.registry import Family
from engine.features.workspace import Workspace, log

kernel = partial(Family, inputs=("option chain", "constant maturity"), engine="kernel")

NODES = tuple(f"{point}_{days}" for days in (30, 60, 90) for point in ("put25", "atm", "call25"))
COMPONENTS = ("level", "slope", "curv")


def parameter_names(component: str) -> tuple[str, ...]:
    """Return the columns that hold a component's parameters: intercept, then a load a node."""
    return (f"pca_{component}_intercept", *(f"pca_{component}_load_{i}" for i in range(len(NODES))))


def score(s: Workspace, component: str) -> Floats:
    """Return the surface's place along a component, in deviations of the past."""
    intercept, *loads = (level(s, name) for name in parameter_names(component))
    total: Floats = s.only(intercept)
    for node, load in zip(NODES, loads, strict=True):
        iv: Floats = level(s, node)
        total = total + load * log(iv)
    return total


def _component(component: str, number: str, shape: str) -> Family:
    return Family(
        pattern=f"opt_pca_{component}",
        formula=(
            f"(ln IV - mean of the past) along the {number} principal component of its changes, at "
            "30, 60, 90 days x 25-delta put, at the money, 25-delta call"
        ),
        units="sigma",
        source="Cont & da Fonseca 2002",
        inputs=("option chain", "constant maturity"),
        engine="fit",
        oracle="numpy eigh",
        lookback=lambda w: MAX_OBS + QUARTER + 1,
        min_obs=lambda w: MIN_OBS + 2,
        value=lambda s: score(s, component),
        why=(
            f"Up is {shape}. Components of a quarter come from at most 1,000 daily changes before "
            "it, mean and deviation of the score from the same sessions; NULL until a quarter "
            "begins with 250."
        ),
    )


FAMILIES: tuple[Family, ...] = (
    kernel(
        pattern="opt_sticky_20",
        formula="least-squares slope of the change of IV30 on the share's log return, 20 sessions",
        units="annual vol per log return",
        source="Derman 1999",
        oracle="numpy lstsq",
        lookback=lambda w: SCALED_CHANGE,
        min_obs=lambda w: 22,
        value=lambda s: slope_on(s, s.change(atm(s, 30), 1), spot_return(s), 20),
        why="Between the times at which the chains are looked at, not the closes.",
    ),
    kernel(
        pattern="opt_spotvol_60",
        formula="correlation of the change of ln IV30 with the share's log return, 60 sessions",
        units="[-1,1]",
        source="practitioner",
        oracle="numpy corrcoef",
        lookback=lambda w: SCALED_CHANGE,
        min_obs=lambda w: 61,
        value=lambda s: correlation(s, s.change(log_atm(s), 1), spot_return(s), 60),
        why="As opt_sticky_20.",
    ),
    _component("level", "first", "dearer options all over"),
    _component("slope", "second", "later maturities, or puts, dearer than the rest"),
    _component("curv", "third", "wings dearer than the money, or the middle maturity cheaper"),
)
