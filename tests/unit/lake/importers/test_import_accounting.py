"""Rows read are rows written and rejected; what stands in the lake is what the files say."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from vendor_files import MASSIVE, day_rows, fingerprint, import_one, nanoseconds, write

from engine.lake.importers import day_files, import_files, read, read_log, rows_by_reason
from engine.lake.importers.spool import Spool, sort_order
from engine.lake.schema import OPTIONS
from engine.lake.store import Lake, stable_sort, write_parquet

DAY = nanoseconds("2024-03-08 05:00")
NEXT = nanoseconds("2024-03-11 04:00")


def stock(symbol: str, close: float, stamp: int = DAY) -> str:
    return f"{symbol},100,1,{close},9,0.5,{stamp},4"


def option(ticker: str, close: float, stamp: int = DAY) -> str:
    return f"{ticker},10,1,{close},9,0.5,{stamp},4"


def test_read_is_written_and_rejected_by_reason(tmp_path: Path) -> None:
    file = write(
        tmp_path / "2024-03-08.csv.gz",
        MASSIVE,
        option("O:SPY240315C00500000", 2.0),
        option("O:SPY240315X00500000", 2.0),  # neither call nor put
        option("O:SPY240301C00500000", 2.0),  # expired the week before
        option("", 2.0),
        option("O:SPY240315P00500000", 2.0).replace(",10,", ",ten,"),
        option("O:SPY240315P00400000", 2.0, nanoseconds("2024-03-09 05:00")),  # a Saturday
        "O:SPY240315P00300000,10,1",
        option("O:SPY240315P00300000", 3.0),
    )
    report = import_one(tmp_path / "lake", file, "massive_options_day")
    assert (report.vendor_rows, report.rows_read, report.rows_written) == (8, 8, 2)
    assert report.rejected == {
        "expired": 1,
        "missing_value": 1,
        "not_a_session": 1,
        "unparsable_row": 2,
        "unparsable_ticker": 1,
    }
    path = tmp_path / "lake" / "rejects" / f"massive_options_day-{report.content_hash}.parquet"
    found = pq.read_table(path).to_pylist()
    assert [(row["row"], row["reason"]) for row in found] == [
        (2, "unparsable_ticker"),
        (3, "expired"),
        (4, "missing_value"),
        (5, "unparsable_row"),
        (6, "not_a_session"),
        (7, "unparsable_row"),
    ]
    assert found[3]["detail"] == "volume: ten"
    assert found[4]["session_date"] == dt.date(2024, 3, 9)


def test_random_damage_is_always_accounted_for(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    lines = []
    for number in range(400):
        cells = option(f"O:SPY240315C{number + 1:05d}000", 2.0).split(",")
        for place in np.flatnonzero(random.random(len(cells)) < 0.05):
            cells[place] = str(random.choice(["", "x", "-1", "nan", "1e400", "O:", "0"]))
        if random.random() < 0.05:
            cells.append("more")
        lines.append(",".join(cells))
    report = import_one(
        tmp_path / "lake", write(tmp_path / "d.csv", MASSIVE, *lines), "massive_options_day"
    )
    assert report.rows_read == 400
    assert 0 < report.rows_written < 400
    in_lake = sum(
        pq.read_metadata(path).num_rows
        for path in (tmp_path / "lake" / "options").glob("????-*.parquet")
    )
    assert in_lake == report.rows_written
    (rejected,) = (tmp_path / "lake" / "rejects").glob("*.parquet")
    reasons = Counter(pq.read_table(rejected)["reason"].to_pylist())
    assert dict(reasons) == report.rejected


def test_importing_twice_changes_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", MASSIVE, stock("SPY", 2.0), stock("QQQ", 2.0, DAY + 1))
    first = import_one(tmp_path / "lake", file, "massive_stocks_day")
    before = fingerprint(tmp_path / "lake")
    second = import_one(tmp_path / "lake", file, "massive_stocks_day")
    assert (first.unchanged, second.unchanged) == (False, True)
    assert fingerprint(tmp_path / "lake") == before
    assert second.rejected == first.rejected == {}


def test_importing_again_without_the_log_gives_the_same_bytes(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", MASSIVE, stock("SPY", 2.0), stock("QQQ", 2.0, 1))
    import_one(tmp_path / "lake", file, "massive_stocks_day")
    before = fingerprint(tmp_path / "lake")
    (log,) = (tmp_path / "lake" / "_manifest" / "imports").glob("*.json")
    log.unlink()
    again = import_one(tmp_path / "lake", file, "massive_stocks_day")
    assert not again.unchanged
    assert fingerprint(tmp_path / "lake") == before


def test_a_day_file_that_vanished_is_made_again(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", MASSIVE, stock("SPY", 2.0))
    import_one(tmp_path / "lake", file, "massive_stocks_day")
    before = fingerprint(tmp_path / "lake")
    (tmp_path / "lake" / "stocks" / "2024-03-08.parquet").unlink()
    assert not import_one(tmp_path / "lake", file, "massive_stocks_day").unchanged
    after = fingerprint(tmp_path / "lake")
    assert {k: v for k, v in after.items() if "_manifest/stocks" not in k} == {
        k: v for k, v in before.items() if "_manifest/stocks" not in k
    }


def test_a_restated_file_replaces_its_day_and_its_rejects(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    name = "2024-03-08.csv.gz"
    first = write(
        tmp_path / "one" / name,
        MASSIVE,
        stock("SPY", 2.0),
        stock("OLD", 2.0),
        stock("BAD", 2.0).replace("100", "x"),
        stock("SPY", 2.0, NEXT),
    )
    second = write(tmp_path / "two" / name, MASSIVE, stock("SPY", 3.0))
    import_one(lake, first, "massive_stocks_day")
    (before,) = [f for f in Lake(lake).scan() if f.session_date == dt.date(2024, 3, 8)]
    import_one(lake, second, "massive_stocks_day")
    rows = day_rows(lake, "stocks", "2024-03-08")
    assert [(row["symbol"], row["close"]) for row in rows] == [("SPY", 3.0)]
    (after,) = Lake(lake).scan()  # the other day is gone: the restated file does not have it
    assert after.content_hash != before.content_hash
    assert not list((lake / "rejects").glob("*.parquet"))
    assert [report.rows_written for report in read_log(lake)] == [1]


def test_going_back_to_the_first_version_is_an_import_again(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    first = write(tmp_path / "one" / "d.csv", MASSIVE, stock("SPY", 2.0))
    second = write(tmp_path / "two" / "d.csv", MASSIVE, stock("SPY", 3.0))
    for file, close in ((first, 2.0), (second, 3.0), (first, 2.0)):
        report = import_one(lake, file, "massive_stocks_day")
        assert not report.unchanged
        assert [row["close"] for row in day_rows(lake, "stocks", "2024-03-08")] == [close]


def test_files_of_single_symbols_leave_each_other_alone(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    header = "ticker,Date,close,high,low,open,volume"
    for symbol in ("SPY", "QQQ"):  # the same name in two folders, as vendors' tools write them
        file = write(tmp_path / symbol / "daily.csv", header, f"{symbol},2024-03-08,3,4,1,2,10")
        import_one(lake, file, "yahoo_daily_adjusted")
    assert [r["symbol"] for r in day_rows(lake, "stocks", "2024-03-08")] == ["QQQ", "SPY"]
    assert len(read_log(lake)) == 2


def test_a_file_whose_rows_another_replaced_no_longer_stands(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    header = "ticker,Date,close,high,low,open,volume"
    old = write(tmp_path / "old.csv", header, "SPY,2024-03-08,3,4,1,2,10")
    new = write(tmp_path / "new.csv", header, "SPY,2024-03-08,3.5,4,1,2,10")
    import_one(lake, old, "yahoo_daily_adjusted")
    import_one(lake, new, "yahoo_daily_adjusted")
    assert [report.file for report in read_log(lake)] == ["new.csv"]
    assert not import_one(lake, old, "yahoo_daily_adjusted").unchanged
    assert [row["close"] for row in day_rows(lake, "stocks", "2024-03-08")] == [3.0]


def test_rows_of_other_sources_and_bar_lengths_stay(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    days = write(tmp_path / "d.csv", MASSIVE, stock("SPY", 2.0))
    minutes = write(tmp_path / "m.csv", MASSIVE, stock("SPY", 2.5, nanoseconds("2024-03-08 15:00")))
    import_one(lake, minutes, "massive_stocks_minute")
    import_one(lake, days, "massive_stocks_day")
    import_one(lake, write(tmp_path / "d2.csv", MASSIVE, stock("SPY", 3.0)), "massive_stocks_day")
    rows = day_rows(lake, "stocks", "2024-03-08")
    assert [(row["source"], row["close"]) for row in rows] == [
        ("massive_stocks_day", 3.0),
        ("massive_stocks_minute", 2.5),
    ]


def test_days_may_be_spread_over_the_file_and_several_files(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    lines = [stock(f"S{n:03d}", n, DAY if n % 2 else NEXT) for n in range(100)]
    one = write(tmp_path / "one.csv", MASSIVE, *lines)
    two = write(tmp_path / "two.csv", MASSIVE, stock("ZZZ", 1.0))
    seen: list[tuple[str, int, int]] = []
    reports = import_files(
        lake,
        [one, two],
        vendor="massive_stocks_day",
        progress=lambda *told: seen.append(told),
    )
    assert [report.rows_written for report in reports] == [100, 1]
    assert reports[0].days == (dt.date(2024, 3, 8), dt.date(2024, 3, 11))
    symbols = [row["symbol"] for row in day_rows(lake, "stocks", "2024-03-08")]
    assert symbols == [f"S{n:03d}" for n in range(1, 100, 2)] + ["ZZZ"]
    assert seen[-1] == ("two.csv", two.stat().st_size, two.stat().st_size)
    assert rows_by_reason(reports) == {}


def test_the_log_says_what_came_of_a_file(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", MASSIVE, stock("SPY", 2.0), stock("QQQ", 2.0, 1))
    report = import_one(tmp_path / "lake", file, "massive_stocks_day")
    path = (
        tmp_path / "lake" / "_manifest" / "imports" / f"{report.source}-{report.content_hash}.json"
    )
    content = json.loads(path.read_text())
    assert content["file"] == "a.csv" and content["size"] == file.stat().st_size
    assert content["rows_read"] == 2 and content["rejected"] == {"bad_timestamp": 1}
    assert str(tmp_path) not in path.read_text()


# -- memory ----------------------------------------------------------------------------------


def random_options(random: np.random.Generator, count: int) -> list[str]:
    return [
        option(
            f"O:{random.choice(['SPY', 'QQQ', 'IWM', 'SPXW'])}240315"
            f"{random.choice(['C', 'P'])}{random.integers(1, 60):05d}000",
            float(n),
            DAY if random.random() < 0.5 else NEXT,
        )
        for n in range(count)
    ]


def test_spilling_to_disk_gives_the_same_bytes(tmp_path: Path) -> None:
    file = write(tmp_path / "d.csv", MASSIVE, *random_options(np.random.default_rng(1), 3000))
    import_one(tmp_path / "memory", file, "massive_options_day")
    import_one(tmp_path / "disk", file, "massive_options_day", run_bytes=1)
    strip = "_manifest/options.json"  # holds change times
    found = [
        {k: v for k, v in fingerprint(tmp_path / lake).items() if k != strip}
        for lake in ("memory", "disk")
    ]
    assert found[0] == found[1]


def test_memory_stays_bounded_however_long_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "BLOCK_BYTES", 1 << 14)
    peaks: dict[int, int] = {}
    add = Spool.add
    for rows in (2000, 8000):
        lines = random_options(np.random.default_rng(2), rows)
        file = write(tmp_path / f"{rows}.csv", MASSIVE, *lines)
        held: list[int] = []

        def watched(spool: Spool, table: pa.Table, held: list[int] = held) -> None:
            add(spool, table)
            held.append(spool.peak_bytes)

        monkeypatch.setattr(Spool, "add", watched)
        import_one(tmp_path / f"lake{rows}", file, "massive_options_day", run_bytes=60_000)
        peaks[rows] = max(held)
        assert len(held) > rows / 400  # it came in many batches
    assert peaks[8000] < 60_000 * 2
    assert peaks[8000] < peaks[2000] * 1.5


def test_a_day_too_large_for_memory_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(3)
    file = write(tmp_path / "d.csv", MASSIVE, *random_options(random, 2000))
    other = write(tmp_path / "o.csv", MASSIVE, *random_options(random, 500))
    restated = write(tmp_path / "again" / "d.csv", MASSIVE, *random_options(random, 1500))
    strip = "_manifest/options.json"
    found = []
    for lake in (tmp_path / "small", tmp_path / "large"):
        for path, vendor in (
            (file, "massive_options_day"),
            (other, "massive_options_minute"),
            (restated, "massive_options_day"),
        ):
            import_one(lake, path, vendor)
        found.append({k: v for k, v in fingerprint(lake).items() if k != strip})
        monkeypatch.setattr(day_files, "LARGE_DAY_ROWS", 100)
        monkeypatch.setattr(day_files, "SLICE_ROWS", 300)
        monkeypatch.setattr(day_files, "ROW_GROUP_ROWS", 32_768)
    assert found[0] == found[1]


def test_row_groups_of_a_large_day_are_those_of_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_files, "ROW_GROUP_ROWS", 256)
    monkeypatch.setattr("engine.lake.store.ROW_GROUP_ROWS", 256)
    file = write(tmp_path / "d.csv", MASSIVE, *random_options(np.random.default_rng(4), 3000))
    import_one(tmp_path / "small", file, "massive_options_day")
    monkeypatch.setattr(day_files, "LARGE_DAY_ROWS", 100)
    monkeypatch.setattr(day_files, "SLICE_ROWS", 300)
    import_one(tmp_path / "large", file, "massive_options_day")
    for day in ("2024-03-08", "2024-03-11"):
        paths = [tmp_path / lake / "options" / f"{day}.parquet" for lake in ("small", "large")]
        assert paths[0].read_bytes() == paths[1].read_bytes()
        assert pq.read_metadata(paths[0]).num_row_groups > 3


def test_the_fast_order_is_the_order_of_the_store(tmp_path: Path) -> None:
    file = write(tmp_path / "d.csv", MASSIVE, *random_options(np.random.default_rng(6), 1000))
    import_one(tmp_path / "lake", file, "massive_options_day")
    rows = Lake(tmp_path / "lake").read_day("options", dt.date(2024, 3, 8))
    shuffled = rows.take(pa.array(np.random.default_rng(7).permutation(rows.num_rows)))
    fast = shuffled.take(pa.array(sort_order(shuffled, OPTIONS.sort)))
    assert fast.equals(stable_sort(shuffled, OPTIONS.sort))


def test_the_lake_holds_nothing_but_its_own_files_afterwards(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    (lake / "_spool" / "123").mkdir(parents=True)  # of a run that was killed
    (lake / "_spool" / "123" / "run-0000.arrow").write_bytes(b"x")
    import_one(lake, write(tmp_path / "d.csv", MASSIVE, stock("SPY", 1.0)), "massive_stocks_day")
    assert not (lake / "_spool").exists()
    assert not list(lake.rglob(".*"))


def test_store_writes_the_bytes_that_the_importer_compares_with(tmp_path: Path) -> None:
    import_one(
        tmp_path / "lake",
        write(tmp_path / "d.csv", MASSIVE, stock("SPY", 1.0)),
        "massive_stocks_day",
    )
    path = tmp_path / "lake" / "stocks" / "2024-03-08.parquet"
    assert write_parquet(Lake(tmp_path / "lake").read_day("stocks", dt.date(2024, 3, 8)), path) is (
        False
    )
