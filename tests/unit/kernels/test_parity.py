"""The forward is what most pairs agree on, whatever the rest says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.kernels import parity

DISCOUNT = math.exp(-0.04 * 0.25)
FORWARD = 101.3


def pairs(strikes: np.ndarray, noise: float = 0.0, seed: int = 0):
    """Calls and puts whose difference is D (F - K)."""
    rng = np.random.default_rng(seed)
    difference = DISCOUNT * (FORWARD - strikes) + noise * rng.standard_normal(len(strikes))
    put = np.maximum(-difference, 0.0) + 1.5
    return put + difference, put


def ask(strikes, call, put, width=0.1, discount=DISCOUNT, near=100.0):
    widths = np.full(len(strikes), width) if np.isscalar(width) else width
    return parity.forward(strikes, call, put, widths, discount, near)


def test_exact_pairs_name_one_forward_and_the_discount():
    strikes = np.arange(80.0, 121.0, 2.0)
    found, apart, count, slope = ask(strikes, *pairs(strikes))
    assert found == pytest.approx(FORWARD, rel=1e-12)
    assert apart == pytest.approx(0.0, abs=1e-12)
    assert count == len(strikes)
    assert slope == pytest.approx(DISCOUNT, rel=1e-12)


def test_a_third_of_stale_pairs_does_not_move_the_forward_by_a_basis_point():
    strikes = np.arange(80.0, 121.0, 1.0)
    call, put = pairs(strikes, noise=0.005)
    stale = np.random.default_rng(1).permutation(len(strikes))[: len(strikes) // 3]
    call[stale] += 4.0
    found = ask(strikes, call, put)[0]
    mean = np.mean(strikes + (call - put) / DISCOUNT)
    assert abs(found / FORWARD - 1.0) < 1e-4
    assert abs(mean / FORWARD - 1.0) > 5e-3


def test_a_wide_pair_counts_less_than_a_narrow_one():
    strikes = np.array([99.0, 100.0, 101.0])
    call, put = pairs(strikes)
    call[0] += 2.0
    width = np.array([3.0, 0.1, 0.1])
    assert ask(strikes, call, put, width)[0] == pytest.approx(FORWARD, rel=1e-12)


def test_sides_without_a_price_do_not_count():
    strikes = np.array([99.0, 100.0, 101.0, 102.0])
    call, put = pairs(strikes)
    call[0] = np.nan
    put[1] = 0.0
    found, _, count, slope = ask(strikes, call, put)
    assert count == 2
    assert found == pytest.approx(FORWARD, rel=1e-12)
    assert math.isnan(slope)  # two pairs are no line


def test_one_pair_is_no_agreement():
    strikes = np.array([100.0])
    found, _, count, _ = ask(strikes, *pairs(strikes))
    assert math.isnan(found)
    assert count == 1


def test_the_median_is_the_textbook_one():
    values = np.array([3.0, 1.0, 2.0, 10.0])
    assert parity.weighted_median(values, np.ones(4)) == 2.5
    assert parity.weighted_median(values, np.array([1.0, 1.0, 5.0, 1.0])) == 2.0
    assert math.isnan(parity.weighted_median(values, np.zeros(4)))
    assert parity.weighted_median(np.array([7.0]), np.array([0.2])) == 7.0


def test_the_order_of_the_pairs_does_not_matter():
    strikes = np.arange(80.0, 121.0, 1.0)
    call, put = pairs(strikes, noise=0.05)
    shuffled = np.random.default_rng(3).permutation(len(strikes))
    one = ask(strikes, call, put)
    two = ask(strikes[shuffled], call[shuffled], put[shuffled])
    assert np.array_equal(one, two)
