"""What the Options page asks, against chains whose content is known by construction."""

from __future__ import annotations

import datetime as dt
import math
import time
from decimal import Decimal

import pytest

from app import warehouse
from app.queries import chains, contracts, gamma
from app.queries.contracts import Contract

LAST = dt.date(2026, 2, 25)
FIRST = dt.date(2026, 1, 5)
NEAR = dt.date(2026, 3, 20)
FAR = dt.date(2026, 6, 19)
CONTRACT = Contract("AAA", NEAR, Decimal(100), "C")


def implied(strike: float, forward: float) -> float:
    """Volatility in percent of the smile that the tiny warehouse has at every expiry."""
    k = math.log(strike / forward)
    return 100 * math.sqrt(0.03 + 0.1 * (-0.3 * k + math.hypot(k, 0.2)))


def forward() -> float:
    rows = chains.expiries("AAA", LAST)
    return float(rows[0]["forward"])


# -- chains ----------------------------------------------------------------------------------


def test_underlyings_and_sessions_are_those_with_chains(tiny):
    assert chains.underlyings() == ["AAA"]
    sessions = chains.sessions("AAA")
    assert (sessions[0], sessions[-1], len(sessions)) == (LAST, FIRST, 38)
    assert chains.sessions("BBB") == []


def test_expiries_say_where_their_smile_comes_from(tiny):
    rows = chains.expiries("AAA", LAST)
    assert [row["fit_source"] for row in rows] == ["own", "own", "nearest"]
    assert rows[0]["label"] == "AAA 2026-03-20"
    assert rows[0]["days"] == pytest.approx(23)
    assert rows[0]["atm_iv"] == pytest.approx(100 * math.sqrt(0.05))
    assert rows[1]["worst"] == pytest.approx(0.4)  # in points
    assert {row["fit_source"] for row in rows} <= set(chains.FIT_SOURCES)


def test_marks_are_counted_by_source(tiny):
    rows = chains.marked("AAA", LAST)
    assert len(rows) == 3
    assert all(row["count_contracts"] == row["count_marked"] == 18 for row in rows)
    assert all((row["quote_mid"], row["surface"], row["count_own"]) == (16, 2, 16) for row in rows)


def test_points_are_out_of_the_money_and_have_a_volatility_of_their_own(tiny):
    rows = chains.points("AAA", LAST, "AAA", NEAR).to_pylist()
    at = forward()
    assert [row["strike"] for row in rows] == [80, 85, 90, 95, 100, 105, 110, 115]  # 120: no bid
    for row in rows:
        assert row["kind"] == ("call" if row["strike"] >= at else "put")
        assert row["iv"] == pytest.approx(implied(row["strike"], at))
        # half a spread of 0.05 a side, at a vega of 10
        assert row["iv"] - row["iv_bid"] == pytest.approx(0.5)
        assert row["iv_ask"] - row["iv"] == pytest.approx(0.5)
        assert row["moneyness"] == pytest.approx(100 * row["strike"] / at)


def test_the_curve_is_the_smile_between_its_points_and_beyond_them(tiny):
    rows = chains.curve("AAA", LAST, "AAA", NEAR).to_pylist()
    assert len(rows) == chains.CURVE_STEPS + 1
    for row in rows:
        expected = implied(row["strike"], forward())
        inside = abs(math.log(row["strike"] / forward())) <= 0.2
        assert (row["fit"] is not None) == inside
        assert (row["fit"] or row["beyond"]) == pytest.approx(expected)


def test_a_borrowed_smile_is_drawn_by_no_point(tiny):
    rows = chains.curve("AAA", LAST, "AAA", FAR).to_pylist()
    assert len(rows) == chains.CURVE_STEPS + 1
    assert all(row["fit"] is None and row["beyond"] is not None for row in rows)


def test_term_structure_has_expiries_and_constant_maturities(tiny):
    rows = chains.term("AAA", LAST).to_pylist()
    assert [row["days"] for row in rows] == pytest.approx([23, 51, 114])
    assert [row["is_own"] for row in rows] == [True, True, False]
    constant = chains.maturities("AAA", LAST).to_pylist()
    assert [row["days"] for row in constant] == [14, 21, 30, 45, 60, 90]
    assert all(row["iv"] == pytest.approx(22.25) for row in constant)


def test_forwards_measure_their_pairs_in_basis_points(tiny):
    (row, *_) = chains.forwards("AAA", LAST)
    assert row["dispersion_bp"] == pytest.approx(10_000 * 0.01 / forward())
    assert row["carry"] == pytest.approx(0.05)


def test_the_surface_knows_its_level_its_change_and_its_place(tiny):
    rows = {(row["tenor_days"], row["point"]): row for row in chains.surface("AAA", LAST)}
    assert len(rows) == len(chains.TENORS) * len(chains.POINTS)
    cell = rows[30, "atm"]
    assert cell["iv"] == pytest.approx(22.25)  # 22 + the day of the month / 100
    assert cell["change"] == pytest.approx(0.01)
    days = [day.day for day in chains.sessions("AAA")]
    below = sum(day < 25 for day in days) + sum(day == 25 for day in days) / 2
    assert cell["place"] == pytest.approx(below / len(days))
    assert rows[7, "atm"]["iv"] is None
    assert rows[7, "atm"]["reason"] == "before_first_expiry"
    assert rows[7, "atm"]["count_year"] == 0


def test_the_surface_of_a_session_does_not_see_later_ones(tiny):
    (cell,) = [
        row
        for row in chains.surface("AAA", FIRST)
        if (row["tenor_days"], row["point"]) == (30, "atm")
    ]
    assert cell["change"] is None
    assert (cell["place"], cell["count_year"]) == (0.5, 1)


def test_skew_through_time_is_call_less_put(tiny):
    rows = chains.skew("AAA", LAST, 30, "All").to_pylist()
    assert len(rows) == 38
    assert rows[-1]["at"] == "2026-02-25"
    assert all(row["risk_reversal"] == pytest.approx(-4) for row in rows)
    assert all(row["butterfly"] == pytest.approx(1) for row in rows)
    assert len(chains.skew("AAA", LAST, 30, "1M").to_pylist()) == 21
    assert all(row["atm"] is None for row in chains.skew("AAA", LAST, 7, "1M").to_pylist())


def test_headline_is_the_30_day_row(tiny):
    now = chains.headline("AAA", LAST)
    assert now["atm"] == pytest.approx(0.2225)
    assert now["risk_reversal"] == pytest.approx(-0.04)
    assert chains.headline("AAA", dt.date(2020, 1, 2))["atm"] is None


def test_quality_has_counts_and_meanings(tiny):
    rows = {(row["kind"], row["code"]): row for row in chains.quality("AAA", LAST)}
    assert rows["mark", "quote_mid"]["count_rows"] == 48
    assert {kind for kind, _ in rows} == set(chains.KINDS)
    in_time = chains.quality_in_time("AAA", "mark", LAST, "1M").to_pylist()
    assert len(in_time) == 21 * 2
    assert {row["code"]: row["amount"] for row in in_time} == {"quote_mid": 48, "surface": 6}


def test_the_balance_is_of_one_session(tiny, warehouse_without):
    balance = chains.balance("AAA", LAST)
    assert balance is not None
    assert balance["count_contracts"] == balance["count_marked"] == 54
    assert chains.balance("BBB", LAST) is None
    warehouse_without("mark_reconciliation")
    assert chains.balance("AAA", LAST) is None


# -- gamma -----------------------------------------------------------------------------------


def test_gamma_by_strike_is_in_millions_and_adds_up(tiny):
    rows = gamma.profile("AAA", LAST, 1e6).to_pylist()
    assert [row["strike"] for row in rows] == list(range(80, 125, 5))
    assert all(row["net"] == pytest.approx(row["calls"] + row["puts"]) for row in rows)
    assert max(row["calls"] for row in rows) == pytest.approx(3)
    assert min(row["puts"] for row in rows) == pytest.approx(-2)
    near = gamma.profile("AAA", LAST, 5.0).to_pylist()
    assert all(abs(row["strike"] / forward() - 1) <= 0.05 for row in near)


def test_gamma_levels_of_a_session_and_through_time(tiny):
    levels = gamma.levels("AAA", LAST)
    assert levels is not None
    assert (levels["gamma_flip"], levels["call_wall"], levels["put_wall"]) == (97.5, 105, 90)
    rows = gamma.in_time("AAA", LAST, "1M").to_pylist()
    assert len(rows) == 21
    assert rows[-1]["net"] == pytest.approx(levels["net_gex"] / 1e6)
    assert gamma.levels("BBB", LAST) is None


def test_the_curve_of_gamma_is_zero_at_the_flip(tiny):
    rows = gamma.curve("AAA", LAST).to_pylist()
    assert len(rows) == 41
    (flip,) = [row["price"] for row in rows if row["net"] == 0]
    assert flip == pytest.approx(97.5)


# -- contracts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "O:AAA260320C00100000",
        "AAA260320C00100000",
        " aaa   260320c00100000 ",
        "AAA 2026-03-20 100 C",
        "aaa 20260320 100.0 call",
        "AAA 2026-03-20 C100",
        "AAA 2026-03-20 call 100",
    ],
)
def test_a_contract_is_named_as_occ_does_or_in_words(text):
    assert contracts.parse(text) == CONTRACT


@pytest.mark.parametrize(
    "text", ["", "AAA", "AAA261320C00100000", "AAA 2026-02-30 100 C", "AAA 2026-03-20 1.2.3 C"]
)
def test_what_names_no_contract_is_none(text):
    assert contracts.parse(text) is None


def test_a_strike_keeps_its_thousandths():
    found = contracts.parse("XYZ260320P00012505")
    assert found is not None
    assert (found.strike, found.title) == (Decimal("12.505"), "XYZ 2026-03-20 12.505 put")


def test_a_contract_s_story_has_every_session_that_marked_it(tiny):
    facts = contracts.known(CONTRACT)
    assert facts is not None
    assert facts["symbol"] == "O:AAA260320C00100000"
    rows = contracts.story(CONTRACT, facts).to_pylist()
    assert [row["session_date"] for row in rows] == chains.sessions("AAA")[::-1]
    assert {row["mark_source"] for row in rows} == {"quote_mid"}
    unquoted = Contract("AAA", NEAR, Decimal(120), "P")
    found = contracts.known(unquoted)
    assert found is not None
    row = contracts.story(unquoted, found).to_pylist()[-1]
    assert (row["mark_source"], row["iv_source"], row["reason"]) == ("surface", "smile", "zero_bid")


def test_a_contract_that_was_never_seen_is_unknown(tiny):
    assert contracts.known(Contract("AAA", NEAR, Decimal(101), "C")) is None


def test_strikes_and_file_rows_of_a_contract(tiny):
    strikes = contracts.strikes("AAA", LAST, "AAA", NEAR, "P")
    assert [float(one) for one in strikes] == list(range(80, 125, 5))
    (row,) = contracts.file_rows(CONTRACT, "AAA", LAST)
    assert row["ask"] - row["bid"] == pytest.approx(0.1)
    assert contracts.meanings(["duplicate", "nonsense"]) == {
        "duplicate": "An identical row was already kept"
    }
    assert contracts.meanings([]) == {}


def test_queries_name_the_underlying_and_bound_their_rows(tiny, monkeypatch):
    asked: list[str] = []
    answer = warehouse.table

    def noted(sql, *parameters):
        asked.append(sql)
        return answer(sql, *parameters)

    monkeypatch.setattr(warehouse, "table", noted)
    started = time.monotonic()
    chains.expiries("AAA", LAST)
    chains.marked("AAA", LAST)
    chains.points("AAA", LAST, "AAA", NEAR)
    chains.surface("AAA", LAST)
    chains.skew("AAA", LAST, 30, "All")
    gamma.profile("AAA", LAST, 10.0)
    assert time.monotonic() - started < 5
    assert len(asked) == 6
    assert all("underlying = ?" in sql and "session_date" in sql for sql in asked)
