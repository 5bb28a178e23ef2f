"""The import log: `_manifest/imports/<source>-<content hash>.json`, one file a vendor file.

It says what came of the file, holds nothing that differs from one run to the next, and tells
whether importing the file again could change anything.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import LakeError
from engine.lake.store import write_atomically


@dataclass(frozen=True)
class ImportReport:
    """What became of one vendor file.

    Parameters
    ----------
    file
        Its name, without the folder.
    source
        The vendor.
    dataset
        `stocks`, `options` or `index_levels`.
    size, content_hash
        Bytes, and BLAKE2b-128 of the content.
    mapping_hash
        Of what decided how it was read: mapping, option roots, importer version.
    vendor_rows
        Data rows of the file.
    rows_read
        Logical rows: a vendor row with a call and a put counts two.
    rows_written, rejected
        What became of them; `rows_read == rows_written + sum(rejected.values())`, always.
    days
        Sessions that the file has rows for.
    reference_rows, reference_rejected
        Rows for reference tables that rode along, by table: those written, and by reason those
        that were not. Every event that the file states is one or the other.
    unchanged
        Whether the lake was as the file says already.
    """

    file: str
    source: str
    dataset: str
    size: int
    content_hash: str
    mapping_hash: str
    vendor_rows: int
    rows_read: int
    rows_written: int
    rejected: dict[str, int]
    days: tuple[dt.date, ...]
    reference_rows: dict[str, int] = field(default_factory=dict)
    reference_rejected: dict[str, dict[str, int]] = field(default_factory=dict)
    unchanged: bool = False


@dataclass(frozen=True)
class _Entry:
    report: ImportReport
    superseded_by: str | None
    path: Path
    days: frozenset[dt.date]


class ImportLog:
    """The log of one source.

    Parameters
    ----------
    lake
        The lake's folder.
    source
        The vendor.
    """

    def __init__(self, lake: Path, source: str) -> None:
        self.folder = lake / "_manifest" / "imports"
        self.source = source
        self.entries: dict[str, _Entry] = {}
        for path in sorted(self.folder.glob(f"{source}-*.json")):
            entry = _read(path)
            if entry.report.source == source:
                self.entries[entry.report.content_hash] = entry

    def unchanged(self, content_hash: str, mapping_hash: str) -> ImportReport | None:
        """Return the report of an import that still stands, if there is one."""
        entry = self.entries.get(content_hash)
        if entry is None or entry.superseded_by or entry.report.mapping_hash != mapping_hash:
            return None
        return dataclasses.replace(entry.report, unchanged=True)

    def earlier_version(self, file: str, content_hash: str) -> ImportReport | None:
        """Return the import that a file of this name restates."""
        for entry in self.entries.values():
            same = entry.report.file == file and entry.report.content_hash != content_hash
            if same and entry.superseded_by is None:
                return entry.report
        return None

    def others_on(self, day: dt.date, content_hash: str) -> list[str]:
        """Return the other standing imports that have rows on a day."""
        return [
            digest
            for digest, entry in self.entries.items()
            if digest != content_hash and not entry.superseded_by and day in entry.days
        ]

    def write(self, report: ImportReport) -> None:
        """Record an import."""
        path = self._path(report.content_hash)
        self._write(_Entry(report, None, path, frozenset(report.days)))

    def supersede(self, content_hash: str, by: str) -> None:
        """Record that an import no longer stands: another file replaced rows of it."""
        entry = self.entries[content_hash]
        if entry.superseded_by is None:
            self._write(dataclasses.replace(entry, superseded_by=by))

    def _path(self, content_hash: str) -> Path:
        return self.folder / f"{self.source}-{content_hash}.json"

    def _write(self, entry: _Entry) -> None:
        content = dataclasses.asdict(entry.report)
        del content["unchanged"]
        content["days"] = [day.isoformat() for day in entry.report.days]
        content["superseded_by"] = entry.superseded_by
        text = json.dumps(content, indent=1, sort_keys=True) + "\n"
        write_atomically(entry.path, text.encode())
        self.entries[entry.report.content_hash] = entry


def read_log(lake: Path) -> list[ImportReport]:
    """Return the imports of a lake that still stand, by source and file."""
    entries = [_read(path) for path in sorted((lake / "_manifest" / "imports").glob("*.json"))]
    standing = [entry.report for entry in entries if entry.superseded_by is None]
    return sorted(standing, key=lambda report: (report.source, report.file, report.content_hash))


def _read(path: Path) -> _Entry:
    try:
        content = json.loads(path.read_text())
        superseded = content.pop("superseded_by", None)
        content["days"] = tuple(dt.date.fromisoformat(day) for day in content["days"])
        return _Entry(ImportReport(**content), superseded, path, frozenset(content["days"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LakeError(
            f"The import log {path} cannot be read: {error}.",
            "Delete it and import its vendor file again.",
        ) from error
