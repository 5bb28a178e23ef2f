"""Bayesian online change points against the textbook recursion, and planted changes."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from engine.kernels.bocpd import run_length

H = 1.0 / 250.0
SETTINGS = {"window": 250, "hazard": H, "young": 5, "reference": 250, "least": 60, "min_obs": 60}


def textbook(values, first):
    """Run Adams and MacKay's recursion from `first` on, with scipy's Student-t."""
    weights = np.array([])
    mean = kappa = alpha = beta = np.array([])
    for s in range(first, len(values)):
        past = values[max(0, s - 250) : s]
        mean, kappa = np.append(mean, past.mean()), np.append(kappa, 1.0)
        alpha, beta = np.append(alpha, 1.0), np.append(beta, past.var(ddof=1))
        x = values[s]
        scale = np.sqrt(beta * (kappa + 1) / (alpha * kappa))
        density = scipy.stats.t.pdf(x, 2 * alpha, mean, scale)
        begun = H * weights.sum() if weights.size else 1.0
        weights = np.append(weights * (1 - H), begun) * density
        weights /= weights.sum()
        beta = beta + kappa * (x - mean) ** 2 / (2 * (kappa + 1))
        mean = (kappa * mean + x) / (kappa + 1)
        kappa, alpha = kappa + 1, alpha + 0.5
    length = np.arange(weights.size)[::-1]
    return weights[length < 5].sum(), (weights * length).sum(), length[weights.argmax()]


@pytest.fixture(scope="module")
def changing():
    rng = np.random.default_rng(1)
    x = rng.standard_t(5, 1100) * 0.01
    x[500:700] *= 2.5
    x[900:] += 0.02
    return x


@pytest.fixture(scope="module")
def found(changing):
    return run_length(changing, **SETTINGS)


@pytest.mark.parametrize("t", [119, 200, 310, 503, 600, 702, 903, 1099])
def test_rows_are_the_textbook_recursion_over_their_last_250_values(changing, found, t):
    first = max(60, t - 249)
    for got, expected in zip(
        (column[t] for column in found), textbook(changing[: t + 1], first), strict=True
    ):
        assert got == pytest.approx(expected, rel=1e-9)


def test_planted_changes_of_spread_and_level_are_dated(found):
    chance, expected, likeliest = found
    assert chance[500:512].max() > 0.5 > chance[440:500].max()
    assert abs(likeliest[560] - 60) <= 3
    assert abs(expected[960] - 60) < 8
    assert abs(likeliest[990] - 90) <= 2


def test_the_posterior_has_no_unit(changing, found):
    for got, expected in zip(run_length(1e6 * changing, **SETTINGS), found, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-7)


def test_rows_depend_on_550_values_and_nothing_before(changing, found):
    for start in (1, 123, 400):
        for got, expected in zip(run_length(changing[start:], **SETTINGS), found, strict=True):
            np.testing.assert_array_equal(got[549:], expected[start + 549 :])


def test_missing_values_are_skipped(changing, found):
    holed = np.insert(changing, [300, 300, 800], np.nan)
    for got, expected in zip(run_length(holed, **SETTINGS), found, strict=True):
        assert np.isnan(got[[300, 301, 802]]).all()
        np.testing.assert_array_equal(np.delete(got, [300, 301, 802]), expected)


def test_values_that_never_move_have_no_prior_and_no_posterior():
    assert np.isnan(np.array(run_length(np.full(400, 3.0), **SETTINGS))).all()


def test_extreme_values_do_not_leave_the_range_of_numbers(changing):
    x = changing.copy()
    x[600] = 50.0
    x[601:690] = 0.0
    with np.errstate(over="raise", invalid="raise"):
        columns = run_length(x, **SETTINGS)
    for column in columns:
        assert np.isfinite(column[119:]).all()
    assert columns[0][600] > 0.9  # nothing like it was ever seen
