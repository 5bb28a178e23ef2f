"""OCC option tickers, read from the right: `O:SPY230327P00390000`.

A ticker is an optional `O:`, a root, the expiration as YYMMDD, C or P, and the strike in
thousandths of a dollar as eight digits. A root may itself end in digits (`USO1`, an adjusted
contract), so only the last fifteen characters have fixed places.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

PREFIX = "O:"
TAIL = 15  # YYMMDD, C or P, eight digits
LONGEST_ROOT = 6
MAX_STRIKE_MILLS = 99_999_999  # what eight digits hold

_ROOT = rf"^[A-Z][A-Z0-9.]{{0,{LONGEST_ROOT - 1}}}$"
_MONTH_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@dataclass(frozen=True)
class Contracts:
    """Parsed tickers, one entry a ticker; where `valid` is false the rest means nothing.

    Parameters
    ----------
    valid
        Whether the text was a ticker.
    root
        Upper-case root, null where not valid.
    expiration
        Days since 1970-01-01.
    is_call
        Right: true for C, false for P.
    strike_mills
        Strike in thousandths of a dollar.
    """

    valid: npt.NDArray[np.bool_]
    root: pa.Array
    expiration: npt.NDArray[np.int32]
    is_call: npt.NDArray[np.bool_]
    strike_mills: npt.NDArray[np.int64]


def parse(tickers: pa.Array) -> Contracts:
    """Parse tickers.

    Parameters
    ----------
    tickers
        Strings, any case; nulls are not valid.

    Returns
    -------
    Contracts

    Examples
    --------
    >>> found = parse(pa.array(["O:USO1240119C00070500"]))
    >>> found.root.to_pylist(), found.strike_mills.tolist()
    (['USO1'], [70500])
    """
    text = pc.utf8_upper(pc.fill_null(tickers.cast(pa.string()), ""))
    text = pc.if_else(
        pc.starts_with(text, PREFIX), pc.utf8_slice_codeunits(text, start=len(PREFIX)), text
    )
    length = pc.utf8_length(text).to_numpy(zero_copy_only=False)
    plain = pc.string_is_ascii(text).to_numpy(zero_copy_only=False)
    long_enough = plain & (length > TAIL)
    tail = pc.utf8_slice_codeunits(text, start=-TAIL, stop=None)
    tail = pc.if_else(pa.array(long_enough), tail, pa.scalar(" " * TAIL))
    count = len(tail)
    characters = np.frombuffer(
        tail.cast(pa.binary()).cast(pa.binary(TAIL)).buffers()[1], dtype=np.uint8
    )[: count * TAIL].reshape(count, TAIL)

    digits = characters.astype(np.int32) - ord("0")
    numeric = np.delete(digits, 6, axis=1)
    valid = long_enough & ((numeric >= 0) & (numeric <= 9)).all(axis=1)
    right = characters[:, 6]
    is_call = right == ord("C")
    valid &= is_call | (right == ord("P"))

    year = 2000 + digits[:, 0] * 10 + digits[:, 1]
    month = digits[:, 2] * 10 + digits[:, 3]
    day = digits[:, 4] * 10 + digits[:, 5]
    valid &= (month >= 1) & (month <= 12) & (day >= 1)
    safe_month = np.clip(month, 1, 12)
    last_day = _MONTH_DAYS[safe_month - 1] + ((safe_month == 2) & (year % 4 == 0))  # 2000-2099
    valid &= day <= last_day
    months = (np.where(valid, year, 2000) - 1970) * 12 + safe_month - 1
    firsts = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int32)
    expiration = firsts + np.where(valid, day, 1).astype(np.int32) - 1

    powers = 10 ** np.arange(7, -1, -1, dtype=np.int64)
    strike_mills = digits[:, 7:].astype(np.int64) @ powers
    valid &= strike_mills > 0

    root = pc.utf8_slice_codeunits(text, start=0, stop=-TAIL)
    valid &= pc.match_substring_regex(root, _ROOT).to_numpy(zero_copy_only=False)
    root = pc.if_else(pa.array(valid), root, pa.scalar(None, pa.string()))
    return Contracts(valid, root, expiration, is_call, strike_mills)


def format_tickers(
    root: pa.Array,
    expiration: npt.NDArray[np.int32],
    is_call: npt.NDArray[np.bool_],
    strike_mills: npt.NDArray[np.int64],
) -> pa.Array:
    """Return canonical tickers, `O:` first.

    Parameters
    ----------
    root
        Upper-case roots; a null gives a null ticker.
    expiration
        Days since 1970-01-01, within 2000-2099.
    is_call
        Right.
    strike_mills
        Strike in thousandths of a dollar, 1 to 99,999,999.
    """
    count = len(root)
    dates = expiration.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    month_number = months.astype(np.int64)
    year = month_number // 12 + 1970
    yymmdd = (
        (year % 100) * 10_000
        + (month_number % 12 + 1) * 100
        + (dates - months).astype(np.int64)
        + 1
    )
    tail = np.empty((count, TAIL), dtype=np.uint8)
    _put_digits(tail, 0, 6, yymmdd)
    tail[:, 6] = np.where(is_call, ord("C"), ord("P"))
    _put_digits(tail, 7, 8, strike_mills)
    offsets = np.arange(count + 1, dtype=np.int32) * TAIL
    text = pa.Array.from_buffers(
        pa.string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(tail)]
    )
    return pc.binary_join_element_wise(pa.scalar(PREFIX), root.cast(pa.string()), text, "")


def _put_digits(
    target: npt.NDArray[np.uint8], start: int, width: int, values: npt.NDArray[np.int64]
) -> None:
    rest = values.astype(np.int64)
    for place in range(start + width - 1, start - 1, -1):
        rest, digit = np.divmod(rest, 10)
        target[:, place] = digit + ord("0")
