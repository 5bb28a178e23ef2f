"""Rows on their way into day files: kept in memory up to a limit, then in sorted runs on disk.

A vendor's file may hold its days in any order. Runs are sorted by day and by the lake's order, so
that a day, or a slice of a day's symbols, is read back without the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engine.lake.importers.transform import DAY

RUN_BYTES = 192 << 20  # rows held in memory before a run is written
RUN_BATCH_ROWS = 65_536


def sort_order(table: pa.Table, keys: Sequence[str]) -> npt.NDArray[np.intp]:
    """Return the row order by `keys`, as `store.stable_sort` has it, from integer codes.

    Texts are ranked once per distinct value, and columns with one value are left out: ten times
    less work than comparing rows.
    """
    codes = [code for key in keys if (code := _codes(table[key])) is not None]
    if not codes:
        return np.arange(table.num_rows)
    return np.lexsort(codes[::-1])


def _codes(column: pa.ChunkedArray) -> npt.NDArray[np.int64] | None:
    """Return integers in the order of the values, or null when all values are equal."""
    kind = column.type
    if pa.types.is_string(kind):
        encoded = column.dictionary_encode().unify_dictionaries().combine_chunks()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.chunk(0)
        if len(encoded.dictionary) <= 1:
            return None
        rank = np.empty(len(encoded.dictionary), np.int64)
        rank[pc.sort_indices(encoded.dictionary).to_numpy()] = np.arange(len(rank))
        ranks: npt.NDArray[np.int64] = rank[encoded.indices.to_numpy()]
        return ranks
    if pa.types.is_decimal(kind):
        values = pc.multiply(column.cast(pa.float64()), 1000.0)  # thousandths are exact up to 2^53
        numbers: npt.NDArray[np.int64] = np.rint(values.to_numpy()).astype(np.int64)
    else:
        width = pa.int32() if kind.bit_width == 32 else pa.int64()
        numbers = column.cast(width).to_numpy().astype(np.int64)
    if len(numbers) == 0 or numbers.min() == numbers.max():
        return None
    return numbers


class _Run:
    """Sorted rows, in memory or in a file, with where each day's symbols are.

    Parameters
    ----------
    rows, path
        Either.
    days, covers, starts, lengths
        One entry a day and symbol, in order.
    """

    def __init__(
        self,
        rows: pa.Table | None,
        path: Path | None,
        days: npt.NDArray[np.int32],
        covers: pa.Array,
        starts: npt.NDArray[np.int64],
        lengths: npt.NDArray[np.int64],
    ) -> None:
        self.rows = rows
        self.path = path
        self.days = days
        self.covers = covers
        self.starts = starts
        self.lengths = lengths
        self._cached: tuple[int, pa.RecordBatch] | None = None

    def read(self, start: int, length: int) -> pa.Table:
        """Return some neighbouring rows."""
        if self.rows is not None:
            return self.rows.slice(start, length)
        first, last = start // RUN_BATCH_ROWS, (start + length - 1) // RUN_BATCH_ROWS
        # Not memory-mapped: pages of a map would count as the process's memory. Days are read
        # in order, so the last batch of one is the first of the next.
        with pa.OSFile(str(self.path)) as source:
            reader = pa.ipc.open_file(source)
            batches = []
            for at in range(first, last + 1):
                if self._cached is None or self._cached[0] != at:
                    self._cached = (at, reader.get_batch(at))
                batches.append(self._cached[1])
        return pa.Table.from_batches(batches).slice(start - first * RUN_BATCH_ROWS, length)


class Spool:
    """Collects rows of many days; gives them back day by day, sorted.

    Parameters
    ----------
    folder
        Where runs go; made when needed.
    schema
        Of the rows, with the column `_day`.
    keys
        The lake's sort order; its first column is the one that a day is sliced by.
    run_bytes
        Rows held in memory before a run is written.
    """

    def __init__(
        self, folder: Path, schema: pa.Schema, keys: Sequence[str], run_bytes: int = RUN_BYTES
    ) -> None:
        self.folder = folder
        self.schema = schema
        self.keys = [key for key in keys if key in schema.names]
        self.run_bytes = run_bytes
        self.pending: list[pa.Table] = []
        self.bytes = 0
        self.peak_bytes = 0
        self.runs: list[_Run] = []
        self._days: dict[int, int] = {}

    def add(self, rows: pa.Table) -> None:
        """Take rows in; older rows come before newer ones with the same key."""
        if not rows.num_rows:
            return
        self.pending.append(rows)
        self.bytes += rows.nbytes
        self.peak_bytes = max(self.peak_bytes, self.bytes)
        if self.bytes >= self.run_bytes:
            self._flush(to_disk=True)

    def finish(self) -> None:
        """Sort what is still pending; a spool that never filled stays in memory."""
        if self.pending:
            self._flush(to_disk=bool(self.runs))
        self._days = self._count_days()

    def _flush(self, *, to_disk: bool) -> None:
        rows = pa.concat_tables(self.pending)
        self.pending, self.bytes = [], 0
        rows = rows.take(pa.array(sort_order(rows, [DAY, *self.keys])))
        cover = rows[self.keys[0]]
        days = rows[DAY].to_numpy()
        codes = _codes(cover)
        changed = days[1:] != days[:-1]
        if codes is not None:
            changed |= codes[1:] != codes[:-1]
        starts = np.concatenate([[0], np.flatnonzero(changed) + 1]).astype(np.int64)
        lengths = np.diff(np.append(starts, rows.num_rows))
        covers = cover.take(pa.array(starts)).combine_chunks()
        path = None
        if to_disk:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / f"run-{len(self.runs):04d}.arrow"
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            with (
                pa.OSFile(str(path), "wb") as sink,
                pa.ipc.new_file(sink, self.schema, options=options) as writer,
            ):
                whole = rows.combine_chunks()
                for at in range(0, whole.num_rows, RUN_BATCH_ROWS):
                    part = whole.slice(at, RUN_BATCH_ROWS).combine_chunks()
                    writer.write_batch(part.to_batches()[0])
        self.runs.append(
            _Run(None if to_disk else rows, path, days[starts], covers, starts, lengths)
        )

    def days(self) -> dict[int, int]:
        """Return the days and their rows, in order, once the spool is finished."""
        return self._days

    def _count_days(self) -> dict[int, int]:
        counts: dict[int, int] = {}
        for run in self.runs:
            days, place = np.unique(run.days, return_inverse=True)
            rows = np.bincount(place, weights=run.lengths).astype(np.int64)
            for day, count in zip(days.tolist(), rows.tolist(), strict=True):
                counts[day] = counts.get(day, 0) + count
        return dict(sorted(counts.items()))

    def day(self, day: int) -> pa.Table:
        """Return a day's rows in the lake's order."""
        return self._gather([(run, *_span(run, day)) for run in self.runs])

    def covers(self, day: int) -> dict[str, int]:
        """Return the symbols (or underlyings) of a day with their rows, in order."""
        counts: dict[str, int] = {}
        for run in self.runs:
            first, last = _span(run, day)
            names = run.covers.slice(first, last - first).to_pylist()
            for name, rows in zip(names, run.lengths[first:last].tolist(), strict=True):
                counts[name] = counts.get(name, 0) + rows
        return dict(sorted(counts.items(), key=lambda item: item[0].encode()))

    def slices(self, day: int, groups: Sequence[Sequence[str]]) -> Iterator[pa.Table]:
        """Yield a day's rows for each group of symbols, in the lake's order."""
        for group in groups:
            wanted = pa.array(group)
            parts = []
            for run in self.runs:
                first, last = _span(run, day)
                inside = pc.is_in(run.covers.slice(first, last - first), value_set=wanted)
                hits = np.flatnonzero(inside.to_numpy(zero_copy_only=False))
                if len(hits):
                    parts.append((run, first + int(hits[0]), first + int(hits[-1]) + 1))
            yield self._gather(parts)

    def _gather(self, parts: Sequence[tuple[_Run, int, int]]) -> pa.Table:
        tables = []
        for run, first, last in parts:
            if last > first:
                length = int(run.lengths[first:last].sum())
                tables.append(run.read(int(run.starts[first]), length))
        if not tables:
            return self.schema.empty_table()
        rows = pa.concat_tables(tables)
        if len(tables) > 1:
            rows = rows.take(pa.array(sort_order(rows, self.keys)))
        return rows


def _span(run: _Run, day: int) -> tuple[int, int]:
    """Return the entries of a day in a run's index."""
    return (
        int(np.searchsorted(run.days, day, side="left")),
        int(np.searchsorted(run.days, day, side="right")),
    )


def groups_of(counts: dict[str, int], most: int) -> list[list[str]]:
    """Return neighbouring symbols in groups of at most `most` rows, where one symbol allows."""
    groups: list[list[str]] = []
    rows = most + 1
    for name in sorted(counts, key=str.encode):
        if rows + counts[name] > most:
            groups.append([])
            rows = 0
        groups[-1].append(name)
        rows += counts[name]
    return groups
