"""Pairs of calls and puts against a pandas join."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.kernels.pairs import matched


def sides(seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Return shuffled sides of three expiries, the second without any, and their offsets."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "row": np.repeat([0, 2], 40),
            "strike": np.tile(np.repeat(np.arange(20.0), 2), 2),
            "is_call": np.tile([1.0, 0.0], 40),
            "price": random.random(80),
            "width": random.random(80),
            "moment": random.integers(1, 3, 80).astype(float),
        }
    )
    frame = frame.sample(frac=0.9, random_state=seed).sort_values("row", kind="stable")
    return frame, np.searchsorted(frame.row, [0, 1, 2, 3])


def test_pairs_are_those_of_a_join_on_strike_and_moment():
    frame, offsets = sides()
    columns = (frame[name].to_numpy() for name in frame.columns[1:])
    found, begins, even = matched(*columns, offsets)
    joined = frame[frame.is_call == 1].merge(
        frame[frame.is_call == 0], on=["row", "strike", "moment"], suffixes=("", "_put")
    )
    joined = joined.sort_values(["row", "strike"])
    assert len(joined) > 10
    assert begins.tolist() == np.searchsorted(joined.row, [0, 1, 2, 3]).tolist()
    expected = [joined.strike, joined.price, joined.price_put, joined.width + joined.width_put]
    np.testing.assert_array_equal(found, np.array(expected))
    gap = (joined.price - joined.price_put).abs()
    for row in (0, 2):
        best = gap[joined.row == row].idxmin()
        assert even[row] == joined.strike[best]
    assert np.isnan(even[1])


def test_the_order_of_sides_does_not_matter():
    frame, offsets = sides()
    again = frame.sample(frac=1.0, random_state=1).sort_values("row", kind="stable")
    one, two = (
        matched(*(x[name].to_numpy() for name in x.columns[1:]), offsets) for x in (frame, again)
    )
    for left, right in zip(one, two, strict=True):
        np.testing.assert_array_equal(left, right)
