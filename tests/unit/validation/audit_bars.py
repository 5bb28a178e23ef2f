"""Deterministic daily bars for the audits, with the extra columns that modules read."""

from __future__ import annotations

import numpy as np

from engine.features import udf
from engine.features.panel import Bars

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
    extra["vix"] = 18.0 * np.exp(0.6 * level + 0.03 * rng.standard_normal(count))
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
