"""Which underlying an option root belongs to.

The table is the seed `seeds/option_roots.csv`, the same that dbt loads. A root that is not in it
is its own underlying once the digits of an adjusted contract are off: `USO1` belongs to `USO`.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import QuantError
from engine.settings import project_root

SEED = Path("seeds") / "option_roots.csv"


@lru_cache(maxsize=1)
def underlying_by_root() -> dict[str, str]:
    """Return the seed's underlying of each root."""
    path = project_root() / SEED
    try:
        with path.open(newline="") as handle:
            return {line["root"]: line["underlying"] for line in csv.DictReader(handle)}
    except (OSError, KeyError) as error:
        raise QuantError(
            f"The table of option roots {path} cannot be read: {error}.",
            "Restore it from version control; its header is "
            "root,underlying,exercise_style,settlement.",
        ) from error


def underlying_of(roots: pa.Array) -> pa.Array:
    """Return the underlying of each root; a null root has none."""
    encoded = roots.cast(pa.string()).dictionary_encode()
    return pa.array([_one(root) for root in encoded.dictionary.to_pylist()], pa.string()).take(
        encoded.indices
    )


def _one(root: str) -> str:
    table = underlying_by_root()
    bare = root.rstrip("0123456789") or root
    return table.get(root) or table.get(bare) or bare


def is_adjusted(roots: pa.Array) -> pa.Array:
    """Return which roots are of adjusted contracts: they end in a digit."""
    return pc.match_substring_regex(roots, "[0-9]$")
