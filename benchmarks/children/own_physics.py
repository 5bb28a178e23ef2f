"""CPU time of the daily feature kernels: by module, of 16 symbols, cold, appended, and of fits."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import inputs
import pyarrow.compute as pc

from engine.features import assemble, registry

DAILY = [module for module in registry.modules() if module.scope == "daily" and module.computed]
CROSS = [module for module in registry.modules() if module.scope == "cross" and module.computed]


def modules(folder: str) -> dict[str, Any]:
    """One symbol, module by module."""
    bars = inputs.all_bars(inputs.panel(folder))[0]
    found = {}
    for module in DAILY:
        assemble.columns(module, bars)
        seconds = inputs.cpu_seconds(lambda module=module: assemble.columns(module, bars))
        found[module.name] = {"columns": len(module.computed), "cpu": seconds}
    return {"rows": len(bars), "symbol": bars.symbol, "modules": found}


def cold(folder: str) -> dict[str, Any]:
    """One symbol, once: what a fresh process takes."""
    bars = inputs.all_bars(inputs.panel(folder))[0]
    return {"columns": sum(len(assemble.columns(module, bars)) for module in DAILY)}


def _batches(module: registry.Module) -> Callable[..., Any]:
    return assemble.market_batches if module.scope == "cross" else assemble.module_batches


def whole(folder: str) -> dict[str, Any]:
    """Every symbol and the market, once."""
    panel = inputs.panel(folder)
    bars = inputs.all_bars(panel)
    found = {}
    for module in (*DAILY, *CROSS):
        table = inputs.table_of(module, panel, bars)
        started = time.process_time()
        _batches(module)(module.name, table).read_all()
        found[module.name] = time.process_time() - started
    return {"cpu": found}


def append(folder: str) -> dict[str, Any]:
    """One more session of every symbol, beside a build of all."""
    panel = inputs.panel(folder)
    bars = inputs.all_bars(panel)
    last = max(panel["session_date"].to_pylist())
    found = {}
    for module in (*DAILY, *CROSS):
        table = inputs.table_of(module, panel, bars)
        build = _batches(module)
        before = build(module.name, table.filter(pc.less(table["session_date"], last)))
        before = before.read_all().combine_chunks()

        def run(previous: Any, build: Any = build, module: Any = module, table: Any = table) -> Any:
            return build(module.name, table, previous).read_all()

        all_rows, appended = run(None), run(before)
        found[module.name] = {
            "whole": inputs.cpu_seconds(lambda run=run: run(None), 3),
            "append": inputs.cpu_seconds(lambda run=run, before=before: run(before), 3),
            "nothing": inputs.cpu_seconds(lambda run=run, rows=all_rows: run(rows), 3),
            "is_equal": appended.combine_chunks().equals(all_rows.combine_chunks()),
        }
    return {"modules": found}


def fits(folder: str) -> dict[str, Any]:
    """The quarterly fits of every symbol, and the same once more with all of them kept."""

    from engine.features.acd_fits import acd_fits
    from engine.features.garch_fits import garch_fits
    from engine.features.regime.fits import hmm_fits

    panel = inputs.panel(folder)
    bars = inputs.all_bars(panel)
    duration = inputs.table_of(registry.module("duration"), panel, bars)
    found = {}
    for name, fit, table in (
        ("GARCH", garch_fits, panel),
        ("ACD", acd_fits, duration),
        ("HMM", hmm_fits, panel),
    ):
        fit(table.slice(0, 400))  # imports and compiling are no fits
        started = time.process_time()
        fitted = fit(table)
        spent = time.process_time() - started
        started = time.process_time()
        fit(table, fitted)
        found[name] = {
            "fits": len(set(zip(*(fitted[key].to_pylist() for key in _keys(fitted)), strict=True))),
            "cpu": spent,
            "kept": time.process_time() - started,
        }
    return found


def _keys(table: Any) -> list[str]:
    return [name for name in ("symbol", "quarter_start", "model") if name in table.column_names]


MODES = {"modules": modules, "cold": cold, "whole": whole, "append": append, "fits": fits}


def main(answer: str, folder: str, mode: str) -> None:
    Path(answer).write_text(json.dumps(MODES[mode](folder)))


main(*sys.argv[1:])
