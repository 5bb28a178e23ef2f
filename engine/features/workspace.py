"""One symbol's bars with the series and window statistics that families share.

A family's `value` reads like its definition (`s.std(s.ret, w) * s.annual`); the workspace sees to
it that a series is derived once and a window visited once, whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import TypeVar

import numpy as np

from engine.features.panel import Bars, Floats
from engine.kernels import ohlc_vol, safe_division, trend, wilder, window

T = TypeVar("T")


def log(x: Floats) -> Floats:
    """Return the logarithm, NaN where x is not positive."""
    out: Floats = np.log(np.where(x > 0.0, x, np.nan))
    return out


class Workspace:
    """Bars plus memoised series and statistics.

    Parameters
    ----------
    bars
        One symbol's bars on any grid.
    """

    def __init__(self, bars: Bars) -> None:
        self.bars = bars
        self._memo: dict[Hashable, object] = {}
        self._kept: list[Floats] = []  # keeps ids of memoised arrays from being used again

    def once(self, x: Floats, key: Hashable, make: Callable[[], T]) -> T:
        """Return `make()`, computed once for this array and key."""
        full = (id(x), key)
        if full not in self._memo:
            self._memo[full] = make()
            self._kept.append(x)
        return self._memo[full]  # type: ignore[return-value]

    # Series ---------------------------------------------------------------------------------

    @property
    def annual(self) -> float:
        """Square root of the bars in a year: from volatility per bar to annual."""
        return float(np.sqrt(self.bars.periods_per_year))

    @cached_property
    def log_close(self) -> Floats:
        """Log of the adjusted close."""
        return log(self.bars.close)

    @cached_property
    def previous_close(self) -> Floats:
        """Close of the bar before, NaN where that bar is missing."""
        return self.lag(self.bars.close)

    @cached_property
    def ret(self) -> Floats:
        """Log return of one bar."""
        return log(self.bars.close / self.previous_close)

    @cached_property
    def overnight(self) -> Floats:
        """Log return from the close before to the open."""
        return log(self.bars.open / self.previous_close)

    @cached_property
    def intraday(self) -> Floats:
        """Log return from the open to the close."""
        return log(self.bars.close / self.bars.open)

    @cached_property
    def range(self) -> Floats:
        """Log of high over low."""
        return log(self.bars.high / self.bars.low)

    @cached_property
    def spread(self) -> Floats:
        """High less low, in price."""
        return self.bars.high - self.bars.low

    @cached_property
    def log_volume(self) -> Floats:
        """ln(1 + V): defined for a bar without volume."""
        return np.log1p(self.bars.volume)

    @cached_property
    def dlog_volume(self) -> Floats:
        """Change of `log_volume` in one bar."""
        return self.log_volume - self.lag(self.log_volume)

    @cached_property
    def true_range(self) -> Floats:
        """Wilder's true range."""
        out: Floats = wilder.true_range(self.bars.high, self.bars.low, self.bars.close)
        return out

    @cached_property
    def clv(self) -> Floats:
        """Where the close lies between low (-1) and high (1)."""
        b = self.bars
        return self.divide(2.0 * b.close - b.high - b.low, self.spread, self.spread)

    @cached_property
    def variances(self) -> tuple[Floats, Floats, Floats]:
        """Parkinson, Garman-Klass and Rogers-Satchell variance of each bar."""
        b = self.bars
        out: tuple[Floats, Floats, Floats] = ohlc_vol.bar_variances(b.open, b.high, b.low, b.close)
        return out

    # Shifts ---------------------------------------------------------------------------------

    def lag(self, x: Floats, k: int = 1) -> Floats:
        """Return x as it was `k` bars before, NaN at the start."""

        def make() -> Floats:
            out = np.full(len(x), np.nan)
            if k < len(x):
                out[k:] = x[:-k]
            return out

        return self.once(x, ("lag", k), make)

    def change(self, x: Floats, k: int) -> Floats:
        """Return x - x[k bars before], NaN where any bar between is missing."""

        def make() -> Floats:
            out = x - self.lag(x, k)
            out[np.isnan(self.mean(x, k + 1))] = np.nan
            return out

        return self.once(x, ("change", k), make)

    # Window statistics ----------------------------------------------------------------------

    def _moments(self, x: Floats, w: int) -> tuple[Floats, Floats]:
        def make() -> tuple[Floats, Floats]:
            out: tuple[Floats, Floats] = window.mean_std(x, w)
            return out

        return self.once(x, ("moments", w), make)

    def mean(self, x: Floats, w: int) -> Floats:
        """Return the mean of the last `w` values."""
        return self._moments(x, w)[0]

    def std(self, x: Floats, w: int) -> Floats:
        """Return their sample standard deviation (n - 1), exactly 0 when all are equal."""
        return self._moments(x, w)[1]

    def total(self, x: Floats, w: int) -> Floats:
        """Return the sum of the last `w` values."""
        return self.once(x, ("total", w), lambda: window.total(x, w))

    def mean_of_defined(self, x: Floats, w: int) -> Floats:
        """Return the mean over bars that are present of a ratio that flat bars leave undefined."""
        return self.once(x, ("defined", w), lambda: window.mean_of_defined(x, self.bars.close, w))

    def percent_rank(self, x: Floats, w: int) -> Floats:
        """Return the rank of x among the last `w` values, 0 to 1, ties at their middle."""
        return self.once(x, ("rank", w), lambda: window.percent_rank(x, w))

    def extremes(self, w: int) -> tuple[Floats, Floats, Floats, Floats]:
        """Return highest high, lowest low, bars since each, over the last `w` bars."""
        b = self.bars

        def make() -> tuple[Floats, Floats, Floats, Floats]:
            out: tuple[Floats, Floats, Floats, Floats] = window.extremes(b.high, b.low, w)
            return out

        return self.once(b.high, ("extremes", w), make)

    def trend(self, x: Floats, w: int) -> tuple[Floats, Floats, Floats]:
        """Return slope, t-statistic and R2 of the line through the last `w` values."""

        def make() -> tuple[Floats, Floats, Floats]:
            out: tuple[Floats, Floats, Floats] = trend.trend(x, w)
            return out

        return self.once(x, ("trend", w), make)

    def zscore(self, x: Floats, w: int) -> Floats:
        """Return (x - mean) / standard deviation over the last `w` values.

        The scale of the division is that of the series' own one-bar changes.
        """
        return self.divide(x - self.mean(x, w), self.std(x, w), self.change(x, 1))

    # Recursions -----------------------------------------------------------------------------

    def ema(self, x: Floats, w: int) -> Floats:
        """Return the exponential moving average, alpha = 2 / (w + 1)."""
        return self.once(x, ("ema", w), lambda: wilder.ema(x, w))

    def atr(self, w: int) -> Floats:
        """Return Wilder's average true range."""
        return self.once(self.true_range, ("atr", w), lambda: wilder.wilder(self.true_range, w))

    # Division -------------------------------------------------------------------------------

    def scale(self, x: Floats) -> Floats:
        """Return the median of |x| over up to 252 valid values before each row."""
        return self.once(x, "scale", lambda: safe_division.scale(x))

    def divide(self, a: Floats, b: Floats, series: Floats) -> Floats:
        """Return a / b where |b| > 1e-3 x the scale of `series`, else NaN."""
        out: Floats = safe_division.safe_divide(a, b, self.scale(series))
        return out
