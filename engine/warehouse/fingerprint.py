"""Fingerprint of everything a build depends on: equal fingerprints, equal warehouses.

`quant build` does nothing when the published version was made from the same lake, code,
configuration, packages and journal.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.lake.schema import DATASETS
from engine.lake.store import Lake, LakeFile
from engine.settings import Settings

PACKAGES = (
    "arch",
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "exchange_calendars",
    "numba",
    "numpy",
    "pandas",
    "pyarrow",
    "scipy",
    "statsmodels",
)
_CODE = (
    "dbt_project.yml",
    "profiles.yml",
    "models/**/*",
    "macros/**/*",
    "seeds/**/*",
    "snapshots/**/*",
    "analyses/**/*",
    "python_models/**/*",
    "engine/**/*.py",
    "tests/**/*.sql",
    "tests/**/*.yml",
)
# Made by builds themselves; a version's history joins the warehouse with the next change.
_OWN_JOURNAL = ("builds",)
# Day files are known by content; their manifest, the lock and the simulator's truth are no input.
_NOT_HASHED_AGAIN = (
    *DATASETS,
    *(f"_manifest/{name}.json" for name in DATASETS),
    "_lock",
    "_spool",
    "truth",
)


@dataclass(frozen=True)
class Fingerprint:
    """Hashes of what a build depends on, one a kind, so that one can say what changed."""

    lake: str
    code: str
    configuration: str
    packages: str
    journal: str

    def changes_since(self, other: Mapping[str, str]) -> list[str]:
        """Return the names of the parts that differ from another fingerprint's."""
        return [name for name, value in asdict(self).items() if other.get(name) != value]


def fingerprint(
    settings: Settings, project: Path, configuration: Mapping[str, object]
) -> Fingerprint:
    """Return the fingerprint of a build about to start.

    Parameters
    ----------
    settings
        Where lake and journal are.
    project
        Folder of the dbt project.
    configuration
        Whatever else decides the outcome: dbt target, vars, quarantine.
    """
    lake = Lake.open(settings.lake)
    return Fingerprint(
        lake=_lake_hash(lake, lake.scan()),
        code=hash_files(project, [path for glob in _CODE for path in project.glob(glob)]),
        configuration=_digest(json.dumps(configuration, sort_keys=True, default=str).encode()),
        packages=_digest(package_versions(*PACKAGES).encode()),
        journal=_listing_hash(settings.journal, skip=_OWN_JOURNAL),
    )


def hash_files(root: Path, files: Iterable[Path], salt: str = "") -> str:
    """Return a hash of files' names below `root` and contents, whatever their order."""
    digest = hashlib.blake2b(salt.encode(), digest_size=16)
    for path in sorted({path for path in files if path.is_file() and _is_source(path)}):
        digest.update(str(path.relative_to(root)).encode() + b"\0")
        content = path.read_bytes()
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()


def package_versions(*names: str) -> str:
    """Return `name==version` of installed packages, one a line."""

    def version(name: str) -> str:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return "absent"

    return "\n".join(f"{name}=={version(name)}" for name in names)


def _is_source(path: Path) -> bool:
    return "__pycache__" not in path.parts and not path.name.startswith(".")


def _lake_hash(lake: Lake, files: list[LakeFile]) -> str:
    days = [f"{file.dataset} {file.session_date} {file.content_hash}" for file in files]
    return _digest("\n".join([*days, _listing_hash(lake.root, skip=_NOT_HASHED_AGAIN)]).encode())


def _listing_hash(folder: Path, skip: Collection[str]) -> str:
    """Hash names, sizes and change times: these files only grow or are replaced by rename."""
    lines = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if name.parts[0] in skip or str(name) in skip or path.name.startswith("."):
            continue
        if path.is_file():
            stat = path.stat()
            lines.append(f"{name} {stat.st_size} {stat.st_mtime_ns}")
    return _digest("\n".join(lines).encode())


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
