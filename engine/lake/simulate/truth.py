"""What is true of a simulated market: written to `lake/_truth/`, which no model reads."""

from __future__ import annotations

import json
from pathlib import Path as File
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.lake.simulate import arrow
from engine.lake.simulate.listing import Book
from engine.lake.simulate.model import REGIMES, SESSIONS_A_YEAR, Law, Surface
from engine.lake.simulate.path import Path
from engine.lake.simulate.scenario import Scenario
from engine.lake.simulate.timeline import Timeline, ordinal
from engine.lake.simulate.universe import SYMBOLS
from engine.lake.store import write_atomically, write_parquet

FOLDER = "_truth"
FORWARD_STEPS = 21
BOOK_FILE = "book.parquet"


def sessions(
    line: Timeline, path: Path, law: Law, members: tuple[int, ...], scenario: Scenario
) -> pa.Table:
    """Return one row a session and symbol: regimes, prices, volatilities, planted signals.

    `regime` governed the session and `next_regime` governs the next one; `session_vol` is the
    annual volatility that the session's step had, `spot_vol` that of the next step, known at the
    snapshot, and `forward_vol` the annual volatility expected over the next 21 steps.
    """
    n, k = line.count, len(members)
    expected = Surface(law, members)  # under the law of motion, not the pricing law
    member = np.tile(np.arange(k), n)
    variance = np.repeat(path.variance_after, k, axis=0)
    _, second, _ = expected.cumulants(
        member, FORWARD_STEPS, variance, np.repeat(path.regime_after, k)
    )
    squared = law.loadings[list(members)] ** 2
    chosen = list(members)
    columns = {
        "session_date": arrow.dates(np.repeat(ordinal(line.days[:n]), k)),
        "symbol": pa.array([SYMBOLS[m] for m in members]).take(pa.array(member)),
        "regime": pa.array(np.repeat(path.regime, k).astype(np.int32)),
        "regime_name": pa.array([REGIMES[r] for r in np.repeat(path.regime, k)]),
        "next_regime": pa.array(np.repeat(path.regime_after, k).astype(np.int32)),
        "spot": pa.array((path.snapshot + path.outstanding)[:, chosen].ravel()),
        "close": pa.array((path.close + path.outstanding)[:, chosen].ravel()),
        "dividends_owed": pa.array(path.outstanding[:, chosen].ravel()),
        "session_vol": pa.array(np.sqrt(SESSIONS_A_YEAR * path.variance @ squared.T).ravel()),
        "spot_vol": pa.array(np.sqrt(SESSIONS_A_YEAR * path.variance_after @ squared.T).ravel()),
        "forward_vol": pa.array(np.sqrt(second * SESSIONS_A_YEAR / FORWARD_STEPS)),
    }
    for e, edge in enumerate(scenario.edges):
        columns[f"signal_{edge.name}"] = pa.array(np.repeat(path.signals[:, e], k))
    return pa.table(columns)


def edges(scenario: Scenario) -> dict[str, object]:
    """Return the planted edges as a document."""
    document: dict[str, object] = {
        "returns": [
            {
                "name": edge.name,
                "symbol": edge.symbol,
                "formula": edge.formula,
                "predicts": "the next session's return, open to 15 minutes before close",
                "strength": edge.strength,
                "r_squared_open_to_close": round(edge.r_squared, 5),
                "annual_sharpe": round(edge.sharpe, 3),
            }
            for edge in scenario.edges
        ]
    }
    if scenario.structure_edge is not None:
        edge = scenario.structure_edge
        document["structures"] = [
            {
                "name": edge.name,
                "symbol": edge.symbol,
                "regime": REGIMES[edge.regime],
                "formula": edge.formula,
                "variance_factor": edge.variance_factor,
            }
        ]
    return document


def law_document(law: Law) -> dict[str, object]:
    """Return a law's parameters as a document."""
    return {name: np.asarray(getattr(law, name)).tolist() for name in law.__dataclass_fields__}


def write_json(path: File, document: object) -> None:
    """Write a document in one step, always the same bytes for the same content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (json.dumps(document, indent=1, sort_keys=True) + "\n").encode())


def write_book(path: File, book: Book, line: Timeline, next_session: int) -> None:
    """Write the open contracts, from which the simulation can go on at `next_session`."""
    table = pa.table(
        {
            "instrument": book.instrument,
            "expiration": book.expiration,
            "strike": book.strike,
            "increment": book.increment,
            **{
                f"{name}_{side}": getattr(book, name)[:, column]
                for name in ("appeal", "interest", "last")
                for column, side in enumerate(("call", "put"))
            },
            "next_session": np.full(len(book), next_session),
        }
    )
    write_parquet(table, path)


def read_book(table: pa.Table) -> Book:
    """Return the contracts that `write_book` wrote."""

    def column(name: str) -> NDArray[Any]:
        values: NDArray[Any] = table[name].to_numpy()
        return values

    def pair(name: str) -> NDArray[Any]:
        return np.stack([column(f"{name}_call"), column(f"{name}_put")], axis=1)

    return Book(
        column("instrument"),
        column("expiration"),
        column("strike"),
        column("increment"),
        pair("appeal"),
        pair("interest"),
        pair("last"),
    )
