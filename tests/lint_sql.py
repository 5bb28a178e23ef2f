"""Lint every model with sqlfluff; the dbt templater compiles against an empty warehouse."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        stores = {
            f"QUANT_{name}": f"{folder}/{name.lower()}" for name in ("LAKE", "JOURNAL", "WAREHOUSE")
        }
        sqlfluff = Path(sys.executable).with_name("sqlfluff")
        command = [str(sqlfluff), "lint", "--nocolor", "--disable-progress-bar", *sys.argv[1:]]
        done = subprocess.run(
            [*command, "models"],
            cwd=ROOT,
            env={**os.environ, **stores, "DBT_TARGET_PATH": f"{folder}/target"},
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    # DuckDB's binding lists at exit what sqlfluff's compiler left open: not a finding
    noise = ("nanobind: ", "See https://nanobind", " - leaked ", " - ... skipped")
    lines = [x for x in done.stderr.splitlines() if x and not x.startswith(noise)]
    print("\n".join(lines), file=sys.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
