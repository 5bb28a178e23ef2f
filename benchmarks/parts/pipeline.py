"""The daily job on the sample lake: from nothing, with nothing changed, with one new session."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench, Result
from benchmarks.parts.simulator import lake_rows

FIRST_SECONDS = 60
UNCHANGED_SECONDS = 8
APPEND_SECONDS = 12
TINY_SESSIONS = 15
SLOWEST = 12


def measure(bench: Bench) -> Result:
    """Measure builds of the sample lake; simulation and compilation apart."""
    result = Result("pipeline")
    name = f"sample-{bench.sessions}"
    shared = bench.lake(result, "sample", bench.sessions)
    work = bench.folder("pipeline")
    lake = work / "lake"
    shutil.copytree(shared, lake, copy_function=shutil.copy2)
    compiling = _compile(bench, result, work)
    stores = bench.stores(lake, work / "warehouse")
    is_sample = bench.sessions == 504

    counted = lake_rows(bench, result, lake)
    note = f"{counted['stocks']:,} minute rows, {counted['options']:,} option rows"
    first = bench.quant(result, "first build", ["build"], stores)
    facts = _facts(work / "warehouse")
    result.add_wall(
        "lake to published", first, target=FIRST_SECONDS if is_sample else None, note=note
    )
    unchanged = bench.quant(result, "nothing changed", ["build"], stores)
    result.add_wall("nothing changed", unchanged, target=UNCHANGED_SECONDS)
    # the sample ends with a year: the next session opens a quarter, which is fitted anew
    append = ["lake", "simulate", "--append", "1"]
    appended = bench.quant(result, "simulate one session", append, stores)
    quarter = bench.quant(result, "one new session, a new quarter", ["build"], stores)
    bench.quant(result, "simulate another session", append, stores)
    grown = bench.quant(result, "one new session", ["build"], stores)
    more = _facts(work / "warehouse")
    result.add_wall("one new session", grown, target=APPEND_SECONDS if is_sample else None)
    if is_sample:
        result.add_wall("one new session, the first of a quarter", quarter, note="GARCH fits anew")
    again = bench.quant(result, "dbt with nothing changed", ["build", "--no-publish"], stores)
    result.add_wall(
        "dbt with nothing changed", again, note="models and tests run, nothing is published"
    )
    _, fits = bench.child(
        result, "garch fits", "garch_fits", str(work / "warehouse" / "build" / "quant.duckdb")
    )
    result.add(
        "GARCH fits, of the first build",
        fits["cpu"],
        "CPU s",
        note=f"{fits['fits']} fits, {1000 * fits['cpu'] / max(fits['fits'], 1):.0f} ms each; "
        "later builds keep them",
    )
    simulated = bench.simulated[name]
    result.add_wall("apart: simulation of the sample", simulated)
    result.add_wall("apart: simulation of one session", appended)
    result.add("apart: first compilation of the kernels", compiling, "CPU s")
    result.add("publishing, of the first build", facts.get("publish_seconds"), "s")
    result.details["slowest nodes of the first build, s"] = _slowest(facts)
    result.details["slowest nodes with one new session, s"] = _slowest(more)
    shutil.rmtree(work)
    return result


def _compile(bench: Bench, result: Result, work: Path) -> float:
    """Return the CPU time that compiling adds to a tiny build; later builds find it cached."""
    lake = bench.lake(result, "sample", TINY_SESSIONS)
    shutil.rmtree(bench.scratch / "numba", ignore_errors=True)
    words = ["build", "--no-publish"]
    cold, warm = (
        bench.quant(result, f"tiny build, {kind}", words, bench.stores(lake, work / kind))
        for kind in ("cold", "warm")
    )
    return cold.cpu - warm.cpu


def _facts(warehouse: Path) -> dict[str, Any]:
    """Return what the newest version remembers of its build."""
    newest = max(warehouse.glob("build-*.json"))
    content: dict[str, Any] = json.loads(newest.read_text())
    return content


def _slowest(facts: dict[str, Any]) -> dict[str, float]:
    nodes = sorted(facts["run"]["nodes"], key=lambda node: -float(node["seconds"]))
    return {node["name"]: node["seconds"] for node in nodes[:SLOWEST]}
