"""Comparing two build files, bit for bit."""

from __future__ import annotations

from pathlib import Path

import duckdb

# When a build ran is not a function of the lake.
NOT_COMPARED = {("ops", "lake_build_state"), ("main", "build_history")}


def tables(connection: duckdb.DuckDBPyConnection, database: str) -> list[tuple[str, str]]:
    rows = connection.execute(
        """
        select schema_name, table_name from duckdb_tables()
        where database_name = ? and schema_name in ('staging', 'intermediate', 'main')
        order by all
        """,
        [database],
    ).fetchall()
    return [row for row in rows if row not in NOT_COMPARED]


def differences(left: Path, right: Path) -> dict[str, int]:
    """Return, by table, how many rows of one file the other lacks; bits are compared."""
    found: dict[str, int] = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{left}' as one (read_only)")
        connection.execute(f"attach '{right}' as two (read_only)")
        one, two = tables(connection, "one"), tables(connection, "two")
        for name in set(one) ^ set(two):
            found[".".join(name)] = -1
        for schema, table in set(one) & set(two):
            columns = connection.execute(
                f"select column_name from (describe one.{schema}.{table}) "
                "where column_name != 'path'"
            ).fetchall()
            names = ", ".join(f'"{column}"' for (column,) in columns)
            query = f"""
                select count(*) from (
                    (select {names} from one.{schema}.{table}
                     except all select {names} from two.{schema}.{table})
                    union all
                    (select {names} from two.{schema}.{table}
                     except all select {names} from one.{schema}.{table})
                )
            """
            ((count,),) = connection.execute(query).fetchall()
            if count:
                found[f"{schema}.{table}"] = count
    return found
