"""How builds and versions look on a terminal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.service import terminal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from engine.lake.inspect import LakeSummary
    from engine.warehouse.pipeline import Outcome
    from engine.warehouse.versions import Version

_HOW_TO_LOOK = 'Look at it with `make app`, or ask it: quant sql "from bars_1d limit 5"'


def show_outcome(console: Console, outcome: Outcome) -> None:
    """Show what a build came to."""
    if outcome.run is None and outcome.version is not None:
        console.print(
            f"Nothing changed since version {outcome.version.stamp} "
            f"({age(outcome.version.made_at)} old); it keeps serving. [{outcome.seconds:.1f} s]",
            markup=False,
        )
        return
    assert outcome.run is not None
    if outcome.not_published:
        count = sum(node.resource_type == "model" for node in outcome.run.nodes)
        console.print(f"Built {count} models in {outcome.run.seconds:.1f} s, not published:")
        console.print(f"  {outcome.not_published}", markup=False)
    elif outcome.version is not None:
        show_version(console, outcome.version)
    for node in outcome.run.warnings:
        console.print(f"Warning: {node.name}: {node.failures} rows", markup=False)


def show_version(console: Console, version: Version) -> None:
    """Show a version's tables and how to look at it."""
    facts = version.facts()
    console.print(tables(facts))
    run, tests = facts.get("run", {}), facts.get("tests", [])
    warned = sum(test["status"] == "warn" for test in tests)
    spent = f" in {run['seconds']:.1f} s" if run.get("seconds") else ""
    models = f"{run['models']} models, " if run.get("models") else ""
    console.print(
        f"Built{spent}: {models}{len(tests)} tests held ({_count(warned, 'warning')}). "
        f"Published in {facts.get('publish_seconds', 0):.1f} s as version {version.stamp}.",
        markup=False,
    )
    console.print(_HOW_TO_LOOK, markup=False)


def tables(facts: dict[str, Any]) -> Table:
    """Return the published tables with their sizes and reach."""
    shown = terminal.table()
    shown.add_column("table", no_wrap=True)
    for name in ("rows", "symbols", "sessions"):
        shown.add_column(name, justify="right", no_wrap=True)
    for name in ("from", "to"):
        shown.add_column(name, no_wrap=True)
    warned = [test for test in facts.get("tests", []) if test["status"] == "warn"]
    if warned:
        shown.add_column("warnings", justify="right")
    for name, table in facts.get("tables", {}).items():
        warnings = sum(name in test["tests"] for test in warned)
        shown.add_row(
            name,
            *(_number(table.get(key)) for key in ("rows", "symbols", "sessions")),
            table.get("first_session") or "",
            table.get("last_session") or "",
            *([str(warnings or "")] if warned else []),
        )
    return shown


def show_lake(console: Console, lake: LakeSummary) -> None:
    """Show what a lake holds."""
    shown = terminal.table()
    shown.add_column("data", no_wrap=True)
    for name in ("days", "missing", "rows", "MB"):
        shown.add_column(name, justify="right", no_wrap=True)
    for name in ("from", "to"):
        shown.add_column(name, no_wrap=True)
    shown.add_column("sources")
    for dataset in lake.datasets:
        shown.add_row(
            dataset.name,
            _number(dataset.days),
            _number(dataset.missing_sessions),
            _number(dataset.rows),
            f"{dataset.bytes / 1e6:,.1f}",
            str(dataset.first or ""),
            str(dataset.last or ""),
            _tally(dataset.sources),
        )
    for table in lake.references:
        shown.add_row(
            f"reference/{table.name}",
            "",
            "",
            _number(table.rows),
            f"{table.bytes / 1e6:,.1f}",
            str(table.first or ""),
            str(table.last or ""),
            _tally(table.sources),
        )
    console.print(shown)
    for dataset in lake.datasets:
        if dataset.symbols:
            console.print(f"Symbols of {dataset.name}: {', '.join(dataset.symbols)}", markup=False)
    console.print(f"Imported files: {lake.imports:,}", markup=False)
    console.print(f"Rejected rows: {_tally(lake.rejects) or 'none'}", markup=False)


def _tally(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))


def age(moment: dt.datetime) -> str:
    """Return how long ago a moment was, in the unit that a person would use."""
    seconds = (dt.datetime.now(dt.UTC) - moment).total_seconds()
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return _count(int(seconds // size), unit)
    return _count(max(int(seconds), 0), "second")


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
