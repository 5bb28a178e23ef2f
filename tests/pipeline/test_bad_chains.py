"""What is wrong with a chain's rows gets a reason; nothing stops the build, nothing is lost.

Rows of a simulated lake's last session are spoiled by hand, one contract a fault.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

from engine.lake.simulate import simulate
from engine.lake.store import Lake
from engine.settings import Settings
from engine.warehouse.pipeline import build
from engine.warehouse.runner import Options

MODELS = (
    "+option_marks",
    "+mark_reconciliation",
    "+chain_quality",
    "--indirect-selection=cautious",
)
HOLIDAY = dt.date(2026, 1, 1)
QUOTES = {  # of calls on SPY: new bid and ask, from the row
    "crossed": lambda row: (row["ask"] + 0.05, row["ask"]),
    "locked": lambda row: (row["ask"], row["ask"]),
    "zero_bid": lambda row: (0.0, row["ask"]),
    "one_sided": lambda row: (row["bid"], None),
    "wide": lambda row: (0.4 * row["bid"], 1.7 * row["ask"]),
    "no_quote": lambda row: (None, None),
    "above_max": lambda row: (row["underlying_price"] + 1.0, row["underlying_price"] + 2.0),
    "below_intrinsic": lambda row: (0.01, 0.02),
    "negative": lambda row: (-1.0, row["ask"]),
}
CONTRACTS = {  # what else is wrong with the row
    "bad_strike": {"strike": Decimal("0.000")},
    "expired": {"expiration": dt.date(2025, 12, 1)},
    "adjusted_contract": {"root": "SPY1"},
    "bad_option_type": {"option_type": "X"},
    "holiday": {"expiration": HOLIDAY},
}


def spoil(lake: Lake, day: dt.date) -> dict[str, str]:
    """Spoil a day's rows; return the contract of each fault."""
    table = lake.read_day("options", day)
    rows = table.to_pylist()
    chosen = iter(
        sorted(
            (
                row
                for row in rows
                if row["root"] == "SPY"
                and row["option_type"] == "C"
                and row["source"] == "sim_quotes"
                and row["bid"] > 2.0
                and row["strike"] < 0.97 * row["underlying_price"]
                and (row["expiration"] - day).days > 20
            ),
            key=lambda row: row["symbol"],
        )
    )
    spoiled: dict[str, str] = {}
    alone: set[str] = set()  # no trade of the day stands in for the quote
    for name, quote in QUOTES.items():
        row = next(chosen)
        row["bid"], row["ask"] = quote(row)
        spoiled[name] = row["symbol"]
        alone.add(row["symbol"])
    for name, values in CONTRACTS.items():
        rows.append({**next(chosen), **values})
        spoiled[name] = rows[-1]["symbol"]
    again = next(chosen)
    rows.append(dict(again))
    spoiled["duplicate"] = again["symbol"]
    kept = []
    for row in rows:
        is_quote = row["source"] == "sim_quotes"
        if row["symbol"] in alone and not is_quote:
            continue
        if row["root"] == "TLT":  # trades only; one of them is none
            if is_quote:
                continue
            if "zero_volume" not in spoiled:
                spoiled["zero_volume"] = row["symbol"]
                row["volume"] = 0.0
        if row["root"] == "XLF":  # nobody knows what the share is worth
            row["underlying_price"] = None
            if is_quote:
                continue
        kept.append(row)
    lake.write_day("options", day, pa.Table.from_pylist(kept, table.schema))
    return spoiled


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    """The build, and the contract of each fault as `spoiled`."""
    folder = tmp_path_factory.mktemp("bad")
    settings = Settings(folder / "lake", folder / "journal", folder / "warehouse")
    simulate(settings.lake, sessions=3, symbols=("SPY", "TLT", "XLF"), seed=3)
    lake = Lake(settings.lake)
    for name in ("rates", "dividends"):
        lake.reference_path(name).unlink(missing_ok=True)
    day = lake.days("options")[-1]
    spoiled = spoil(lake, day)
    for session in lake.days("stocks"):
        stocks = lake.read_day("stocks", session)
        keep = [symbol != "XLF" for symbol in stocks["symbol"].to_pylist()]
        lake.write_day("stocks", session, stocks.filter(pa.array(keep)))
    build(settings, Options(select=MODELS), publishing=False)
    with duckdb.connect(str(settings.build_file), read_only=True) as connection:
        connection.execute("create temp table spoiled (name varchar, symbol varchar)")
        connection.executemany("insert into spoiled values (?, ?)", list(spoiled.items()))
        connection.execute(f"""
            create temp table marks as
            select
                'O:' || root || strftime(expiration, '%y%m%d') || option_type
                || lpad((strike * 1000)::bigint::varchar, 8, '0') as symbol,
                *
            from option_marks
            where session_date = '{day}' and is_observed
        """)
        yield connection


def mark(db, name):
    found = db.execute(
        "select quote_check, mark_source, reason, mark, iv from spoiled "
        "inner join marks using (symbol) where name = ?",
        [name],
    ).fetchall()
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("name", "check", "source", "reason"),
    [
        ("crossed", "crossed", "surface", "crossed"),
        ("locked", "locked", "quote_mid", None),
        ("zero_bid", "zero_bid", "surface", "zero_bid"),
        ("one_sided", "one_sided", "surface", "one_sided"),
        ("wide", "wide", "surface", "wide"),
        ("no_quote", "no_quote", "surface", "no_price"),
        ("above_max", "good", "quote_mid", "above_max"),
        ("below_intrinsic", "good", "quote_mid", "below_intrinsic"),
        ("duplicate", "good", "quote_mid", None),
    ],
)
def test_a_bad_quote_has_its_reason_and_a_mark(db, name, check, source, reason):
    found_check, found_source, found_reason, value, iv = mark(db, name)
    assert (found_check, found_source, found_reason) == (check, source, reason)
    assert value > 0
    assert iv > 0


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("bad_strike", "bad_strike"),
        ("expired", "expired"),
        ("adjusted_contract", "adjusted_contract"),
        ("bad_option_type", "bad_option_type"),
        ("negative", "non_positive_price"),
        ("duplicate", "duplicate"),
    ],
)
def test_a_row_that_is_no_contract_is_rejected_by_name(db, name, reason):
    found = db.execute(
        "select reason from spoiled inner join staging.stg_lake__option_rejects using (symbol) "
        "where name = ?",
        [name],
    ).fetchall()
    assert found == [(reason,)]


def test_an_expiry_on_a_holiday_settles_at_the_close_of_the_session_before(db):
    found = db.execute(
        "select settles_at::date, t > 0 from option_forwards where expiration = ?", [HOLIDAY]
    ).fetchall()
    assert [day for day, _ in found] == [dt.date(2025, 12, 31)]


def test_a_day_without_volume_has_no_price_of_its_own(db):
    _, source, reason, _, _ = mark(db, "zero_volume")
    assert reason == "zero_volume"
    assert source != "trade_day"


def test_a_chain_on_a_share_of_unknown_price_has_marks_of_trades_or_a_reason(db):
    found = db.execute(
        "select distinct reason, mark_source, iv is null from marks where underlying = 'XLF'"
    ).fetchall()
    assert found
    assert {(reason, is_unknown) for reason, _, is_unknown in found} == {("no_underlying", True)}


def test_the_defaults_that_stand_in_for_missing_tables_are_counted(db):
    found = dict(
        db.execute(
            """
            select code, sum(count_rows) from chain_quality
            where kind = 'input' and underlying = 'SPY' group by code
            """
        ).fetchall()
    )
    assert found["rate_default"] > 0
    assert found["dividends_none"] > 0
    assert "rate_curve" not in found
    rates = db.execute(
        "select distinct rate from option_forwards where underlying = 'SPY'"
    ).fetchall()
    assert rates == [(0.03,)]


def test_no_contract_is_lost(db):
    ((unexplained, count),) = db.execute(
        "select sum(abs(count_unexplained)), sum(count_contracts) from mark_reconciliation"
    ).fetchall()
    assert unexplained == 0
    assert count > 1000
    ((silent,),) = db.execute(
        "select count(*) from option_marks where mark is null and reason is null"
    ).fetchall()
    assert silent == 0
