"""Rejected rows: `rejects/<source>-<content hash>.parquet`, one file a vendor file that had any."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.errors import LakeError
from engine.lake.schema import REJECTS
from engine.lake.store import hash_file

FOLDER = "rejects"


def rejects_path(lake: Path, source: str, content_hash: str) -> Path:
    """Return where the rejects of a vendor file are."""
    return lake / FOLDER / f"{source}-{content_hash}.parquet"


class RejectWriter:
    """Writes a vendor file's rejects as they come; nothing shows until `commit`.

    Parameters
    ----------
    temporary
        File to write to, on the lake's own disk.
    """

    def __init__(self, temporary: Path) -> None:
        self.temporary = temporary
        self.counts: Counter[str] = Counter()
        self.of: dict[str, Counter[str]] = {}  # by data set
        self._writer: pq.ParquetWriter | None = None

    def add(self, rows: pa.Table) -> None:
        """Take rows in, schema `REJECTS`."""
        if not rows.num_rows:
            return
        if self._writer is None:
            self.temporary.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self.temporary, REJECTS, compression="snappy")
        self._writer.write_table(rows)
        found = rows.group_by(["dataset", "reason"]).aggregate([([], "count_all")])
        for dataset, reason, count in zip(*(column.to_pylist() for column in found), strict=True):
            self.counts[reason] += count
            self.of.setdefault(dataset, Counter())[reason] += count

    def close(self) -> None:
        """End the temporary file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def commit(self, path: Path) -> None:
        """Put the file in its place in one step; a clean file leaves none."""
        self.close()
        if not self.counts:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
            return
        if path.exists() and hash_file(path) == hash_file(self.temporary):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with self.temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        self.temporary.replace(path)


def read_rejects(lake: Path) -> pa.Table:
    """Return all rejected rows of a lake.

    Raises
    ------
    LakeError
        When a file cannot be read.
    """
    tables = []
    for path in sorted((lake / FOLDER).glob("*.parquet")):
        try:
            tables.append(pq.read_table(path, schema=REJECTS))
        except (OSError, pa.ArrowException) as error:
            raise LakeError(
                f"{path} cannot be read: {str(error).splitlines()[0]}.",
                "Delete it and import its vendor file again.",
            ) from error
    return pa.concat_tables(tables) if tables else REJECTS.empty_table()


def count_rejects(lake: Path) -> dict[str, int]:
    """Return the rejected rows of a lake by reason."""
    table = read_rejects(lake)
    counted = pc.value_counts(table["reason"].combine_chunks()).to_pylist()
    return {str(e["values"]): int(e["counts"]) for e in sorted(counted, key=lambda e: e["values"])}
