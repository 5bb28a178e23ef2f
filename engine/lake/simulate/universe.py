"""The simulated instruments: 16 ETFs and what makes each of them different.

Names and rough magnitudes are those of well-known funds, so that correlations, dividends and
chains look familiar; no number is taken from real data.
"""

from __future__ import annotations

from dataclasses import dataclass

FACTORS = ("equity", "duration", "gold", "oil", "growth", "value", "foreign")


@dataclass(frozen=True)
class Instrument:
    """One ETF.

    Parameters
    ----------
    symbol
        Ticker, also the root of its options.
    price
        Dollars at the start.
    loadings
        Log-return per unit of each of `FACTORS`.
    own_vol
        Annual volatility of its own noise in a normal market.
    dividends_per_year, dividend_yield
        Payments a year (0, 2, 4 or 12) and annual yield.
    shares_per_day, trade_size
        Typical volume and shares per transaction.
    premium
        Annual excess return that its own risk earns (default scenario only).
    dailies, weeklies, monthlies, quarterlies
        How many expirations of each listing cycle are open at a time; dailies are Mondays and
        Wednesdays.
    strikes
        Strikes listed on each side of the spot for a monthly expiration.
    contracts_per_day
        Typical option volume.
    is_extended
        Trades before 09:30 and after 16:00 too.
    is_penny
        Options quote in cents at any price; else in five cents from three dollars.
    """

    symbol: str
    price: float
    loadings: tuple[float, ...]
    own_vol: float
    dividends_per_year: int
    dividend_yield: float
    shares_per_day: float
    trade_size: float
    premium: float
    dailies: int
    weeklies: int
    monthlies: int
    quarterlies: int
    strikes: int
    contracts_per_day: float
    is_extended: bool
    is_penny: bool


def _etf(
    symbol: str,
    price: float,
    loadings: tuple[float, ...],
    own_vol: float,
    dividends: tuple[int, float],
    volume: tuple[float, float],
    cycles: tuple[int, int, int, int],
    strikes: int,
    contracts: float,
    *,
    premium: float = 0.0,
    extended: bool = False,
    penny: bool = False,
) -> Instrument:
    return Instrument(
        symbol, price, loadings, own_vol, *dividends, *volume, premium, *cycles, strikes,
        contracts, extended, penny,
    )  # fmt: skip


# fmt: off
INSTRUMENTS: tuple[Instrument, ...] = (
    # symbol, price, loadings in the order of FACTORS, own volatility, (dividends a year, yield),
    # (shares a day, trade size), (dailies, weeklies, monthlies, quarterlies), strikes, contracts
    _etf("DIA", 376.0, (0.88, 0.00, 0.00, 0.00, -0.3, 0.3, 0.00), 0.03, (12, 0.018), (3.4e6, 90),
         (0, 5, 4, 3), 16, 9e3),
    _etf("EEM", 40.2, (0.85, 0.00, 0.08, 0.02, 0.0, 0.0, 1.10), 0.06, (2, 0.026), (2.6e7, 260),
         (0, 5, 4, 3), 13, 9e4),
    _etf("EFA", 75.1, (0.90, 0.03, 0.05, 0.00, -0.1, 0.1, 0.75), 0.04, (2, 0.030), (1.5e7, 220),
         (0, 5, 4, 3), 13, 3e4),
    _etf("GLD", 191.5, (0.02, 0.15, 1.00, 0.00, 0.0, 0.0, 0.10), 0.03, (0, 0.0), (7.5e6, 120),
         (0, 5, 5, 3), 17, 1.2e5, premium=0.03, extended=True, penny=True),
    _etf("HYG", 77.2, (0.35, 0.12, 0.00, 0.02, 0.0, 0.1, 0.00), 0.025, (12, 0.058), (3.6e7, 300),
         (0, 5, 4, 3), 13, 1.5e5),
    _etf("IWM", 201.0, (1.08, 0.00, 0.00, 0.00, -0.1, 1.2, 0.00), 0.05, (4, 0.013), (3.0e7, 130),
         (2, 6, 5, 3), 20, 6e5, extended=True, penny=True),
    _etf("LQD", 110.5, (0.08, 0.50, 0.00, 0.00, 0.0, 0.0, 0.00), 0.02, (12, 0.044), (2.4e7, 240),
         (0, 5, 4, 3), 13, 4e4),
    _etf("QQQ", 409.0, (1.12, 0.00, 0.00, 0.00, 1.0, -0.2, 0.00), 0.03, (4, 0.006), (4.2e7, 95),
         (4, 6, 6, 4), 24, 2.2e6, extended=True, penny=True),
    _etf("SLV", 21.9, (0.25, 0.10, 1.45, 0.05, 0.0, 0.0, 0.20), 0.14, (0, 0.0), (1.9e7, 330),
         (0, 5, 5, 3), 16, 1.5e5, penny=True),
    _etf("SPY", 476.0, (1.00, 0.00, 0.00, 0.00, 0.1, 0.0, 0.00), 0.012, (4, 0.013), (6.5e7, 110),
         (4, 6, 6, 4), 27, 5.0e6, extended=True, penny=True),
    _etf("TLT", 98.5, (-0.18, 1.00, 0.00, 0.00, 0.0, 0.0, 0.00), 0.02, (12, 0.038), (3.8e7, 210),
         (0, 6, 5, 3), 16, 3e5, extended=True, penny=True),
    _etf("USO", 67.0, (0.35, -0.10, 0.00, 1.00, 0.0, 0.0, 0.00), 0.06, (0, 0.0), (3.5e6, 170),
         (0, 5, 5, 3), 17, 7e4),
    _etf("VXX", 15.6, (-4.00, 0.00, 0.00, 0.00, 0.0, 0.0, 0.00), 0.28, (0, 0.0), (9.0e6, 260),
         (0, 6, 4, 2), 19, 1.4e5, extended=True),
    _etf("XLE", 84.5, (0.85, -0.05, 0.00, 0.45, -0.3, 0.4, 0.00), 0.09, (4, 0.033), (1.6e7, 190),
         (0, 5, 4, 3), 14, 1e5),
    _etf("XLF", 37.6, (1.05, -0.12, 0.00, 0.00, -0.3, 1.1, 0.00), 0.06, (4, 0.016), (4.0e7, 320),
         (0, 5, 4, 3), 13, 1.3e5),
    _etf("XLK", 192.0, (1.15, 0.00, 0.00, 0.00, 1.3, -0.3, 0.00), 0.06, (4, 0.007), (6.5e6, 110),
         (0, 5, 4, 3), 16, 2.5e4),
)
# fmt: on

SYMBOLS = tuple(instrument.symbol for instrument in INSTRUMENTS)
EQUITY = FACTORS.index("equity")
