"""Seeded bars for the feature tests: a fat-tailed walk on real sessions, and its panel."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from engine.features import assemble
from engine.features.panel import Bars, bars_from_table, build_panel
from engine.lake.schema import REFERENCES
from engine.market import calendar

UNTIL = dt.date(2024, 12, 31)


def daily_table(symbol: str, count: int, seed: int) -> pa.Table:
    """`count` raw day bars of one symbol, ending at the last session of 2024."""
    rng = np.random.default_rng(seed)
    sessions = calendar.last_sessions(count, UNTIL)
    sigma = 0.008 * np.exp(0.02 * np.cumsum(rng.normal(size=count)))
    close = 100.0 * np.exp(np.cumsum(sigma * rng.standard_t(5, count)))
    before = np.concatenate([[100.0], close[:-1]])
    open_ = before * np.exp(rng.normal(0.0, 0.004, count))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0.0, 0.004, count)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0.0, 0.004, count)))
    volume = np.round(np.exp(rng.normal(14.0, 0.4, count)))
    return pa.table(
        {
            "symbol": [symbol] * count,
            "session_date": sessions["session_date"],
            "known_at": sessions["close_at"],
            "open": open_,
            "high": high,
            "low": low,
            "close": close,
            "volume": volume,
            "transactions": pa.array((volume / rng.uniform(80, 150, count)).astype(np.int64)),
            "vwap": (high + low + close) / 3.0,
            "price_basis": ["raw"] * count,
            "source": ["sim"] * count,
            "bar_source": ["day"] * count,
            "coverage": pa.array([None] * count, pa.float64()),
        }
    )


def events(name: str, rows: list[dict] | None = None) -> pa.Table:
    return pa.Table.from_pylist(rows or [], schema=REFERENCES[name].schema)


@pytest.fixture(scope="session")
def make_daily() -> Callable[..., pa.Table]:
    return daily_table


@pytest.fixture(scope="session")
def make_panel() -> Callable[..., pa.Table]:
    def make(
        daily: pa.Table, dividends: list[dict] | None = None, splits: list[dict] | None = None
    ) -> pa.Table:
        return build_panel(
            daily,
            calendar.sessions(UNTIL.year),
            events("dividends", dividends),
            events("splits", splits),
        )

    return make


def session_extras(count: int, seed: int) -> dict[str, np.ndarray]:
    """Plausible session statistics and GARCH parameters, to stand for the joined tables."""
    rng = np.random.default_rng(seed)
    from engine.features.raw.session import FIELDS

    extras = {name: rng.uniform(0.05, 0.9, count) for name in FIELDS}
    for model, gamma in (("garch", 0.0), ("gjr", 0.08)):
        for name, value in (("omega", 2e-6), ("alpha", 0.06), ("gamma", gamma), ("beta", 0.88)):
            extras[f"{model}_{name}"] = np.full(count, value)
    extras["bench_return"] = 0.01 * rng.standard_t(5, count)
    return extras


@pytest.fixture(scope="session")
def make_bars(make_panel) -> Callable[..., Bars]:
    def make(daily: pa.Table, **events_: list[dict]) -> Bars:
        ((bars, _),) = bars_from_table(make_panel(daily, **events_))
        return dataclasses.replace(bars, extra=session_extras(len(bars), 5))

    return make


@pytest.fixture(scope="session")
def case(make_bars) -> SimpleNamespace:
    """1,700 sessions of one symbol: the bars, the raw columns, and the bars as a frame."""
    bars = make_bars(daily_table("AAA", 1700, 11))
    frame = pd.DataFrame(
        {
            name: getattr(bars, name)
            for name in ("open", "high", "low", "close", "volume", "vwap", "transactions")
        }
        | bars.extra,
        index=pd.DatetimeIndex(bars.time),
    )
    frame["ret"] = np.log(frame.close).diff()
    return SimpleNamespace(bars=bars, raw=assemble.compute("raw", bars), frame=frame)
