"""Option tickers are read from the right, and written as they were read."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market import occ

DAY_ZERO = dt.date(1970, 1, 1)


def one(ticker: str) -> tuple[str, dt.date, str, int]:
    found = occ.parse(pa.array([ticker]))
    assert found.valid.tolist() == [True]
    return (
        found.root[0].as_py(),
        DAY_ZERO + dt.timedelta(days=int(found.expiration[0])),
        "C" if found.is_call[0] else "P",
        int(found.strike_mills[0]),
    )


@pytest.mark.parametrize(
    ("ticker", "expected"),
    [
        ("O:SPY230327P00390000", ("SPY", dt.date(2023, 3, 27), "P", 390_000)),
        ("SPXW190426C00800000", ("SPXW", dt.date(2019, 4, 26), "C", 800_000)),
        ("O:USO1200619C00012500", ("USO1", dt.date(2020, 6, 19), "C", 12_500)),
        ("o:tlt240229p00090005", ("TLT", dt.date(2024, 2, 29), "P", 90_005)),
        ("O:F240119C00000500", ("F", dt.date(2024, 1, 19), "C", 500)),
        ("O:NDX241220C99999999", ("NDX", dt.date(2024, 12, 20), "C", 99_999_999)),
    ],
)
def test_a_ticker_is_read_from_the_right(
    ticker: str, expected: tuple[str, dt.date, str, int]
) -> None:
    assert one(ticker) == expected


@pytest.mark.parametrize(
    "ticker",
    [
        None,
        "",
        "SPY",
        "O:",
        "O:230327P00390000",  # no root
        "O:SPY230327X00390000",  # neither call nor put
        "O:SPY230230P00390000",  # no such day
        "O:SPY230229P00390000",  # no leap year
        "O:SPY231327P00390000",  # no such month
        "O:SPY230300P00390000",
        "O:SPY230327P0039000",  # a digit too few: the rest shifts
        "O:SPY230327P00000000",  # no strike
        "O:SPY230327P0039000x",
        "O:1SPY230327P00390000",
        "O:VERYLONG230327P00390000",
        "O:SP Y230327P00390000",
        "O:SPÿ230327P00390000",
        "O:SPY230327P00390000 ",
    ],
)
def test_what_is_no_ticker_is_not_valid(ticker: str | None) -> None:
    found = occ.parse(pa.array([ticker, "O:SPY230327P00390000"], pa.string()))
    assert found.valid.tolist() == [False, True]
    assert found.root.to_pylist() == [None, "SPY"]


def test_no_tickers_give_no_contracts() -> None:
    assert len(occ.parse(pa.array([], pa.string())).valid) == 0


def test_a_sliced_array_is_read_at_its_own_place() -> None:
    tickers = pa.array(["O:A230327P00390000", "O:B230327C00400000", "x"]).slice(1, 1)
    found = occ.parse(tickers)
    assert (found.root.to_pylist(), found.strike_mills.tolist()) == (["B"], [400_000])


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[A-Z][A-Z0-9.]{0,5}", fullmatch=True),
            st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)),
            st.booleans(),
            st.integers(1, occ.MAX_STRIKE_MILLS),
        ),
        max_size=20,
    )
)
def test_what_is_written_is_read_back(contracts: list[tuple[str, dt.date, bool, int]]) -> None:
    root = pa.array([contract[0] for contract in contracts], pa.string())
    expiration = np.array([(c[1] - DAY_ZERO).days for c in contracts], np.int32)
    is_call = np.array([contract[2] for contract in contracts], bool)
    strike = np.array([contract[3] for contract in contracts], np.int64)
    tickers = occ.format_tickers(root, expiration, is_call, strike)
    found = occ.parse(tickers)
    assert found.valid.all()
    assert found.root.equals(root)
    assert (found.expiration == expiration).all()
    assert (found.is_call == is_call).all()
    assert (found.strike_mills == strike).all()
