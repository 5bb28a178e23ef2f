"""A fresh environment from the lock: seconds, from the package index or its cache."""

from __future__ import annotations

import sys

from benchmarks.bench import ROOT, Bench, Result, folder_bytes


def measure(bench: Bench) -> Result:
    """Measure what `make install` does, in a folder of its own."""
    result = Result("install")
    venv = bench.folder("venv")
    made = bench.run(result, "venv", [sys.executable, "-m", "venv", str(venv)])
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    lock = ["--require-hashes", "-r", str(ROOT / "requirements.lock")]
    installed = bench.run(result, "pip", [*pip, "--disable-pip-version-check", *lock])
    result.add_wall("venv", made)
    result.add_wall("packages from the lock", installed)
    result.add("size", folder_bytes(venv) / 2**30, "GiB")
    return result
