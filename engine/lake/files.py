"""The lake's day files as a table: the first model of a build.

A file that cannot be read stops the build by name, unless the user asked to quarantine it.
"""

from __future__ import annotations

import pyarrow as pa

from engine import settings
from engine.errors import LakeError
from engine.lake.store import Lake

FILES_SCHEMA = pa.schema(
    [
        ("dataset", pa.string()),
        ("session_date", pa.date32()),
        ("path", pa.string()),
        ("bytes", pa.int64()),
        ("content_hash", pa.string()),
        ("row_count", pa.int64()),
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)


def lake_files(*, quarantine: bool = False, lake: Lake | None = None) -> pa.Table:
    """List the day files of the configured lake.

    Parameters
    ----------
    quarantine
        List unusable files with their reason instead of raising.
    lake
        The lake; by default the one of the settings.

    Returns
    -------
    pyarrow.Table
        `FILES_SCHEMA`; `reason` is null for files that are used.

    Raises
    ------
    LakeError
        When there is no lake, it is empty, or a file is truncated or breaks the contract.
    """
    lake = lake or Lake.open(settings.load().lake)
    files = lake.scan()
    if not files:
        raise LakeError(
            f"The lake at {lake.root} has no day files.",
            "Fill it with `quant lake simulate` or `quant lake import`.",
        )
    bad = [file for file in files if file.problem]
    if bad and not quarantine:
        first, more = bad[0], f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        raise LakeError(
            f"{first.path} {first.detail}{more}.",
            "Import it again, delete it, or build with --quarantine-files.",
        )
    return pa.table(
        {
            "dataset": [file.dataset for file in files],
            "session_date": [file.session_date for file in files],
            "path": [file.path for file in files],
            "bytes": [file.bytes for file in files],
            "content_hash": [file.content_hash for file in files],
            "row_count": [max(file.rows, 0) for file in files],
            "reason": [file.problem or None for file in files],
            "detail": [file.detail or None for file in files],
        },
        schema=FILES_SCHEMA,
    )
