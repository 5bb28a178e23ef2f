"""Peer: fast-vollib's solver after Jaeckel, and its Greeks."""

import json
import os
import sys
import time
from pathlib import Path

os.environ["NUMBA_NUM_THREADS"] = "1"  # CPU time of one core, before numba is imported

import numpy as np
from fast_vollib import get_all_greeks
from fast_vollib.jackel.jackel_iv import jackel_iv_black

REPEATS = 5


def seconds(work):
    work()
    found = []
    for _ in range(REPEATS):
        started = time.process_time()
        work()
        found.append(time.process_time() - started)
    return min(found)


def main(answer, folder):
    found = {}
    for name in ("european", "deep"):
        data = dict(np.load(Path(folder) / f"{name}.npz"))
        forward = data["spot"] * np.exp((data["r"] - data["q"]) * data["t"])
        undiscounted = data["price"] * np.exp(data["r"] * data["t"])
        is_call = data["side"] == 1

        def solve(d=data, f=forward, u=undiscounted, c=is_call):
            return jackel_iv_black(u, f, d["strike"], d["t"], c)

        error = np.abs(solve() / data["sigma"] - 1)
        found[f"{name} error"] = float(np.median(np.where(np.isnan(error), np.inf, error)))
        found[f"{name} missing"] = int(np.isnan(error).sum())
        found[f"{name} iv"] = len(forward) / seconds(solve)
        flag = np.where(is_call, "c", "p")
        found[f"{name} greeks"] = len(forward) / seconds(
            lambda d=data, f=flag: get_all_greeks(
                f, d["spot"], d["strike"], d["t"], d["r"], d["sigma"], d["q"],
                model="black_scholes_merton", return_as="dict", backend="numba",
            )
        )  # fmt: skip
    Path(answer).write_text(json.dumps(found))


main(*sys.argv[1:])
