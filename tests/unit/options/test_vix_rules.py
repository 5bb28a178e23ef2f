"""The index's rules against Cboe's own worked example, and against chains that are known."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest

from engine.kernels import black
from engine.options import vix

# Cboe, White Paper: Cboe Volatility Index (2019), appendix 1: near term, out-of-the-money sides.
# Strike: bid, ask.
PUTS = """
1300 .05 .10, 1305 0 .10, 1310 0 .10, 1315 0 .10, 1320 0 .10, 1325 .05 .10, 1330 0 .10, 1335 0 .15,
1340 0 .15, 1345 0 .15, 1350 .05 .15, 1355 .05 .35, 1360 0 .35, 1365 0 .35, 1370 .05 .35,
1375 .10 .15, 1380 .10 .20, 1385 .10 .35, 1390 .10 .35, 1395 .10 .15, 1400 .10 .15, 1405 0 .35,
1410 .05 .40, 1415 0 .40, 1420 .05 .40, 1425 .15 .20, 1430 .05 .40, 1435 .15 .40, 1440 .05 .30,
1445 .05 .40, 1450 .15 .25, 1455 .05 .45, 1460 .05 .45, 1465 .05 .45, 1470 .05 .45, 1475 .15 .25,
1480 .05 .45, 1485 .20 .50, 1490 .05 .30, 1495 .05 .50, 1500 .25 .40, 1505 .30 .35, 1510 .05 .55,
1515 .05 .55, 1520 .10 .60, 1525 .30 .40, 1530 .05 .60, 1535 .10 .65, 1540 .10 .65, 1545 .10 .65,
1550 .30 .70, 1555 .15 .70, 1560 .15 .70, 1565 .15 .70, 1570 .20 .75, 1575 .35 .75, 1580 .25 .80,
1585 .25 .80, 1590 .25 .80, 1595 .25 .80, 1600 .50 .85, 1605 .30 .85, 1610 .35 .90, 1615 .35 .90,
1620 .35 .90, 1625 .40 .95, 1630 .40 .95, 1635 .45 1.00, 1640 .45 1.00, 1645 .50 1.05,
1650 .50 .85, 1655 .55 1.10, 1660 .55 1.10, 1665 .60 1.15, 1670 .60 1.15, 1675 .65 1.20,
1680 .70 1.25, 1685 .75 1.30, 1690 .75 1.30, 1695 .80 1.35, 1700 .85 1.40, 1705 .85 1.40,
1710 .90 1.45, 1715 .95 1.50, 1720 1.00 1.55, 1725 1.05 1.60, 1730 1.10 1.65, 1735 1.15 1.70,
1740 1.20 1.75, 1745 1.25 1.85, 1750 1.30 1.90, 1755 1.40 1.95, 1760 1.45 2.05, 1765 1.50 2.15,
1770 1.60 2.20, 1775 1.65 2.35, 1780 1.75 2.40, 1785 1.85 2.50, 1790 1.90 2.60, 1795 2.00 2.75,
1800 2.15 2.90, 1805 2.25 3.00, 1810 2.35 3.20, 1815 2.50 3.40, 1820 2.65 3.50, 1825 3.00 3.60,
1830 3.00 3.90, 1835 3.20 4.10, 1840 3.40 4.40, 1845 3.60 4.60, 1850 3.80 4.90, 1855 4.10 5.20,
1860 4.40 5.50, 1865 4.70 5.80, 1870 5.00 6.20, 1875 5.40 6.60, 1880 5.80 7.00, 1885 6.20 7.50,
1890 6.70 8.00, 1895 7.20 8.60, 1900 7.80 8.80, 1905 8.50 9.50, 1910 9.10 10.20, 1915 9.90 11.30,
1920 10.70 12.10, 1925 11.60 12.60, 1930 12.50 14.00, 1935 13.60 14.70, 1940 14.70 15.80,
1945 15.90 17.20, 1950 17.70 18.80, 1955 19.00 20.50, 1960 20.60 22.00, 1965 22.30 24.00
"""
MINUTES = 35_924 / 525_600  # years: 854 of the day, 510 of the settlement day, 24 days between
CALLS = """
1960 23.40 25.10, 1965 20.30 21.80, 1970 17.40 18.80, 1975 14.60 15.90, 1980 12.20 13.30,
1985 9.90 11.00, 1990 7.90 9.00, 1995 6.20 7.10, 2000 4.70 5.20, 2005 3.40 4.20, 2010 2.65 3.10,
2015 1.75 2.30, 2020 1.20 1.70, 2025 1.00 1.25, 2030 .45 1.00, 2035 .25 .80, 2040 .35 .65,
2045 .20 .60, 2050 .20 .30, 2055 .15 .50, 2060 .15 .30, 2065 .15 .20, 2070 .10 .20, 2075 .10 .20,
2080 .05 .45, 2085 .05 .40, 2090 .05 .15, 2095 .05 .35, 2100 .05 .15, 2120 0 .15, 2125 .05 .15,
2150 0 .10, 2175 0 .05, 2200 0 .05, 2225 .05 .10, 2250 0 .05
"""


def quotes(text):
    rows = np.array([[float(word) for word in row.split()] for row in text.split(",")])
    return {strike: (bid, ask) for strike, bid, ask in rows}


def example():
    """Return the arguments of `term_variance`; in-the-money sides are NaN but for two strikes."""
    puts, calls = quotes(PUTS), quotes(CALLS)
    strikes = np.array(sorted(puts | calls))
    nothing = (np.nan, np.nan)
    put = np.array([puts.get(k, nothing) for k in strikes])
    call = np.array([calls.get(k, nothing) for k in strikes])
    return strikes, call[:, 0], call[:, 1], put[:, 0], put[:, 1]


def test_cboes_worked_example_is_met_to_its_last_printed_digit():
    term = vix.term_variance(*example(), t=MINUTES, rate=0.000305)
    assert term.forward == pytest.approx(1962.89996, abs=1e-5)
    assert term.center == 1960.0
    assert term.variance == pytest.approx(0.01846292, abs=5e-9)


def test_nothing_counts_beyond_two_zero_bids_in_a_row():
    strikes, call_bid, call_ask, put_bid, put_ask = example()
    term = vix.term_variance(strikes, call_bid, call_ask, put_bid, put_ask, MINUTES, 0.000305)
    beyond = (strikes <= 1365) | (strikes >= 2200)
    dear = np.where(beyond & (put_bid > 0), 9.0, put_ask)
    again = vix.term_variance(strikes, call_bid, call_ask, put_bid, dear, MINUTES, 0.000305)
    assert again == term


def test_the_example_interpolated_with_its_next_term_is_its_index():
    near = vix.Term(0.01846292, 0.0683486, 1962.9, 1960.0, 146)
    far = vix.Term(0.01882101, 0.0882686, 1962.4, 1960.0, 122)
    assert vix.index_level(near, far) == pytest.approx(13.69, abs=0.005)


@pytest.mark.parametrize("sigma", [0.1, 0.2, 0.4])
def test_a_dense_lognormal_chain_has_its_own_variance(sigma):
    t, rate, spot = 30 / 365, 0.02, 3000.0
    strikes = np.arange(900.0, 9000.0, 5.0)
    sides = []
    for is_call in (True, False):
        undiscounted = black.price(
            spot * math.exp(rate * t), strikes, sigma * math.sqrt(t), is_call
        )
        sides += 2 * [math.exp(-rate * t) * undiscounted]
    term = vix.term_variance(strikes, *sides, t, rate)
    assert math.sqrt(term.variance) == pytest.approx(sigma, rel=5e-4)


def test_terms_are_the_fridays_around_thirty_days():
    fridays = [dt.date(2019, 5, 3) + dt.timedelta(7 * i) for i in range(12)]
    others = [dt.date(2019, 6, 3), dt.date(2019, 5, 29)]
    session = dt.date(2019, 5, 1)
    chosen = vix.terms(session, fridays + others)
    assert chosen == (dt.date(2019, 5, 31), dt.date(2019, 6, 7))
    assert vix.terms(session, others) is None


def test_a_chain_without_pairs_has_no_variance():
    nothing = np.full(3, np.nan)
    assert vix.term_variance(np.array([1.0, 2.0, 3.0]), *[nothing] * 4, 0.1, 0.0) is None
