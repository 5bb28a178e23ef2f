"""Sample, approximate, multiscale and fuzzy entropy against antropy, definitions and by hand."""

from __future__ import annotations

import math

import antropy
import numpy as np
import pytest

from engine.kernels import fuzzy_entropy as fuzzy
from engine.kernels import sample_entropy as sample


@pytest.fixture(scope="module")
def returns():
    return np.random.default_rng(20).standard_t(4, 700) * 0.01


def by_window(function, x, window):
    return np.array([function(x[t - window + 1 : t + 1]) for t in range(window - 1, len(x))])


@pytest.mark.parametrize("window", [30, 60, 63, 64, 65, 66, 120, 127, 128, 129, 130, 252])
def test_sample_entropy_equals_antropy_to_the_last_bit_where_that_is_finite(returns, window):
    ours = sample.sample_entropy(returns, window)[window - 1 :]
    with np.errstate(all="ignore"):
        theirs = by_window(antropy.sample_entropy, returns, window)
    finite = np.isfinite(theirs)
    assert finite.any()
    np.testing.assert_array_equal(ours[finite], theirs[finite])
    assert np.isnan(ours[np.isnan(theirs)]).all()


@pytest.mark.parametrize("window", [60, 120])
def test_sample_entropy_equals_antropy_on_values_with_many_ties(returns, window):
    tied = np.round(returns, 2)
    ours = sample.sample_entropy(tied, window)[window - 1 :]
    theirs = by_window(antropy.sample_entropy, tied, window)
    assert np.isfinite(theirs).all()
    np.testing.assert_array_equal(ours, theirs)


def test_no_match_of_three_values_gives_half_a_match_and_exceeds_every_match(returns):
    window = 60
    ours = sample.sample_entropy(returns, window)[window - 1 :]
    with np.errstate(all="ignore"):
        theirs = by_window(antropy.sample_entropy, returns, window)
    unmatched = np.isinf(theirs)
    assert unmatched.sum() > 10
    for t in np.flatnonzero(unmatched):
        x = returns[t : t + window]
        r = 0.2 * np.std(x)
        near = np.abs(x[:, None] - x[None, :]) < r
        pairs = near[:-2, :-2] & near[1:-1, 1:-1]
        two = int(np.triu(pairs, 1).sum())
        assert ours[t] == pytest.approx(math.log(2 * two), rel=1e-14)
        assert ours[t] > math.log(two)


def test_sample_entropy_of_a_period_of_two_by_hand():
    # 0 1 0 1 0 1: templates of two among the first four starts: 01 10 01 10, two pairs match,
    # and both match on over the third value: A = B.
    x = np.array([0.0, 1.0, 0.0, 1.0, 0.0, 1.0])
    assert sample.sample_entropy(x, 6)[-1] == 0.0


@pytest.mark.parametrize("window", [5, 60, 64, 65, 120])
def test_approximate_entropy_equals_antropy(returns, window):
    x = returns[:300]
    ours = sample.approximate_entropy(x, window)[window - 1 :]
    np.testing.assert_allclose(ours, by_window(antropy.app_entropy, x, window), atol=1e-13)


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 5])
def test_multiscale_entropy_equals_antropy_on_block_means_at_the_tolerance_of_scale_one(
    returns, scale
):
    window = 252

    def reference(x):
        blocks = x[window % scale :].reshape(-1, scale).mean(axis=1)
        return antropy.sample_entropy(blocks, tolerance=float(0.2 * np.std(x)))

    ours = sample.multiscale_entropy(returns, window, scale)[window - 1 :]
    np.testing.assert_array_equal(ours, by_window(reference, returns, window))


def test_tolerance_is_numpys_standard_deviation_to_the_last_bit(returns):
    for window in (7, 60, 128, 129, 252, 300):
        np.testing.assert_array_equal(
            sample.rolling_population_std(returns, window)[window - 1 :],
            by_window(np.std, returns, window),
        )


def test_fuzzy_entropy_equals_its_definition(returns):
    window = 120

    def definition(x):
        z = (x - x.mean()) / x.std()
        phi = []
        for m in (2, 3):
            templates = np.array([z[i : i + m] - z[i : i + m].mean() for i in range(window - 2)])
            distance = np.abs(templates[:, None] - templates[None, :]).max(axis=2)
            phi.append(np.exp(-(distance**2) / 0.2)[np.triu_indices(window - 2, 1)].mean())
        return math.log(phi[0] / phi[1])

    x = returns[:200]
    ours = fuzzy.fuzzy_entropy(x, window)[window - 1 :]
    np.testing.assert_allclose(ours, by_window(definition, x, window), rtol=1e-12)


def test_fuzzy_entropy_of_four_values_by_hand():
    # 0 1 0 0: mean 1/4, variance 3/16. Pairs less their means: -+1/2 and +-1/2, distance 1,
    # so 1 / (3/16) in units of the variance. Triples 0 1 0 and 1 0 0 less their means of 1/3:
    # distance 1 as well. Both memberships are equal and the entropy is 0.
    assert fuzzy.fuzzy_entropy(np.array([0.0, 1.0, 0.0, 0.0]), 4)[-1] == pytest.approx(0, abs=1e-15)


def test_fuzzy_entropy_of_five_values_by_hand():
    # 0 1 1 0 0: variance 6/25. Pairs 01 11 10 as steps 1/2 0 -1/2: distances 1/2 1 1/2.
    # Triples less their means: (-2 1 1)/3, (1 1 -2)/3, (2 -1 -1)/3: distances 1, 4/3, 2/3.
    unit = 25 / 6 / 0.2
    two = 2 * math.exp(-unit / 4) + math.exp(-unit)
    three = math.exp(-unit) + math.exp(-unit * 16 / 9) + math.exp(-unit * 4 / 9)
    ours = fuzzy.fuzzy_entropy(np.array([0.0, 1.0, 1.0, 0.0, 0.0]), 5)[-1]
    assert ours == pytest.approx(math.log(two / three), rel=1e-12)


def test_vectorised_exponential_equals_the_library_to_two_units_in_the_last_place():
    for x in np.linspace(-699.0, 0.0, 5001):
        assert fuzzy.exp_negative(x) == pytest.approx(math.exp(x), rel=4.5e-16)
    assert fuzzy.exp_negative(0.0) == 1.0
    assert 0.0 < fuzzy.exp_negative(-1e9) < 1e-300


FAMILIES = {
    "sample": lambda x: sample.sample_entropy(x, 60),
    "sample of two words": lambda x: sample.sample_entropy(x, 120),
    "approximate": lambda x: sample.approximate_entropy(x, 60),
    "multiscale": lambda x: sample.multiscale_entropy(x, 100, 3),
    "fuzzy": lambda x: fuzzy.fuzzy_entropy(x, 60),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_values_do_not_depend_on_the_unit_of_the_series(returns, name):
    values = FAMILIES[name](returns[:300])
    np.testing.assert_array_equal(FAMILIES[name](returns[:300] * 2.0**20), values)
    np.testing.assert_allclose(FAMILIES[name](returns[:300] * -3.7), values, rtol=1e-9)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("level", [0.0, 0.01, -3.0])
def test_flat_windows_are_unknown_and_nothing_is_infinite(returns, name, level):
    x = returns[:400].copy()
    x[100:300] = level
    values = FAMILIES[name](x)
    assert np.isnan(values[220:300]).all()
    assert not np.isinf(values).any()
    assert np.isfinite(values[-1])


@pytest.mark.parametrize("name", FAMILIES)
def test_rounding_noise_on_a_constant_counts_as_flat(name):
    x = 0.01 + np.random.default_rng(1).integers(-2, 3, 200) * 1e-17
    assert np.isnan(FAMILIES[name](x)).all()


@pytest.mark.parametrize("window", [64, 65, 66, 127, 128, 129, 130, 192, 193, 255, 256, 257, 258])
def test_counts_at_the_edges_of_words_equal_antropy(window):
    # Sets are held in one word, in four, or in as many as there are.
    x = np.round(np.random.default_rng(window).standard_t(2, window + 20), 1)  # many ties
    ours = sample.sample_entropy(x, window)
    compared = 0
    for t in range(window - 1, len(x)):
        expected = antropy.sample_entropy(x[t - window + 1 : t + 1])
        if np.isfinite(expected):  # no match over 3 values: half a match stands for none
            assert ours[t] == pytest.approx(expected, rel=1e-13)
            compared += 1
    assert compared > 10
