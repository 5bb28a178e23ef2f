from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest
from small_project import make_project, make_stores, write_day

from engine.lake.store import Lake
from engine.settings import Settings
from engine.warehouse.fingerprint import Fingerprint, fingerprint, hash_files


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


@pytest.fixture
def stores(tmp_path: Path) -> Settings:
    return make_stores(tmp_path)


def _take(stores: Settings, project: Path, **configuration: object) -> Fingerprint:
    return fingerprint(stores, project, configuration)


def _touched(stores: Settings, project: Path, before: Fingerprint) -> list[str]:
    return _take(stores, project).changes_since(vars(before))


def test_the_same_inputs_have_the_same_fingerprint(stores: Settings, project: Path) -> None:
    before = _take(stores, project)
    for path in project.rglob("*.sql"):  # a checkout gives new change times
        os.utime(path, (1, 1))
    assert _touched(stores, project, before) == []


@pytest.mark.parametrize(
    "name",
    ["models/prices.sql", "macros/record_run.sql", "tests/generic/positive.sql", "profiles.yml"],
)
def test_any_source_file_is_code(stores: Settings, project: Path, name: str) -> None:
    before = _take(stores, project)
    with (project / name).open("a") as file:
        file.write("\n")
    assert _touched(stores, project, before) == ["code"]


def test_a_new_or_removed_source_file_is_a_change(stores: Settings, project: Path) -> None:
    before = _take(stores, project)
    path = project / "engine" / "new.py"
    path.parent.mkdir()
    path.write_text("")
    assert _touched(stores, project, before) == ["code"]
    path.unlink()
    assert _touched(stores, project, before) == []


def test_caches_are_not_code(stores: Settings, project: Path) -> None:
    before = _take(stores, project)
    path = project / "engine" / "__pycache__" / "x.py"
    path.parent.mkdir(parents=True)
    path.write_text("")
    assert _touched(stores, project, before) == []


def test_day_files_reference_and_rejects_are_the_lake(stores: Settings, project: Path) -> None:
    lake = Lake.open(stores.lake)
    before = _take(stores, project)
    write_day(lake, dt.date(2024, 1, 3), close=100.0)  # the same rows again
    assert _touched(stores, project, before) == []
    write_day(lake, dt.date(2024, 1, 3), close=101.0)
    assert _touched(stores, project, before) == ["lake"]
    write_day(lake, dt.date(2024, 1, 3), close=100.0)
    assert _touched(stores, project, before) == []
    for name in ("reference/notes.parquet", "rejects/a.parquet", "_manifest/imports/a.json"):
        path = stores.lake / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
        assert _touched(stores, project, before) == ["lake"]
        path.unlink()


def test_the_simulators_truth_is_no_input(stores: Settings, project: Path) -> None:
    before = _take(stores, project)
    (stores.lake / "truth").mkdir()
    (stores.lake / "truth" / "regimes.parquet").write_text("x")
    assert _touched(stores, project, before) == []


def test_configuration_counts_whatever_the_order_of_its_names(
    stores: Settings, project: Path
) -> None:
    one = _take(stores, project, target="a", vars={"x": 1, "y": 2})
    same = _take(stores, project, vars={"y": 2, "x": 1}, target="a")
    other = _take(stores, project, target="a", vars={"x": 1, "y": 3})
    assert one == same
    assert other.changes_since(vars(one)) == ["configuration"]


def test_the_journal_counts_but_not_the_history_of_builds(stores: Settings, project: Path) -> None:
    before = _take(stores, project)
    for name, changed in (("builds", []), ("runs", ["journal"])):
        path = stores.journal / name / "a.json"
        path.parent.mkdir(parents=True)
        path.write_text("{}")
        assert _touched(stores, project, before) == changed


def test_a_file_cannot_pass_content_to_its_neighbour(tmp_path: Path) -> None:
    one, two = tmp_path / "a", tmp_path / "b"
    one.write_text("xy")
    two.write_text("z")
    before = hash_files(tmp_path, [one, two])
    one.write_text("x")
    two.write_text("yz")
    assert hash_files(tmp_path, [two, one]) != before
