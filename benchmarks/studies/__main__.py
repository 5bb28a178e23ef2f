"""`python -m benchmarks.studies marks smiles chains vix`: print a study's tables as Markdown."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.studies import chains, marks, smiles, vix
from benchmarks.studies.stores import Stores
from engine.settings import project_root

STUDIES = {
    "marks": marks.study,
    "smiles": smiles.study,
    "chains": chains.study,
    "vix": vix.study,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the studies that are named; return an exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies", description=__doc__)
    parser.add_argument("study", nargs="+", choices=STUDIES, help="what to look at")
    parser.add_argument(
        "--scratch", type=Path, required=True, help="folder for lakes and warehouses, kept"
    )
    parser.add_argument(
        "--real", type=Path, default=project_root().parent / "shared" / "data",
        help="folder of the real files",
    )  # fmt: skip
    given = parser.parse_args(arguments)
    stores = Stores(given.scratch.resolve(), given.real)
    for name in given.study:
        for text in STUDIES[name](stores):
            print(text, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
