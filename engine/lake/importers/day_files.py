"""From the spool into day files: each replaced in one step, other sources' rows kept."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.errors import LakeError
from engine.lake.importers.spool import Spool, groups_of, sort_order
from engine.lake.importers.transform import BAR_SECONDS, DAY, Transform
from engine.lake.schema import DATASETS, SCHEMA_VERSION
from engine.lake.store import ROW_GROUP_ROWS, Lake, hash_file

LARGE_DAY_ROWS = 1_500_000  # a day above this is merged slice by slice, not in memory
SLICE_ROWS = 400_000

EPOCH = dt.date(1970, 1, 1)


class DayFiles:
    """Writes one vendor file's days into the lake.

    Parameters
    ----------
    lake
        The lake, locked by the caller.
    transform
        Knows the data set and how to complete spooled rows.
    folder
        For temporary files, on the lake's own disk.
    """

    def __init__(self, lake: Lake, transform: Transform, folder: Path) -> None:
        self.lake = lake
        self.transform = transform
        self.folder = folder
        self.dataset = DATASETS[transform.mapping.dataset]
        self.source = transform.mapping.vendor
        seconds = {BAR_SECONDS[row.row] for row in transform.mapping.rows}
        self.bar_seconds = pa.array(sorted(seconds), pa.int32())

    def replace(self, day: dt.date, spool: Spool, *, whole_day: bool) -> tuple[bool, int]:
        """Put a day's rows into its file.

        Parameters
        ----------
        day
            The session.
        spool
            Holds the rows.
        whole_day
            Whether all rows of the source go, or only those of the symbols that come anew.

        Returns
        -------
        (bool, int)
            Whether the file changed; how many rows of the source were replaced.
        """
        number = (day - EPOCH).days
        path = self.lake.day_path(self.dataset.name, day)
        existing_rows = self._rows_of(path)
        if existing_rows + spool.days()[number] > LARGE_DAY_ROWS:
            return self._replace_large(day, spool, whole_day=whole_day)
        fresh = spool.day(number)
        rows = self.transform.widen(fresh)
        replaced = 0
        if existing_rows:
            existing = self._read(path)
            gone = self._leaves(existing, self._coming(fresh), whole_day=whole_day)
            replaced = int(pc.sum(gone).as_py() or 0)
            rest = existing.filter(pc.invert(gone))
            if rest.num_rows:
                rows = pa.concat_tables([rest, rows])
                rows = rows.take(pa.array(sort_order(rows, self.dataset.sort)))
        return self.lake.write_day(self.dataset.name, day, rows, in_order=True), replaced

    def remove(self, day: dt.date) -> bool:
        """Take the source's rows out of a day that its restated file no longer has."""
        path = self.lake.day_path(self.dataset.name, day)
        if not self._rows_of(path):
            return False
        existing = self._read(path)
        gone = self._leaves(existing, {}, whole_day=True)
        rest = existing.filter(pc.invert(gone))
        if rest.num_rows == existing.num_rows:
            return False
        if rest.num_rows:
            return self.lake.write_day(self.dataset.name, day, rest, in_order=True)
        path.unlink()
        return True

    # -- what goes and what stays ----------------------------------------------------------

    def _rows_of(self, path: Path) -> int:
        if not path.exists():
            return 0
        try:
            return int(pq.read_metadata(path).num_rows)
        except (OSError, pa.ArrowException) as error:
            raise self._broken(path, error) from error

    def _read(self, path: Path) -> pa.Table:
        try:
            return pq.read_table(path, schema=self.dataset.schema)
        except (OSError, pa.ArrowException) as error:
            raise self._broken(path, error) from error

    def _broken(self, path: Path, error: Exception) -> LakeError:
        return LakeError(
            f"The day file {path} cannot be read: {str(error).splitlines()[0].rstrip('.')}.",
            "See `quant lake verify`; move the file away and import its vendor files again.",
        )

    def _coming(self, fresh: pa.Table) -> dict[int, pa.Array]:
        """Return the symbols that come anew, by bar length."""
        cover = self.dataset.cover
        pairs = fresh.group_by(["bar_seconds", cover]).aggregate([])
        return {
            seconds: pairs.filter(pc.equal(pairs["bar_seconds"], seconds))[cover].combine_chunks()
            for seconds in pc.unique(pairs["bar_seconds"]).to_pylist()
        }

    def _leaves(
        self, existing: pa.Table, coming: dict[int, pa.Array], *, whole_day: bool
    ) -> pa.ChunkedArray | pa.Array:
        """Return which existing rows the import replaces."""
        own = pc.equal(existing["source"], self.source)
        if whole_day:
            return pc.and_(own, pc.is_in(existing["bar_seconds"], value_set=self.bar_seconds))
        gone = pc.and_(own, False)
        for seconds, names in coming.items():
            same = pc.and_(
                pc.equal(existing["bar_seconds"], seconds),
                pc.is_in(existing[self.dataset.cover], value_set=names),
            )
            gone = pc.or_(gone, pc.and_(own, same))
        return gone

    # -- days too large for memory ---------------------------------------------------------

    def _replace_large(self, day: dt.date, spool: Spool, *, whole_day: bool) -> tuple[bool, int]:
        number = (day - EPOCH).days
        path = self.lake.day_path(self.dataset.name, day)
        fresh_covers = spool.covers(number)
        names = pa.array(list(fresh_covers), pa.string())
        # A mapping whose rows have several bar lengths covers them all with each symbol.
        coming = dict.fromkeys(self.bar_seconds.to_pylist(), names)
        schema = pa.schema([pa.field(DAY, pa.int32()), *self.dataset.schema])
        rest = Spool(self.folder / "rest", schema, self.dataset.sort, spool.run_bytes)
        sources: Counter[str] = Counter({self.source: sum(fresh_covers.values())})
        replaced = 0
        if path.exists():
            try:
                with pq.ParquetFile(path) as file:
                    for batch in file.iter_batches(batch_size=ROW_GROUP_ROWS * 4):
                        existing = pa.Table.from_batches([batch]).cast(self.dataset.schema)
                        gone = self._leaves(existing, coming, whole_day=whole_day)
                        replaced += int(pc.sum(gone).as_py() or 0)
                        kept = existing.filter(pc.invert(gone))
                        for entry in pc.value_counts(kept["source"].combine_chunks()).to_pylist():
                            sources[str(entry["values"])] += int(entry["counts"])
                        number_column = pa.array(np.full(kept.num_rows, number, np.int32))
                        rest.add(kept.add_column(0, schema.field(DAY), number_column))
            except pa.ArrowException as error:
                raise self._broken(path, error) from error
        rest.finish()
        counts = Counter(fresh_covers)
        counts.update(rest.covers(number))
        groups = groups_of(counts, SLICE_ROWS)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            with self._writer(temporary, sources) as writer:
                carry = self.dataset.schema.empty_table()
                pairs = zip(rest.slices(number, groups), spool.slices(number, groups), strict=True)
                for old, new in pairs:
                    rows = pa.concat_tables(
                        [carry, old.select(self.dataset.schema.names), self.transform.widen(new)]
                    )
                    if old.num_rows:
                        rows = rows.take(pa.array(sort_order(rows, self.dataset.sort)))
                    whole = rows.num_rows // ROW_GROUP_ROWS * ROW_GROUP_ROWS
                    if whole:
                        writer.write_table(
                            rows.slice(0, whole).combine_chunks(), row_group_size=ROW_GROUP_ROWS
                        )
                    carry = rows.slice(whole)
                if carry.num_rows:
                    writer.write_table(carry.combine_chunks(), row_group_size=ROW_GROUP_ROWS)
            if path.exists() and hash_file(path) == hash_file(temporary):
                return False, replaced
            with temporary.open("rb") as handle:
                os.fsync(handle.fileno())
            temporary.replace(path)
            return True, replaced
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()

    def _writer(self, path: Path, sources: Counter[str]) -> pq.ParquetWriter:
        """Open a day file for writing as `store.write_parquet` does, but piece by piece."""
        notes = {
            b"quant_schema_version": str(SCHEMA_VERSION).encode(),
            b"quant_sources": json.dumps(dict(sources), sort_keys=True).encode(),
        }
        schema = self.dataset.schema
        path.parent.mkdir(parents=True, exist_ok=True)
        return pq.ParquetWriter(
            path,
            schema.with_metadata(notes),
            compression="snappy",
            use_dictionary=self.dataset.dictionary,
        )
