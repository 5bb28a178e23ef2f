"""Chunks, their expected ranges, and where a chunk has none."""

from __future__ import annotations

import numpy as np
import pytest

from engine.kernels import scaling


def test_chunks_of_every_window_fill_nearly_all_of_it():
    for window in (60, 70, 78, 120, 130, 140, 252, 390):
        sizes = scaling.chunk_sizes(window)
        assert (np.diff(sizes) > 0).all()
        assert sizes[0] >= 7
        assert sizes[-1] == window // 2
        assert (window // sizes * sizes > 0.9 * window).all()


def test_the_expected_range_is_that_of_simulated_noise():
    noise = np.random.default_rng(51).normal(size=60_000)
    for size in (7, 15, 60):
        ranges = scaling.chunk_ranges(noise, size)[size - 1 :: size]
        error = ranges.std() / np.sqrt(len(ranges))
        assert scaling.expected_rescaled_range(size) == pytest.approx(ranges.mean(), abs=4 * error)


def test_the_range_of_a_hand_example():
    # Deviations -1, -1, 1, 1: the walk -1, -2, -1, 0 has range 2, the deviation is 1.
    assert scaling.chunk_ranges(np.array([4.0, 4.0, 6.0, 6.0]), 4)[-1] == 2.0


def test_the_fluctuation_of_a_hand_example():
    # The walk 0, 0, 3 around its line -0.5, 1, 2.5: squares 0.25 + 1 + 0.25 over 3.
    assert scaling.chunk_fluctuations(np.array([0.0, 0.0, 3.0]), 3)[-1] == pytest.approx(0.5)


def test_a_constant_tilts_the_walk_and_leaves_its_fluctuation():
    noise = np.random.default_rng(52).normal(size=300)
    np.testing.assert_allclose(
        scaling.chunk_fluctuations(noise, 20),
        scaling.chunk_fluctuations(noise + 3.0, 20),
        rtol=1e-9,
    )


@pytest.mark.parametrize("level", [0.0, 0.1, 1e5])
def test_a_flat_chunk_is_left_out_and_a_flat_window_unknown(level):
    x = np.full(400, level)
    x[300:] += np.random.default_rng(53).normal(size=100)
    sizes = scaling.chunk_sizes(60)
    expected = np.array([scaling.expected_rescaled_range(int(size)) for size in sizes])
    weights = scaling.slope_weights(np.log(sizes))
    ranges = np.stack([scaling.chunk_ranges(x, size) for size in sizes])
    walks = np.stack([scaling.chunk_fluctuations(x, size) for size in sizes])
    hurst = scaling.hurst_exponent(x, ranges, sizes, expected, weights, 60)
    fluctuation = scaling.fluctuation_exponent(x, walks, sizes, weights, 60)
    assert np.isnan(hurst[:300]).all()
    assert np.isnan(fluctuation[:300]).all()
    assert np.isfinite(hurst[340:]).all()
    assert np.isfinite(fluctuation[340:]).all()


def test_rows_of_a_long_series_are_those_of_a_short_one():
    # Rows are worked on in blocks: which block a row is in changes no bit.
    x = np.random.default_rng(54).normal(size=1200)
    for function in (scaling.chunk_ranges, scaling.chunk_fluctuations):
        whole = function(x, 31)
        part = function(x[101:].copy(), 31)
        np.testing.assert_array_equal(part[30:], whole[131:])
