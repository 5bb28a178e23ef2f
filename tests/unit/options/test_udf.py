"""The SQL functions: the kernels' values, NULL for unknown, on any connection."""

from __future__ import annotations

import csv

import duckdb
import numpy as np
import pytest

import engine.warehouse
from engine.kernels import black_scholes as bs
from engine.options.reasons import REASONS
from engine.settings import project_root


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as con:
        engine.warehouse.register(con)
        engine.warehouse.register(con)  # a second time changes nothing
        yield con


def ask(con, sql):
    return con.execute(f"select {sql}").fetchone()


def test_published_values_in_sql(connection):
    assert ask(connection, "round(bs_price('C', 60, 65, 0.25, 0.08, 0, 0.3), 6)") == (2.133368,)
    assert ask(connection, "round(bs_price('P', 100, 95, 0.5, 0.1, 0.05, 0.2), 6)") == (2.464788,)
    (sigma,) = ask(connection, "bs_iv('C', 4.759422392871542, 42, 40, 0.5, 0.1, 0)")
    assert sigma == pytest.approx(0.2, rel=1e-12)
    (greeks,) = ask(connection, "bs_greeks('C', 105, 100, 0.5, 0.1, 0.1, 0.36)")
    assert list(greeks) == list(bs.GREEKS)
    assert greeks["delta"] == pytest.approx(0.594629, abs=1e-6)


def test_a_null_anywhere_gives_null(connection):
    functions = {
        "bs_price": ["'C'", "60", "65", "0.25", "0.08", "0", "0.3"],
        "bs_iv": ["'C'", "2.1", "60", "65", "0.25", "0.08", "0"],
        "bs_greeks": ["'C'", "60", "65", "0.25", "0.08", "0", "0.3"],
    }
    for name, arguments in functions.items():
        assert ask(connection, f"{name}({', '.join(arguments)})") != (None,)
        for place in range(len(arguments)):
            given = [*arguments[:place], "null", *arguments[place + 1 :]]
            assert ask(connection, f"{name}({', '.join(given)})") == (None,), (name, place)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("'C', 2.1, 60, 65, 0.25, 0.08, 0", None),
        ("'c', 2.1, 60, 65, 0.25, 0.08, 0", "bad_option_type"),
        ("null, 2.1, 60, 65, 0.25, 0.08, 0", "bad_option_type"),
        ("'C', null, 60, 65, 0.25, 0.08, 0", "no_price"),
        ("'C', 'nan'::double, 60, 65, 0.25, 0.08, 0", "no_price"),
        ("'C', -1, 60, 65, 0.25, 0.08, 0", "no_price"),
        ("'C', 2.1, null, 65, 0.25, 0.08, 0", "no_underlying"),
        ("'C', 2.1, 60, 0, 0.25, 0.08, 0", "bad_strike"),
        ("'C', 2.1, 60, 65, -0.01, 0.08, 0", "expired"),
        ("'C', 2.1, 60, 65, 0.25, null, 0", "missing_input"),
        ("'C', 2.1, 70, 65, 0.25, 0.08, 0", "below_intrinsic"),
        ("'P', 70, 60, 65, 0.25, 0.08, 0", "above_max"),
    ],
)
def test_a_row_without_a_volatility_has_a_reason(connection, arguments, reason):
    assert ask(connection, f"iv_reason({arguments})") == (reason,)
    assert (ask(connection, f"bs_iv({arguments})") == (None,)) == (reason is not None)


def test_every_reason_of_the_kernels_is_listed():
    with (project_root() / "seeds" / "reason_codes.csv").open() as handle:
        listed = {row["code"]: row["stage"] for row in csv.DictReader(handle)}
    for reason in REASONS.values():
        assert reason is None or "solver" in listed[reason]
    codes = {value for name, value in vars(bs).items() if name.isupper() and name in _CODES}
    assert codes == set(REASONS)


_CODES = (
    "SOLVED",
    "MISSING_INPUT",
    "BAD_OPTION_TYPE",
    "BAD_STRIKE",
    "NO_UNDERLYING",
    "NO_PRICE",
    "EXPIRED",
    "BELOW_INTRINSIC",
    "ABOVE_MAX",
    "SUB_TICK",
    "CROSSED",
    "BAD_DIVIDENDS",
)


def test_chunks_threads_and_order_do_not_change_a_bit(connection):
    connection.execute("""
        create or replace table chain as
        select i, case when i % 2 = 0 then 'C' else 'P' end as kind,
            80 + (i % 41)::double as strike,
            0.01 + (i % 97) / 90.0 as t, 0.1 + (i % 13) / 40.0 as sigma
        from range(50000) as r(i)
    """)
    sql = """
        select i, bs_iv(kind, bs_price(kind, 100, strike, t, 0.04, 0.01, sigma), 100, strike, t,
            0.04, 0.01)
        from chain {} order by i
    """
    connection.execute("set threads = 2")
    once = connection.execute(sql.format("")).fetchnumpy()
    connection.execute("set threads = 1")
    again = connection.execute(sql.format("where i % 3 = 0")).fetchnumpy()
    kept = {name: values[::3] for name, values in once.items()}
    np.testing.assert_array_equal(
        np.ma.getdata(list(kept.values())[1]), np.ma.getdata(list(again.values())[1])
    )
    sigma = connection.execute("select sigma from chain order by i").fetchnumpy()["sigma"]
    found = list(once.values())[1]
    solved = ~np.ma.getmaskarray(found)
    assert solved.mean() > 0.97
    assert np.median(np.abs(np.ma.getdata(found)[solved] - sigma[solved])) < 1e-13
