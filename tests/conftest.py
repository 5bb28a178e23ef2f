"""What all tests share: stores of their own, and small simulated lakes made once a run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

SMALL_SYMBOLS = ("SPY", "TLT", "XLF")
SMALL_SESSIONS = 12


@pytest.fixture(autouse=True)
def _no_stores_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Point the default stores into the test's own folder: no test may touch real ones."""
    for name in ("LAKE", "JOURNAL", "WAREHOUSE"):
        monkeypatch.setenv(f"QUANT_{name}", str(tmp_path / "default" / name.lower()))


@pytest.fixture(scope="session")
def small_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated lake of a few sessions and symbols; copy it before changing it."""
    from engine.lake.simulate import simulate

    lake = tmp_path_factory.mktemp("small") / "lake"
    simulate(lake, sessions=SMALL_SESSIONS, symbols=SMALL_SYMBOLS, seed=11)
    return lake


@pytest.fixture(scope="session")
def copy_of() -> Callable[[Path, Path], Path]:
    """Return a function that copies a lake with its change times."""

    def copy(lake: Path, target: Path) -> Path:
        return Path(shutil.copytree(lake, target, copy_function=shutil.copy2))

    return copy


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The private real data, where it is; tests that need it are skipped elsewhere."""
    import os

    from engine.settings import project_root

    folder = Path(os.environ.get("QUANT_REAL", project_root().parent / "shared" / "data"))
    if not (folder / "SOURCES.md").exists():
        pytest.skip(f"no real data at {folder}: set QUANT_REAL to run these tests")
    return folder
