"""Peer: the day files read, judged, deduplicated and resampled with plain pandas.

It does less than the warehouse: no reason for what is left out, no stamps, no half days, and it
keeps results in memory.
"""

import json
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

MINUTE_COLUMNS = [
    "symbol", "source", "bar_seconds", "ts", "known_at", "price_basis", "open", "high", "low",
    "close", "volume", "transactions", "vwap",
]  # fmt: skip
OPTION_KEY = ["root", "expiration", "strike", "option_type", "source", "bar_seconds", "ts"]
OPTION_VALUES = [
    "underlying", "known_at", "open", "high", "low", "close", "volume", "transactions", "bid",
    "ask", "open_interest", "vendor_iv", "underlying_price",
]  # fmt: skip
BARS = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}


def read_day(path: Path, columns: list[str]) -> pd.DataFrame:
    """Read a day file without Python objects for strikes and dates."""
    table = pq.read_table(path, columns=columns)
    if "strike" in columns:
        at = table.schema.get_field_index("strike")
        table = table.set_column(at, "strike", table["strike"].cast(pa.float64()))
    return table.to_pandas(date_as_object=False)


def judged(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out bars whose prices cannot be."""
    prices = rows[["open", "high", "low", "close"]]
    good = (prices > 0).all(axis=1) & (rows["volume"] >= 0)
    good &= rows["high"] >= prices[["open", "close"]].max(axis=1)
    good &= rows["low"] <= prices[["open", "close"]].min(axis=1)
    return rows[good]


def minutes(paths: list[Path]) -> tuple[int, int]:
    read, found = 0, []
    for path in paths:
        rows = read_day(path, MINUTE_COLUMNS)
        read += len(rows)
        rows = rows.drop_duplicates(["symbol", "source", "bar_seconds", "ts"], keep="last")
        rows = judged(rows)
        local = rows["ts"].dt.tz_convert("America/New_York")
        minute = local.dt.hour * 60 + local.dt.minute
        rows = rows.assign(minute=minute - 570)[(minute >= 570) & (minute < 960)]
        rows = rows.sort_values(["symbol", "ts"])
        for size in (5, 15, 60, 390):
            bars = rows.groupby(["symbol", rows["minute"] // size], sort=False).agg(BARS)
            found.append(bars.assign(day=path.stem, size=size))
    return read, sum(map(len, found))


def options(paths: list[Path]) -> tuple[int, int]:
    read, found = 0, []
    for path in paths:
        rows = read_day(path, OPTION_KEY + OPTION_VALUES)
        read += len(rows)
        day = pd.Timestamp(path.stem)
        good = (rows["expiration"] >= day) & (rows["strike"] > 0)
        good &= rows["known_at"] >= rows["ts"]
        rows = judged_or_quoted(rows[good])
        rows = rows.drop_duplicates(OPTION_KEY, keep="last")
        found.append(rows.groupby(["underlying", "expiration"]).size())
    return read, sum(int(counts.sum()) for counts in found)


def judged_or_quoted(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out rows with impossible prices; a row without trades has none to judge."""
    prices = rows[["open", "high", "low", "close"]]
    bad = (prices <= 0).any(axis=1) | (rows["volume"] < 0)
    bad |= rows["high"] < prices[["open", "close"]].max(axis=1)
    bad |= rows["low"] > prices[["open", "close"]].min(axis=1)
    return rows[~bad]


def main(answer: str, dataset: str, folder: str, days: str) -> None:
    paths = sorted(Path(folder).glob("[0-9]*.parquet"))
    paths = paths if days == "-1" else paths[: int(days)]
    read, left = (minutes if dataset == "stocks" else options)(paths)
    Path(answer).write_text(json.dumps({"rows": read, "left": left}))


main(*sys.argv[1:])
