"""Gamma profiles of a chain history, beside the row-by-row loop in pandas that is usually shown."""

from __future__ import annotations

from benchmarks.bench import Bench, Result
from benchmarks.measure import BenchError

RATE = "contracts/CPU s"
PLACES = 41
ALIKE = 1e-10


def measure(bench: Bench) -> Result:
    """Measure both on the same chains, and compare their values."""
    result = Result("gex")
    folder = bench.folder("gex")
    bench.child(result, "prepare gex", "prepare_gex", str(folder))
    _, own = bench.child(result, "own gex", "own_gex", str(folder))
    _, loop = bench.child(result, "pandas loop", "peer_gex_loop", str(folder))
    worst = max(
        abs(a - b) / loop["gross"]
        for name in ("curve", "strikes")
        for a, b in zip(own[name], loop[name], strict=True)
    )
    note = f"{PLACES} places, root, strikes, all exposures"
    result.add("chain_exposures on Arrow", own["arrow"], RATE, note=note)
    result.add("chain_exposures in SQL", own["sql"], RATE, note=f"{note}; lists included")
    result.add("pandas loop", loop["rate"], RATE, note=f"{PLACES} places and strikes")
    if not worst <= ALIKE:
        raise BenchError(f"The two differ by {worst:.0e} of the gross exposure.")
    result.add(
        "times as fast in SQL",
        own["sql"] / loop["rate"],
        "x",
        target=1000,
        is_ceiling=False,
        note=f"curve and strikes differ by {worst:.0e} of the gross exposure at most",
    )
    result.details |= {"own": own, "pandas": loop}
    return result
