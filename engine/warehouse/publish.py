"""Publishing: the public tables of a finished build become a version that readers see at once.

Order makes it safe to be killed anywhere: the version is written under a partial name, synced,
renamed, and only then does the symlink `current.duckdb` move, in one step. Until that step the
version before keeps serving; what an unfinished publish left is removed by the next.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from engine.errors import BuildError, PublishError
from engine.lake.store import exclusive, write_atomically
from engine.settings import Settings, project_root
from engine.warehouse import history, readiness, versions
from engine.warehouse.connect import open_error
from engine.warehouse.manifest import Manifest, PublicModel
from engine.warehouse.parts import write_parts
from engine.warehouse.tables import BUILD, columns_of, counts, digest, literal, quoted, source
from engine.warehouse.versions import Version

Progress = Callable[[int, int, str], None]  # done, total, what is being published

# A comment rewrites its table's whole entry, so documenting a table costs the square of its
# width. Wider tables are documented by `feature_catalog`.
_MOST_COMMENTED_COLUMNS = 500


@dataclass(frozen=True)
class Context:
    """What is known of the build to be published besides its content.

    Parameters
    ----------
    run
        How the build went: seconds, target, counts.
    fingerprint
        Hashes of what it was made from; see `engine.warehouse.fingerprint`.
    lake
        Number of day files by data set.
    lake_files
        Content hash of each day file, by data set and day.
    """

    run: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    lake: Mapping[str, int] = field(default_factory=dict)
    lake_files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


NO_CONTEXT = Context()


@contextlib.contextmanager
def writing(settings: Settings) -> Iterator[None]:
    """Hold the warehouse's writer lock.

    Raises
    ------
    LockedError
        When another process builds or publishes this warehouse.
    PublishError
        When the folder cannot be written.
    """
    folder = settings.warehouse
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(exclusive(folder / "_lock", f"the warehouse {folder}"))
        except OSError as error:
            raise PublishError(
                f"The warehouse {folder} cannot be written: {error.strerror}.",
                "Fix the folder's permissions, or set QUANT_WAREHOUSE to another.",
            ) from error
        yield


def publish(
    settings: Settings,
    manifest: Manifest,
    context: Context = NO_CONTEXT,
    *,
    progress: Progress | None = None,
) -> Version:
    """Publish the build file; the caller holds `writing`.

    Parameters
    ----------
    settings
        The warehouse, its build file and the journal.
    manifest
        The project that the build was made from.
    context
        What to note beside the version.
    progress
        Told of each table.

    Returns
    -------
    Version
        The version that now serves.

    Raises
    ------
    BuildError
        When the build may not be published; see `engine.warehouse.readiness`.
    PublishError
        When the version cannot be written; the one before keeps serving.
    LockedError
        When dbt is writing the build file.
    """
    started = time.monotonic()
    if not settings.build_file.exists():
        raise BuildError(
            f"There is no build at {settings.build_file}.", "Make one with `quant build`."
        )
    history.record_missing(settings.warehouse, settings.journal)
    versions.clean(settings.warehouse)
    previous = versions.current(settings.warehouse)
    version = versions.new(settings.warehouse)
    try:
        tables, tests = _write(version, previous, settings.build_file, manifest, progress)
        facts = {
            "stamp": version.stamp,
            "published_at": version.made_at.isoformat(),
            "publish_seconds": round(time.monotonic() - started, 3),
            "parts_folder": str(version.parts.resolve()),
            "run": dict(context.run),
            "lake": dict(context.lake),
            "lake_files": {name: dict(days) for name, days in context.lake_files.items()},
            "fingerprint": dict(context.fingerprint),
            "fingerprint_hash": digest(json.dumps(dict(context.fingerprint), sort_keys=True)),
            "git_revision": git_revision(project_root()),
            "packages": _packages(),
            "tables": tables,
            "tests": tests,
        }
        content = json.dumps(facts, indent=1, sort_keys=True, default=str)
        write_atomically(version.facts_path, content.encode())
        version.partial.replace(version.path)
        versions.sync_folder(settings.warehouse)
        versions.serve(version)
    except (duckdb.Error, OSError) as error:
        _discard(version)
        reason = error.strerror if isinstance(error, OSError) else str(error).splitlines()[0]
        raise PublishError(
            f"No new version could be written to {settings.warehouse}: {reason}.",
            "Free space or fix the folder's permissions, then run `quant publish`; "
            "the version before keeps serving.",
        ) from error
    except BaseException:
        _discard(version)
        raise
    history.record(version, settings.journal)
    versions.clean(settings.warehouse)
    return version


def _discard(version: Version) -> None:
    if versions.current(version.warehouse) == version:
        return  # it serves already
    log = version.partial.with_name(f"{version.partial.name}.wal")
    for path in (version.partial, log, version.path, version.facts_path):
        with contextlib.suppress(OSError):
            path.unlink()
    shutil.rmtree(version.parts, ignore_errors=True)


def _write(
    version: Version,
    previous: Version | None,
    build_file: Path,
    manifest: Manifest,
    progress: Progress | None,
) -> tuple[dict[str, Any], list[dict[str, object]]]:
    """Write the partial file and the parts; return facts by table, and the tests' results."""
    connection = duckdb.connect(str(version.partial))
    try:
        connection.execute("set TimeZone = 'UTC'")
        _attach(connection, build_file)
        readiness.require(connection, manifest, BUILD)
        tests = readiness.test_results(connection, manifest, BUILD)
        _register_functions_for_views(connection, manifest)
        tables: dict[str, Any] = {}
        version.parts.mkdir(parents=True)
        for done, model in enumerate(manifest.public):
            if progress is not None:
                progress(done, len(manifest.public), model.name)
            facts = (
                write_parts(connection, model, version, previous)
                if model.kind == "parts"
                else _write_table(connection, model)
            )
            _comment(connection, model)
            tables[model.name] = {"kind": model.kind, "description": model.description, **facts}
        connection.execute(f"detach {BUILD}")
        connection.execute("checkpoint")
    finally:
        connection.close()
    versions.sync_file(version.partial)
    versions.sync_folder(version.parts)
    versions.sync_folder(version.parts.parent)
    return tables, tests


def _attach(connection: duckdb.DuckDBPyConnection, build_file: Path) -> None:
    try:
        connection.execute(f"attach {literal(build_file)} as {BUILD} (read_only)")
    except duckdb.Error as error:
        raise open_error(error, build_file) from error


def _register_functions_for_views(
    connection: duckdb.DuckDBPyConnection, manifest: Manifest
) -> None:
    """Register the project's functions when a public model is a view, which may call them."""
    names = [model.name for model in manifest.public]
    row = connection.execute(
        "select count(*) from duckdb_views() "
        f"where database_name = '{BUILD}' and view_name in (select unnest(?))",
        [names],
    ).fetchone()
    if row and row[0]:
        from engine.warehouse import udf

        udf.register(connection)


# -- tables --------------------------------------------------------------------------------


def _write_table(connection: duckdb.DuckDBPyConnection, model: PublicModel) -> dict[str, Any]:
    name = quoted(model.name)
    connection.execute(f"create table main.{name} as from {source(model)}")
    columns = columns_of(connection, f"main.{name}")
    return counts(connection, f"main.{name}", columns)


# -- documentation -------------------------------------------------------------------------


def _comment(connection: duckdb.DuckDBPyConnection, model: PublicModel) -> None:
    name = f"main.{quoted(model.name)}"
    kind = "view" if model.kind == "parts" else "table"
    statements = [f"comment on {kind} {name} is {literal(model.description)}"]
    present = columns_of(connection, name)
    if len(present) <= _MOST_COMMENTED_COLUMNS:
        statements += [
            f"comment on column {name}.{quoted(column)} is {literal(description)}"
            for column, description in model.columns.items()
            if description and column in present
        ]
    connection.execute(";".join(["begin", *statements, "commit"]))


def git_revision(folder: Path) -> str | None:
    """Return the checkout's commit, with `-dirty` when files differ from it; None without git."""
    try:
        command = ["git", "describe", "--always", "--dirty", "--exclude=*", "--abbrev=40"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


def _packages() -> dict[str, str]:
    from engine.warehouse.fingerprint import PACKAGES, package_versions

    lines = package_versions(*PACKAGES).splitlines()
    return dict(line.split("==", 1) for line in lines)
