"""The project's SQL functions: row-wise physics as Arrow functions over Numba kernels.

A package with functions of its own has a module `udf` with `register(connection)`; it is
listed here, so that dbt, the published file and the tests all see the same functions.
"""

from __future__ import annotations

import importlib
from functools import lru_cache
from pathlib import Path

import duckdb

_PROVIDERS = ("engine.features.udf", "engine.options.udf", "engine.options.chain")
_COMPUTING = ("kernels", "features", "market", "options")  # packages whose code makes numbers


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Register every function on a connection's database.

    Parameters
    ----------
    connection
        Any connection of the database; its cursors see the functions too. To be called once
        per opened database.
    """
    for name in _PROVIDERS:
        importlib.import_module(name).register(connection)


@lru_cache(maxsize=1)
def kernel_hash() -> str:
    """Return a hash of the Python code that computes numbers, and of what runs it.

    Models whose rows come from kernels are stale when it changes.
    """
    from engine.warehouse.fingerprint import hash_files, package_versions

    engine = Path(__file__).resolve().parent.parent
    files = [path for name in _COMPUTING for path in (engine / name).rglob("*.py")]
    return hash_files(engine, files, salt=package_versions("numpy", "numba"))
