from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import duckdb
import pytest
from finished_build import MANIFEST, MODEL, Build, make_build

from engine.errors import BuildError, LockedError, PublishError
from engine.warehouse import connect, history, manifest, parts, versions
from engine.warehouse.publish import Context, publish, writing


def _published(build: Build) -> versions.Version:
    return publish(build.settings, build.manifest)


def _rows(build: Build, sql: str) -> list[tuple[object, ...]]:
    with connect.published(build.settings, functions=False) as connection:
        return connection.execute(sql).fetchall()


def test_published_file_holds_only_what_asks_to_be_published(build: Build) -> None:
    _published(build)
    found = _rows(build, "select table_schema, table_name from information_schema.tables")
    assert sorted(found) == [("main", "bars_1d"), ("main", "stg_lake__stocks")]


@pytest.mark.parametrize("table", ["bars_1d", "stg_lake__stocks"])
def test_published_rows_equal_the_builds_in_order(build: Build, table: str) -> None:
    with build.connect() as connection:
        built = connection.execute("from staging.stg_lake__stocks").fetchall()
    _published(build)
    assert _rows(build, f"from {table}") == built


@pytest.mark.parametrize("table", ["bars_1d", "stg_lake__stocks"])
def test_descriptions_are_comments_of_tables_and_columns(build: Build, table: str) -> None:
    _published(build)
    kind = "duckdb_views()" if table.startswith("stg") else "duckdb_tables()"
    name = "view_name" if table.startswith("stg") else "table_name"
    assert _rows(build, f"select comment from {kind} where {name} = '{table}'") == [
        (f'What {table} is; it\'s "quoted".',)
    ]
    assert _rows(
        build,
        "select comment from duckdb_columns() "
        f"where table_name = '{table}' and column_name = 'close'",
    ) == [("The day's last price, in dollars.",)]


def test_facts_count_rows_symbols_and_sessions(build: Build) -> None:
    tables = _published(build).facts()["tables"]
    for name in ("bars_1d", "stg_lake__stocks"):
        table = tables[name]
        assert (table["rows"], table["symbols"], table["sessions"]) == (66, 2, 33)
        assert (table["first_session"], table["last_session"]) == ("2024-01-30", "2024-03-02")


def test_parts_are_files_by_month(build: Build) -> None:
    version = _published(build)
    files = sorted((version.parts / "stg_lake__stocks").iterdir())
    assert [file.name[:7] for file in files] == ["2024-01", "2024-02", "2024-03"]


def test_unchanged_months_are_the_same_file_and_changed_ones_are_not(build: Build) -> None:
    first = _published(build)
    build.execute(
        "update staging.stg_lake__stocks set close = 0 where session_date = date '2024-02-10'",
        "update ops.lake_build_state set stamp = 'new' where session_date = date '2024-02-10'",
    )
    second = _published(build)

    assert _same_months(first, second) == {"2024-01", "2024-03"}
    assert _rows(build, "select count(*) from stg_lake__stocks where close = 0") == [(2,)]


def test_a_month_with_an_unstamped_date_is_written_each_time(build: Build) -> None:
    build.execute("delete from ops.lake_build_state where session_date = date '2024-02-10'")
    first, second = _published(build), _published(build)
    names = [
        {path.name for path in (version.parts / "stg_lake__stocks").glob("2024-02*")}
        for version in (first, second)
    ]
    assert not names[0] & names[1]


def _inodes(version: versions.Version) -> dict[str, int]:
    folder = version.parts / "stg_lake__stocks"
    return {path.name[:7]: path.stat().st_ino for path in folder.iterdir()}


def _same_months(one: versions.Version, two: versions.Version) -> set[str]:
    before, after = _inodes(one), _inodes(two)
    return {month for month in before if before[month] == after.get(month)}


def test_a_view_is_published_by_the_stamps_of_the_model_it_names(
    build: Build, tmp_path: Path
) -> None:
    nodes = {name: dict(node) for name, node in MANIFEST["nodes"].items()}
    name = MODEL + "stg_lake__stocks"
    nodes[name]["config"] = {"meta": {"publish": "parts", "stamps_from": "rejects"}}
    project = manifest.parse({"nodes": nodes})

    def define(file: str, condition: str) -> None:
        path = tmp_path / f"{file}.parquet"
        build.execute(
            f"copy staging.base to '{path}' (format parquet)",
            "create or replace view staging.stg_lake__stocks as "
            f"select * from read_parquet(['{path}']) where {condition}",
        )

    build.execute(
        "alter table staging.stg_lake__stocks rename to base",
        "update ops.lake_build_state set model = 'rejects'",
    )
    define("a", "close > 0")
    first = publish(build.settings, project)
    define("b", "close > 0")  # the same query over other files, as when a day is added
    second = publish(build.settings, project)
    assert _same_months(first, second) == {"2024-01", "2024-02", "2024-03"}
    build.execute(
        "update ops.lake_build_state set stamp = 'new' where session_date = date '2024-02-10'"
    )
    third = publish(build.settings, project)
    assert _same_months(second, third) == {"2024-01", "2024-03"}
    define("b", "close > 101")  # another query
    fourth = publish(build.settings, project)
    assert _same_months(third, fourth) == set()
    assert fourth.facts()["tables"]["stg_lake__stocks"]["rows"] == 33


def test_small_months_of_a_view_are_read_together_and_equal_those_read_alone(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "days.parquet"
    build.execute(
        "create table staging.years as select 'SPY' as symbol, i::double as close, "
        "date '2019-01-01' + i::integer * 9 as session_date from range(200) as r (i) "
        "where i not between 60 and 80",  # months are missing in the middle
        f"copy staging.years to '{path}' (format parquet)",
        "drop table staging.stg_lake__stocks",
        f"create view staging.stg_lake__stocks as from read_parquet('{path}')",
        "delete from ops.lake_build_state",
        "insert into ops.lake_build_state "
        "select 'stg_lake__stocks', session_date, 'a' from staging.years",
    )
    reads: list[int] = []
    original = parts._consecutive

    def count(months: list[parts._Month]) -> list[parts._Month]:
        chunk = original(months)
        reads.append(len(chunk))
        return chunk

    monkeypatch.setattr(parts, "_consecutive", count)
    together = _published(build).facts()["tables"]["stg_lake__stocks"]
    with build.connect() as connection:
        built = connection.execute("from staging.years").fetchall()
    assert _rows(build, "select symbol, close, session_date from stg_lake__stocks") == built
    assert max(reads) > 1 and sum(reads) == len(together["parts"])

    monkeypatch.setattr(parts, "_MONTHS_TOGETHER", 1)
    build.execute("update ops.lake_build_state set stamp = 'b'")
    alone = _published(build).facts()["tables"]["stg_lake__stocks"]
    for one, other in zip(together["parts"], alone["parts"], strict=True):
        assert {**one, "file": ""} == {**other, "file": ""}


def test_a_removed_month_leaves_the_view(build: Build) -> None:
    _published(build)
    build.execute("delete from staging.stg_lake__stocks where session_date < date '2024-02-01'")
    _published(build)
    assert _rows(build, "select min(session_date)::varchar from stg_lake__stocks") == [
        ("2024-02-01",)
    ]


def test_parts_of_an_empty_table_keep_their_columns(build: Build) -> None:
    build.execute("delete from staging.stg_lake__stocks")
    version = _published(build)
    assert _rows(build, "select symbol, close from stg_lake__stocks") == []
    assert version.facts()["tables"]["stg_lake__stocks"]["rows"] == 0


def test_two_versions_are_kept_with_their_parts_and_facts(build: Build) -> None:
    made = [_published(build) for _ in range(4)]
    folder = build.settings.warehouse
    assert versions.listing(folder) == tuple(made[2:])
    assert {path.name for path in (folder / "parts").iterdir()} == {v.stamp for v in made[2:]}
    assert {path.name for path in folder.glob("build-*.json")} == {
        v.facts_path.name for v in made[2:]
    }


def test_every_build_stays_in_the_journal(build: Build) -> None:
    made = [
        publish(
            build.settings,
            build.manifest,
            Context(run={"seconds": 1.5, "models": 3}, lake={"stocks": 33}),
        )
        for _ in range(3)
    ]
    table = history.build_history(build.settings.journal)
    assert table.schema == history.HISTORY
    assert table["stamp"].to_pylist() == [version.stamp for version in made]
    assert table["count_rows"].to_pylist() == [132] * 3
    assert table["count_stock_days"].to_pylist() == [33] * 3
    assert [str(day) for day in table["last_session"].to_pylist()] == ["2024-03-02"] * 3


def test_a_reader_keeps_its_version_and_new_readers_get_the_new_one(build: Build) -> None:
    _published(build)
    warehouse = connect.Published(build.settings, functions=False)
    with warehouse.cursor() as old:
        before = old.execute("select sum(close) from stg_lake__stocks").fetchall()
        build.execute(
            "update staging.stg_lake__stocks set close = 1",
            "update ops.lake_build_state set stamp = 'new'",
        )
        second = _published(build)
        assert old.execute("select sum(close) from stg_lake__stocks").fetchall() == before
        with warehouse.cursor() as new:
            assert new.execute("select sum(close) from stg_lake__stocks").fetchall() == [(66,)]
    assert warehouse.version() == second
    warehouse.close()


# -- what may not be published -------------------------------------------------------------


def _set(build: Build, name: str, column: str, value: object) -> None:
    build.execute(
        f"update ops.dbt_results set {column} = '{value}' where unique_id like '%.{name}'"
    )


@pytest.mark.parametrize("status", ["fail", "error"])
def test_a_failed_test_publishes_nothing_and_is_named(build: Build, status: str) -> None:
    serving = _published(build)
    _set(build, "unique_bars", "status", status)
    with pytest.raises(BuildError, match=f"test unique_bars ended with {status}"):
        _published(build)
    assert versions.current(build.settings.warehouse) == serving


def test_a_warning_is_published(build: Build) -> None:
    _set(build, "unique_bars", "status", "warn")
    (test,) = _published(build).facts()["tests"]
    assert (test["name"], test["status"], test["tests"]) == ("unique_bars", "warn", ["bars_1d"])


def test_a_failure_is_named_rather_than_what_was_skipped_for_it(build: Build) -> None:
    _set(build, "bars_1d", "status", "skipped")
    _set(build, "stg_lake__stocks", "status", "error")
    with pytest.raises(BuildError, match="model stg_lake__stocks ended with error"):
        _published(build)


def test_a_test_that_never_ran_stands_in_the_way(build: Build) -> None:
    build.execute("delete from ops.dbt_results where unique_id like 'test%'")
    with pytest.raises(BuildError, match="test unique_bars was never run"):
        _published(build)


def test_a_table_older_than_what_it_reads_stands_in_the_way(build: Build) -> None:
    build.execute("insert into ops.dbt_runs values (2, 'b', 'build', now(), now())")
    _set(build, "stg_lake__stocks", "run", 2)
    with pytest.raises(BuildError, match="int_bars__daily is older than stg_lake__stocks"):
        _published(build)
    for name in ("int_bars__daily", "bars_1d", "unique_bars"):
        _set(build, name, "run", 2)
    _published(build)


def test_a_partial_run_that_leaves_nothing_older_is_published(build: Build) -> None:
    build.execute("insert into ops.dbt_runs values (2, 'b', 'build', now(), now())")
    for name in ("bars_1d", "unique_bars"):
        _set(build, name, "run", 2)
    _published(build)


def test_a_run_that_was_cut_off_stands_in_the_way_until_all_is_built_again(build: Build) -> None:
    build.execute("insert into ops.dbt_runs values (2, 'b', 'build', now(), null)")
    with pytest.raises(BuildError, match="cut off"):
        _published(build)
    build.execute(
        "insert into ops.dbt_runs values (3, 'c', 'build', now(), now())",
        "update ops.dbt_results set run = 3",
    )
    _published(build)


def test_without_a_record_of_runs_nothing_is_published(build: Build) -> None:
    build.execute("drop table ops.dbt_results")
    with pytest.raises(BuildError, match="no record of a finished run"):
        _published(build)


def test_without_a_build_there_is_nothing_to_publish(build: Build) -> None:
    build.settings.build_file.unlink()
    with pytest.raises(BuildError, match="no build"):
        _published(build)


def test_an_unknown_way_to_publish_is_named() -> None:
    node = {
        "unique_id": MODEL + "x",
        "name": "x",
        "schema": "main",
        "resource_type": "model",
        "config": {"meta": {"publish": "carrier_pigeon"}},
    }
    with pytest.raises(PublishError, match="carrier_pigeon"):
        manifest.parse({"nodes": {"x": node}})


def test_a_build_that_dbt_is_writing_is_locked(build: Build) -> None:
    script = textwrap.dedent(
        f"""
        import duckdb, sys
        connection = duckdb.connect({str(build.settings.build_file)!r})
        print("open", flush=True)
        sys.stdin.read()
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        with pytest.raises(LockedError, match=str(writer.pid)):
            _published(build)
        writer.communicate("")


def test_a_second_writer_is_told_who_the_first_is(build: Build) -> None:
    second = writing(build.settings)
    with writing(build.settings), pytest.raises(LockedError, match=str(os.getpid())):
        second.__enter__()


# -- crashes -------------------------------------------------------------------------------

_PUBLISH = """
import sys
from pathlib import Path
from engine.settings import Settings
from engine.warehouse import manifest
from engine.warehouse.publish import publish, writing
from finished_build import MANIFEST
settings = Settings(*(Path(sys.argv[1]) / name for name in ("lake", "journal", "warehouse")))
print("ready", flush=True)
with writing(settings):
    publish(settings, manifest.parse(MANIFEST))
print("done", flush=True)
"""


def _start(folder: Path, before: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", before + _PUBLISH, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent,
    )


def _is_whole(build: Build) -> bool:
    """A reader sees one build's rows, in the table and in the parts alike."""
    (table,) = _rows(build, "select min(close), max(close), count(*) from bars_1d")
    (parts,) = _rows(build, "select min(close), max(close), count(*) from stg_lake__stocks")
    return table == parts and table[0] == table[1] and table[2] == 66


def test_killed_anywhere_a_whole_version_serves_and_the_next_publish_succeeds(
    tmp_path: Path,
) -> None:
    build = make_build(tmp_path)

    def make(value: int) -> None:
        build.execute(
            f"update staging.stg_lake__stocks set close = {value}",
            f"update main.bars_1d set close = {value}",
            f"update ops.lake_build_state set stamp = '{value}'",
        )

    make(0)
    _published(build)
    outcomes = []
    for number in range(1, 9):
        make(number)
        with _start(tmp_path) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            threading.Event().wait(0.018 * number)  # a publish of this build takes about 0.1 s
            process.kill()
            process.wait()
        assert _is_whole(build)
        (value,) = _rows(build, "select distinct close from bars_1d")[0]
        assert value <= number
        outcomes.append(value == number)
        if number % 4 == 0:
            _published(build)
            assert _rows(build, "select distinct close from bars_1d") == [(number,)]
    folder = build.settings.warehouse
    kept = {version.stamp for version in versions.listing(folder)}
    assert len(kept) == versions.KEPT
    assert {path.name for path in (folder / "parts").iterdir()} == kept
    assert not list(folder.glob("*.partial*")) and not list(folder.glob(".*.partial"))
    journaled = {path.stem for path in (build.settings.journal / "builds").iterdir()}
    assert kept <= journaled
    assert not all(outcomes)  # some were killed before the swap


@pytest.mark.parametrize("step", ["_write", "sync_folder", "serve", "record", "clean"])
def test_killed_at_each_step_a_whole_version_serves(tmp_path: Path, step: str) -> None:
    build = make_build(tmp_path)
    build.execute(
        "update staging.stg_lake__stocks set close = 0", "update main.bars_1d set close = 0"
    )
    before = _published(build)
    module = {"_write": "publish", "record": "history"}.get(step, "versions")
    kill = textwrap.dedent(
        f"""
        import os, signal
        import engine.warehouse.publish
        import engine.warehouse.{module} as module
        original = module.{step}
        def then_die(*arguments):
            original(*arguments)
            os.kill(os.getpid(), signal.SIGKILL)
        module.{step} = then_die
        """
    )
    if step == "clean":  # the first one cleans up before, the second after
        kill = kill.replace("os.kill", "calls.append(1) or len(calls) < 2 or os.kill")
        kill += "\ncalls = []\n"
    with _start(tmp_path, kill) as process:
        process.wait()
        assert process.returncode == -9
    assert _is_whole(build)
    swapped = versions.current(build.settings.warehouse) != before
    assert swapped == (step in ("serve", "record", "clean"))
    after = _published(build)
    assert versions.current(build.settings.warehouse) == after
    assert len(list(build.settings.warehouse.glob("warehouse-*"))) == 2
    stamps = {path.stem for path in (build.settings.journal / "builds").iterdir()}
    assert {version.stamp for version in versions.listing(build.settings.warehouse)} <= stamps


def test_a_full_disk_publishes_nothing_and_says_so_in_one_sentence(tmp_path: Path) -> None:
    build = make_build(tmp_path)
    serving = _published(build)
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
    with _start(tmp_path, limit) as process:
        _, errors = process.communicate()
    assert process.returncode == 1
    last = errors.strip().splitlines()[-1]
    assert last.startswith("engine.errors.PublishError: No new version could be written to")
    assert "Free space" in last
    assert versions.current(build.settings.warehouse) == serving
    assert versions.listing(build.settings.warehouse) == (serving,)
    assert not list(build.settings.warehouse.glob("*.partial*"))
    _published(build)


# -- opening -------------------------------------------------------------------------------


def test_a_published_connection_reaches_nothing_else(build: Build, tmp_path: Path) -> None:
    _published(build)
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with connect.published(build.settings, functions=False) as connection:
        for hostile in (
            f"from read_csv('{secret}')",
            f"copy (select 1) to '{tmp_path / 'out.csv'}'",
            f"attach '{tmp_path / 'other.duckdb'}'",
            "create table main.x as select 1",
            "delete from bars_1d",
            "set enable_external_access = true",
            "set memory_limit = '100GB'",
            "install httpfs",
            "select * from secret",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(hostile)
    assert not (tmp_path / "out.csv").exists()


def test_two_connections_of_a_process_share_a_version(build: Build) -> None:
    _published(build)
    with (
        connect.published(build.settings, functions=False) as first,
        connect.published(build.settings, functions=False) as second,
    ):
        for connection in (first, second, first):
            assert connection.execute("select count(*) from bars_1d").fetchall() == [(66,)]


def test_nothing_published_says_how_to(tmp_path: Path, build: Build) -> None:
    with pytest.raises(PublishError, match="quant build"):
        connect.Published(build.settings).cursor()


def test_a_moved_warehouse_says_so_and_is_repaired_by_publishing(build: Build) -> None:
    _published(build)
    moved = build.settings.warehouse.with_name("elsewhere")
    shutil.move(build.settings.warehouse, moved)
    there = Build(type(build.settings)(build.settings.lake, build.settings.journal, moved))
    with pytest.raises(PublishError, match="was moved from"):
        _rows(there, "select 1")
    _published(there)
    assert _rows(there, "select count(*) from stg_lake__stocks") == [(66,)]


def test_facts_are_json_beside_the_version(build: Build) -> None:
    version = _published(build)
    facts = json.loads(version.facts_path.read_text())
    assert facts["stamp"] == version.stamp
    assert facts["packages"]["duckdb"] == duckdb.__version__


def test_a_clock_that_went_back_does_not_reorder_versions(build: Build) -> None:
    future = versions.Version(build.settings.warehouse, "29990101T000000000000Z")
    future.warehouse.mkdir(parents=True, exist_ok=True)
    future.path.touch()
    versions.serve(future)
    assert versions.new(build.settings.warehouse).stamp > future.stamp
