"""Fading sums, and Klinger's volume force."""

from __future__ import annotations

import numpy as np
import pytest

from engine.kernels.decay import decayed_total
from engine.kernels.klinger import LONGEST_RUN, volume_force


def test_decayed_total_is_the_recursion_that_it_names():
    x = np.random.default_rng(2).normal(size=200)
    total, expected = 0.0, []
    for value in x:
        total = 0.5 * total + value
        expected.append(total)
    np.testing.assert_allclose(decayed_total(x, 0.5, 60, 1), expected, rtol=1e-12, atol=1e-14)


def test_decayed_total_depends_on_its_last_values_alone_and_skips_missing_ones():
    x = np.random.default_rng(2).normal(size=120)
    found = decayed_total(x, 0.8, 20, 5)
    assert np.isnan(found[:4]).all()
    np.testing.assert_array_equal(decayed_total(x[50:], 0.8, 20, 5)[19:], found[69:])
    holed = np.insert(x, 40, np.nan)
    np.testing.assert_array_equal(np.delete(decayed_total(holed, 0.8, 20, 5), 40), found)


def force(high, low, close, volume=None):
    arrays = [np.asarray(x, dtype=np.float64) for x in (high, low, close)]
    return volume_force(*arrays, np.ones(len(close)) if volume is None else volume)


def test_volume_force_worked_by_hand():
    # Ranges 2, 4, 2, 2. H + L + C: 30, 34, 37, 33: up, up, down.
    found = force([11, 13, 13, 12], [9, 9, 11, 10], [10, 12, 13, 11], np.array([5.0, 3, 2, 4]))
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(3 * abs(2 * (4 / (2 + 4) - 1)))
    assert found[2] == pytest.approx(2 * abs(2 * (2 / (2 + 4 + 2) - 1)))
    assert found[3] == pytest.approx(-4 * abs(2 * (2 / (2 + 2) - 1)))


def test_an_unchanged_bar_has_no_force_and_ends_the_run():
    found = force([11, 12, 12, 13], [9, 10, 10, 11], [10, 11, 11, 12])
    assert found[2] == 0.0
    assert found[3] == pytest.approx(abs(2 * (2 / (2 + 2) - 1)))


def test_a_missing_bar_has_neighbours_that_meet():
    high, low, close = np.array([11.0, 13, 13, 12]), np.array([9.0, 9, 11, 10]), None
    close = np.array([10.0, 12, 13, 11])
    holed = [np.insert(x, 2, np.nan) for x in (high, low, close)]
    np.testing.assert_array_equal(np.delete(force(*holed), 2), force(high, low, close))


def test_an_endless_run_is_looked_back_on_for_sixty_bars():
    rise = np.arange(200.0)
    found = force(rise + 2.0, rise + 1.0, rise + 1.5)
    # All ranges are 1: the run's range is the number of its bars and the one before.
    assert found[10] == pytest.approx(2 * (1 - 1 / 11))
    assert found[150] == pytest.approx(2 * (1 - 1 / (LONGEST_RUN + 1)))
