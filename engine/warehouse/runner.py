"""Running dbt inside this process: one runner, so that a second run does not start from cold.

dbt's own output stays in its log file; what a person needs comes back as a `Run`, and a failure
as one sentence.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from engine.errors import BuildError, LockedError
from engine.settings import Settings, project_root

NodeProgress = Callable[[int, int, str], None]  # done, total, what has just finished

_FAILURES = ("error", "fail", "runtime error", "partial success")


@dataclass(frozen=True)
class Options:
    """What to build and how.

    Parameters
    ----------
    select
        dbt selection; everything when empty.
    full_refresh
        Make every table anew.
    target
        Output of `profiles.yml`; None for its default.
    variables
        dbt vars.
    """

    select: tuple[str, ...] = ()
    full_refresh: bool = False
    target: str | None = None
    variables: tuple[tuple[str, Any], ...] = ()

    def arguments(self) -> list[str]:
        """Return the arguments of `dbt build` that say the same."""
        words: list[str] = []
        if self.select:
            words += ["--select", *self.select]
        if self.full_refresh:
            words.append("--full-refresh")
        if self.target:
            words += ["--target", self.target]
        if self.variables:
            words += ["--vars", json.dumps(dict(self.variables))]
        return words

    @property
    def configuration(self) -> dict[str, Any]:
        """What of this decides a build's outcome."""
        return {"target": self.target, "vars": dict(self.variables)}


@dataclass(frozen=True)
class NodeResult:
    """How one model or test went."""

    unique_id: str
    name: str
    resource_type: str
    status: str
    seconds: float
    failures: int | None
    message: str
    compiled_path: str | None


@dataclass(frozen=True)
class Run:
    """How a dbt run went.

    Parameters
    ----------
    nodes
        Results, in the order of finishing.
    seconds
        Wall time, dbt's start included.
    target_folder
        Where dbt left its manifest and the compiled SQL.
    """

    nodes: tuple[NodeResult, ...]
    seconds: float
    target_folder: Path

    @property
    def manifest_path(self) -> Path:
        """Where dbt left its manifest."""
        return self.target_folder / "manifest.json"

    @property
    def warnings(self) -> tuple[NodeResult, ...]:
        """Tests that warned."""
        return tuple(node for node in self.nodes if node.status == "warn")

    def facts(self, options: Options) -> dict[str, Any]:
        """Return what a version remembers of this run."""
        tests = [node for node in self.nodes if node.resource_type in ("test", "unit_test")]
        return {
            "seconds": round(self.seconds, 3),
            "target": options.target,
            "full_refresh": options.full_refresh,
            "select": list(options.select),
            "models": sum(node.resource_type == "model" for node in self.nodes),
            "tests": len(tests),
            "tests_warned": sum(node.status == "warn" for node in tests),
            "nodes": [
                {"name": node.name, "type": node.resource_type, "seconds": round(node.seconds, 3)}
                for node in self.nodes
                if node.resource_type in ("model", "seed", "snapshot")
            ],
        }


def target_folder(settings: Settings) -> Path:
    """Return where dbt keeps its manifest, compiled SQL and parse cache for a warehouse.

    It is beside the build file, so that two warehouses do not undo each other's parse cache
    and the checkout can be read-only; QUANT_TARGET names another place.
    """
    given = os.environ.get("QUANT_TARGET")
    return Path(given).resolve() if given else settings.build_file.parent.resolve() / "target"


def build(
    settings: Settings,
    options: Options | None = None,
    *,
    project: Path | None = None,
    progress: NodeProgress | None = None,
) -> Run:
    """Run `dbt build` in this process; the caller holds `engine.warehouse.publish.writing`.

    Parameters
    ----------
    settings
        The stores; dbt is told of them by environment variables.
    options
        What to build and how.
    project
        The dbt project; by default this checkout's.
    progress
        Told of each model and test as it finishes.

    Raises
    ------
    BuildError
        When a model or test failed, or the project cannot be parsed; says which and why.
    LockedError
        When another process has the build file open.
    """
    options = options or Options()
    project = (project or project_root()).resolve()
    target = target_folder(settings)
    started = time.monotonic()
    words = ["build", *options.arguments(), *_places(project, target)]
    listener = _Listener(progress)
    with _environment(settings), _rare_collections():
        try:
            result = _invoke(words, listener)
        finally:
            _close_connections()
    if result.exception is not None:
        raise _translate(str(result.exception), settings, project)
    nodes = tuple(_node_result(entry, target, project) for entry in result.result.results)
    run = Run(nodes, time.monotonic() - started, target)
    if not result.success:
        raise _failure(run, settings, project)
    return run


def _places(project: Path, target: Path) -> list[str]:
    return [
        *("--project-dir", str(project)),
        *("--profiles-dir", str(project)),
        *("--target-path", str(target)),
        *("--log-path", str(target.parent / "logs")),
    ]


@contextlib.contextmanager
def _environment(settings: Settings) -> Iterator[None]:
    """Tell dbt where the stores are, as absolute paths: it may run in any folder."""
    paths = {name: str(Path(path).resolve()) for name, path in settings.environment().items()}
    quiet = {"QUANT_RUNNER": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    # what decides a build is in its options and its fingerprint, not in the caller's shell
    foreign = [name for name in os.environ if name.startswith("DBT_")]
    before = {name: os.environ.get(name) for name in (*paths, *quiet, *foreign)}
    for name in foreign:
        del os.environ[name]
    os.environ.update(paths | quiet)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for garbage seldom: what dbt makes by the hundred thousand lives to the end."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


class _Listener:
    """Counts finished nodes from dbt's events."""

    def __init__(self, progress: NodeProgress | None) -> None:
        self.progress = progress
        self.total = 0
        self.done = 0

    def __call__(self, event: Any) -> None:
        if self.progress is None:
            return
        if event.info.name == "ConcurrencyLine":
            self.total = int(getattr(event.data, "node_count", 0))
        elif event.info.name == "NodeFinished":
            self.done += 1
            name = event.data.node_info.node_name
            self.progress(self.done, max(self.total, self.done), name)


_listening: list[_Listener] = []


@lru_cache(maxsize=1)
def _runner() -> Any:
    from dbt.cli.main import dbtRunner

    def forward(event: Any) -> None:
        for listener in _listening:
            listener(event)

    return dbtRunner(callbacks=[forward])


def _invoke(words: Sequence[str], listener: _Listener) -> Any:
    _listening[:] = [listener]
    try:
        return _runner().invoke(
            [
                "--quiet",
                "--log-level",
                "none",
                "--log-level-file",
                "info",
                "--no-use-colors",
                *words,
            ]
        )
    finally:
        _listening.clear()


def _close_connections() -> None:
    """Let go of the build file, so that it can be published by this process."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    environment = DuckDBConnectionManager._ENV
    if environment is not None:
        environment.close()
    DuckDBConnectionManager.close_all_connections()


# -- results and failures ------------------------------------------------------------------


def _node_result(entry: Any, target: Path, project: Path) -> NodeResult:
    node = entry.node
    compiled = getattr(node, "compiled_path", None)
    return NodeResult(
        unique_id=node.unique_id,
        name=node.name,
        resource_type=str(node.resource_type),
        status=str(entry.status),
        seconds=float(entry.execution_time or 0.0),
        failures=entry.failures,
        message=(entry.message or "").strip(),
        compiled_path=str(project / compiled) if compiled else None,
    )


def _failure(run: Run, settings: Settings, project: Path) -> BuildError | LockedError:
    """Return the first failure as a sentence; what was skipped because of it only counts."""
    failed = [node for node in run.nodes if node.status in _FAILURES]
    if not failed:
        return BuildError("The build did not finish; nothing was published.", _see_log(run))
    first = failed[0]
    others = f" ({len(failed) - 1} more failed)" if len(failed) > 1 else ""
    if first.resource_type == "test" and first.status == "fail":
        rows = f"{first.failures} row{'s' if first.failures != 1 else ''}"
        return BuildError(
            f"The test {first.name} failed on {rows}{others}; nothing was published.",
            f"See them: {_show_command(first, settings, project)}",
        )
    if first.resource_type == "unit_test":
        return BuildError(
            f"The unit test {first.name} failed{others}; nothing was published.\n{first.message}",
            "Make the model give what the test expects, or correct the test.",
        )
    translated = _translate(first.message, settings, project)
    if isinstance(translated, LockedError):
        return translated
    return BuildError(
        f"The {first.resource_type} {first.name} failed{others}; nothing was published: "
        f"{translated.what}",
        translated.remedy or _see_log(run),
    )


def _show_command(node: NodeResult, settings: Settings, project: Path) -> str:
    """Return the command that shows the rows on which a test failed."""
    environment = " ".join(
        f"{name}={Path(value).resolve()}"
        for name, value in settings.environment().items()
        if os.environ.get(name) or Path(value).is_absolute()
    )
    words = f"dbt show --select {node.name} --limit 20 --project-dir {project}"
    return f"{environment} {words} --profiles-dir {project}".strip()


def _see_log(run: Run) -> str:
    return f"See {run.target_folder.parent / 'logs' / 'dbt.log'}."


_OWN_ERROR = re.compile(r"engine\.errors\.\w+: (?P<sentence>.+)")


def _translate(text: str, settings: Settings, project: Path) -> BuildError | LockedError:
    """Return what dbt said as one of the project's errors: the sentence, not the traceback."""
    if "Could not set lock" in text or "Conflicting lock" in text:
        holder = text.partition("(PID ")[2].partition(")")[0] or "unknown"
        return LockedError(
            f"Process {holder} is writing {settings.build_file}.",
            "Wait until it has finished, then try again.",
        )
    if "No space left on device" in text or "File too large" in text:
        return BuildError(
            f"The disk is full: {settings.build_file.parent} could not be written.",
            "Free space, then run the command again; the version before keeps serving.",
        )
    own = _OWN_ERROR.search(text)
    if own is not None:
        return BuildError(own["sentence"].strip())
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("Traceback", "File "))]
    if "Python model failed" in text:
        return BuildError(lines[-1])  # the exception, without the way there
    return BuildError(" ".join(lines[:4]) if lines else "dbt failed without a message.")


def parse_variables(text: str) -> tuple[tuple[str, Any], ...]:
    """Return dbt vars given as YAML or JSON.

    Raises
    ------
    BuildError
        When the text is not a mapping.
    """
    try:
        content = yaml.safe_load(text) if text.strip() else {}
    except yaml.YAMLError as error:
        raise BuildError(
            f"--vars {text!r} is not YAML: {str(error).splitlines()[0]}.",
            "Write it like '{day_bar_min_coverage: 0.9}'.",
        ) from error
    if not isinstance(content, dict):
        raise BuildError(
            f"--vars {text!r} is not a mapping.", "Write it like '{day_bar_min_coverage: 0.9}'."
        )
    return tuple(sorted(content.items()))
