"""Reading and writing the lake: day files that are replaced whole, by temp file and rename.

A day file holds rows of any source. Writers replace only what they cover, readers see either
the old file or the new one, and the manifest remembers the content hash of each.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.errors import LakeError, LockedError
from engine.lake.schema import (
    DATASETS,
    REFERENCES,
    SCHEMA_VERSION,
    Dataset,
    dictionary_columns,
)

ROW_GROUP_ROWS = 32_768  # small enough that one underlying's rows are found without the rest
TEMPLATE = "_schema.parquet"  # an empty file with every column, so that a glob always matches


@dataclass(frozen=True)
class LakeFile:
    """One day file as the manifest knows it.

    Parameters
    ----------
    dataset, session_date, path
        What and where; `path` is absolute.
    bytes, mtime_ns, content_hash
        Size, change time and BLAKE2b-128 of the content.
    rows
        Rows in the file; -1 when its footer cannot be read.
    problem, detail
        Why the file cannot be used (a reason code and a sentence), or empty.
    sources
        Rows by `source`, where a writer of the project's own recorded them.
    """

    dataset: str
    session_date: dt.date
    path: str
    bytes: int
    mtime_ns: int
    content_hash: str
    rows: int
    problem: str
    detail: str
    sources: dict[str, int]


class Lake:
    """A folder of raw Parquet: `stocks/`, `options/`, `reference/`, `rejects/`, `_manifest/`.

    Parameters
    ----------
    root
        The folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    @classmethod
    def open(cls, root: Path, *, create: bool = False) -> Lake:
        """Return the lake at `root`.

        Raises
        ------
        LakeError
            When there is none and `create` is false.
        """
        lake = cls(root)
        if not lake.root.is_dir() and not create:
            raise LakeError(
                f"There is no lake at {lake.root}.",
                "Make one with `quant lake simulate`, or fill it with `quant lake import`.",
            )
        lake.prepare()
        return lake

    def prepare(self) -> None:
        """Make the folders, the empty templates and the empty reference tables if missing."""
        for dataset in DATASETS.values():
            template = self.root / dataset.name / TEMPLATE
            if not template.exists():
                write_parquet(dataset.schema.empty_table(), template)
        for reference in REFERENCES.values():
            path = self.reference_path(reference.name)
            if not path.exists():
                write_parquet(reference.schema.empty_table(), path)
        (self.root / "rejects").mkdir(parents=True, exist_ok=True)
        (self.root / "_manifest").mkdir(parents=True, exist_ok=True)

    # -- day files -------------------------------------------------------------------------

    def day_path(self, dataset: str, day: dt.date) -> Path:
        """Return where the day file of a data set is."""
        return self.root / dataset / f"{day.isoformat()}.parquet"

    def days(self, dataset: str) -> list[dt.date]:
        """Return the days that a data set has a file for, in order."""
        return [day for day, _ in _day_files(self.root / dataset)]

    def read_day(self, dataset: str, day: dt.date) -> pa.Table:
        """Return a day file's rows, or an empty table."""
        path = self.day_path(dataset, day)
        if not path.exists():
            return DATASETS[dataset].schema.empty_table()
        return pq.read_table(path, schema=DATASETS[dataset].schema)

    def write_day(
        self, dataset: str, day: dt.date, table: pa.Table, *, in_order: bool = False
    ) -> bool:
        """Write a whole day file; return whether its content changed.

        The file appears under its name only when it is complete. Rows are sorted as the
        contract says unless `in_order`.
        """
        spec = DATASETS[dataset]
        table = table.select(spec.schema.names).cast(spec.schema)
        if not in_order:
            table = stable_sort(table, spec.sort)
        return write_parquet(table, self.day_path(dataset, day), plain=spec.plain)

    def replace_in_day(self, dataset: str, day: dt.date, table: pa.Table) -> bool:
        """Replace in a day file the (source, bar_seconds, symbols or underlyings) of `table`.

        Rows of other sources, bar lengths or symbols stay. Returns whether the file changed.
        """
        spec = DATASETS[dataset]
        table = table.select(spec.schema.names).cast(spec.schema)
        existing = self.read_day(dataset, day)
        if existing.num_rows:
            existing = existing.filter(pc.invert(_covered(existing, table, spec)))
        return self.write_day(dataset, day, pa.concat_tables([existing, table]))

    # -- reference -------------------------------------------------------------------------

    def reference_path(self, name: str) -> Path:
        """Return where a reference table is."""
        return self.root / "reference" / f"{name}.parquet"

    def read_reference(self, name: str) -> pa.Table:
        """Return a reference table, empty when missing."""
        path = self.reference_path(name)
        if not path.exists():
            return REFERENCES[name].schema.empty_table()
        return pq.read_table(path, schema=REFERENCES[name].schema)

    def merge_reference(self, name: str, table: pa.Table) -> bool:
        """Add rows to a reference table; they replace the old ones of their keys.

        Of new rows with one key the last stays. A table that may have several rows of a key keeps
        them all, identical ones once.
        """
        spec = REFERENCES[name]
        old, new = self.read_reference(name), table.cast(spec.schema)
        order = spec.key
        if spec.may_repeat:
            renewed = set(_keys(new, spec.key))
            stays = [key not in renewed for key in _keys(old, spec.key)]
            old = old.filter(pa.array(stays, pa.bool_()))
            order = (*spec.key, *(name for name in spec.schema.names if name not in spec.key))
        rows = _last_by_key(pa.concat_tables([old, new]), order)
        return write_parquet(stable_sort(rows, order), self.reference_path(name))

    # -- manifest --------------------------------------------------------------------------

    def scan(self) -> list[LakeFile]:
        """List every day file with its content hash.

        Hashes come from the manifest where size and change time still agree, so a scan of an
        unchanged lake reads no data; other files are hashed, and the manifest is renewed.
        """
        found: list[LakeFile] = []
        for dataset in DATASETS.values():
            known = self._read_manifest(dataset.name)
            files = [
                self._describe(dataset.name, day, path, known.get(day.isoformat()))
                for day, path in _day_files(self.root / dataset.name)
            ]
            renewed = {file.session_date.isoformat(): _manifest_entry(file) for file in files}
            if renewed != known:
                self._write_manifest(dataset.name, renewed)
            found += files
        return found

    def _describe(
        self, dataset: str, day: dt.date, path: Path, known: dict[str, object] | None
    ) -> LakeFile:
        stat = path.stat()
        if known and known["bytes"] == stat.st_size and known["mtime_ns"] == stat.st_mtime_ns:
            facts = known
        else:
            facts = {
                "bytes": stat.st_size,
                "mtime_ns": stat.st_mtime_ns,
                "content_hash": hash_file(path),
                **_footer_facts(path, DATASETS[dataset]),
            }
        return LakeFile(dataset, day, str(path.resolve()), **facts)  # type: ignore[arg-type]

    def _manifest_path(self, dataset: str) -> Path:
        return self.root / "_manifest" / f"{dataset}.json"

    def _read_manifest(self, dataset: str) -> dict[str, dict[str, object]]:
        path = self._manifest_path(dataset)
        try:
            content: dict[str, dict[str, object]] = json.loads(path.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}  # it is only a cache of what the files themselves say
        return content

    def _write_manifest(self, dataset: str, entries: dict[str, dict[str, object]]) -> None:
        lines = ",\n".join(
            f"{json.dumps(day)}: {json.dumps(entry, sort_keys=True)}"
            for day, entry in sorted(entries.items())
        )
        write_atomically(self._manifest_path(dataset), f"{{\n{lines}\n}}\n".encode())

    # -- one writer ------------------------------------------------------------------------

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lake's writer lock.

        Raises
        ------
        LockedError
            When another process holds it.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with exclusive(self.root / "_lock", f"the lake {self.root}"):
            yield


def _manifest_entry(file: LakeFile) -> dict[str, object]:
    entry = asdict(file)
    for name in ("dataset", "session_date", "path"):
        del entry[name]
    return entry


def _day_files(folder: Path) -> list[tuple[dt.date, Path]]:
    found = []
    for path in sorted(folder.glob("*.parquet")) if folder.is_dir() else []:
        with contextlib.suppress(ValueError):  # _schema.parquet and foreign names are not days
            found.append((dt.date.fromisoformat(path.stem), path))
    return found


def _footer_facts(path: Path, spec: Dataset) -> dict[str, object]:
    facts: dict[str, object] = {"rows": -1, "problem": "", "detail": "", "sources": {}}
    try:
        metadata = pq.read_metadata(path)
        found = metadata.schema.to_arrow_schema()
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0][:200].rstrip(".")
        return {**facts, "problem": "truncated_file", "detail": f"is not whole Parquet: {reason}"}
    facts["rows"] = metadata.num_rows
    facts["sources"] = json.loads((metadata.metadata or {}).get(b"quant_sources", b"{}"))
    for field in spec.schema:
        if field.name not in found.names:
            return {**facts, "problem": "missing_column", "detail": f"has no column {field.name}"}
        if not _same_kind(found.field(field.name).type, field.type):
            kind = found.field(field.name).type
            sentence = f"has {field.name} as {kind}, the contract says {field.type}"
            return {**facts, "problem": "wrong_type", "detail": sentence}
    return facts


def _same_kind(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Return whether DuckDB reads `found` where the contract says `wanted`, without a change."""
    if found == wanted:
        return True
    if pa.types.is_string(wanted):
        return bool(pa.types.is_large_string(found) or pa.types.is_string_view(found))
    if pa.types.is_timestamp(wanted):
        return pa.types.is_timestamp(found) and found.tz is not None
    return False


def _covered(existing: pa.Table, incoming: pa.Table, spec: Dataset) -> pa.Array:
    """Return a mask of the existing rows whose (source, bar_seconds, cover) come anew."""
    columns = ["source", "bar_seconds", spec.cover]
    incoming_keys = incoming.group_by(columns).aggregate([])
    keys = incoming_keys.append_column("_hit", pa.array([True] * incoming_keys.num_rows))
    numbered = existing.select(columns).append_column(
        "_row", pa.array(np.arange(existing.num_rows))
    )
    joined = numbered.join(keys, columns, join_type="left outer").sort_by("_row")
    return pc.fill_null(joined["_hit"], False).combine_chunks()


def _keys(table: pa.Table, key: Sequence[str]) -> list[tuple[object, ...]]:
    return list(zip(*(table[name].to_pylist() for name in key), strict=True))


def _last_by_key(table: pa.Table, key: Sequence[str]) -> pa.Table:
    numbered = table.append_column("_row", pa.array(np.arange(table.num_rows)))
    last = numbered.group_by(list(key)).aggregate([("_row", "max")])
    return table.take(pa.array(np.sort(last["_row_max"].to_numpy())))


def stable_sort(table: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Return the table sorted by `keys`; equal rows keep their order."""
    position = pa.array(np.arange(table.num_rows))
    ordered = pc.sort_indices(
        table.select(list(keys)).append_column("_row", position),
        sort_keys=[(key, "ascending") for key in (*keys, "_row")],
    )
    return table.take(ordered)


def write_parquet(table: pa.Table, path: Path, *, plain: tuple[str, ...] = ()) -> bool:
    """Write a Parquet file by temp file and rename; return whether its content changed.

    The bytes depend only on the rows: the same table gives the same file. Text has a dictionary
    except in the columns of `plain`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    notes = {b"quant_schema_version": str(SCHEMA_VERSION).encode()}
    if "source" in table.column_names:
        counts = pc.value_counts(table["source"].combine_chunks()).to_pylist()
        by_source = {str(entry["values"]): entry["counts"] for entry in counts}
        notes[b"quant_sources"] = json.dumps(by_source, sort_keys=True).encode()
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.replace_schema_metadata(notes),
        sink,
        compression="snappy",
        use_dictionary=dictionary_columns(table.schema, plain),
        row_group_size=ROW_GROUP_ROWS,
    )
    return write_atomically(path, sink.getvalue())


def write_atomically(path: Path, content: bytes | pa.Buffer) -> bool:
    """Give a file new content in one step; return whether it differs from the old.

    Raises
    ------
    LakeError
        When the disk is full or the folder cannot be written; the old file is untouched.
    """
    content = memoryview(content)
    if path.exists() and path.stat().st_size == content.nbytes:
        digest = hashlib.blake2b(content, digest_size=16).hexdigest()
        if hash_file(path) == digest:
            return False
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with temporary.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise LakeError(
            f"{path} could not be written: {error.strerror}.",
            "Free space or fix the folder's permissions, then run the command again.",
        ) from error
    return True


def hash_file(path: Path) -> str:
    """Return the BLAKE2b-128 of a file's content as hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


@contextlib.contextmanager
def exclusive(path: Path, what: str) -> Iterator[None]:
    """Hold an advisory lock on `path`, which names its holder's process id.

    The kernel releases it when the process ends, however it ends.

    Raises
    ------
    LockedError
        When another process holds it.
    """
    handle: IO[str] = path.open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.seek(0)
        holder = handle.read().strip() or "unknown"
        handle.close()
        raise LockedError(
            f"Process {holder} is writing {what}.", "Wait until it has finished, then try again."
        ) from None
    try:
        handle.seek(0)
        handle.truncate()
        handle.write(str(os.getpid()))
        handle.flush()
        yield
    finally:
        handle.close()
