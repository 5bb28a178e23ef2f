"""Peer: the day files read, judged, deduplicated and resampled with polars; see the pandas peer."""

import json
import sys
from pathlib import Path

import polars as pl

KEY = ["root", "expiration", "strike", "option_type", "source", "bar_seconds", "ts"]


def good_prices() -> pl.Expr:
    """Whether a bar's prices can be; unknown where there are none."""
    return (
        (pl.min_horizontal("open", "high", "low", "close") > 0)
        & (pl.col("high") >= pl.max_horizontal("open", "close"))
        & (pl.col("low") <= pl.min_horizontal("open", "close"))
        & (pl.col("volume") >= 0)
    )


def minutes(path: Path) -> tuple[int, int]:
    rows = pl.read_parquet(path)
    read = len(rows)
    rows = rows.unique(["symbol", "source", "bar_seconds", "ts"], keep="last", maintain_order=True)
    local = pl.col("ts").dt.convert_time_zone("America/New_York")
    minute = local.dt.hour().cast(pl.Int32) * 60 + local.dt.minute() - 570
    rows = rows.filter(good_prices()).with_columns(minute=minute)
    rows = rows.filter(pl.col("minute").is_between(0, 389)).sort("symbol", "ts")
    left = 0
    for size in (5, 15, 60, 390):
        bars = rows.group_by("symbol", pl.col("minute") // size, maintain_order=True).agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
        )
        left += len(bars)
    return read, left


def options(path: Path) -> tuple[int, int]:
    rows = pl.read_parquet(path)
    read = len(rows)
    day = pl.lit(path.stem).str.to_date()
    rows = rows.filter(
        (pl.col("expiration") >= day)
        & (pl.col("strike") > 0)
        & (pl.col("known_at") >= pl.col("ts"))
        & good_prices().fill_null(value=True)
    ).unique(KEY, keep="last", maintain_order=True)
    counts = rows.group_by("underlying", "expiration").len()
    return read, int(counts["len"].sum())


def main(answer: str, dataset: str, folder: str, days: str) -> None:
    paths = sorted(Path(folder).glob("[0-9]*.parquet"))
    paths = paths if days == "-1" else paths[: int(days)]
    counted = [(minutes if dataset == "stocks" else options)(path) for path in paths]
    found = {"rows": sum(read for read, _ in counted), "left": sum(left for _, left in counted)}
    Path(answer).write_text(json.dumps(found))


main(*sys.argv[1:])
