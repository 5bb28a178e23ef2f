"""Facts of two decades of markets that anyone can check, and that the features have to show.

Each fact puts what a feature says beside what is publicly known, or beside a few lines over the
vendor's own file that share nothing with the kernels. `make real-demo` checks them on what it
published; the tests on kernels over the same bars.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

PRICES = "eq_daily_16etf_av_1999_2021.parquet"
LEVELS = "idx_vix_daily_cboe_1990_2026.parquet"
FIRST, LAST = "2000-01-01", "2021-11-29"  # the last session that the vendor has of all symbols


class Seen(Protocol):
    """What the features say, by the session whose close they are of."""

    def daily(self, symbol: str, feature: str) -> pd.Series:
        """Return a symbol's feature by session, from `FIRST` to `LAST`."""

    def market(self, feature: str) -> pd.Series:
        """Return a market-wide feature by session, from `FIRST` to `LAST`."""


@dataclass(frozen=True)
class Vendor:
    """The vendors' files, as they came.

    Parameters
    ----------
    folder
        Where they are.
    """

    folder: Path

    @cached_property
    def prices(self) -> pd.DataFrame:
        """Rows of the price file."""
        import pandas as pd

        rows = pd.read_parquet(self.folder / PRICES)
        return rows.assign(date=pd.to_datetime(rows["date"]))

    @cached_property
    def vix(self) -> pd.Series:
        """Closes of the VIX by session."""
        import pandas as pd

        rows = pd.read_parquet(self.folder / LEVELS)
        return pd.Series(rows["CLOSE"].to_numpy(), pd.to_datetime(rows["DATE"]))

    def raw(self, symbol: str, column: str) -> pd.Series:
        """Return one column of the file for a symbol."""
        rows = self.prices[self.prices["ticker"] == symbol]
        return rows.set_index("date")[column].sort_index()

    def returns(self, symbol: str) -> pd.Series:
        """Return log returns of who held through the session before, dividends included.

        Prices are split-adjusted in the file and dividends are not. Its own `adjusted_close`
        forgets that (EEM before 2008).
        """
        close = self.raw(symbol, "close")
        ratios = self.raw(symbol, "split_coefficient").round(4)  # one is 3.000003
        later = ratios[::-1].shift(1, fill_value=1.0).cumprod()[::-1]
        dividend = self.raw(symbol, "dividend_amount") / later
        return np.log(close / (close.shift() - dividend))

    def close(self, symbol: str) -> pd.Series:
        """Return closes with dividends put back in."""
        first = self.raw(symbol, "close").iloc[0]
        return first * np.exp(self.returns(symbol).fillna(0.0).cumsum())

    def adjusted(self, symbol: str, column: str) -> pd.Series:
        """Return a price in the same units as `close`."""
        return self.raw(symbol, column) * self.close(symbol) / self.raw(symbol, "close")


@dataclass(frozen=True)
class Fact:
    """One fact.

    Parameters
    ----------
    sentence
        The fact in words.
    seen
        What the features say.
    told
        What is known: a public number, or computed from the vendor's file.
    tolerance
        Largest absolute difference between numbers.
    """

    sentence: str
    seen: Callable[[Seen], Any]
    told: Any
    tolerance: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """What became of a fact."""

    sentence: str
    seen: Any
    told: Any
    holds: bool


def outcomes(seen: Seen, vendor: Vendor, facts: tuple[Fact, ...] | None = None) -> list[Outcome]:
    """Return what the features say of each fact, and whether it is so."""
    return [outcome(fact, seen, vendor) for fact in facts or FACTS]


def outcome(fact: Fact, seen: Seen, vendor: Vendor) -> Outcome:
    """Return what the features say of a fact, and whether it is so."""
    told = fact.told(vendor) if callable(fact.told) else fact.told
    said = fact.seen(seen)
    holds = abs(said - told) <= fact.tolerance if fact.tolerance else said == told
    return Outcome(fact.sentence, said, told, bool(holds))


class Published:
    """The features of a published version.

    Parameters
    ----------
    connection
        To the version. A row of the wide tables is what was known before its session opened: it
        is put at the session before, whose close it is of.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def daily(self, symbol: str, feature: str) -> pd.Series:
        """Return a symbol's feature by session."""
        return self._column("features_daily", feature, "where symbol = ?", [symbol])

    def market(self, feature: str) -> pd.Series:
        """Return a market-wide feature by session."""
        return self._column("features_cross_asset", feature, "", [])

    def _column(self, table: str, feature: str, where: str, values: list[str]) -> pd.Series:
        found = self._connection.execute(
            f'select session_date, "{feature}" from {table} {where} order by session_date', values
        ).df()
        rows = found.iloc[1:, 1].set_axis(found.iloc[:-1, 0])
        return rows.truncate(before=FIRST, after=LAST)


# What is asked ------------------------------------------------------------------------------------


def _at(symbol: str, feature: str, day: str) -> Callable[[Seen], float]:
    """Return the value at a session's close."""
    return lambda s: float(s.daily(symbol, feature)[day])


def _growth(symbol: str, feature: str, day: str) -> Callable[[Seen], float]:
    """Return a log return as a fraction."""
    return lambda s: float(np.expm1(s.daily(symbol, feature)[day]))


def _day(x: pd.Series, highest: bool) -> str:
    return f"{x.idxmax() if highest else x.idxmin():%Y-%m-%d}"


def _highest(symbol: str, feature: str, first: str = FIRST) -> Callable[[Seen], str]:
    """Return the session of the highest value since `first`."""
    return lambda s: _day(s.daily(symbol, feature).truncate(before=first), True)


def _lowest(symbol: str, feature: str) -> Callable[[Seen], str]:
    """Return the session of the lowest value."""
    return lambda s: _day(s.daily(symbol, feature), False)


def _drawdown(symbol: str) -> Callable[[Vendor], pd.Series]:
    def told(v: Vendor) -> pd.Series:
        return np.log(v.close(symbol) / v.adjusted(symbol, "high").rolling(252).max())

    return told


def _beta(v: Vendor) -> float:
    both = np.vstack(
        [v.returns(symbol).truncate(after="2000-12-29").tail(60) for symbol in ("QQQ", "SPY")]
    )
    covariance = np.cov(both)
    return float(covariance[0, 1] / covariance[1, 1])


def _correlation(v: Vendor, day: str) -> float:
    return float(
        np.corrcoef(*(v.returns(x).truncate(after=day).tail(60) for x in ("SPY", "TLT")))[0, 1]
    )


def _momentum(symbol: str, day: str) -> Callable[[Vendor], float]:
    def told(v: Vendor) -> float:
        close = v.close(symbol).truncate(after=day)
        return float(np.log(close.iloc[-22] / close.iloc[-253]))

    return told


def _premium(v: Vendor) -> float:
    realised = v.returns("SPY").truncate(after="2020-03-31").tail(20).std()
    return float(v.vix["2020-03-31"] ** 2 - 252.0 * (100.0 * realised) ** 2)


def _rsi(v: Vendor) -> float:
    change = v.close("SPY").truncate(after="2018-12-24").diff().dropna()
    rise, fall = (
        x.clip(lower=0.0).ewm(alpha=1 / 14, adjust=False).mean() for x in (change, -change)
    )
    return float((100.0 * rise / (rise + fall)).iloc[-1])


def _signs_by_year(x: pd.Series, *years: int) -> list[int]:
    return [int(np.sign(x[str(year)].mean())) for year in years]


def _days(flags: pd.Series) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in flags.index[flags]]


def _night_and_day(s: Seen) -> bool:
    night, day = (s.daily("SPY", f"raw_{part}_1").sum() for part in ("overnight", "intraday"))
    return bool(night > 1.5 and abs(day) < 0.1)


def _share(x: pd.Series) -> float:
    return float(x.mean())


def _facts() -> Iterator[Fact]:
    # The VIX ------------------------------------------------------------------------------------
    yield Fact(
        "VIX closed at 82.69, its highest, on 2020-03-16",
        lambda s: round(float(np.exp(s.daily("SPY", "dom_vix_log").max())), 9),
        82.69,
    )
    yield Fact("... on that day", _highest("SPY", "dom_vix_log"), "2020-03-16")
    yield Fact("VIX closed lowest on 2017-11-03", _lowest("SPY", "dom_vix_log"), "2017-11-03")
    yield Fact(
        "VIX more than doubled on 2018-02-05, from 17.31 to 37.32",
        _growth("TLT", "dom_vix_chg_1", "2018-02-05"),
        37.32 / 17.31 - 1.0,
        1e-9,
    )
    yield Fact("... its largest rise", _highest("TLT", "dom_vix_chg_1"), "2018-02-05")
    yield Fact(
        "VIX spiked on 2011-08-08, after the downgrade of the United States",
        _at("GLD", "dom_spike", "2011-08-08"),
        1.0,
    )
    yield Fact(
        "VIX and SPY moved against each other in every window of 60 sessions",
        lambda s: bool(s.daily("SPY", "dom_vixspx_corr_60").max() < 0.0),
        True,
    )
    yield Fact(
        "Variance realised in March 2020 was far above the VIX squared",
        _at("SPY", "dom_vrp_20", "2020-03-31"),
        _premium,
        1e-4,
    )
    yield Fact(
        "The variance premium was positive on more than three sessions in four",
        lambda s: _share(s.daily("SPY", "dom_vrp_20").dropna() > 0.0) > 0.75,
        True,
    )
    # Falls and rises ----------------------------------------------------------------------------
    yield Fact(
        "SPY lost 10.94% on 2020-03-16",
        lambda s: round(_growth("SPY", "raw_ret_1", "2020-03-16")(s), 4),
        -0.1094,
    )
    yield Fact("... its worst session", _lowest("SPY", "raw_ret_1"), "2020-03-16")
    yield Fact("SPY's best session was 2008-10-13", _highest("SPY", "raw_ret_1"), "2008-10-13")
    yield Fact(
        "The return of 2001-09-17 is over the four sessions that were not held",
        _at("SPY", "raw_ret_1", "2001-09-17"),
        lambda v: float(np.log(v.close("SPY")["2001-09-17"] / v.close("SPY")["2001-09-10"])),
        1e-9,
    )
    for day in ("2020-03-23", "2020-03-24"):
        yield Fact(
            f"SPY's distance from its high of 252 sessions on {day}",
            _at("SPY", "raw_drawdown_252", day),
            lambda v, day=day: float(_drawdown("SPY")(v)[day]),
            1e-9,
        )
    yield Fact("SPY stood deepest on 2009-03-09", _lowest("SPY", "raw_drawdown_252"), "2009-03-09")
    yield Fact("QQQ on 2001-09-21", _lowest("QQQ", "raw_drawdown_252"), "2001-09-21")
    yield Fact("USO on 2020-04-28", _lowest("USO", "raw_drawdown_252"), "2020-04-28")
    for day in ("2011-09-06", "2020-08-06"):
        yield Fact(
            f"GLD reached its highest price of 61 sessions on {day}",
            _at("GLD", "raw_dayshigh_60", day),
            0.0,
        )
    yield Fact(
        "SPY's volume of 2008-10-10 was the largest of a year",
        _at("SPY", "raw_volumerank_252", "2008-10-10"),
        1.0,
    )
    yield Fact(
        "SPY rose over nights and not over days",
        _night_and_day,
        True,
    )
    yield Fact(
        "VXX fell over 60 sessions four times in five",
        lambda s: round(_share(s.daily("VXX", "raw_ret_60").dropna() < 0.0), 1),
        0.8,
    )
    # Volatility ---------------------------------------------------------------------------------
    yield Fact(
        "SPY's volatility of 20 sessions was highest on 2008-10-31",
        _highest("SPY", "raw_vol_cc_20"),
        "2008-10-31",
    )
    yield Fact(
        "... at 94%",
        lambda s: round(_at("SPY", "raw_vol_cc_20", "2008-10-31")(s), 2),
        0.94,
    )
    yield Fact(
        "... and after that in March 2020",
        lambda s: _highest("SPY", "raw_vol_cc_20", "2010")(s)[:7],
        "2020-03",
    )
    yield Fact(
        "2017 was the calmest year, at 6.7%",
        lambda s: round(float(s.daily("SPY", "raw_vol_cc_252")["2017"].iloc[-1]), 3),
        0.067,
    )
    # Together -----------------------------------------------------------------------------------
    yield Fact(
        "SPY and TLT moved together in 2005 and 2006, apart in each year from 2008 to 2020",
        lambda s: _signs_by_year(s.daily("TLT", "corr_bench_60"), 2005, 2006, *range(2008, 2021)),
        [1, 1] + 13 * [-1],
    )
    yield Fact(
        "Their correlation of 60 sessions on 2020-03-31",
        _at("TLT", "corr_bench_60", "2020-03-31"),
        lambda v: _correlation(v, "2020-03-31"),
        1e-9,
    )
    yield Fact(
        "... is the same number among the market's columns",
        lambda s: (
            float((s.market("xa_corr_spy_tlt_60") - s.daily("TLT", "corr_bench_60")).abs().max())
            < 1e-12
        ),
        True,
    )
    yield Fact(
        "QQQ's beta of 60 sessions at the end of 2000",
        _at("QQQ", "corr_beta_60", "2000-12-29"),
        _beta,
        1e-9,
    )
    yield Fact(
        "... was about 2 in all of that year",
        lambda s: round(float(s.daily("QQQ", "corr_beta_60")["2000"].mean())),
        2,
    )
    yield Fact(
        "TLT rose and SPY fell by more than a sigma on 2008-09-29",
        lambda s: float(s.market("xa_ftq")["2008-09-29"]),
        1.0,
    )
    yield Fact(
        "No stock fund stood above its mean of 200 sessions on 2020-03-23",
        lambda s: float(s.market("xa_breadth_sma_200")["2020-03-23"]),
        0.0,
    )
    yield Fact(
        "The most turbulent session was in March 2020",
        lambda s: _day(s.market("xa_turb_252"), True)[:7],
        "2020-03",
    )
    yield Fact(
        "Appetite for risk was two sigmas low on 2020-03-16",
        lambda s: float(s.market("xa_riskon")["2020-03-16"]) < -2.0,
        True,
    )
    # Momentum -----------------------------------------------------------------------------------
    for symbol, day in (("XLE", "2008-06-30"), ("GLD", "2011-08-22"), ("EEM", "2009-03-09")):
        yield Fact(
            f"{symbol}'s momentum of 12 months less the last on {day}, from two closes",
            _at(symbol, "mom_12_1", day),
            _momentum(symbol, day),
            1e-9,
        )
    yield Fact(
        "SPY's RSI on 2018-12-24, at the low of that winter",
        _at("SPY", "mom_rsi_14", "2018-12-24"),
        _rsi,
        1e-4,
    )
    # Regimes ------------------------------------------------------------------------------------
    yield Fact(
        "In 2017 the VIX regime was PAUSE only on the four jumps of a fifth or more",
        lambda s: _days(s.daily("SPY", "reg_vix_pause")["2017"] == 1.0),
        lambda v: _days(v.vix.pct_change()["2017"] > 0.2),
    )
    yield Fact(
        "It was PAUSE on every session from 2020-03-05 to 2020-04-24",
        lambda s: float(s.daily("SPY", "reg_vix_pause").truncate("2020-03-05", "2020-04-24").min()),
        1.0,
    )
    yield Fact(
        "... and every one of October 2008 after its third",
        lambda s: float(s.daily("SPY", "reg_vix_pause").truncate("2008-10-06", "2008-10-31").min()),
        1.0,
    )
    yield Fact(
        "SPY's trend was strongly up at the end of 2017",
        _at("SPY", "reg_trend_strong_up", "2017-12-29"),
        1.0,
    )
    yield Fact(
        "... and strongly down at the end of October 2008",
        _at("SPY", "reg_trend_strong_down", "2008-10-31"),
        1.0,
    )
    yield Fact(
        "SPY rose calmly in most sessions of 2017 and in none of March 2020",
        lambda s: [
            _share(s.daily("SPY", "reg_combo_upcalm")[month]) > 0.5 for month in ("2017", "2020-03")
        ],
        [True, False],
    )


FACTS: tuple[Fact, ...] = tuple(_facts())
