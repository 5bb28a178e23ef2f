"""Published versions of the warehouse: their names, which one is current, how long they stay.

A version is `warehouse-<stamp>.duckdb`, its parts in `parts/<stamp>/` and its facts in
`build-<stamp>.json`. The symlink `current.duckdb` names the one that serves. Anything else in
these places is what a killed publish left behind, and is removed by the next one.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import PublishError

KEPT = 2  # the current version and the one before, so that a reader is never cut off mid-query
_NAME = re.compile(r"warehouse-(\d{8}T\d{6}\d{6}Z)\.duckdb")
_STAMP = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True)
class Version:
    """One published version.

    Parameters
    ----------
    warehouse
        Folder of the warehouse.
    stamp
        When it was made, UTC, to the microsecond; names sort by time.
    """

    warehouse: Path
    stamp: str

    @property
    def path(self) -> Path:
        """The DuckDB file."""
        return self.warehouse / f"warehouse-{self.stamp}.duckdb"

    @property
    def partial(self) -> Path:
        """The DuckDB file while it is being written."""
        return self.warehouse / f"warehouse-{self.stamp}.duckdb.partial"

    @property
    def parts(self) -> Path:
        """The folder of its Parquet parts."""
        return self.warehouse / "parts" / self.stamp

    @property
    def facts_path(self) -> Path:
        """What is known of the build, as JSON."""
        return self.warehouse / f"build-{self.stamp}.json"

    @property
    def made_at(self) -> dt.datetime:
        """When it was made."""
        return dt.datetime.strptime(self.stamp, _STAMP).replace(tzinfo=dt.UTC)

    def facts(self) -> dict[str, Any]:
        """Return what is known of the build; empty when its file is gone."""
        try:
            content: dict[str, Any] = json.loads(self.facts_path.read_text())
        except (OSError, json.JSONDecodeError):
            return {}
        return content


def listing(warehouse: Path) -> tuple[Version, ...]:
    """Return the complete versions in a warehouse, oldest first."""
    names = (_NAME.fullmatch(path.name) for path in warehouse.glob("warehouse-*.duckdb"))
    return tuple(Version(warehouse, stamp) for stamp in sorted(name[1] for name in names if name))


def current(warehouse: Path) -> Version | None:
    """Return the version that serves, or None."""
    link = warehouse / "current.duckdb"
    with contextlib.suppress(OSError):
        name = _NAME.fullmatch(link.readlink().name)
        if name and link.exists():
            return Version(warehouse, name[1])
    return None


def require_current(warehouse: Path) -> Version:
    """Return the version that serves.

    Raises
    ------
    PublishError
        When nothing was published yet.
    """
    version = current(warehouse)
    if version is None:
        raise PublishError(
            f"Nothing is published in {warehouse}.", "Build and publish with `quant build`."
        )
    return version


def new(warehouse: Path) -> Version:
    """Return a version that does not exist yet, later than every one that does."""
    stamp = dt.datetime.now(dt.UTC)
    existing = listing(warehouse)
    if existing and existing[-1].made_at >= stamp:  # a clock that went back
        stamp = existing[-1].made_at + dt.timedelta(microseconds=1)
    return Version(warehouse, stamp.strftime(_STAMP))


def serve(version: Version) -> None:
    """Make a version the current one, in one step."""
    temporary = version.warehouse / f".current.duckdb.{os.getpid()}.partial"
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    temporary.symlink_to(version.path.name)
    temporary.replace(version.warehouse / "current.duckdb")
    sync_folder(version.warehouse)


def clean(warehouse: Path) -> None:
    """Remove all but the current version and the one before it, and what kills left behind.

    Files that a reader holds open stay readable until it lets go.
    """
    serving = current(warehouse)
    kept: set[str] = set()
    if serving is not None:
        stamps = [v.stamp for v in listing(warehouse) if v.stamp <= serving.stamp]
        kept = set(stamps[-KEPT:])
    for path in _leftovers(warehouse, kept):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()


def _leftovers(warehouse: Path, kept: set[str]) -> Iterator[Path]:
    stays = {
        path.name
        for stamp in kept
        for path in (Version(warehouse, stamp).path, Version(warehouse, stamp).facts_path)
    }
    for pattern in ("warehouse-*.duckdb", "warehouse-*.partial*", "build-*.json", ".*.partial"):
        yield from (path for path in warehouse.glob(pattern) if path.name not in stays)
    yield from (path for path in (warehouse / "parts").glob("*") if path.name not in kept)


def sync_folder(folder: Path) -> None:
    """Make a folder's entries survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Make a file's content survive a power cut."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
