"""The way to open the published warehouse: read-only, on one version, without a way out.

A connection sees the published file and its parts and nothing else: no other file, no
extension, no Python variable; and its settings cannot be changed back.
"""

from __future__ import annotations

import atexit
import contextlib
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from engine.errors import LockedError, PublishError
from engine.settings import Settings
from engine.warehouse import versions
from engine.warehouse.versions import Version

if TYPE_CHECKING:
    import pyarrow as pa


class Published:
    """The published warehouse, followed from version to version.

    Each call to `cursor` answers from the version that is current then; a cursor handed out
    before keeps its version until the second publish after it. Safe to share between threads.

    Parameters
    ----------
    settings
        Says where the warehouse is.
    functions
        Register the project's SQL functions (imports Numba).

    Examples
    --------
    >>> warehouse = Published(load())                               # doctest: +SKIP
    >>> warehouse.table("select count(*) as n from bars_1d")        # doctest: +SKIP
    """

    def __init__(self, settings: Settings, *, functions: bool = True) -> None:
        self._folder = settings.warehouse
        self._functions = functions
        self._lock = threading.Lock()
        self._opened: list[tuple[Version, duckdb.DuckDBPyConnection]] = []

    def version(self) -> Version:
        """Return the version that is current now, opening it if it is new."""
        return self._follow()[0]

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor on the current version, to be closed by the caller.

        Raises
        ------
        PublishError
            When nothing is published.
        """
        return self._follow()[1].cursor()

    def table(self, sql: str, parameters: list[object] | None = None) -> pa.Table:
        """Return the result of a query on the current version as an Arrow table."""
        with contextlib.closing(self.cursor()) as cursor:
            return cursor.sql(sql, params=parameters or []).to_arrow_table()

    def close(self) -> None:
        """Close what is open, cursors included; the next call opens again."""
        with self._lock:
            while self._opened:
                _release(self._opened.pop()[0])

    def _follow(self) -> tuple[Version, duckdb.DuckDBPyConnection]:
        with self._lock:
            version = versions.require_current(self._folder)
            if not self._opened or self._opened[-1][0] != version:
                self._opened.append((version, _acquire(version, functions=self._functions)))
                # closing a connection closes its cursors: leave the last version's readers time
                while len(self._opened) > versions.KEPT:
                    _release(self._opened.pop(0)[0])
            return self._opened[-1]


@contextlib.contextmanager
def published(settings: Settings, *, functions: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the current version for one piece of work.

    Parameters
    ----------
    settings
        Says where the warehouse is.
    functions
        Register the project's SQL functions (imports Numba).

    Raises
    ------
    PublishError
        When nothing is published, or the file cannot be opened.
    """
    warehouse = Published(settings, functions=functions)
    try:
        with contextlib.closing(warehouse.cursor()) as cursor:
            yield cursor
    finally:
        warehouse.close()


# DuckDB shares one database between all connections of a process to a file, settings included:
# the first opens and locks it, the others join. Closing the last one before the interpreter
# ends keeps DuckDB from reporting registered functions as leaked.
_shared: dict[Path, tuple[duckdb.DuckDBPyConnection, int, bool]] = {}
_sharing = threading.Lock()


def _acquire(version: Version, *, functions: bool) -> duckdb.DuckDBPyConnection:
    with _sharing:
        connection, users, has_functions = _shared.get(version.path) or (_open(version), 0, False)
        if functions and not has_functions:
            from engine.warehouse import udf

            udf.register(connection)
        _shared[version.path] = (connection, users + 1, has_functions or functions)
        return connection


def _release(version: Version) -> None:
    with _sharing:
        connection, users, has_functions = _shared.pop(version.path)
        if users > 1:
            _shared[version.path] = (connection, users - 1, has_functions)
        else:
            connection.close()


@atexit.register
def _close_all() -> None:
    for connection, _, _ in _shared.values():
        connection.close()
    _shared.clear()


def _open(version: Version) -> duckdb.DuckDBPyConnection:
    made_in = version.facts().get("parts_folder")
    if made_in and Path(made_in) != version.parts.resolve():
        raise PublishError(
            f"The warehouse was moved from {Path(made_in).parent.parent} to {version.warehouse}, "
            "but its views name files in the old place.",
            "Run `quant publish` to make them anew.",
        )
    config = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
        # spilled rows never lie beside the versions
        "temp_directory": str(Path(tempfile.gettempdir()) / "quant-engine-spill"),
    }
    try:
        connection = duckdb.connect(str(version.path), read_only=True, config=config)
        parts = str(version.parts.resolve()).replace("'", "''")
        connection.execute(f"set allowed_directories = ['{parts}/']")
        connection.execute("set global TimeZone = 'UTC'")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
    except duckdb.Error as error:
        raise open_error(error, version.path) from error
    return connection


def open_error(error: duckdb.Error, path: Path) -> LockedError | PublishError:
    """Return what a failure of DuckDB to open a file means."""
    text = str(error)
    if "Could not set lock" in text or "Conflicting lock" in text:
        holder = text.partition("(PID ")[2].partition(")")[0]
        return LockedError(
            f"Process {holder or 'unknown'} is writing {path}.",
            "Wait until it has finished, then try again.",
        )
    return PublishError(
        f"{path} cannot be opened: {text.splitlines()[0]}.",
        "Build it anew with `quant build --full-refresh`.",
    )
