"""The warehouse: what dbt builds privately and what is published for readers.

`engine.warehouse.register(connection)` gives any DuckDB connection the project's SQL functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

__all__ = ["register"]


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Register the project's SQL functions on a connection's database.

    Examples
    --------
    >>> import duckdb
    >>> connection = duckdb.connect()
    >>> register(connection)
    >>> sql = "select round(bs_price('C', 60, 65, 0.25, 0.08, 0.0, 0.3), 4)"
    >>> connection.sql(sql).fetchone()
    (2.1334,)
    """
    from engine.warehouse import udf  # Numba: only for those who call

    udf.register(connection)
