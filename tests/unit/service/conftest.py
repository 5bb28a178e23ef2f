from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "warehouse"))

from finished_build import Build, make_build

from engine.lake.store import Lake
from engine.warehouse.publish import publish


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """A finished build that the environment names."""
    made = make_build(tmp_path)
    Lake.open(made.settings.lake, create=True)
    for name, value in made.settings.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return made


@pytest.fixture
def published(build: Build) -> Build:
    """The same, published."""
    publish(build.settings, build.manifest)
    return build
