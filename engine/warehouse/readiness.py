"""Whether a build file may be published.

The rule: every model, seed, snapshot and test of the project succeeded when it last ran (a
warning is a success); each ran in the same run as what it reads, or in a later one; and all
models ran after the last run that was cut off. So a complete `dbt build` can be published, and
so can a partial one when it left nothing behind that is older than what it reads.

The macros `record_run_start` and `record_run_end` keep the record in the build file itself, in
the transactions of dbt, so it cannot disagree with the tables.
"""

from __future__ import annotations

import duckdb

from engine.errors import BuildError
from engine.warehouse.manifest import Manifest, Node

SUCCESSES = ("success", "pass", "warn")
_HOW = "Run `quant build`."


def require(connection: duckdb.DuckDBPyConnection, manifest: Manifest, database: str) -> None:
    """Check that a build may be published.

    Parameters
    ----------
    connection, database
        A connection, and the name that the build file is attached as.
    manifest
        The project.

    Raises
    ------
    BuildError
        When it may not; says which node stands in the way.
    """
    results = _results(connection, database)
    cut_off = _cut_off(connection, database)
    failed = [
        node
        for node in manifest.nodes.values()
        if node.unique_id in results and results[node.unique_id][1] not in SUCCESSES
    ]
    # what failed explains what was skipped because of it
    failed.sort(key=lambda node: (results[node.unique_id][1] == "skipped", node.unique_id))
    if failed:
        node, status = failed[0], results[failed[0].unique_id][1]
        more = f" ({len(failed) - 1} more did not succeed)" if len(failed) > 1 else ""
        raise BuildError(
            f"The last run of the {_kind(node)} {node.name} ended with {status}{more}; "
            "nothing was published.",
            f"Repair it, then: {_HOW[:1].lower()}{_HOW[1:]}",
        )
    for node in manifest.nodes.values():
        if node.unique_id not in results:
            raise BuildError(
                f"The {_kind(node)} {node.name} was never run; nothing was published.", _HOW
            )
        run = results[node.unique_id][0]
        if run <= cut_off and node.resource_type in ("model", "seed", "snapshot"):
            raise BuildError(
                f"A build was cut off after the {_kind(node)} {node.name} was made; "
                "nothing was published.",
                _HOW,
            )
        for name in node.depends_on:
            if name in results and results[name][0] > run:
                read = manifest.nodes[name].name if name in manifest.nodes else name
                raise BuildError(
                    f"The {_kind(node)} {node.name} is older than {read}, which it reads; "
                    "nothing was published.",
                    _HOW,
                )


def test_results(
    connection: duckdb.DuckDBPyConnection, manifest: Manifest, database: str
) -> list[dict[str, object]]:
    """Return each test's last result: name, status, failures and what it tests."""
    results = _results(connection, database)
    return [
        {
            "unique_id": node.unique_id,
            "name": node.name,
            "type": node.resource_type,
            "status": results[node.unique_id][1],
            "failures": results[node.unique_id][2],
            "tests": [name.split(".")[-1] for name in node.depends_on],
        }
        for node in sorted(manifest.nodes.values(), key=lambda node: node.unique_id)
        if node.resource_type in ("test", "unit_test") and node.unique_id in results
    ]


def _results(
    connection: duckdb.DuckDBPyConnection, database: str
) -> dict[str, tuple[int, str, int | None]]:
    try:
        rows = connection.execute(
            f"select unique_id, run, status, failures from {database}.ops.dbt_results"
        ).fetchall()
    except duckdb.CatalogException:
        raise BuildError(
            "The build file has no record of a finished run; nothing was published.", _HOW
        ) from None
    return {unique_id: (run, status, failures) for unique_id, run, status, failures in rows}


def _cut_off(connection: duckdb.DuckDBPyConnection, database: str) -> int:
    row = connection.execute(
        f"select max(run) from {database}.ops.dbt_runs "
        "where finished_at is null and command != 'test'"
    ).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _kind(node: Node) -> str:
    return node.resource_type.replace("_", " ")
