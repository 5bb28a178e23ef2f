"""Statistics of one session's minutes, worked by hand and compared with numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.kernels import session
from engine.kernels.session import session_statistics

PERIODS = 252.0


def statistics(index, open_, close, volume, minutes=390):
    """One session's statistics as a vector."""
    arrays = [np.asarray(x, dtype=np.float64) for x in (open_, close, volume)]
    return session_statistics(
        np.array([0, len(index)]),
        np.asarray(index, dtype=np.int64),
        *arrays,
        np.array([minutes]),
        PERIODS,
    )[:, 0]


def from_five_minute_returns(returns, origin=100.0):
    """A full session whose 5-minute returns are given: each move happens in one minute."""
    closes = np.repeat(origin * np.exp(np.cumsum(returns)), 5)
    n = len(closes)
    opens = np.concatenate([[origin], closes[:-1]])
    return np.arange(n), opens, closes, np.ones(n), n


def test_realised_measures_of_returns_known_in_advance():
    # Four returns: 2, -1, 1, 2 percent.
    got = statistics(*from_five_minute_returns([0.02, -0.01, 0.01, 0.02]))
    rv = 4e-4 + 1e-4 + 1e-4 + 4e-4
    bv = math.pi / 2 * (2e-4 + 1e-4 + 2e-4) * 4 / 3
    assert got[session.RV] == pytest.approx(math.sqrt(rv * PERIODS))
    assert got[session.BV] == pytest.approx(math.sqrt(bv * PERIODS))
    assert got[session.JUMP] == pytest.approx(max(rv - bv, 0.0) / rv)
    assert got[session.RSV] == pytest.approx((9e-4 - 1e-4) / rv)
    cubes = 8e-6 - 1e-6 + 1e-6 + 8e-6
    assert got[session.SKEW] == pytest.approx(math.sqrt(4) * cubes / rv**1.5)
    fourths = 16e-8 + 1e-8 + 1e-8 + 16e-8
    assert got[session.KURT] == pytest.approx(4 * fourths / rv**2)


def test_one_jump_in_a_still_session_is_all_jump():
    got = statistics(*from_five_minute_returns([0.0] * 40 + [0.03] + [0.0] * 37))
    assert got[session.JUMP] == pytest.approx(1.0)
    assert got[session.BV] == 0.0
    assert got[session.RSV] == pytest.approx(1.0)
    assert got[session.KURT] == pytest.approx(78.0)


def test_a_session_without_a_price_change_has_zero_volatility_and_no_ratios():
    n = 390
    got = statistics(range(n), np.full(n, 50.0), np.full(n, 50.0), np.ones(n))
    assert got[session.RV] == got[session.BV] == 0.0
    assert got[session.ZERO] == 1.0
    assert np.isnan(got[[session.JUMP, session.RSV, session.SKEW, session.KURT, session.ACF]]).all()


def test_volume_shares_are_those_of_the_first_and_last_thirty_minutes():
    volume = np.ones(390)
    volume[:30], volume[-30:] = 3.0, 5.0
    n = 390
    got = statistics(range(n), np.full(n, 50.0), np.full(n, 50.0), volume)
    assert got[session.FIRST] == 90.0 / 570.0
    assert got[session.LAST] == 150.0 / 570.0


def test_on_a_half_day_the_last_thirty_minutes_end_at_its_own_close():
    n = 210
    volume = np.ones(n)
    volume[-30:] = 2.0
    got = statistics(range(n), np.full(n, 50.0), np.full(n, 50.0), volume, minutes=n)
    assert got[session.LAST] == 60.0 / 240.0


def test_autocorrelation_of_minute_returns_is_that_of_numpy():
    rng = np.random.default_rng(8)
    returns = rng.normal(0.0, 1e-3, 390)
    close = 20.0 * np.exp(np.cumsum(returns))
    open_ = np.concatenate([[20.0], close[:-1]])
    got = statistics(range(390), open_, close, np.ones(390))
    assert got[session.ACF] == pytest.approx(np.corrcoef(returns[1:], returns[:-1])[0, 1], rel=1e-9)


def test_minutes_without_a_trade_keep_the_last_price():
    rng = np.random.default_rng(8)
    close = 20.0 * np.exp(np.cumsum(rng.normal(0.0, 1e-3, 390)))
    kept = np.sort(rng.choice(np.arange(1, 390), 300, replace=False))
    kept = np.concatenate([[0], kept])
    filled = close[kept[np.searchsorted(kept, np.arange(390), side="right") - 1]]
    open_ = np.full(390, 20.0)
    sparse = statistics(kept, open_[kept], close[kept], np.ones(len(kept)))
    dense = statistics(range(390), open_, filled, np.ones(390))
    prices = [session.RV, session.BV, session.SKEW, session.ZERO, session.ACF]
    assert np.array_equal(sparse[prices], dense[prices])
    assert sparse[session.ZERO] == pytest.approx((390 - 301) / 390)


@pytest.mark.parametrize(("present", "known"), [(194, False), (195, True)])
def test_fewer_than_half_of_the_minutes_say_nothing(present, known):
    close = 10.0 + 0.01 * np.arange(present)
    got = statistics(range(present), close, close, np.ones(present))
    assert np.isfinite(got[session.RV]) == known


def test_a_session_without_volume_has_no_shares():
    n = 390
    got = statistics(range(n), np.full(n, 5.0), np.full(n, 5.0), np.zeros(n))
    assert np.isnan(got[[session.FIRST, session.LAST]]).all()


def test_the_order_of_the_rows_does_not_change_a_bit():
    rng = np.random.default_rng(8)
    index = np.sort(rng.choice(390, 350, replace=False))
    close = 20.0 * np.exp(np.cumsum(rng.normal(0.0, 1e-3, 350)))
    volume = rng.uniform(0.1, 1.0, 350)
    shuffled = rng.permutation(350)
    plain = statistics(index, close, close, volume)
    mixed = statistics(index[shuffled], close[shuffled], close[shuffled], volume[shuffled])
    assert np.isfinite(plain).all()
    assert np.array_equal(plain, mixed)


def test_sessions_of_one_batch_do_not_touch_each_other():
    one = from_five_minute_returns([0.01, -0.02, 0.005, 0.0])
    two = from_five_minute_returns([-0.03, 0.01, 0.02, 0.01, -0.01, 0.02])
    both = session_statistics(
        np.array([0, 20, 50]),
        np.concatenate([one[0], two[0]]).astype(np.int64),
        *(np.concatenate([a, b]) for a, b in zip(one[1:4], two[1:4], strict=True)),
        np.array([20, 30]),
        PERIODS,
    )
    assert np.array_equal(both[:, 0], statistics(*one), equal_nan=True)
    assert np.array_equal(both[:, 1], statistics(*two), equal_nan=True)
