"""The market is one grid of sessions; batches of it are checked, kept and appended."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from markets import market_table

from engine.features import append, assemble, registry
from engine.features.market_panel import market_from_table
from engine.features.market_universe import universe

SYMBOLS = universe().symbols
COUNT = 600


@pytest.fixture(scope="module")
def table():
    return market_table(COUNT, 8)


@pytest.fixture(scope="module")
def whole(table):
    return assemble.market_batches("cross_asset", table).read_all()


def last_days(table: pa.Table, back: int) -> pa.Table:
    dates = sorted(set(table["session_date"].to_pylist()))
    return table.filter(pc.less(table["session_date"], pa.scalar(dates[-back])))


def test_there_is_one_row_a_session_in_order(table, whole):
    assert whole.schema.names[:3] == ["session_date", "known_at", "xa_ratio_z_spy_tlt_60"]
    assert whole["session_date"].to_pylist() == sorted(set(table["session_date"].to_pylist()))
    assert whole.schema.names[2:-1] == list(registry.module("cross_asset").computed)
    assert np.isfinite(whole["xa_turb_252"].drop_null().to_numpy()).all()


def test_a_row_is_known_when_the_last_of_its_inputs_is(table):
    late = pc.if_else(
        pc.equal(table["symbol"], "TLT"),
        pc.add(table["known_at"], pa.scalar(60_000_000, pa.duration("us"))),
        table["known_at"],
    )
    table = table.set_column(2, "known_at", late)
    _, keys = market_from_table(table, SYMBOLS)
    tlt = table.filter(pc.equal(table["symbol"], "TLT")).sort_by("session_date")
    assert keys["known_at"].to_pylist() == tlt["known_at"].to_pylist()


def test_a_symbol_that_begins_later_is_unknown_until_then(table):
    dates = sorted(set(table["session_date"].to_pylist()))
    late = pc.and_(
        pc.equal(table["symbol"], "VXX"), pc.less(table["session_date"], pa.scalar(dates[40]))
    )
    market, _ = market_from_table(table.filter(pc.invert(late)), SYMBOLS)
    close = market.members["VXX"].close
    assert np.isnan(close[:40]).all() and not np.isnan(close[40:]).any()
    assert len(market) == COUNT


def test_symbols_outside_the_universe_are_passed_over(table, whole):
    stranger = table.filter(pc.equal(table["symbol"], "SPY"))
    stranger = stranger.set_column(0, "symbol", pa.array(["ZZZ"] * stranger.num_rows))
    both = pa.concat_tables([table, stranger])
    assert assemble.market_batches("cross_asset", both).read_all().equals(whole)


def test_the_order_of_the_input_rows_does_not_change_a_bit(table, whole):
    shuffled = table.take(np.random.default_rng(0).permutation(table.num_rows))
    assert assemble.market_batches("cross_asset", shuffled).read_all().equals(whole)


def test_an_empty_table_gives_an_empty_table(table):
    assert assemble.market_batches("sector_regime", table.slice(0, 0)).read_all().num_rows == 0


@pytest.mark.parametrize("back", [1, 4])
def test_appended_sessions_have_the_bits_of_a_full_build(table, whole, back, monkeypatch):
    before = assemble.market_batches("cross_asset", last_days(table, back)).read_all()
    asked = []
    compute = assemble.compute_tails
    monkeypatch.setattr(
        assemble,
        "compute_tails",
        lambda name, ends: asked.extend(end.first for end in ends) or compute(name, ends),
    )
    found = assemble.market_batches("cross_asset", table, before).read_all().combine_chunks()
    assert found.equals(whole.combine_chunks())
    assert asked == [COUNT - back - 1]  # the last kept row is computed once more, as a check


def test_other_seeds_keep_nothing(table, whole, monkeypatch, tmp_path):
    market, _ = market_from_table(table, SYMBOLS)
    before = append.input_hashes(market)
    other = tmp_path / "universe.csv"
    other.write_text("symbol\n")
    append.code_hash.cache_clear()
    monkeypatch.setattr(append.market_universe, "seeds", lambda: (other,))
    try:
        assert not (append.input_hashes(market) == before).any()
    finally:
        append.code_hash.cache_clear()


def test_fingerprints_depend_on_every_member_and_level(table):
    market, _ = market_from_table(table, SYMBOLS)
    before = append.input_hashes(market)
    for change in (
        lambda m: m.members["HYG"].close.__setitem__(100, 1.0),
        lambda m: m.levels["vix"].__setitem__(100, 1.0),
    ):
        market, _ = market_from_table(table, SYMBOLS)
        change(market)
        same = append.input_hashes(market) == before
        assert same[:100].all() and not same[100:].any()
