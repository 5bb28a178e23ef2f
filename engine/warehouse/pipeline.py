"""From lake to published version: check, skip what nothing changed, build, publish."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import duckdb

from engine.errors import BuildError
from engine.lake.files import lake_files
from engine.lake.store import Lake, LakeFile
from engine.settings import Settings, project_root
from engine.warehouse import fingerprint, manifest, versions
from engine.warehouse.connect import open_error
from engine.warehouse.manifest import Manifest
from engine.warehouse.publish import Context, Progress, publish, writing
from engine.warehouse.runner import NodeProgress, Options, Run
from engine.warehouse.runner import build as run_dbt
from engine.warehouse.versions import Version


@dataclass(frozen=True)
class Outcome:
    """What a build came to.

    Parameters
    ----------
    version
        The version that serves now; None when none was ever published.
    run
        How dbt went; None when nothing had changed.
    not_published
        Why no new version was made, where that was no failure.
    seconds
        Wall time of it all.
    """

    version: Version | None
    run: Run | None
    not_published: str
    seconds: float


def build(
    settings: Settings,
    options: Options | None = None,
    *,
    quarantine: bool = False,
    publishing: bool = True,
    project: Path | None = None,
    node_progress: NodeProgress | None = None,
    publish_progress: Progress | None = None,
) -> Outcome:
    """Build what changed and publish it.

    Nothing is done when the published version was made from the same lake, code, configuration,
    packages and journal. After a partial build (`options.select`) a version is published only
    if nothing was left behind that is older than what it reads; if something was, the outcome
    says what, and the version before keeps serving.

    Parameters
    ----------
    settings
        The stores.
    options
        What to build and how.
    quarantine
        Leave out day files that cannot be read, as rejects, instead of stopping.
    publishing
        Publish at the end.
    project
        The dbt project; by default this checkout's.
    node_progress, publish_progress
        Told of each node and of each table.

    Raises
    ------
    LakeError
        When there is no lake, or a file in it cannot be used.
    BuildError, PublishError, LockedError
        When nothing new was published; the version before keeps serving.
    """
    started = time.monotonic()
    options = _with_quarantine(options or Options(), quarantine)
    project = project or project_root()
    lake = Lake.open(settings.lake)
    lake_files(quarantine=quarantine, lake=lake)  # a bad file stops here, before dbt starts
    # importers wait until the build is through: rows must be read as they were judged
    with writing(settings), lake.writing():
        made_from = asdict(fingerprint.fingerprint(settings, project, options.configuration))
        serving = versions.current(settings.warehouse)
        is_complete = not options.select
        if is_complete and publishing and not options.full_refresh and serving is not None:
            facts = serving.facts()
            is_in_place = facts.get("parts_folder") == str(serving.parts.resolve())
            if facts.get("fingerprint") == made_from and is_in_place:
                return Outcome(serving, None, "nothing changed", time.monotonic() - started)
        files = lake.scan()
        run = run_dbt(settings, options, project=project, progress=node_progress)
        if not publishing:
            reason = "publishing was switched off"
            return Outcome(serving, run, reason, time.monotonic() - started)
        require_same_lake(settings)
        # after a partial build nobody can say that the rest was made from what there is now
        context = Context(
            run=run.facts(options),
            fingerprint=made_from if is_complete else {},
            lake=count_days(files),
            lake_files=content_hashes(files),
        )
        try:
            version = publish(
                settings, manifest.read(run.manifest_path), context, progress=publish_progress
            )
        except BuildError as error:
            if is_complete:
                raise
            return Outcome(serving, run, str(error), time.monotonic() - started)
    return Outcome(version, run, "", time.monotonic() - started)


def publish_last_build(settings: Settings, *, progress: Progress | None = None) -> Version:
    """Publish what `dbt build` made, as the project described it then.

    Raises
    ------
    BuildError
        When there is no build, or it may not be published; see `engine.warehouse.readiness`.
    PublishError, LockedError
        When the version cannot be written.
    """
    with writing(settings), Lake.open(settings.lake).writing():
        require_same_lake(settings)
        return publish(settings, _manifest_of_build(settings), progress=progress)


def require_same_lake(settings: Settings) -> None:
    """Require that the lake is what the build file was made from.

    Staging is views over the day files, minus rejected rows by number: with another file under
    them they would show other rows.

    Raises
    ------
    BuildError
        When a day file came, went or changed since.
    """
    if not settings.build_file.exists():
        return  # publishing says so
    try:
        with duckdb.connect(str(settings.build_file), read_only=True) as connection:
            rows = connection.execute(
                "select dataset, session_date, content_hash from staging.stg_lake__files"
            ).fetchall()
    except duckdb.CatalogException:
        return  # a project that lists no day files shows none
    except duckdb.Error as error:
        raise open_error(error, settings.build_file) from error
    built = {(dataset, day): content for dataset, day, content in rows}
    files = Lake.open(settings.lake).scan()
    there = {(file.dataset, file.session_date): file.content_hash for file in files}
    different = sorted(key for key in built.keys() | there if built.get(key) != there.get(key))
    if different:
        dataset, day = different[0]
        raise BuildError(
            f"The lake has changed since it was built: {len(different)} day files, first "
            f"{dataset}/{day}.parquet; nothing was published.",
            "Run `quant build`.",
        )


def _manifest_of_build(settings: Settings) -> Manifest:
    """Return the manifest that the last run left in the build file (macro `keep_manifest`).

    The one in dbt's target folder may be of a later `dbt parse` or of another warehouse.
    """
    if not settings.build_file.exists():
        raise BuildError(
            f"There is no build at {settings.build_file}.", "Make one with `quant build`."
        )
    try:
        with duckdb.connect(str(settings.build_file), read_only=True) as connection:
            row = connection.execute("select content from ops.manifest").fetchone()
    except duckdb.CatalogException:
        row = None
    except duckdb.Error as error:
        raise open_error(error, settings.build_file) from error
    if row is None:
        raise BuildError(
            "The build file does not say which project it was made from; nothing was published.",
            "Run `quant build`.",
        )
    return manifest.parse(json.loads(row[0]))


def count_days(files: Iterable[LakeFile]) -> dict[str, int]:
    """Return the number of day files by data set."""
    return {name: len(days) for name, days in content_hashes(files).items()}


def content_hashes(files: Iterable[LakeFile]) -> dict[str, dict[str, str]]:
    """Return the start of each day file's content hash, by data set and day."""
    hashes: dict[str, dict[str, str]] = {}
    for file in files:
        days = hashes.setdefault(file.dataset, {})
        days[file.session_date.isoformat()] = file.content_hash[:12]
    return hashes


def _with_quarantine(options: Options, quarantine: bool) -> Options:
    if not quarantine:
        return options
    return replace(options, variables=(*options.variables, ("quarantine_files", True)))
