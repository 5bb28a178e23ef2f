"""Hidden Markov models: EM against hmmlearn, the filter against the recursion and enumeration."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.stats
from hmmlearn.hmm import GaussianHMM
from sklearn.mixture import GaussianMixture

from engine.kernels import hmm

MEAN = np.array([0.05, 0.0, -0.1])
SIGMA = np.array([0.5, 1.0, 2.5])
TRANSITION = np.array([[0.97, 0.02, 0.01], [0.03, 0.95, 0.02], [0.01, 0.04, 0.95]])


def simulated(n, seed=1):
    rng = np.random.default_rng(seed)
    state = np.zeros(n, dtype=int)
    for t in range(1, n):
        state[t] = rng.choice(3, p=TRANSITION[state[t - 1]])
    return MEAN[state] + SIGMA[state] * rng.normal(size=n), state


X, STATE = simulated(1500)


def table(n, mean=MEAN, sigma=SIGMA, transition=TRANSITION):
    return np.tile(np.concatenate([mean, sigma, transition.ravel()]), (n, 1))


def filtered(x, block=None, parameters=None, lookback=1000):
    block = np.zeros(len(x), dtype=np.int64) if block is None else block
    parameters = table(len(x)) if parameters is None else parameters
    return hmm.filtered(x, block, parameters, 3, lookback)


def model(start, transition, mean, sigma, iterations):
    """Return hmmlearn's model with these parameters, and without its priors."""
    made = GaussianHMM(
        3,
        covariance_type="diag",
        n_iter=iterations,
        tol=-np.inf,
        init_params="",
        covars_prior=0.0,
        covars_weight=1.0,
    )
    made.startprob_, made.transmat_ = start.copy(), transition.copy()
    made.means_, made.covars_ = mean[:, None].copy(), (sigma**2)[:, None].copy()
    return made


def test_filter_is_the_forward_recursion():
    got = filtered(X)
    p = np.full(3, 1 / 3)
    for t, x in enumerate(X):
        p = (p @ TRANSITION) * scipy.stats.norm.pdf(x, MEAN, SIGMA)
        p /= p.sum()
        np.testing.assert_allclose(got[t], p, rtol=1e-9, atol=1e-15)


def test_filter_is_the_sum_over_all_paths():
    x = X[:8]
    weights = np.zeros(3)
    for path in itertools.product(range(3), repeat=8):
        chance = (np.full(3, 1 / 3) @ TRANSITION)[path[0]]
        for before, after in itertools.pairwise(path):
            chance *= TRANSITION[before, after]
        for state, value in zip(path, x, strict=True):
            chance *= scipy.stats.norm.pdf(value, MEAN[state], SIGMA[state])
        weights[path[-1]] += chance
    np.testing.assert_allclose(filtered(x)[-1], weights / weights.sum(), rtol=1e-9)


def test_filter_at_the_last_row_is_hmmlearns_posterior_there():
    start = np.full(3, 1 / 3) @ TRANSITION
    library = model(start, TRANSITION, MEAN, SIGMA, 1)
    for end in (50, 333, 1500):
        expected = library.predict_proba(X[:end, None])[-1]
        np.testing.assert_allclose(filtered(X[:end])[-1], expected, rtol=1e-7, atol=1e-12)


def test_filter_agrees_with_the_true_states_as_often_as_the_smoother_nearly():
    library = model(np.full(3, 1 / 3), TRANSITION, MEAN, SIGMA, 1)
    smoothed = (library.predict_proba(X[:, None]).argmax(axis=1) == STATE).mean()
    assert (filtered(X).argmax(axis=1) == STATE).mean() > max(smoothed - 0.12, 0.75)


def test_labels_do_not_change_with_what_comes_later():
    other = X.copy()
    other[900:] = 9.0
    np.testing.assert_array_equal(filtered(other)[:900], filtered(X)[:900])
    np.testing.assert_array_equal(filtered(X[:700]), filtered(X)[:700])


def test_a_row_depends_on_its_block_and_the_lookback_before_it():
    block = np.arange(1500) // 60
    whole = filtered(X, block, lookback=200)
    cut = filtered(X[340:], block[340:], lookback=200)
    # The first block that has 200 values before it in the cut series begins at 540.
    np.testing.assert_array_equal(cut[200:], whole[540:])
    assert not np.array_equal(cut[10:20], whole[350:360])
    np.testing.assert_allclose(whole[540:], filtered(X)[540:], atol=1e-6)


def test_missing_values_are_skipped_and_missing_parameters_are_unknown():
    holed = np.insert(X[:400], 150, np.nan)
    got = filtered(holed)
    assert np.isnan(got[150]).all()
    np.testing.assert_array_equal(np.delete(got, 150, axis=0), filtered(X[:400]))
    parameters = table(400)
    parameters[:100] = np.nan
    got = filtered(X[:400], parameters=parameters)
    assert np.isnan(got[:100]).all()
    np.testing.assert_array_equal(got[100:], filtered(X[:400])[100:])


def test_an_outlier_beyond_every_density_is_the_widest_states():
    x = X[:300].copy()
    x[200] = 500.0
    got = filtered(x)
    assert got[200, 2] == pytest.approx(1.0)
    assert np.isfinite(got).all()


@pytest.mark.parametrize("iterations", [1, 7])
def test_maximisation_does_what_hmmlearn_does_from_the_same_start(iterations):
    start = np.array([0.5, 0.3, 0.2])
    transition = np.array([[0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.05, 0.05, 0.9]])
    mean, sigma = np.array([0.1, 0.0, -0.2]), np.array([0.6, 1.2, 2.0])
    library = model(start, transition, mean, sigma, iterations).fit(X[:, None])
    hmm.baum_welch(X, start, transition, mean, sigma, iterations, -np.inf, 1e-3)
    np.testing.assert_allclose(mean, library.means_[:, 0], rtol=1e-8)
    np.testing.assert_allclose(sigma**2, library.covars_[:, 0, 0], rtol=1e-8)
    np.testing.assert_allclose(transition, library.transmat_, rtol=1e-8)
    np.testing.assert_allclose(start, library.startprob_, rtol=1e-7, atol=1e-12)


def test_likelihood_is_hmmlearns_score():
    start = np.full(3, 1 / 3)
    expected = model(start, TRANSITION, MEAN, SIGMA, 1).score(X[:, None])
    got = hmm.baum_welch(
        X, start.copy(), TRANSITION.copy(), MEAN.copy(), SIGMA.copy(), 1, 0.0, 1e-3
    )
    assert got == pytest.approx(expected, rel=1e-12)


def test_a_state_does_not_collapse_on_equal_values():
    x = X[:500].copy()
    x[::3] = 0.0
    start, transition = np.full(2, 0.5), np.array([[0.9, 0.1], [0.1, 0.9]])
    mean, sigma = np.array([0.0, 0.0]), np.array([0.1, 2.0])
    hmm.baum_welch(x, start, transition, mean, sigma, 200, 1e-6, 0.1)
    assert sigma.min() >= 0.1
    np.testing.assert_allclose(transition.sum(axis=1), 1.0)


def test_mixture_is_sklearns_from_the_same_start():
    share, mean, sigma = np.array([0.6, 0.4]), np.array([-0.5, 0.5]), np.array([0.7, 1.5])
    library = GaussianMixture(
        2,
        weights_init=share,
        means_init=mean[:, None],
        precisions_init=(1 / sigma**2)[:, None, None],
        reg_covar=0.0,
        max_iter=300,
        tol=1e-10,
    ).fit(X[:, None])
    hmm.fit_mixture(X, share, mean, sigma, 300, 1e-9, 1e-3)
    np.testing.assert_allclose(share, library.weights_, rtol=1e-4)
    np.testing.assert_allclose(mean, library.means_[:, 0], atol=1e-4)
    np.testing.assert_allclose(sigma**2, library.covariances_[:, 0, 0], rtol=1e-4)
    parameters = np.concatenate([mean, sigma, share, share])
    block = np.zeros(len(X), dtype=np.int64)
    got = hmm.filtered(X, block, np.tile(parameters, (len(X), 1)), 2, 1000)
    expected = library.predict_proba(X[:, None])
    np.testing.assert_allclose(got, expected, atol=1e-3)
