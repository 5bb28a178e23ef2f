"""Faults of real vendor files, injected into simulated rows and written down one by one.

Each kind of fault appears at least once in any dozen consecutive sessions. The list of faults
names what staging must say of each, so a test can compare it with the warehouse's rejects.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.lake.schema import DATASETS, DAY_SECONDS, REFERENCES, UTC
from engine.lake.simulate.randomness import Stream, generator
from engine.lake.simulate.stocks import SOURCE
from engine.lake.simulate.timeline import Timeline
from engine.lake.store import stable_sort
from engine.market import calendar

Row = dict[str, Any]

CHANCE = 0.08  # that a kind of fault appears in a session beyond its turn
TURNS = 12  # sessions in which each kind has its turn
LATE = "sim_late"  # source of events that became known too late
FOREIGN = "ZZZQ"  # a symbol outside every universe
MISSING_MINUTES = 10

FAULTS_SCHEMA = pa.schema(
    [
        ("dataset", pa.string()),
        ("session_date", pa.date32()),  # of the day file
        ("entity", pa.string()),  # symbol or contract
        ("source", pa.string()),
        ("bar_seconds", pa.int32()),
        ("ts", UTC),
        ("reason", pa.string()),
        ("is_rejected", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class Fault:
    """One kind of fault.

    Parameters
    ----------
    reason
        What staging must call it, or what it is where rows stay.
    change
        From a good row to the bad one.
    is_added
        The bad row comes beside the good one instead of in its place.
    is_rejected
        Staging rejects exactly one row for it.
    source
        Only rows of this source are taken, if given.
    """

    reason: str
    change: Callable[[Row], Row]
    is_added: bool = False
    is_rejected: bool = True
    source: str | None = None


def _with(**values: object) -> Callable[[Row], Row]:
    return lambda row: {**row, **values}


def _moved(row: Row, hours: float) -> Row:
    span = dt.timedelta(hours=hours)
    return {**row, "ts": row["ts"] + span, "known_at": row["known_at"] + span}


def _before_hours(row: Row) -> Row:
    local = row["ts"].astimezone(ZoneInfo(calendar.ZONE))
    return {**_moved(row, 3.25 - local.hour - local.minute / 60.0), "segment": "pre"}


def _renamed(row: Row, root: str, underlying: str) -> Row:
    tail = row["symbol"][len("O:" + row["root"]) :]
    return {**row, "root": root, "underlying": underlying, "symbol": f"O:{root}{tail}"}


def _expired(row: Row) -> Row:
    day = row["ts"].date() - dt.timedelta(days=3)
    symbol = row["symbol"]
    head = len("O:" + row["root"])
    return {
        **row,
        "expiration": day,
        "dte": -3,
        "symbol": symbol[:head] + day.strftime("%y%m%d") + symbol[head + 6 :],
    }


def _flat(row: Row) -> Row:
    price = row["close"]
    return {
        **row, "open": price, "high": price, "low": price, "vwap": price, "volume": 0.0,
        "transactions": 0,
    }  # fmt: skip


def _no_strike(row: Row) -> Row:
    return {**row, "strike": row["strike"] * 0, "symbol": row["symbol"][:-8] + "00000000"}


def _lifted(row: Row) -> Row:
    """Return a quote that its neighbours contradict: no contract gains a quarter of its strike."""
    by = round(row["ask"] + 0.25 * float(row["strike"]), 2)
    return {**row, "bid": round(row["bid"] + by, 2), "ask": round(row["ask"] + by, 2)}


STOCK_FAULTS = (
    Fault("duplicate", _with(), is_added=True),
    Fault(
        "conflicting_duplicate", lambda row: {**row, "volume": row["volume"] + 100.0}, is_added=True
    ),
    Fault("bad_ohlc", lambda row: {**row, "high": round(row["low"] - 0.01, 2)}),
    Fault("non_positive_price", _with(low=0.0)),
    Fault("null_price", _with(close=None)),
    Fault("negative_volume", lambda row: {**row, "volume": -row["volume"]}),
    Fault("outside_hours", _before_hours, is_added=True),
    Fault("wrong_date", lambda row: _moved(row, -48.0), is_added=True),
    Fault(
        "known_before_bar",
        lambda row: {**row, "known_at": row["ts"] - dt.timedelta(seconds=60)},
    ),
    Fault("out_of_universe", _with(symbol=FOREIGN), is_added=True, is_rejected=False),
    Fault("flat_bar", _flat, is_rejected=False),
)
OPTION_FAULTS = (
    Fault("duplicate", _with(), is_added=True),
    Fault(
        "conflicting_duplicate", lambda row: {**row, "volume": row["volume"] + 10.0}, is_added=True
    ),
    Fault(
        "bad_ohlc", lambda row: {**row, "high": round(row["low"] - 0.005, 3)}, source="sim_trades"
    ),
    Fault("non_positive_price", _with(low=0.0), source="sim_trades"),
    Fault("negative_volume", _with(volume=-1.0)),
    Fault(
        "wrong_date", lambda row: _moved(row, -48.0), is_added=True
    ),
    Fault(
        "known_before_bar", lambda row: {**row, "known_at": row["ts"] - dt.timedelta(seconds=60)}
    ),
    Fault(
        "unknown_root",
        lambda row: _renamed(row, row["root"] + "Q", row["underlying"]),
        is_added=True,
    ),
    Fault(
        "adjusted_contract",
        lambda row: _renamed(row, row["root"] + "1", row["underlying"]),
        is_added=True,
    ),
    Fault("out_of_universe", lambda row: _renamed(row, FOREIGN, FOREIGN), is_added=True,
          is_rejected=False),
    Fault("expired", _expired, is_added=True),
    Fault("bad_strike", _no_strike, is_added=True),
    Fault("bad_option_type", _with(option_type="X"), is_added=True),
    Fault(
        "crossed", lambda row: {**row, "bid": round(row["ask"] + 0.05, 2)}, is_rejected=False,
        source="sim_quotes",
    ),
    Fault("arbitrage", _lifted, is_rejected=False, source="sim_quotes"),
)  # fmt: skip
_KINDS = {"stocks": STOCK_FAULTS, "options": OPTION_FAULTS}


@dataclass(frozen=True)
class Spoiled:
    """A day file's rows with faults in them, and the faults."""

    table: pa.Table
    faults: pa.Table


def spoil(dataset: str, line: Timeline, seed: int, t: int, table: pa.Table) -> Spoiled:
    """Return session t's rows of a data set with faults injected."""
    random = generator(seed, Stream.FAULTS, t, list(_KINDS).index(dataset))
    day = line.days[t]
    kinds = _KINDS[dataset]
    has_turn = [t % TURNS == k % TURNS or random.random() < CHANCE for k in range(len(kinds))]
    gap_draw, gone_draw, symbol_draw = random.random(3)
    records: list[Row] = []
    is_daily = dataset == "stocks" and table["bar_seconds"][0].as_py() == DAY_SECONDS
    if dataset == "stocks":
        symbols = pc.unique(table["symbol"]).to_pylist()
        victim = symbols[int(symbol_draw * len(symbols))]
        if t % TURNS == 3 or gone_draw < 0.02:
            table = table.filter(pc.not_equal(table["symbol"], victim))
            records.append(_record(dataset, day, _absent(victim), "missing_session", False))
        elif t % TURNS == 5 or gap_draw < CHANCE:
            gap = line.opens[t] + np.timedelta64(60 + int(gap_draw * 60), "m")
            table, gone = _without_minutes(table, victim, gap)
            records += [_record(dataset, day, row, "missing_bar", False) for row in gone]
    removed: list[int] = []
    bad: list[Row] = []
    taken: set[int] = set()
    for kind, is_on in zip(kinds, has_turn, strict=True):
        row_at = int(random.random() * table.num_rows)
        if not is_on or not table.num_rows or (is_daily and kind.reason == "outside_hours"):
            continue
        found = _candidate(dataset, table, row_at, kind, taken)
        if found is None:
            continue
        taken.add(found)
        good = table.slice(found, 1).to_pylist()[0]
        row = kind.change(good)
        bad.append(row)
        if not kind.is_added:
            removed.append(found)
        records.append(_record(dataset, day, row, kind.reason, kind.is_rejected))
    if bad:
        kept = np.ones(table.num_rows, bool)
        kept[removed] = False
        spec = DATASETS[dataset]
        added = pa.Table.from_pylist(bad, schema=spec.schema)
        table = stable_sort(pa.concat_tables([table.filter(pa.array(kept)), added]), spec.sort)
    return Spoiled(table, pa.Table.from_pylist(records, schema=FAULTS_SCHEMA))


def off_session(
    dataset: str, line: Timeline, seed: int, t: int, table: pa.Table
) -> tuple[dt.date, Spoiled] | None:
    """Return a file for a day without trading after session t, now and then.

    Its rows are session t's, stamped with the wrong day, as vendors write on holidays.
    """
    day, following = line.days[t], line.days[t + 1]
    if (following - day).days < 2:
        return None
    if day.isocalendar().week % 4 and generator(seed, Stream.FAULTS, t, 10).random() > CHANCE:
        return None
    wrong = day + dt.timedelta(days=1)
    rows = [
        _moved(row, 24.0) for row in table.slice(0, table.num_rows // 2).slice(0, 25).to_pylist()
    ]
    records = [_record(dataset, wrong, row, "not_a_session", True) for row in rows]
    schema = DATASETS[dataset].schema
    return wrong, Spoiled(
        pa.Table.from_pylist(rows, schema=schema),
        pa.Table.from_pylist(records, schema=FAULTS_SCHEMA),
    )


def late_events(line: Timeline, members: tuple[str, ...]) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Return a dividend and a split that became known too late, and both as faults.

    Prices never moved for them; they must not be applied.
    """
    dividends, splits, records = [], [], []
    for ex in range(6, line.count, 40):
        symbol = members[ex % len(members)]
        known = calendar.local_to_utc(line.days[ex] + dt.timedelta(days=2), 12, 0)
        event = {"symbol": symbol, "ex_date": line.days[ex], "source": LATE, "known_at": known}
        if ex % 80 == 6:
            dividends.append({**event, "amount": 0.11, "declared_date": line.days[ex + 1]})
            dataset = "dividends"
        else:
            splits.append({**event, "numerator": 3.0, "denominator": 1.0})
            dataset = "splits"
        row = {**_absent(symbol), "source": LATE}
        records.append(_record(dataset, line.days[ex], row, "known_too_late", True))
    return (
        pa.Table.from_pylist(dividends, schema=REFERENCES["dividends"].schema),
        pa.Table.from_pylist(splits, schema=REFERENCES["splits"].schema),
        pa.Table.from_pylist(records, schema=FAULTS_SCHEMA),
    )


def _candidate(
    dataset: str, table: pa.Table, start: int, kind: Fault, taken: set[int]
) -> int | None:
    """Return the first usable row from `start` on (around the end), or None."""
    n = int(table.num_rows)
    for step in range(n):
        row: int = (start + step) % n
        if row in taken:
            continue
        if kind.source is not None and table["source"][row].as_py() != kind.source:
            continue
        if dataset == "stocks" and table["segment"][row].as_py() not in ("regular", "day"):
            continue
        return row
    return None


def _without_minutes(
    table: pa.Table, symbol: str, first: np.datetime64
) -> tuple[pa.Table, list[Row]]:
    """Return the rows without some minutes of a symbol, and those minutes."""
    stamps = table["ts"].cast(pa.int64()).to_numpy()
    begin = first.astype("datetime64[us]").astype(np.int64)
    gap = (stamps >= begin) & (stamps < begin + MISSING_MINUTES * 60_000_000)
    gap &= pc.equal(table["symbol"], symbol).to_numpy()
    return table.filter(pa.array(~gap)), table.filter(pa.array(gap)).to_pylist()


def _absent(symbol: str) -> Row:
    return {"symbol": symbol, "source": SOURCE, "bar_seconds": None, "ts": None}


def _record(dataset: str, day: dt.date, row: Row, reason: str, is_rejected: bool) -> Row:
    return {
        "dataset": dataset,
        "session_date": day,
        "entity": row["symbol"],
        "source": row["source"],
        "bar_seconds": row["bar_seconds"],
        "ts": row["ts"],
        "reason": reason,
        "is_rejected": is_rejected,
    }
