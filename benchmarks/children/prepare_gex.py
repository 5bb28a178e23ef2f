"""A history of option chains for every program alike, as Parquet."""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.kernels import black_scholes as bs

SESSIONS, EXPIRIES, STRIKES = 60, 20, 100


def chain(session: int, random: np.random.Generator) -> dict[str, np.ndarray]:
    """Return a session's contracts: both sides of every strike and expiry."""
    days = np.repeat(np.sort(random.choice(np.arange(1, 400), EXPIRIES, replace=False)), STRIKES)
    t = days / 365
    spot = 400.0 + session
    strike = np.round(spot * np.exp(np.tile(np.linspace(-0.3, 0.25, STRIKES), EXPIRIES)))
    sigma = 0.18 - 0.3 * np.log(strike / spot) + 0.02 * np.sqrt(t)
    sides = []
    for side in (0, 1):
        r, q = np.full(len(t), 0.04), np.full(len(t), 0.012)
        columns = (np.full(len(t), side, np.int8), np.full(len(t), spot), strike, t, r, q, sigma)
        greeks = dict(zip(bs.GREEKS, bs.greeks(*columns), strict=True))
        held = np.floor(5000 * np.exp(-8 * np.log(strike / spot) ** 2) * random.random(len(t)))
        sides.append(
            {
                "session": np.full(len(t), session),
                "is_call": np.full(len(t), float(side)),
                "strike": strike,
                "t": t,
                "iv": sigma,
                "carry": np.exp((r - q) * t),
                "rate": r,
                "days": days.astype(float),
                "is_opex": np.zeros(len(t)),
                "open_interest": held,
                "spot": np.full(len(t), spot),
                "signed_volume": np.zeros(len(t)),
            }
            | {name: greeks[name] for name in ("gamma", "delta", "vanna", "charm")}
        )
    return {name: np.concatenate([one[name] for one in sides]) for name in sides[0]}


def main(answer: str, folder: str) -> None:
    random = np.random.default_rng(1)
    sessions = [chain(session, random) for session in range(SESSIONS)]
    table = pa.table({name: np.concatenate([s[name] for s in sessions]) for name in sessions[0]})
    pq.write_table(table, Path(folder) / "chains.parquet")
    Path(answer).write_text(json.dumps({"rows": table.num_rows}))


main(*sys.argv[1:])
