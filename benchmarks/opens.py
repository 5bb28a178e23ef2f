"""Which files of some folders are opened while other processes work (Linux inotify)."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

_IN_OPEN = 0x20
_IN_ISDIR = 0x40000000
_IN_Q_OVERFLOW = 0x4000
_HEADER = struct.Struct("iIII")


class Opens:
    """Counts opens of the files in folders for as long as its block runs.

    Parameters
    ----------
    folders
        Watched, not their subfolders.

    Notes
    -----
    `counts` is None where the kernel cannot tell (not Linux) or has lost count.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = [Path(folder) for folder in folders]
        self._names: dict[int, Path] = {}
        self._handle = -1
        self.counts: Counter[Path] | None = None

    def __enter__(self) -> Opens:
        if sys.platform != "linux":
            return self
        libc = ctypes.CDLL(None, use_errno=True)
        self._handle = libc.inotify_init1(os.O_NONBLOCK)
        if self._handle < 0:
            return self
        for folder in self._folders:
            watch = libc.inotify_add_watch(self._handle, os.fsencode(folder), _IN_OPEN)
            self._names[watch] = folder
        self.counts = Counter()
        self._over = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._handle < 0:
            return
        self._over.set()
        self._reader.join()
        os.close(self._handle)

    def files(self, folder: Path) -> int | None:
        """Return how many different files of a folder were opened."""
        if self.counts is None:
            return None
        return sum(path.parent == Path(folder) for path in self.counts)

    def _read(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._over.wait(0.02)
            while True:
                try:
                    data = os.read(self._handle, 1 << 16)
                except BlockingIOError:
                    break
                self._count(data)

    def _count(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            watch, mask, _, length = _HEADER.unpack_from(data, at)
            at += _HEADER.size
            name = data[at : at + length].rstrip(b"\0")
            at += length
            if mask & _IN_Q_OVERFLOW:
                self.counts = None
            elif name and not mask & _IN_ISDIR and self.counts is not None:
                self.counts[self._names[watch] / os.fsdecode(name)] += 1
