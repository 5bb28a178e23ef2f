"""Entropies of a session's minute returns against antropy and scipy."""

from __future__ import annotations

import antropy
import numpy as np
import pytest
import scipy.stats

from engine.kernels.session_entropy import session_entropy


def sessions(*closes, minutes=390):
    offsets = np.cumsum([0, *(len(c) for c in closes)])
    return session_entropy(offsets, np.concatenate(closes), np.full(len(closes), minutes))


@pytest.fixture(scope="module")
def closes():
    generator = np.random.default_rng(24)
    return [
        np.round(100 * np.exp(np.cumsum(generator.normal(0, 4e-4, n))), 2) for n in (390, 350, 210)
    ]


def test_both_equal_their_references_on_prices_in_cents(closes):
    words, patterns = sessions(*closes)
    for k, close in enumerate(closes):
        r = np.log(close[1:] / close[:-1])
        up = (r > 0).astype(int)
        counts = np.bincount(up[:-2] * 4 + up[1:-1] * 2 + up[2:], minlength=8)
        assert words[k] == pytest.approx(scipy.stats.entropy(counts, base=8), rel=1e-13)
        assert patterns[k] == pytest.approx(antropy.perm_entropy(r, normalize=True), rel=1e-13)


def test_a_session_does_not_depend_on_the_batch_it_comes_in(closes):
    together = np.array(sessions(*closes))
    alone = np.array([sessions(close) for close in closes])[:, :, 0].T
    np.testing.assert_array_equal(together, alone)


def test_a_session_without_a_move_has_one_word_and_one_pattern():
    words, patterns = sessions(np.full(390, 50.0))
    assert words[0] == 0.0
    assert patterns[0] == 0.0


def test_fewer_than_half_of_the_minutes_are_not_enough(closes):
    words, patterns = sessions(closes[0][:194], closes[0][:195], np.array([]))
    assert np.isnan([words[0], patterns[0], words[2], patterns[2]]).all()
    assert np.isfinite([words[1], patterns[1]]).all()


def test_fewer_than_thirty_returns_are_not_enough(closes):
    words, _ = sessions(closes[0][:30], closes[0][:31], minutes=31)
    assert np.isnan(words[0])
    assert np.isfinite(words[1])


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan])
def test_a_price_that_is_not_positive_makes_the_session_unknown(closes, bad):
    close = closes[0].copy()
    close[100] = bad
    words, patterns = sessions(close, closes[1])
    assert np.isnan([words[0], patterns[0]]).all()
    assert np.isfinite([words[1], patterns[1]]).all()
