"""The simulator: rows a second at reference scale, seconds for the sample lake."""

from __future__ import annotations

from pathlib import Path

from benchmarks.arithmetic import net, rate, rows_per_cpu_second
from benchmarks.bench import Bench, Result, folder_bytes

ROWS_PER_SECOND = 1.5e6
SAMPLE_SECONDS = 90
START_SESSIONS = 1


def lake_rows(bench: Bench, result: Result, lake: Path) -> dict[str, int]:
    """Return how many rows and day files each data set of a lake has."""
    _, counts = bench.child(result, f"count {lake.name}", "count_rows", str(lake))
    return counts


def measure(bench: Bench) -> Result:
    """Measure both scales; the lakes serve the other parts."""
    result = Result("simulator")
    start = f"reference-{START_SESSIONS}"
    name = f"reference-{bench.days}"
    small, large = (bench.lake(result, "reference", n) for n in (START_SESSIONS, bench.days))
    few, many = lake_rows(bench, result, small), lake_rows(bench, result, large)
    first, whole = bench.simulated[start], bench.simulated[name]
    rows = many["stocks"] + many["options"]
    more = rows - few["stocks"] - few["options"]
    result.add_wall(f"reference lake, {bench.days} sessions", whole)
    result.add(
        "rows a second, start-up included",
        rate(rows, whole.wall),
        "rows/s",
        target=ROWS_PER_SECOND,
        is_ceiling=False,
        note=f"{many['options']:,} option rows and {many['stocks']:,} minute rows",
    )
    result.add_computed(
        "rows a second, net of start-up",
        lambda: rate(more, net(whole.wall, first.wall)),
        unit="rows/s",
        target=ROWS_PER_SECOND,
        is_ceiling=False,
        note="against a run of one session, in the same run",
    )
    result.add_computed(
        "rows a CPU second",
        rows_per_cpu_second,
        more,
        whole.cpu,
        first.cpu,
        unit="rows/CPU s",
        note="net of start-up",
    )
    result.add("option rows a day", many["options"] / many["option_days"], "rows")
    result.add("minute rows a day", many["stocks"] / many["stock_days"], "rows")
    result.add("bytes a row", folder_bytes(large) / rows, "B")
    sample = bench.lake(result, "sample", bench.sessions)
    counted = lake_rows(bench, result, sample)
    result.add_wall(
        f"sample lake, {bench.sessions} sessions",
        bench.simulated[f"sample-{bench.sessions}"],
        target=SAMPLE_SECONDS if bench.sessions == 504 else None,
        note=f"{counted['options']:,} option rows and {counted['stocks']:,} minute rows",
    )
    return result
