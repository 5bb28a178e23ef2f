"""The benchmarks' command, arithmetic and measuring: what their figures rest on."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.settings import project_root

ROOT = project_root()
NAMES = ("arithmetic", "bench", "measure", "opens", "table")


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The package's modules: it lies in the root and is not installed."""
    monkeypatch.syspath_prepend(str(ROOT))
    return SimpleNamespace(
        **{name: importlib.import_module(f"benchmarks.{name}") for name in NAMES}
    )


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *words], cwd=ROOT, capture_output=True, text=True
    )


def test_the_command_lists_its_parts_with_a_line_on_each():
    listed = command("--list")
    assert listed.returncode == 0
    lines = dict(line.split(maxsplit=1) for line in listed.stdout.splitlines())
    assert set(lines) == {
        "simulator",
        "pipeline",
        "staging",
        "features",
        "physics",
        "options",
        "gex",
        "marks",
        "install",
    }
    assert all(line.endswith(".") for line in lines.values())


def test_an_unknown_part_is_refused():
    refused = command("--part", "everything")
    assert refused.returncode == 2
    assert "invalid choice: 'everything'" in refused.stderr


def test_rows_a_cpu_second_are_net_of_start_up(benchmarks):
    # 3 M rows in 6 CPU s, of which 4 went into starting: 1.5 M rows a CPU second
    assert benchmarks.arithmetic.rows_per_cpu_second(3_000_000, 6.0, 4.0) == 1_500_000
    assert benchmarks.arithmetic.rows_per_cpu_second(3_000_000, 6.0) == 500_000


def test_work_that_start_up_hides_has_no_rate(benchmarks):
    with pytest.raises(ValueError, match="not more than"):
        benchmarks.arithmetic.rows_per_cpu_second(1_000, 4.0, 4.0)


def test_the_margin_cancels_what_two_sizes_have_in_common(benchmarks):
    # 5 s of start-up and 0.25 s a day
    assert benchmarks.arithmetic.slope((20, 10.0), (100, 30.0)) == 0.25


def test_a_cell_is_one_value_of_one_column(benchmarks):
    # 2 s for 16 x 1,000 rows of 125 columns are 2 M cells of 1,000 ns
    assert benchmarks.arithmetic.nanoseconds_per_cell(2.0, 16_000, 125) == 1000


def test_other_work_is_what_the_machine_did_besides(benchmarks):
    # in 10 s on 2 cores the machine worked 12 s, 8 of them for us
    assert benchmarks.arithmetic.share_of_others(12.0, 8.0, 10.0, 2) == 0.2
    assert benchmarks.arithmetic.share_of_others(7.9, 8.0, 10.0, 2) == 0.0


def test_a_target_is_a_ceiling_or_a_floor(benchmarks):
    figure = benchmarks.bench.Figure
    assert figure("wall", 59.0, "s", target=60).is_met
    assert not figure("wall", 61.0, "s", target=60).is_met
    assert figure("rate", 1.3e6, "rows/CPU s", target=1.2e6, is_ceiling=False).is_met
    assert not figure("rate", 1.1e6, "rows/CPU s", target=1.2e6, is_ceiling=False).is_met
    assert figure("not measured", None, "s", target=60).is_met is None


def test_a_peer_that_is_not_there_has_no_figure(benchmarks, tmp_path):
    assert benchmarks.bench.Bench(tmp_path).peer("no_such_peer_module") is None
    missing = {
        "name": "x", "value": None, "unit": "s", "target": None, "note": "not installed",
        "is_ceiling": True, "is_met": None,
    }  # fmt: skip
    (row,) = benchmarks.table.rows({"figures": [missing]})
    assert row == ("x", "-", "", "not installed")


def test_a_measured_command_reports_its_own_cpu_and_memory(benchmarks, tmp_path):
    # a quarter of a second of work and 64 MiB, in a child of the measured process
    work = (
        "import time; held = bytearray(b'x') * (64 << 20)\nwhile time.process_time() < 0.25: pass"
    )
    inner = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}], check=True)"
    cost = benchmarks.measure.run(
        [sys.executable, "-c", inner], folder=tmp_path, environment={}, log=tmp_path / "log"
    )
    assert cost.cpu >= 0.25
    assert cost.peak_bytes >= 64 << 20
    assert cost.wall > 0


def test_a_command_that_fails_says_what_it_printed(benchmarks, tmp_path):
    failing = "import sys; print('the lake is empty'); sys.exit(3)"
    with pytest.raises(benchmarks.measure.BenchError, match=r"Exit code 3(.|\n)*the lake is empty"):
        benchmarks.measure.run(
            [sys.executable, "-c", failing], folder=tmp_path, environment={}, log=tmp_path / "log"
        )


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
def test_opened_files_are_counted_once_and_by_folder(benchmarks, tmp_path):
    folders = [tmp_path / name for name in ("stocks", "options")]
    for folder in folders:
        folder.mkdir()
        for name in ("a", "b"):
            (folder / name).write_text(name)
    with benchmarks.opens.Opens(folders) as opens:
        for _ in range(3):
            Path(folders[0] / "a").read_text()
        (folders[1] / "b").stat()  # looking is not opening
    assert opens.files(folders[0]) == 1
    assert opens.files(folders[1]) == 0
