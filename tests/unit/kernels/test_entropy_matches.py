"""Match-length entropy against its definition in strings, and against what it should see."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.kernels import match_length
from engine.kernels.symbol_entropy import up_codes


def entropy(x, window):
    matches = match_length.longest_matches(up_codes(x), window // 2)
    return match_length.match_length_entropy(x, matches, window)


def by_words(x):
    """The estimate of a message of signs, found by looking words up in the text before."""
    message = "".join("1" if value > 0 else "0" for value in x)
    places = range(1, len(message) // 2 + 1)
    total = 0.0
    for i in places:
        longest = 0
        for length in range(1, i + 1):
            # A word that begins before i may run over i.
            if message.find(message[i : i + length], 0, i + length - 1) < 0:
                break
            longest = length
        total += math.log2(i + 1) / (longest + 1)
    return total / len(places)


@pytest.mark.parametrize("window", [8, 21, 60, 120, 252])
def test_entropy_equals_the_definition_in_words(window):
    x = np.random.default_rng(60).normal(size=400)
    ours = entropy(x, window)
    assert np.isnan(ours[: window - 1]).all()
    for t in range(window - 1, len(x), 13):
        assert ours[t] == pytest.approx(by_words(x[t - window + 1 : t + 1]), rel=1e-13)


def test_a_hand_example():
    # 1 1 0 1: at 1 the word "1" was seen, L = 2; at 2 "0" was not, L = 1.
    x = np.array([1.0, 1.0, -1.0, 1.0])
    assert entropy(x, 4)[-1] == pytest.approx((1 / 2 + math.log2(3) / 1) / 2)


def test_a_longer_reach_changes_nothing():
    x = np.random.default_rng(61).normal(size=300)
    far = match_length.longest_matches(up_codes(x), 126)
    np.testing.assert_array_equal(match_length.match_length_entropy(x, far, 120), entropy(x, 120))


def test_a_coin_has_most_of_a_bit_and_a_pattern_little():
    coin = np.random.default_rng(62).normal(size=2000)
    assert 0.8 < np.nanmean(entropy(coin, 252)) < 1.0  # 1 in a window without end
    pattern = np.tile([1.0, 1.0, -1.0], 200)
    assert np.nanmax(entropy(pattern, 252)) < 0.2
    assert np.nanmax(entropy(np.zeros(300), 252)) < 0.2


def test_a_missing_value_is_missed_by_its_windows_only():
    x = np.random.default_rng(63).normal(size=300)
    holed = x.copy()
    holed[100] = np.nan
    whole, broken = entropy(x, 60), entropy(holed, 60)
    assert np.isnan(broken[100:160]).all()
    np.testing.assert_array_equal(broken[160:], whole[160:])
    np.testing.assert_array_equal(broken[:100], whole[:100])
