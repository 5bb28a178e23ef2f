"""What can be measured, by name."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.bench import Bench, Result
from benchmarks.parts import (
    features,
    gex,
    install,
    marks,
    options,
    physics,
    pipeline,
    simulator,
    staging,
)

PARTS: dict[str, Callable[[Bench], Result]] = {
    "simulator": simulator.measure,
    "pipeline": pipeline.measure,
    "staging": staging.measure,
    "features": features.measure,
    "physics": physics.measure,
    "options": options.measure,
    "gex": gex.measure,
    "marks": marks.measure,
    "install": install.measure,
}
DEFAULT = (
    "simulator",
    "pipeline",
    "staging",
    "features",
    "physics",
    "options",
    "gex",
    "marks",
)  # install needs the package index
