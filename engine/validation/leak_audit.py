"""The leak audit: no public number may change when the future is taken away.

The warehouse is built from the whole lake, and built again from lakes that end at random
instants: once with everything known later removed, once with it replaced by other values. Every
row of a public table that was known at the instant must be the same in both, bit for bit. A
feature that reads tomorrow's close, an hour bar that is not finished, or a dividend that nobody
had declared, differs, and is named with the first row in which it does.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from engine.errors import AuditError
from engine.lake.store import Lake, write_atomically
from engine.settings import Settings, project_root
from engine.validation.compare_tables import (
    Difference,
    TableResult,
    compare_builds,
    public_tables,
)
from engine.validation.cut_lake import Cut, CutCounts, cut_lake, plan_cuts
from engine.warehouse import fingerprint, runner, versions
from engine.warehouse.audit_history import ColumnAudit
from engine.warehouse.publish import writing

Progress = Callable[[int, int, str], None]  # done, total, what is being done

_STEPS = 100  # progress counts hundredths of a build
_SHOWN = 24  # leaking columns that a message names


@dataclass(frozen=True)
class CutResult:
    """One rebuild and how its tables compared with the reference."""

    cut: Cut
    counts: CutCounts
    tables: tuple[TableResult, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether no table differs."""
        return all(table.passed for table in self.tables)


@dataclass(frozen=True)
class ColumnStamp:
    """What the audit can say of one column.

    Parameters
    ----------
    table, column
        Which.
    audited_at
        When.
    cuts
        Rebuilds in which it was compared.
    rows, values
        Rows compared in all of them, and those with a value.
    different
        Rows that differed.
    """

    table: str
    column: str
    audited_at: dt.datetime
    cuts: int
    rows: int
    values: int
    different: int

    @property
    def passed(self) -> bool:
        """Whether values were compared and none differed."""
        return self.values > 0 and self.different == 0


@dataclass(frozen=True)
class AuditReport:
    """Everything that a leak audit found.

    Parameters
    ----------
    audited_at
        When it ended, UTC.
    lake
        The lake's folder.
    reference
        What the rebuilds were compared with: a published version, or a build of its own.
    seed
        Seed of the cuts.
    cuts
        One result a rebuild.
    seconds
        Wall time.
    """

    audited_at: dt.datetime
    lake: str
    reference: str
    seed: int
    cuts: tuple[CutResult, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether no rebuild differs from the reference."""
        return all(result.passed for result in self.cuts)

    @property
    def differences(self) -> tuple[Difference, ...]:
        """The first difference of each column that differs, one a column."""
        first: dict[tuple[str, str], Difference] = {}
        for result in self.cuts:
            for table in result.tables:
                for difference in table.differences:
                    first.setdefault((difference.table, difference.column), difference)
        return tuple(first[key] for key in sorted(first))

    @property
    def leaking(self) -> tuple[str, ...]:
        """Columns that differ, as `table.column`; `(rows)` where whole rows do."""
        return tuple(f"{found.table}.{found.column}" for found in self.differences)

    @property
    def columns(self) -> tuple[ColumnStamp, ...]:
        """One stamp a column, by table."""
        stamps: dict[tuple[str, str], ColumnStamp] = {}
        for result in self.cuts:
            for table in result.tables:
                for column in table.columns:
                    key = (column.table, column.column)
                    stamp = stamps.get(key, ColumnStamp(*key, self.audited_at, 0, 0, 0, 0))
                    stamps[key] = replace(
                        stamp,
                        cuts=stamp.cuts + 1,
                        rows=stamp.rows + column.rows,
                        values=stamp.values + column.values,
                        different=stamp.different + column.different,
                    )
        return tuple(stamps.values())

    @property
    def certificates(self) -> tuple[ColumnAudit, ...]:
        """One certificate a column for the journal; without a value nothing was shown."""
        return tuple(
            ColumnAudit(
                stamp.table,
                stamp.column,
                stamp.passed if stamp.values else None,
                stamp.rows,
                detail=f"{stamp.different} rows differ" if stamp.different else None,
            )
            for stamp in self.columns
        )

    @property
    def rows(self) -> int:
        """Rows compared in all rebuilds."""
        return sum(table.rows for result in self.cuts for table in result.tables)

    def require_passed(self) -> AuditReport:
        """Return the report itself when it passed.

        Raises
        ------
        AuditError
            When a column leaks, or nothing was compared; names the columns.
        """
        if not self.rows:
            raise AuditError(
                "The leak audit compared no rows: no public table has any known at the cuts.",
                "Audit a longer lake.",
            )
        if self.passed:
            return self
        leaking = self.leaking
        names = ", ".join(leaking[:_SHOWN])
        more = f" and {len(leaking) - _SHOWN} more" if len(leaking) > _SHOWN else ""
        plural = "s leak" if len(leaking) > 1 else " leaks"
        raise AuditError(
            f"{len(leaking)} column{plural}: {names}{more}. First: {self.differences[0]}.",
            "Read only what has known_at <= the row's own known_at, join time frames and "
            "reference tables by known_at, then run the audit again.",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data for JSON, the stamps included."""
        content = asdict(self)
        content["passed"] = self.passed
        content["leaking"] = list(self.leaking)
        content["columns"] = [{**asdict(stamp), "passed": stamp.passed} for stamp in self.columns]
        return content

    def write(self, path: Path) -> None:
        """Write the report as JSON."""
        text = json.dumps(self.to_dict(), indent=1, default=_plain)
        write_atomically(path, f"{text}\n".encode())


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)


def audit_leaks(
    settings: Settings,
    *,
    cuts: int = 2,
    seed: int = 0,
    scratch: Path | None = None,
    tables: Sequence[str] = (),
    plan: Sequence[Cut] | None = None,
    project: Path | None = None,
    progress: Progress | None = None,
) -> AuditReport:
    """Compare the warehouse with warehouses rebuilt without the future.

    Parameters
    ----------
    settings
        The stores; lake and warehouse are only read.
    cuts
        Random instants, half of them inside a bar; each is rebuilt twice, with everything
        later removed and with it replaced.
    seed
        Seed of the instants and of the replacing values.
    scratch
        Folder for the cut lakes and the builds, kept afterwards; by default a temporary one.
    tables
        Public tables to compare; by default all that have a `known_at`.
    plan
        Cuts to make instead of random ones.
    project
        The dbt project; by default this checkout's.
    progress
        Told how far the audit is.

    Returns
    -------
    AuditReport
        Also when columns leak: `require_passed` raises then.

    Raises
    ------
    LakeError, BuildError, LockedError
        When the warehouse cannot be built.
    AuditError
        When the lake is too short to cut, or a table that is asked for is not audited.
    """
    started = time.monotonic()
    project = (project or project_root()).resolve()
    lake = Lake.open(settings.lake)
    planned = tuple(plan) if plan is not None else plan_cuts(lake, cuts, seed)
    with _scratch(scratch) as folder, _own_target():
        steps = _Steps(progress, len(planned) + 1)
        reference = _reference(settings, project, folder, steps)
        results = []
        for number, cut in enumerate(planned):
            begun = time.monotonic()
            steps.begin(number + 1, _describe(cut))
            counts = cut_lake(lake, folder / "lake", cut, seed)
            rebuilt, manifest = _build(folder / "lake", project, folder, steps)
            public = public_tables(manifest)
            compared = compare_builds(
                reference.path,
                rebuilt,
                [table for table in public if not tables or table.name in tables],
                cut.instant,
                reference_schema=reference.schema,
            )
            _require_audited(tables, compared)
            results.append(CutResult(cut, counts, compared, time.monotonic() - begun))
        steps.end()
    return AuditReport(
        audited_at=dt.datetime.now(dt.UTC),
        lake=str(settings.lake),
        reference=reference.name,
        seed=seed,
        cuts=tuple(results),
        seconds=time.monotonic() - started,
    )


def _describe(cut: Cut) -> str:
    where = "inside a bar" if cut.inside_bar else "between sessions"
    return f"cut at {cut.instant:%Y-%m-%d %H:%M:%S} ({where}), later rows {cut.variant}"


def _require_audited(names: Sequence[str], compared: Sequence[TableResult]) -> None:
    absent = sorted(set(names) - {result.table for result in compared})
    if absent:
        raise AuditError(
            f"{', '.join(absent)} cannot be audited.",
            "Name published tables that have a known_at column.",
        )


# -- builds ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Reference:
    """The build that knows the future."""

    name: str
    path: Path
    schema: str | None


class _WithoutTests(runner.Options):
    """Options of a build that makes tables and tests nothing: cut lakes may fail tests."""

    def arguments(self) -> list[str]:
        return [*super().arguments(), "--exclude", "resource_type:test", "resource_type:unit_test"]


def _reference(settings: Settings, project: Path, folder: Path, steps: _Steps) -> _Reference:
    """Return the published version when it is of this very lake and code, else a new build."""
    serving = versions.current(settings.warehouse)
    if serving is not None and serving.path.exists():
        made_from = asdict(
            fingerprint.fingerprint(settings, project, runner.Options().configuration)
        )
        said = serving.facts().get("fingerprint") or {}
        if all(said.get(part) == value for part, value in made_from.items() if part != "journal"):
            return _Reference(f"published version {serving.stamp}", serving.path.resolve(), "main")
    steps.begin(0, "build from the whole lake")
    path, _ = _build(settings.lake, project, folder, steps)
    kept = folder / "reference.duckdb"
    path.replace(kept)
    return _Reference("a build of its own", kept, None)


def _build(lake: Path, project: Path, folder: Path, steps: _Steps) -> tuple[Path, Path]:
    """Build a whole warehouse from a lake; return the file and dbt's manifest.

    All builds share one folder, so that dbt parses the project once.
    """
    settings = Settings(
        lake=lake.resolve(), journal=folder / "journal", warehouse=folder / "warehouse"
    )
    for path in settings.build_file.parent.glob(f"{settings.build_file.name}*"):
        path.unlink()
    settings.journal.mkdir(parents=True, exist_ok=True)
    with writing(settings):
        run = runner.build(settings, _WithoutTests(), project=project, progress=steps.node)
    return settings.build_file, run.manifest_path


@contextlib.contextmanager
def _scratch(given: Path | None) -> Iterator[Path]:
    """Give a folder to work in; a temporary one is removed afterwards."""
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="quant-audit-")).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _own_target() -> Iterator[None]:
    """Keep the audit's builds from writing where QUANT_TARGET says: that is the user's."""
    before = os.environ.pop("QUANT_TARGET", None)
    try:
        yield
    finally:
        if before is not None:
            os.environ["QUANT_TARGET"] = before


class _Steps:
    """Progress over several builds, in hundredths of one."""

    def __init__(self, progress: Progress | None, builds: int) -> None:
        self._progress = progress
        self._total = builds * _STEPS
        self._base = 0
        self._what = ""

    def begin(self, number: int, what: str) -> None:
        self._base, self._what = number * _STEPS, what
        self._tell(self._base)

    def node(self, done: int, total: int, name: str) -> None:
        self._tell(self._base + _STEPS * done // max(total, 1), f": {name}")

    def end(self) -> None:
        self._what = "compared"
        self._tell(self._total)

    def _tell(self, done: int, more: str = "") -> None:
        if self._progress is not None:
            self._progress(min(done, self._total), self._total, self._what + more)
