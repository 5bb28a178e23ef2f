"""CPU time of this project's option kernels and SQL functions."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

import engine.warehouse
from engine.kernels import american_options as american
from engine.kernels import black_scholes as bs
from engine.kernels.american_options import Dividends

REPEATS = 5


def seconds(work: Callable[[], object]) -> float:
    """Return the least CPU time of some runs, compiled before."""
    work()
    found = []
    for _ in range(REPEATS):
        started = time.process_time()
        work()
        found.append(time.process_time() - started)
    return min(found)


def loaded(folder: str, name: str) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Return side, spot, strike, t, r, q; the price; the volatility."""
    data = np.load(Path(folder) / f"{name}.npz")
    return (
        [data[key] for key in ("side", "spot", "strike", "t", "r", "q")],
        data["price"],
        data["sigma"],
    )


def listed_chain(cash: bool) -> tuple[list[np.ndarray], Dividends]:
    """Return a chain as it is listed, ten expiries of 150 strikes and two sides, and dividends."""
    rows = [
        (side, 100.0, 100.0 * np.exp(z * 0.2 * np.sqrt(day / 365)), day / 365, 0.2 - 0.03 * z)
        for day in (5, 12, 19, 26, 40, 60, 90, 120, 180, 365)
        for side in (0, 1)
        for z in np.linspace(-2.0, 2.0, 150)
    ]
    side, spot, strike, t, sigma = (np.array(column) for column in zip(*rows, strict=True))
    r, q = np.full(len(rows), 0.045), np.full(len(rows), 0.0 if cash else 0.013)
    when = np.array([30, 121, 212, 303]) / 365 if cash else np.empty(0)
    columns = [side.astype(np.int8), spot, strike, t, r, q, sigma]
    return columns, Dividends.same(len(rows), when, np.full(len(when), 0.35))


def main(answer: str, folder: str) -> None:
    found: dict[str, float] = {}
    columns, price, sigma = loaded(folder, "european")
    rows = len(price)
    side, rest = columns[0], columns[1:]
    found["iv"] = rows / seconds(lambda: bs.implied_vols(side, price, *rest))
    found["iv and greeks"] = rows / seconds(lambda: bs.implied_vols_and_greeks(side, price, *rest))
    found["iv error"] = _error(bs.implied_vols(side, price, *rest)[0], sigma)
    far, far_price, far_sigma = loaded(folder, "deep")
    found["deep iv error"] = _error(bs.implied_vols(far[0], far_price, *far[1:])[0], far_sigma)
    with duckdb.connect() as con:
        engine.warehouse.register(con)
        con.execute("set threads = 1")
        table = {
            name: np.tile(x, 5)
            for name, x in zip(("spot", "strike", "t", "r", "q"), rest, strict=True)
        } | {"price": np.tile(price, 5), "side": np.tile(side, 5)}
        con.register("given", pa.table(table))
        con.execute(
            "create table options as "
            "select case when side = 1 then 'C' else 'P' end as option_type, * from given"
        )
        scan = seconds(lambda: con.execute("select sum(price + spot + strike + t) from options"))
        sql = "select sum(bs_iv(option_type, price, spot, strike, t, r, q)) from options"
        found["sql iv"] = 5 * rows / (seconds(lambda: con.execute(sql).fetchall()) - scan)
    columns, price, sigma = loaded(folder, "american")
    none = Dividends.none(len(price))
    side, rest = columns[0], columns[1:]
    found["american iv"] = len(price) / seconds(
        lambda: american.implied_vols(side, price, *rest, none)
    )
    found["american iv error"] = float(
        np.nanmax(np.abs(american.implied_vols(side, price, *rest, none)[0] - sigma))
    )
    for cash in (False, True):
        listed, dividends = listed_chain(cash)
        worth = american.prices(*listed, dividends)
        found["chain, cash dividends" if cash else "chain, continuous"] = len(worth) / seconds(
            lambda listed=listed, worth=worth, dividends=dividends: american.implied_vols(
                listed[0], worth, *listed[1:-1], dividends, is_chain=True
            )
        )
    Path(answer).write_text(json.dumps(found))


def _error(found: np.ndarray, sigma: np.ndarray) -> float:
    """Return the median relative error, rows without a value counting as wrong."""
    return float(np.median(np.where(np.isnan(found), np.inf, np.abs(found / sigma - 1))))


main(*sys.argv[1:])
