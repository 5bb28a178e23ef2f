"""The registry as a table: one row a column, for the public `feature_catalog`."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import pyarrow as pa

from engine.features import registry
from engine.features.append import code_hash

CATALOG_SCHEMA = pa.schema(
    [
        ("name", pa.string()),
        ("module", pa.string()),
        ("scope", pa.string()),
        ("position", pa.int32()),
        ("tier", pa.string()),
        ("formula", pa.string()),
        ("units", pa.string()),
        ("source", pa.string()),
        ("inputs", pa.string()),
        ("reads", pa.list_(pa.string())),
        ("windows", pa.string()),
        ("lookback", pa.int32()),
        ("min_obs", pa.int32()),
        ("engine", pa.string()),
        ("lag", pa.string()),
        ("oracle", pa.string()),
        ("why", pa.string()),
        ("twin_of", pa.string()),
        ("near_duplicates", pa.string()),
        ("code_hash", pa.string()),
    ]
)


def _reads(inputs: Iterable[str]) -> set[str]:
    """Return what stands behind inputs that are features themselves, or patterns of such."""
    known = _inputs_by_name()
    found: set[str] = set()
    for name in inputs:
        features = fnmatch.filter(known, name)
        for feature in features:
            found |= _reads(known[feature])
        if not features:
            found.add(name)
    return found


@lru_cache(maxsize=1)
def _inputs_by_name() -> dict[str, tuple[str, ...]]:
    return {feature.name: feature.family.inputs for feature in registry.columns()}


def _row(position: int, feature: registry.Feature) -> dict[str, Any]:
    family = feature.family
    return {
        "name": feature.name,
        "module": feature.module,
        "scope": feature.scope,
        "position": position,
        "tier": family.tier,
        "formula": family.formula,
        "units": family.units,
        "source": family.source,
        "inputs": ", ".join(family.inputs),
        "reads": sorted(_reads(family.inputs)),
        "windows": ", ".join(str(size) for size in feature.sizes) or None,
        "lookback": feature.lookback,
        "min_obs": feature.min_obs,
        "engine": family.engine,
        "lag": family.lag,
        "oracle": family.oracle,
        "why": family.why or None,
        "twin_of": family.twin_of or None,
        "near_duplicates": ", ".join(feature.near_duplicates) or None,
        "code_hash": f"{code_hash():016x}",
    }


def catalog_table() -> pa.Table:
    """Return every registered feature, in the order of the wide tables.

    Returns
    -------
    pyarrow.Table
        `CATALOG_SCHEMA`. `windows` are the sizes of this column's windows in bars; `lookback`
        counts the bars that a value depends on, `min_obs` those from which it appears. `reads` is
        `inputs` with what features among them read in their place.
    """
    rows = [_row(position, feature) for position, feature in enumerate(registry.columns(), 1)]
    return pa.Table.from_pylist(rows, schema=CATALOG_SCHEMA)
