"""Options for every program alike: a random chain, prices by this project's kernels, as `.npz`."""

import json
import sys
from pathlib import Path

import numpy as np

from engine.kernels import american
from engine.kernels import black_scholes as bs

EUROPEAN, AMERICAN = 400_000, 2_000


def chain(rows: int, seed: int) -> dict[str, np.ndarray]:
    """Return options of a week to a year and a half, two widths around the money."""
    random = np.random.default_rng(seed)
    t = random.integers(7, 500, rows) / 365
    sigma = random.uniform(0.1, 0.5, rows)
    spot = np.full(rows, 100.0)
    return {
        "side": random.integers(0, 2, rows).astype(np.int8),
        "spot": spot,
        "strike": spot * np.exp(random.uniform(-2.0, 2.0, rows) * sigma * np.sqrt(t)),
        "t": t,
        "r": np.full(rows, 0.04),
        "q": np.full(rows, 0.015),
        "sigma": sigma,
    }


def deep(rows: int, seed: int) -> dict[str, np.ndarray]:
    """Return options far out of the money: where solvers lose their digits."""
    options = chain(rows, seed)
    random = np.random.default_rng(seed + 1)
    away = random.uniform(4.0, 7.0, rows) * options["sigma"] * np.sqrt(options["t"])
    options["strike"] = options["spot"] * np.exp(np.where(options["side"] == 1, away, -away))
    return options


def main(answer: str, folder: str) -> None:
    for name, options in (("european", chain(EUROPEAN, 1)), ("deep", deep(20_000, 2))):
        np.savez(Path(folder) / name, price=bs.prices(*options.values()), **options)
    options = chain(AMERICAN, 3)
    options["t"] = np.round(options["t"] * 365 / 3 + 3) / 365
    price = american.american_prices(*options.values())
    inside = np.where(options["side"] == 1, 1, -1) * (options["spot"] - options["strike"])
    keep = price > np.maximum(inside, 0.0) + 0.01
    np.savez(
        Path(folder) / "american", price=price[keep], **{k: v[keep] for k, v in options.items()}
    )
    Path(answer).write_text(json.dumps({"european": EUROPEAN, "american": int(keep.sum())}))


main(*sys.argv[1:])
