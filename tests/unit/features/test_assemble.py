"""From the panel to batches of columns: checked names, NULLs, order, no infinities."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from engine.errors import BuildError
from engine.features import assemble, registry


@pytest.fixture
def panel(make_daily, make_panel):
    tables = [make_daily(symbol, 120, seed) for seed, symbol in enumerate(("CCC", "AAA", "BBB"))]
    return make_panel(pa.concat_tables(tables))


def with_compute(monkeypatch, function):
    monkeypatch.setattr(registry.module("raw").code, "compute", function, raising=False)


def test_batches_hold_the_kernel_columns_in_registry_order(panel):
    reader = assemble.module_batches("raw", panel)
    assert reader.schema.names == [
        "symbol",
        "session_date",
        "known_at",
        *registry.module("raw").computed,
        "input_hash",
    ]
    table = reader.read_all()
    assert table.select(["symbol", "session_date", "known_at"]) == panel.select(
        ["symbol", "session_date", "known_at"]
    )


def test_unknown_is_null_and_never_nan(panel):
    column = assemble.module_batches("raw", panel).read_all()["raw_ret_60"]
    assert column.null_count == 3 * 60
    assert np.isfinite(column.drop_null().to_numpy()).all()


def test_the_order_of_the_input_rows_does_not_change_a_bit(panel):
    shuffled = panel.take(np.random.default_rng(0).permutation(panel.num_rows))
    one = assemble.module_batches("raw", panel).read_all()
    assert assemble.module_batches("raw", shuffled).read_all().equals(one)


def test_a_symbol_alone_gives_what_it_gives_among_others(panel):
    alone = panel.filter(pa.compute.equal(panel["symbol"], "BBB"))
    both = assemble.module_batches("raw", panel).read_all()
    got = assemble.module_batches("raw", alone).read_all()
    assert both.filter(pa.compute.equal(both["symbol"], "BBB")).equals(got)


def test_a_reader_serves_as_well_as_a_table(panel):
    reader = assemble.module_batches("raw", panel.to_reader(max_chunksize=50))
    assert reader.read_all().equals(assemble.module_batches("raw", panel).read_all())


def test_an_empty_panel_gives_an_empty_table(panel):
    assert assemble.module_batches("raw", panel.slice(0, 0)).read_all().num_rows == 0


def test_a_column_that_is_not_registered_cannot_be_built(monkeypatch, case):
    found = {**case.raw, "raw_secret": case.raw["raw_ret_1"]}
    with_compute(monkeypatch, lambda bars: found)
    with pytest.raises(BuildError, match="not registered: raw_secret"):
        assemble.compute("raw", case.bars)


def test_a_registered_column_that_is_not_computed_is_named(monkeypatch, case):
    found = {name: values for name, values in case.raw.items() if name != "raw_ret_1"}
    with_compute(monkeypatch, lambda bars: found)
    with pytest.raises(BuildError, match="does not compute registered columns: raw_ret_1"):
        assemble.compute("raw", case.bars)


def test_an_infinity_is_refused_with_column_symbol_and_date(monkeypatch, case):
    bad = case.raw["raw_ret_5"].copy()
    bad[77] = np.inf
    with_compute(monkeypatch, lambda bars: {**case.raw, "raw_ret_5": bad})
    with pytest.raises(BuildError, match=f"raw_ret_5 of AAA is infinite at {case.bars.time[77]}"):
        assemble.compute("raw", case.bars)


def test_a_column_of_another_length_is_refused(monkeypatch, case):
    with_compute(monkeypatch, lambda bars: {**case.raw, "raw_ret_5": np.zeros(3)})
    with pytest.raises(BuildError, match="raw_ret_5 of AAA has shape"):
        assemble.compute("raw", case.bars)
