"""Co-moment kernels: bits where the arrays begin elsewhere, ties, dead series."""

from __future__ import annotations

import numpy as np
import pytest

from engine.kernels import comovement

KERNELS = {
    "co_moments": lambda x, y: np.stack(comovement.co_moments(x, y, 20)),
    "half_moments": lambda x, y: np.stack(comovement.half_moments(x, y, 20, 3)),
    "residual_moments": lambda x, y: np.stack(comovement.residual_moments(x, y, 20)),
    "distance_correlation": lambda x, y: comovement.distance_correlation(x, y, 20),
    "rank_correlation": lambda x, y: comovement.rank_correlation(x, y, 20),
    "ewma_moments": lambda x, y: np.stack(comovement.ewma_moments(x, y, 0.5, 20, 5)),
}


@pytest.fixture(scope="module")
def tied():
    """Two series of few distinct values, with a hole."""
    rng = np.random.default_rng(4)
    x, y = (np.round(rng.standard_normal(160), 1) * 0.017 for _ in range(2))
    x[70] = np.nan
    return x, y


@pytest.mark.parametrize("name", KERNELS)
def test_a_window_has_the_same_bits_alone_whatever_its_ties(tied, name):
    x, y = tied
    whole = KERNELS[name](x, y)
    for t in (19, 40, 91, 120, 159):
        alone = KERNELS[name](x[t - 19 : t + 1].copy(), y[t - 19 : t + 1].copy())
        np.testing.assert_array_equal(alone[..., -1], whole[..., t])


@pytest.mark.parametrize("name", [name for name in KERNELS if name != "ewma_moments"])
def test_a_hole_is_in_twenty_windows(tied, name):
    found = KERNELS[name](*tied)
    assert np.isnan(found[..., 70:90]).all()
    assert not np.isnan(found[..., 90:]).any()


def test_equal_values_have_spread_exactly_zero():
    x = np.full(40, 0.1)  # the mean of 0.1 is not 0.1 in every count
    y = np.random.default_rng(1).standard_normal(40)
    covariance, std_x, std_y = comovement.co_moments(x, y, 7)
    assert (std_x[6:] == 0.0).all() and (covariance[6:] == 0.0).all()
    assert (std_y[6:] > 0.0).all()
    assert np.isnan(comovement.distance_correlation(x, y, 7)).all()
    assert np.isnan(comovement.rank_correlation(x, y, 7)).all()
