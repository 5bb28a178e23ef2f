"""One symbol's bars with the series and window statistics that families share.

A family's `value` reads like its definition (`s.std(s.ret, w) * s.annual`); the workspace sees to
it that a series is derived once and a window visited once, whoever asks.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.features.panel import Bars, Floats
from engine.features.statistics import Statistics
from engine.kernels import ohlc_vol, wilder, window


def log(x: Floats) -> Floats:
    """Return the logarithm, NaN where x is not positive."""
    out: Floats = np.log(np.where(x > 0.0, x, np.nan))
    return out


class Workspace(Statistics):
    """Bars plus memoised series and statistics.

    Parameters
    ----------
    bars
        One symbol's bars on any grid.
    wanted
        See `Statistics`.
    """

    def __init__(self, bars: Bars, wanted: NDArray[np.bool_] | None = None) -> None:
        super().__init__(wanted)
        self.bars = bars

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

    # Windows of bars ----------------------------------------------------------------------------

    def mean_of_defined(self, x: Floats, w: int) -> Floats:
        """Return the mean over bars that are present of a ratio that flat bars leave undefined."""
        return self.once(x, ("defined", w), lambda: window.mean_of_defined(x, self.bars.close, w))

    def extremes(self, w: int) -> tuple[Floats, Floats, Floats, Floats]:
        """Return highest high, lowest low, bars since each, over the last `w` bars."""
        b = self.bars

        def make() -> tuple[Floats, Floats, Floats, Floats]:
            out: tuple[Floats, Floats, Floats, Floats] = window.extremes(b.high, b.low, w)
            return out

        return self.once(b.high, ("extremes", w), make)

    def atr(self, w: int, *, last: bool = False) -> Floats:
        """Return Wilder's average true range; for `last` see `ema`."""
        x = self.true_range
        wanted = self.wanted if last else None
        return self.once(x, ("atr", w, wanted is None), lambda: wilder.wilder(x, w, wanted))
