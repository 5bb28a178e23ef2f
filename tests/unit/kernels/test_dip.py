"""The dip equals diptest's, on samples with and without ties."""

from __future__ import annotations

import numpy as np
import pytest
from diptest import dipstat

from engine.kernels.dip import dip


def ours(x):
    x = np.sort(np.asarray(x, dtype=np.float64))
    return dip(x, len(x), np.empty((4, len(x) + 1), dtype=np.int64))


SAMPLES = {
    "normal": lambda rng, n: rng.normal(size=n),
    "two modes": lambda rng, n: np.concatenate([rng.normal(size=n), rng.normal(4.0, 1.0, n)]),
    "ties": lambda rng, n: np.round(rng.normal(size=n), 1),
    "fat tails": lambda rng, n: rng.standard_t(2, n),
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_dip_equals_diptest(kind):
    rng = np.random.default_rng(1)
    for n in (2, 3, 4, 5, 7, 20, 60, 120, 252, 390):
        for _ in range(10):
            x = SAMPLES[kind](rng, n)
            assert ours(x) == pytest.approx(dipstat(x), abs=1e-15)


def test_two_far_points_of_equal_mass_have_the_largest_dip():
    assert ours([0.0] * 50 + [1.0] * 50) == pytest.approx(0.25, abs=0.01)


def test_a_sample_whose_distribution_is_a_straight_line_has_no_dip():
    assert ours(np.arange(100.0)) == dipstat(np.arange(100.0)) == 0.0


def test_equal_values_have_no_dip():
    assert ours(np.full(30, 0.1)) == 0.0
