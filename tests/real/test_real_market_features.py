"""What anyone can check of two decades of markets, seen in the market-wide columns."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from engine.features import assemble
from engine.features.market_panel import market_from_table
from engine.features.market_universe import universe

pytestmark = pytest.mark.real

PRICES = "eq_daily_16etf_av_1999_2021.parquet"
LEVELS = "idx_vix_daily_cboe_1990_2026.parquet"


@pytest.fixture(scope="module")
def columns(real_data: Path) -> pd.DataFrame:
    """Every column, as of the close of its row."""
    table = duckdb.sql(
        f"""
        with prices as (from '{real_data / PRICES}'),
        sessions as (select distinct date from prices),
        symbols as (select distinct ticker from prices)
        select
            symbols.ticker as symbol, sessions.date as session_date,
            sessions.date::timestamptz as known_at,
            prices.open, prices.high, prices.low, prices.adjusted_close as close,
            prices.volume::double as volume, prices.close as raw_close,
            prices.volume::double as raw_volume, prices.close as vwap,
            prices.close * prices.volume as dollar_volume, 1.0 as transactions, 1.0 as factor,
            levels.close as vix
        from sessions cross join symbols
        left join prices on prices.ticker = symbols.ticker and prices.date = sessions.date
        left join '{real_data / LEVELS}' as levels on levels.date = sessions.date
        """
    ).to_arrow_table()
    market, _ = market_from_table(table, universe().symbols)
    found = assemble.compute("cross_asset", market) | assemble.compute("sector_regime", market)
    return pd.DataFrame(found, index=pd.DatetimeIndex(market.time))


def test_the_most_turbulent_session_is_in_march_2020(columns):
    assert columns.xa_turb_252.idxmax().strftime("%Y-%m") == "2020-03"


def test_stocks_and_treasuries_moved_together_before_2007_and_apart_after_the_crisis(columns):
    by_year = columns.xa_corr_spy_tlt_60.groupby(columns.index.year).mean()
    assert by_year[2006] > 0.0
    assert (by_year[2008:2020] < -0.2).all()


def test_no_stock_fund_stood_above_its_200_day_mean_at_the_low_of_march_2020(columns):
    low = columns.loc["2020-03-23"]
    assert (low.xa_breadth_sma_200, low.xa_hilo_252 < 0.0) == (0.0, True)
    assert columns.xa_riskon["2020-03-16"] < -2.0


def test_columns_of_a_symbol_begin_after_its_listing(columns):
    first = columns.apply(pd.Series.first_valid_index)
    assert first["xa_corr_spy_vxx_20"] > pd.Timestamp("2009-01-30")
    assert first["xa_corr_spy_xlk_20"] < pd.Timestamp("2000-01-01")
    assert first["xa_credit_20"] > pd.Timestamp("2007-04-11")


def test_after_every_symbol_is_listed_nothing_is_missing_or_infinite(columns):
    recent = columns["2011":]
    assert recent.isna().mean().max() < 0.01
    assert not np.isinf(recent.to_numpy()).any()
