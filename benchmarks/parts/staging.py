"""Staging and bars at reference scale: rows a CPU second, cost a day, files opened."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.arithmetic import net, rate, rows_per_cpu_second, slope
from benchmarks.bench import Bench, Result
from benchmarks.measure import BenchError, Cost
from benchmarks.opens import Opens
from benchmarks.parts.simulator import lake_rows

PEAK_GIB = 6


@dataclass(frozen=True)
class Stage:
    """Some models, the data set they stage and what is asked of them."""

    name: str
    dataset: str
    select: tuple[str, ...]
    rows_per_cpu_second: float


OPTIONS = Stage(
    "option rows", "options", ("+int_lake__option_days", "+stg_lake__option_counts"), 1.2e6
)
MINUTES = Stage(
    "minute rows",
    "stocks",
    (
        "+bars_5min",
        "+bars_15min",
        "+bars_1h",
        "+bars_1d",
        "+int_lake__stock_days",
        "+stg_lake__stock_counts",
    ),
    1.0e6,
)
STAGES = (OPTIONS, MINUTES)
MODELS_ONLY = ("--resource-type", "seed", "model")


def measure(bench: Bench) -> Result:
    """Measure both stages on two lengths of history, then one new day, then the peers."""
    result = Result("staging")
    few = max(1, bench.days // 5)
    lakes = {days: bench.lake(result, "reference", days) for days in (few, bench.days)}
    counts = {days: lake_rows(bench, result, lake) for days, lake in lakes.items()}
    work = bench.folder("staging")
    warehouses: dict[str, Path] = {}
    peak = 0
    for stage in STAGES:
        builds: dict[int, tuple[Cost, Cost]] = {}
        for days, lake in lakes.items():
            warehouse = work / f"{stage.dataset}-{days}"
            builds[days] = _build(bench, result, stage, f"{days} days", lake, warehouse)
            peak = max(peak, builds[days][0].peak_bytes)
            warehouses[stage.dataset] = warehouse
        _rates(result, stage, builds, counts)
    _minutes_of_the_sample(bench, result, work)
    result.add("peak memory, models", peak / 2**30, "GiB", target=PEAK_GIB)
    _with_tests(bench, result, lakes[bench.days], work, counts[bench.days])
    _new_day(bench, result, lakes[bench.days], warehouses)
    for stage in STAGES:
        _peers(bench, result, stage, lakes[bench.days], counts[bench.days][stage.dataset])
    shutil.rmtree(work)
    return result


def _build(
    bench: Bench, result: Result, stage: Stage, label: str, lake: Path, warehouse: Path
) -> tuple[Cost, Cost]:
    """Build a stage from nothing and again with nothing to do; return both costs."""
    stores = bench.stores(lake, warehouse)
    (warehouse / "build").mkdir(parents=True)
    words = ["build", *MODELS_ONLY, "--select", *stage.select]
    # dbt parses the project once and keeps that; it is no part of staging
    bench.dbt(result, f"{stage.name}, {label}, parse", ["parse"], stores)
    costs = []
    for kind in ("first", "again", "once more"):
        name = f"{stage.name}, {label}, {kind}"
        costs.append(bench.dbt(result, name, words, stores))
        result.details[f"{name}: slowest models, s"] = _slowest(warehouse)
    # starting up costs some seconds, and not always the same: the lesser of two is subtracted
    return costs[0], min(costs[1:], key=lambda cost: cost.cpu)


def _slowest(warehouse: Path) -> dict[str, float]:
    content: dict[str, Any] = json.loads((warehouse / "target" / "run_results.json").read_text())
    times = {
        entry["unique_id"].split(".")[2][:60]: round(entry["execution_time"], 3)
        for entry in content["results"]
    }
    return dict(sorted(times.items(), key=lambda item: -item[1])[:8])


def _rates(
    result: Result,
    stage: Stage,
    builds: dict[int, tuple[Cost, Cost]],
    counts: dict[int, dict[str, int]],
) -> None:
    few, many = sorted(builds)
    rows = {days: counts[days][stage.dataset] for days in builds}
    first, again = builds[many]
    result.add_computed(
        f"{stage.name} a CPU second, {many} days",
        rows_per_cpu_second,
        rows[many],
        first.cpu,
        again.cpu,
        unit="rows/CPU s",
        target=stage.rows_per_cpu_second,
        is_ceiling=False,
        note=f"{rows[many]:,} rows, {first.cpu:.1f} CPU s less {again.cpu:.1f} of a run with "
        f"nothing to do; {first.wall:.1f} s wall, peak {first.peak_bytes / 2**30:.2f} GiB",
    )
    result.add_computed(
        f"{stage.name} a CPU second, at the margin",
        lambda: rate(1.0, slope((rows[few], builds[few][0].cpu), (rows[many], first.cpu))),
        unit="rows/CPU s",
        note=f"{many} days against {few}: start-up cancels",
    )
    for days in (few, many):
        result.add_computed(
            f"{stage.name}: CPU a day, {days} days",
            lambda days=days: (
                1000 * net(builds[days][0].cpu, builds[days][1].cpu) / counts[days]["option_days"]
            ),
            unit="ms",
            note=f"{rows[days] // counts[days]['option_days']:,} rows a day",
        )


def _minutes_of_the_sample(bench: Bench, result: Result, work: Path) -> None:
    """Measure minutes on the sample lake too: the reference lake has few of them."""
    lake = bench.lake(result, "sample", bench.sessions)
    rows = lake_rows(bench, result, lake)["stocks"]
    first, again = _build(bench, result, MINUTES, "sample", lake, work / "sample")
    result.add_computed(
        f"minute rows a CPU second, sample of {bench.sessions} sessions",
        rows_per_cpu_second,
        rows,
        first.cpu,
        again.cpu,
        unit="rows/CPU s",
        target=MINUTES.rows_per_cpu_second,
        is_ceiling=False,
        note=f"{rows:,} rows, {first.cpu:.1f} CPU s less {again.cpu:.1f}; "
        f"{first.wall:.1f} s wall, peak {first.peak_bytes / 2**30:.2f} GiB",
    )


def _with_tests(
    bench: Bench, result: Result, lake: Path, work: Path, counts: dict[str, int]
) -> None:
    """Measure the option models with the tests that guard them."""
    warehouse = work / "tested"
    (warehouse / "build").mkdir(parents=True)
    stores = bench.stores(lake, warehouse)
    words = ["build", "--indirect-selection", "cautious", "--select", *OPTIONS.select]
    bench.dbt(result, "options with tests, parse", ["parse"], stores)
    first = bench.dbt(result, "options with tests, first", words, stores)
    result.details["options with tests: slowest nodes, s"] = _slowest(warehouse)
    again = bench.dbt(result, "options with tests, again", words, stores)
    result.add_computed(
        "option rows a CPU second, tests included",
        rows_per_cpu_second,
        counts["options"],
        first.cpu,
        again.cpu,
        unit="rows/CPU s",
        note=f"{first.cpu:.1f} CPU s less {again.cpu:.1f}",
    )
    result.add("peak memory, tests included", first.peak_bytes / 2**30, "GiB", target=PEAK_GIB)
    shutil.rmtree(warehouse)


def _new_day(bench: Bench, result: Result, lake: Path, warehouses: dict[str, Path]) -> None:
    """Add one day to the longer lake; say what it costs and which files are opened for it."""
    append = ["lake", "simulate", "--append", "1"]
    bench.quant(result, "simulate a new day", append, bench.stores(lake, lake.parent))
    bench.simulated.pop(lake.name)  # it is not what its name says any more
    for stage in STAGES:
        stores = bench.stores(lake, warehouses[stage.dataset])
        words = ["build", *MODELS_ONLY, "--select", *stage.select]
        with Opens([lake / "stocks", lake / "options"]) as opens:
            grown = bench.dbt(result, f"{stage.name}, new day", words, stores)
        result.add_wall(f"{stage.name}: one new day", grown, note="dbt's start included")
        for dataset in ("stocks", "options"):
            result.add(
                f"{stage.name}: {dataset} files opened for one new day",
                opens.files(lake / dataset),
                "files",
                note=f"of {len(list((lake / dataset).glob('[0-9]*.parquet')))}",
            )


def _peers(bench: Bench, result: Result, stage: Stage, lake: Path, rows: int) -> None:
    """Measure what a script would do with the same files: read, judge, dedupe, resample."""
    for name in ("pandas", "polars"):
        peer = bench.peer(name)
        title = f"{name}, {stage.name} a CPU second"
        if peer is None:
            result.add(title, None, "rows/CPU s", note="not installed")
            continue
        words = (stage.dataset, str(lake / stage.dataset))
        module = f"peer_{name}_staging"
        try:
            none, _ = bench.child(
                result, f"{name} {stage.name} start", module, *words, "0", python=peer.python
            )
            cost, answer = bench.child(
                result, f"{name} {stage.name}", module, *words, "-1", python=peer.python
            )
        except BenchError as error:
            result.add(title, None, "rows/CPU s", note=f"failed: {str(error).splitlines()[-1]}")
            continue
        result.add_computed(
            title,
            rows_per_cpu_second,
            answer["rows"],
            cost.cpu,
            none.cpu,
            unit="rows/CPU s",
            note=f"{name} {peer.version}: {cost.cpu:.1f} CPU s less {none.cpu:.1f}, peak "
            f"{cost.peak_bytes / 2**30:.2f} GiB; read, judge, dedupe"
            + (", resample" if stage is MINUTES else ", count"),
        )
        result.details[f"{title}: rows"] = {"read": answer["rows"], "in the lake": rows}
