"""`quant audit`: checks that a number may be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.service import terminal
from engine.service.stores import stores


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Checks that a number may be trusted.", no_args_is_help=True)
    group.callback()(_group)
    group.command("leaks")(leaks)
    app.add_typer(group, name="audit")


def _group() -> None:
    """Keep `leaks` a subcommand while it is the only one."""


def leaks(
    cuts: Annotated[int, typer.Option("--cuts", min=1, help="Random instants to cut at.")] = 2,
    seed: Annotated[int, typer.Option("--seed", help="Chooses the instants.")] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the whole report here, as JSON.")
    ] = None,
    lake: Annotated[
        Path | None, typer.Option("--lake", help="The lake; else QUANT_LAKE, else data/lake.")
    ] = None,
) -> None:
    """Cut the lake by what was known at random instants, rebuild, and compare bit by bit."""
    from engine.validation.leak_audit import audit_leaks
    from engine.warehouse.audit_history import record

    with terminal.progress("Auditing") as progress:
        report = audit_leaks(stores(lake), cuts=cuts, seed=seed, progress=progress)
    if out is not None:
        report.write(out)
    record(stores(lake).journal, "leaks", report.certificates, report.audited_at)
    report.require_passed()
    passed = sum(column.passed for column in report.columns)
    empty = len(report.columns) - passed
    rest = f" {empty:,} columns held no value before the cuts: load more history." if empty else ""
    terminal.out().print(
        f"No leak: {report.rows:,} rows of {passed:,} columns are bit-equal in "
        f"{len(report.cuts)} warehouses rebuilt without the future.{rest} [{report.seconds:.0f} s]",
        markup=False,
    )
