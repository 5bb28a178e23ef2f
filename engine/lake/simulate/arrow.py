"""Arrow columns from fixed-width bytes and integers, without a Python object per row."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.lake.schema import STRIKE, UTC

Bytes = NDArray[np.uint8]


def text(rows: Bytes) -> pa.Array:
    """Return a string column from an (n, width) matrix of ASCII codes."""
    rows = np.ascontiguousarray(rows)
    n, width = rows.shape
    offsets = np.arange(0, (n + 1) * width, max(width, 1), dtype=np.int32)[: n + 1]
    if not width:
        offsets = np.zeros(n + 1, np.int32)
    return pa.StringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(rows))


def codes(words: list[str]) -> Bytes:
    """Return the ASCII codes of words of one length, one row a word."""
    return np.array([list(word.encode()) for word in words], np.uint8)


def constant(word: str, n: int) -> pa.Array:
    """Return a column that holds one word everywhere."""
    return text(np.broadcast_to(codes([word])[0], (n, len(word))))


def words(choices: list[str], index: NDArray[np.int64]) -> pa.Array:
    """Return a string column of words by index; the words may differ in length."""
    return pa.array(choices, pa.string()).take(pa.array(index))


_FOUR_DIGITS = np.array([list(f"{number:04d}".encode()) for number in range(10_000)], np.uint8)


def digits(values: NDArray[np.int64]) -> Bytes:
    """Return eight decimal digits with leading zeros as ASCII codes."""
    high, low = np.divmod(values, 10_000)
    return np.hstack([_FOUR_DIGITS[high], _FOUR_DIGITS[low]])


def strikes(thousandths: NDArray[np.int64]) -> pa.Array:
    """Return the lake's decimal strikes from thousandths of a dollar."""
    wide = np.zeros((len(thousandths), 2), np.int64)  # little-endian 128-bit, never negative
    wide[:, 0] = thousandths
    return pa.Array.from_buffers(STRIKE, len(thousandths), [None, pa.py_buffer(wide)])


def instants(stamps: NDArray[np.datetime64]) -> pa.Array:
    """Return UTC instants."""
    return pa.array(stamps.astype("datetime64[us]").astype(np.int64)).cast(UTC)


def dates(ordinals: NDArray[np.int64]) -> pa.Array:
    """Return dates from proleptic ordinals."""
    unix = 719_163  # the ordinal of 1970-01-01
    return pa.array((ordinals - unix).astype(np.int32)).cast(pa.date32())


def nullable(values: NDArray[np.float64]) -> pa.Array:
    """Return doubles with NULL for NaN."""
    return pa.array(values, from_pandas=True)
