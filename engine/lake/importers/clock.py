"""Times of imported rows: zones by name, and the session that a row belongs to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engine.lake.schema import UTC
from engine.market import calendar

DAY_US = 86_400_000_000
MINUTE_US = 60_000_000
FIRST_US = int(np.datetime64(calendar.FIRST_SESSION, "us").astype(np.int64))
LAST_US = int(np.datetime64("2051-01-01", "us").astype(np.int64))  # later is a broken time stamp

Micros = npt.NDArray[np.int64]


def plausible(micros: Micros) -> npt.NDArray[np.bool_]:
    """Return which instants lie in the years that the calendar knows (1990-2050)."""
    return (micros >= FIRST_US) & (micros < LAST_US)


def to_local(micros: Micros, zone: str) -> Micros:
    """Return the wall clock of UTC instants, as microseconds since 1970 on that clock."""
    instants = pa.array(micros, UTC).cast(pa.timestamp("us", tz=zone))
    local: Micros = pc.local_timestamp(instants).cast(pa.int64()).to_numpy()
    return local


def to_utc(local: Micros, zone: str) -> Micros:
    """Return the UTC instants of wall clocks.

    The hour that a zone repeats in autumn is read as its first pass; the one it skips in spring
    as the moment of the change. Neither is ever inside a trading day.
    """
    clocks = pa.array(local, pa.timestamp("us"))
    instants = pc.assume_timezone(clocks, zone, ambiguous="earliest", nonexistent="latest")
    micros: Micros = instants.cast(pa.int64()).to_numpy()
    return micros


@dataclass(frozen=True)
class Sessions:
    """The session of each row; entries mean nothing where `found` is false.

    Parameters
    ----------
    found
        Whether the date is a session.
    open_at, close_at, previous_close_at
        Microseconds since 1970, UTC.
    """

    found: npt.NDArray[np.bool_]
    open_at: Micros
    close_at: Micros
    previous_close_at: Micros


def sessions_of(days: npt.NDArray[np.int64]) -> Sessions:
    """Look dates (days since 1970) up in the calendar."""
    if not len(days):
        none = np.empty(0, np.int64)
        return Sessions(np.empty(0, bool), none, none, none)
    last = dt.date(1970, 1, 1) + dt.timedelta(days=int(days.max()))
    table = calendar.sessions(max(last.year, calendar.FIRST_SESSION.year))
    known = table["session_date"].cast(pa.int32()).to_numpy()
    opens = table["open_at"].cast(pa.int64()).to_numpy()
    closes = table["close_at"].cast(pa.int64()).to_numpy()
    position = np.clip(np.searchsorted(known, days), 0, len(known) - 1)
    return Sessions(
        found=known[position] == days,
        open_at=opens[position],
        close_at=closes[position],
        previous_close_at=closes[np.maximum(position - 1, 0)],
    )
