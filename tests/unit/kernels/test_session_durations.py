"""Durations inside a session, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.tsa.stattools import acf

from engine.kernels import session_durations as sd
from engine.kernels.session_durations import price_spells, session_durations, volume_bars


def bars(index, volume, count):
    out = np.empty(count)
    volume_bars(np.asarray(index), np.asarray(volume, dtype=np.float64), count, out)
    return out


def session(close, volume, high=None, low=None, open_=None, index=None, minutes=None):
    """All statistics of one session."""
    close = np.asarray(close, dtype=np.float64)
    n = len(close)
    index = np.arange(n) if index is None else np.asarray(index)
    columns = [close if x is None else np.asarray(x, dtype=float) for x in (open_, high, low)]
    return session_durations(
        np.array([0, n]),
        index.astype(np.int64),
        *columns,
        close,
        np.asarray(volume, dtype=np.float64),
        np.array([n if minutes is None else minutes]),
    )[:, 0]


def test_volume_bars_of_a_hand_example():
    # 4, 0, 8 and 4 shares in minutes 0 to 3, in four bars of 4: the first fills minute 0, the
    # second waits out minute 1 and takes half of minute 2, the third the other half.
    np.testing.assert_allclose(bars([0, 1, 2, 3], [4, 0, 8, 4], 4), [1.0, 1.5, 0.5, 1.0])


def test_a_minute_without_a_row_is_waited_out():
    np.testing.assert_allclose(bars([0, 2, 3], [4, 8, 4], 4), [1.0, 1.5, 0.5, 1.0])


def test_minutes_after_the_last_trade_belong_to_no_bar():
    np.testing.assert_allclose(bars([0, 1, 2], [3.0, 3.0, 0.0], 2), [1.0, 1.0])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_volume_bars_are_differences_of_the_inverted_volume_curve(seed):
    volume = np.random.default_rng(seed).exponential(1000.0, 390)
    curve = np.concatenate([[0.0], np.cumsum(volume)])
    times = np.interp(np.arange(51) / 50 * curve[-1], curve, np.arange(391.0))
    np.testing.assert_allclose(bars(np.arange(390), volume, 50), np.diff(times), rtol=1e-9)


def test_statistics_of_volume_bars_equal_numpy_and_statsmodels():
    volume = np.random.default_rng(4).exponential(1000.0, 390)
    got = session(100.0 + np.arange(390) % 7, volume)
    durations = bars(np.arange(390), volume, 50)
    np.testing.assert_allclose(got[sd.SHARES : sd.SHARES + 50], durations / 390, rtol=1e-12)
    assert got[sd.VOLUME_CV] == pytest.approx(durations.std(ddof=1) / durations.mean())
    assert got[sd.VOLUME_ACF] == pytest.approx(acf(durations, nlags=1)[1])
    assert got[sd.VOLUME_LOG] == pytest.approx(np.log(durations).mean())


def test_an_even_session_has_equal_bars():
    got = session(100.0 + np.arange(100) % 3, np.full(100, 7.0))
    np.testing.assert_allclose(got[sd.SHARES : sd.SHARES + 50], 0.02)
    assert got[sd.VOLUME_CV] == pytest.approx(0.0, abs=1e-12)
    assert got[sd.VOLUME_LOG] == pytest.approx(np.log(2.0))


def spells(moves, first=1.0, move=0.01):
    price = np.log(first) + np.cumsum(moves)
    return price_spells(np.arange(len(price)), price, np.log(first), len(price), move)


def test_price_spells_of_a_hand_example():
    # Moves of 1%: after minutes 1 (up), 3 (down) and 4 (up); the last three minutes are cut.
    count, mean, cv = spells([0.004, 0.007, -0.003, -0.008, 0.012, 0.0, 0.001, 0.002])
    lengths = np.array([2.0, 2.0, 1.0, 3.0])
    assert count == 4
    assert mean == lengths.mean()
    assert cv == pytest.approx(lengths.std(ddof=1) / lengths.mean())


def test_a_session_without_a_move_is_one_spell_and_has_no_variation():
    count, mean, cv = spells([0.0] * 30)
    assert (count, mean) == (1, 30.0)
    assert np.isnan(cv)


def test_spells_that_end_with_the_close_leave_no_rest():
    count, mean, cv = spells([0.02] * 6)
    assert (count, mean, cv) == (6, 1.0, 0.0)


def test_larger_moves_take_longer():
    close = 100 * np.exp(np.cumsum(np.random.default_rng(5).normal(0.0, 5e-4, 390)))
    got = session(close, np.ones(390), open_=np.full(390, 100.0))
    ladder = got[sd.SPELLS : sd.SPELLS + sd.RUNGS]
    assert (np.diff(ladder) >= 0.0).all()
    for k in (0, 6, 16):
        expected = price_spells(
            np.arange(390), np.log(close), np.log(100.0), 390, 1e-4 * 2.0 ** (k / 2)
        )
        assert ladder[k] == expected[1]


def test_high_and_low_time_are_those_of_the_first_minute_that_has_them():
    close = np.full(391, 100.0)
    high, low = close.copy(), close.copy()
    high[[39, 200]] = 101.0
    low[390] = 99.0
    got = session(close, np.ones(391), high, low)
    assert got[sd.HIGH_TIME] == 0.1
    assert got[sd.LOW_TIME] == 1.0


def test_the_order_of_the_minutes_does_not_matter():
    rng = np.random.default_rng(6)
    close = 100 * np.exp(np.cumsum(rng.normal(0.0, 5e-4, 390)))
    volume = rng.exponential(100.0, 390)
    shuffled = rng.permutation(390)
    np.testing.assert_array_equal(
        session(close[shuffled], volume[shuffled], index=shuffled), session(close, volume)
    )


def test_bad_sessions_are_unknown():
    close = 100.0 + np.arange(60) % 3
    whole = session(close, np.ones(60))
    assert np.isfinite(np.delete(whole, np.arange(sd.SPELL_CVS, sd.COUNT))).all()
    assert np.isnan(session(close, np.ones(60), minutes=390)).all()
    assert np.isnan(session(-close, np.ones(60))).all()
    for volume in (np.zeros(60), np.full(60, np.nan)):
        quiet = session(close, volume)
        assert np.isnan(quiet[[sd.VOLUME_CV, sd.VOLUME_LOG, sd.SHARES]]).all()
        np.testing.assert_array_equal(quiet[sd.SPELLS :], whole[sd.SPELLS :])
    flat = session(np.full(60, 5.0), np.ones(60))
    assert np.isnan(flat[[sd.HIGH_TIME, sd.LOW_TIME]]).all()
