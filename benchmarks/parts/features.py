"""`raw` and `entropy` on prepared bars: CPU a cell, beside TA-Lib, antropy and qlib's Alpha158."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.arithmetic import nanoseconds_per_cell
from benchmarks.bench import Bench, Peer, Result
from benchmarks.measure import BenchError

SESSIONS = 1486
PEERS = {"raw": ("talib", "TA-Lib"), "entropy": ("antropy", "antropy")}


def measure(bench: Bench) -> Result:
    """Measure both modules whole, then each peer on the columns that it knows."""
    result = Result("features")
    lake = bench.lake(result, "daily", SESSIONS)
    folder = bench.folder("panel")
    _, panel = bench.child(result, "prepare", "prepare_panel", str(lake), str(folder))
    size = f"{len(panel['symbols'])} symbols x {panel['sessions']:,} sessions"
    theirs = {module: _ask(bench, result, *PEERS[module], folder) for module in PEERS}
    groups = {
        module: list(answer["nanoseconds_by_column"])
        for module, (answer, _) in theirs.items()
        if answer is not None
    }
    _, own = bench.child(result, "own", "own_features", str(folder), json.dumps(groups))
    for name in PEERS:
        module = own[name]
        result.add(
            f"{name}: {module['columns']} kernel columns",
            nanoseconds_per_cell(module["cpu"], own["rows"], module["columns"]),
            "ns a cell",
            note=f"{size}, {module['cpu']:.2f} CPU s, one thread, compiled before",
        )
        by_column = module["nanoseconds_by_column"]
        slowest = sorted(by_column.items(), key=lambda item: -item[1])[:12]
        result.details[f"{name}: slowest columns, ns a row"] = {k: round(v) for k, v in slowest}
    for name, (answer, what) in theirs.items():
        _beside(result, PEERS[name][1], answer, what, own[name], own["rows"])
    _antropy(result, theirs["entropy"][0], own["entropy"], theirs["entropy"][1])
    _qlib(bench, result, folder)
    return result


def _ask(
    bench: Bench, result: Result, module: str, distribution: str, folder: Path
) -> tuple[dict[str, Any] | None, str]:
    """Return what a peer measured and its version, or None and why not."""
    peer = bench.peer(module, distribution)
    if peer is None:
        return None, "not installed"
    try:
        _, answer = bench.child(
            result, distribution, f"peer_{module}", str(folder), python=peer.python
        )
    except BenchError as error:
        return None, f"failed: {str(error).splitlines()[-1]}"
    return answer, peer.version


def _beside(
    result: Result,
    distribution: str,
    answer: Mapping[str, Any] | None,
    what: str,
    own: Mapping[str, Any],
    rows: int,
) -> None:
    """Show a peer and the same columns of ours."""
    if answer is None:
        result.add(distribution, None, "ns a cell", note=what)
        return
    theirs, ours = answer["nanoseconds_by_column"], own["nanoseconds_by_column"]
    columns = list(theirs)
    mean = sum(theirs.values()) / len(columns)
    together = nanoseconds_per_cell(own["group"], rows, len(columns))
    result.add(
        f"{distribution} {what}, {len(columns)} columns",
        mean,
        "ns a cell",
        note=_families(columns),
    )
    times = mean / together
    result.add(
        "the same columns here",
        together,
        "ns a cell",
        note=f"{times:.0f} times less" if times > 1 else f"{1 / times:.0f} times more",
    )
    result.details[f"{distribution}: ns a cell, theirs and ours by itself"] = {
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
    _, own = bench.child(result, "own Alpha158", "own_alpha158", str(folder))
    result.add(
        "the same 158 expressions with our kernels",
        nanoseconds_per_cell(own["cpu"], own["rows"], own["columns"]),
        "ns a cell",
        note=_agreement(own["apart"]),
    )
    result.add(
        "times faster than qlib",
        answer["cpu"] / own["cpu"],
        "times",
        target=20.0,
        is_ceiling=False,
        note="CPU time",
    )


def _agreement(apart: list[str] | None) -> str:
    """Say whether two computations of the same columns agree."""
    if apart is None:
        return "values not compared"
    if apart:
        return f"other values in {', '.join(apart)}"
    return "every value equal within single precision, which is qlib's, but places of tied extremes"


def _antropy(
    result: Result, answer: Mapping[str, Any] | None, own: Mapping[str, Any], why: str
) -> None:
    """Show how many times less two entropies cost here; the tests compare their values."""
    for title, prefix, target in (
        ("sample entropy", "ent_sampen_", 6.0),
        ("permutation entropy", "ent_perm", 100.0),
    ):
        name = f"{title}: times faster than antropy"
        if answer is None:
            result.add(name, None, "times", target=target, is_ceiling=False, note=why)
            continue
        theirs, ours = answer["nanoseconds_by_column"], own["nanoseconds_by_column"]
        ratios = {c: theirs[c] / ours[c] for c in theirs if c.startswith(prefix)}
        result.add(
            name,
            min(ratios.values()),
            "times",
            target=target,
            is_ceiling=False,
            note="the least of " + ", ".join(f"{c} {r:,.0f}" for c, r in ratios.items()),
        )
