"""The market: every member's bars on one grid of sessions, and the index levels beside them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.features.panel import Bars, Dates, Floats, bars_from_table, floats

WHOLE_MARKET = "*"  # stands where a symbol stands
LEVELS = ("vix",)  # columns of the input that belong to the session, not to a member


@dataclass(frozen=True)
class Market:
    """Bars of all members on one grid; a member without a bar has a row of NaN there.

    Parameters
    ----------
    time
        The grid, shape (n,).
    members
        Bars by symbol, in the universe's order, each on the grid; all NaN for a symbol that has
        none.
    levels
        Index levels by name, shape (n,), NaN where not known.
    periods_per_year
        Bars of the grid in a year.
    """

    time: Dates
    members: Mapping[str, Bars]
    levels: Mapping[str, Floats] = field(default_factory=dict)
    periods_per_year: float = 252.0

    def __len__(self) -> int:
        return len(self.time)

    @property
    def symbol(self) -> str:
        """What stands for the market where a symbol is named."""
        return WHOLE_MARKET

    def changed(self, change: Callable[[Bars], Bars], symbols: Sequence[str] = ()) -> Market:
        """Return the market with the bars of some members changed, by default of all."""
        members = {
            symbol: change(bars) if not symbols or symbol in symbols else bars
            for symbol, bars in self.members.items()
        }
        return dataclasses.replace(self, members=members)

    def part(self, first: int, last: int | None = None) -> Market:
        """Return rows `first` to `last`, the last not included."""
        rows = slice(first, last)
        return Market(
            time=self.time[rows],
            members={symbol: bars.part(first, last) for symbol, bars in self.members.items()},
            levels={name: values[rows] for name, values in self.levels.items()},
            periods_per_year=self.periods_per_year,
        )


def market_from_table(
    table: pa.Table, symbols: Sequence[str], *, periods_per_year: float = 252.0
) -> tuple[Market, pa.Table]:
    """Return the market of an aligned table, with the keys of its rows.

    Parameters
    ----------
    table
        One row a symbol and session: `symbol, session_date, known_at`, the columns of `Bars`, and
        `LEVELS` repeated in each row of a session. Rows of other symbols are passed over.
    symbols
        The members, in order. One without rows is there as NaN.
    periods_per_year
        Bars of the grid in a year.

    Returns
    -------
    tuple
        The market, and a table `session_date, known_at`: the latest `known_at` of each session.
    """
    table = table.filter(pc.is_in(table["symbol"], pa.array(symbols, pa.string())))
    keys = (
        table.group_by("session_date")
        .aggregate([("known_at", "max")])
        .rename_columns({"known_at_max": "known_at"})
        .select(["session_date", "known_at"])
        .sort_by("session_date")
        .combine_chunks()
    )
    time: Dates = keys["session_date"].to_numpy().astype("datetime64[D]")
    levels = {name: np.full(len(time), np.nan) for name in LEVELS}
    found: dict[str, Bars] = {}
    columns = [name for name in table.column_names if name not in LEVELS]
    for bars, rows in bars_from_table(table.select(columns), periods_per_year=periods_per_year):
        at = np.searchsorted(time, rows["session_date"].to_numpy().astype("datetime64[D]"))
        found[bars.symbol] = _spread(bars, at, time)
    ordered = table.sort_by("session_date")
    at = np.searchsorted(time, ordered["session_date"].to_numpy().astype("datetime64[D]"))
    for name in set(LEVELS) & set(table.column_names):
        levels[name][at] = floats(ordered[name])
    members = {
        symbol: found.get(symbol) or _absent(symbol, time, periods_per_year) for symbol in symbols
    }
    return Market(time, members, levels, periods_per_year), keys


_SERIES = tuple(
    item.name
    for item in dataclasses.fields(Bars)
    if item.name not in {"symbol", "time", "periods_per_year", "extra"}
)


def _spread(bars: Bars, at: NDArray[np.int64], time: Dates) -> Bars:
    """Return bars on the grid: NaN where they have no row."""

    def on_grid(values: Floats) -> Floats:
        out = np.full(len(time), np.nan)
        out[at] = values
        return out

    series: dict[str, Any] = {name: on_grid(getattr(bars, name)) for name in _SERIES}
    extra = {name: on_grid(values) for name, values in bars.extra.items()}
    return dataclasses.replace(bars, time=time, extra=extra, **series)


def _absent(symbol: str, time: Dates, periods_per_year: float) -> Bars:
    """Return bars of a symbol that has none."""
    series: dict[str, Any] = dict.fromkeys(_SERIES, np.full(len(time), np.nan))
    return Bars(symbol=symbol, time=time, periods_per_year=periods_per_year, **series)
