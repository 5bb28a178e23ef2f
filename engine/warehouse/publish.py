"""Publishing: the public tables of a finished build become a version that readers see at once.

Order makes it safe to be killed anywhere: the version is written under a partial name, synced,
renamed, and only then does the symlink `current.duckdb` move, in one step. Until that step the
version before keeps serving; what an unfinished publish left is removed by the next.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import re
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
from engine.warehouse.versions import Version

Progress = Callable[[int, int, str], None]  # done, total, what is being published

_BUILD = "build"  # the build file's name inside the connection that publishes
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
            "fingerprint_hash": _hash(json.dumps(dict(context.fingerprint), sort_keys=True)),
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
        readiness.require(connection, manifest, _BUILD)
        tests = readiness.test_results(connection, manifest, _BUILD)
        _register_functions_for_views(connection, manifest)
        tables: dict[str, Any] = {}
        version.parts.mkdir(parents=True)
        for done, model in enumerate(manifest.public):
            if progress is not None:
                progress(done, len(manifest.public), model.name)
            facts = (
                _write_parts(connection, model, version, previous)
                if model.kind == "parts"
                else _write_table(connection, model)
            )
            _comment(connection, model)
            tables[model.name] = {"kind": model.kind, "description": model.description, **facts}
        connection.execute(f"detach {_BUILD}")
        connection.execute("checkpoint")
    finally:
        connection.close()
    versions.sync_file(version.partial)
    versions.sync_folder(version.parts)
    versions.sync_folder(version.parts.parent)
    return tables, tests


def _attach(connection: duckdb.DuckDBPyConnection, build_file: Path) -> None:
    try:
        connection.execute(f"attach {_text(build_file)} as {_BUILD} (read_only)")
    except duckdb.Error as error:
        raise open_error(error, build_file) from error


def _register_functions_for_views(
    connection: duckdb.DuckDBPyConnection, manifest: Manifest
) -> None:
    """Register the project's functions when a public model is a view, which may call them."""
    names = [model.name for model in manifest.public]
    row = connection.execute(
        "select count(*) from duckdb_views() "
        f"where database_name = '{_BUILD}' and view_name in (select unnest(?))",
        [names],
    ).fetchone()
    if row and row[0]:
        from engine.warehouse import udf

        udf.register(connection)


# -- tables --------------------------------------------------------------------------------


def _write_table(connection: duckdb.DuckDBPyConnection, model: PublicModel) -> dict[str, Any]:
    name = _name(model.name)
    connection.execute(f"create table main.{name} as from {_source(model)}")
    columns = _columns(connection, f"main.{name}")
    return _counts(connection, f"main.{name}", columns)


def _counts(
    connection: duckdb.DuckDBPyConnection, relation: str, columns: list[str]
) -> dict[str, Any]:
    """Count rows, symbols and sessions, and find how far the table reaches."""
    entity = _entity(columns)
    wanted = {"rows": "count(*)"}
    if entity:
        wanted["symbols"] = f"count(distinct {_name(entity)})"
    if "session_date" in columns:
        wanted["sessions"] = "count(distinct session_date)"
        wanted["first_session"] = "min(session_date)"
        wanted["last_session"] = "max(session_date)"
    if "known_at" in columns:
        wanted["known_at"] = "max(known_at)::varchar"
    query = ", ".join(f"{sql} as {_name(name)}" for name, sql in wanted.items())
    row = connection.execute(f"select {query} from {relation}").fetchone()
    assert row is not None
    return {
        name: value.isoformat() if isinstance(value, dt.date) else value
        for name, value in zip(wanted, row, strict=True)
    }


def _entity(columns: list[str]) -> str | None:
    """Return the column that says whose row it is: an option's underlying, else the symbol."""
    return next((name for name in ("underlying", "symbol") if name in columns), None)


# -- parts ---------------------------------------------------------------------------------


def _write_parts(
    connection: duckdb.DuckDBPyConnection,
    model: PublicModel,
    version: Version,
    previous: Version | None,
) -> dict[str, Any]:
    """Write a table's months as Parquet and a view over exactly these files.

    A month whose rows come from the same stamps as in the version before is the same file, by
    hard link; so a day's build writes a month, not the history.
    """
    columns = _columns(connection, _source(model))
    if "session_date" not in columns:
        raise PublishError(
            f"{model.name} has no session_date, so it cannot be published as parts.",
            "Publish it as a table.",
        )
    folder = version.parts / model.name
    folder.mkdir()
    before = _parts_before(previous, model)
    salt = _definition(connection, model)
    parts: list[dict[str, Any]] = []
    for month, first, last, stamps in _months(connection, model):
        # without stamps nobody knows what changed: name the month so that it is written
        path = folder / f"{month}-{_hash(f'{salt} {stamps or version.stamp}')[:16]}.parquet"
        if stamps and previous is not None and path.name in before:
            _link(previous.parts / model.name / path.name, path)
            parts.append(before[path.name])
            continue
        where = f"session_date between date '{first}' and date '{last}'"
        _copy(connection, f"from {_source(model)} where {where}", path)
        facts = _counts(connection, f"read_parquet({_text(path)})", columns)
        if facts["rows"]:
            facts["symbols"] = _symbols(connection, path, columns)
            parts.append({"file": path.name, **facts})
        else:
            path.unlink()
    if not parts:  # a view needs a file to take its columns from
        path = folder / "none.parquet"
        _copy(connection, f"from {_source(model)} limit 0", path)
    versions.sync_folder(folder)
    names = [part["file"] for part in parts] or ["none.parquet"]
    files = ", ".join(_text(folder.resolve() / name) for name in names)
    connection.execute(f"create view main.{_name(model.name)} as from read_parquet([{files}])")
    return {
        "rows": sum(part["rows"] for part in parts),
        "symbols": len(set().union(*(part["symbols"] for part in parts))),
        "sessions": sum(part["sessions"] for part in parts),
        "first_session": parts[0]["first_session"] if parts else None,
        "last_session": parts[-1]["last_session"] if parts else None,
        "parts": parts,
    }


def _parts_before(previous: Version | None, model: PublicModel) -> dict[str, dict[str, Any]]:
    """Return the parts of the version before that are whole, by file name."""
    if previous is None:
        return {}
    listed = previous.facts().get("tables", {}).get(model.name, {}).get("parts", [])
    folder = previous.parts / model.name
    return {part["file"]: part for part in listed if (folder / part["file"]).exists()}


def _months(
    connection: duckdb.DuckDBPyConnection, model: PublicModel
) -> list[tuple[str, dt.date, dt.date, str | None]]:
    """Return month, first and last date, and a hash of what the month's rows were made from.

    The hash is None when a date has no stamp. A table's dates are its own. A view over the
    lake's files is not read for them: its stamped dates are all it has.
    """
    stamps = _stamps(connection, model)
    if _query(connection, model) is not None and stamps is not None:
        dates = f"select session_date, 0 as count_rows, stamp from ({stamps})"
    else:
        dates = f"""
            select session_date, count_rows, stamp
            from (
                select session_date, count(*) as count_rows from {_source(model)} group by all
            )
            left join ({stamps or _NO_STAMPS}) using (session_date)
        """
    months: list[tuple[str, dt.date, dt.date, str | None]] = connection.execute(
        f"""
        select
            strftime(session_date, '%Y-%m') as month,
            min(session_date),
            max(session_date),
            if(
                count(*) = count(stamp),
                md5(string_agg(
                    session_date || ' ' || count_rows || ' ' || stamp, ',' order by session_date
                )),
                null
            )
        from ({dates}) as dates
        group by all
        order by all
        """
    ).fetchall()
    return months


_NO_STAMPS = "select null::date as session_date, null::varchar as stamp where false"


def _stamps(connection: duckdb.DuckDBPyConnection, model: PublicModel) -> str | None:
    """Return a query for the stamp of each date; None when the build keeps none."""
    known = connection.execute(
        "select count(*) from duckdb_tables() where database_name = ? "
        "and schema_name = 'ops' and table_name = 'lake_build_state'",
        [_BUILD],
    ).fetchone()
    if not known or not known[0]:
        return None
    names = ", ".join(_text(name) for name in model.stamps_from)
    query = (
        "select session_date, string_agg(stamp, ' ' order by model) as stamp "
        f"from {_BUILD}.ops.lake_build_state where model in ({names}) group by all"
    )
    return query if connection.execute(f"{query} limit 1").fetchone() else None


def _query(connection: duckdb.DuckDBPyConnection, model: PublicModel) -> str | None:
    """Return the query of a view; None for a table."""
    row = connection.execute(
        "select sql from duckdb_views() "
        "where database_name = ? and schema_name = ? and view_name = ?",
        [_BUILD, model.schema, model.name],
    ).fetchone()
    return str(row[0]) if row else None


def _definition(connection: duckdb.DuckDBPyConnection, model: PublicModel) -> str:
    """Return a hash of a table's columns and, for a view, of its query but for the files' names."""
    columns = connection.execute(f"describe {_source(model)}").fetchall()
    query = re.sub(r"'[^']*\.parquet'(, )?", "", _query(connection, model) or "")
    return _hash(f"{columns} {query}")


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    connection.execute(f"copy ({query}) to {_text(path)} (format parquet, compression snappy)")
    versions.sync_file(path)


def _link(old: Path, new: Path) -> None:
    try:
        os.link(old, new)
    except OSError:  # a file system without hard links
        shutil.copy2(old, new)
        versions.sync_file(new)


def _symbols(connection: duckdb.DuckDBPyConnection, path: Path, columns: list[str]) -> list[str]:
    entity = _entity(columns)
    if entity is None:
        return []
    rows = connection.execute(
        f"select distinct {_name(entity)} from read_parquet({_text(path)}) order by all"
    ).fetchall()
    return [row[0] for row in rows]


# -- documentation -------------------------------------------------------------------------


def _comment(connection: duckdb.DuckDBPyConnection, model: PublicModel) -> None:
    name = f"main.{_name(model.name)}"
    kind = "view" if model.kind == "parts" else "table"
    statements = [f"comment on {kind} {name} is {_text(model.description)}"]
    present = _columns(connection, name)
    if len(present) <= _MOST_COMMENTED_COLUMNS:
        statements += [
            f"comment on column {name}.{_name(column)} is {_text(description)}"
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


def _columns(connection: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    rows = connection.execute(f"describe {relation}").fetchall()
    return [row[0] for row in rows]


def _source(model: PublicModel) -> str:
    return f"{_BUILD}.{_name(model.schema)}.{_name(model.name)}"


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
