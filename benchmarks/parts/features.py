"""`raw` and `entropy` on prepared bars: CPU a cell, beside TA-Lib, antropy and qlib's Alpha158."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.arithmetic import nanoseconds_per_cell
from benchmarks.bench import Bench, Peer, Result
from benchmarks.measure import BenchError

SESSIONS = 1486


def measure(bench: Bench) -> Result:
    """Measure both modules whole, then each peer on the columns that it knows."""
    result = Result("features")
    lake = bench.lake(result, "daily", SESSIONS)
    folder = bench.folder("panel")
    _, panel = bench.child(result, "prepare", "prepare_panel", str(lake), str(folder))
    _, own = bench.child(result, "own", "own_features", str(folder))
    size = f"{len(panel['symbols'])} symbols x {panel['sessions']:,} sessions"
    for name in ("raw", "entropy"):
        module = own[name]
        cells = nanoseconds_per_cell(module["cpu"], own["rows"], module["columns"])
        result.add(
            f"{name}: {module['columns']} kernel columns",
            cells,
            "ns a cell",
            note=f"{size}, {module['cpu']:.2f} CPU s, one thread, compiled before",
        )
        by_column = module["nanoseconds_by_column"]
        slowest = sorted(by_column.items(), key=lambda item: -item[1])[:8]
        result.details[f"{name}: slowest columns, ns a row"] = {k: round(v) for k, v in slowest}
    _beside(bench, result, "talib", "TA-Lib", folder, own["raw"])
    _beside(bench, result, "antropy", "antropy", folder, own["entropy"])
    _qlib(bench, result, folder)
    return result


def _beside(
    bench: Bench,
    result: Result,
    module: str,
    distribution: str,
    folder: Path,
    own: Mapping[str, Any],
) -> None:
    """Measure a peer and the same columns of ours, each column by itself."""
    peer = bench.peer(module, distribution)
    if peer is None:
        result.add(distribution, None, "ns a cell", note="not installed")
        return
    try:
        _, answer = bench.child(
            result, distribution, f"peer_{module}", str(folder), python=peer.python
        )
    except BenchError as error:
        result.add(distribution, None, "ns a cell", note=f"failed: {str(error).splitlines()[-1]}")
        return
    theirs, ours = answer["nanoseconds_by_column"], own["nanoseconds_by_column"]
    columns = [name for name in theirs if name in ours]
    mean = {
        who: sum(times[name] for name in columns) / len(columns)
        for who, times in (("theirs", theirs), ("ours", ours))
    }
    result.add(
        f"{distribution} {peer.version}, {len(columns)} columns",
        mean["theirs"],
        "ns a cell",
        note=_families(columns),
    )
    result.add(
        "the same columns here",
        mean["ours"],
        "ns a cell",
        note=f"each by itself, nothing shared; {distribution} takes "
        f"{mean['theirs'] / mean['ours']:.1f} times that",
    )
    result.details[f"{distribution}: ns a cell, theirs and ours"] = {
        name: [round(theirs[name], 1), round(ours[name], 1)] for name in columns
    }


def _families(columns: list[str]) -> str:
    return ", ".join(dict.fromkeys(name.rpartition("_")[0] for name in columns))


def _qlib(bench: Bench, result: Result, folder: Path) -> None:
    peer: Peer | None = bench.peer("qlib", "pyqlib")
    title = "qlib Alpha158, 158 columns"
    if peer is None:
        result.add(title, None, "ns a cell", note="not installed")
        return
    try:
        cost, answer = bench.child(result, "qlib", "peer_qlib", str(folder), python=peer.python)
    except BenchError as error:
        result.add(title, None, "ns a cell", note=f"failed: {str(error).splitlines()[-1]}")
        return
    result.add(
        f"qlib {peer.version} Alpha158, {answer['columns']} columns",
        nanoseconds_per_cell(answer["cpu"], answer["rows"], answer["columns"]),
        "ns a cell",
        note=f"{answer['rows']:,} rows, {answer['cpu']:.1f} CPU s, one process, expressions "
        f"without cache, start-up left out; peak {cost.peak_bytes / 2**30:.2f} GiB",
    )
