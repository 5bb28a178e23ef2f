"""A new session is computed alone, and the table has the bits of a full build."""

from __future__ import annotations

import datetime as dt

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from engine.features import append, assemble, registry, tails
from engine.features.panel import bars_from_table, in_order
from engine.features.tails import Reach, Tail, groups
from engine.validation.audit_bars import random_bars
from engine.validation.kernel_audit import differing_bits

SESSIONS = 700


@pytest.fixture(scope="module")
def panel(make_daily, make_panel):
    tables = [make_daily(name, SESSIONS, seed) for seed, name in enumerate(("AAA", "BBB"))]
    return make_panel(pa.concat_tables(tables))


def until(panel: pa.Table, back: int) -> pa.Table:
    dates = sorted(set(panel["session_date"].to_pylist()))
    return panel.filter(pc.less(panel["session_date"], pa.scalar(dates[-back])))


def replaced(panel: pa.Table, symbol: str, date: dt.date, column: str, value: float) -> pa.Table:
    here = pc.and_(pc.equal(panel["symbol"], symbol), pc.equal(panel["session_date"], date))
    values = pc.if_else(here, pa.scalar(value), panel[column])
    return panel.set_column(panel.column_names.index(column), column, values)


def build(panel: pa.Table, previous: pa.Table | None = None) -> pa.Table:
    return assemble.module_batches("raw", panel, previous).read_all().combine_chunks()


@pytest.fixture(scope="module")
def whole(panel):
    return build(panel)


@pytest.fixture
def asked(monkeypatch):
    """Rows from which each symbol's columns were computed."""
    rows = {}
    compute, compute_tails = assemble.compute, assemble.compute_tails

    def whole(name, bars):
        rows.setdefault(bars.symbol, []).append(0)
        return compute(name, bars)

    def ends(name, wanted):
        for tail in wanted:
            rows.setdefault(tail.bars.symbol, []).append(tail.first)
        return compute_tails(name, wanted)

    monkeypatch.setattr(assemble, "compute", whole)
    monkeypatch.setattr(assemble, "compute_tails", ends)
    return rows


@pytest.mark.parametrize("back", [1, 5, 300])
def test_appended_sessions_have_the_bits_of_a_full_build(panel, whole, asked, back):
    before = build(until(panel, back))
    asked.clear()
    assert build(panel, before).equals(whole)
    first = SESSIONS - back - 1  # the last kept row is computed once more, as a check
    assert asked == {"AAA": [first], "BBB": [first]}


def test_nothing_new_computes_nothing(panel, whole, asked):
    assert build(panel, whole).equals(whole)
    assert asked == {}


def test_a_restated_bar_is_computed_again_from_there_and_only_its_symbol(panel, whole, asked):
    date = panel["session_date"][SESSIONS - 30].as_py()
    restated = replaced(panel, "BBB", date, "close", 1.5)
    expected = build(restated)
    asked.clear()
    assert build(restated, whole).equals(expected)
    assert asked == {"BBB": [SESSIONS - 31]}


def test_a_vanished_session_leaves_no_row(panel, whole):
    shorter = until(panel, 3)
    assert build(shorter, whole).equals(build(shorter))


def test_an_earlier_beginning_computes_everything(panel, whole, asked):
    later = panel.slice(0, SESSIONS).slice(10)
    build(later, whole)
    assert asked == {"AAA": [0]}


def test_other_columns_keep_nothing(panel, whole, asked):
    build(panel, whole.drop_columns(["raw_ret_1"]))
    assert asked == {"AAA": [0], "BBB": [0]}


def test_other_code_keeps_nothing(panel, whole, asked, monkeypatch):
    monkeypatch.setattr(append, "code_hash", lambda: 1)
    build(panel, whole)
    assert asked == {"AAA": [0], "BBB": [0]}


def test_a_last_row_that_is_not_what_the_inputs_say_computes_the_symbol_again(panel, whole, asked):
    before = build(until(panel, 1))
    date = before["session_date"][before.num_rows - 1].as_py()
    wrong = replaced(before, "BBB", date, "raw_ret_5", 0.25)
    assert build(panel, wrong).equals(whole)
    assert asked["BBB"][-2:] == [SESSIONS - 2, 0]


def test_fingerprints_depend_on_every_input_and_on_all_rows_before(panel):
    bars, _ = next(bars_from_table(panel))
    hashes = append.input_hashes(bars)
    assert len(set(hashes.tolist())) == len(bars)
    date = panel["session_date"][50].as_py()
    for column in ("open", "volume", "factor", "vwap"):
        other, _ = next(bars_from_table(replaced(panel, "AAA", date, column, 7.25)))
        same = append.input_hashes(other) == hashes
        assert same[:50].all()
        assert not same[50:].any()


def test_a_slice_reaches_back_over_bars_that_are_not_ordinary(panel):
    bars, _ = next(bars_from_table(panel))
    assert Reach.before(bars, 100).start(21) == 80
    bars.close[90:95] = np.nan
    assert Reach.before(bars, 100).start(21) == 74  # five missing, and the return after
    assert Reach.before(bars, 100).start(500) == 0


def test_nearby_bars_say_as_much_as_all_of_them(panel):
    bars, _ = next(bars_from_table(panel))
    bars.close[550:560] = np.nan
    bars.vwap[:] = np.nan  # nowhere known: no input that the symbol has
    bars.transactions[480:] = np.nan  # known before the last bars only: nothing since is ordinary
    for most in (10, 100):
        for lookback in (2, 10):
            near, every = (Reach.before(bars, 650, m).start(lookback) for m in (most, None))
            assert near == every < 480


def test_an_order_of_rows_is_seen_without_sorting(panel):
    keys = ("symbol", "session_date")
    assert in_order(panel, keys) is panel
    shuffled = panel.take(np.random.default_rng(3).permutation(panel.num_rows))
    assert in_order(shuffled, keys).equals(panel)
    halves = pa.concat_tables([panel.slice(SESSIONS), panel.slice(0, SESSIONS)])
    assert in_order(halves, keys).equals(panel)


@pytest.mark.parametrize("module", [m.name for m in registry.modules() if m.scope == "daily"])
def test_ends_of_several_symbols_have_the_bits_of_each_alone(module):
    """One has a hole, one many rows to compute, one too few bars for the longest windows."""
    entry = registry.module(module)
    whole = [random_bars(name, 1300, seed) for seed, name in enumerate(("AAA", "BBB", "CCC"))]
    whole.append(random_bars("DDD", 400, 9))
    whole[1].close[1100:1103] = np.nan
    for name in ("open", "high", "low", "volume", "raw_close", "raw_volume", "vwap"):
        getattr(whole[1], name)[1100:1103] = np.nan
    firsts = (1298, 1298, 1290, 398)
    ends = [Tail(bars, first) for bars, first in zip(whole, firsts, strict=True)]
    found = tails.columns(entry, ends)
    row = 0
    for end in ends:
        alone = assemble.columns(entry, end.bars)
        for name, values in alone.items():
            piece = found[name][row : row + len(end)]
            assert not differing_bits(piece, values[end.first :]).any(), name
        row += len(end)


def test_groups_hold_every_kernel_column_once_within_its_reach():
    module = registry.module("raw")
    seen = []
    for lookback, features in groups(module):
        assert max(f.lookback for f in features) == lookback
        seen += [f.name for f in features]
    assert sorted(seen) == sorted(module.computed)


def test_earlier_rows_are_read_unless_the_build_is_to_be_made_anew():
    with duckdb.connect() as con:
        con.execute("create schema ops")
        con.execute("create table ops.run_flags as select false as full_refresh")
        assert append.previous_rows(con, "no_such_table") is None
        con.execute("create table kept as select 1 as a, 2 as b")
        found = append.previous_rows(con, "kept", columns=["b"])
        assert found is not None
        assert found.to_pylist() == [{"b": 2}]
        assert append.previous_rows(con, "kept", columns=["c"]) is None
        con.execute("update ops.run_flags set full_refresh = true")
        assert append.previous_rows(con, "kept") is None
