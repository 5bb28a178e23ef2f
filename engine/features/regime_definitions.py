"""Regime codes, names, thresholds and hysteresis, from the seed that SQL reads too."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from engine.errors import BuildError
from engine.features.panel import Floats
from engine.settings import project_root

SEED = Path("seeds") / "regime_definitions.csv"


@dataclass(frozen=True)
class Definition:
    """One row of the seed: a state, or one band of values in which it holds.

    Parameters
    ----------
    family, code, name
        Which states belong together, the state's number among them, and its name.
    measure
        What is compared with the bounds; empty for a state that follows from others.
    lower, upper
        Bounds, the lower one included; minus and plus infinity where open.
    hysteresis
        How far beyond a bound the measure must go for the state to be left.
    """

    family: str
    code: int
    name: str
    measure: str
    lower: float
    upper: float
    hysteresis: float


@dataclass(frozen=True)
class Bands:
    """A measure cut into bands.

    Parameters
    ----------
    edges
        Inner bounds, ascending, shape (bands - 1,).
    codes
        The state of each band, shape (bands,).
    margin
        Hysteresis of every edge.
    """

    edges: Floats
    codes: Floats
    margin: float


def read(path: Path) -> tuple[Definition, ...]:
    """Return the rows of a seed file, in its order.

    Raises
    ------
    BuildError
        When the file is missing or a row cannot be read.
    """
    found = []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.DictReader(file), 2):
                try:
                    found.append(
                        Definition(
                            family=row["regime_family"],
                            code=int(row["code"]),
                            name=row["name"],
                            measure=row["measure"],
                            lower=float(row["lower_bound"] or "-inf"),
                            upper=float(row["upper_bound"] or "inf"),
                            hysteresis=float(row["hysteresis"] or "0"),
                        )
                    )
                except (KeyError, ValueError) as error:
                    raise BuildError(
                        f"{path.name}, line {number}, cannot be read: {error}.",
                        "Codes, bounds and hysteresis are numbers; a bound may be empty.",
                    ) from error
    except FileNotFoundError as error:
        raise BuildError(
            f"The regime definitions {path} are missing.", "Restore the seed."
        ) from error
    return tuple(found)


def bands_of(definitions: tuple[Definition, ...], family: str, measure: str) -> Bands:
    """Return how a family cuts a measure.

    Raises
    ------
    BuildError
        When its bands leave a gap, overlap, or differ in hysteresis.
    """
    rows = sorted(
        (row for row in definitions if (row.family, row.measure) == (family, measure)),
        key=lambda row: row.lower,
    )
    touching = all(a.upper == b.lower for a, b in pairwise(rows))
    whole = bool(rows) and rows[0].lower == -np.inf and rows[-1].upper == np.inf
    margins = {row.hysteresis for row in rows}
    if not (touching and whole and len(margins) == 1):
        raise BuildError(
            f"The bands of {measure} in the regime family {family} do not cover every value once, "
            "with one hysteresis.",
            f"Correct lower_bound, upper_bound and hysteresis in {SEED}.",
        )
    return Bands(
        edges=np.array([row.upper for row in rows[:-1]], dtype=np.float64),
        codes=np.array([row.code for row in rows], dtype=np.float64),
        margin=margins.pop(),
    )


def lower_bound_of(definitions: tuple[Definition, ...], family: str, measure: str) -> Definition:
    """Return the one row of a measure that has a lower bound only: above it, its state holds.

    Raises
    ------
    BuildError
        When there is no such row, or several.
    """
    rows = [row for row in definitions if (row.family, row.measure) == (family, measure)]
    if len(rows) != 1 or rows[0].upper != np.inf or rows[0].lower == -np.inf:
        raise BuildError(
            f"The regime family {family} needs one row of {measure} with a lower bound only.",
            f"Correct {SEED}.",
        )
    return rows[0]


def seed() -> Path:
    """Return the project's file, on which the values of features depend."""
    return project_root() / SEED


@lru_cache(maxsize=1)
def definitions() -> tuple[Definition, ...]:
    """Return the project's regime definitions."""
    return read(seed())


@lru_cache(maxsize=16)
def bands(family: str, measure: str) -> Bands:
    """Return how a family of the project's seed cuts a measure."""
    return bands_of(definitions(), family, measure)


@lru_cache(maxsize=16)
def code(family: str, name: str) -> int:
    """Return the number of a state of the project's seed.

    Raises
    ------
    BuildError
        When the family has no state of that name.
    """
    for row in definitions():
        if (row.family, row.name) == (family, name):
            return row.code
    raise BuildError(f"The regime family {family} has no state {name}.", f"Correct {SEED}.")
