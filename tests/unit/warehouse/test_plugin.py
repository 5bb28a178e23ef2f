from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.utils import SourceConfig
from small_project import make_stores

from engine.errors import LakeError
from engine.lake.schema import REFERENCES, REJECTS
from engine.lake.store import Lake, write_parquet
from engine.settings import Settings
from engine.warehouse import history
from engine.warehouse.plugin import Plugin


@pytest.fixture
def stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = make_stores(tmp_path)
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    return settings


@pytest.fixture
def plugin(stores: Settings) -> Plugin:
    credentials = DuckDBCredentials(database="quant", schema="main", path=str(stores.build_file))
    return Plugin("lake", {}, credentials)


def _load(plugin: Plugin, table: str) -> pa.Table:
    source = SourceConfig(
        name=table, identifier=table, schema="lake", database=None, meta={"table": table}, tags=[]
    )
    return plugin.load(source)


def test_the_build_files_folder_is_there_before_the_file_is_opened(
    plugin: Plugin, stores: Settings
) -> None:
    assert stores.build_file.parent.is_dir()
    assert not stores.build_file.exists()


def test_cursors_start_with_the_empty_templates(plugin: Plugin, stores: Settings) -> None:
    with duckdb.connect() as connection:
        for cursor in (connection.cursor(), connection.cursor()):
            plugin.configure_cursor(cursor)
            for dataset in ("stocks", "options"):
                found = cursor.execute(
                    f"from read_parquet(getvariable('lake_{dataset}'), filename = true)"
                ).fetchall()
                assert found == []


def test_functions_of_the_project_are_registered(plugin: Plugin) -> None:
    with duckdb.connect() as connection:
        before = connection.execute("select count(*) from duckdb_functions()").fetchall()
        plugin.configure_connection(connection)
        after = connection.cursor().execute("select count(*) from duckdb_functions()").fetchall()
    assert after > before


@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_reference_tables_are_served_empty_when_missing(
    plugin: Plugin, stores: Settings, name: str
) -> None:
    Lake(stores.lake).reference_path(name).unlink()
    table = _load(plugin, name)
    assert (table.schema, table.num_rows) == (REFERENCES[name].schema, 0)


def test_a_reference_table_is_served_as_it_is(plugin: Plugin, stores: Settings) -> None:
    row = {
        "symbol": "SPY",
        "ex_date": dt.date(2024, 3, 15),
        "amount": 1.6,
        "declared_date": None,
        "source": "test",
        "known_at": dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
    }
    Lake(stores.lake).merge_reference(
        "dividends", pa.Table.from_pylist([row], schema=REFERENCES["dividends"].schema)
    )
    assert _load(plugin, "dividends").to_pylist() == [row]


def test_rejects_of_every_import_are_served_together(plugin: Plugin, stores: Settings) -> None:
    assert _load(plugin, "import_rejects").schema == REJECTS
    for file in ("b.csv", "a.csv"):
        row = {**dict.fromkeys(REJECTS.names), "file": file, "row": 3, "reason": "expired"}
        rejects = pa.Table.from_pylist([row], schema=REJECTS)
        write_parquet(rejects, stores.lake / "rejects" / f"{file}.parquet")
    served = _load(plugin, "import_rejects")
    assert served["file"].to_pylist() == ["a.csv", "b.csv"]


def test_a_broken_file_of_rejects_is_named(plugin: Plugin, stores: Settings) -> None:
    (stores.lake / "rejects" / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(LakeError, match=r"rejects/a\.parquet"):
        _load(plugin, "import_rejects")


def test_the_import_log_is_served_a_row_a_file(plugin: Plugin, stores: Settings) -> None:
    from engine.lake.importers.log import ImportLog, ImportReport

    days = (dt.date(2024, 1, 2), dt.date(2024, 1, 3))
    report = ImportReport(
        file="a.csv",
        source="vendor",
        dataset="stocks",
        size=10,
        content_hash="00",
        mapping_hash="01",
        vendor_rows=9,
        rows_read=9,
        rows_written=6,
        rejected={"expired": 1, "missing_value": 2},
        days=days,
    )
    ImportLog(stores.lake, "vendor").write(report)
    (row,) = _load(plugin, "import_log").to_pylist()
    assert (row["count_read"], row["count_written"], row["count_rejected"]) == (9, 6, 3)
    assert json.loads(row["rejected_by_reason"]) == {"expired": 1, "missing_value": 2}
    assert (row["first_day"], row["last_day"], row["count_days"]) == (*days, 2)


def test_the_history_of_builds_skips_what_cannot_be_read(plugin: Plugin, stores: Settings) -> None:
    folder = stores.journal / "builds"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text("{")
    (folder / "b.json").write_text(
        json.dumps({"stamp": "b", "published_at": "2024-01-02T00:00:00+00:00"})
    )
    table = _load(plugin, "build_history")
    assert table.schema == history.HISTORY
    assert table["stamp"].to_pylist() == ["b"]


def test_an_unknown_table_is_named(plugin: Plugin) -> None:
    with pytest.raises(LakeError, match="dividents"):
        _load(plugin, "dividents")
