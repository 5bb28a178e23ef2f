"""Peer: TA-Lib's functions for the columns of `raw` that have it as their oracle."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import talib

REPEATS = 5


def functions() -> dict[str, object]:
    """Return a call per column of `raw`."""
    made: dict[str, object] = {}
    for w in (5, 14, 20, 60):
        made[f"raw_natr_{w}"] = lambda b, w=w: talib.NATR(b["high"], b["low"], b["close"], w)
    for w in (5, 10, 20, 60, 120, 252):
        made[f"raw_pos_{w}"] = lambda b, w=w: talib.STOCHF(b["high"], b["low"], b["close"], w, 1)
    for w in (20, 60):
        made[f"raw_bbwidth_{w}"] = lambda b, w=w: talib.BBANDS(b["close"], w)
        made[f"raw_dayshigh_{w}"] = lambda b, w=w: talib.AROON(b["high"], b["low"], w)
        made[f"raw_dayslow_{w}"] = lambda b, w=w: talib.AROON(b["high"], b["low"], w)
    for w in (10, 20, 50, 200):
        made[f"raw_emadist_{w}"] = lambda b, w=w: (
            (b["close"] - talib.EMA(b["close"], w)) / talib.ATR(b["high"], b["low"], b["close"], 14)
        )
    for w in (10, 20, 60, 120):
        made[f"raw_zsma_{w}"] = lambda b, w=w: (
            (b["close"] - talib.SMA(b["close"], w)) / talib.ATR(b["high"], b["low"], b["close"], 14)
        )
    made["raw_mfi_14"] = lambda b: talib.MFI(b["high"], b["low"], b["close"], b["volume"], 14)
    return made


def main(answer: str, folder: str) -> None:
    panel = [dict(np.load(path)) for path in sorted(Path(folder).glob("*.npz"))]
    rows = sum(len(bars["close"]) for bars in panel)
    found = {}
    for name, function in functions().items():
        times = []
        for _ in range(REPEATS):
            started = time.process_time()
            for bars in panel:
                function(bars)
            times.append(time.process_time() - started)
        found[name] = 1e9 * min(times) / rows
    Path(answer).write_text(json.dumps({"rows": rows, "nanoseconds_by_column": found}))


main(*sys.argv[1:])
