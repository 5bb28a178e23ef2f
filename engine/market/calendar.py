"""The one calendar: New York sessions, half days, expirations.

Everything that needs to know when the market is open asks here; the warehouse's table is
`dim_sessions`. Source: the `exchange_calendars` package (XNYS).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from exchange_calendars import ExchangeCalendar

ZONE = "America/New_York"
FIRST_SESSION = dt.date(1990, 1, 2)
SESSION_MINUTES = 390

SESSIONS_SCHEMA = pa.schema(
    [
        ("session_date", pa.date32()),
        ("open_at", pa.timestamp("us", tz="UTC")),
        ("close_at", pa.timestamp("us", tz="UTC")),
        ("is_half_day", pa.bool_()),
        ("minutes", pa.int32()),
        ("session_index", pa.int32()),
        ("previous_session", pa.date32()),
        ("next_session", pa.date32()),
        ("day_of_month", pa.int32()),
        ("days_to_month_end", pa.int32()),
        ("is_weekly_expiration", pa.bool_()),
        ("is_monthly_expiration", pa.bool_()),
        ("is_quarterly_expiration", pa.bool_()),
        ("next_monthly_expiration", pa.date32()),
        ("sessions_to_monthly_expiration", pa.int32()),
    ]
)


@lru_cache(maxsize=4)
def _exchange(decade_end: int) -> ExchangeCalendar:
    import exchange_calendars

    return exchange_calendars.get_calendar(
        "XNYS", start=FIRST_SESSION.isoformat(), end=f"{decade_end}-12-31"
    )


def third_friday(year: int, month: int) -> dt.date:
    """Return the third Friday of a month, a holiday or not."""
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=(4 - first.weekday()) % 7 + 14)


@lru_cache(maxsize=4)
def sessions(last_year: int) -> pa.Table:
    """Return every session from 1990 to the end of `last_year`.

    Parameters
    ----------
    last_year
        Calendar year up to whose last session the table runs.

    Returns
    -------
    pyarrow.Table
        `SESSIONS_SCHEMA`; one row a session, in order. `day_of_month` counts sessions in the
        month from 1, `days_to_month_end` the sessions left (0 on the last). Weekly expirations
        are the last session of each week; monthly ones the third Friday or, when that is a
        holiday, the session before; quarterly ones the last session of a quarter.
    """
    # whole decades: making a calendar takes more than a second, whatever its length
    table = _decades((last_year // 10 + 1) * 10)
    years = pc.year(table["session_date"])
    return table.filter(pc.less_equal(years, last_year))


def _decades(decade_end: int) -> pa.Table:
    """Return the sessions to the end of a decade, kept beside the compiled code.

    What is kept goes by this code and the versions of the libraries. A folder that cannot be
    written keeps nothing.
    """
    name = f"sessions-{decade_end}-{_made_from(decade_end)}.arrow"
    kept = Path(__file__).parent / "__pycache__" / name
    try:
        table = pa.ipc.open_file(pa.BufferReader(kept.read_bytes())).read_all()
        if table.schema == SESSIONS_SCHEMA:
            return table
    except (OSError, pa.ArrowException):
        pass  # there is none yet, or not a whole one
    table = _ask_exchange(decade_end)
    temporary = kept.with_name(f"{name}.{os.getpid()}.partial")
    with contextlib.suppress(OSError):
        kept.parent.mkdir(exist_ok=True)
        with pa.ipc.new_file(str(temporary), table.schema) as writer:
            writer.write_table(table)
        for older in kept.parent.glob(f"sessions-{decade_end}-*.arrow"):
            older.unlink()
        temporary.replace(kept)
    return table


def _ask_exchange(decade_end: int) -> pa.Table:
    """Return the sessions to the end of a decade as the exchange's calendar has them."""
    calendar = _exchange(decade_end)
    days = [stamp.date() for stamp in calendar.sessions]
    opens = calendar.opens.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    closes = calendar.closes.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    minutes = (closes - opens) // np.timedelta64(1, "m")

    ordinals = np.array([day.toordinal() for day in days])
    months = np.array([day.year * 12 + day.month - 1 for day in days])
    weeks = (ordinals - 1) // 7
    last_of_week = np.append(weeks[1:] != weeks[:-1], True)
    last_of_month = np.append(months[1:] != months[:-1], True)
    quarter_end = last_of_month & np.isin(months % 12, (2, 5, 8, 11))
    month_starts = np.searchsorted(months, months, side="left")
    month_ends = np.searchsorted(months, months, side="right") - 1
    index = np.arange(len(days))

    expirations = []
    for month in range(months[0], months[-1] + 1):
        friday = third_friday(month // 12, month % 12 + 1).toordinal()
        expirations.append(int(np.searchsorted(ordinals, friday, side="right")) - 1)
    monthly = np.unique([e for e in expirations if e >= 0 and e < len(days)])
    is_monthly = np.isin(index, monthly)
    following = monthly[np.minimum(np.searchsorted(monthly, index), len(monthly) - 1)]

    return pa.table(
        {
            "session_date": pa.array(days, pa.date32()),
            "open_at": pa.array(opens.astype("datetime64[us]"), pa.timestamp("us")).cast(
                SESSIONS_SCHEMA.field("open_at").type
            ),
            "close_at": pa.array(closes.astype("datetime64[us]"), pa.timestamp("us")).cast(
                SESSIONS_SCHEMA.field("close_at").type
            ),
            "is_half_day": pa.array(minutes < SESSION_MINUTES),
            "minutes": pa.array(minutes.astype(np.int32)),
            "session_index": pa.array(index.astype(np.int32)),
            "previous_session": pa.array([None, *days[:-1]], pa.date32()),
            "next_session": pa.array([*days[1:], None], pa.date32()),
            "day_of_month": pa.array((index - month_starts + 1).astype(np.int32)),
            "days_to_month_end": pa.array((month_ends - index).astype(np.int32)),
            "is_weekly_expiration": pa.array(last_of_week),
            "is_monthly_expiration": pa.array(is_monthly),
            "is_quarterly_expiration": pa.array(quarter_end),
            "next_monthly_expiration": pa.array([days[i] for i in following], pa.date32()),
            "sessions_to_monthly_expiration": pa.array((following - index).astype(np.int32)),
        },
        schema=SESSIONS_SCHEMA,
    )


def between(first: dt.date, last: dt.date) -> pa.Table:
    """Return the sessions from `first` to `last`, both included (schema of `sessions`)."""
    table = sessions(last.year)
    days = table["session_date"].to_numpy()
    mask = (days >= np.datetime64(first)) & (days <= np.datetime64(last))
    return table.filter(pa.array(mask))


def last_sessions(count: int, until: dt.date) -> pa.Table:
    """Return the `count` sessions that end at or before `until`."""
    table = between(FIRST_SESSION, until)
    return table.slice(max(0, table.num_rows - count))


def local_to_utc(day: dt.date, hour: int, minute: int) -> dt.datetime:
    """Return the UTC instant of a New York wall-clock time (converted by zone)."""
    from zoneinfo import ZoneInfo

    local = dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(ZONE))
    return local.astimezone(dt.UTC)


def sessions_through(last_day: dt.date, kept: pa.Table | None = None) -> pa.Table:
    """Return the sessions from 1990 to the end of the year after `last_day`'s.

    The end follows from the data and not from today's date, so that a rebuild gives the same.

    Parameters
    ----------
    last_day
        The lake's last session.
    kept
        What an earlier call returned. It is returned again if it was made from the same: asking
        the exchange's calendar takes half a second.

    Returns
    -------
    pyarrow.Table
        As `sessions`, and `made_from`: a hash of the year, this code and the calendar's version.
    """
    made_from = _made_from(last_day.year + 1)
    if kept is not None and kept["made_from"].unique().to_pylist() == [made_from]:
        return kept
    table = sessions(last_day.year + 1)
    return table.append_column("made_from", pa.array([made_from] * table.num_rows))


def _made_from(last_year: int) -> str:
    from importlib.metadata import version

    digest = hashlib.blake2b(Path(__file__).read_bytes(), digest_size=16)
    versions = [version(name) for name in ("exchange_calendars", "pandas", "numpy")]
    digest.update(" ".join([str(last_year), *versions]).encode())
    return digest.hexdigest()


def kept_sessions(connection: Any, table: str) -> pa.Table | None:
    """Return the sessions that an earlier build left in a table, in order; None without one.

    Parameters
    ----------
    connection
        DuckDB connection.
    table
        Qualified name. A table of another shape has nothing to keep.
    """
    import duckdb

    columns = ", ".join([*SESSIONS_SCHEMA.names, "made_from"])
    try:
        query = f"select {columns} from {table} order by session_date"
        return connection.sql(query).to_arrow_table()
    except (duckdb.CatalogException, duckdb.BinderException):
        return None
