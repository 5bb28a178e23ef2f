"""The scale of a division and the division itself."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from engine.kernels.safe_division import safe_divide, scale
from engine.settings import project_root

SERIES = np.random.default_rng(9).normal(size=600)


def test_scale_is_the_median_of_absolute_values_strictly_before_the_row():
    expected = pd.Series(np.abs(SERIES)).rolling(252, min_periods=20).median().shift(1)
    np.testing.assert_array_equal(scale(SERIES), expected)


def test_scale_needs_twenty_values_before_the_row():
    got = scale(SERIES)
    assert np.isnan(got[:20]).all()
    assert got[20] == np.median(np.abs(SERIES[:20]))


def test_a_missing_value_does_not_blank_the_rows_after_it():
    holed = np.insert(SERIES, 300, np.nan)
    got = scale(holed)
    # The missing row is as if it were not there.
    np.testing.assert_array_equal(np.delete(got, 300), scale(SERIES))


def test_equal_values_leave_the_window_one_at_a_time():
    repeated = np.array([1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 1.0, 1.0, 1.0])
    expected = pd.Series(repeated).rolling(3, min_periods=1).median().shift(1)
    np.testing.assert_array_equal(scale(repeated, 3, 1), expected)


@pytest.mark.parametrize(
    ("b", "expected"),
    [(2.0, 0.5), (-2.0, -0.5), (0.0011, 1 / 0.0011), (0.001, None), (0.0, None), (None, None)],
)
def test_division_needs_a_divisor_above_a_thousandth_of_its_scale(b, expected):
    divisor = np.array([np.nan if b is None else b])
    got = safe_divide(np.array([1.0]), divisor, np.array([1.0]))[0]
    if expected is None:
        assert np.isnan(got)
    else:
        assert got == expected
    # The SQL macro says the same.
    text = (project_root() / "macros/finance/safe_divide.sql").read_text()
    body = text.split("-%}", 1)[1].split("{%- endmacro", 1)[0].split("-#}")[-1]
    for name, value in (("a", "1.0"), ("b", "null" if b is None else f"({b!r})"), ("scale", "1.0")):
        body = body.replace(f"{{{{ {name} }}}}", value)
    ((from_sql,),) = duckdb.sql(f"select ({body})::double").fetchall()
    assert from_sql == expected


def test_division_without_a_scale_is_unknown():
    assert np.isnan(safe_divide(np.array([1.0]), np.array([5.0]), np.array([np.nan]))[0])


def test_a_dead_series_divides_nothing():
    dead = np.zeros(100)
    assert np.isnan(safe_divide(np.ones(100), dead, scale(dead))).all()
