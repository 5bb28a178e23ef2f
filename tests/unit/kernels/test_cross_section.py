"""Statistics across members, of pairs, and of how long a state has lasted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.kernels import cross_section

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
