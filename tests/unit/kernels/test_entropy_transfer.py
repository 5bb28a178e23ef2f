"""Transfer entropy and lagged information against scipy, and against planted dependence."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from engine.kernels import transfer_entropy as transfer
from engine.kernels.sorted_window import rolling_quantiles

WINDOW = 252


def terciles(x):
    low, high = np.quantile(x, [1 / 3, 2 / 3])
    return np.searchsorted([low, high], x, side="left")


def joint_entropy(*symbols):
    _, counts = np.unique(np.stack(symbols), axis=1, return_counts=True)
    return scipy.stats.entropy(counts, base=2)


def transfers(x, y, window=WINDOW):
    return transfer.transfer_entropies(
        x, y, rolling_quantiles(x, window, 3), rolling_quantiles(y, window, 3), window
    )


def information(x, window=WINDOW):
    return transfer.lagged_information(x, rolling_quantiles(x, window, 3), window)


@pytest.fixture(scope="module")
def pair():
    """Two series of which x leads y, by a bar and by its sign."""
    generator = np.random.default_rng(70)
    x = generator.normal(size=900)
    y = 0.3 * generator.normal(size=900)
    y[1:] += x[:-1]
    return x, y


def test_transfers_are_differences_of_conditional_entropies(pair):
    x, y = pair
    to_y, to_x = transfers(x, y)
    for t in range(WINDOW - 1, len(x), 97):
        a, b = (terciles(z[t - WINDOW + 1 : t + 1]) for z in (x, y))
        for ours, own, other in ((to_y, b, a), (to_x, a, b)):
            now, own, other = own[1:], own[:-1], other[:-1]
            without = joint_entropy(now, own) - joint_entropy(own)
            with_other = joint_entropy(now, own, other) - joint_entropy(own, other)
            assert ours[t] == pytest.approx(without - with_other, rel=1e-10, abs=1e-12)


def test_information_is_that_of_the_pairs(pair):
    for x in pair:
        ours = information(np.abs(x))
        for t in range(WINDOW - 1, len(x), 97):
            a = terciles(np.abs(x[t - WINDOW + 1 : t + 1]))
            expected = joint_entropy(a[1:]) + joint_entropy(a[:-1]) - joint_entropy(a[1:], a[:-1])
            assert ours[t] == pytest.approx(expected, rel=1e-10, abs=1e-12)


def test_what_leads_is_told_from_what_follows(pair):
    to_y, to_x = transfers(*pair)
    assert np.nanmin(to_y) > 0.5
    assert np.nanmax(to_x) < 0.1


def test_series_that_know_nothing_of_each_other_have_the_bias_of_counts():
    generator = np.random.default_rng(71)
    x, y = generator.normal(size=(2, 20_000))
    bias = 6 / (251 * np.log(2))  # 12 degrees of freedom: chi-squared over 2 n ln 2
    for values in transfers(x, y):
        assert np.nanmean(values) == pytest.approx(bias, rel=0.12)
    assert np.nanmean(information(x)) == pytest.approx(2 / (251 * np.log(2)), rel=0.2)


def test_a_copy_of_the_value_before_has_its_information():
    # Every second value is the one before, the others are as likely to be any: 2/3, 1/6, 1/6.
    x = np.repeat(np.random.default_rng(72).normal(size=3000), 2)
    expected = np.log2(3) - scipy.stats.entropy([2 / 3, 1 / 6, 1 / 6], base=2)
    assert np.nanmean(information(x)) == pytest.approx(expected, abs=0.02)
    alternating = np.tile([1.0, 2.0, 3.0], 100)
    assert information(alternating)[-1] == pytest.approx(np.log2(3), rel=1e-3)


def test_a_flat_series_tells_nothing_and_a_missing_value_is_unknown(pair):
    x, _ = pair
    flat = np.full(len(x), 0.1)
    for values in (*transfers(x, flat), information(flat)):
        assert (values[WINDOW - 1 :] == 0.0).all()
    holed = x.copy()
    holed[400] = np.nan
    for whole, broken in zip(transfers(*pair), transfers(holed, pair[1]), strict=True):
        assert np.isnan(broken[400 : 400 + WINDOW]).all()
        np.testing.assert_array_equal(broken[400 + WINDOW :], whole[400 + WINDOW :])
        np.testing.assert_array_equal(broken[:400], whole[:400])
