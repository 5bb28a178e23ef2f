from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from small_project import ROOT, holding, make_project, make_stores, write_day

from engine.errors import BuildError, LakeError, LockedError
from engine.lake.store import Lake
from engine.settings import Settings
from engine.warehouse import connect, pipeline, versions
from engine.warehouse.pipeline import Outcome
from engine.warehouse.runner import Options, parse_variables, target_folder

SECOND = dt.date(2024, 1, 3)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def stores(tmp_path: Path) -> Settings:
    return make_stores(tmp_path)


def _build(stores: Settings, project: Path, *select: str, **options: object) -> Outcome:
    return pipeline.build(stores, Options(select=select, **options), project=project)  # type: ignore[arg-type]


def _ask(stores: Settings, sql: str) -> list[tuple[object, ...]]:
    with connect.published(stores, functions=False) as connection:
        return connection.execute(sql).fetchall()


Edit = Callable[[str, str], None]


@pytest.fixture
def edited(project: Path) -> Iterator[Edit]:
    """Edit a file of the project for one test."""
    before: dict[Path, str] = {}

    def edit(name: str, content: str) -> None:
        path = project / name
        before.setdefault(path, path.read_text())
        path.write_text(content)

    yield edit
    for path, content in before.items():
        path.write_text(content)


def test_a_build_is_published_and_leaves_the_project_untouched(
    stores: Settings, project: Path
) -> None:
    before = set(project.rglob("*"))
    told: list[tuple[int, int, str]] = []
    outcome = pipeline.build(
        stores, project=project, node_progress=lambda *event: told.append(event)
    )
    assert _ask(stores, "select price from doubled order by all") == [(800.0,), (1000.0,)]
    assert set(project.rglob("*")) == before
    assert [done for done, _, _ in told] == [1, 2, 3, 4, 5]
    assert {total for _, total, _ in told} == {5}
    assert {name for _, _, name in told} >= {"prices", "doubled", "inputs"}
    assert outcome.version is not None
    facts = outcome.version.facts()
    assert (facts["run"]["models"], facts["run"]["tests"]) == (3, 2)
    assert facts["lake"] == {"stocks": 2}
    # without the files that a model names, the lake's variables hold the empty templates
    assert _ask(stores, "select sum(count_rows) from inputs") == [(0,)]


def test_nothing_is_done_again_until_something_changes(
    stores: Settings, project: Path, edited: Edit
) -> None:
    first = _build(stores, project)
    again = _build(stores, project)
    assert again.run is None
    assert again.version == first.version

    write_day(Lake.open(stores.lake), SECOND, close=101.0)
    by_lake = _build(stores, project)
    assert by_lake.version != first.version

    edited("models/prices.sql", (project / "models/prices.sql").read_text() + "\n-- a comment\n")
    by_code = _build(stores, project)
    assert by_code.version != by_lake.version

    by_variable = _build(stores, project, variables=parse_variables("{lowest: 1}"))
    assert by_variable.version != by_code.version

    (stores.journal / "runs").mkdir()
    (stores.journal / "runs" / "a.json").write_text("{}")
    by_journal = _build(stores, project, variables=parse_variables("{lowest: 1}"))
    assert by_journal.version != by_variable.version
    assert _ask(stores, "select count_rows from inputs where input = 'build_history'") == [(4,)]

    refreshed = _build(stores, project, variables=parse_variables("{lowest: 1}"), full_refresh=True)
    assert refreshed.version != by_journal.version


def test_a_failed_test_publishes_nothing_and_says_how_to_see_the_rows(
    stores: Settings, project: Path
) -> None:
    serving = _build(stores, project).version
    with pytest.raises(BuildError) as caught:
        _build(stores, project, variables=parse_variables("{lowest: 450}"))
    assert "The test positive_prices_price failed on 1 row;" in caught.value.what
    assert "dbt show --select positive_prices_price" in caught.value.remedy
    assert versions.current(stores.warehouse) == serving
    with pytest.raises(BuildError, match="positive_prices_price ended with fail"):
        pipeline.publish_last_build(stores)
    # what serves was made from exactly this, whatever was tried since
    assert _build(stores, project).run is None
    assert _build(stores, project, full_refresh=True).version != serving


def test_a_failed_model_is_named_with_what_the_database_said(
    stores: Settings, project: Path, edited: Edit
) -> None:
    edited("models/prices.sql", "select no_such_column as price, 'SPY' as symbol\n")
    with pytest.raises(BuildError, match=r"The model prices failed.*no_such_column") as caught:
        _build(stores, project)
    assert "Traceback" not in str(caught.value)
    assert versions.current(stores.warehouse) is None


def test_a_project_that_cannot_be_parsed_says_where(
    stores: Settings, project: Path, edited: Edit
) -> None:
    edited("models/prices.sql", "select {{ no_such_macro() }} as price\n")
    with pytest.raises(BuildError, match="no_such_macro"):
        _build(stores, project)


def test_a_partial_build_is_published_only_if_nothing_it_left_is_older(
    stores: Settings, project: Path
) -> None:
    whole = _build(stores, project).version
    partial = _build(stores, project, "prices")
    assert partial.version == whole
    assert "doubled is older than prices" in partial.not_published
    rest = _build(stores, project, "prices+")
    assert rest.version != whole and rest.not_published == ""
    # what a partial build was made from is not known to be all there is
    assert _build(stores, project).run is not None


def test_a_second_writer_of_the_build_file_is_named(stores: Settings, project: Path) -> None:
    serving = _build(stores, project).version
    write_day(Lake.open(stores.lake), SECOND, close=102.0)
    with holding(stores.build_file) as holder, pytest.raises(LockedError, match=str(holder)):
        _build(stores, project)
    assert versions.current(stores.warehouse) == serving
    assert _build(stores, project).version != serving


_BUILD_AND_TELL = """
import sys
from pathlib import Path
from engine.settings import Settings
from engine.warehouse import pipeline
from engine.warehouse.runner import Options
project, *stores = map(Path, sys.argv[1:])
pipeline.build(
    Settings(*stores), Options(full_refresh=True), project=project,
    node_progress=lambda done, total, name: print(name, flush=True),
)
"""


@pytest.mark.parametrize("after", [1, 3])
def test_a_build_that_is_killed_leaves_the_version_and_the_next_succeeds(
    stores: Settings, project: Path, after: int
) -> None:
    serving = _build(stores, project).version
    places = [project, stores.lake, stores.journal, stores.warehouse]
    with subprocess.Popen(
        [sys.executable, "-c", _BUILD_AND_TELL, *map(str, places)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for _ in range(after):
            assert process.stdout.readline()
        process.kill()
    assert versions.current(stores.warehouse) == serving
    assert _ask(stores, "select count(*) from doubled") == [(2,)]
    with pytest.raises(BuildError, match="cut off"):
        pipeline.publish_last_build(stores)
    assert _build(stores, project, full_refresh=True).version != serving


def test_a_full_disk_is_told_in_a_sentence(stores: Settings, project: Path) -> None:
    serving = _build(stores, project).version
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))\n"
    places = [project, stores.lake, stores.journal, stores.warehouse]
    model = project / "models" / "inputs.sql"
    before = model.read_text()
    model.write_text(
        "{{ config(materialized='table', meta={'publish': 'table'}) }}\n"
        "select 'x' as input, random() as count_rows from range(2_000_000)\n"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", limit + _BUILD_AND_TELL, *map(str, places)],
            capture_output=True,
            text=True,
        )
    finally:
        model.write_text(before)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "The disk is full" in last and str(stores.build_file.parent) in last
    assert versions.current(stores.warehouse) == serving


def test_plain_dbt_build_can_be_published(stores: Settings, project: Path, tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-m", "dbt.cli.main", "build", "--quiet"),
        *("--project-dir", str(project), "--profiles-dir", str(project)),
        *("--target-path", str(tmp_path / "target"), "--log-path", str(tmp_path / "logs")),
    ]
    subprocess.run(command, check=True, cwd=tmp_path, env={**os.environ, **stores.environment()})
    version = pipeline.publish_last_build(stores)
    assert version.facts()["tables"]["prices"]["rows"] == 2


def test_publishing_goes_by_the_project_that_was_built(
    stores: Settings, project: Path, edited: Edit
) -> None:
    pipeline.build(stores, project=project, publishing=False)
    before = (project / "models" / "doubled.sql").read_text()
    edited("models/doubled.sql", before.replace("meta={'publish': 'table'}", "meta={}"))
    for target in (project / "target", target_folder(stores)):
        command = [
            *(sys.executable, "-m", "dbt.cli.main", "parse", "--quiet"),
            *("--project-dir", str(project), "--profiles-dir", str(project)),
            *("--target-path", str(target), "--log-path", str(stores.build_file.parent)),
        ]
        subprocess.run(command, check=True, env={**os.environ, **stores.environment()})
    assert "doubled" in pipeline.publish_last_build(stores).facts()["tables"]


def test_a_truncated_day_file_stops_the_build_by_name(stores: Settings, project: Path) -> None:
    serving = _build(stores, project).version
    path = Lake.open(stores.lake).day_path("stocks", SECOND)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(LakeError, match=r"2024-01-03\.parquet") as caught:
        _build(stores, project)
    assert "--quarantine-files" in caught.value.remedy
    assert versions.current(stores.warehouse) == serving


def test_a_missing_lake_and_an_empty_one_are_told_apart(stores: Settings, project: Path) -> None:
    with pytest.raises(LakeError, match="There is no lake"):
        _build(replace(stores, lake=stores.lake / "nowhere"), project)
    empty = stores.lake.with_name("empty")
    empty.mkdir()
    with pytest.raises(LakeError, match="has no day files"):
        _build(replace(stores, lake=empty), project)


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "word"])
def test_vars_that_are_no_mapping_are_refused(text: str) -> None:
    with pytest.raises(BuildError, match="--vars"):
        parse_variables(text)


def test_the_projects_own_record_of_runs_is_in_use() -> None:
    text = (ROOT / "dbt_project.yml").read_text()
    assert "record_run_start()" in text and "record_run_end(results)" in text
