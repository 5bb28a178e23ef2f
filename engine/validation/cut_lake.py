"""A lake as it was at an instant: everything known later is removed, or replaced by other values.

Files that were complete at the instant are linked, not copied, so a cut costs what the files
after it cost.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from engine.errors import AuditError
from engine.lake.schema import DATASETS, REFERENCES
from engine.lake.store import Lake
from engine.market import calendar

Variant = Literal["removed", "replaced"]
VARIANTS: tuple[Variant, ...] = ("removed", "replaced")

LATE_SOURCE = "audit"  # source of the rows that a replaced future adds to reference tables
_EVENING = dt.timedelta(minutes=15)  # between the close and the index levels of the day
_FEWEST_SESSIONS = 8


@dataclass(frozen=True)
class Cut:
    """An instant, and what becomes of everything known after it.

    Parameters
    ----------
    instant
        UTC; what has `known_at <= instant` stays.
    inside_bar
        Whether it lies inside a session, off the minute's boundary.
    variant
        `removed`, or `replaced` by other values under the same keys, with further dividends,
        splits, events, index levels and rates that nobody knew at the instant.
    """

    instant: dt.datetime
    inside_bar: bool
    variant: Variant


def plan_cuts(lake: Lake, cuts: int, seed: int) -> tuple[Cut, ...]:
    """Return random cuts of a lake: `cuts` instants, each once with either variant.

    The instants alternate: inside a bar of a session, and between two sessions (of these every
    second one in the quarter of an hour after the close, when bars are known and the day's
    index levels are not). They lie in the later half of the lake.

    Raises
    ------
    AuditError
        When the lake has too few sessions, or no cut is asked for.
    """
    if cuts < 1:
        raise AuditError(f"An audit with {cuts} cuts says nothing.", "Ask for one or more.")
    days = sorted({day for name in DATASETS for day in lake.days(name)})
    sessions = calendar.between(days[0], days[-1]).to_pylist() if days else []
    present = set(days)
    sessions = [session for session in sessions if session["session_date"] in present]
    if len(sessions) < _FEWEST_SESSIONS:
        raise AuditError(
            f"The lake at {lake.root} has {len(sessions)} sessions, too few to cut.",
            f"Fill it with {_FEWEST_SESSIONS} or more.",
        )
    planned: list[Cut] = []
    for number in range(cuts):
        rng = np.random.default_rng([seed, number])
        at = int(rng.integers(len(sessions) // 2, len(sessions) - 2))
        session, following = sessions[at], sessions[at + 1]
        inside = number % 2 == 0
        if inside:
            minute = int(rng.integers(0, session["minutes"]))
            instant = session["open_at"] + dt.timedelta(
                minutes=minute, microseconds=int(rng.integers(1, 60_000_000))
            )
        else:
            evening = number % 4 == 1
            length = _EVENING if evening else following["open_at"] - session["close_at"]
            share = float(rng.uniform(0.01, 0.99))
            instant = session["close_at"] + share * length
        planned += [Cut(instant, inside, variant) for variant in VARIANTS]
    return tuple(planned)


@dataclass(frozen=True)
class CutCounts:
    """Rows of the lake that a cut left as they were, and those that it took or changed."""

    kept: int
    changed: int


def cut_lake(source: Lake, folder: Path, cut: Cut, seed: int = 0) -> CutCounts:
    """Write to `folder` the lake as it was at the cut's instant.

    Parameters
    ----------
    source
        The lake; it is only read.
    folder
        Where the new lake goes; what was there is deleted.
    cut
        The instant and the variant.
    seed
        Seed of the values that replace what came later.
    """
    if folder.exists():
        shutil.rmtree(folder)
    target = Lake(folder)
    kept = changed = 0
    for dataset in DATASETS.values():
        (folder / dataset.name).mkdir(parents=True)
        for day in source.days(dataset.name):
            path = source.day_path(dataset.name, day)
            rows, first, last = _known_span(path)
            if last is not None and last <= cut.instant:
                _link(path, target.day_path(dataset.name, day))
                kept += rows
                continue
            if first is not None and first > cut.instant and cut.variant == "removed":
                changed += rows
                continue
            table = source.read_day(dataset.name, day)
            later = _later(table, cut.instant)
            table = _without_future(
                table, later, cut, _CHANGES[dataset.name], _generator(seed, dataset.name, day)
            )
            if table.num_rows:
                target.write_day(dataset.name, day, table, in_order=True)
            changed += int(later.sum())
            kept += len(later) - int(later.sum())
    _link_manifest(source, folder)
    symbols = _symbols(source)
    target.prepare()
    for name in REFERENCES:
        table = source.read_reference(name)
        later = _later(table, cut.instant)
        rng = _generator(seed, name, cut.instant)
        table = _without_future(table, later, cut, _CHANGES[name], rng)
        if cut.variant == "replaced":
            table = pa.concat_tables([table, _late_rows(name, table, symbols, cut.instant, rng)])
        target.merge_reference(name, table)
        changed += int(later.sum())
        kept += len(later) - int(later.sum())
    return CutCounts(kept, changed)


# -- files -----------------------------------------------------------------------------------


def _known_span(path: Path) -> tuple[int, dt.datetime | None, dt.datetime | None]:
    """Return a day file's rows and its first and last `known_at`, if its statistics say so."""
    metadata = pq.read_metadata(path)
    column = metadata.schema.to_arrow_schema().get_field_index("known_at")
    spans = []
    for group in range(metadata.num_row_groups if column >= 0 else 0):
        statistics = metadata.row_group(group).column(column).statistics
        if statistics is None or not statistics.has_min_max or statistics.null_count != 0:
            return metadata.num_rows, None, None
        spans.append((statistics.min, statistics.max))
    if not spans:
        return metadata.num_rows, None, None
    return metadata.num_rows, min(low for low, _ in spans), max(high for _, high in spans)


def _link(path: Path, target: Path) -> None:
    """Give a file another name: a hard link, or across file systems a symbolic one."""
    try:
        target.hardlink_to(path)
    except OSError:
        target.symlink_to(path.resolve())


def _link_manifest(source: Lake, folder: Path) -> None:
    """Hand over the content hashes; linked files keep size and change time, so they hold."""
    (folder / "_manifest").mkdir(parents=True, exist_ok=True)
    for name in DATASETS:
        manifest = source.root / "_manifest" / f"{name}.json"
        if manifest.exists():
            shutil.copyfile(manifest, folder / "_manifest" / manifest.name)


def _symbols(lake: Lake) -> list[str]:
    """Return the symbols of the lake's last day of stocks."""
    days = lake.days("stocks")
    if not days:
        return []
    column = pq.read_table(lake.day_path("stocks", days[-1]), columns=["symbol"])["symbol"]
    found: list[str] = sorted(pc.unique(column).to_pylist())
    return found


def _generator(*parts: object) -> np.random.Generator:
    digest = hashlib.blake2b("|".join(map(str, parts)).encode(), digest_size=16)
    return np.random.default_rng(int.from_bytes(digest.digest(), "little"))


# -- rows ------------------------------------------------------------------------------------

Numbers = NDArray[Any]
Change = Callable[[pa.Table, np.random.Generator], dict[str, Numbers | pa.Array]]


def _later(table: pa.Table, instant: dt.datetime) -> NDArray[np.bool_]:
    """Return which rows were not known at the instant; a row of unknown time never was."""
    known = pc.less_equal(table["known_at"], pa.scalar(instant, table["known_at"].type))
    later: NDArray[np.bool_] = pc.invert(pc.fill_null(known, False)).to_numpy().astype(bool)
    return later


def _without_future(
    table: pa.Table, later: NDArray[np.bool_], cut: Cut, change: Change, rng: np.random.Generator
) -> pa.Table:
    """Return the rows with the later ones removed or changed, in the same order."""
    if not later.any():
        return table
    if cut.variant == "removed":
        return table.filter(pa.array(~later))
    mask = pa.array(later)
    for name, values in change(table, rng).items():
        at = table.schema.get_field_index(name)
        field = table.schema.field(at)
        old = table[name].combine_chunks()
        new = values if isinstance(values, pa.Array) else pa.array(values, from_pandas=True)
        new = new.cast(field.type)
        # A value that is not there stays unknown: another value is not another kind of row.
        taken = pc.and_(mask, pc.is_valid(old))
        table = table.set_column(at, field, pc.if_else(taken, new, old))
    return table


def _numbers(table: pa.Table, name: str) -> NDArray[np.float64]:
    values: NDArray[np.float64] = table[name].cast(pa.float64()).to_numpy()
    return values


def _factor(table: pa.Table, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return one factor a row, never near 1, so that its prices keep their order."""
    away = rng.uniform(0.1, 0.6, table.num_rows)
    up = rng.random(table.num_rows) < 0.5
    factor: NDArray[np.float64] = np.where(up, 1.0 + away, 1.0 / (1.0 + away))
    return factor


def _scaled(*names: str) -> Change:
    def change(table: pa.Table, rng: np.random.Generator) -> dict[str, Numbers | pa.Array]:
        factor = _factor(table, rng)
        return {name: _numbers(table, name) * factor for name in names}

    return change


def _counted(table: pa.Table, rng: np.random.Generator, *names: str) -> dict[str, Numbers]:
    """Return whole numbers that are larger than they were."""
    old = {name: np.nan_to_num(_numbers(table, name)) for name in names}
    return {
        name: np.floor(values * rng.uniform(1.1, 3.0, table.num_rows))
        + rng.integers(1, 100, table.num_rows)
        for name, values in old.items()
    }


def _other_stocks(table: pa.Table, rng: np.random.Generator) -> dict[str, Numbers | pa.Array]:
    prices = _scaled("open", "high", "low", "close", "vwap")(table, rng)
    counts = _counted(table, rng, "volume", "transactions")
    counts["transactions"] = counts["transactions"].astype(np.int64)
    return {**prices, **counts}


def _other_options(table: pa.Table, rng: np.random.Generator) -> dict[str, Numbers | pa.Array]:
    prices = _scaled("open", "high", "low", "close", "bid", "ask")(table, rng)
    counts = _counted(table, rng, "volume", "transactions", "bid_size", "ask_size", "open_interest")
    counts["transactions"] = counts["transactions"].astype(np.int64)
    measures = {
        "vendor_iv": _numbers(table, "vendor_iv") * _factor(table, rng),
        "vendor_delta": _numbers(table, "vendor_delta") * rng.uniform(0.3, 0.8, table.num_rows),
        "underlying_price": _numbers(table, "underlying_price") * _factor(table, rng),
    }
    return {**prices, **counts, **measures}


def _other_splits(table: pa.Table, rng: np.random.Generator) -> dict[str, Numbers | pa.Array]:
    return {"numerator": _numbers(table, "numerator") + rng.integers(1, 5, table.num_rows)}


def _other_rates(table: pa.Table, rng: np.random.Generator) -> dict[str, Numbers | pa.Array]:
    return {"rate": _numbers(table, "rate") + rng.uniform(0.01, 0.03, table.num_rows)}


def _other_events(table: pa.Table, rng: np.random.Generator) -> dict[str, Numbers | pa.Array]:
    days = rng.integers(1, 5, table.num_rows).astype("timedelta64[D]")
    dates = table["date"].to_numpy().astype("datetime64[D]") + days
    return {"date": pa.array(dates, pa.date32())}


_CHANGES: dict[str, Change] = {
    "stocks": _other_stocks,
    "options": _other_options,
    "dividends": _scaled("amount"),
    "splits": _other_splits,
    "rates": _other_rates,
    "index_levels": _scaled("open", "high", "low", "close"),
    "events": _other_events,
}


def _late_rows(
    name: str,
    table: pa.Table,
    symbols: list[str],
    instant: dt.datetime,
    rng: np.random.Generator,
) -> pa.Table:
    """Return rows that became known just after the instant, about days before and after it.

    Dividends and splits with an ex-date before it came too late to count; index levels and
    rates of earlier days from another source are revisions that nobody had.
    """
    schema = REFERENCES[name].schema
    known_at = instant + dt.timedelta(microseconds=1)
    around = _sessions_around(instant)
    rows: list[dict[str, Any]] = []
    if name == "dividends":
        rows = [
            {
                "symbol": symbol,
                "ex_date": day,
                "amount": float(rng.uniform(0.3, 0.9)),
                "declared_date": instant.date(),
            }
            for symbol in symbols
            for day in around
        ]
    elif name == "splits":
        rows = [
            {"symbol": symbol, "ex_date": day, "numerator": 3.0, "denominator": 2.0}
            for symbol in symbols
            for day in around
        ]
    elif name == "events":
        kinds = sorted(set(table["event"].to_pylist()))
        rows = [{"event": kind, "date": day, "time": "10:00"} for kind in kinds for day in around]
    elif table.num_rows:  # revisions of the last known days, in the future's words
        day = "session_date" if name == "index_levels" else "date"
        values = ("open", "high", "low", "close") if name == "index_levels" else ("rate",)
        known = table.filter(pa.array(~_later(table, instant)))
        last = known.filter(pc.is_in(known[day], pa.array(around, pa.date32())))
        rows = last.to_pylist()
        for row in rows:
            for value in values:
                row[value] = None if row[value] is None else row[value] * 1.25
    for row in rows:
        row.update(source=LATE_SOURCE, known_at=known_at)
    return pa.Table.from_pylist(rows, schema)


def _sessions_around(instant: dt.datetime) -> list[dt.date]:
    """Return two sessions before the instant's day, the day's own, and some after it."""
    day = instant.date()
    window = dt.timedelta(days=10)
    days = calendar.between(day - window, day + window)["session_date"].to_pylist()
    before = [session for session in days if session < day][-2:]
    after = [session for session in days if session >= day]
    return [*before, *after[:3], after[-1]]
