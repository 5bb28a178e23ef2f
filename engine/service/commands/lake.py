"""`quant lake`: simulate, import, inspect, verify."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.service import terminal
from engine.service.stores import stores

if TYPE_CHECKING:
    from engine.lake.importers import ImportReport

LakeOption = Annotated[
    Path | None, typer.Option("--lake", help="The lake; else QUANT_LAKE, else data/lake.")
]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        help="The raw data: simulate, import, inspect, verify.", no_args_is_help=True
    )
    group.command("simulate")(simulate)
    group.command("import")(import_)
    group.command("inspect")(inspect)
    group.command("verify")(verify)
    app.add_typer(group, name="lake")


def simulate(
    scenario: Annotated[
        str, typer.Option("--scenario", help="default, null, planted or dirty.")
    ] = "default",
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same bytes.")] = 7,
    sessions: Annotated[int, typer.Option("--sessions", min=1, help="Trading days.")] = 504,
    symbols: Annotated[
        str | None, typer.Option("--symbols", help="Such as SPY,QQQ; else all 16.")
    ] = None,
    scale: Annotated[
        str, typer.Option("--scale", help="sample, daily (day bars only) or reference.")
    ] = "sample",
    until: Annotated[
        dt.datetime | None,
        typer.Option("--until", formats=["%Y-%m-%d"], help="No session after this day."),
    ] = None,
    append: Annotated[
        int,
        typer.Option("--append", min=0, help="Go on with the simulation that the lake holds."),
    ] = 0,
    lake: LakeOption = None,
) -> None:
    """Make a market with known truth."""
    more: dict[str, Any] = {"until": until.date()} if until else {}
    simulate_into(
        stores(lake).lake,
        scenario=scenario,
        seed=seed,
        sessions=sessions,
        symbols=tuple(name.strip() for name in symbols.split(",")) if symbols else None,
        scale=scale,
        append=append,
        **more,
    )


def simulate_into(folder: Path, **arguments: Any) -> None:
    """Simulate with progress on the terminal, and show what was made."""
    from engine.lake.simulate import simulate as make

    with terminal.progress("Simulating") as progress:
        made = make(
            folder, progress=lambda done, total: progress(done, total, "sessions"), **arguments
        )
    faults = f", {made.faults:,} of them faulty" if made.faults else ""
    terminal.out().print(
        f"Simulated {made.sessions:,} session{'s' if made.sessions != 1 else ''} "
        f"({made.first} to {made.last}) of "
        f"{len(made.symbols)} symbols in {folder}: {made.stock_rows:,} stock rows and "
        f"{made.option_rows:,} option rows{faults}. [{made.seconds:.1f} s]",
        markup=False,
    )


def import_(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Vendor files, or folders of them.")
    ] = None,
    vendor: Annotated[
        str | None, typer.Option("--vendor", help="A vendor that --list names.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="A mapping file of your own.")
    ] = None,
    list_vendors: Annotated[
        bool, typer.Option("--list", help="List the vendors and what they are.")
    ] = False,
    lake: LakeOption = None,
) -> None:
    """Take vendor files into the lake; every row is written or rejected with a reason."""
    from engine.errors import MappingError
    from engine.lake import importers

    if list_vendors:
        for info in importers.vendors():
            terminal.out().print(f"{info.name:24} {info.title}", markup=False)
        return
    if not files:
        raise MappingError("No file was named.", "Give the files or folders to import.")
    with terminal.progress("Importing") as progress:
        reports = importers.import_files(
            stores(lake).lake,
            files,
            vendor=vendor,
            mapping=mapping,
            progress=lambda name, done, total: progress(done, total, name),
        )
    show_imports(reports)


def show_imports(reports: list[ImportReport]) -> None:
    """Show what became of each imported file, and that no row was lost."""
    shown = terminal.table()
    shown.add_column("file")
    for name in ("read", "written", "rejected"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("days", justify="right")
    shown.add_column("reasons")
    for report in reports:
        reasons = ", ".join(f"{count:,} {name}" for name, count in sorted(report.rejected.items()))
        shown.add_row(
            report.file,
            f"{report.rows_read:,}",
            f"{report.rows_written:,}",
            f"{sum(report.rejected.values()):,}",
            f"{len(report.days):,}",
            "in the lake already" if report.unchanged else reasons,
        )
    terminal.out().print(shown)
    read = sum(report.rows_read for report in reports)
    written = sum(report.rows_written for report in reports)
    terminal.out().print(
        f"{len(reports)} files: {read:,} rows read = {written:,} written + "
        f"{read - written:,} rejected.",
        markup=False,
    )


def inspect(lake: LakeOption = None) -> None:
    """Show what the lake holds: data sets, days, rows, sources, rejects."""
    from engine.lake.inspect import inspect as look
    from engine.service import report

    with terminal.progress("Reading") as progress:
        summary = look(
            stores(lake).lake, progress=lambda what, done, total: progress(done, total, what)
        )
    report.show_lake(terminal.out(), summary)


def verify(lake: LakeOption = None) -> None:
    """Read every file of the lake and check it against the contract; changes nothing."""
    from engine.errors import LakeError
    from engine.lake.inspect import verify as check

    folder = stores(lake).lake
    with terminal.progress("Verifying") as progress:
        problems = check(folder, progress=lambda what, done, total: progress(done, total, what))
    for problem in problems:
        terminal.out().print(f"{problem.reason}: {problem.sentence} {problem.remedy}", markup=False)
    if problems:
        number = len(problems)
        raise LakeError(
            f"{number} problem{'' if number == 1 else 's'} in the lake at {folder}.",
            "Repair the files that are named, or build with --quarantine-files.",
        )
    terminal.out().print(f"The lake at {folder} keeps the contract.", markup=False)
