"""Deterministic daily bars for the audits, with the extra columns that modules read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.features import udf
from engine.features.market_panel import Market
from engine.features.market_universe import universe
from engine.features.panel import Bars
from engine.validation.audit_chains import option_levels

# Parameters that a quarterly fit would have found.
FITTED = {
    "garch_omega": 2e-6,
    "garch_alpha": 0.08,
    "garch_gamma": 0.0,
    "garch_beta": 0.90,
    "gjr_omega": 2e-6,
    "gjr_alpha": 0.03,
    "gjr_gamma": 0.10,
    "gjr_beta": 0.90,
    "acd_omega": 0.05,
    "acd_alpha": 0.15,
    "acd_beta": 0.80,
}
for _model, _sigma, _stay in (
    ("hmm3", (0.006, 0.011, 0.024), 0.97),
    ("hmm2", (0.008, 0.020), 0.98),
    ("mixture2", (0.5, 0.7), 0.5),
):
    for _i, _value in enumerate(_sigma):
        FITTED[f"{_model}_mean_{_i}"] = -5.0 + _i if _model == "mixture2" else 5e-4 - 4e-4 * _i
        FITTED[f"{_model}_sigma_{_i}"] = _value
        for _j in range(len(_sigma)):
            _move = _stay if _i == _j else (1.0 - _stay) / (len(_sigma) - 1)
            FITTED[f"{_model}_from_{_i}_to_{_j}"] = _move


def volatility_indices(count: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return index levels that revert and jump, and the return of a fund that follows them."""
    log_vix = np.zeros(count)
    for row in range(1, count):
        log_vix[row] = 0.95 * log_vix[row - 1] + 0.05 * rng.standard_t(4)
    level = 18.0 * np.exp(log_vix)
    change = np.diff(log_vix, prepend=0.0)
    return {
        "vix": level,
        "vix9d": level * np.exp(0.3 * log_vix + 0.03 * rng.standard_normal(count)),
        "vix3m": level * np.exp(0.05 - 0.4 * log_vix + 0.03 * rng.standard_normal(count)),
        "vvix": 90.0 * np.exp(0.4 * log_vix + 0.05 * rng.standard_normal(count)),
        "skew": 130.0 + 6.0 * rng.standard_normal(count),
        "fund_return": 0.45 * change - 0.002 + 0.01 * rng.standard_normal(count),
    }


def option_chain(close: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return what the makers of an option market might hold, as the module gamma_calc reads it."""
    count = len(close)
    calls, puts = (2e8 * np.exp(0.3 * rng.standard_normal(count)) for _ in range(2))
    net = calls - puts
    held = {
        "spot": close,
        "net": net,
        "calls": calls,
        "puts": puts,
        "hedge_up": -net * rng.uniform(0.9, 1.1, count),
        "hedge_down": net * rng.uniform(0.9, 1.1, count),
        "iv": 0.2 * np.exp(0.3 * rng.standard_normal(count)),
        "concentration": rng.uniform(0.01, 0.3, count),
        "flat_width": rng.uniform(0.005, 0.1, count),
    }
    for name in ("tilt", "delta", "vanna", "charm", "flow"):
        held[name] = 1e8 * rng.standard_normal(count)
    for name in ("within_7", "within_30", "opex", "pinned"):
        held[name] = (calls + puts) * rng.uniform(0.05, 0.5, count)
    for name in ("call_wall", "put_wall", "pin_strike", "flip"):
        held[name] = close * np.exp(0.05 * rng.standard_normal(count))
    return {f"dealer_{name}": values for name, values in held.items()}


def random_bars(symbol: str, count: int, seed: int = 0) -> Bars:
    """Return bars with clustered volatility, gaps, and volume that follows it."""
    rng = np.random.default_rng([seed, count])
    level = np.zeros(count)
    for row in range(1, count):
        level[row] = 0.97 * level[row - 1] + 0.15 * rng.standard_normal()
    sigma = 0.01 * np.exp(level / 2)
    gap = 0.4 * sigma * rng.standard_normal(count)
    steps = sigma[:, None] * rng.standard_normal((count, 24)) / np.sqrt(24)
    path = np.cumsum(steps, axis=1)
    start = np.log(100.0) + np.cumsum(gap + path[:, -1]) - path[:, -1]
    inside = np.exp(start[:, None] + np.column_stack([np.zeros(count), path]))
    close = inside[:, -1]
    transactions = np.floor(1e4 * np.exp(level + 0.3 * rng.standard_normal(count))) + 1.0
    volume = np.floor(transactions * rng.uniform(80.0, 120.0, count))
    extra = {
        name: rng.uniform(0.1, 0.9, count)
        for session in udf.session_udfs()
        for name in session.fields
    }
    extra |= {name: np.full(count, value) for name, value in FITTED.items()}
    extra |= volatility_indices(count, rng)
    extra["bench_return"] = 0.6 * (gap + path[:, -1]) + 0.6 * sigma * rng.standard_normal(count)
    extra |= option_chain(close, rng)
    extra |= option_levels(close, volume, rng)
    days = np.datetime64("2010-01-04") + np.arange(2 * count).astype("timedelta64[D]")
    return Bars(
        symbol=symbol,
        time=days[np.is_busday(days)][:count],
        open=inside[:, 0],
        high=inside.max(axis=1),
        low=inside.min(axis=1),
        close=close,
        volume=volume,
        raw_close=close,
        raw_volume=volume,
        vwap=inside.mean(axis=1),
        dollar_volume=close * volume,
        transactions=transactions,
        factor=np.ones(count),
        extra=extra,
    )


def random_market(count: int, seed: int = 0) -> Market:
    """Return every member of the universe: own bars with a common walk that each feels its way."""
    rng = np.random.default_rng([seed, count])
    level = np.zeros(count)
    for row in range(1, count):
        level[row] = 0.97 * level[row - 1] + 0.15 * rng.standard_normal()
    shocks = 0.01 * np.exp(level) * rng.standard_normal(count)
    common = np.cumsum(shocks)
    members = {}
    for number, member in enumerate(universe().members):
        bars = random_bars(member.symbol, count, 100 * seed + number)
        beta = _BETAS[member.asset_class] * rng.uniform(0.7, 1.3)
        walk = np.exp(beta * common)
        prices = {
            name: getattr(bars, name) * walk
            for name in ("open", "high", "low", "close", "raw_close", "vwap")
        }
        prices["dollar_volume"] = prices["raw_close"] * bars.raw_volume
        members[member.symbol] = replace(bars, extra={}, **prices)
    fear = 20.0 * np.exp(0.3 * level - 4.0 * shocks + 0.03 * rng.standard_normal(count))
    return Market(next(iter(members.values())).time, members, {"vix": fear})


_BETAS = {"equity": 1.0, "bond": -0.4, "commodity": 0.3, "volatility": -3.0}
