"""A second process that writes a lake, for tests of the writer's lock."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

HOLD = """
import sys
from pathlib import Path
from engine.lake.store import Lake
with Lake(Path(sys.argv[1])).writing():
    print("held", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def _writer_elsewhere(lake: Path) -> Iterator[int]:
    # a plain process: multiprocessing would start from this process's main module, which tests
    # of the app replace
    command = [sys.executable, "-c", HOLD, str(lake)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin and holder.stdout
        assert holder.stdout.readline() == b"held\n"
        try:
            yield holder.pid
        finally:
            holder.stdin.close()


@pytest.fixture
def writer_elsewhere() -> Callable[[Path], AbstractContextManager[int]]:
    """Return a context manager in which another process writes the lake; it gives its id."""
    return _writer_elsewhere
