"""Peer: the 158 expressions of qlib's Alpha158 over the same bars, from qlib's own store."""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

FIELDS = ("open", "high", "low", "close", "volume", "vwap")
FIRST_DAY = np.datetime64("2000-01-03")  # qlib needs dates; which ones does not matter


def write_store(folder: Path, panel: dict[str, dict[str, np.ndarray]], store: Path) -> int:
    """Write the bars in qlib's binary format; return how many sessions there are."""
    sessions = max(len(bars["close"]) for bars in panel.values())
    days = np.busday_offset(FIRST_DAY, np.arange(sessions))
    (store / "calendars").mkdir(parents=True, exist_ok=True)
    (store / "calendars" / "day.txt").write_text("\n".join(map(str, days)) + "\n")
    (store / "instruments").mkdir(exist_ok=True)
    lines = [f"{name}\t{days[0]}\t{days[-1]}" for name in panel]
    (store / "instruments" / "all.txt").write_text("\n".join(lines) + "\n")
    for name, bars in panel.items():
        place = store / "features" / name.lower()
        place.mkdir(parents=True, exist_ok=True)
        for field in FIELDS:
            values = np.concatenate([[0.0], bars[field]]).astype("<f4")
            values.tofile(place / f"{field}.day.bin")
    return sessions


def cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main(answer: str, folder: str) -> None:
    panel = {path.stem: dict(np.load(path)) for path in sorted(Path(folder).glob("*.npz"))}
    store = Path(folder) / "qlib"
    write_store(Path(folder), panel, store)

    import qlib
    from qlib.config import C
    from qlib.contrib.data.loader import Alpha158DL
    from qlib.data import D

    qlib.init(
        provider_uri=str(store), kernels=1, expression_cache=None, dataset_cache=None,
        logging_level=40,
    )  # fmt: skip
    C["joblib_backend"] = "sequential"
    fields, names = Alpha158DL.get_feature_config()
    symbols = list(panel)
    D.features(symbols[:1], ["$close", "Mean($close, 5)"])
    began, started = cpu(), time.process_time()
    table = D.features(symbols, fields)
    spent = cpu() - began
    first = table.loc[symbols[0]]
    (Path(folder) / "alpha158").mkdir(exist_ok=True)
    np.savez(
        Path(folder) / "alpha158" / "qlib.npz",
        **{name: first[field].to_numpy() for name, field in zip(names, fields, strict=True)},
    )
    found = {
        "columns": len(names),
        "rows": len(table),
        "cpu": spent,
        "own_process": time.process_time() - started,
    }
    Path(answer).write_text(json.dumps(found))


main(*sys.argv[1:])
