"""CPU time of a module's kernels on prepared bars, whole and by column.

The columns of one session (from minutes, in SQL) and the GARCH parameters are inputs here:
random numbers in their range, since the kernels' cost does not depend on them.
"""

import dataclasses
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from engine.features import assemble, registry
from engine.features.panel import Bars, bars_from_table
from engine.features.workspace import Workspace

REPEATS = 5
GARCH = {"omega": 2e-6, "alpha": 0.06, "gamma": 0.02, "beta": 0.9}


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the least CPU time of some runs: the others were disturbed."""
    found = []
    for _ in range(REPEATS):
        started = time.process_time()
        work()
        found.append(time.process_time() - started)
    return min(found)


def with_inputs(bars: Bars) -> Bars:
    random = np.random.default_rng(1)
    names = [
        feature.name
        for name in ("raw", "entropy")
        for feature in registry.module(name).features
        if feature.family.engine == "session"
    ]
    extra = {name: random.uniform(0.1, 0.9, len(bars)) for name in names}
    for model in ("garch", "gjr"):
        extra |= {f"{model}_{name}": np.full(len(bars), v) for name, v in GARCH.items()}
    return dataclasses.replace(bars, extra=extra)


def shared(name: str, columns: list[str], bars: list[Bars]) -> float:
    """Return the CPU time of some columns of a module, computed together."""
    wanted = [feature for feature in registry.module(name).features if feature.name in columns]

    def compute(one: Bars) -> None:
        workspace = Workspace(one)
        for feature in wanted:
            assert feature.family.value is not None
            feature.family.value(workspace, *feature.sizes)

    return cpu_seconds(lambda: [compute(one) for one in bars])


def main(answer: str, folder: str, groups: str) -> None:
    panel = pq.read_table(Path(folder) / "panel.parquet")
    bars = [with_inputs(one) for one, _ in bars_from_table(panel)]
    rows = sum(map(len, bars))
    found: dict[str, object] = {"rows": rows}
    for name in ("raw", "entropy"):
        started = time.process_time()
        columns = len(assemble.compute(name, bars[0]))
        compiled = time.process_time() - started
        whole = cpu_seconds(lambda name=name: [assemble.compute(name, one) for one in bars])
        by_column = {}
        for feature in registry.module(name).features:
            value = feature.family.value
            if value is None or feature.family.engine not in ("kernel", "fit"):
                continue
            # a workspace of its own: what columns share is counted in each of them
            by_column[feature.name] = cpu_seconds(
                lambda value=value, sizes=feature.sizes: [
                    value(Workspace(one), *sizes) for one in bars[:4]
                ]
            ) / sum(map(len, bars[:4]))
        found[name] = {
            "columns": columns,
            "cpu": whole,
            "first": compiled,
            "group": shared(name, json.loads(groups).get(name, []), bars),
            "nanoseconds_by_column": {key: 1e9 * value for key, value in by_column.items()},
        }
    Path(answer).write_text(json.dumps(found))


main(*sys.argv[1:])
