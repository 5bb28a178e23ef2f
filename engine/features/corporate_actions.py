"""Dividends and splits: which of them count, from which session, and why the others do not.

An event counts when it was known as its ex session opened, and once. Every decision uses what
was known at that open, so none is taken back when more becomes known; the one exception is said
at `_is_unadjusted`.

- **Dividends.** Several distributions on one ex-date all count; a row that says the same again
  (amount and day of announcement) is a duplicate. Of several sources of one ex-date the first in
  priority counts, whole.
- **Splits.** Equal ratios of different sources within 45 days are one split (announced and
  effective, or a day apart). The source first in priority says when; of sources of one rank the
  later date, because an announcement comes before its effect. What was applied stays applied: a
  better source that speaks after the fact comes too late.
- A dividend that is not less than the close before it is not applied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Dates = NDArray[np.datetime64]

UTC = pa.timestamp("us", tz="UTC")

DIVIDEND, SPLIT = 0, 1  # on one date the dividend is per share before the split
DATASETS = ("dividends", "splits")

JUDGED_SCHEMA = pa.schema(
    [
        ("dataset", pa.string()),
        ("symbol", pa.string()),
        ("ex_date", pa.date32()),
        ("source", pa.string()),
        ("entry", pa.int64()),
        ("value", pa.float64()),
        ("reason", pa.string()),
    ]
)

# Reasons, as in seeds/reason_codes.csv.
LATE = "known_too_late"
INVALID = "non_positive_price"
DUPLICATE = "duplicate"
CONFLICT = "conflicting_duplicate"
OTHER_SOURCE = "other_source"
EXCEEDS_PRICE = "exceeds_price"
BASIS_CHANGED = "basis_changed"

_SAME_SPLIT = np.timedelta64(45, "D")
_SAME_RATIO = 1e-3
_CLEAR_SPLIT = 0.2  # |log ratio| above which a split shows in the price beyond doubt
_LAST_RANK = 100  # of sources that seeds/source_priority.csv does not name


@dataclass
class Event:
    """A dividend or split of one symbol.

    Parameters
    ----------
    symbol, kind, value, ex_date, source
        What happened; `value` is dollars a share, or new shares for one old.
    entry
        Number of the row among those of its symbol, date and source.
    rank
        Place of the source in priority.
    known
        When it was known; NaT for never.
    declared
        Day of the announcement, where the source says it.
    session
        Position of the session from which it counts; the calendar's length when beyond it.
    reason
        Why it is not applied as it stands; None when it is.
    is_unadjusted
        Of a split: the bars continue a history that was adjusted before this split.
    is_repeat
        Of a split: another row is the same split.
    """

    symbol: str
    kind: int
    value: float
    ex_date: np.datetime64
    source: str
    entry: int
    rank: int
    known: np.datetime64
    declared: Any
    session: int
    reason: str | None
    is_unadjusted: bool = False
    is_repeat: bool = False

    @property
    def counts(self) -> bool:
        """Whether it changes prices: as it stands, or where the file was not adjusted."""
        return self.reason is None or self.reason == BASIS_CHANGED


@dataclass(frozen=True)
class Actions:
    """One symbol's judged events, in the order in which they count."""

    events: tuple[Event, ...]

    @property
    def due(self) -> list[Event]:
        """Those that count."""
        return [event for event in self.events if event.counts]

    def divided_by(self, ex_date: np.datetime64) -> float:
        """Return by how much a file adjusted for splits has divided prices before `ex_date`.

        A vendor adjusts for every split it knows of, also for one that came too late for us.
        """
        ratio = 1.0
        for event in self.events:
            is_split = event.kind == SPLIT and event.reason in (None, LATE)
            if is_split and not event.is_repeat and event.ex_date > ex_date:
                ratio *= event.value
        return ratio


NO_ACTIONS = Actions(())


def actions_of(
    bars: Mapping[str, Mapping[str, NDArray[Any]]],
    days: Dates,
    opens: NDArray[np.datetime64],
    dividends: pa.Table,
    splits: pa.Table,
) -> dict[str, Actions]:
    """Judge the events of each symbol.

    Parameters
    ----------
    bars
        Each symbol's day bars in order: `day, open, close, price_basis, source`.
    days, opens
        The calendar's sessions and their opens.
    dividends, splits
        The lake's reference tables, as staged; an event that carries a `reject_reason` keeps it.
    """
    found: dict[str, list[Event]] = {}
    for kind, table in ((DIVIDEND, dividends), (SPLIT, splits)):
        for event in _read(table, kind, days, opens):
            found.setdefault(event.symbol, []).append(event)
    judged = {}
    for symbol, events in found.items():
        events.sort(key=_order)
        _judge_dividends([event for event in events if event.kind == DIVIDEND])
        _judge_splits([event for event in events if event.kind == SPLIT], opens)
        actions = Actions(tuple(events))
        if symbol in bars:
            _judge_by_prices(actions, bars[symbol], days)
        judged[symbol] = actions
    return judged


def judge_events(
    daily: pa.Table, sessions: pa.Table, dividends: pa.Table, splits: pa.Table
) -> pa.Table:
    """List every dividend and split with the reason that keeps it from being applied.

    Parameters
    ----------
    daily, sessions, dividends, splits
        As for `engine.features.panel.build_panel`.

    Returns
    -------
    pyarrow.Table
        `JUDGED_SCHEMA`; `reason` is null for events that count. `basis_changed` counts as well:
        the source's bars go on without the adjustment that those before have.
    """
    sessions = sessions.sort_by("session_date")
    days: Dates = sessions["session_date"].to_numpy().astype("datetime64[D]")
    opens = sessions["open_at"].cast(UTC).to_numpy().astype("datetime64[us]")
    actions = actions_of(bars_of(daily), days, opens, dividends, splits)
    events = [event for symbol in sorted(actions) for event in actions[symbol].events]
    return pa.table(
        {
            "dataset": [DATASETS[event.kind] for event in events],
            "symbol": [event.symbol for event in events],
            "ex_date": pa.array(np.array([event.ex_date for event in events], "datetime64[D]")),
            "source": [event.source for event in events],
            "entry": [event.entry for event in events],
            "value": [event.value for event in events],
            "reason": [event.reason for event in events],
        },
        schema=JUDGED_SCHEMA,
    )


def bars_of(daily: pa.Table) -> dict[str, dict[str, NDArray[Any]]]:
    """Return each symbol's day bars as `actions_of` reads them."""
    return dict(by_symbol(daily, "open", "close", "source", "price_basis"))


def by_symbol(table: pa.Table, *names: str) -> Iterator[tuple[str, dict[str, NDArray[Any]]]]:
    """Yield each symbol's columns by session, with `day` and the place `row` in the table."""
    table = table.select(["symbol", "session_date", *names])
    table = table.append_column("row", pa.array(np.arange(table.num_rows)))
    table = table.sort_by([("symbol", "ascending"), ("session_date", "ascending")])
    symbols = table["symbol"].to_numpy()
    is_first = np.append(True, symbols[1:] != symbols[:-1])[: len(symbols)]
    starts = np.flatnonzero(is_first).tolist()
    columns = {name: table[name].to_numpy() for name in ("row", *names)}
    columns["day"] = table["session_date"].to_numpy().astype("datetime64[D]")
    for start, stop in zip(starts, [*starts[1:], len(symbols)][: len(starts)], strict=True):
        yield symbols[start], {name: values[start:stop] for name, values in columns.items()}


def _read(
    table: pa.Table, kind: int, days: Dates, opens: NDArray[np.datetime64]
) -> Iterator[Event]:
    entries: dict[tuple[str, Any, Any], int] = {}
    for row in table.to_pylist():
        if kind == DIVIDEND:
            value = row["amount"]
        else:
            value = (row["numerator"] or 0.0) / (row["denominator"] or np.nan)
        value = np.nan if value is None else float(value)
        ex_date = np.datetime64(row["ex_date"], "D")
        session = int(np.searchsorted(days, ex_date))
        known = row["known_at"]
        instant = np.datetime64(known.replace(tzinfo=None) if known else "NaT", "us")
        reason = row.get("reject_reason")
        if reason is None and not (value > 0.0 and np.isfinite(value)):
            reason = INVALID
        if reason is None and session < len(days) and not instant <= opens[session]:
            reason = LATE
        rank = row.get("source_priority")
        key = (row["symbol"], row["ex_date"], row["source"])
        entries[key] = entries.get(key, 0) + 1
        yield Event(
            symbol=row["symbol"],
            kind=kind,
            value=value,
            ex_date=ex_date,
            source=row["source"] or "",
            entry=row.get("entry") or entries[key],
            rank=_LAST_RANK if rank is None else rank,
            known=instant,
            declared=row.get("declared_date"),
            session=session,
            reason=reason,
        )


def _order(event: Event) -> tuple[Any, ...]:
    """Return the order in which events count; nothing is left to the order of the rows."""
    return (event.session, event.kind, event.ex_date, event.rank, event.source, event.entry)


def _judge_dividends(events: list[Event]) -> None:
    """Of each session keep the distributions of one source, each once."""
    kept: dict[int, str] = {}
    seen: set[tuple[Any, ...]] = set()
    for event in sorted(events, key=lambda e: (e.session, e.rank, e.source, e.ex_date, e.entry)):
        if event.reason is not None:
            continue
        if kept.setdefault(event.session, event.source) != event.source:
            event.reason = OTHER_SOURCE
            continue
        said = (event.source, event.ex_date, event.value, event.declared)
        if said in seen:
            event.reason = DUPLICATE
        seen.add(said)


def _judge_splits(events: list[Event], opens: NDArray[np.datetime64]) -> None:
    """Keep one of the rows that are the same split; `events` are in order."""
    usable = [event for event in events if event.reason is None]
    applied: list[Event] = []
    for place, event in enumerate(usable):
        if any(_is_same(event, other) for other in applied):
            event.reason = OTHER_SOURCE
            continue
        own = [e for e in applied if e.source == event.source and e.ex_date == event.ex_date]
        if own:
            event.reason = DUPLICATE if own[0].value == event.value else CONFLICT
            continue
        better = (
            other
            for other in usable[place + 1 :]
            if _is_same(event, other)
            and _standing(other) < _standing(event)
            and event.session < len(opens)
            and other.known <= opens[event.session]
        )
        if any(better):
            event.reason = OTHER_SOURCE
            continue
        applied.append(event)
    # a split that came too late is in the vendor's prices all the same: count it once
    for event in events:
        if event.reason == LATE:
            event.is_repeat = any(_is_same(event, other) for other in applied)
            if not event.is_repeat:
                applied.append(event)


def _is_same(one: Event, other: Event) -> bool:
    """Return whether two sources speak of one split."""
    if one.source == other.source:
        return False
    is_near = abs(one.ex_date - other.ex_date) <= _SAME_SPLIT
    is_equal = abs(one.value - other.value) <= _SAME_RATIO * one.value
    return bool(one.session == other.session or (is_near and is_equal))


def _standing(event: Event) -> tuple[int, int, str]:
    """Return what decides between two sources: the least counts."""
    return event.rank, -int(event.ex_date.astype(np.int64)), event.source


def _judge_by_prices(actions: Actions, bars: Mapping[str, NDArray[Any]], days: Dates) -> None:
    """Judge what only the prices tell."""
    at = np.searchsorted(days, bars["day"])
    for event in actions.events:
        if event.kind == SPLIT and event.reason is None and _is_unadjusted(event, bars, at):
            event.is_unadjusted = True
            event.reason = BASIS_CHANGED
    last, before = -1, np.nan
    for event in actions.events:
        bar = int(np.searchsorted(at, event.session)) - 1  # the last before the ex session
        if bar < 0 or not event.counts:
            continue
        if bar != last:
            last, before = bar, float(bars["close"][bar])
        basis = bars["price_basis"][bar]
        if event.kind == SPLIT:
            before /= event.value if basis == "raw" or event.is_unadjusted else 1.0
        elif basis != "total_return":
            amount = dollars(event, basis, actions)
            if amount < before:
                before -= amount
            else:
                event.reason = EXCEEDS_PRICE


def dollars(event: Event, basis: str, actions: Actions) -> float:
    """Return a dividend in the prices of a basis."""
    if basis == "split_adjusted":
        return event.value / actions.divided_by(event.ex_date)
    return event.value


def _is_unadjusted(event: Event, bars: Mapping[str, NDArray[Any]], at: NDArray[np.int64]) -> bool:
    """Return whether adjusted bars jump by a split: they were fetched before and after it.

    A file is adjusted for the splits before the day it was fetched. Days of the same source that
    are appended after the next split stand on another level. The jump itself shows it, once the
    first bar after the split has closed.
    """
    bar = int(np.searchsorted(at, event.session))
    if not 0 < bar < len(at) or bars["price_basis"][bar] == "raw":
        return False
    for name in ("source", "price_basis"):
        if bars[name][bar] != bars[name][bar - 1]:
            return False
    size = float(np.log(event.value))
    opened = float(bars["open"][bar])
    opened = opened if np.isfinite(opened) else float(bars["close"][bar])
    gap = float(np.log(opened / float(bars["close"][bar - 1])))
    return abs(size) > _CLEAR_SPLIT and abs(gap + size) < abs(gap)
