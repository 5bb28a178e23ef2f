"""Names of the kernels' codes: why a row has no implied volatility.

`seeds/reason_codes.csv` says what each means and what to do about it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels import black_scholes as bs

REASONS: dict[int, str | None] = {
    bs.SOLVED: None,
    bs.MISSING_INPUT: "missing_input",
    bs.BAD_OPTION_TYPE: "bad_option_type",
    bs.BAD_STRIKE: "bad_strike",
    bs.NO_UNDERLYING: "no_underlying",
    bs.NO_PRICE: "no_price",
    bs.EXPIRED: "expired",
    bs.BELOW_INTRINSIC: "below_intrinsic",
    bs.ABOVE_MAX: "above_max",
    bs.SUB_TICK: "sub_tick",
    bs.CROSSED: "crossed",
    bs.BAD_DIVIDENDS: "bad_dividends",
}


def names(codes: NDArray[np.int8]) -> list[str | None]:
    """Return the reason of each code, None where there is a value."""
    return [REASONS[code] for code in codes.tolist()]
