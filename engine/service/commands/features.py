"""`quant features`, `quant harvest` and `quant warm`: what is known about the features."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.service import terminal
from engine.service.stores import stores

if TYPE_CHECKING:
    from engine.features.registry import Feature

Date = Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"])]


def register(app: typer.Typer) -> None:
    """Add the group and the commands."""
    group = typer.Typer(help="The features: list, describe, audit, page.", no_args_is_help=True)
    group.command("list")(listing)
    group.command("describe")(describe)
    group.command("audit")(audit)
    group.command("page")(page)
    app.add_typer(group, name="features")
    app.command("harvest")(harvest)
    app.command("warm")(warm)


def listing(
    module: Annotated[
        str | None, typer.Option("--module", "-m", help="Of one module, e.g. entropy.")
    ] = None,
    search: Annotated[
        str, typer.Option("--search", "-s", help="Text in name, formula or source.")
    ] = "",
) -> None:
    """List the registered features: name, lookback, units, formula."""
    from engine.features import registry

    if module is not None:
        _module(module)
    wanted = search.lower()
    table = terminal.table()
    for heading in ("Feature", "Lookback", "Units", "Formula", "Source"):
        table.add_column(heading, justify="right" if heading == "Lookback" else "left")
    count = 0
    for feature in registry.columns():
        family = feature.family
        text = f"{feature.name} {family.formula} {family.source}".lower()
        if module not in (None, feature.module) or wanted not in text:
            continue
        table.add_row(
            feature.name, str(feature.lookback), family.units, family.formula, family.source
        )
        count += 1
    console = terminal.out()
    if count:
        console.print(table, markup=False)
    console.print(f"{count} features", markup=False)


def describe(name: Annotated[str, typer.Argument(help="A feature, e.g. raw_ret_5.")]) -> None:
    """Say everything that is known of one feature, the published warehouse included."""
    feature = _feature(name)
    family = feature.family
    console = terminal.out()
    facts = {
        "Feature": f"{feature.name} ({feature.module}, {feature.scope})",
        "Formula": family.formula,
        "Units": family.units,
        "Source": family.source,
        "Inputs": ", ".join(family.inputs),
        "Window": ", ".join(f"{size} bars" for size in feature.sizes),
        "Lookback": f"{feature.lookback} bars; a value appears from {feature.min_obs}",
        "Known": "in advance" if family.lag == "none" else "at the close of the session before",
        "Oracle": family.oracle,
        "Note": family.why,
        "Near duplicates": ", ".join(feature.near_duplicates),
    }
    for label, text in {**facts, **_evidence(name)}.items():
        if text:
            console.print(f"{label:<16}{text}", markup=False)


def audit(
    module: Annotated[
        str | None, typer.Option("--module", "-m", help="One module; else all.")
    ] = None,
    bars: Annotated[int, typer.Option("--bars", min=300, help="Bars of each made symbol.")] = 2700,
    seed: Annotated[int, typer.Option("--seed", help="Of the bars and of what is cut.")] = 0,
) -> None:
    """Audit the kernels on made bars, and record it in the journal for `feature_catalog`.

    Ends, begins, breaks and flattens the bars and compares bits; measures each column's cost.
    `quant audit leaks` audits the whole warehouse, SQL included.
    """
    from engine.validation.feature_audit import audit_features
    from engine.warehouse.audit_history import record

    if module is not None:
        _module(module)
    with terminal.progress("Auditing") as progress:
        result = audit_features(module, bars=bars, seed=seed, progress=progress)
    record(stores().journal, "kernels", result.columns, result.audited_at)
    result.require_passed()
    console = terminal.out()
    table = terminal.table()
    for heading in ("Module", "Columns", "Bars", "ns a bar and column"):
        table.add_column(heading, justify="left" if heading == "Module" else "right")
    for row in result.modules:
        table.add_row(row.module, str(row.columns), f"{row.bars:,}", f"{row.cost_ns:,.0f}")
    console.print(table)
    console.print(
        f"{len(result.columns)} columns passed; the next build shows it in feature_catalog. "
        f"[{result.seconds:.0f} s]",
        markup=False,
    )


def page(
    out: Annotated[Path, typer.Option("--out", "-o", help="Markdown file to write.")] = Path(
        "docs/feature_catalog.md"
    ),
    any_lake: Annotated[
        bool, typer.Option("--any-lake", help="Also of a vendor's data, for your own eyes.")
    ] = False,
) -> None:
    """Write the docs page that lists every column, from the published warehouse.

    Only simulated data is shown, unless asked otherwise. Audit first: what an audit found shows
    from the next build on.
    """
    from engine.lake.store import write_atomically
    from engine.warehouse import connect
    from engine.warehouse.feature_page import feature_page, read_page

    with connect.published(stores(), functions=False) as connection:
        text = feature_page(connection, any_lake=any_lake)
    write_atomically(out, text.encode())
    terminal.out().print(f"{out}: {len(read_page(text))} columns", markup=False)


def harvest(
    symbol: Annotated[str | None, typer.Option("--symbol", help="Whose features.")] = None,
    all_symbols: Annotated[
        bool, typer.Option("--all-symbols", help="One file for each symbol.")
    ] = False,
    start: Annotated[
        dt.datetime | None, typer.Option("--start", formats=["%Y-%m-%d"], help="First session.")
    ] = None,
    end: Annotated[
        dt.datetime | None, typer.Option("--end", formats=["%Y-%m-%d"], help="Last session.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the files.")] = Path(),
) -> None:
    """Build what is needed and write {SYMBOL}_master_features.parquet: every feature, one file."""
    from engine.errors import QueryError
    from engine.service.commands.build import run
    from engine.warehouse import connect
    from engine.warehouse import harvest as harvesting
    from engine.warehouse.runner import Options

    if (symbol is None) != all_symbols:
        raise QueryError("Whose features?", "Give --symbol SPY or --all-symbols, not both.")
    first = start.date() if start else dt.date.min
    last = end.date() if end else dt.date.max
    if first > last:
        raise QueryError(f"--start {first} is after --end {last}.", "Exchange them.")
    settings = stores()
    run(settings, Options(), quiet=True)
    console = terminal.out()
    with connect.published(settings) as connection:
        names = [symbol] if symbol is not None else harvesting.symbols(connection)
        with terminal.progress("Harvesting") as progress:
            for done, name in enumerate(names):
                progress(done, len(names), name)
                found = harvesting.harvest(connection, name, first, last, out)
                console.print(
                    f"{found.path}: {found.rows:,} sessions, {found.columns:,} columns",
                    markup=False,
                )


def warm() -> None:
    """Compile every kernel once, so that the next build does not."""
    from engine.validation.feature_audit import warm_up

    with terminal.progress("Compiling") as progress:
        seconds, modules = warm_up(progress)
    terminal.out().print(f"{modules} modules are compiled. [{seconds:.1f} s]", markup=False)


def _module(name: str) -> None:
    from engine.errors import QueryError
    from engine.features import registry

    known = [module.name for module in registry.modules()]
    if name not in known:
        raise QueryError(f"There is no feature module {name}.", f"Use one of {', '.join(known)}.")


def _feature(name: str) -> Feature:
    import difflib

    from engine.errors import QueryError
    from engine.features import registry

    known = {feature.name: feature for feature in registry.columns()}
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known, n=3)
    hint = f"Did you mean {' or '.join(close)}?" if close else "`quant features list` lists them."
    raise QueryError(f"There is no feature {name}.", hint)


def _evidence(name: str) -> dict[str, str]:
    """Return what the published warehouse says of a feature; nothing when there is none."""
    from engine.errors import QuantError
    from engine.warehouse import connect

    try:
        with connect.published(stores()) as connection:
            row = connection.execute(
                "select null_share, first_session, cost_ns, audit_status, audited_at "
                "from feature_catalog where name = ?",
                [name],
            ).fetchone()
    except QuantError:
        return {}
    if row is None:
        return {}
    null_share, first, cost, status, audited = row
    return {
        "NULL": "" if null_share is None else f"{null_share:.1%} of rows",
        "First session": "" if first is None else str(first),
        "Cost": "" if cost is None else f"{cost:,.0f} ns a bar",
        "Audit": status + (f", {audited:%Y-%m-%d}" if audited else ""),
    }
