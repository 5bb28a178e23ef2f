"""Roots belong to underlyings: by the seed, else by their letters."""

from __future__ import annotations

import csv

import pyarrow as pa
import pytest

from engine.market import roots
from engine.settings import project_root


@pytest.mark.parametrize(
    ("root", "underlying"),
    [
        ("SPY", "SPY"),
        ("SPXW", "SPX"),
        ("VIXW", "VIX"),
        ("NDXP", "NDX"),
        ("RUTW", "RUT"),
        ("USO1", "USO"),
        ("SPXW1", "SPX"),
        ("AAPL", "AAPL"),
        ("AAPL7", "AAPL"),
    ],
)
def test_the_underlying_of_a_root(root: str, underlying: str) -> None:
    assert roots.underlying_of(pa.array([root])).to_pylist() == [underlying]


def test_order_and_nulls_are_kept() -> None:
    found = roots.underlying_of(pa.array(["SPXW", None, "SPY", "SPXW"]))
    assert found.to_pylist() == ["SPX", None, "SPY", "SPX"]


def test_adjusted_roots_end_in_a_digit() -> None:
    assert roots.is_adjusted(pa.array(["USO1", "USO", "SPXW"])).to_pylist() == [True, False, False]


def test_the_seed_agrees_with_the_universe() -> None:
    def read(name: str) -> list[dict[str, str]]:
        with (project_root() / "seeds" / name).open(newline="") as handle:
            return list(csv.DictReader(handle))

    by_root = {line["root"]: line for line in read("option_roots.csv")}
    assert len(by_root) == len(read("option_roots.csv"))
    for symbol in read("universe.csv"):
        line = by_root[symbol["symbol"]]
        assert line["underlying"] == symbol["symbol"]
        assert line["exercise_style"] == symbol["exercise_style"]
        assert line["settlement"] == symbol["settlement"]
