"""The panel: every symbol's bars on the calendar, with forward adjustment factors.

The factor begins at 1 on a symbol's first bar and changes only from an event's ex session on, so
a dividend or a split never changes a row that came before it. (Backward adjustment, the usual
way, rewrites all of history at each event, and with it every number computed from history.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.errors import BuildError
from engine.features.corporate_actions import (
    NO_ACTIONS,
    SPLIT,
    Actions,
    Event,
    actions_of,
    bars_of,
    by_symbol,
    dollars,
)

Floats = NDArray[np.float64]
Dates = NDArray[np.datetime64]

UTC = pa.timestamp("us", tz="UTC")

PANEL_SCHEMA = pa.schema(
    [
        ("symbol", pa.string()),
        ("session_date", pa.date32()),
        ("known_at", UTC),
        ("open", pa.float64()),
        ("high", pa.float64()),
        ("low", pa.float64()),
        ("close", pa.float64()),
        ("volume", pa.float64()),
        ("raw_open", pa.float64()),
        ("raw_high", pa.float64()),
        ("raw_low", pa.float64()),
        ("raw_close", pa.float64()),
        ("raw_volume", pa.float64()),
        ("vwap", pa.float64()),
        ("dollar_volume", pa.float64()),
        ("transactions", pa.int64()),
        ("factor", pa.float64()),
        ("split_factor", pa.float64()),
        ("price_basis", pa.string()),
        ("source", pa.string()),
        ("bar_source", pa.string()),
        ("coverage", pa.float64()),
        ("reason", pa.string()),
    ]
)

MISSING_BAR = "missing_bar"
SOURCE_CHANGED = "source_changed"

_PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True)
class Bars:
    """One symbol's bars on a grid without holes: a missing bar is a row of NaN.

    Parameters
    ----------
    symbol
        The symbol.
    time
        The grid: sessions here, bar opens on a faster grid; shape (n,).
    open, high, low, close
        Forward-adjusted prices, shape (n,).
    volume
        Shares in the units of the first bar (split-adjusted), shape (n,).
    raw_close, raw_volume, vwap
        As traded, shape (n,).
    dollar_volume
        raw_close x raw_volume, shape (n,).
    transactions
        Trades, shape (n,).
    factor
        What raw prices were multiplied by, shape (n,).
    periods_per_year
        Bars of this grid in a year, for annualising.
    extra
        Every other numeric column that was joined to the bars, e.g. session statistics.
    """

    symbol: str
    time: Dates
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    raw_close: Floats
    raw_volume: Floats
    vwap: Floats
    dollar_volume: Floats
    transactions: Floats
    factor: Floats
    periods_per_year: float = 252.0
    extra: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.close)

    def part(self, first: int, last: int | None = None) -> Bars:
        """Return rows `first` to `last`, the last not included."""
        rows = slice(first, last)
        changes: dict[str, Any] = {name: getattr(self, name)[rows] for name in _BAR_COLUMNS}
        extra = {name: values[rows] for name, values in self.extra.items()}
        return replace(self, time=self.time[rows], extra=extra, **changes)


_BAR_COLUMNS = (
    *_PRICES,
    "volume",
    "raw_close",
    "raw_volume",
    "vwap",
    "dollar_volume",
    "transactions",
    "factor",
)


def floats(column: pa.ChunkedArray) -> Floats:
    """Return an Arrow column as float64 with NaN where it is null."""
    values: Floats = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.array(values, dtype=np.float64)  # a copy: Arrow memory is read-only


def runs(symbols: pa.ChunkedArray) -> Iterator[tuple[str, int, int]]:
    """Yield each run of one symbol: the symbol, its first row, the row after its last."""
    if not len(symbols):
        return
    found = pc.run_end_encode(symbols.combine_chunks())
    start = 0
    for symbol, stop in zip(found.values.to_pylist(), found.run_ends.to_pylist(), strict=True):
        yield symbol, start, stop
        start = stop


def in_order(table: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Return a table sorted by its keys, a time and perhaps the symbol before it."""
    time = table[keys[-1]].to_numpy()
    later = time[1:] > time[:-1]
    if len(keys) > 1:
        found = list(runs(table[keys[0]]))
        names = [symbol for symbol, _, _ in found]
        if names != sorted(set(names)):
            later[:] = False
        later[[start - 1 for _, start, _ in found[1:]]] = True
    if later.all():
        return table  # as a rule: sorting copies every column
    return table.sort_by([(key, "ascending") for key in keys])


def bars_from_table(
    table: pa.Table, *, time: str = "session_date", periods_per_year: float = 252.0
) -> Iterator[tuple[Bars, pa.Table]]:
    """Yield each symbol's bars with the rows they came from, ordered by symbol and time.

    Parameters
    ----------
    table
        Columns of `PANEL_SCHEMA` (those a kernel reads), plus any numeric extras.
    time
        Column of the grid.
    periods_per_year
        Bars of this grid in a year.

    Yields
    ------
    tuple
        Bars and the symbol's rows of `table`, in the same order.
    """
    table = in_order(table, ("symbol", time))
    known = {*PANEL_SCHEMA.names, time, "symbol"}
    extras = [
        name
        for name in table.column_names
        if name not in known
        and (pa.types.is_floating(table[name].type) or pa.types.is_integer(table[name].type))
    ]
    for symbol, start, stop in runs(table["symbol"]):
        rows = table.slice(start, stop - start)
        arrays = {name: floats(rows[name]) for name in _BAR_COLUMNS}
        missing = np.isnan(arrays["close"])
        if missing.any():
            for values in arrays.values():
                values[missing] = np.nan
        yield (
            Bars(
                symbol=symbol,
                time=rows[time].to_numpy(),
                periods_per_year=periods_per_year,
                extra={name: floats(rows[name]) for name in extras},
                **arrays,
            ),
            rows,
        )


def _through(
    events: list[Event], step: float, before: float, basis: str, actions: Actions
) -> tuple[float, float]:
    """Return the steps of price and share factor that events make from a close on.

    Parameters
    ----------
    events
        Those due, in order.
    step
        What the price factor is multiplied by already.
    before
        The close before them, in the prices of `basis`.
    basis
        Of the prices that follow: what they contain already is not adjusted again.
    actions
        All events of the symbol.
    """
    share_step = 1.0
    for event in events:
        if event.kind == SPLIT:
            if basis == "raw" or event.is_unadjusted:
                step *= event.value
                share_step *= event.value
                before /= event.value
            continue
        if basis == "total_return":
            continue
        amount = dollars(event, basis, actions)
        if amount < before:
            step *= before / (before - amount)
            before -= amount
    return step, share_step


def build_panel(
    daily: pa.Table, sessions: pa.Table, dividends: pa.Table, splits: pa.Table
) -> pa.Table:
    """Align daily bars with the calendar and adjust them forward.

    Parameters
    ----------
    daily
        One row a symbol and session: `symbol, session_date, known_at, open, high, low, close,
        volume, transactions, vwap, price_basis, source, bar_source, coverage`, and optionally
        `link_close`: the same source's own close of the session before, read where the source
        has changed.
    sessions
        The calendar: at least `session_date, open_at, close_at`.
    dividends, splits
        The lake's reference tables, as staged. An event that carries a `reject_reason`, or was
        not known when its ex session opened, is not applied.

    Returns
    -------
    pyarrow.Table
        `PANEL_SCHEMA`: one row per symbol and session from its first to its last bar, ordered.
        Where a bar is missing all prices are null and `reason` is `missing_bar`. Where the
        source or its price basis changes, the new prices are spliced to the old ones at
        `link_close`; without it nobody knows that session's return, so the bar keeps its raw
        prices only (`source_changed`) and the level continues from its close.

    Raises
    ------
    BuildError
        When a bar lies on a date that is no session, or a symbol has two bars in one.
    """
    sessions = sessions.sort_by("session_date")
    days: Dates = sessions["session_date"].to_numpy().astype("datetime64[D]")
    opens = sessions["open_at"].cast(UTC).to_numpy().astype("datetime64[us]")
    closes = sessions["close_at"].cast(UTC).combine_chunks()
    daily = daily.sort_by([("symbol", "ascending"), ("session_date", "ascending")])
    actions = actions_of(bars_of(daily), days, opens, dividends, splits)
    parts: list[pa.Table] = []
    start = 0
    counts = pc.run_end_encode(daily["symbol"].combine_chunks()) if daily.num_rows else None
    for symbol, stop in (
        zip(counts.values.to_pylist(), counts.run_ends.to_pylist(), strict=True) if counts else ()
    ):
        rows = daily.slice(start, stop - start).combine_chunks()
        start = stop
        dates = rows["session_date"].to_numpy().astype("datetime64[D]")
        at = np.searchsorted(days, dates)
        off = (at == len(days)) | (days[np.minimum(at, len(days) - 1)] != dates)
        if off.any():
            raise BuildError(
                f"{symbol} has a daily bar on {dates[off][0]}, which is no session.",
                "Staging rejects such rows (not_a_session); look at int_bars__daily.",
            )
        if (np.diff(at) == 0).any():
            raise BuildError(
                f"{symbol} has two daily bars on {dates[1:][np.diff(at) == 0][0]}.",
                "int_bars__daily must keep one row a symbol and session.",
            )
        parts.append(_align(symbol, rows, at, days, closes, actions.get(symbol, NO_ACTIONS)))
    return pa.concat_tables(parts) if parts else PANEL_SCHEMA.empty_table()


def _align(
    symbol: str,
    rows: pa.Table,
    at: NDArray[np.int64],
    days: Dates,
    closes: pa.Array,
    actions: Actions,
) -> pa.Table:
    """Return one symbol's part of the panel; `at` is the session of each row."""
    close = floats(rows["close"])
    basis = rows["price_basis"].to_pylist()
    source = rows["source"].to_pylist()
    link = floats(rows["link_close"]) if "link_close" in rows.column_names else None

    count = len(at)
    price_steps = np.ones(count)
    share_steps = np.ones(count)
    masked = np.zeros(count, dtype=bool)
    due: dict[int, list[Event]] = {}
    for event in actions.due:
        # An event counts from the first bar at or after its ex session; before the first bar
        # there is nothing to adjust to.
        bar = int(np.searchsorted(at, event.session))
        if 0 < bar < count:
            due.setdefault(bar, []).append(event)
    for bar in range(1, count):
        before = close[bar - 1]
        if source[bar] != source[bar - 1] or basis[bar] != basis[bar - 1]:
            neighbours = at[bar] == at[bar - 1] + 1
            if link is None or not neighbours or not link[bar] > 0.0:
                masked[bar] = True
                price_steps[bar] = before / close[bar]
                continue
            price_steps[bar] = before / link[bar]
            before = link[bar]
        price_steps[bar], share_steps[bar] = _through(
            due.get(bar, []), price_steps[bar], before, basis[bar], actions
        )

    factor: Floats = np.cumprod(price_steps, dtype=np.float64)
    split_factor: Floats = np.cumprod(share_steps, dtype=np.float64)

    first, last = int(at[0]), int(at[-1])
    length = last - first + 1
    take = np.full(length, -1, dtype=np.int64)
    take[at - first] = np.arange(count)
    absent = take < 0
    picks = pa.array(take, mask=absent)

    def spread(values: Floats) -> pa.Array:
        return pa.array(values, from_pandas=True).take(picks)

    volume = floats(rows["volume"])
    hidden = np.where(masked, np.nan, 1.0)
    traded = np.array([np.nan if name == "total_return" else 1.0 for name in basis])
    columns: dict[str, pa.Array] = {
        "symbol": pa.array([symbol] * length, pa.string()),
        "session_date": pa.array(days[first : last + 1], pa.date32()),
    }
    known_at = rows["known_at"].combine_chunks().cast(UTC).take(picks)
    columns["known_at"] = pc.coalesce(known_at, closes.slice(first, length))
    for name in _PRICES:
        values = floats(rows[name])
        columns[name] = spread(values * factor * hidden)
        columns[f"raw_{name}"] = spread(values * traded)
    columns["volume"] = spread(volume / split_factor * hidden)
    columns["raw_volume"] = spread(volume)
    columns["vwap"] = spread(floats(rows["vwap"]) * traded)
    columns["dollar_volume"] = spread(close * volume * traded)
    columns["factor"] = spread(factor)
    columns["split_factor"] = spread(split_factor)
    for name in ("transactions", "price_basis", "source", "bar_source", "coverage"):
        kind = PANEL_SCHEMA.field(name).type
        columns[name] = rows[name].combine_chunks().cast(kind).take(picks)
    reasons = np.full(length, None, dtype=object)
    reasons[absent] = MISSING_BAR
    reasons[at[masked] - first] = SOURCE_CHANGED
    columns["reason"] = pa.array(reasons, pa.string())
    return pa.table({name: columns[name] for name in PANEL_SCHEMA.names}, schema=PANEL_SCHEMA)


FACTORS_SCHEMA = pa.schema(
    [
        ("symbol", pa.string()),
        ("session_date", pa.date32()),
        ("source", pa.string()),
        ("price_basis", pa.string()),
        ("factor", pa.float64()),
    ]
)


def opening_factors(
    traded: pa.Table,
    daily: pa.Table,
    panel: pa.Table,
    sessions: pa.Table,
    dividends: pa.Table,
    splits: pa.Table,
) -> pa.Table:
    """Return what bars inside a session are multiplied by: the factor known at its open.

    The panel's own row of a session exists only once its day bar does; a bar inside the session
    must not know whether it will.

    Parameters
    ----------
    traded
        `symbol, session_date, source, price_basis`: sources of bars inside sessions.
    daily, sessions, dividends, splits
        As for `build_panel`.
    panel
        What `build_panel` made of them.

    Returns
    -------
    pyarrow.Table
        `FACTORS_SCHEMA`, a row for each of `traded`: the panel's factor of the last day bar
        before the session, through the events since; 1 before the first day bar. Null where
        that bar was of another source or basis: nobody knows yet how the two join.
    """
    sessions = sessions.sort_by("session_date")
    days: Dates = sessions["session_date"].to_numpy().astype("datetime64[D]")
    opens = sessions["open_at"].cast(UTC).to_numpy().astype("datetime64[us]")
    factor: Floats = np.full(traded.num_rows, np.nan)
    levels = dict(by_symbol(panel, "factor"))
    bars = bars_of(daily)
    actions = actions_of(bars, days, opens, dividends, splits)
    for symbol, rows in by_symbol(traded, "source", "price_basis"):
        found = np.ones(len(rows["row"]))
        if symbol in bars:
            judged = actions.get(symbol, NO_ACTIONS)
            found = _factors_at_open(rows, bars[symbol], levels[symbol], days, judged)
        factor[rows["row"]] = found
    names = FACTORS_SCHEMA.names[:-1]
    return pa.table(
        {**{name: traded[name] for name in names}, "factor": pa.array(factor, from_pandas=True)}
    ).cast(FACTORS_SCHEMA)


def _factors_at_open(
    rows: dict[str, NDArray[Any]],
    bars: dict[str, NDArray[Any]],
    levels: dict[str, NDArray[Any]],
    days: Dates,
    actions: Actions,
) -> Floats:
    """Return one symbol's factors; the columns are as `by_symbol` yields them."""
    # whether the bars of a split's session are adjusted for it shows only when they have closed
    events = [replace(event, is_unadjusted=False) for event in actions.due]
    last = np.searchsorted(bars["day"], rows["day"]) - 1
    is_first = last < 0
    last[is_first] = 0
    level: Floats = levels["factor"][np.searchsorted(levels["day"], bars["day"][last])]
    factor: Floats = np.where(is_first, 1.0, level)
    after = np.searchsorted(days, bars["day"][last])
    session = np.searchsorted(days, rows["day"])
    # only sessions with an event since the last bar are walked through, one by one
    spans = np.zeros(len(last), dtype=bool)
    for event in events:
        spans |= (after < event.session) & (event.session <= session)
    for row in np.flatnonzero(spans & ~is_first):
        due = [event for event in events if after[row] < event.session <= session[row]]
        close, basis = float(bars["close"][last[row]]), rows["price_basis"][row]
        step, _ = _through(due, 1.0, close, basis, actions)
        factor[row] *= step
    joins = (bars["source"][last] == rows["source"]) & (
        bars["price_basis"][last] == rows["price_basis"]
    )
    factor[~joins & ~is_first] = np.nan
    return factor
