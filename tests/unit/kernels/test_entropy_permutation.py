"""Permutation entropies and missing patterns against antropy, definitions and by hand."""

from __future__ import annotations

import itertools
import math

import antropy
import numpy as np
import pytest

from engine.kernels import permutation_entropy as permutation


@pytest.fixture(scope="module")
def returns():
    return np.random.default_rng(21).standard_t(4, 600) * 0.01


def by_window(function, x, window):
    return np.array([function(x[t - window + 1 : t + 1]) for t in range(window - 1, len(x))])


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(
    ("window", "order"), [(7, 2), (20, 3), (60, 3), (252, 3), (120, 4), (252, 4), (252, 5)]
)
def test_permutation_entropy_equals_antropy(returns, window, order, tied):
    x = np.round(returns, 2) if tied else returns
    ours = permutation.permutation_entropy(x, window, order)[window - 1 :]
    theirs = by_window(lambda y: antropy.perm_entropy(y, order=order, normalize=True), x, window)
    np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-13)


def test_permutation_entropy_of_bandt_and_pompes_example():
    # Bandt and Pompe (2002): 4 7 9 10 6 11 3. Of six pairs four rise and two fall; of five
    # triples two rise throughout (4 7 9, 7 9 10), two end below their start (9 10 6, 6 11 3)
    # and one dips (10 6 11).
    x = np.array([4.0, 7.0, 9.0, 10.0, 6.0, 11.0, 3.0])
    pairs = -(4 / 6) * math.log2(4 / 6) - (2 / 6) * math.log2(2 / 6)
    triples = -2 * (2 / 5) * math.log2(2 / 5) - (1 / 5) * math.log2(1 / 5)
    assert permutation.permutation_entropy(x, 7, 2)[-1] == pytest.approx(pairs, rel=1e-14)
    ours = permutation.permutation_entropy(x, 7, 3)[-1]
    assert ours == pytest.approx(triples / math.log2(6), rel=1e-14)


def test_every_permutation_has_a_code_of_its_own():
    for order in (2, 3, 4, 5):
        codes = {
            int(permutation.pattern_codes(np.array(p, dtype=float), order)[-1])
            for p in itertools.permutations(range(order))
        }
        assert codes == set(range(math.factorial(order)))


def test_permutation_entropy_is_blind_to_monotone_transforms(returns):
    np.testing.assert_array_equal(
        permutation.permutation_entropy(np.exp(30 * returns), 60, 4),
        permutation.permutation_entropy(returns, 60, 4),
    )


def test_flat_and_monotone_windows_have_one_pattern():
    for x in (np.zeros(50), np.full(50, 0.3), np.arange(50.0), -np.arange(50.0)):
        assert permutation.permutation_entropy(x, 30, 3)[-1] == 0.0
        assert permutation.missing_patterns(x, 40, 4)[-1] == 23 / 24


def test_weighted_permutation_entropy_equals_its_definition(returns):
    window, order = 60, 3

    def definition(x):
        weights: dict[tuple[int, ...], float] = {}
        for i in range(window - order + 1):
            piece = x[i : i + order]
            key = tuple(np.argsort(piece, kind="stable"))
            weights[key] = weights.get(key, 0.0) + float(np.var(piece))
        shares = np.array(list(weights.values())) / sum(weights.values())
        return -(shares * np.log2(shares)).sum() / math.log2(6)

    ours = permutation.weighted_permutation_entropy(returns, window, order)[window - 1 :]
    np.testing.assert_allclose(ours, by_window(definition, returns, window), rtol=1e-12)


def test_weighted_permutation_entropy_by_hand():
    # 0 1 2 0: pattern 012 with squares 2, pattern 120 with squares 2: two equal weights.
    ours = permutation.weighted_permutation_entropy(np.array([0.0, 1.0, 2.0, 0.0]), 4, 3)[-1]
    assert ours == pytest.approx(1 / math.log2(6), rel=1e-14)


def test_weighted_permutation_entropy_of_a_flat_window_is_unknown():
    for level in (0.0, 0.1, 1e6):
        assert np.isnan(permutation.weighted_permutation_entropy(np.full(80, level), 60, 3)).all()


def test_weighted_permutation_entropy_does_not_depend_on_the_unit(returns):
    values = permutation.weighted_permutation_entropy(returns, 60, 3)
    np.testing.assert_array_equal(
        permutation.weighted_permutation_entropy(returns * 2.0**-30, 60, 3), values
    )


def test_missing_patterns_by_hand():
    # Three pieces of four: 0123, 0123, 3210. Two patterns of 24 occur.
    x = np.array([1, 2, 3, 4, 10, 20, 30, 40, 9, 8, 7, 6], dtype=float)
    assert permutation.missing_patterns(x, 12, 4)[-1] == 22 / 24
    # All 24 permutations one after the other leave none out; without the first piece, one.
    every = np.array(list(itertools.permutations(range(4))), dtype=float).ravel()
    assert permutation.missing_patterns(every, 96, 4)[-1] == 0.0
    assert permutation.missing_patterns(every, 95, 4)[-1] == 1 / 24
