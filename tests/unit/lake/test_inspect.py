"""Inspect says what a lake holds; verify finds each fault and says what to do."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import LakeError
from engine.lake.importers import import_files
from engine.lake.inspect import inspect, verify
from engine.lake.schema import STOCKS
from engine.lake.store import Lake

HEADER = "ticker,Date,close,high,low,open,volume"
FRIDAY, MONDAY = dt.date(2024, 3, 8), dt.date(2024, 3, 11)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inspect")
    lines = [f"{s},{d},3,4,1,2,10" for s in ("SPY", "QQQ") for d in ("2024-03-08", "2024-03-11")]
    lines += ["SPY,2024-03-13,3,4,1,2,10", "SPY,2024-03-10,3,4,1,2,10"]  # the 10th is a Sunday
    file = folder / "d.csv"
    file.write_text("\n".join([HEADER, *lines]) + "\n")
    import_files(folder / "lake", [file], vendor="yahoo_daily_adjusted")
    return folder / "lake"


@pytest.fixture
def lake(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "lake", copy_function=shutil.copy2))


def day_file(lake: Path, day: dt.date = FRIDAY) -> Path:
    return Lake(lake).day_path("stocks", day)


def reasons(lake: Path) -> list[str]:
    return [problem.reason for problem in verify(lake)]


def test_a_summary_counts_what_was_imported(lake: Path) -> None:
    summary = inspect(lake)
    stocks, options = summary.datasets
    assert (stocks.days, stocks.rows) == (3, 5)
    assert (stocks.first, stocks.last) == (FRIDAY, dt.date(2024, 3, 13))
    assert stocks.missing_sessions == 1  # the 12th
    assert stocks.sources == {"yahoo_daily_adjusted": 5}
    assert stocks.symbols == ("QQQ", "SPY")
    assert stocks.bytes == sum(p.stat().st_size for p in (lake / "stocks").glob("2024-*.parquet"))
    assert (options.days, options.first, options.rows) == (0, None, 0)
    assert summary.rejects == {"not_a_session": 1}
    assert summary.imports == 1


def test_a_simulated_lake_is_summarised_and_sound(small_lake: Path) -> None:
    stocks, options = inspect(small_lake).datasets
    assert stocks.symbols == ("SPY", "TLT", "XLF")
    assert set(options.symbols) == {"SPY", "TLT", "XLF"}
    assert stocks.rows == sum(stocks.sources.values()) > 0
    assert verify(small_lake) == []


def test_a_sound_lake_has_no_problems_and_is_not_touched(lake: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in lake.rglob("*")}
    assert verify(lake) == []
    assert {path: path.stat().st_mtime_ns for path in lake.rglob("*")} == before


def test_no_lake_is_an_error(tmp_path: Path) -> None:
    for look in (inspect, verify):
        with pytest.raises(LakeError, match="There is no lake at"):
            look(tmp_path / "nowhere")


def rewrite(lake: Path, change: Callable[[pa.Table], pa.Table]) -> Path:
    path = day_file(lake)
    pq.write_table(change(pq.read_table(path)), path)
    return path


def problem_of(lake: Path, reason: str) -> str:
    found = [problem for problem in verify(lake) if problem.reason == reason]
    assert len(found) == 1
    assert found[0].path == day_file(lake)
    assert str(found[0].path) in found[0].sentence and found[0].remedy
    return found[0].sentence


def test_a_truncated_file_is_found(lake: Path) -> None:
    path = day_file(lake)
    path.write_bytes(path.read_bytes()[:-50])
    assert "not whole Parquet" in problem_of(lake, "truncated_file")


def test_a_missing_column_is_named(lake: Path) -> None:
    rewrite(lake, lambda table: table.drop_columns(["volume"]))
    assert "no column volume" in problem_of(lake, "missing_column")


def test_a_wrong_type_is_named_with_the_right_one(lake: Path) -> None:
    place = STOCKS.schema.get_field_index("close")
    rewrite(lake, lambda table: table.set_column(place, "close", table["close"].cast("float32")))
    assert "close as float, the contract says double" in problem_of(lake, "wrong_type")


def test_times_without_a_zone_are_a_wrong_type(lake: Path) -> None:
    place = STOCKS.schema.get_field_index("ts")
    naive = pa.timestamp("us")
    rewrite(lake, lambda table: table.set_column(place, "ts", table["ts"].cast(naive)))
    assert "ts as timestamp[us]" in problem_of(lake, "wrong_type")


def test_rows_of_another_day_are_found(lake: Path) -> None:
    shutil.copy2(day_file(lake, MONDAY), day_file(lake))
    assert "2 rows whose ts is not on 2024-03-08" in problem_of(lake, "wrong_date")


def test_a_file_that_was_changed_is_told_from_a_failing_disk(lake: Path) -> None:
    path = rewrite(lake, lambda table: table.slice(0, 1))
    assert "was changed after" in problem_of(lake, "hash_differs")
    inspect(lake)  # takes note, as a build does
    assert verify(lake) == []
    stat = path.stat()
    content = bytearray(path.read_bytes())
    content[60] ^= 1
    path.write_bytes(bytes(content))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert "disk is failing" in problem_of(lake, "hash_differs")


def test_a_vanished_file_is_found(lake: Path) -> None:
    day_file(lake).unlink()
    assert "in the manifest but not in the lake" in problem_of(lake, "vanished_file")


@pytest.mark.parametrize("name", ["spy.parquet", "2024-03-32.parquet", "2024-03-08.csv"])
def test_a_name_that_is_no_day_is_found(lake: Path, name: str) -> None:
    shutil.copy2(day_file(lake), lake / "stocks" / name)
    (problem,) = verify(lake)
    assert (problem.reason, problem.path.name) == ("bad_file_name", name)


def test_a_day_without_trading_is_found(lake: Path) -> None:
    shutil.copy2(day_file(lake), day_file(lake, dt.date(2024, 3, 9)))
    assert reasons(lake) == ["not_a_session", "wrong_date"]


def test_what_a_killed_writer_left_is_found(lake: Path) -> None:
    (lake / "stocks" / ".2024-03-08.parquet.123.partial").write_bytes(b"half")
    assert reasons(lake) == ["leftover_file"]


def test_reference_tables_and_rejects_are_verified_too(lake: Path) -> None:
    pq.write_table(pa.table({"symbol": ["SPY"]}), lake / "reference" / "splits.parquet")
    (rejected,) = (lake / "rejects").glob("*.parquet")
    rejected.write_bytes(b"PAR1")
    found = reasons(lake)
    assert found.count("missing_column") == 5  # ex_date, numerator, denominator, source, known_at
    assert found.count("truncated_file") == 1


def test_a_lake_that_others_wrote_needs_no_manifest(lake: Path) -> None:
    shutil.rmtree(lake / "_manifest")
    assert verify(lake) == []


def test_a_manifest_that_is_broken_is_made_again(lake: Path) -> None:
    path = lake / "_manifest" / "stocks.json"
    path.write_text("{")
    assert verify(lake) == []
    inspect(lake)
    assert len(json.loads(path.read_text())) == 3


def test_progress_is_told_for_every_file(lake: Path) -> None:
    told: list[tuple[str, int, int]] = []
    verify(lake, lambda *step: told.append(step))
    assert told == [("stocks", 1, 3), ("stocks", 2, 3), ("stocks", 3, 3)]
