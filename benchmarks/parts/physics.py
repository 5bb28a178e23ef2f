"""The daily feature kernels beside their targets: modules, universe, cold start, append, fits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.arithmetic import nanoseconds_per_cell, net
from benchmarks.bench import Bench, Result
from benchmarks.measure import BenchError

SESSIONS = 1486


def measure(bench: Bench) -> Result:
    """Measure the kernels on prepared bars: no dbt, no SQL, no minutes."""
    result = Result("physics")
    lake = bench.lake(result, "daily", SESSIONS)
    folder = bench.folder("physics")
    bench.child(result, "prepare", "prepare_panel", str(lake), str(folder))
    compiled = bench.quant(result, "warm", ["warm"], bench.stores(lake, bench.folder("none")))
    result.add("quant warm, nothing compiled", compiled.cpu, "CPU s", note="once a version of code")
    warm = _modules(bench, result, folder)
    _pandas_ta(bench, result, folder)
    _cold(bench, result, folder, warm)
    _whole(bench, result, folder)
    _fits(bench, result, folder)
    _append(bench, result, folder)
    _worth(bench, result, folder)
    return result


def _own(bench: Bench, result: Result, folder: Path, mode: str) -> tuple[Any, dict[str, Any]]:
    return bench.child(result, mode, "own_physics", str(folder), mode)


def _modules(bench: Bench, result: Result, folder: Path) -> float:
    """Show one symbol by module; return the CPU seconds of all."""
    _, found = _own(bench, result, folder, "modules")
    spent: dict[str, float] = {name: module["cpu"] for name, module in found["modules"].items()}
    columns = {name: module["columns"] for name, module in found["modules"].items()}
    total, count = sum(spent.values()), sum(columns.values())
    result.add(
        f"one symbol, {count} kernel columns",
        total,
        "CPU s",
        target=0.6,
        note=f"{found['rows']:,} sessions, one thread, warm, without fits; "
        f"{nanoseconds_per_cell(total, found['rows'], count):.0f} ns a cell",
    )
    for name, seconds in spent.items():
        cell = nanoseconds_per_cell(seconds, found["rows"], columns[name])
        note = f"{1e3 * seconds:.1f} ms, {columns[name]} columns"
        result.add(f"{name}", cell, "ns a cell", note=note)
    return total


def _pandas_ta(bench: Bench, result: Result, folder: Path) -> None:
    peer = bench.peer("pandas_ta_classic", "pandas-ta-classic")
    title = "pandas-ta-classic, all indicators"
    if peer is None:
        result.add(title, None, "CPU s", note="not installed")
        return
    try:
        _, found = bench.child(
            result, "pandas-ta-classic", "peer_pandas_ta", str(folder), python=peer.python
        )
    except BenchError as error:
        result.add(title, None, "CPU s", note=f"failed: {str(error).splitlines()[-1]}")
        return
    cell = nanoseconds_per_cell(found["cpu"], found["rows"], found["columns"])
    result.add(
        f"pandas-ta-classic {peer.version}, {found['columns']} columns",
        found["cpu"],
        "CPU s",
        note=f"the same symbol, warm; {cell:,.0f} ns a cell",
    )
    try:  # its store of values is read by the effective rank as well
        peer = bench.peer("qlib", "pyqlib")
        if peer is not None:
            bench.child(result, "qlib", "peer_qlib", str(folder), python=peer.python)
    except BenchError:
        pass  # `features` says that it failed; its rank is left out


def _cold(bench: Bench, result: Result, folder: Path, warm: float) -> None:
    cost, _ = _own(bench, result, folder, "cold")
    result.add(
        "cold start, code compiled before",
        net(cost.cpu, warm),
        "CPU s",
        target=4.0,
        note=f"a fresh process and one symbol, less {warm:.2f} s of a warm one; "
        f"{cost.wall:.1f} s wall",
    )


def _whole(bench: Bench, result: Result, folder: Path) -> None:
    cost, found = _own(bench, result, folder, "whole")
    spent = found["cpu"]
    result.add(
        "16 symbols and the market, without fits",
        sum(spent.values()),
        "CPU s",
        target=20.0,
        note=", ".join(f"{name} {seconds:.2f}" for name, seconds in spent.items()),
    )
    result.add("peak memory of that", cost.peak_bytes / 2**30, "GiB", target=2.0)


def _fits(bench: Bench, result: Result, folder: Path) -> None:
    _, found = _own(bench, result, folder, "fits")
    result.add(
        "quarterly fits, 16 symbols, six years",
        sum(one["cpu"] for one in found.values()),
        "CPU s",
        target=60.0,
        note=", ".join(f"{name} {one['fits']} in {one['cpu']:.1f}" for name, one in found.items()),
    )
    result.add("the same once more: all kept", sum(one["kept"] for one in found.values()), "CPU s")


def _append(bench: Bench, result: Result, folder: Path) -> None:
    _, found = _own(bench, result, folder, "append")
    modules = found["modules"]
    whole, ends, nothing = (
        sum(module[what] for module in modules.values()) for what in ("whole", "append", "nothing")
    )
    unequal = [name for name, module in modules.items() if not module["is_equal"]]
    result.add(
        "one session more, share of a full build",
        100.0 * ends / whole,
        "%",
        target=2.0,
        note=f"16 symbols and the market: {1e3 * ends:.0f} of {1e3 * whole:.0f} CPU ms; "
        + (f"NOT EQUAL: {', '.join(unequal)}" if unequal else "bits equal"),
    )
    result.add(
        "nothing new, share of a full build",
        100.0 * nothing / whole,
        "%",
        note="reading, fingerprints of the inputs, handing on",
    )
    for name, module in modules.items():
        result.details[f"append: {name}, CPU ms whole, append, nothing"] = [
            round(1e3 * module[what], 1) for what in ("whole", "append", "nothing")
        ]


def _worth(bench: Bench, result: Result, folder: Path) -> None:
    try:
        _, found = bench.child(result, "effective rank", "effective_rank", str(folder))
    except BenchError as error:
        result.add("effective rank", None, "", note=f"failed: {str(error).splitlines()[-1]}")
        return
    for name, one in found.items():
        what = "here" if name == "ours" else name
        result.add(
            f"effective rank: {what}",
            one["rank"],
            "columns",
            note=f"of {one['counted']} that vary and are known, {one['columns']} in all",
        )
