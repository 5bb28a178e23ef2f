"""The test `sound` finds each kind of bad row, says which rule it broke, and forgets no date."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from small_project import ROOT

BAD = {
    "fine": ("(1, 1.0, 'a'), (2, null, 'b')", None),
    "repeated": ("(1, 1.0, 'a'), (1, 2.0, 'b')", "repeated key"),
    "without_text": ("(1, 1.0, null), (2, 2.0, 'b')", "text is null"),
    "not_finite": ("(1, 'nan'::double, 'a'), (2, 'inf'::double, 'b')", "price is not finite"),
    "negative": ("(1, 1.0, 'a'), (-2, 1.0, 'b')", "id > 0"),
}
PROJECT = """
name: small
version: "1.0"
profile: small
vars: {lake_batch_rows: 1, rows: "(1), (2)", stamp: a}
on-run-start:
  - "{{ ensure_lake_build_state() }}"
  - create schema if not exists staging
  - create or replace table staging.stg_lake__files as
    select date '2024-01-01' + n::integer as session_date, 5 as row_count
    from range(1, 4) as days (n)
  - insert or replace into ops.lake_build_state
    select 'dated', session_date, '{{ var("stamp") }}', '' from staging.stg_lake__files
on-run-end: ["{{ remember_lake_verified(results) }}"]
"""
PROFILE = """
small:
  target: local
  outputs:
    local: {type: duckdb, path: PATH, schema: main}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    (folder / "models").mkdir()
    shutil.copytree(ROOT / "tests" / "generic", folder / "tests" / "generic")
    for name in ("dbt", "lake"):
        shutil.copytree(ROOT / "macros" / name, folder / "macros" / name)
    (folder / "dbt_project.yml").write_text(PROJECT)
    (folder / "profiles.yml").write_text(PROFILE.replace("PATH", str(folder / "sound.duckdb")))
    models = []
    for name, (rows, _) in BAD.items():
        query = f"select * from (values {rows}) as t (id, price, text)"
        (folder / "models" / f"{name}.sql").write_text(
            "{{ config(materialized='table') }} "
            f"select id::integer as id, price::double as price, text from ({query})"
        )
        rules = {"unique": ["id"], "not_null": ["text"], "condition": "id > 0", "finite": True}
        models.append(_described(name, rules))
    (folder / "models" / "dated.sql").write_text(
        "{{ config(materialized='table') }} "
        "select id, date '2024-01-01' + id::integer as session_date "
        "from (values {{ var('rows') }}) as t (id)"
    )
    dated = {"unique": ["session_date", "id"], "condition": "id < 4", "changed_since": "dated"}
    models.append(_described("dated", dated))
    (folder / "models" / "seen.sql").write_text(
        "{{ config(materialized='view') }} select id, session_date from {{ ref('dated') }} "
        "{{ var('more', '') }}"
    )
    models.append(_described("seen", {"unique": ["session_date", "id"], "changed_since": "dated"}))
    (folder / "models" / "models.yml").write_text(json.dumps({"version": 2, "models": models}))
    return folder


def _described(name: str, rules: dict[str, object]) -> dict[str, object]:
    test = {"name": f"{name}_is_sound", "test_name": "sound", "arguments": rules}
    return {"name": name, "data_tests": [test]}


@pytest.fixture
def run(project: Path) -> Callable[..., dict[str, int | None]]:
    """Run dbt; gives each test's failures."""
    from dbt.cli.main import dbtRunner

    from engine.warehouse.runner import _close_connections

    def invoke(command: str, *words: str, **variables: str) -> dict[str, int | None]:
        places = ["--project-dir", str(project), "--profiles-dir", str(project)]
        places += ["--target-path", str(project / "target"), "--log-path", str(project)]
        given = ["--vars", json.dumps(variables)] if variables else []
        try:
            result = dbtRunner().invoke(["--quiet", command, *words, *given, *places])
        finally:
            _close_connections()
        assert result.exception is None, result.exception
        tests = [r for r in result.result.results if r.node.resource_type == "test"]
        return {test.node.name.removesuffix("_is_sound"): test.failures for test in tests}

    return invoke


def broken(project: Path, name: str) -> set[str]:
    """Return the rules that a model's rows break, by the test's own query."""
    (query,) = (project / "target" / "compiled").rglob(f"{name}_is_sound.sql")
    with duckdb.connect(str(project / "sound.duckdb")) as connection:
        return {row[0] for row in connection.execute(query.read_text()).fetchall()}


def test_each_rule_finds_the_rows_that_break_it(run: Callable, project: Path) -> None:
    found = run("build", "--exclude", "dated", "seen")
    assert found == {
        "fine": 0, "repeated": 1, "without_text": 1, "not_finite": 2, "negative": 1
    }  # fmt: skip
    for name, (_, rule) in BAD.items():
        assert broken(project, name) == ({rule} if rule else set())


def test_a_build_looks_at_dates_with_a_new_stamp_and_a_test_at_all(run: Callable) -> None:
    only = ("--select", "dated")
    assert run("build", *only) == {"dated": 0}
    twice = "(1), (1), (2)"
    assert run("build", *only, rows=twice) == {"dated": 0}  # the stamp vouches for the date
    assert run("test", *only, rows=twice) == {"dated": 1}
    assert run("build", *only, rows=twice, stamp="b") == {"dated": 1}
    assert run("build", *only, rows=twice, stamp="b") == {"dated": 1}  # it has not passed yet
    assert run("build", *only, rows="(1), (2)", stamp="b") == {"dated": 0}


def test_a_view_with_another_query_has_been_seen_on_no_date(run: Callable) -> None:
    only = ("--select", "dated seen")
    clean = {"dated": 0, "seen": 0}
    assert run("build", *only, stamp="v") == clean
    again = "union all select id, session_date from {{ this.schema }}.dated"
    again = again.replace("{{ this.schema }}", "main")
    assert run("build", *only, stamp="v", more=again) == {"dated": 0, "seen": 2}
    assert run("build", *only, stamp="v") == clean


def test_a_changed_rule_has_seen_no_date(run: Callable, project: Path) -> None:
    only = ("--select", "dated")
    assert run("build", *only, stamp="d") == {"dated": 0}
    described = project / "models" / "models.yml"
    before = described.read_text()
    described.write_text(before.replace("id < 4", "id < 2"))
    try:
        assert run("build", *only, stamp="d") == {"dated": 1}
    finally:
        described.write_text(before)
