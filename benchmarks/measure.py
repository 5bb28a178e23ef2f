"""Running a command and saying what it cost.

The measuring process imports nothing heavy: the kernel counts a parent's memory into the peak of
a child that it starts.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.arithmetic import share_of_others

_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024
_TAIL = 25  # lines of a failed command's output that are shown


class BenchError(Exception):
    """A measured command failed; the message says which and shows the end of its output."""


@dataclass(frozen=True)
class Cost:
    """What a command cost, its own children included.

    Parameters
    ----------
    wall, cpu
        Seconds; CPU is user and system time together.
    peak_bytes
        Largest resident memory of one of its processes.
    others
        Share of the machine that other processes took meanwhile, 0 to 1; None when unknown.
    """

    wall: float
    cpu: float
    peak_bytes: int
    others: float | None

    @property
    def is_quiet(self) -> bool:
        """Whether the wall time can be taken for that of an idle machine."""
        return self.others is not None and self.others < 0.05


def run(
    arguments: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    log: Path,
) -> Cost:
    """Run a command to its end.

    Parameters
    ----------
    arguments
        The command.
    folder
        Where it runs.
    environment
        Added to this process's own.
    log
        Takes what it prints.

    Raises
    ------
    BenchError
        When it fails.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        busy = _busy_seconds()
        started = time.monotonic()
        process = subprocess.Popen(
            [str(word) for word in arguments],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        after = _busy_seconds()
    if process.returncode:
        lines = log.read_text(errors="replace").splitlines()[-_TAIL:]
        raise BenchError(
            f"Exit code {process.returncode} of {' '.join(map(str, arguments))}\n"
            + "\n".join(lines)
        )
    cpu = usage.ru_utime + usage.ru_stime
    others = None
    if busy is not None and after is not None:
        others = share_of_others(after - busy, cpu, wall, os.cpu_count() or 1)
    return Cost(wall, cpu, usage.ru_maxrss * _MAXRSS_UNIT, others)


def _busy_seconds() -> float | None:
    """Return how long all cores together have been busy since the machine started."""
    try:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    except OSError:
        return None
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, fields[:8])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
