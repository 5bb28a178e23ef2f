"""Bad files stop an import with a sentence that names them; the lake stays whole."""

from __future__ import annotations

import errno
import gzip
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from vendor_files import MASSIVE, day_rows, fingerprint, import_one, nanoseconds, write

from engine.errors import LakeError, LockedError
from engine.lake.importers import import_files
from engine.lake.importers.spool import Spool
from engine.lake.store import Lake

DAY = nanoseconds("2024-03-08 05:00")
LINE = f"SPY,100,1,2,9,0.5,{DAY},4"


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A lake with one good import."""
    folder = tmp_path / "lake"
    import_one(folder, write(tmp_path / "good.csv", MASSIVE, LINE), "massive_stocks_day")
    return folder


def refused(lake: Path, path: Path, vendor: str = "massive_stocks_day") -> str:
    """Import a bad file; return the message; nothing may have changed."""
    before = fingerprint(lake)
    with pytest.raises(LakeError) as error:
        import_files(lake, [path], vendor=vendor)
    assert fingerprint(lake) == before
    assert not (lake / "_spool").exists()
    assert error.value.remedy
    assert str(path) in str(error.value)
    return str(error.value)


def test_a_missing_file(lake: Path, tmp_path: Path) -> None:
    assert "no file" in refused(lake, tmp_path / "nowhere.csv")


def test_an_empty_folder(lake: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "holds no" in refused(lake, tmp_path / "empty")


def test_an_empty_file(lake: Path, tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("")
    assert "is empty" in refused(lake, tmp_path / "e.csv")


def test_a_file_of_an_unknown_kind(lake: Path, tmp_path: Path) -> None:
    (tmp_path / "e.xlsx").write_bytes(b"PK")
    assert "end in .csv" in refused(lake, tmp_path / "e.xlsx")


def test_a_gzip_file_that_ends_too_early(lake: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    lines = [LINE.replace("SPY", f"S{random.integers(1 << 40)}") for _ in range(20_000)]
    whole = gzip.compress("\n".join([MASSIVE, *lines]).encode())
    (tmp_path / "t.csv.gz").write_bytes(whole[: len(whole) // 2])
    assert "truncated" in refused(lake, tmp_path / "t.csv.gz")


def test_a_file_that_is_no_gzip(lake: Path, tmp_path: Path) -> None:
    (tmp_path / "t.csv.gz").write_text(MASSIVE + "\n" + LINE)
    assert "truncated or damaged" in refused(lake, tmp_path / "t.csv.gz")


def test_a_truncated_parquet(lake: Path, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"ticker": ["SPY"]}), path)
    path.write_bytes(path.read_bytes()[:-20])
    assert "truncated" in refused(lake, path)


def test_a_missing_column_names_the_nearest(lake: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", MASSIVE.replace("window_start", "windowstart"), LINE)
    message = refused(lake, path)
    assert "no column window_start" in message and "Is it windowstart?" in message


def test_a_column_twice(lake: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", MASSIVE + ",open", LINE + ",1")
    assert "two columns named open" in refused(lake, path)


def test_a_column_of_a_wrong_type_in_parquet(lake: Path, tmp_path: Path) -> None:
    names = MASSIVE.split(",")
    columns: dict[str, Any] = {name: pa.array([1.0]) for name in names}
    columns |= {"ticker": pa.array(["SPY"]), "window_start": pa.array([DAY])}
    path = tmp_path / "w.parquet"
    pq.write_table(pa.table(columns | {"close": pa.array([[1.0]])}), path)
    message = refused(lake, path)
    assert "column close as list" in message and "a number is expected" in message


def test_a_column_that_no_row_can_be_read_from(lake: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "w.csv", MASSIVE, *[LINE.replace(str(DAY), "2024-03-08")] * 3)
    message = refused(lake, path)
    assert "None of the 3 rows" in message and "window_start: 2024-03-08" in message


def test_a_file_of_another_vendor(lake: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", "ticker,Date,Close", "SPY,2026-07-31,747.03")
    assert "no column open" in refused(lake, path)


def test_a_file_name_that_should_hold_the_symbol(lake: Path, tmp_path: Path) -> None:
    header = "[QUOTE_READTIME],[EXPIRE_DATE],[STRIKE],[UNDERLYING_LAST]"
    path = write(tmp_path / "2023.csv", header, "2023-01-03 16:00,2023-01-20,381,380")
    assert "name does not say the root" in refused(lake, path, "optionsdx")


def test_a_header_alone_is_a_file_without_rows(lake: Path, tmp_path: Path) -> None:
    before = day_rows(lake, "stocks", "2024-03-08")
    report = import_one(lake, write(tmp_path / "good.csv", MASSIVE), "massive_stocks_day")
    assert (report.rows_read, report.days) == (0, ())
    assert day_rows(lake, "stocks", "2024-03-08") == before


def test_a_damaged_day_file_of_the_lake_is_named_and_kept(lake: Path, tmp_path: Path) -> None:
    path = lake / "stocks" / "2024-03-08.parquet"
    path.write_bytes(path.read_bytes()[:100])
    new = write(tmp_path / "new.csv", MASSIVE, LINE.replace("SPY", "QQQ"))
    with pytest.raises(LakeError, match=r"2024-03-08\.parquet cannot be read.*verify"):
        import_files(lake, [new], vendor="massive_stocks_day")
    assert path.stat().st_size == 100


def test_a_full_disk_while_spooling(
    lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(lake / "_spool"))

    monkeypatch.setattr(Spool, "add", full)
    path = write(tmp_path / "n.csv", MASSIVE, LINE)
    path.write_text(path.read_text() + LINE.replace("SPY", "QQQ") + "\n")
    before = fingerprint(lake)
    with pytest.raises(LakeError, match=r"No space left.*Free space"):
        import_files(lake, [path], vendor="massive_stocks_day")
    assert fingerprint(lake) == before
    assert not (lake / "_spool").exists()


def test_a_full_disk_between_two_days_leaves_whole_days_and_can_be_repeated(
    lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamps = [nanoseconds(f"2024-03-{day} 04:00") for day in (11, 12, 13)]
    path = write(tmp_path / "n.csv", MASSIVE, *(LINE.replace(str(DAY), str(s)) for s in stamps))
    original = Path.replace

    def full(self: Path, target: Path) -> Path:
        if Path(target).name == "2024-03-12.parquet":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return original(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(LakeError, match=r"2024-03-12\.parquet could not be written: No space"):
        import_files(lake, [path], vendor="massive_stocks_day")
    names = sorted(p.name for p in (lake / "stocks").iterdir())
    assert names == ["2024-03-08.parquet", "2024-03-11.parquet", "_schema.parquet"]
    assert not any(file.problem for file in Lake(lake).scan())
    monkeypatch.undo()
    report = import_one(lake, path, "massive_stocks_day")
    assert (report.rows_written, report.unchanged) == (3, False)
    assert len(Lake(lake).days("stocks")) == 4


def test_a_second_writer_is_told_who_the_first_is(
    lake: Path, tmp_path: Path, writer_elsewhere: Any
) -> None:
    with writer_elsewhere(lake) as pid:
        before = fingerprint(lake)
        with pytest.raises(LockedError, match=f"Process {pid} is writing"):
            import_files(lake, [tmp_path / "good.csv"], vendor="massive_stocks_day")
        assert fingerprint(lake) == before


def test_a_broken_import_log_is_named(lake: Path, tmp_path: Path) -> None:
    (log,) = (lake / "_manifest" / "imports").glob("*.json")
    log.write_text("{")
    with pytest.raises(LakeError, match=r"import log .*\.json cannot be read.*Delete it"):
        import_files(lake, [tmp_path / "good.csv"], vendor="massive_stocks_day")


def test_the_files_before_a_bad_one_stay_imported(lake: Path, tmp_path: Path) -> None:
    good = write(tmp_path / "q.csv", MASSIVE, LINE.replace("SPY", "QQQ"))
    bad = write(tmp_path / "r.csv", "nothing,here", "1,2")
    with pytest.raises(LakeError, match=r"r\.csv"):
        import_files(lake, [good, bad], vendor="massive_stocks_day")
    assert [r["symbol"] for r in day_rows(lake, "stocks", "2024-03-08")] == ["QQQ", "SPY"]
