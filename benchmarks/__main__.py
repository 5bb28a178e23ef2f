"""`python -m benchmarks`: measure, print a table, leave the numbers as JSON."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import table
from benchmarks.bench import ROOT, Bench, machine
from benchmarks.measure import BenchError
from benchmarks.parts import DEFAULT, PARTS

RESULTS = ROOT / "benchmarks" / "results"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    made = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    made.add_argument(
        "--part", nargs="+", choices=sorted(PARTS), default=list(DEFAULT), help="what to measure"
    )
    made.add_argument("--list", action="store_true", help="list the parts and end")
    made.add_argument("--report", action="store_true", help="show the last results as Markdown")
    made.add_argument(
        "--days", type=int, default=100, help="sessions of the larger reference lake (100)"
    )
    made.add_argument("--sessions", type=int, default=504, help="sessions of the sample (504)")
    made.add_argument("--out", type=Path, help="also write every result into this JSON file")
    made.add_argument("--scratch", type=Path, help="folder for lakes and warehouses (temporary)")
    made.add_argument(
        "--python", action="append", default=[], help="interpreter in which peers are installed"
    )
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given = parser().parse_args(arguments)
    if given.list:
        for name, part in PARTS.items():
            print(f"{name:10} {(sys.modules[part.__module__].__doc__ or '').splitlines()[0]}")
        return 0
    if given.report:
        return report()
    scratch = given.scratch or Path(tempfile.mkdtemp(prefix="quant-bench-"))
    scratch.mkdir(parents=True, exist_ok=True)
    bench = Bench(scratch.resolve(), given.days, given.sessions, tuple(given.python))
    documents, failed = [], False
    try:
        for name in given.part:
            note = machine()
            try:
                document = PARTS[name](bench).document(note)
            except (BenchError, ValueError) as error:
                sys.stderr.write(f"{name} was not measured: {error}\n")
                failed = True
                continue
            RESULTS.mkdir(exist_ok=True)
            (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
            print(table.plain(document), flush=True)
            documents.append(document)
    finally:
        if given.scratch is None:
            shutil.rmtree(scratch, ignore_errors=True)
    if documents:
        print(table.machine_note(documents[0]["machine"]))
    if given.out:
        given.out.write_text(json.dumps(documents, indent=1) + "\n")
    return int(failed)


def report() -> int:
    """Print the last result of each part as Markdown."""
    for name in PARTS:
        path = RESULTS / f"{name}.json"
        if path.exists():
            document = json.loads(path.read_text())
            print(f"## {name}\n\n{table.markdown(document)}\n")
            print(f"Measured on {table.machine_note(document['machine'])}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
