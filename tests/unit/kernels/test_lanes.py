"""Sums of many rows side by side: the sum of each window, and of nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from engine.kernels.lanes import tree_total

SERIES = np.random.default_rng(50).normal(size=600)


@pytest.mark.parametrize("stride", [1, 3, 7])
@pytest.mark.parametrize("count", [1, 2, 3, 8, 13, 60])
def test_a_tree_adds_the_values_of_its_window(count, stride):
    total = tree_total(SERIES, count, stride)
    first = (count - 1) * stride
    assert np.isnan(total[:first]).all()
    for t in range(first, len(SERIES), 41):
        expected = SERIES[t - first : t + 1 : stride].sum()
        assert total[t] == pytest.approx(expected, rel=1e-12, abs=1e-13)


def test_where_the_series_begins_changes_no_bit():
    whole = tree_total(SERIES, 61, 2)
    later = tree_total(SERIES[37:].copy(), 61, 2)
    np.testing.assert_array_equal(later[120:], whole[157:])


def test_a_missing_value_is_missed_by_the_windows_that_hold_it_only():
    holed = SERIES.copy()
    holed[300] = np.nan
    total = tree_total(holed, 5, 3)
    assert np.flatnonzero(np.isnan(total[12:])).tolist() == [288, 291, 294, 297, 300]


def test_a_series_shorter_than_its_window_has_no_sum():
    assert np.isnan(tree_total(SERIES[:10].copy(), 20)).all()
    assert tree_total(np.empty(0), 3).size == 0
