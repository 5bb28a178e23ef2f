"""The session's profile: one session worked by hand, and one synthetic session a shape."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import scipy.stats
from diptest import dipstat

from engine.kernels import market_profile as mp
from engine.kernels.market_profile import session_profile


def profile(high, low, close, volume, index=None, minutes=None):
    """Statistics of one session."""
    n = len(close)
    index = np.arange(n) if index is None else np.asarray(index)
    arrays = [np.asarray(a, dtype=np.float64) for a in (high, low, close, volume)]
    length = np.array([n if minutes is None else minutes])
    return session_profile(np.array([0, n]), index.astype(np.int64), *arrays, length)[:, 0]


@pytest.fixture(scope="module")
def hand():
    """120 minutes at six prices between 100 and 130: rows are one dollar high."""
    price = np.repeat([100.0, 110.5, 112.5, 115.5, 112.5, 130.0], [1, 29, 30, 30, 29, 1])
    volume = np.repeat([10.0, 10.0, 10.0, 5.0, 10.0, 10.0], [1, 29, 30, 30, 29, 1])
    return price, volume


ROWS = {0: 10.0, 10: 290.0, 12: 590.0, 15: 150.0, 29: 10.0}


@pytest.fixture(scope="module")
def worked(hand):
    price, volume = hand
    return profile(price, price, price, volume)


def test_point_of_control_is_the_row_with_most_volume(worked):
    assert worked[mp.POC_POSITION] == pytest.approx(12.5 / 30)
    assert worked[mp.POC] == pytest.approx(112.5 / 130)


def test_value_area_grows_to_seventy_percent(worked):
    # 590 of 1,050 in row 12; 11 and 13 are empty; with row 10 it is 880, above 735: 110 to 114.
    assert worked[mp.VALUE_LOW] == pytest.approx(110.0 / 130)
    assert worked[mp.VALUE_HIGH] == pytest.approx(114.0 / 130)
    assert worked[mp.VALUE_WIDTH] == pytest.approx(4.0 / 30)
    assert worked[mp.CLOSE_IN_VALUE] == pytest.approx((130.0 - 112.0) / 2.0)


def test_initial_balance_is_the_range_of_the_first_hour(worked):
    assert worked[mp.INITIAL_FRACTION] == pytest.approx(12.5 / 30)
    assert worked[mp.EXTENSION_UP] == pytest.approx(17.5 / 130)
    assert worked[mp.EXTENSION_DOWN] == 0.0


def test_single_prints_are_rows_with_one_letter(worked):
    # A: rows 0-10, B: 12, C: 15, D: 12-29. Row 11 has none; 12 and 15 have two.
    assert worked[mp.SINGLE_PRINTS] == pytest.approx(27 / 30)


def test_moments_and_entropy_are_those_of_the_rows(worked):
    values = np.repeat(np.array(list(ROWS)) + 0.5, np.array(list(ROWS.values()), dtype=int))
    skew, kurt = scipy.stats.skew(values), scipy.stats.kurtosis(values)
    assert worked[mp.PROFILE_SKEW] == pytest.approx(skew)
    assert worked[mp.PROFILE_KURT] == pytest.approx(kurt)
    assert worked[mp.PROFILE_BIMODALITY] == pytest.approx((skew**2 + 1) / (kurt + 3))
    entropy = scipy.stats.entropy(list(ROWS.values())) / np.log(30)
    assert worked[mp.PROFILE_ENTROPY] == pytest.approx(entropy)


def test_dip_is_that_of_points_of_equal_volume(worked):
    rows = np.zeros(30)
    rows[list(ROWS)] = list(ROWS.values())
    edges = np.concatenate([[0.0], np.cumsum(rows)])
    targets = (np.arange(200) + 0.5) / 200 * edges[-1]
    # Rows without volume make steps; between them the quantiles are linear.
    points = [
        k + (target - low) / (high - low)
        for target in targets
        for k, (low, high) in enumerate(pairwise(edges))
        if low < target <= high
    ]
    assert worked[mp.PROFILE_DIP] == pytest.approx(dipstat(np.array(points)), rel=1e-9)


def test_peaks_need_a_valley_between_them(worked):
    assert worked[mp.PEAKS] == 1.0
    assert mp.count_peaks(np.repeat([5.0, 0.0, 5.0], 10), 0.2) == 2
    assert mp.count_peaks(np.repeat([5.0, 4.5, 5.0], 10), 0.2) == 1
    ticks = np.tile([1.0, 0.0], 15)  # ticks two rows wide: no peaks of their own
    assert mp.count_peaks(ticks, 0.2) == 1


def test_volume_is_spread_over_the_range_of_its_minute():
    rows = np.zeros(10)
    mp.spread(2.5, 5.0, 10.0, 0.0, 1.0, rows)
    np.testing.assert_allclose(rows[:6], [0, 0, 2, 4, 4, 0])
    mp.spread(7.2, 7.2, 3.0, 0.0, 1.0, rows)
    mp.spread(10.0, 10.0, 1.0, 0.0, 1.0, rows)  # the top price belongs to the top row
    assert rows[7] == 3.0
    assert rows[9] == 1.0
    assert rows.sum() == pytest.approx(14.0)


def test_equal_neighbours_widen_the_value_area_on_both_sides():
    rows = np.ones(11)
    low, high = mp.value_area(rows, 5, 0.70)
    assert (low, high) == (2, 9)  # 8 of 11; upwards first
    assert mp.point_of_control(rows) == 5


def test_the_order_of_the_minutes_does_not_matter(hand, worked):
    price, volume = hand
    shuffled = np.random.default_rng(5).permutation(120)
    got = profile(
        price[shuffled], price[shuffled], price[shuffled], volume[shuffled], index=shuffled
    )
    np.testing.assert_array_equal(got, worked)


def test_the_scale_of_price_does_not_matter(hand, worked):
    price, volume = hand
    np.testing.assert_allclose(profile(4 * price, 4 * price, 4 * price, volume), worked)


# -- one session a shape ---------------------------------------------------------------------

FULL = 390


def balance(centre, width, count):
    """Prices that come back to their centre: normal in distribution, all half hours alike."""
    part = (np.arange(count) * 0.6180339887) % 1.0
    return centre + width * scipy.stats.norm.ppf(0.01 + 0.98 * part)


def day(*stretches):
    price = np.concatenate(stretches)
    assert len(price) == FULL
    got = profile(price + 0.05, price - 0.05, price, np.full(FULL, 1000.0))
    return got[mp.SHAPE : mp.SHAPE + mp.SHAPES]


RALLY = np.linspace(95.0, 103.0, 40)
DAYS = {
    "P": (mp.SHAPE_P, lambda: day(RALLY, balance(104.0, 0.8, 350))),
    "b": (mp.SHAPE_BL, lambda: day(200.0 - RALLY, balance(96.0, 0.8, 350))),
    "D": (mp.SHAPE_D, lambda: day(balance(100.0, 1.0, 390))),
    "I": (mp.SHAPE_I, lambda: day(np.linspace(95.0, 105.0, 390))),
    "B": (
        mp.SHAPE_BD,
        lambda: day(balance(97.0, 0.5, 190), np.linspace(98.0, 102.0, 10), balance(103, 0.5, 190)),
    ),
}


@pytest.mark.parametrize("name", DAYS)
def test_each_synthetic_day_is_recognised(name):
    place, make = DAYS[name]
    members = make()
    assert np.argmax(members) == place
    assert members[place] > 0.8
    assert members.sum() == pytest.approx(1.0)


def test_a_mirrored_day_swaps_p_and_b():
    p, bl = DAYS["P"][1](), DAYS["b"][1]()
    np.testing.assert_allclose(
        p[[mp.SHAPE_P, mp.SHAPE_BL, mp.SHAPE_D, mp.SHAPE_I, mp.SHAPE_BD]],
        bl[[1, 0, 2, 3, 4]],
        atol=0.05,
    )


# -- bad sessions ----------------------------------------------------------------------------


def test_a_session_without_movement_is_unknown():
    flat = np.full(60, 10.0)
    assert np.isnan(profile(flat, flat, flat, np.ones(60))).all()


def test_a_session_without_volume_has_only_its_half_hours(hand):
    price, _ = hand
    got = profile(price, price, price, np.zeros(120))
    known = [mp.SINGLE_PRINTS, mp.INITIAL_FRACTION, mp.EXTENSION_UP, mp.EXTENSION_DOWN]
    assert np.isfinite(got[known]).all()
    assert np.isnan(np.delete(got, known)).all()
    np.testing.assert_array_equal(profile(price, price, price, np.full(120, np.nan)), got)


def test_fewer_than_half_of_the_minutes_and_prices_that_are_none_are_unknown(hand):
    price, volume = hand
    assert np.isnan(profile(price, price, price, volume, minutes=390)).all()
    assert np.isnan(profile(price, -price, price, volume)).all()
    assert np.isnan(profile(price, np.full(120, np.nan), price, volume)).all()
    nothing = np.empty(0)
    assert np.isnan(profile(nothing, nothing, nothing, nothing, minutes=390)).all()


def test_a_session_of_one_minute_is_all_initial_balance():
    got = profile([11.0], [10.0], [10.5], [5.0])
    assert got[mp.INITIAL_FRACTION] == 1.0
    assert got[mp.SINGLE_PRINTS] == 1.0
    assert np.isfinite(got[mp.PROFILE_ENTROPY])
