"""Statistics across members, of pairs, and of how long a state has lasted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.kernels import co_moments, cross_section, state_run

NAN = np.nan


def test_mean_and_deviation_across_members_are_those_of_pandas():
    x = np.random.default_rng(0).standard_normal((50, 6))
    x[::7, 2] = NAN
    mean, std = cross_section.mean_std(x, 3)
    frame = pd.DataFrame(x)
    np.testing.assert_allclose(mean, frame.mean(axis=1))
    np.testing.assert_allclose(std, frame.std(axis=1))
    assert np.isnan(cross_section.mean_std(x, 6)[0][::7]).all()


def test_ranks_are_those_of_pandas_and_equals_share_the_middle():
    x = np.random.default_rng(1).integers(0, 4, (40, 5)).astype(float)
    x[3, 1] = NAN
    expected = pd.DataFrame(x).rank(axis=1)
    known = (~np.isnan(x)).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(cross_section.ranks(x, 2), (expected - 1) / (known - 1))


def test_the_leader_is_the_first_of_equals_and_too_few_have_none():
    x = np.array([[1.0, 3.0, 3.0], [NAN, -2.0, -1.0], [NAN, NAN, 5.0]])
    found = cross_section.leader(x, 2)
    assert found[:2].tolist() == [1.0, 2.0]
    assert np.isnan(found[2])


def test_co_moments_are_those_of_numpy_and_a_flat_series_has_none():
    x, y = np.random.default_rng(2).standard_normal((2, 60))
    y[30:50] = 0.1
    var_x, var_y, cov = co_moments.co_moments(x, y, 20)
    expected = np.cov(x[5:25], y[5:25])
    np.testing.assert_allclose((var_x[24], var_y[24], cov[24]), expected[[0, 1, 0], [0, 1, 1]])
    assert (var_y[49], cov[49]) == (0.0, 0.0)
    assert np.isnan(var_x[:19]).all()


def test_a_state_has_lasted_as_long_as_its_beginning_is_near_enough_to_be_seen():
    state = np.array([1.0, 1.0, 2.0, 2.0, 2.0, 2.0, NAN, 2.0, 2.0, 1.0])
    found = state_run.run_length(state, 3)
    expected = np.array([NAN, NAN, 1.0, 2.0, 3.0, 3.0, NAN, NAN, NAN, 1.0])
    np.testing.assert_array_equal(found, expected)
    assert state_run.run_length(np.ones(5), 5)[4] == 5.0


def test_bars_since_an_event_are_counted_up_to_the_most():
    event = np.array([0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, NAN, 0.0, 0.0, 0.0, 1.0])
    found = state_run.bars_since(event, 3)
    expected = np.array([NAN, NAN, 0.0, 1.0, 2.0, 3.0, 3.0, NAN, NAN, NAN, 3.0, 0.0])
    np.testing.assert_array_equal(found, expected)
