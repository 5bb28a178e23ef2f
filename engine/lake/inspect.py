"""What is in a lake, and what is wrong with it: `quant lake inspect` and `quant lake verify`."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.errors import LakeError
from engine.lake.importers.log import read_log
from engine.lake.rejects import FOLDER as REJECT_FOLDER
from engine.lake.rejects import count_rejects
from engine.lake.schema import DATASETS, REFERENCES, REJECTS, UTC, Dataset
from engine.lake.store import TEMPLATE, Lake, LakeFile, hash_file
from engine.market import calendar

Progress = Callable[[str, int, int], None]

_IMPORT_AGAIN = "Import its vendor files again, or move the file out of the lake."


@dataclass(frozen=True)
class DatasetSummary:
    """The day files of one data set.

    Parameters
    ----------
    name
        `stocks` or `options`.
    days, first, last
        Day files, and the first and last of them.
    missing_sessions
        Sessions between the first and the last day without a file.
    rows, bytes
        In all files.
    sources
        Rows by source.
    symbols
        Symbols of stocks, underlyings of options.
    problems
        Files that cannot be used.
    """

    name: str
    days: int
    first: dt.date | None
    last: dt.date | None
    missing_sessions: int
    rows: int
    bytes: int
    sources: dict[str, int]
    symbols: tuple[str, ...]
    problems: int


@dataclass(frozen=True)
class ReferenceSummary:
    """One reference table."""

    name: str
    rows: int
    bytes: int
    first: dt.date | None
    last: dt.date | None
    sources: dict[str, int]


@dataclass(frozen=True)
class LakeSummary:
    """A lake at a glance.

    Parameters
    ----------
    root
        The folder.
    datasets, references
        What it holds.
    rejects
        Rejected rows by reason.
    imports
        Vendor files whose import stands.
    """

    root: Path
    datasets: tuple[DatasetSummary, ...]
    references: tuple[ReferenceSummary, ...]
    rejects: dict[str, int]
    imports: int


@dataclass(frozen=True)
class Problem:
    """Something wrong in a lake.

    Parameters
    ----------
    path
        The file.
    reason
        A code.
    sentence, remedy
        What is wrong and what to do.
    """

    path: Path
    reason: str
    sentence: str
    remedy: str


def inspect(root: Path, progress: Progress | None = None) -> LakeSummary:
    """Summarise a lake.

    Parameters
    ----------
    root
        The lake's folder.
    progress
        Called with the data set, the files read and the files in all.

    Raises
    ------
    LakeError
        When there is no lake.
    """
    lake = Lake.open(Path(root))
    files = lake.scan()
    datasets = [
        _summarise(spec, [file for file in files if file.dataset == spec.name], progress)
        for spec in DATASETS.values()
    ]
    references = [_reference_summary(lake, name) for name in REFERENCES]
    return LakeSummary(
        lake.root,
        tuple(datasets),
        tuple(references),
        count_rejects(lake.root),
        len(read_log(lake.root)),
    )


def _summarise(spec: Dataset, files: list[LakeFile], progress: Progress | None) -> DatasetSummary:
    sources: Counter[str] = Counter()
    symbols: set[str] = set()
    for position, file in enumerate(files):
        if not file.problem:
            table = pq.read_table(
                file.path,
                columns=[spec.cover, *([] if file.sources else ["source"])],
                read_dictionary=[spec.cover],
            )
            symbols.update(pc.unique(table[spec.cover].cast(pa.string())).to_pylist())
            sources.update(file.sources or _counts(table["source"]))
        if progress is not None:
            progress(spec.name, position + 1, len(files))
    days = [file.session_date for file in files]
    missing = 0
    if days:
        expected = calendar.between(days[0], days[-1])["session_date"].to_pylist()
        missing = len(set(expected) - set(days))
    return DatasetSummary(
        name=spec.name,
        days=len(days),
        first=days[0] if days else None,
        last=days[-1] if days else None,
        missing_sessions=missing,
        rows=sum(max(file.rows, 0) for file in files),
        bytes=sum(file.bytes for file in files),
        sources=dict(sorted(sources.items())),
        symbols=tuple(sorted(symbol for symbol in symbols if symbol is not None)),
        problems=sum(bool(file.problem) for file in files),
    )


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    counted = pc.value_counts(column.combine_chunks()).to_pylist()
    return {str(entry["values"]): int(entry["counts"]) for entry in counted}


def _reference_summary(lake: Lake, name: str) -> ReferenceSummary:
    path = lake.reference_path(name)
    table = _read(path, lambda: lake.read_reference(name))
    dated = next(field.name for field in table.schema if pa.types.is_date(field.type))
    ends = pc.min_max(table[dated]).as_py()
    return ReferenceSummary(
        name,
        table.num_rows,
        path.stat().st_size if path.exists() else 0,
        ends["min"],
        ends["max"],
        dict(sorted(_counts(table["source"]).items())),
    )


def _read(path: Path, reader: Callable[[], pa.Table]) -> pa.Table:
    try:
        return reader()
    except (OSError, pa.ArrowException) as error:
        raise LakeError(
            f"{path} cannot be read: {str(error).splitlines()[0].rstrip('.')}.",
            "See `quant lake verify`.",
        ) from error


# -- verify ----------------------------------------------------------------------------------


def verify(root: Path, progress: Progress | None = None) -> list[Problem]:
    """Read a lake's files and list what is wrong with them; nothing is changed.

    Parameters
    ----------
    root
        The lake's folder.
    progress
        Called with the data set, the files read and the files in all.

    Returns
    -------
    list of Problem
        Empty when all is well. Reasons: `bad_file_name`, `leftover_file`, `not_a_session`,
        `truncated_file`, `missing_column`, `wrong_type`, `wrong_date`, `hash_differs`,
        `vanished_file`.

    Raises
    ------
    LakeError
        When there is no lake.
    """
    root = Path(root)
    if not root.is_dir():
        raise LakeError(
            f"There is no lake at {root}.",
            "Make one with `quant lake simulate`, or fill it with `quant lake import`.",
        )
    found: list[Problem] = []
    for spec in DATASETS.values():
        found += _verify_dataset(root, spec, progress)
    for reference in REFERENCES.values():
        path = root / "reference" / f"{reference.name}.parquet"
        if path.exists():
            found += _verify_schema(path, reference.schema)[1]
    for path in sorted((root / REJECT_FOLDER).glob("*.parquet")):
        found += _verify_schema(path, REJECTS)[1]
    return found


def _verify_dataset(root: Path, spec: Dataset, progress: Progress | None) -> list[Problem]:
    folder = root / spec.name
    found: list[Problem] = []
    paths = sorted(path for path in folder.glob("*") if path.name != TEMPLATE)
    manifest = _manifest(root, spec.name)
    days: set[str] = set()
    dated = [day for path in paths if (day := _day_of(path)) is not None]
    sessions: set[dt.date] = set()
    if dated:
        sessions.update(calendar.between(min(dated), max(dated))["session_date"].to_pylist())
    for position, path in enumerate(paths):
        day = _day_of(path)
        if path.name.startswith("."):
            found.append(
                Problem(
                    path,
                    "leftover_file",
                    f"{path} is what an interrupted write left behind.",
                    "Delete it when no other process writes the lake.",
                )
            )
        elif day is None:
            found.append(
                Problem(
                    path,
                    "bad_file_name",
                    f"{path} is not named for a day, so nothing reads it.",
                    "Rename it YYYY-MM-DD.parquet or move it out of the lake.",
                )
            )
        else:
            days.add(day.isoformat())
            known = manifest.get(day.isoformat())
            found += _verify_day(path, day, spec, known, is_session=day in sessions)
        if progress is not None:
            progress(spec.name, position + 1, len(paths))
    for name in sorted(set(manifest) - days):
        path = folder / f"{name}.parquet"
        found.append(
            Problem(
                path,
                "vanished_file",
                f"{path} is in the manifest but not in the lake.",
                "Import its vendor files again; if it was meant to go, the next build takes note.",
            )
        )
    return found


def _verify_day(
    path: Path,
    day: dt.date,
    spec: Dataset,
    known: dict[str, object] | None,
    *,
    is_session: bool,
) -> list[Problem]:
    table, found = _verify_schema(path, spec.schema, ["ts"])
    if not is_session:
        found.append(
            Problem(
                path,
                "not_a_session",
                f"{path} is named for {day}, on which New York did not trade.",
                "Check the zone of what wrote it, or move it out of the lake.",
            )
        )
    if table is not None:
        local = pc.local_timestamp(table["ts"].cast(UTC).cast(pa.timestamp("us", calendar.ZONE)))
        astray = pc.not_equal(local.cast(pa.date32(), safe=False), pa.scalar(day, pa.date32()))
        count = int(pc.sum(pc.fill_null(astray, True)).as_py() or 0)
        if count:
            found.append(
                Problem(
                    path,
                    "wrong_date",
                    f"{path} has {count} rows whose ts is not on {day} in New York.",
                    "Check the zone of what wrote it and import the day again.",
                )
            )
    if known is not None and known.get("content_hash") != hash_file(path):
        stat = path.stat()
        if (known.get("bytes"), known.get("mtime_ns")) == (stat.st_size, stat.st_mtime_ns):
            sentence = f"{path} has other content than when it was written: the disk is failing."
            remedy = _IMPORT_AGAIN
        else:
            sentence = f"{path} was changed after the lake's manifest was written."
            remedy = "If that was meant, the next build takes it in; else import the day again."
        found.append(Problem(path, "hash_differs", sentence, remedy))
    return found


def _verify_schema(
    path: Path, wanted: pa.Schema, columns: list[str] | None = None
) -> tuple[pa.Table | None, list[Problem]]:
    """Return the asked columns when they can be read, and what is wrong with the file's shape."""
    try:
        schema = pq.read_schema(path)
        present = [name for name in columns or [] if name in schema.names]
        table = pq.read_table(path, columns=present) if present else None
    except (OSError, pa.ArrowException) as error:
        what = str(error).splitlines()[0].rstrip(".")
        return None, [
            Problem(path, "truncated_file", f"{path} is not whole Parquet: {what}.", _IMPORT_AGAIN)
        ]
    found = []
    for field in wanted:
        if field.name not in schema.names:
            found.append(
                Problem(
                    path,
                    "missing_column",
                    f"{path} has no column {field.name}.",
                    f"Import the day again, or add the column as {field.type}.",
                )
            )
        elif not _fits(schema.field(field.name).type, field.type):
            found.append(
                Problem(
                    path,
                    "wrong_type",
                    f"{path} has {field.name} as {schema.field(field.name).type}, the contract "
                    f"says {field.type}.",
                    "Import the day again, or cast the column.",
                )
            )
    if table is not None and any(problem.reason == "wrong_type" for problem in found):
        table = None  # what is asked for may be of the wrong type itself
    return table, found


def _fits(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Return whether a reader gets from `found` what the contract says, without a loss."""
    if pa.types.is_dictionary(found):
        found = found.value_type
    if pa.types.is_string(wanted):
        return bool(
            pa.types.is_string(found)
            or pa.types.is_large_string(found)
            or pa.types.is_string_view(found)
        )
    if pa.types.is_timestamp(wanted):
        return pa.types.is_timestamp(found) and found.tz is not None
    return bool(found == wanted)


def _day_of(path: Path) -> dt.date | None:
    if path.suffix != ".parquet":
        return None
    try:
        return dt.date.fromisoformat(path.stem)
    except ValueError:
        return None


def _manifest(root: Path, dataset: str) -> dict[str, dict[str, object]]:
    try:
        content = json.loads((root / "_manifest" / f"{dataset}.json").read_text())
    except (OSError, json.JSONDecodeError):
        return {}  # a lake that others wrote has none
    return content if isinstance(content, dict) else {}
