"""What the parts share: the scratch folder, lakes made once, figures and results."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.measure import Cost, run

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Parameters
    ----------
    name, value, unit
        What it is. A value of None was not measured, and `note` says why.
    target
        What was asked for, if anything.
    is_ceiling
        The target is a most, not a least.
    note
        What a reader must know to judge it.
    """

    name: str
    value: float | None
    unit: str
    target: float | None = None
    is_ceiling: bool = True
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None without a target or a value."""
        if self.target is None or self.value is None:
            return None
        return self.value < self.target if self.is_ceiling else self.value >= self.target


@dataclass
class Result:
    """What one part measured.

    Parameters
    ----------
    part
        Its name.
    figures
        In the order of showing.
    runs
        What each command cost.
    details
        What else explains the figures.
    """

    part: str
    figures: list[Figure] = field(default_factory=list)
    runs: dict[str, Cost] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, value: float | None, unit: str, **more: Any) -> None:
        """Add a figure."""
        self.figures.append(Figure(name, value, unit, **more))

    def add_computed(
        self, name: str, compute: Callable[..., float], *arguments: Any, unit: str, **more: Any
    ) -> None:
        """Add a figure that a function of `arithmetic` gives, or say that there is none."""
        try:
            value: float | None = compute(*arguments)
        except ValueError as error:
            value, more = None, more | {"note": f"too small to be measured: {error}"}
        self.add(name, value, unit, **more)

    def add_wall(self, name: str, cost: Cost, target: float | None = None, note: str = "") -> None:
        """Add a run's wall time, marked where other work took part of the machine."""
        share = "" if cost.others is None else f"; others used {cost.others:.0%} of the machine"
        text = f"{cost.cpu:.1f} CPU s, peak {cost.peak_bytes / 2**30:.2f} GiB"
        text += "" if cost.is_quiet else share
        self.add(name, cost.wall, "s", target=target, note=f"{note}; {text}" if note else text)

    def document(self, machine: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is written as JSON."""
        return {
            "part": self.part,
            "machine": dict(machine),
            "figures": [asdict(figure) | {"is_met": figure.is_met} for figure in self.figures],
            "runs": {name: asdict(cost) for name, cost in self.runs.items()},
            "details": self.details,
        }


@dataclass(frozen=True)
class Peer:
    """A program that others use for the same work, where it is installed."""

    name: str
    python: str
    version: str


@dataclass
class Bench:
    """One run of the benchmarks.

    Parameters
    ----------
    scratch
        Folder for lakes and warehouses.
    days
        Sessions of the larger reference lake.
    sessions
        Sessions of the sample lake.
    pythons
        Interpreters in which peers may be installed, besides this one.
    """

    scratch: Path
    days: int = 100
    sessions: int = 504
    pythons: tuple[str, ...] = ()
    simulated: dict[str, Cost] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Kernels compile into the scratch folder, so that the first compilation can be seen."""
        return {
            "NUMBA_CACHE_DIR": str(self.scratch / "numba"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "PYTHONPATH": str(ROOT),
        }

    def folder(self, name: str) -> Path:
        """Return an empty folder of this name."""
        path = self.scratch / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    def run(self, result: Result, name: str, arguments: Sequence[str], **environment: str) -> Cost:
        """Run a command with this interpreter or a named one, and keep what it cost."""
        sys.stderr.write(f"  {result.part}: {name} ...\n")
        cost = run(
            arguments,
            folder=ROOT,
            environment=self.environment | environment,
            log=self.scratch / "logs" / f"{result.part}-{name.replace(' ', '-')}.log",
        )
        result.runs[name] = cost
        return cost

    def quant(
        self, result: Result, name: str, words: Sequence[str], stores: Mapping[str, str]
    ) -> Cost:
        """Run the `quant` command of this checkout."""
        return self.run(
            result, name, [sys.executable, "-m", "engine.service.cli", *words], **stores
        )

    def dbt(
        self, result: Result, name: str, words: Sequence[str], stores: Mapping[str, str]
    ) -> Cost:
        """Run plain dbt with this checkout's project, quietly."""
        target = Path(stores["QUANT_WAREHOUSE"]) / "target"
        places = ["--project-dir", ".", "--profiles-dir", ".", "--target-path", str(target)]
        places += ["--log-path", str(target / "logs")]
        command = [sys.executable, "-m", "dbt.cli.main", "--quiet", *words, *places]
        return self.run(result, name, command, **stores)

    def child(
        self, result: Result, name: str, module: str, *words: str, python: str | None = None
    ) -> tuple[Cost, dict[str, Any]]:
        """Run a module of `benchmarks.children`, which leaves its figures in a file."""
        answer = self.scratch / "answers" / f"{name.replace(' ', '-')}.json"
        answer.parent.mkdir(parents=True, exist_ok=True)
        answer.unlink(missing_ok=True)
        script = str(ROOT / "benchmarks" / "children" / f"{module}.py")
        cost = self.run(result, name, [python or sys.executable, script, str(answer), *words])
        return cost, json.loads(answer.read_text())

    def stores(self, lake: Path, warehouse: Path) -> dict[str, str]:
        """Return the variables that name the stores."""
        return {
            "QUANT_LAKE": str(lake),
            "QUANT_WAREHOUSE": str(warehouse),
            "QUANT_JOURNAL": str(warehouse / "journal"),
        }

    def lake(self, result: Result, scale: str, sessions: int) -> Path:
        """Return a simulated lake, made when a part first asks for it."""
        name = f"{scale}-{sessions}"
        path = self.scratch / "lakes" / name
        if name not in self.simulated:
            shutil.rmtree(path, ignore_errors=True)
            words = ["lake", "simulate", "--scale", scale, "--sessions", str(sessions)]
            stores = self.stores(path, self.scratch / "none")
            self.simulated[name] = self.quant(result, f"simulate {name}", words, stores)
        return path

    def peer(self, module: str, distribution: str | None = None) -> Peer | None:
        """Return the first interpreter that has a module, or None: then it is not measured."""
        for python in (sys.executable, *self.pythons):
            asked = subprocess.run(
                [
                    python,
                    "-c",
                    f"import {module}; from importlib.metadata import version; "
                    f"print(version('{distribution or module}'))",
                ],
                capture_output=True,
                text=True,
                cwd=self.scratch,
            )
            if asked.returncode == 0:
                return Peer(distribution or module, python, asked.stdout.split()[-1])
        return None


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in ("duckdb", "dbt-core", "numba", "numpy")},
        "revision": _revision(),
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown"


def _version(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _revision() -> str:
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    )
    return asked.stdout.strip() or "unknown"


def folder_bytes(folder: Path) -> int:
    """Return the size of a folder's files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
