"""Adjusted prices fetched on two days do not fit together.

A vendor that adjusts prices for splits or dividends restates its whole history at each of them. A
file that brings the last weeks on the new level, into a lake that keeps the years before on the
old one, would put a return into the data that nobody had. Where the file overlaps the lake, the
sessions they share show it.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import LakeError
from engine.lake.importers.spool import Spool
from engine.lake.store import Lake

_SHARED_DAYS = 5
_MOST = 5e-4  # relative; prices rounded to cents differ by less in the median
_KEY = ("symbol", "bar_seconds", "ts")
_EPOCH = dt.date(1970, 1, 1)


def require_one_level(lake: Lake, source: str, path: Path, spool: Spool) -> None:
    """Check that a file of adjusted prices goes on where the lake's earlier days are.

    Raises
    ------
    LakeError
        When shared sessions have other closes than the lake's, by one factor, and the lake has
        earlier sessions that the file does not restate.
    """
    coming = [_EPOCH + dt.timedelta(days=number) for number in spool.days()]
    held = [
        file.session_date
        for file in lake.scan()
        if file.dataset == "stocks" and source in file.sources
    ]
    earlier = [day for day in held if coming and day < coming[0]]
    shared = sorted(set(held) & set(coming))[:_SHARED_DAYS]
    if not earlier or not shared:
        return
    continued = set(_of_source(lake, earlier[-1], source)["symbol"].to_pylist())
    old = pa.concat_tables([_of_source(lake, day, source) for day in shared])
    new = pa.concat_tables([spool.day((day - _EPOCH).days) for day in shared])
    names = [*_KEY, "close"]
    new = (
        new.select(names)
        .rename_columns([*_KEY, "restated"])
        .cast(pa.schema([*(old.schema.field(name) for name in _KEY), ("restated", pa.float64())]))
    )
    both = old.select(names).join(new, list(_KEY), join_type="inner")
    for symbol in sorted(continued & set(both["symbol"].to_pylist())):
        rows = both.filter(pc.equal(both["symbol"], symbol))
        ratio = float(np.nanmedian(rows["restated"].to_numpy() / rows["close"].to_numpy()))
        if abs(ratio - 1.0) > _MOST:
            raise LakeError(
                f"{path} has {symbol} from {shared[0]} on at {ratio:.6g} times the adjusted "
                f"prices that the lake has, which holds days since {earlier[0]} on the old level.",
                "Import the vendor's whole history of the symbol in one file.",
            )


def _of_source(lake: Lake, day: dt.date, source: str) -> pa.Table:
    rows = lake.read_day("stocks", day)
    return rows.filter(pc.equal(rows["source"], source))
