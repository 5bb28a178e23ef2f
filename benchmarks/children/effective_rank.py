"""How many independent columns tables are worth, on the same bars: ours, and those of peers."""

import json
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path

import inputs
import numpy as np

from engine.features import registry
from engine.features.evaluation import evaluate
from engine.validation.column_audit import effective_rank

ROWS = 750  # the last ones: every lookback is full


def worth(columns: Mapping[str, np.ndarray]) -> tuple[float, int]:
    """Return effective rank and number of the columns that are known in the last rows."""
    ends = {name: values[-ROWS:] for name, values in columns.items()}
    known = {name: values for name, values in ends.items() if np.isfinite(values).mean() > 0.99}
    return effective_rank(known)


def ours(bars: object) -> dict[str, np.ndarray]:
    """Return the kernel columns that read the bars alone: made extras would add noise."""
    found: dict[str, np.ndarray] = {}
    for module in registry.modules():
        if module.scope == "daily":
            own = [f for f in module.features if f.name in module.computed]
            found |= evaluate([f for f in own if not inputs.reads((f,))], bars)
    return found


def talib_columns(bars: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return every output of every TA-Lib function of prices and volume, default parameters."""
    import talib
    from talib import abstract

    found = {}
    data = {name: bars[name] for name in ("open", "high", "low", "close", "volume")}
    for name in talib.get_functions():
        if name in ("MAVP", "BETA", "CORREL", "ADD", "SUB", "MULT", "DIV"):
            continue  # they relate two series that a user chooses
        function = abstract.Function(name)
        outputs = function(data)
        several = outputs if isinstance(outputs, list) else [outputs]
        for output, values in zip(function.output_names, several, strict=True):
            found[f"{name}_{output}"] = np.asarray(values, dtype=np.float64)
    return found


def main(answer: str, folder: str) -> None:
    warnings.simplefilter("ignore")
    bars = inputs.all_bars(inputs.panel(folder))[0]
    arrays = dict(np.load(Path(folder) / f"{bars.symbol}.npz"))
    tables = {"ours": ours(bars), "TA-Lib": talib_columns(arrays)}
    theirs = Path(folder) / "pandas_ta.json"
    if theirs.exists():
        read = json.loads(theirs.read_text())
        tables["pandas-ta-classic"] = {name: np.array(values) for name, values in read.items()}
    qlib = Path(folder) / "alpha158" / "qlib.npz"
    if qlib.exists():
        tables["Alpha158"] = dict(np.load(qlib))
    found = {}
    for name, columns in tables.items():
        rank, counted = worth({k: np.asarray(v, dtype=np.float64) for k, v in columns.items()})
        found[name] = {"columns": len(columns), "counted": counted, "rank": rank}
    Path(answer).write_text(json.dumps(found))


main(*sys.argv[1:])
