"""What the children of the physics part compute from: prepared bars with made extras.

Session statistics (from minutes, in SQL), the parameters of fits and the VIX family are inputs
here and are made as for the audits; what kernels cost does not depend on them.
"""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.features import registry
from engine.features.evaluation import workspace
from engine.features.market_panel import Market, market_from_table
from engine.features.market_universe import universe
from engine.features.panel import PANEL_SCHEMA, Bars, bars_from_table
from engine.validation.audit_bars import random_bars

REPEATS = 5


def cpu_seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the least CPU time of some runs: the others were disturbed."""
    found = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        found.append(time.process_time() - started)
    return min(found)


def panel(folder: str) -> pa.Table:
    """Return the prepared panel."""
    return pq.read_table(Path(folder) / "panel.parquet")


def all_bars(table: pa.Table) -> list[Bars]:
    """Return every symbol's bars with all extras."""
    return [
        dataclasses.replace(bars, extra=random_bars(bars.symbol, len(bars), seed).extra)
        for seed, (bars, _) in enumerate(bars_from_table(table))
    ]


class Reads(dict):
    """Extras that remember which of them were read."""

    def __init__(self, extra: dict) -> None:
        super().__init__(extra)
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> np.ndarray:
        self.names.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: object = None) -> object:
        self.names.add(name)
        return super().get(name, default)


def reads(features: tuple[registry.Feature, ...]) -> set[str]:
    """Return the extras that features read."""
    bars = random_bars("AAA", 300)
    extra = Reads(bars.extra)
    shared = workspace(dataclasses.replace(bars, extra=extra))
    for feature in features:
        if feature.family.value is not None and feature.family.engine in ("kernel", "fit"):
            feature.family.value(shared, *feature.sizes)
    return extra.names & set(bars.extra)


def table_of(module: registry.Module, table: pa.Table, bars: list[Bars]) -> pa.Table:
    """Return what a module's dbt model reads: the panel, and the extras that it needs."""
    table = table.select([name for name in PANEL_SCHEMA.names if name in table.column_names])
    if module.scope == "cross":
        levels = np.concatenate([bars[0].extra["vix"][: len(one)] for one in bars])
        return table.append_column("vix", pa.array(levels))
    for name in sorted(reads(module.features)):
        values = np.concatenate([one.extra[name] for one in bars])
        table = table.append_column(name, pa.array(values, from_pandas=True))
    return table


def market(table: pa.Table, bars: list[Bars]) -> Market:
    """Return the market of the panel."""
    module = next(module for module in registry.modules() if module.scope == "cross")
    found, _ = market_from_table(table_of(module, table, bars), universe().symbols)
    return found
