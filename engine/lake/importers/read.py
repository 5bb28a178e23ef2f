"""Vendor files as batches of columns: CSV, gzipped CSV and Parquet, never whole in memory."""

from __future__ import annotations

import contextlib
import csv
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from engine.errors import LakeError

BLOCK_BYTES = 8 << 20  # of CSV text at a time
BATCH_ROWS = 65_536  # of Parquet
ENDINGS = (".csv", ".csv.gz", ".txt", ".txt.gz", ".parquet")


@dataclass(frozen=True)
class Batch:
    """Some rows of a vendor file.

    Parameters
    ----------
    table
        The wanted columns under their clean names; text where the file is CSV.
    rows
        1-based data row of each row in the file.
    broken
        Rows that have another number of columns than the header: (row, text).
    done
        Bytes of the file read so far.
    """

    table: pa.Table
    rows: npt.NDArray[np.int64]
    broken: list[tuple[int, str]] = field(default_factory=list)
    done: int = 0


def expand(files: Sequence[Path]) -> list[Path]:
    """Return the files, folders replaced by the importable files in them.

    Raises
    ------
    LakeError
        When a file is missing or a folder holds nothing that can be imported.
    """
    found: list[Path] = []
    for path in files:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and p.name.endswith(ENDINGS))
            if not inside:
                raise LakeError(
                    f"The folder {path} holds no {', '.join(ENDINGS)} file.",
                    "Name a folder or files with data.",
                )
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise LakeError(f"There is no file {path}.", "Check the path.")
    if not found:
        raise LakeError("No file to import was named.", "Name one or more files.")
    return found


def clean_name(name: str) -> str:
    """Return a column's name without blanks and square brackets around it."""
    return name.strip().strip("[]").strip()


def open_file(path: Path, delimiter: str = ",", names: Sequence[str] = ()) -> VendorFile:
    """Open a vendor file and read its column names.

    Raises
    ------
    LakeError
        When the file is empty, truncated or of no known kind, or repeats a column.
    """
    if path.name.endswith(".parquet"):
        return ParquetFile(path)
    if path.name.endswith(ENDINGS):
        return CsvFile(path, delimiter, names)
    raise LakeError(
        f"{path} is of no kind that can be imported.",
        f"Importable names end in {', '.join(ENDINGS)}.",
    )


class VendorFile:
    """A vendor file: its columns and, on demand, its rows.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.types: dict[str, pa.DataType] = {}
        self.original: dict[str, str] = {}

    def declare(self, names: Sequence[str], types: Sequence[pa.DataType]) -> None:
        """Remember the columns under their clean names."""
        for name, kind in zip(names, types, strict=True):
            clean = clean_name(name)
            if clean in self.types:
                raise LakeError(
                    f"{self.path} has two columns named {clean}.", "Rename one and import again."
                )
            self.types[clean] = kind
            self.original[clean] = name

    def pick(
        self, candidates: Sequence[str], *, optional: bool, virtual: Sequence[str]
    ) -> str | None:
        """Return the first of the candidate columns that exists, or null if it may be missing.

        Raises
        ------
        LakeError
            Naming the missing column and the nearest one.
        """
        for name in candidates:
            if name in self.types or name in virtual:
                return name
        if optional:
            return None
        wanted = " or ".join(candidates)
        near = difflib.get_close_matches(candidates[0], list(self.types), n=1)
        hint = f"Is it {near[0]}? " if near else ""
        raise LakeError(
            f"{self.path} has no column {wanted}.",
            f"{hint}The file's columns: {', '.join(self.types)}. Use the vendor's own layout, "
            "or map the columns with --mapping FILE.",
        )

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """Yield the rows in the file's order."""
        raise NotImplementedError

    def truncated(self, error: Exception) -> LakeError:
        """Return the error of a file that ends too early or is damaged."""
        return LakeError(
            f"{self.path} is truncated or damaged: {str(error).splitlines()[0].rstrip('.')}.",
            "Download it again; nothing of it was imported.",
        )


class CsvFile(VendorFile):
    """A CSV file, gzipped when its name ends in .gz; every column is read as text."""

    def __init__(self, path: Path, delimiter: str, names: Sequence[str]) -> None:
        super().__init__(path)
        self.delimiter = delimiter
        self.header = not names
        if not names:
            with self._stream() as (stream, _):
                head = self._read(stream, 1 << 16)
            line = head.split(b"\n", 1)[0].decode("utf-8-sig", errors="replace").rstrip("\r")
            if not line.strip():
                raise LakeError(
                    f"{path} is empty: it has no header.", "Download it again or leave it out."
                )
            names = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
        self.names = list(names)
        self.declare(self.names, [pa.string()] * len(self.names))

    @contextlib.contextmanager
    def _stream(self) -> Iterator[tuple[pa.NativeFile, pa.NativeFile]]:
        with pa.OSFile(str(self.path)) as raw:
            if self.path.name.endswith(".gz"):
                with pa.CompressedInputStream(raw, "gzip") as stream:
                    yield stream, raw
            else:
                yield raw, raw

    def _read(self, stream: pa.NativeFile, size: int) -> bytes:
        try:
            content: bytes = stream.read(size)
        except (OSError, pa.ArrowException) as error:
            raise self.truncated(error) from error
        return content

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """Yield the rows block by block; blocks end at line ends."""
        row = 0
        header = self.header
        carry = b""
        with self._stream() as (stream, raw):
            while True:
                content = self._read(stream, BLOCK_BYTES)
                last = not content
                content = carry + content
                cut = len(content) if last else content.rfind(b"\n") + 1
                carry = content[cut:]
                content = content[:cut]
                if header and content:
                    content = content[content.find(b"\n") + 1 :] if b"\n" in content else b""
                    header = False
                if content.strip():
                    batch = self._parse(content, columns, row, raw.tell())
                    row += len(batch.rows) + len(batch.broken)
                    yield batch
                if last:
                    return

    def _parse(self, content: bytes, columns: Sequence[str], before: int, done: int) -> Batch:
        broken: list[tuple[int, str]] = []

        def remember(bad: pa_csv.InvalidRow) -> str:
            broken.append((before + (bad.number or 0), bad.text))
            return "skip"

        wanted = [self.original[name] for name in columns]
        try:
            table = pa_csv.read_csv(
                pa.py_buffer(content),
                read_options=pa_csv.ReadOptions(
                    use_threads=False, column_names=self.names, block_size=len(content) + 1
                ),
                parse_options=pa_csv.ParseOptions(
                    delimiter=self.delimiter, invalid_row_handler=remember
                ),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(wanted, pa.string()),
                    include_columns=wanted,
                    strings_can_be_null=False,
                ),
            )
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            raise self.truncated(error) from error
        table = table.rename_columns(list(columns))
        count = table.num_rows + len(broken)
        rows = np.arange(before + 1, before + count + 1)
        if broken:
            # A broken line's number counts lines of the block; blank lines are not data.
            positions = np.array([number - before for number, _ in broken])
            if positions.max(initial=0) > count or positions.min(initial=1) < 1:
                positions = np.arange(count - len(broken) + 1, count + 1)
            broken = [
                (before + int(at), text) for at, (_, text) in zip(positions, broken, strict=True)
            ]
            rows = np.delete(rows, positions - 1)
        return Batch(table, rows, broken, done)


class ParquetFile(VendorFile):
    """A Parquet file; columns keep their types."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            schema = pq.read_schema(path)
        except (OSError, pa.ArrowException) as error:
            raise self.truncated(error) from error
        self.declare(schema.names, schema.types)

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """Yield the rows batch by batch."""
        row = 0
        size = self.path.stat().st_size
        try:
            with pq.ParquetFile(self.path) as file:
                total = max(file.metadata.num_rows, 1)
                wanted = [self.original[name] for name in columns]
                for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=wanted):
                    table = pa.Table.from_batches([batch]).select(wanted)
                    rows = np.arange(row + 1, row + table.num_rows + 1)
                    row += table.num_rows
                    yield Batch(table.rename_columns(list(columns)), rows, [], size * row // total)
        except (OSError, pa.ArrowException) as error:
            raise self.truncated(error) from error
