"""The tiny warehouse, and pages run without a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from tiny_warehouse import make

TIMEOUT = 30  # seconds; a first run imports and compiles


def _page(name: str) -> None:
    from app import shell
    from app.page import find

    shell.draw(next(found for found in find() if found.name == name))


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("app") / "warehouse")


@pytest.fixture
def tiny(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QUANT_WAREHOUSE", str(tiny_folder))
    return tiny_folder


@pytest.fixture
def warehouse_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A tiny warehouse that lacks some tables."""

    def publish(*names: str) -> Path:
        monkeypatch.setenv("QUANT_WAREHOUSE", str(tmp_path / "partial"))
        return make(tmp_path / "partial", without=names)

    return publish


@pytest.fixture
def page() -> Callable[[str], AppTest]:
    """A page of the app, not yet run."""

    def prepared(name: str) -> AppTest:
        return AppTest.from_function(_page, kwargs={"name": name}, default_timeout=TIMEOUT)

    return prepared
