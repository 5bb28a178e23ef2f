"""Spectral and singular-value entropy against antropy, closed forms and limits."""

from __future__ import annotations

import math

import antropy
import numpy as np
import pytest

from engine.kernels import spectral_entropy as spectral


@pytest.fixture(scope="module")
def returns():
    return np.random.default_rng(23).standard_t(4, 400) * 0.01


def by_window(function, x, window):
    return np.array([function(x[t - window + 1 : t + 1]) for t in range(window - 1, len(x))])


@pytest.mark.parametrize("window", [5, 8, 50, 63, 64, 128])
def test_spectral_entropy_equals_antropy(returns, window):
    ours = spectral.spectral_entropy(returns, window)[window - 1 :]
    theirs = by_window(lambda y: antropy.spectral_entropy(y, 1.0, normalize=True), returns, window)
    np.testing.assert_allclose(ours, theirs, atol=1e-13)


@pytest.mark.parametrize("order", [2, 3, 5])
@pytest.mark.parametrize("window", [10, 60, 120])
def test_svd_entropy_equals_antropy(returns, window, order):
    ours = spectral.svd_entropy(returns, window, order)[window - 1 :]
    theirs = by_window(lambda y: antropy.svd_entropy(y, order, normalize=True), returns, window)
    np.testing.assert_allclose(ours, theirs, atol=1e-13)


def test_a_sine_of_whole_periods_has_one_frequency():
    x = np.sin(2 * np.pi * 5 * np.arange(64) / 64)
    assert spectral.spectral_entropy(x, 64)[-1] == pytest.approx(0.0, abs=1e-12)


def test_two_equal_sines_have_one_bit():
    t = np.arange(64)
    x = np.sin(2 * np.pi * 5 * t / 64) + np.cos(2 * np.pi * 11 * t / 64)
    assert spectral.spectral_entropy(x, 64)[-1] == pytest.approx(1 / math.log2(33), rel=1e-12)


def test_a_geometric_series_has_one_singular_value():
    # Rows are multiples of one another. A Gram matrix would leave roots of rounding (1e-8).
    x = 1.01 ** np.arange(80)
    assert spectral.svd_entropy(x, 60, 3)[-1] == pytest.approx(0.0, abs=1e-13)


def test_flat_windows():
    assert np.isnan(spectral.spectral_entropy(np.zeros(100), 64)).all()
    assert np.isnan(spectral.spectral_entropy(np.full(100, 0.1), 64)).all()
    assert np.isnan(spectral.svd_entropy(np.zeros(100), 60, 3)).all()
    assert spectral.svd_entropy(np.full(100, 0.1), 60, 3)[-1] == pytest.approx(0.0, abs=1e-13)


def test_values_do_not_depend_on_the_unit(returns):
    for unit in (2.0**40, 2.0**-40):
        np.testing.assert_array_equal(
            spectral.spectral_entropy(returns * unit, 64), spectral.spectral_entropy(returns, 64)
        )
        np.testing.assert_array_equal(
            spectral.svd_entropy(returns * unit, 60, 3), spectral.svd_entropy(returns, 60, 3)
        )
