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
        return subprocess.run(
            [*command, "models"],
            cwd=ROOT,
            env={**os.environ, **stores, "DBT_TARGET_PATH": f"{folder}/target"},
            check=False,
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
