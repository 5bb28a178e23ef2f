from __future__ import annotations

import csv
import io
import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from finished_build import Build

from engine.errors import LakeError
from engine.service import cli, commands, terminal
from engine.service.stores import stores
from engine.settings import project_root
from engine.warehouse import versions
from engine.warehouse.publish import publish


class Shell:
    """Runs `quant` in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        code = cli.run(list(arguments))
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err


@pytest.fixture
def quant(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


def test_help_names_every_command(quant: Shell) -> None:
    code, out, _ = quant("--help")
    assert code == 0
    for name in ("lake", "build", "publish", "sql", "export", "status", "audit", "options", "demo"):
        assert f" {name} " in out


@pytest.mark.parametrize(
    "words",
    [
        ("lake", "simulate"),
        ("lake", "import"),
        ("lake", "inspect"),
        ("lake", "verify"),
        ("build",),
        ("publish",),
        ("sql",),
        ("export",),
        ("status",),
        ("audit", "leaks"),
        ("options", "chain"),
        ("options", "iv"),
        ("options", "greeks"),
    ],
)
def test_each_command_explains_itself(quant: Shell, words: tuple[str, ...]) -> None:
    code, out, _ = quant(*words, "--help")
    assert code == 0
    assert "Usage: quant " + " ".join(words) in out


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom engine.service import cli\ncode = cli.run(['--help'])\n"
        "heavy = {'duckdb', 'pyarrow', 'numba', 'numpy', 'dbt', 'pandas'} & sys.modules.keys()\n"
        "sys.exit(code or bool(heavy))"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def test_a_module_of_commands_needs_only_to_be_there() -> None:
    for info in pkgutil.iter_modules(commands.__path__):
        module = __import__(f"engine.service.commands.{info.name}", fromlist=["register"])
        assert callable(module.register)


def test_a_wrong_command_is_a_usage_error(quant: Shell) -> None:
    code, _, err = quant("biuld")
    assert code == 2
    assert "biuld" in err


def test_a_fault_is_a_sentence_a_remedy_and_an_exit_code(quant: Shell, build: Build) -> None:
    code, out, err = quant("status")
    assert code == 6
    assert out == ""
    sentence, remedy = err.splitlines()
    assert sentence == f"Error: Nothing is published in {build.settings.warehouse}."
    assert "quant build" in remedy


def test_a_missing_lake_has_the_lakes_exit_code(quant: Shell, build: Build, tmp_path: Path) -> None:
    code, _, err = quant("build", "--lake", str(tmp_path / "nowhere"))
    assert code == LakeError.exit_code
    assert err.startswith(f"Error: There is no lake at {tmp_path / 'nowhere'}.")


def test_an_interrupt_is_told_and_has_the_shells_code(
    quant: Shell, published: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(warehouse: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(versions, "require_current", interrupt)
    code, _, err = quant("status")
    assert code == cli.INTERRUPTED
    assert "keeps serving" in err


def test_a_defect_keeps_its_traceback(
    quant: Shell, published: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(warehouse: Path) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(versions, "require_current", fail)
    with pytest.raises(ZeroDivisionError):
        quant("status")


# -- sql -----------------------------------------------------------------------------------

_QUERY = "select symbol, session_date, close from bars_1d order by all limit 2"


def test_sql_prints_a_table(quant: Shell, published: Build) -> None:
    code, out, _ = quant("sql", _QUERY)
    lines = [line.split() for line in out.splitlines()]
    assert code == 0
    assert lines[0] == ["symbol", "session_date", "close"]
    assert lines[2:] == [["QQQ", "2024-01-30", "102.0"], ["QQQ", "2024-01-31", "102.0"]]


def test_sql_prints_csv(quant: Shell, published: Build) -> None:
    _, out, _ = quant("sql", _QUERY, "--format", "csv")
    assert list(csv.DictReader(io.StringIO(out))) == [
        {"symbol": "QQQ", "session_date": f"2024-01-{day}", "close": "102.0"} for day in (30, 31)
    ]


def test_sql_prints_json(quant: Shell, published: Build) -> None:
    _, out, _ = quant("sql", _QUERY, "--format", "json")
    assert json.loads(out) == [
        {"symbol": "QQQ", "session_date": f"2024-01-{day}", "close": 102.0} for day in (30, 31)
    ]


def test_json_has_null_where_json_has_no_number(quant: Shell, published: Build) -> None:
    query = (
        "select 'nan'::double as a, 'inf'::double as b, null as c, 0.5::decimal(3, 1) as d, "
        "['nan'::double] as e, {'x': date '2024-01-02'} as f"
    )
    _, out, _ = quant("sql", query, "--format", "json")
    assert json.loads(out) == [
        {"a": None, "b": None, "c": None, "d": 0.5, "e": [None], "f": {"x": "2024-01-02"}}
    ]


@pytest.mark.parametrize(("output", "expected"), [("json", "[]\n"), ("csv", "symbol\n")])
def test_no_rows_are_an_answer(quant: Shell, published: Build, output: str, expected: str) -> None:
    code, out, _ = quant("sql", "select symbol from bars_1d where false", "--format", output)
    assert (code, out) == (0, expected)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("64215852.0", "64215852"),
        ("0.1", "0.1"),
        ("1.0 / 3", "0.333333"),
        ("0.0", "0"),
        ("1e-7", "1e-07"),
        ("1e20", "1e+20"),
        ("'nan'", "nan"),
        ("null", "NULL"),
    ],
)
def test_numbers_are_printed_as_a_person_reads_them(
    quant: Shell, published: Build, value: str, shown: str
) -> None:
    _, out, _ = quant("sql", f"select ({value})::double as x")
    assert out.splitlines()[-1].strip() == shown


def test_a_long_answer_says_that_it_is_cut(quant: Shell, published: Build) -> None:
    _, out, _ = quant("sql", "select range as n from range(101)")
    assert out.splitlines()[-2:] == ["99", "The first 100 rows; --format csv prints all."]


def test_a_row_too_wide_for_the_terminal_is_printed_downwards(
    quant: Shell, published: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "_WIDE", 40)
    _, out, _ = quant("sql", "select " + ", ".join(f"{i} as column_{i}" for i in range(9)))
    assert [line.split() for line in out.splitlines()] == [
        [f"column_{i}", str(i)] for i in range(9)
    ]


@pytest.mark.parametrize("statement", ["drop table bars_1d", "select 1; select 2", "from nothing"])
def test_sql_that_is_not_one_query_is_refused(
    quant: Shell, published: Build, statement: str
) -> None:
    code, out, err = quant("sql", statement)
    assert (code, out) == (9, "")
    assert err.startswith("Error: ")


# -- the rest ------------------------------------------------------------------------------


def test_export_writes_where_the_command_is_typed(
    quant: Shell, published: Build, tmp_path: Path
) -> None:
    code, out, _ = quant("export", "bars_1d", "--where", "symbol = 'SPY'")
    assert code == 0
    assert out == "33 rows of bars_1d in bars_1d.parquet\n"
    assert (tmp_path / "bars_1d.parquet").exists()


def test_status_shows_tables_and_version(quant: Shell, published: Build) -> None:
    version = versions.require_current(published.settings.warehouse)
    code, out, _ = quant("status")
    assert code == 0
    assert ["bars_1d", "66", "2", "33", "2024-01-30", "2024-03-02"] in [
        line.split() for line in out.splitlines()
    ]
    assert f"Version   {version.stamp}" in out
    assert "Tests     1 held, 0 warned" in out


def test_status_counts_the_warnings_of_each_table(quant: Shell, build: Build) -> None:
    build.execute("update ops.dbt_results set status = 'warn' where unique_id like 'test%'")
    publish(build.settings, build.manifest)
    _, out, _ = quant("status")
    rows = {line.split()[0]: line.split() for line in out.splitlines() if line}
    assert rows["table"][-1] == "warnings"
    assert rows["bars_1d"][-1] == "1"
    assert rows["stg_lake__stocks"][-1] == "2024-03-02"
    assert "Warning: unique_bars" in out


def test_publish_without_a_build_says_how_to_make_one(quant: Shell, build: Build) -> None:
    build.settings.build_file.unlink()
    (build.settings.build_file.parent / "target").mkdir()
    (build.settings.build_file.parent / "target" / "manifest.json").write_text('{"nodes": {}}')
    code, out, err = quant("publish")
    assert (code, out) == (5, "")
    assert err.splitlines() == [
        f"Error: There is no build at {build.settings.build_file}.",
        "Make one with `quant build`.",
    ]


def test_vars_that_are_no_mapping_are_refused(quant: Shell, build: Build) -> None:
    code, _, err = quant("build", "--vars", "[1]")
    assert code == 5
    assert "--vars" in err


def test_defaults_lie_in_the_checkout_wherever_the_command_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("QUANT_LAKE", "QUANT_JOURNAL", "QUANT_WAREHOUSE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    settings = stores()
    data = project_root() / "data"
    assert (settings.lake, settings.journal, settings.warehouse) == (
        data / "lake",
        data / "journal",
        data / "warehouse",
    )
    monkeypatch.setenv("QUANT_WAREHOUSE", "here")
    assert stores().warehouse == tmp_path / "here"
    assert stores(Path("there")).lake == tmp_path / "there"


def test_progress_is_silent_when_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.progress("Building") as report:
        report(1, 2, "x")
    assert capsys.readouterr() == ("", "")


def test_features_are_listed_by_module_and_text(quant: Shell) -> None:
    code, out, _ = quant("features", "list", "--module", "entropy", "--search", "lempel")
    assert code == 0
    assert "ent_lz_60" in out
    assert "ent_sampen_60" not in out
    assert "4 features" in out


def test_a_feature_is_described_without_a_warehouse(quant: Shell) -> None:
    code, out, _ = quant("features", "describe", "raw_ret_5")
    assert code == 0
    assert "log return" in out
    assert "at the close of the session before" in out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("features", "describe", "raw_rett_5"), "Did you mean raw_ret_5"),
        (("features", "list", "-m", "rav"), "There is no feature module rav"),
        (("harvest",), "Whose features?"),
        (("harvest", "--symbol", "SPY", "--all-symbols"), "Whose features?"),
        (
            ("harvest", "--symbol", "SPY", "--start", "2025-02-01", "--end", "2025-01-01"),
            "is after --end",
        ),
    ],
)
def test_bad_feature_questions_get_a_sentence(
    quant: Shell, words: tuple[str, ...], sentence: str
) -> None:
    code, _, err = quant(*words)
    assert code != 0
    assert sentence in err


def test_one_option_s_volatility_needs_no_warehouse(quant: Shell) -> None:
    words = ["--price", "2.1334", "--spot", "60", "--strike", "65", "--days", "91.25", "-r", "0.08"]
    code, out, _ = quant("options", "iv", "C", *words)
    assert code == 0
    assert "30.0003" in out
    code, out, _ = quant("options", "iv", "P", *words[:1], "8", *words[2:], "-d", "30:0.5")
    assert code == 0


def test_a_price_without_volatility_is_told_with_its_reason(quant: Shell) -> None:
    words = ["--spot", "60", "--strike", "50", "--days", "30"]
    code, out, err = quant("options", "iv", "C", "--price", "9", *words)
    assert code == 10
    assert out == ""
    assert "below_intrinsic" in err


def test_greeks_of_one_option_come_with_their_units(quant: Shell) -> None:
    words = ["--vol", "0.36", "--spot", "105", "--strike", "100", "--days", "182.5"]
    code, out, _ = quant("options", "greeks", "C", *words, "-r", "0.1", "-q", "0.1")
    assert code == 0
    assert "0.594628" in out
    assert "per calendar day" in out


@pytest.mark.parametrize("rows", [3, 1_000_000])
def test_a_reader_that_goes_away_ends_the_command_quietly(published: Build, rows: int) -> None:
    command = [sys.executable, "-m", "engine.service.cli", "sql", "-f", "csv"]
    process = subprocess.Popen(
        [*command, f"select * from range({rows})"],
        env={**os.environ, **published.settings.environment()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == cli.PIPE_CLOSED
