"""From raw day files to `option_marks`: rows a CPU second, and memory as days are added."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from benchmarks.arithmetic import rate, slope
from benchmarks.bench import Bench, Result
from benchmarks.measure import Cost
from benchmarks.parts.simulator import lake_rows

SELECT = ("build", "--resource-type", "seed", "model", "--select", "+option_marks")
TARGETS = {"european": 0.7e6, "by_root": 0.2e6}
NAMES = {"european": "early exercise negligible", "by_root": "American where the root says so"}
FEWEST = 5


def measure(bench: Bench) -> Result:
    """Build the marks of two lakes, one with twice the days of the other.

    The lakes are of European chains: solved as such, and then as if their roots were American.
    """
    result = Result("marks")
    few = max(FEWEST, bench.days // 10)
    lakes = {days: bench.lake(result, "reference", days) for days in (few, 2 * few)}
    rows = {days: lake_rows(bench, result, lake)["options"] for days, lake in lakes.items()}
    work = bench.folder("marks")
    for exercise, target in TARGETS.items():
        costs = {days: _build(bench, result, exercise, days, lakes[days], work) for days in lakes}
        result.add_computed(
            f"raw day file to option_marks, {NAMES[exercise]}",
            lambda costs=costs: rate(
                1.0, slope((rows[few], costs[few].cpu), (rows[2 * few], costs[2 * few].cpu))
            ),
            unit="rows/CPU s",
            target=target,
            is_ceiling=False,
            note=f"at the margin: {rows[2 * few]:,} rows of {2 * few} days in "
            f"{costs[2 * few].cpu:.1f} CPU s, {rows[few]:,} of {few} in {costs[few].cpu:.1f}",
        )
        result.add(
            f"peak memory, {2 * few} days over {few} days, {NAMES[exercise]}",
            costs[2 * few].peak_bytes / costs[few].peak_bytes,
            "x",
            note=f"{costs[2 * few].peak_bytes / 2**30:.2f} GiB",
        )
    shutil.rmtree(work)
    return result


def _build(bench: Bench, result: Result, exercise: str, days: int, lake: Path, work: Path) -> Cost:
    """Return what the models cost in a new build file; parsing and compiling come before."""
    warehouse = work / f"{exercise}-{days}"
    build = warehouse / "build"
    build.mkdir(parents=True)
    stores = bench.stores(lake, warehouse)
    words = [*SELECT, "--vars", json.dumps({"option_exercise": exercise})]
    name = f"marks, {exercise}, {days} days"
    bench.dbt(result, f"{name}, before", words, stores)
    for file in build.glob("quant.duckdb*"):
        file.unlink()
    cost = bench.dbt(result, name, words, stores)
    content = json.loads((warehouse / "target" / "run_results.json").read_text())
    times = {entry["unique_id"]: round(entry["execution_time"], 2) for entry in content["results"]}
    result.details[f"{name}: slowest models, s"] = dict(
        sorted(times.items(), key=lambda item: -item[1])[:8]
    )
    return cost
