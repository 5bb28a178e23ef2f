"""Quarterly principal components of the surface, by the schedule of `engine.features.fits`."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from engine.features import fits
from engine.features.fits import Estimator
from engine.features.options_feature_engineer.surface import COMPONENTS, NODES
from engine.features.panel import Bars, Floats
from engine.features.workspace import log
from engine.kernels.eigen import symmetric_eigen

MODEL = "surface_pca"
SPEC = f"{MODEL}|jacobi on changes of ln IV, 1"

# What up means, by component: the pattern that the loadings are most like. Nodes are maturities
# by put, money, call.
_ONE, _TERM, _BELLY = np.ones(3), np.array([-1.0, 0.0, 1.0]), np.array([1.0, -2.0, 1.0])
_SHAPES: tuple[tuple[Floats, ...], ...] = (
    (np.outer(_ONE, _ONE).ravel(),),
    (np.outer(_TERM, _ONE).ravel(), np.outer(_ONE, -_TERM).ravel()),
    (np.outer(_ONE, _BELLY).ravel(), np.outer(_BELLY, _ONE).ravel()),
)

FITS_SCHEMA = pa.schema(
    [
        *fits.KEY_FIELDS,
        ("component", pa.string()),
        ("share", pa.float64()),
        ("intercept", pa.float64()),
        *((f"load_{i}", pa.float64()) for i in range(len(NODES))),
        ("input_hash", pa.string()),
    ]
)


def surface(bars: Bars) -> Floats:
    """Return ln IV of the nodes and their changes of one session, shape (n, 18)."""
    levels = np.column_stack([log(bars.extra[node]) for node in NODES])
    changes = np.full_like(levels, np.nan)
    changes[1:] = levels[1:] - levels[:-1]
    return np.hstack([levels, changes])


def _turned(vector: Floats, shapes: tuple[Floats, ...]) -> Floats:
    """Return the vector or its opposite, whichever has the shape that it is most like."""
    likeness = [
        float(sum(a * b for a, b in zip(vector, shape, strict=True)))
        / float(np.sqrt(np.sum(shape * shape)))
        for shape in shapes
    ]
    most = max(likeness, key=abs)
    return -vector if most < 0.0 else vector


def fit_components(values: Floats) -> fits.Rows:
    """Fit the three first components.

    Parameters
    ----------
    values
        `surface` of the past, shape (n, 18).

    Returns
    -------
    list of dict
        A row a component: its share of the variance of the changes, and intercept and loadings
        that give the score in deviations of the same past. None where nothing moved.
    """
    count = len(NODES)
    levels, changes = values[:, :count], values[:, count:]
    centred = changes - changes.mean(axis=0)
    covariance = np.empty((count, count))
    for i in range(count):
        for j in range(count):  # not a matrix product: its rounding differs between machines
            covariance[i, j] = np.sum(centred[:, i] * centred[:, j]) / (len(values) - 1)
    variances, vectors = symmetric_eigen(covariance)
    whole = float(np.sum(variances))
    mean = levels.mean(axis=0)
    rows: fits.Rows = []
    for place, component in enumerate(COMPONENTS):
        vector = _turned(vectors[place], _SHAPES[place])
        scores = np.sum((levels - mean) * vector, axis=1)
        deviation = float(np.std(scores, ddof=1))
        if not variances[place] > 0.0 or not deviation > 0.0:
            continue
        loads = vector / deviation
        row = {f"load_{i}": float(load) for i, load in enumerate(loads)}
        rows.append(
            {
                "model": MODEL,
                "component": component,
                "share": float(variances[place]) / whole,
                "intercept": -float(np.sum(loads * mean)),
                **row,
            }
        )
    return rows


def surface_fits(panel: pa.Table, previous: pa.Table | None = None) -> pa.Table:
    """Return the components of every underlying and quarter.

    Parameters
    ----------
    panel
        The panel with the surface's nodes beside.
    previous
        The table as it was, whose fits are used again where their input has not changed.

    Returns
    -------
    pyarrow.Table
        `FITS_SCHEMA`, ordered by symbol, quarter and component.
    """
    estimator = Estimator(f"{SPEC}|{np.__version__}", surface, fit_components)
    return fits.quarterly_fits(panel, [estimator], FITS_SCHEMA, previous)
