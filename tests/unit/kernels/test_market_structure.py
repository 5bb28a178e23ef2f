"""Correlations, principal components and turbulence: three assets by hand, many by numpy."""

from __future__ import annotations

import numpy as np
import pytest

from engine.kernels import market_structure
from engine.kernels.eigen import symmetric_eigen

# Unit vectors of four returns: the first two are correlated by one half, the third with neither.
ONE = np.array([1.0, -1.0, 1.0, -1.0])
ACROSS = np.array([1.0, 1.0, -1.0, -1.0])
LAST = np.array([1.0, -1.0, -1.0, 1.0])
THREE = np.column_stack([ONE, 0.5 * ONE + np.sqrt(0.75) * ACROSS, LAST])
NO_FLOOR = np.zeros(THREE.shape)


def test_three_assets_by_hand():
    # Correlations 1/2, 0, 0: eigenvalues 3/2, 1, 1/2. The portfolio of equal risks has variance
    # 3 + 2 x 1/2 = 4, of which the first component has 3, the second 1 and the third none.
    average = market_structure.average_correlation(THREE, NO_FLOOR, 4, 2)
    assert average[3] == pytest.approx(1.0 / 6.0)
    first, three, bets, concentration = market_structure.components(THREE, NO_FLOOR, 4, 2)[3]
    assert first == pytest.approx(0.5)
    assert three == pytest.approx(1.0)
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert bets == pytest.approx(np.exp(entropy))
    assert concentration == pytest.approx(0.5)  # two loadings of 1/sqrt(2)


def test_turbulence_of_three_assets_by_hand():
    # A bar of one deviation of the first and none else: the inverse of [[1, 1/2], [1/2, 1]] has
    # 4/3 on its diagonal.
    deviation = np.sqrt(4.0 / 3.0)  # of four values of unit size, divisor 3
    x = np.vstack([THREE, [deviation, 0.0, 0.0]])
    found = market_structure.turbulence(x, np.zeros(x.shape), 4, 2)
    assert np.isnan(found[:4]).all()
    assert found[4] == pytest.approx(4.0 / 3.0 / 3.0)


def test_turbulence_leaves_out_what_the_members_before_explain():
    x = np.vstack([THREE, [1.0, 0.4, -0.3]])
    twice = np.column_stack([x, x[:, 0]])
    alone = market_structure.turbulence(x, np.zeros(x.shape), 4, 2)
    both = market_structure.turbulence(twice, np.zeros(twice.shape), 4, 2)
    assert both[4] == pytest.approx(alone[4], rel=1e-12)


@pytest.mark.parametrize("count", [1, 2, 5, 16])
def test_eigenvalues_and_vectors_are_those_of_numpy(count):
    rng = np.random.default_rng(count)
    half = rng.standard_normal((count, count + 3))
    matrix = half @ half.T
    values, vectors = symmetric_eigen(matrix)
    expected = np.linalg.eigvalsh(matrix)[::-1]
    np.testing.assert_allclose(values, expected, rtol=1e-10)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(count), atol=1e-12)
    np.testing.assert_allclose(vectors.T @ np.diag(values) @ vectors, matrix, rtol=1e-9, atol=1e-9)


def test_equal_eigenvalues_and_a_zero_matrix_are_no_trouble():
    values, vectors = symmetric_eigen(np.eye(3))
    assert values.tolist() == [1.0, 1.0, 1.0]
    assert np.array_equal(vectors, np.eye(3))
    assert symmetric_eigen(np.zeros((2, 2)))[0].tolist() == [0.0, 0.0]


def test_a_dead_or_incomplete_member_does_not_count_and_too_few_say_nothing():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 5))
    three = market_structure.average_correlation(x[:, :3], np.zeros((40, 3)), 20, 3)
    x[:, 3] = 0.5  # does not move
    x[10, 4] = np.nan
    floors = np.full((40, 5), 1e-3)
    found = market_structure.average_correlation(x, floors, 20, 3)
    assert np.array_equal(found[19:30], three[19:30])
    assert not np.isclose(found[30], three[30])  # the gap has left the window
    assert np.isnan(market_structure.average_correlation(x, floors, 20, 4)[19:30]).all()
    assert np.isnan(market_structure.components(x, floors, 20, 4)[19:30]).all()
    assert np.isnan(market_structure.turbulence(x, floors, 20, 4)[20:30]).all()


def test_one_common_return_is_one_bet_and_absorbs_everything():
    rng = np.random.default_rng(1)
    common = rng.standard_normal(30)
    x = common[:, None] * np.array([1.0, 2.0, 0.5, 3.0])
    first, three, bets, concentration = market_structure.components(x, np.zeros(x.shape), 30, 3)[29]
    assert (first, three, bets) == pytest.approx((1.0, 1.0, 1.0))
    assert concentration == pytest.approx(0.25)
