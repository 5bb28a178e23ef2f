"""Seeded markets for the tests of market-wide features, as the table that the kernels read."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa

from engine.features.market_universe import universe
from engine.market import calendar

BETAS = {"equity": 1.0, "bond": -0.4, "commodity": 0.3, "volatility": -3.0}


def market_table(
    count: int, seed: int = 0, closes: dict[str, np.ndarray] | None = None
) -> pa.Table:
    """One row a member and session: walks with a common part, or the closes given."""
    rng = np.random.default_rng(seed)
    sessions = calendar.last_sessions(count, dt.date(2024, 12, 31))
    common = 0.009 * rng.standard_t(4, count)
    vix = 18.0 * np.exp(np.cumsum(-5.0 * common + 0.02 * rng.standard_normal(count)) * 0.1)
    tables = []
    for member in universe().members:
        if closes is None:
            own = 0.007 * rng.standard_normal(count)
            beta = BETAS[member.asset_class] * rng.uniform(0.7, 1.3)
            close = 100.0 * np.exp(np.cumsum(beta * common + own))
        elif member.symbol in closes:
            close = closes[member.symbol]
        else:
            continue
        names = ("open", "high", "low", "close", "raw_close", "vwap")
        rest = ("volume", "raw_volume", "dollar_volume", "transactions", "factor")
        tables.append(
            pa.table(
                {
                    "symbol": [member.symbol] * count,
                    "session_date": sessions["session_date"],
                    "known_at": sessions["close_at"],
                }
                | {name: pa.array(close, from_pandas=True) for name in names}
                | {name: np.ones(count) for name in rest}
                | {"vix": vix}
            )
        )
    return pa.concat_tables(tables)
