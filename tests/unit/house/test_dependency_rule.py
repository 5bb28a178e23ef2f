"""The arrows of the house point one way; docs/architecture.md draws them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

# What each part may import of the others. A part may always import itself; the standing parts
# (`errors`, `settings`) may be imported by all but the kernels.
MAY_IMPORT = {
    "engine.kernels": set(),
    "engine.errors": set(),
    "engine.settings": set(),
    "engine.market": {"engine.kernels"},
    "engine.lake": {"engine.kernels", "engine.market"},
    "engine.features": {"engine.kernels", "engine.market", "engine.lake"},
    "engine.options": {"engine.kernels", "engine.market", "engine.lake"},
    "engine.warehouse": {
        "engine.kernels",
        "engine.market",
        "engine.lake",
        "engine.features",
        "engine.options",
    },
    "engine.validation": {
        "engine.kernels",
        "engine.market",
        "engine.lake",
        "engine.features",
        "engine.options",
        "engine.warehouse",
    },
    "engine.service": {
        "engine.kernels",
        "engine.market",
        "engine.lake",
        "engine.features",
        "engine.options",
        "engine.warehouse",
        "engine.validation",
    },
    "python_models": {"engine.features", "engine.lake", "engine.market", "engine.options"},
    "app": {"engine.warehouse"},
}
STANDING = {"engine", "engine.errors", "engine.settings"}
KERNEL_LIBRARIES = {"__future__", "math", "numpy", "numba", "typing", "collections"}
NUMERICAL = (
    "engine.kernels",
    "engine.features",
    "engine.market",
    "engine.lake",
    "engine.options",
)
SERVING_LIBRARIES = {"streamlit", "dbt", "typer"}


def imports_of(source: str) -> set[str]:
    """Return the absolute module names that a source file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
            found.add(node.module)
    return found


def part_of(module: str) -> str | None:
    """Return the part of the house that a module name belongs to."""
    parts = [part for part in MAY_IMPORT if module == part or module.startswith(f"{part}.")]
    if parts:
        return max(parts, key=len)
    return "engine" if module == "engine" or module.startswith("engine.") else None


def violations(module: str, source: str) -> list[str]:
    """Return the arrows of one module that point the wrong way."""
    part = part_of(module)
    found = []
    for target in sorted(imports_of(source)):
        top = target.split(".")[0]
        if part == "engine.kernels" and top not in KERNEL_LIBRARIES | {"engine"}:
            found.append(f"{module} imports {target}: kernels know only numpy and numba")
        if part in NUMERICAL and top in SERVING_LIBRARIES:
            found.append(f"{module} imports {target}: numerical packages know no {top}")
        aim = part_of(target)
        if aim is None or aim == part:
            continue
        if aim in STANDING and part != "engine.kernels":
            continue
        if aim not in MAY_IMPORT[part or "engine.service"]:
            found.append(f"{module} imports {target}: {part} must not know {aim}")
    return found


def project_modules() -> list[tuple[str, Path]]:
    paths = [
        path
        for folder in ("engine", "app", "python_models")
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]
    return [(".".join(p.relative_to(ROOT).with_suffix("").parts), p) for p in paths]


def test_no_import_points_against_the_dependency_rule():
    found = [
        violation
        for module, path in project_modules()
        for violation in violations(module.removesuffix(".__init__"), path.read_text())
    ]
    assert not found, "\n".join(found)


def test_every_engine_package_has_a_place_in_the_rule():
    packages = {
        f"engine.{path.name}"
        for path in (ROOT / "engine").iterdir()
        if path.is_dir() and path.name != "__pycache__"
    }
    assert packages <= set(MAY_IMPORT)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("engine.kernels.window", "import pandas"),
        ("engine.kernels.window", "from engine.features import registry"),
        ("engine.features.raw", "from engine.warehouse import connect"),
        ("engine.features.raw", "def f():\n    import streamlit"),
        ("engine.lake.store", "from engine.service.cli import main"),
        ("app.main", "from engine.features import registry"),
    ],
)
def test_an_arrow_that_points_back_is_found(module, source):
    assert violations(module, source)
