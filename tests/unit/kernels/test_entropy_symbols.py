"""Entropies of symbols against scipy, antropy, closed forms and by hand."""

from __future__ import annotations

import math

import antropy
import numpy as np
import pytest
import scipy.stats
from scipy.spatial.distance import jensenshannon

from engine.kernels import lempel_ziv, sorted_window
from engine.kernels import symbol_entropy as symbols


@pytest.fixture(scope="module")
def returns():
    return np.random.default_rng(22).standard_t(4, 900) * 0.01


def by_window(function, x, window):
    return np.array([function(x[t - window + 1 : t + 1]) for t in range(window - 1, len(x))])


def bins(values, edges):
    return np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(("window", "parts"), [(252, 10), (120, 3), (11, 10), (2, 3)])
def test_quantiles_of_a_sorted_window_equal_numpys(returns, window, parts, tied):
    x = np.round(returns, 2) if tied else returns
    ours = sorted_window.rolling_quantiles(x, window, parts)[window - 1 :]
    levels = np.arange(1, parts) / parts
    theirs = by_window(lambda y: np.quantile(y, levels), x, window)
    np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-17)


@pytest.mark.parametrize("tied", [False, True])
def test_shannon_entropy_in_prior_deciles_equals_scipy(returns, tied):
    x = np.round(returns, 2) if tied else returns
    window, reference = 60, 252
    edges = symbols.shift_rows(sorted_window.rolling_quantiles(x, reference, 10), window)
    counts = symbols.decile_counts(x, edges, window)
    ours = symbols.shannon(counts, window)
    collision = symbols.collision(counts, window)
    for t in range(window + reference - 1, len(x), 7):
        prior = x[t - window - reference + 1 : t - window + 1]
        recent = x[t - window + 1 : t + 1]
        if tied:  # interpolation next to a tie may differ in the last bit: count on our edges
            found = bins(recent, edges[t])
        else:
            found = bins(recent, np.quantile(prior, np.arange(1, 10) / 10))
        shares = found / window
        assert ours[t] == pytest.approx(scipy.stats.entropy(shares, base=2), rel=1e-13)
        assert collision[t] == pytest.approx((shares**2).sum(), rel=1e-13)
    assert np.isnan(ours[: window + reference - 1]).all()


def test_uniform_bins_reach_the_closed_forms():
    edges = np.tile(np.arange(1.0, 10.0), (20, 1))
    counts = symbols.decile_counts(np.arange(20) % 10 + 0.5, edges, 20)
    assert counts[-1].tolist() == [2] * 10
    assert symbols.shannon(counts, 20)[-1] == pytest.approx(math.log2(10), rel=1e-14)
    assert symbols.collision(counts, 20)[-1] == pytest.approx(0.1, rel=1e-14)


def test_a_value_on_an_edge_belongs_to_the_bin_below():
    edges = np.tile(np.array([1.0, 2.0]), (4, 1))
    counts = symbols.decile_counts(np.array([1.0, 1.0, 2.0, 2.5]), edges, 4)
    assert counts[-1].tolist() == [2, 1, 1]


def test_bins_of_a_reference_that_did_not_move_are_unknown():
    edges = np.tile(np.full(9, 0.01), (30, 1))
    counts = symbols.decile_counts(np.arange(30.0), edges, 20)
    assert (counts[:, 0] == -1).all()
    assert np.isnan(symbols.shannon(counts, 20)).all()


def test_sign_words_equal_scipy(returns):
    window = 60

    def reference(x):
        up = (x > 0).astype(int)
        words = up[:-2] * 4 + up[1:-1] * 2 + up[2:]
        return scipy.stats.entropy(np.bincount(words, minlength=8), base=2)

    x = returns.copy()
    x[::5] = 0.0  # a zero is not up
    ours = symbols.sign_word_entropy(x, window, 3)[window - 1 :]
    np.testing.assert_allclose(ours, by_window(reference, x, window), rtol=1e-13)


def test_conditional_sign_entropy_equals_scipy(returns):
    window = 120

    def reference(x):
        up = (x > 0).astype(int)
        pairs = np.bincount(up[:-1] * 2 + up[1:], minlength=4)
        firsts = np.bincount(up[:-1], minlength=2)
        return scipy.stats.entropy(pairs, base=2) - scipy.stats.entropy(firsts, base=2)

    ours = symbols.conditional_sign_entropy(returns, window)[window - 1 :]
    np.testing.assert_allclose(ours, by_window(reference, returns, window), rtol=1e-12)


def test_alternating_signs_leave_nothing_open_and_have_two_words():
    x = np.tile([1.0, -1.0], 40)
    assert symbols.conditional_sign_entropy(x, 61)[-1] == pytest.approx(0.0, abs=1e-15)
    assert symbols.sign_word_entropy(x, 62, 3)[-1] == pytest.approx(1.0, rel=1e-14)


def test_a_flat_window_has_one_symbol():
    x = np.zeros(100)
    assert symbols.sign_word_entropy(x, 60, 3)[-1] == 0.0
    assert symbols.conditional_sign_entropy(x, 60)[-1] == 0.0


def test_divergence_equals_the_square_of_scipys_distance(returns):
    recent, prior = 20, 120
    deciles = sorted_window.rolling_quantiles(returns, prior, 10)
    now = symbols.decile_counts(returns, symbols.shift_rows(deciles, recent), recent)
    then = symbols.shift_counts(symbols.decile_counts(returns, deciles, prior), recent)
    ours = symbols.jensen_shannon(now, recent, then, prior)
    for t in range(recent + prior - 1, len(returns), 5):
        before = returns[t - recent - prior + 1 : t - recent + 1]
        edges = np.quantile(before, np.arange(1, 10) / 10)
        distance = jensenshannon(
            bins(returns[t - recent + 1 : t + 1], edges), bins(before, edges), base=2
        )
        assert ours[t] == pytest.approx(distance**2, rel=1e-10)


def test_divergence_of_equal_and_of_disjoint_counts():
    same = np.array([[1, 2, 3]])
    left = np.array([[6, 0, 0]])
    right = np.array([[0, 0, 12]])
    assert symbols.jensen_shannon(same, 6, 2 * same, 12)[0] == 0.0
    assert symbols.jensen_shannon(left, 6, right, 12)[0] == pytest.approx(1.0, rel=1e-15)


@pytest.mark.parametrize("window", [2, 3, 60, 63, 64, 65, 120, 128, 129, 252])
def test_lempel_ziv_of_signs_equals_antropy(returns, window):
    ours = lempel_ziv.lempel_ziv_signs(returns, window)[window - 1 :]
    theirs = by_window(
        lambda y: antropy.lziv_complexity((y > 0).astype(int), normalize=True), returns, window
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-14)


@pytest.mark.parametrize("period", [1, 2, 3, 7, 50, 64, 65, 100])
def test_lempel_ziv_of_periodic_symbols_equals_antropy(period):
    generator = np.random.default_rng(period)
    for kinds in (2, 3, 4):
        text = np.tile(generator.integers(0, kinds, period), 200 // period + 1)[:200]
        assert lempel_ziv.components(text, kinds) == antropy.lziv_complexity(text)


def test_lempel_ziv_of_the_textbook_sequence_has_six_components():
    # Lempel and Ziv (1976), Kaspar and Schuster (1987): 0 001 10 100 1000 101.
    text = np.array([int(c) for c in "0001101001000101"])
    assert lempel_ziv.components(text, 2) == 6


def test_lempel_ziv_of_terciles_equals_antropy(returns):
    window = 120

    def reference(x):
        edges = np.quantile(x, [1 / 3, 2 / 3])
        return antropy.lziv_complexity(np.searchsorted(edges, x, side="left"), normalize=True)

    ours = lempel_ziv.lempel_ziv_terciles(returns, window)[window - 1 :]
    np.testing.assert_allclose(ours, by_window(reference, returns, window), rtol=1e-13)


def test_lempel_ziv_of_a_flat_window_is_the_least_there_can_be():
    flat = np.zeros(200)
    assert lempel_ziv.lempel_ziv_signs(flat, 60)[-1] == pytest.approx(2 * math.log2(60) / 60)
    ours = lempel_ziv.lempel_ziv_terciles(flat, 120)[-1]
    assert ours == pytest.approx(2 * math.log(120, 3) / 120)
