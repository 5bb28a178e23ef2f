"""The SQL function of exposures: order, threads, NULL, what an empty chain gives."""

from __future__ import annotations

import duckdb
import pytest

from engine.kernels.dealer_exposure import CONTRACT, FIELDS
from engine.kernels.gamma_profile import PLACES
from engine.warehouse import udf

FIELD = {
    "is_call": "(i % 2)::double", "strike": "(80 + i // 2 % 40)::double",
    "t": "(1 + i // 80) / 50.0", "iv": "0.15 + 0.001 * (i % 17)", "carry": "1.001",
    "rate": "0.03", "days": "7.0 * (1 + i // 80)", "is_opex": "(i // 80 = 1)::double",
    "open_interest": "(hash(i) % 900)::double", "spot": "100.0", "gamma": "0.001 * (1 + i % 31)",
    "delta": "0.5", "vanna": "0.1", "charm": "-0.01",
    "signed_volume": "if(i % 3 = 0, null, (i % 11 - 5)::double)",
}  # fmt: skip
PACKED = ", ".join(f"{name} := {FIELD[name]}" for name in CONTRACT)
SCALARS = ", ".join(f"e.{name}" for name in FIELDS)


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        udf.register(connection)
        connection.execute(f"""
            create table chains as
            select g, i, struct_pack({PACKED}) as contract from range(7) g(g), range(240) t(i)
        """)
        yield connection


def exposures(con, order):
    return con.execute(f"""
        select g, {SCALARS}, e.strikes, e.curve from (
            select g, chain_exposures(list(contract), 100.0, 1.0, -1.0) as e
            from (select * from chains order by {order}) group by g
        ) order by g
    """).fetchall()


def test_the_order_of_contracts_and_the_threads_change_no_bit(con):
    con.execute("set threads = 1")
    once = exposures(con, "g, i")
    assert exposures(con, "g, hash(i)") == once
    con.execute("set threads = 4")
    assert exposures(con, "hash(i, g)") == once
    assert len(once) == 7
    assert all(row[1:] == once[0][1:] for row in once)  # seven times the same chain
    assert len(once[0][-1]) == PLACES


def test_an_empty_chain_and_a_missing_spot_are_unknown_not_an_error(con):
    rows = con.execute("""
        select e.contracts, e.net, e.strikes.strike, e.curve[1] from (
            select chain_exposures(contracts, spot, 1.0, -1.0) as e from (
                values (null, 100.0), ([], 100.0)
            ) as v (contracts, spot)
            union all
            select chain_exposures(list(contract), null, 1.0, -1.0) from chains where g = 0
        )
    """).fetchall()
    assert rows == [(0.0, None, [], None), (0.0, None, [], None), (240.0, None, [], None)]
