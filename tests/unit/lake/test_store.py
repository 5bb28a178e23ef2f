"""The store: whole files, one writer, replaced by what an import covers."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import LakeError, LockedError
from engine.lake.files import lake_files
from engine.lake.schema import DATASETS, STOCKS
from engine.lake.store import Lake

DAY = dt.date(2024, 3, 15)
OPEN = dt.datetime(2024, 3, 15, 13, 30, tzinfo=dt.UTC)


def bar(symbol="SPY", source="a", seconds=60, minute=0, close=100.0):
    ts = OPEN + dt.timedelta(minutes=minute)
    return {
        "symbol": symbol,
        "ts": ts,
        "known_at": ts + dt.timedelta(seconds=seconds),
        "bar_seconds": seconds,
        "source": source,
        "price_basis": "raw",
        "segment": "regular",
        "open": close,
        "high": close,
        "low": close,
        "close": close,
        "volume": 10.0,
        "transactions": 1,
        "vwap": close,
    }


def table(*rows):
    return pa.Table.from_pylist(list(rows), STOCKS.schema)


@pytest.fixture
def lake(tmp_path):
    return Lake.open(tmp_path / "lake", create=True)


def test_replacing_touches_only_the_covered_source_bar_length_and_symbol(lake):
    lake.write_day(
        "stocks",
        DAY,
        table(bar(), bar("TLT"), bar(source="b"), bar(seconds=86_400)),
    )
    lake.replace_in_day("stocks", DAY, table(bar(close=50.0), bar(minute=1, close=51.0)))
    rows = lake.read_day("stocks", DAY).to_pylist()
    found = sorted((r["symbol"], r["source"], r["bar_seconds"], r["close"]) for r in rows)
    assert found == [
        ("SPY", "a", 60, 50.0),
        ("SPY", "a", 60, 51.0),
        ("SPY", "a", 86_400, 100.0),
        ("SPY", "b", 60, 100.0),
        ("TLT", "a", 60, 100.0),
    ]


def test_equal_rows_keep_their_order_so_that_the_last_one_is_known(lake):
    lake.write_day("stocks", DAY, table(bar(close=3.0), bar(close=1.0), bar(close=2.0)))
    assert lake.read_day("stocks", DAY)["close"].to_pylist() == [3.0, 1.0, 2.0]


def test_the_same_rows_give_the_same_bytes_and_no_write(lake):
    assert lake.write_day("stocks", DAY, table(bar(), bar("TLT")))
    before = lake.day_path("stocks", DAY).stat()
    assert not lake.write_day("stocks", DAY, table(bar("TLT"), bar()))
    after = lake.day_path("stocks", DAY).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_scan_sees_a_restated_file(lake):
    lake.write_day("stocks", DAY, table(bar()))
    (before,) = lake.scan()
    lake.write_day("stocks", DAY, table(bar(close=101.0)))
    (after,) = lake.scan()
    assert before.content_hash != after.content_hash
    assert after.rows == 1
    assert after.sources == {"a": 1}


def test_scan_of_an_unchanged_lake_reads_no_data(lake, monkeypatch):
    lake.write_day("stocks", DAY, table(bar()))
    first = lake.scan()
    monkeypatch.setattr("engine.lake.store.hash_file", lambda path: pytest.fail(f"read {path}"))
    assert lake.scan() == first


def damage(lake, how):
    path = lake.day_path("stocks", DAY)
    lake.write_day("stocks", DAY, table(bar()))
    if how == "truncated_file":
        path.write_bytes(path.read_bytes()[:-20])
    elif how == "missing_column":
        pq.write_table(pq.read_table(path).drop_columns(["close"]), path)
    else:
        rows = pq.read_table(path)
        index = rows.column_names.index("close")
        pq.write_table(rows.set_column(index, "close", rows["close"].cast(pa.string())), path)
    return path


@pytest.mark.parametrize("how", ["truncated_file", "missing_column", "wrong_type"])
def test_a_bad_file_stops_a_build_by_name_and_with_a_remedy(lake, how):
    path = damage(lake, how)
    with pytest.raises(LakeError) as caught:
        lake_files(lake=lake)
    assert str(path) in str(caught.value)
    assert "--quarantine-files" in caught.value.remedy


@pytest.mark.parametrize("how", ["truncated_file", "missing_column", "wrong_type"])
def test_a_bad_file_can_be_quarantined(lake, how):
    damage(lake, how)
    (row,) = lake_files(lake=lake, quarantine=True).to_pylist()
    assert row["reason"] == how
    assert row["detail"]


def test_an_empty_lake_says_how_to_fill_it(lake):
    with pytest.raises(LakeError, match="no day files"):
        lake_files(lake=lake)


def test_a_lake_that_is_not_there_says_how_to_make_one(tmp_path):
    with pytest.raises(LakeError, match="quant lake simulate"):
        Lake.open(tmp_path / "nowhere")


def test_every_data_set_has_an_empty_template_with_all_columns(lake):
    for dataset in DATASETS.values():
        template = pq.read_table(lake.root / dataset.name / "_schema.parquet")
        assert template.num_rows == 0
        assert template.schema.remove_metadata() == dataset.schema


def test_a_second_writer_is_told_who_the_first_is(lake, writer_elsewhere):
    with (
        writer_elsewhere(lake.root) as pid,
        pytest.raises(LockedError, match=f"Process {pid} is writing"),
        lake.writing(),
    ):
        pass
    with lake.writing():  # the lock is free again
        pass


def test_reference_rows_with_one_key_keep_the_newest(lake):
    def dividend(amount):
        row = {
            "symbol": "SPY",
            "ex_date": DAY,
            "amount": amount,
            "declared_date": None,
            "source": "a",
            "known_at": OPEN,
        }
        return pa.Table.from_pylist([row], lake.read_reference("dividends").schema)

    lake.merge_reference("dividends", dividend(1.0))
    lake.merge_reference("dividends", dividend(1.5))
    assert lake.read_reference("dividends")["amount"].to_pylist() == [1.5]
