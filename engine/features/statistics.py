"""Shifts, window statistics and safe division of any series, each computed once.

The base of every workspace: what it knows is an array and a window, whatever the array is of.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.features.panel import Floats
from engine.kernels import safe_division, trend, wilder, window

T = TypeVar("T")


class Statistics:
    """Memoised statistics of series.

    The memo goes by an array's identity: ask twice with the same array, not with an equal one.

    Parameters
    ----------
    wanted
        Rows whose values are wanted where only the last of them are, shape (n,); None in a whole
        build. What has no window over it may leave the other rows out: `only`, `near`, `last`.
    """

    def __init__(self, wanted: NDArray[np.bool_] | None = None) -> None:
        self.wanted = wanted
        self._memo: dict[Hashable, object] = {}
        self._kept: list[Floats] = []  # keeps ids of memoised arrays from being used again

    def once(self, x: Floats, key: Hashable, make: Callable[[], T]) -> T:
        """Return `make()`, computed once for this array and key."""
        full = (id(x), key)
        if full not in self._memo:
            self._memo[full] = make()
            self._kept.append(x)
        return self._memo[full]  # type: ignore[return-value]

    # Rows that are wanted ---------------------------------------------------------------------

    def only(self, x: Floats) -> Floats:
        """Return x, unknown in rows that are not wanted: for an input read at its own row."""
        return x if self.wanted is None else np.where(self.wanted, x, np.nan)

    def near(self, x: Floats, w: int) -> Floats:
        """Return x, unknown where none of the next `w` values of x is in a row that is wanted.

        For a window's own input, where no other window reads the result.
        """
        wanted = self.wanted
        if wanted is None:
            return x

        def make() -> Floats:
            places = np.flatnonzero(wanted)
            following = np.searchsorted(places, np.arange(len(x)))
            rows = places[np.minimum(following, len(places) - 1)]
            counted = np.cumsum(~np.isnan(x))
            close = (counted[rows] - counted < w) & (following < len(places))
            return np.where(close, x, np.nan)

        return self.once(x, ("near", w), make)

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

    def percent_rank(self, x: Floats, w: int) -> Floats:
        """Return the rank of x among the last `w` values, 0 to 1, ties at their middle."""
        return self.once(x, ("rank", w), lambda: window.percent_rank(x, w))

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

    def ema(self, x: Floats, w: int, *, last: bool = False) -> Floats:
        """Return the exponential moving average, alpha = 2 / (w + 1).

        With `last` in the rows that are wanted alone: no window may read it then.
        """
        wanted = self.wanted if last else None
        return self.once(x, ("ema", w, wanted is None), lambda: wilder.ema(x, w, wanted))

    # Division -------------------------------------------------------------------------------

    def scale(self, x: Floats) -> Floats:
        """Return the median of |x| over up to 252 valid values before each row."""
        return self.once(x, "scale", lambda: safe_division.scale(x))

    def divide(self, a: Floats, b: Floats, series: Floats) -> Floats:
        """Return a / b where |b| > 1e-3 x the scale of `series`, else NaN."""
        out = np.full(len(b), np.nan)
        np.divide(a, b, out=out, where=self.alive(b, series))
        return out

    def alive(self, b: Floats, series: Floats) -> NDArray[np.bool_]:
        """Return where |b| > 1e-3 x the scale of `series`."""
        out: NDArray[np.bool_] = safe_division.alive(b, series)
        return out
