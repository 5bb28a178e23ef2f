"""The market's series, and the statistics of pairs and of the cross-section that families share."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.features.market_panel import Market
from engine.features.panel import Floats
from engine.features.statistics import Statistics
from engine.features.workspace import log
from engine.kernels import comovement, cross_section, market_structure, window
from engine.kernels.safe_division import FLOOR

T = TypeVar("T")


def fewest(symbols: Sequence[str]) -> int:
    """Return how many members a statistic of these needs: half of those configured."""
    return (len(symbols) + 1) // 2


class MarketWorkspace(Statistics):
    """The market plus memoised series and statistics.

    A statistic of one symbol or pair is NaN where one of its bars is missing. One of many members
    is taken over those whose windows are whole, and is NaN where these are fewer than half.

    Parameters
    ----------
    market
        Every member's bars on one grid.
    wanted
        See `Statistics`.
    """

    def __init__(self, market: Market, wanted: NDArray[np.bool_] | None = None) -> None:
        super().__init__(wanted)
        self.market = market
        self._named: dict[Hashable, Floats] = {}

    def named(self, key: Hashable, make: Callable[[], Floats]) -> Floats:
        """Return `make()`, computed once for this name."""
        if key not in self._named:
            self._named[key] = make()
        return self._named[key]

    def both(self, x: Floats, y: Floats, key: Hashable, make: Callable[[], T]) -> T:
        """Return `make()`, computed once for these two arrays and key."""
        self._kept.append(y)
        return self.once(x, (id(y), key), make)

    # Series ---------------------------------------------------------------------------------

    def close(self, symbol: str) -> Floats:
        """Forward-adjusted close."""
        return self.market.members[symbol].close

    def log_close(self, symbol: str) -> Floats:
        """Its logarithm."""
        return self.named(("log close", symbol), lambda: log(self.close(symbol)))

    def ret(self, symbol: str) -> Floats:
        """Log return of one bar."""
        return self.change(self.log_close(symbol), 1)

    def ratio(self, symbol: str, against: str) -> Floats:
        """Log price of one in units of the other."""
        return self.named(
            ("ratio", symbol, against), lambda: self.log_close(symbol) - self.log_close(against)
        )

    def level(self, name: str) -> Floats:
        """Logarithm of an index level."""
        return self.named(
            ("level", name),
            lambda: log(self.market.levels.get(name, np.full(len(self.market), np.nan))),
        )

    def matrix(
        self, key: Hashable, symbols: Sequence[str], make: Callable[[str], Floats]
    ) -> Floats:
        """Return one column a symbol, shape (n, k)."""
        return self.named(
            (key, tuple(symbols)), lambda: np.column_stack([make(symbol) for symbol in symbols])
        )

    # One series -----------------------------------------------------------------------------

    def floor(self, x: Floats) -> Floats:
        """Return the deviation up to which a window of `x` counts as dead."""
        return self.once(x, "floor", lambda: FLOOR * self.scale(x))

    def live(self, x: Floats, w: int) -> Floats:
        """Return the standard deviation of the last `w` values, NaN where it is dead."""

        def make() -> Floats:
            std = self.std(x, w)
            out: Floats = np.where(self.alive(std, x), std, np.nan)
            return out

        return self.once(x, ("live", w), make)

    def scaled_change(self, x: Floats, k: int, w: int) -> Floats:
        """Return x - x[k bars before] in deviations of k one-bar changes, over `w` of them."""
        out: Floats = self.change(x, k) / (self.live(self.change(x, 1), w) * np.sqrt(k))
        return out

    def close_extremes(self, symbol: str, w: int) -> tuple[Floats, Floats, Floats, Floats]:
        """Return highest and lowest close of the last `w`, and the bars since each."""
        x = self.close(symbol)

        def make() -> tuple[Floats, Floats, Floats, Floats]:
            out: tuple[Floats, Floats, Floats, Floats] = window.extremes(x, x, w)
            return out

        return self.once(x, ("extremes", w), make)

    # Two series -----------------------------------------------------------------------------

    def moments(self, x: Floats, y: Floats, w: int) -> tuple[Floats, Floats, Floats]:
        """Return both variances and the covariance over the last `w` values, NaN where dead."""

        def make() -> tuple[Floats, Floats, Floats]:
            xy, std_x, std_y = comovement.co_moments(x, y, w)
            dead = ~(self.alive(std_x, x) & self.alive(std_y, y))
            xx, yy = std_x * std_x, std_y * std_y
            for values in (xx, yy, xy):
                values[dead] = np.nan
            return xx, yy, xy

        return self.both(x, y, ("moments", w), make)

    def correlation(self, x: Floats, y: Floats, w: int) -> Floats:
        """Return the correlation over the last `w` values."""

        def make() -> Floats:
            xx, yy, xy = self.moments(x, y, w)
            out: Floats = np.clip(xy / np.sqrt(xx * yy), -1.0, 1.0)
            return out

        return self.both(x, y, ("correlation", w), make)

    def slope(self, y: Floats, x: Floats, w: int) -> Floats:
        """Return the least-squares slope of y on x over the last `w` values."""
        xx, _, xy = self.moments(x, y, w)
        return self.both(x, y, ("slope", w), lambda: xy / xx)

    def residual(self, y: Floats, x: Floats, w: int) -> Floats:
        """Return the standard deviation of what x leaves of y, n - 2 degrees of freedom."""

        def make() -> Floats:
            _, yy, xy = self.moments(x, y, w)
            rest = np.maximum(yy - self.slope(y, x, w) * xy, 0.0) * ((w - 1.0) / (w - 2.0))
            std = np.sqrt(rest)
            out: Floats = np.where(self.alive(std, y), std, np.nan)
            return out

        return self.both(x, y, ("residual", w), make)

    def relative_strength(self, symbol: str, against: str, k: int, w: int) -> Floats:
        """Return k bars' log return less beta x the other's, in residual deviations."""
        y, x = self.ret(symbol), self.ret(against)
        own = self.change(self.log_close(symbol), k)
        other = self.change(self.log_close(against), k)
        excess = own - self.slope(y, x, w) * other
        out: Floats = excess / (self.residual(y, x, w) * np.sqrt(k))
        return out

    # Many members ---------------------------------------------------------------------------

    def returns(self, symbols: Sequence[str]) -> Floats:
        """Return the members' log returns of one bar, shape (n, k)."""
        return self.matrix("returns", symbols, self.ret)

    def floors(self, symbols: Sequence[str]) -> Floats:
        """Return the deviations up to which their returns count as dead, shape (n, k)."""
        return self.matrix("floors", symbols, lambda symbol: self.floor(self.ret(symbol)))

    def mean_std(self, x: Floats, symbols: Sequence[str]) -> tuple[Floats, Floats]:
        """Return mean and standard deviation across the members that are known."""

        def make() -> tuple[Floats, Floats]:
            out: tuple[Floats, Floats] = cross_section.mean_std(x, fewest(symbols))
            return out

        return self.once(x, "cross-section", make)

    def ranks(self, x: Floats, symbols: Sequence[str]) -> Floats:
        """Return each member's rank among those that are known, 0 to 1; shape (n, k)."""
        return self.once(x, "ranks", lambda: cross_section.ranks(x, fewest(symbols)))

    def leader(self, x: Floats, symbols: Sequence[str]) -> Floats:
        """Return the number of the member with the highest value."""
        return self.once(x, "leader", lambda: cross_section.leader(x, fewest(symbols)))

    def average_correlation(self, symbols: Sequence[str], w: int) -> Floats:
        """Return the mean correlation of all pairs over the last `w` returns."""
        x = self.returns(symbols)
        return self.once(
            x,
            ("average correlation", w),
            lambda: market_structure.average_correlation(
                x, self.floors(symbols), w, fewest(symbols)
            ),
        )

    def components(self, symbols: Sequence[str], w: int) -> NDArray[np.float64]:
        """Return what principal components say of the last `w` returns, shape (4, n)."""
        x = self.returns(symbols)

        def make() -> NDArray[np.float64]:
            found = market_structure.components(x, self.floors(symbols), w, fewest(symbols))
            return np.ascontiguousarray(found.T)

        return self.once(x, ("components", w), make)

    def turbulence(self, symbols: Sequence[str], w: int) -> Floats:
        """Return the returns' distance from the `w` before them, over the members."""
        x = self.returns(symbols)
        return self.once(
            x,
            ("turbulence", w),
            lambda: market_structure.turbulence(x, self.floors(symbols), w, fewest(symbols)),
        )
