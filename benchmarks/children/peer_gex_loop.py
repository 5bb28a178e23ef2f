"""Peer: the gamma exposure of a chain as it is usually published, in pandas.

A function of one contract, applied row by row to a frame of calls and puts, for the exposure by
strike and again at every level of the underlying. Of one session: that is enough to know what
a contract costs.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

MOVES = 0.01 * np.arange(-20, 21)


def gamma_exposure(s, k, vol, t, r, q, interest):
    """Dollars per 1% move of one side of a contract."""
    if t == 0 or vol == 0:
        return 0
    d1 = (np.log(s / k) + (r - q + 0.5 * vol**2) * t) / (vol * np.sqrt(t))
    gamma = np.exp(-q * t) * norm.pdf(d1) / (s * vol * np.sqrt(t))
    return interest * 100 * s * s * 0.01 * gamma


def exposure(frame, level):
    """Return the signed exposure of every contract at a level."""
    found = frame.apply(
        lambda row: gamma_exposure(
            level, row["strike"], row["iv"], row["t"], row["rate"], row["yield"],
            row["open_interest"],
        ),
        axis=1,
    )  # fmt: skip
    return np.where(frame["is_call"] > 0.5, found, -found)


def main(answer, folder):
    frame = pd.read_parquet(Path(folder) / "chains.parquet")
    frame = frame[frame["session"] == 0].copy()
    frame["yield"] = frame["rate"] - np.log(frame["carry"]) / frame["t"]
    spot = float(frame["spot"].iloc[0])
    started = time.process_time()
    frame["gex"] = exposure(frame, spot)
    strikes = frame.groupby("strike")["gex"].sum()
    curve = [exposure(frame, spot * np.exp(move)).sum() for move in MOVES]
    spent = time.process_time() - started
    Path(answer).write_text(
        json.dumps(
            {
                "rate": len(frame) / spent,
                "curve": curve,
                "strikes": strikes.tolist(),
                "gross": float(frame["gex"].abs().sum()),
            }
        )
    )


main(*sys.argv[1:])
