"""Lakes and paths that the simulator's tests share."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import duckdb

from engine.lake.simulate import Summary
from engine.lake.simulate.path import Path as MarketPath
from engine.lake.simulate.path import simulate_path
from engine.lake.simulate.scenario import scenario
from engine.lake.simulate.timeline import Timeline, first_session, timeline

UNTIL = dt.date(2025, 7, 8)  # quarterly ex-dates and a half day (3 July) come before it
SESSIONS = 26
LONG = 6000


@dataclass(frozen=True)
class Made:
    """A simulated lake and what its maker reported."""

    root: Path
    summary: Summary

    def sql(self, query: str) -> list[tuple]:  # type: ignore[type-arg]
        """Run a query with {stocks}, {options}, {truth}, {fair} and {reference} filled in."""
        text = query.format(
            stocks=f"read_parquet('{self.root}/stocks/2*.parquet', filename = true)",
            options=f"read_parquet('{self.root}/options/2*.parquet', filename = true)",
            fair=f"read_parquet('{self.root}/_truth/options/*.parquet', filename = true)",
            truth=f"{self.root}/_truth",
            reference=f"{self.root}/reference",
            day="parse_filename(filename, true)::date",
        )
        with duckdb.connect() as connection:
            connection.execute("set timezone = 'America/New_York'")
            return connection.sql(text).fetchall()


@dataclass(frozen=True)
class Long:
    """A long path in memory."""

    line: Timeline
    path: MarketPath


def long_path(name: str, seed: int, sessions: int = LONG) -> Long:
    """Return a path without writing it."""
    line = timeline(first_session(sessions, dt.date(2025, 12, 31)), sessions)
    return Long(line, simulate_path(line, seed, scenario(name)))
