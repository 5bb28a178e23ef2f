"""The simulation's calendar: its sessions, what lies after them, and scheduled dates."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.lake.simulate.arrow import codes
from engine.market import calendar

LISTED_AHEAD = 300  # sessions after the last one, for expirations and dividends
SNAPSHOT_MINUTES = 15  # before the close


@dataclass(frozen=True)
class Timeline:
    """Sessions from the first one on, `count` of them simulated and the rest only known.

    Parameters
    ----------
    days
        New York dates.
    opens, closes
        UTC instants, `datetime64[us]`.
    minutes
        Regular minutes of each session.
    is_weekly, is_monthly, is_quarterly
        Expiration flags of `engine.market.calendar`.
    count
        Sessions that are simulated.
    horizon
        Calendar year, after the last session's, up to which the exchange calendar was asked for.
    """

    days: tuple[dt.date, ...]
    opens: NDArray[np.datetime64]
    closes: NDArray[np.datetime64]
    minutes: NDArray[np.int64]
    is_weekly: NDArray[np.bool_]
    is_monthly: NDArray[np.bool_]
    is_quarterly: NDArray[np.bool_]
    count: int
    horizon: int

    @cached_property
    def ordinals(self) -> NDArray[np.int64]:
        """Proleptic ordinals of the days."""
        return ordinal(self.days)

    @cached_property
    def stamps(self) -> NDArray[np.uint8]:
        """The days as YYMMDD, in ASCII codes."""
        return codes([day.strftime("%y%m%d") for day in self.days])

    @property
    def first(self) -> dt.date:
        """First simulated session."""
        return self.days[0]

    @property
    def last(self) -> dt.date:
        """Last simulated session."""
        return self.days[self.count - 1]

    def snapshot(self, session: int) -> np.datetime64:
        """Return the UTC instant of a session's option quotes."""
        moment: np.datetime64 = self.closes[session] - np.timedelta64(SNAPSHOT_MINUTES, "m")
        return moment

    def years(self, session: int, expirations: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the years from a session's snapshot to the closes of other sessions."""
        span = self.closes[expirations] - self.snapshot(session)
        years: NDArray[np.float64] = span / np.timedelta64(1, "s") / (365.0 * 86_400.0)
        return years


def first_session(sessions: int, until: dt.date) -> dt.date:
    """Return the first of the `sessions` sessions that end at or before `until`."""
    first: dt.date = calendar.last_sessions(sessions, until)["session_date"][0].as_py()
    return first


def timeline(first: dt.date, count: int) -> Timeline:
    """Return the timeline of `count` sessions from `first` on."""
    # a year has at least 250 sessions
    horizon = first.year + (count + LISTED_AHEAD) // 250 + 1
    table = calendar.between(first, dt.date(horizon, 12, 31))
    table = table.slice(0, count + LISTED_AHEAD)

    def instants(name: str) -> NDArray[np.datetime64]:
        stamps = table[name].cast("int64").to_numpy()
        moments: NDArray[np.datetime64] = stamps.astype("datetime64[us]")
        return moments

    return Timeline(
        days=tuple(table["session_date"].to_pylist()),
        opens=instants("open_at"),
        closes=instants("close_at"),
        minutes=table["minutes"].to_numpy().astype(np.int64),
        is_weekly=table["is_weekly_expiration"].to_numpy(zero_copy_only=False),
        is_monthly=table["is_monthly_expiration"].to_numpy(zero_copy_only=False),
        is_quarterly=table["is_quarterly_expiration"].to_numpy(zero_copy_only=False),
        count=count,
        horizon=horizon,
    )


def ordinal(days: tuple[dt.date, ...]) -> NDArray[np.int64]:
    """Return proleptic ordinals of dates."""
    return np.array([day.toordinal() for day in days], np.int64)
