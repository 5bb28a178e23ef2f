"""Importing vendor files: read in batches, spooled, then written day by day."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa

from engine.errors import LakeError
from engine.lake.importers.basis import require_one_level
from engine.lake.importers.day_files import EPOCH, DayFiles
from engine.lake.importers.log import ImportLog, ImportReport
from engine.lake.importers.mapping import Mapping, find_mapping
from engine.lake.importers.read import VendorFile, expand, open_file
from engine.lake.importers.repeats import without_repeats
from engine.lake.importers.spool import RUN_BYTES, Spool
from engine.lake.importers.transform import Transform
from engine.lake.rejects import RejectWriter, rejects_path
from engine.lake.schema import DATASETS, REFERENCES
from engine.lake.store import Lake, hash_file
from engine.market import roots

IMPORTER_VERSION = 2  # raise it when the same file and mapping give other rows than before
SPOOL = "_spool"
_ADJUSTED = ("split_adjusted", "total_return")

Progress = Callable[[str, int, int], None]


def import_files(
    lake: Path,
    files: Sequence[Path],
    *,
    vendor: str | None = None,
    mapping: Path | None = None,
    progress: Progress | None = None,
    run_bytes: int = RUN_BYTES,
) -> list[ImportReport]:
    """Import vendor files into a lake.

    Parameters
    ----------
    lake
        The lake's folder; made when it does not exist.
    files
        Files, or folders whose importable files are taken in order of name.
    vendor, mapping
        Name of a vendor that the project knows, or a mapping file for any other.
    progress
        Called with the file's name, the bytes read and the bytes in all.
    run_bytes
        Rows held in memory before they go to disk.

    Returns
    -------
    list of ImportReport
        One a file, in order.

    Raises
    ------
    MappingError
        When the vendor is unknown or the mapping is wrong.
    LakeError
        When a file is missing, damaged or not as the mapping says, or the disk is full. Days that
        were written before stay whole; importing again completes the rest.
    LockedError
        When another process writes the lake.
    """
    chosen = find_mapping(vendor, mapping)
    paths = expand([Path(path) for path in files])
    store = Lake(Path(lake))
    try:
        with store.writing():
            store.prepare()
            _clear(store)
            log = ImportLog(store.root, chosen.vendor)
            reports = []
            try:
                for path in paths:
                    reports.append(_import_file(store, log, path, chosen, progress, run_bytes))
            finally:
                _clear(store)
                with contextlib.suppress(LakeError):  # on a full disk the first error counts
                    store.scan()
            return reports
    except OSError as error:
        where = error.filename or store.root
        raise LakeError(
            f"{where} could not be read or written: {error.strerror or error}.",
            "Free space or fix the permissions, then run the command again.",
        ) from error


def _clear(store: Lake) -> None:
    shutil.rmtree(store.root / SPOOL, ignore_errors=True)


def _mapping_hash(mapping: Mapping) -> str:
    """Return the hash of all that decides, beside the file, which rows come out."""
    parts = [str(IMPORTER_VERSION), mapping.digest]
    if mapping.dataset == "options":
        parts.append(repr(sorted(roots.underlying_by_root().items())))
    return hashlib.blake2b("|".join(parts).encode(), digest_size=16).hexdigest()


def _import_file(
    store: Lake,
    log: ImportLog,
    path: Path,
    mapping: Mapping,
    progress: Progress | None,
    run_bytes: int,
) -> ImportReport:
    content_hash = hash_file(path)
    mapping_hash = _mapping_hash(mapping)
    standing = log.unchanged(content_hash, mapping_hash)
    if standing is not None and _is_whole(store, standing):
        return standing
    file = open_file(path, mapping.delimiter, mapping.names)
    transform = Transform(mapping, file)
    intake = _Intake(store, transform, path, run_bytes)
    try:
        intake.read(file, progress)
        report = intake.report(path, content_hash, mapping_hash)
        intake.write(log, report)
    finally:
        intake.close()
    return report


def _is_whole(store: Lake, report: ImportReport) -> bool:
    """Return whether the day files of an earlier import are all still there."""
    if report.dataset not in DATASETS:
        return True
    return all(store.day_path(report.dataset, day).exists() for day in report.days)


class _Intake:
    """One vendor file on its way into the lake."""

    def __init__(self, store: Lake, transform: Transform, path: Path, run_bytes: int) -> None:
        self.store = store
        self.transform = transform
        self.mapping = transform.mapping
        self.path = path
        self.folder = store.root / SPOOL / str(os.getpid())
        self.rejects = RejectWriter(self.folder / "rejects.parquet")
        dataset = DATASETS.get(self.mapping.dataset)
        self.spool = (
            Spool(self.folder / "runs", transform.schema, dataset.sort, run_bytes)
            if dataset
            else None
        )
        self.levels: list[pa.Table] = []
        self.reference: dict[str, list[pa.Table]] = {}
        self.vendor_rows = 0
        self.rows_read = 0
        self.rows_written = 0
        self.unreadable: Counter[str] = Counter()
        self.example = ""

    def close(self) -> None:
        self.rejects.close()
        self.transform.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def read(self, file: VendorFile, progress: Progress | None) -> None:
        """Read the whole file before anything of it shows in the lake."""
        size = self.path.stat().st_size
        for batch in file.batches(self.transform.columns):
            outcome = self.transform.apply(batch)
            self.vendor_rows += len(batch.rows) + len(batch.broken)
            self.rows_read += outcome.read
            self.rows_written += outcome.rows.num_rows
            if self.spool is None:
                self.levels.append(outcome.rows)
            else:
                self.spool.add(outcome.rows)
            self.rejects.add(outcome.rejects)
            self.rejects.add(outcome.reference_rejects)
            self.unreadable.update(outcome.unreadable)
            if not self.example and outcome.unreadable:
                self.example = str(outcome.rejects["detail"][0].as_py())
            for name, rows in outcome.reference.items():
                if rows.num_rows:
                    self.reference.setdefault(name, []).append(rows)
            if progress is not None:
                progress(self.path.name, batch.done, size)
        self._settle_reference()
        self.rejects.close()
        if self.spool is not None:
            self.spool.finish()
        if self.rows_read and self.unreadable.total() == self.rows_read:
            what, _ = self.unreadable.most_common(1)[0]
            raise LakeError(
                f"None of the {self.vendor_rows} rows of {self.path} could be read as "
                f"{self.mapping.vendor}: {what} ({self.example}).",
                "Check that the file is of this vendor, and the column's type, unit and format "
                f"in {self.mapping.path}.",
            )

    def _settle_reference(self) -> None:
        """Take out what the file says twice of a reference table."""
        for name, tables in self.reference.items():
            self.reference[name] = [self._settled(name, tables)]
        if self.levels:
            read = sum(table.num_rows for table in self.levels)
            self.levels = [self._settled(self.mapping.dataset, self.levels)]
            self.rows_written -= read - self.levels[0].num_rows

    def _settled(self, name: str, tables: list[pa.Table]) -> pa.Table:
        spec = REFERENCES[name]
        kept, repeats = without_repeats(spec, pa.concat_tables(tables))
        self.rejects.add(self.transform.repeats(spec, repeats))
        return kept.select(spec.schema.names)

    def report(self, path: Path, content_hash: str, mapping_hash: str) -> ImportReport:
        """Return what became of the file.

        Raises
        ------
        LakeError
            When rows read are not rows written and rejected, which would be a fault of ours.
        """
        by_dataset = {name: dict(sorted(found.items())) for name, found in self.rejects.of.items()}
        rejected = by_dataset.pop(self.mapping.dataset, {})
        if self.rows_read != self.rows_written + sum(rejected.values()):
            raise LakeError(
                f"{path}: {self.rows_read} rows were read, but {self.rows_written} written and "
                f"{sum(rejected.values())} rejected.",
                "This is a fault of the importer: please report it with the file's layout.",
            )
        if self.spool is not None:
            days = [EPOCH + dt.timedelta(days=number) for number in self.spool.days()]
        else:
            dates = {day for table in self.levels for day in table["session_date"].to_pylist()}
            days = sorted(dates)
        return ImportReport(
            file=path.name,
            source=self.mapping.vendor,
            dataset=self.mapping.dataset,
            size=path.stat().st_size,
            content_hash=content_hash,
            mapping_hash=mapping_hash,
            vendor_rows=self.vendor_rows,
            rows_read=self.rows_read,
            rows_written=self.rows_written,
            rejected=rejected,
            days=tuple(days),
            reference_rows={
                name: sum(table.num_rows for table in tables)
                for name, tables in sorted(self.reference.items())
            },
            reference_rejected=dict(sorted(by_dataset.items())),
        )

    def write(self, log: ImportLog, report: ImportReport) -> None:
        """Put the rows into the lake, then record it."""
        earlier = log.earlier_version(report.file, report.content_hash)
        touched: set[str] = set()
        if self.spool is not None:
            touched = self._write_days(log, report, earlier)
        else:
            self.store.merge_reference(self.mapping.dataset, pa.concat_tables(self.levels))
        for name, tables in self.reference.items():
            self.store.merge_reference(name, pa.concat_tables(tables))
        place = rejects_path(self.store.root, report.source, report.content_hash)
        self.rejects.commit(place)
        log.write(report)
        if earlier is not None and self.mapping.whole_day:
            touched.add(earlier.content_hash)
        for content_hash in sorted(touched):
            log.supersede(content_hash, report.content_hash)
            if earlier is not None and content_hash == earlier.content_hash:
                with contextlib.suppress(FileNotFoundError):
                    rejects_path(self.store.root, report.source, content_hash).unlink()

    def _write_days(
        self, log: ImportLog, report: ImportReport, earlier: ImportReport | None
    ) -> set[str]:
        """Write the days; return the imports that this one replaced rows of."""
        assert self.spool is not None
        if self.mapping.price_basis in _ADJUSTED:
            require_one_level(self.store, report.source, self.path, self.spool)
        files = DayFiles(self.store, self.transform, self.folder)
        # A restated file of a vendor's whole day also takes away what it no longer holds.
        restated = set(earlier.days) if earlier is not None and self.mapping.whole_day else set()
        touched: set[str] = set()
        for day in report.days:
            _, replaced = files.replace(day, self.spool, whole_day=day in restated)
            if replaced:
                touched.update(log.others_on(day, report.content_hash))
        if report.days:
            for day in sorted(restated - set(report.days)):
                files.remove(day)
        return touched


def rows_by_reason(reports: Sequence[ImportReport]) -> dict[str, int]:
    """Return the rejected rows of several imports by reason."""
    counts: Counter[str] = Counter()
    for report in reports:
        counts.update(report.rejected)
    return dict(sorted(counts.items()))
