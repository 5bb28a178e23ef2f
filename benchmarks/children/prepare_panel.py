"""Prepared arrays for the feature benchmarks: each symbol's bars, as `build_panel` makes them."""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.features.panel import bars_from_table, build_panel
from engine.lake.schema import REFERENCES
from engine.market.calendar import sessions_through

DAY = ("symbol", "session_date", "known_at", "open", "high", "low", "close", "volume")
MORE = ("transactions", "vwap", "price_basis", "source")


def main(answer: str, lake: str, folder: str) -> None:
    parts = []
    for path in sorted((Path(lake) / "stocks").glob("[0-9]*.parquet")):
        rows = pq.read_table(path)
        day = np.full(len(rows), np.datetime64(path.stem, "D"))
        parts.append(rows.append_column("session_date", pa.array(day)))
    daily = pa.concat_tables(parts).select([*DAY, *MORE])
    daily = daily.append_column("bar_source", pa.array(["day"] * len(daily)))
    daily = daily.append_column("coverage", pa.nulls(len(daily), pa.float64()))
    nothing = [REFERENCES[name].schema.empty_table() for name in ("dividends", "splits")]
    last = max(daily["session_date"].to_pylist())
    panel = build_panel(daily, sessions_through(last), *nothing)
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    pq.write_table(panel, out / "panel.parquet")
    names = []
    for bars, _ in bars_from_table(panel):
        arrays = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
        np.savez(out / f"{bars.symbol}.npz", vwap=bars.vwap * bars.factor, **arrays)
        names.append(bars.symbol)
    Path(answer).write_text(
        json.dumps({"symbols": names, "rows": len(panel), "sessions": len(panel) // len(names)})
    )


main(*sys.argv[1:])
