"""CPU time of the quarterly GARCH fits of a built warehouse, none of them kept."""

import json
import sys
import time
from pathlib import Path

import duckdb

from engine.features.garch_fits import fit, garch_fits
from engine.features.panel import bars_from_table


def main(answer: str, build_file: str) -> None:
    with duckdb.connect(build_file, read_only=True) as connection:
        panel = connection.sql("from intermediate.int_bars__panel").to_arrow_table()
    next(bars_from_table(panel))
    import numpy as np

    fit(np.random.default_rng(0).normal(0, 0.01, 300))  # imports and first calls are no fits
    started = time.process_time()
    fits = garch_fits(panel)
    cpu = time.process_time() - started
    Path(answer).write_text(json.dumps({"cpu": cpu, "fits": fits.num_rows}))


main(*sys.argv[1:])
