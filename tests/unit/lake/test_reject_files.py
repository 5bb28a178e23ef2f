"""Reject files appear whole or not at all, and are counted from what they hold."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import LakeError
from engine.lake.rejects import RejectWriter, count_rejects, read_rejects, rejects_path
from engine.lake.schema import REJECTS


def some(*reasons: str) -> pa.Table:
    rows = [
        dict.fromkeys(REJECTS.names) | {"row": number + 1, "reason": reason}
        for number, reason in enumerate(reasons)
    ]
    return pa.Table.from_pylist(rows, schema=REJECTS)


def test_nothing_shows_before_it_is_complete(tmp_path: Path) -> None:
    writer = RejectWriter(tmp_path / "_spool" / "r.parquet")
    writer.add(some("expired", "expired"))
    assert count_rejects(tmp_path) == {}
    writer.add(some("not_a_session"))
    path = rejects_path(tmp_path, "vendor", "abc")
    writer.commit(path)
    assert path.name == "vendor-abc.parquet"
    assert writer.counts == {"expired": 2, "not_a_session": 1} == count_rejects(tmp_path)
    assert pq.read_schema(path) == REJECTS
    assert read_rejects(tmp_path).num_rows == 3


def test_a_file_that_became_clean_loses_its_rejects(tmp_path: Path) -> None:
    path = rejects_path(tmp_path, "vendor", "abc")
    first = RejectWriter(tmp_path / "_spool" / "r.parquet")
    first.add(some("expired"))
    first.commit(path)
    RejectWriter(tmp_path / "_spool" / "r.parquet").commit(path)
    assert not path.exists()


def test_a_broken_reject_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "rejects").mkdir()
    (tmp_path / "rejects" / "x.parquet").write_bytes(b"PAR1")
    with pytest.raises(LakeError, match=r"x\.parquet cannot be read"):
        count_rejects(tmp_path)
