"""The audit of every feature's kernels on made bars, and the certificate it leaves."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from engine.errors import AuditError
from engine.features import registry
from engine.features.market_panel import Market
from engine.features.panel import Bars
from engine.features.scopes import SCOPES, Scope
from engine.validation.audit_bars import random_bars, random_market
from engine.validation.feature_cost import costs
from engine.validation.kernel_audit import ModuleAudit, audit_catalog
from engine.warehouse.audit_history import ColumnAudit

Progress = Callable[[int, int, str], None]  # done, total, what

SYMBOLS = ("SPY", "TLT")
_COST_BARS = 1486  # six years of sessions
_MINUTES = "functions over minutes"


@dataclass(frozen=True)
class ModuleResult:
    """One module's line: what was looked at, and its mean cost of a bar and column."""

    module: str
    columns: int
    bars: int
    cost_ns: float


@dataclass(frozen=True)
class FeatureAudit:
    """What an audit of the features found.

    Parameters
    ----------
    audited_at
        When it ended, UTC.
    columns
        One certificate a kernel column.
    modules
        One line a module.
    audits
        The findings.
    seconds
        Wall time.
    """

    audited_at: dt.datetime
    columns: tuple[ColumnAudit, ...]
    modules: tuple[ModuleResult, ...]
    audits: tuple[ModuleAudit, ...]
    seconds: float

    def require_passed(self) -> FeatureAudit:
        """Return the audit itself when no column failed.

        Raises
        ------
        AuditError
            When one did; says what.
        """
        for audit in self.audits:
            audit.require_passed()
        return self


def audit_features(
    name: str | None = None,
    *,
    bars: int = 2700,
    seed: int = 0,
    progress: Progress | None = None,
) -> FeatureAudit:
    """Audit the kernels of one module, or of all, and measure what they cost.

    Parameters
    ----------
    name
        Module; all by default.
    bars
        Bars of each made symbol, at least 1.5 times the longest lookback.
    seed
        Of the bars and of what is cut.
    progress
        Told how far the audit is.
    """
    begun = time.monotonic()
    modules = [m for m in registry.modules() if m.computed and name in (None, m.name)]
    if not modules:
        raise AuditError(
            f"{name} has no kernel columns to audit.", "`quant audit leaks` audits its SQL."
        )
    tell = progress or (lambda done, total, what: None)
    audits: list[ModuleAudit] = []
    certificates: list[ColumnAudit] = []
    results = []
    done = 0
    for scope in SCOPES.values():
        ours = [module for module in modules if module.scope == scope.name]
        if not ours:
            continue
        tell(done, 2 * len(modules), f"ends, beginnings, gaps, flat bars: {scope.name}")
        long = made(scope, bars, seed)
        names = [module.name for module in ours]
        found = audit_catalog(long, scope=scope.name, names=names, seed=seed)
        audits += found
        failed = {finding.column: str(finding) for audit in found for finding in audit.findings}
        done += len(ours)
        short = made(scope, _COST_BARS, seed)
        for module in ours:
            tell(done, 2 * len(modules), f"cost of {module.name}")
            done += 1
            spent = costs(module, short)
            count = sum(map(len, long))
            certificates += [
                ColumnAudit(
                    scope.table,
                    column,
                    column not in failed,
                    count,
                    round(spent[column], 1),
                    failed.get(column),
                )
                for column in module.computed
            ]
            mean = sum(spent.values()) / len(spent)
            results.append(ModuleResult(module.name, len(spent), count, mean))
    return FeatureAudit(
        dt.datetime.now(dt.UTC),
        tuple(certificates),
        tuple(results),
        tuple(audits),
        time.monotonic() - begun,
    )


def made(scope: Scope, count: int, seed: int) -> list[Bars | Market]:
    """Return made bars for the modules of a scope: some symbols, or one market."""
    if scope.of_market:
        return [random_market(count, seed)]
    return [random_bars(symbol, count, seed + i) for i, symbol in enumerate(SYMBOLS)]


def warm_up(progress: Progress | None = None) -> tuple[float, int]:
    """Run every kernel once on a few bars, on all cores; return the seconds and the modules.

    What is compiled stays in Numba's cache for every later process.
    """
    begun = time.monotonic()
    names = [module.name for module in registry.modules() if module.computed]
    tasks = [*names, _MINUTES]
    # Processes, not threads: the compiler holds the interpreter's lock.
    workers = min(len(tasks), os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for done, name in enumerate(pool.map(_warm, tasks), 1):
            if progress is not None:
                progress(done, len(tasks), name)
    return time.monotonic() - begun, len(names)


def _warm(name: str) -> str:
    """Compile one module, or the functions over minutes."""
    from engine.features import assemble, udf

    if name == _MINUTES:
        udf.warm_up()
        return name
    module = registry.module(name)
    bars = made(SCOPES[module.scope], 400, 0)[0]
    assemble.columns(module, bars)
    assemble.columns(module, bars, len(bars) - 2)
    return name
