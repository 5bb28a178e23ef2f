"""Implied volatility, Greeks and American options, beside fast-vollib, py_vollib and QuantLib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.bench import Bench, Result
from benchmarks.measure import BenchError

RATE = "rows/CPU s"


def measure(bench: Bench) -> Result:
    """Measure everybody on the same options."""
    result = Result("options")
    folder = bench.folder("options")
    bench.child(result, "prepare options", "prepare_options", str(folder))
    _, own = bench.child(result, "own options", "own_options", str(folder))
    vollib, vollib_version = _ask(bench, result, "fast_vollib", "fast-vollib", folder)
    slow, slow_version = _ask(bench, result, "py_vollib", "py_vollib", folder)
    library, library_version = _ask(bench, result, "QuantLib", "QuantLib", folder)
    result.add("European IV", own["iv"], RATE, note=f"median error {own['iv error']:.0e}")
    _times(result, "fast-vollib jackel", vollib_version, vollib, "european iv", own["iv"], 3)
    _times(result, "py_vollib", slow_version, slow, "iv", own["iv"], 150)
    result.add("European IV and 8 Greeks", own["iv and greeks"], RATE)
    if vollib is not None:
        both = 1 / (1 / vollib["european iv"] + 1 / vollib["european greeks"])
        vollib["iv and greeks"] = both
    _times(
        result, "fast-vollib, IV and 5 Greeks", vollib_version, vollib, "iv and greeks",
        own["iv and greeks"], 2.5,
    )  # fmt: skip
    result.add("bs_iv in SQL", own["sql iv"], RATE, target=5e6, is_ceiling=False)
    result.add(
        "American IV, continuous carry",
        own["american iv"],
        RATE,
        note=f"largest error {100 * own['american iv error']:.4f} vol points",
    )
    _times(
        result, "QuantLib QdFp fast in a loop", library_version, library, "iv",
        own["american iv"], 10,
    )  # fmt: skip
    for name in ("continuous", "cash dividends"):
        result.add(
            f"American IV of a listed chain, {name}",
            own[f"chain, {name}"],
            RATE,
            target=2e5,
            is_ceiling=False,
            note="10 expiries x 150 strikes x 2 sides, tables included",
        )
    result.details |= {"own": own, "fast-vollib": vollib, "py_vollib": slow, "QuantLib": library}
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
            result, distribution, f"peer_{module.lower()}", str(folder), python=peer.python
        )
    except BenchError as error:
        return None, f"failed: {str(error).splitlines()[-1]}"
    return answer, peer.version


def _times(
    result: Result,
    name: str,
    version: str,
    answer: dict[str, Any] | None,
    key: str,
    own: float,
    target: float,
) -> None:
    """Show a peer's rate and how many times as fast this project is."""
    if answer is None:
        result.add(name, None, RATE, note=version)
        return
    error = answer.get("error", answer.get("european error"))
    result.add(f"{name} {version}", answer[key], RATE, note=f"error {error:.0e}")
    result.add("times as fast here", own / answer[key], "x", target=target, is_ceiling=False)
