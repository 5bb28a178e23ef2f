"""Shape statistics of moving windows: scipy, numpy, definitions over all tuples, closed forms."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import scipy.stats
from diptest import dipstat

from engine.kernels import distribution_shape as shape
from engine.kernels.distribution_shape import distribution_shape
from engine.kernels.two_samples import recent_against_prior


@pytest.fixture(scope="module")
def x():
    rng = np.random.default_rng(2)
    x = 0.01 * rng.standard_t(4, 700) + 0.001
    x[::17] = 0.0  # ties
    return x


def last(values, with_all=True):
    """Statistics of the one window that the values are."""
    values = np.asarray(values, dtype=np.float64)
    return distribution_shape(values, len(values), with_all, with_all)[:, -1]


def _es(y):
    return -np.sort(np.repeat(y, 20))[: len(y)].mean() / y.std(ddof=1)


def _moors(y):
    e = np.quantile(y, np.arange(9) / 8)
    return (e[7] - e[5] + e[3] - e[1]) / (e[6] - e[2])


def _bowley(y):
    q1, q2, q3 = np.quantile(y, (0.25, 0.5, 0.75))
    return (q3 + q1 - 2 * q2) / (q3 - q1)


def _sarle(y):
    n = len(y)
    g = scipy.stats.skew(y, bias=False)
    k = scipy.stats.kurtosis(y, bias=False)
    return (g**2 + 1) / (k + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3)))


ORACLES = {
    shape.SKEW: scipy.stats.skew,
    shape.KURT: scipy.stats.kurtosis,
    shape.JARQUE_BERA: lambda y: scipy.stats.jarque_bera(y).statistic,
    shape.BIMODALITY: _sarle,
    shape.BOWLEY: _bowley,
    shape.VALUE_AT_RISK: lambda y: -np.quantile(y, 0.05) / y.std(ddof=1),
    shape.SHORTFALL: _es,
    shape.GAIN: lambda y: (y - y.std(ddof=1)).clip(0.0).mean(),
    shape.LOSS: lambda y: (-y - y.std(ddof=1)).clip(0.0).mean(),
    shape.DIP: dipstat,
    shape.NORMAL_DISTANCE: lambda y: (
        scipy.stats.kstest(y, "norm", args=(y.mean(), y.std(ddof=1))).statistic
    ),
}


@pytest.mark.parametrize("window", [20, 60, 120, 252])
@pytest.mark.parametrize("field", ORACLES)
def test_statistic_equals_its_oracle_in_every_window(x, field, window):
    found = distribution_shape(x, window, True, True)[field]
    assert np.isnan(found[: window - 1]).all()
    for t in range(window - 1, len(x), 29):
        expected = ORACLES[field](x[t - window + 1 : t + 1])
        assert found[t] == pytest.approx(expected, rel=1e-9, abs=1e-13)


def test_octile_ranges_give_moors_kurtosis(x):
    found = distribution_shape(x, 120, False, False)
    for t in range(119, len(x), 29):
        got = found[shape.OCTILE_TAILS, t] / found[shape.OCTILE_MIDDLE, t]
        assert got == pytest.approx(_moors(x[t - 119 : t + 1]), rel=1e-10)


def test_l_moment_ratios_of_a_hand_example():
    # Of 1, 2, 3, 4, 10: ten pairs give l2 = 4 / 2, ten triples l3 = 3 / 3, five quadruples
    # l4 = 4 / 4.
    got = last([4.0, 1.0, 10.0, 2.0, 3.0])
    assert got[shape.L_SKEW] == pytest.approx(0.5)
    assert got[shape.L_KURT] == pytest.approx(0.5)


def test_l_moment_ratios_equal_hosking_s_definition_over_all_tuples():
    rng = np.random.default_rng(3)
    y = rng.standard_t(3, 16)
    l2 = np.mean([b - a for a, b in map(sorted, combinations(y, 2))]) / 2
    l3 = np.mean([c - 2 * b + a for a, b, c in map(sorted, combinations(y, 3))]) / 3
    l4 = np.mean([d - 3 * c + 3 * b - a for a, b, c, d in map(sorted, combinations(y, 4))]) / 4
    got = last(y)
    assert got[shape.L_SKEW] == pytest.approx(l3 / l2, rel=1e-12)
    assert got[shape.L_KURT] == pytest.approx(l4 / l2, rel=1e-12)


def test_tail_index_of_a_geometric_tail_is_its_closed_form():
    # Largest five e^5 .. e^1 over the sixth, 1: the mean of 1 to 5.
    right = np.exp(np.arange(6.0))
    left = -np.exp(2.0 * np.arange(6.0))
    got = last(np.concatenate([right, left, np.full(38, 0.5), [-0.5]]))
    assert got[shape.HILL_RIGHT] == pytest.approx(3.0)
    assert got[shape.HILL_LEFT] == pytest.approx(6.0)


def test_tail_index_of_a_pareto_sample_is_that_of_the_law():
    y = np.random.default_rng(4).pareto(3.0, 50_000) + 1.0
    assert last(y, with_all=False)[shape.HILL_RIGHT] == pytest.approx(1 / 3, abs=0.02)


def test_tail_index_is_unknown_where_the_tail_is_not_on_its_side():
    got = last(np.concatenate([np.full(5, -0.01), np.arange(45) + 1.0]))
    assert np.isnan(got[shape.HILL_LEFT])
    assert got[shape.HILL_RIGHT] > 0


def test_a_flat_window_has_no_shape_and_no_dip():
    got = last(np.full(60, 0.1))
    known = {shape.DIP: 0.0, shape.OCTILE_TAILS: 0.0, shape.OCTILE_MIDDLE: 0.0}
    for field in range(shape.COUNT):
        if field in known:
            assert got[field] == known[field]
        else:
            assert np.isnan(got[field])


def test_a_missing_value_blanks_its_windows_and_the_next_clean_one_is_exact(x):
    holed = x.copy()
    holed[300] = np.nan
    whole = distribution_shape(x, 60, True, True)
    found = distribution_shape(holed, 60, True, True)
    assert np.isnan(found[:, 300:360]).all()
    np.testing.assert_array_equal(found[:, 360:], whole[:, 360:])
    np.testing.assert_array_equal(found[:, :300], whole[:, :300])


def test_distances_of_recent_and_prior_values_equal_scipy(x):
    largest, area = recent_against_prior(x, 20, 120)
    assert np.isnan(largest[:139]).all()
    for t in range(139, len(x), 23):
        prior, recent = x[t - 139 : t - 19], x[t - 19 : t + 1]
        expected = scipy.stats.ks_2samp(recent, prior).statistic
        assert largest[t] == pytest.approx(expected, abs=1e-12)
        expected = scipy.stats.wasserstein_distance(recent, prior)
        assert area[t] == pytest.approx(expected, rel=1e-10)
