"""Range-based variances and spreads in cases that can be worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.kernels import ohlc_vol


def bars(*rows):
    """Open, high, low, close as arrays."""
    return [np.array(column, dtype=np.float64) for column in zip(*rows, strict=True)]


def test_a_bar_that_doubles_within_its_range_has_the_textbook_variances():
    # Open 1, high 2, low 1, close 2: ln(H/L) = ln(C/O) = ln 2.
    parkinson, garman_klass, rogers_satchell = ohlc_vol.bar_variances(*bars((1, 2, 1, 2)))
    ln2 = math.log(2.0)
    assert parkinson[0] == pytest.approx(ln2**2 / (4 * ln2))  # = ln 2 / 4
    assert garman_klass[0] == pytest.approx(0.5 * ln2**2 - (2 * ln2 - 1) * ln2**2)
    # A straight move up is all drift to Rogers and Satchell.
    assert rogers_satchell[0] == pytest.approx(0.0, abs=1e-15)


def test_a_bar_that_comes_back_to_its_open_is_all_variance():
    # Open = close = 1, high e, low 1/e: spread 2, move 0.
    parkinson, garman_klass, rogers_satchell = ohlc_vol.bar_variances(
        *bars((1, math.e, 1 / math.e, 1))
    )
    assert parkinson[0] == pytest.approx(4 / (4 * math.log(2)))
    assert garman_klass[0] == pytest.approx(2.0)
    assert rogers_satchell[0] == pytest.approx(2.0)


def test_a_flat_bar_has_no_variance():
    assert [v[0] for v in ohlc_vol.bar_variances(*bars((5, 5, 5, 5)))] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("spread", [0.001, 0.01, 0.05])
def test_corwin_schultz_finds_the_spread_when_price_only_bounces_between_bid_and_ask(spread):
    # Two equal bars from bid to ask with no volatility: beta = 2x^2, gamma = x^2 with
    # x = ln(ask / bid), so alpha = x and S = 2 (e^x - 1) / (1 + e^x) = spread exactly.
    ask, bid = 100.0 * (1 + spread / 2), 100.0 * (1 - spread / 2)
    high, low, close = np.array([ask, ask]), np.array([bid, bid]), np.array([100.0, 100.0])
    got = ohlc_vol.corwin_schultz(high, low, close)
    assert np.isnan(got[0])
    assert got[1] == pytest.approx(spread, rel=1e-9)


def test_corwin_schultz_moves_the_second_bar_back_over_an_overnight_gap():
    high, low, close = np.array([101.0, 121.2]), np.array([99.0, 118.8]), np.array([100.0, 120.0])
    # The whole second bar lies above the first close: it is moved down until its low is 100.
    shifted = ohlc_vol.corwin_schultz(np.array([101.0, 102.4]), np.array([99.0, 100.0]), close)
    assert ohlc_vol.corwin_schultz(high, low, close)[1] == pytest.approx(shifted[1], rel=1e-12)


def test_corwin_schultz_sets_a_negative_estimate_to_zero():
    # A move with no overlap is all volatility.
    high, low, close = np.array([101.0, 105.0]), np.array([100.0, 101.0]), np.array([101.0, 105.0])
    assert ohlc_vol.corwin_schultz(high, low, close)[1] == 0.0


def test_abdi_ranaldo_of_closes_at_the_ask_between_equal_middles_is_the_spread():
    # Both bars have middle m; the close is half a spread above it: 4 (s/2)^2 = s^2.
    half = 0.004
    high = np.array([math.exp(half), math.exp(half)])
    low = np.array([math.exp(-half), math.exp(-half)])
    close = np.array([math.exp(half), 1.0])
    assert ohlc_vol.abdi_ranaldo(high, low, close)[1] == pytest.approx(2 * half, rel=1e-12)


def test_abdi_ranaldo_sets_a_negative_square_to_zero():
    # The close lies between the two middles.
    high, low = np.array([1.02, 1.10]), np.array([0.98, 1.08])
    assert ohlc_vol.abdi_ranaldo(high, low, np.array([1.01, 1.09]))[1] == 0.0


def test_a_missing_bar_blanks_both_pairs_it_is_in():
    high = np.array([2.0, np.nan, 2.0, 2.0])
    low = np.array([1.0, np.nan, 1.0, 1.0])
    close = np.array([1.5, np.nan, 1.5, 1.5])
    for spread in (ohlc_vol.corwin_schultz, ohlc_vol.abdi_ranaldo):
        assert np.isnan(spread(high, low, close)).tolist() == [True, True, True, False]
