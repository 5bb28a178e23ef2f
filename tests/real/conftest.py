"""Kernels over the real daily bars, without a build: only what a test asks for is computed."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from engine.features import evaluation, registry
from engine.features.market_panel import Market, market_from_table
from engine.features.market_universe import universe
from engine.features.panel import Bars, bars_from_table, build_panel
from engine.market import calendar
from engine.service.real_facts import FIRST, LAST, Vendor

BENCHMARK = "SPY"


class Computed:
    """The features of the vendor's bars: the panel as the warehouse makes it, then the kernels."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self._workspaces: dict[str, object] = {}
        self._found: dict[str, pd.Series] = {}

    @cached_property
    def panel(self) -> pa.Table:
        """Bars on the calendar, adjusted forward for the vendor's dividends."""
        prices = self.vendor.prices  # noqa: F841
        daily = duckdb.sql(
            """
            select
                ticker as symbol, date::date as session_date,
                date::timestamptz + interval 21 hours as known_at,
                open, high, low, close, volume::double as volume,
                null::bigint as transactions, null::double as vwap,
                'split_adjusted' as price_basis, 'vendor' as source, 'day' as bar_source,
                1.0::double as coverage
            from prices
            """
        ).to_arrow_table()
        dividends = duckdb.sql(
            """
            select
                ticker as symbol, date::date as ex_date, dividend_amount as amount,
                'vendor' as source, timestamptz '1999-01-01' as known_at
            from prices where dividend_amount > 0
            """
        ).to_arrow_table()
        splits = duckdb.sql(
            """
            select
                ticker as symbol, date::date as ex_date, round(split_coefficient, 4) as numerator,
                1.0::double as denominator, 'vendor' as source,
                timestamptz '1999-01-01' as known_at
            from prices where split_coefficient <> 1
            """
        ).to_arrow_table()
        return build_panel(daily, calendar.sessions(2021), dividends, splits)

    @cached_property
    def bars(self) -> dict[str, Bars]:
        """Each symbol's bars, with the VIX and the benchmark's return beside them."""
        found = {bars.symbol: bars for bars, _ in bars_from_table(self.panel)}
        benchmark = found[BENCHMARK]
        returns = pd.Series(np.log(benchmark.close), benchmark.time).diff()

        def beside(bars: Bars) -> dict[str, np.ndarray]:
            return {
                "vix": self.vendor.vix.reindex(bars.time).to_numpy(copy=True),
                "bench_return": returns.reindex(bars.time).to_numpy(copy=True),
            }

        return {
            symbol: dataclasses.replace(bars, extra=beside(bars)) for symbol, bars in found.items()
        }

    @cached_property
    def whole_market(self) -> Market:
        """All members on one grid, with the VIX."""
        panel, vix = self.panel, self.vendor.vix.rename_axis("day").reset_index(name="vix")  # noqa: F841
        table = duckdb.sql(
            """
            with sessions as (select distinct session_date from panel),
            symbols as (select distinct symbol from panel)
            select
                panel.* replace (
                    symbols.symbol as symbol, sessions.session_date as session_date,
                    sessions.session_date::timestamptz as known_at
                ),
                vix.vix
            from sessions cross join symbols
            left join panel using (symbol, session_date)
            left join vix on vix.day = sessions.session_date
            """
        ).to_arrow_table()
        return market_from_table(table, universe().symbols)[0]

    def daily(self, symbol: str, feature: str) -> pd.Series:
        """Return a symbol's feature by session; a market-wide one is the benchmark's."""
        owner = BENCHMARK if feature.startswith("dom_") else symbol
        return self._column(owner, feature, self.bars[owner])

    def market(self, feature: str) -> pd.Series:
        """Return a market-wide feature by session."""
        return self._column("*", feature, self.whole_market)

    def _column(self, owner: str, name: str, bars: Bars | Market) -> pd.Series:
        if (owner, name) not in self._found:
            shared = self._workspaces.setdefault(owner, evaluation.workspace(bars))
            feature = next(f for f in registry.columns() if f.name == name)
            values = feature.family.value(shared, *feature.sizes)
            self._found[owner, name] = pd.Series(values, pd.DatetimeIndex(bars.time))
        return self._found[owner, name][FIRST:LAST]


@pytest.fixture(scope="session")
def vendor(real_data: Path) -> Vendor:
    return Vendor(real_data)


@pytest.fixture(scope="session")
def computed(vendor: Vendor) -> Computed:
    return Computed(vendor)
