"""Peer: py_vollib, one option a call."""

import json
import sys
import time
from pathlib import Path

import numpy as np
from py_vollib.black_scholes_merton.implied_volatility import implied_volatility

CALLS = 5_000


def main(answer, folder):
    data = dict(np.load(Path(folder) / "european.npz"))
    rows = [
        (p, s, k, t, r, q, "c" if side == 1 else "p")
        for p, s, k, t, r, q, side in zip(
            *(data[key][:CALLS].tolist() for key in ("price", "spot", "strike", "t", "r", "q")),
            data["side"][:CALLS],
            strict=True,
        )
    ]
    implied_volatility(*rows[0])
    started = time.process_time()
    solved = [implied_volatility(*row) for row in rows]
    spent = time.process_time() - started
    error = np.abs(np.array(solved) / data["sigma"][:CALLS] - 1)
    Path(answer).write_text(json.dumps({"iv": CALLS / spent, "error": float(np.median(error))}))


main(*sys.argv[1:])
