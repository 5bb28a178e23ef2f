"""`quant options chain`: one expiry's calls and puts side by side."""

from __future__ import annotations

import datetime as dt
import enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.service import terminal
from engine.service.stores import stores

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from engine.warehouse.chain import Chain

_STRIKES = 10  # on each side of the forward, in a table
_UNLIMITED = 1_000_000


class ChainFormat(enum.StrEnum):
    """How `quant options chain` prints."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def chain(
    symbol: Annotated[str, typer.Argument(help="An underlying, e.g. SPY, or one of its roots.")],
    session: Annotated[
        dt.datetime | None,
        typer.Option("--session", formats=["%Y-%m-%d"], help="By default the newest."),
    ] = None,
    expiration: Annotated[
        dt.datetime | None,
        typer.Option(
            "--expiration", "-e", formats=["%Y-%m-%d"], help="By default nearest to 30 days."
        ),
    ] = None,
    near: Annotated[
        int | None,
        typer.Option(
            "--near",
            "-n",
            min=1,
            help=f"Strikes on each side of the forward; {_STRIKES} in a table, else all.",
        ),
    ] = None,
    output: Annotated[
        ChainFormat, typer.Option("--format", "-f", help="How to print.")
    ] = ChainFormat.TABLE,
) -> None:
    """Show one expiry's chain of the published warehouse, calls and puts side by side."""
    from engine.service import printing
    from engine.warehouse import chain as chains
    from engine.warehouse import connect

    is_table = output is ChainFormat.TABLE
    with connect.published(stores(), functions=False) as connection:
        codes = chains.meanings(connection) if is_table else {}
        found = chains.find(
            connection,
            symbol,
            session.date() if session else None,
            expiration.date() if expiration else None,
            near or (_STRIKES if is_table else None),
        )
        if is_table:
            show(terminal.out(), found, codes, is_cut=near is None)
        elif output is ChainFormat.CSV:
            printing.print_csv(found.answer)
        else:
            printing.print_json(found.answer)


def show(console: Console, found: Chain, meanings: dict[str, str], *, is_cut: bool) -> None:
    """Print a chain for people.

    Where the terminal is too narrow for calls and puts beside each other, they are printed one
    below the other.

    Parameters
    ----------
    console
        Where to.
    found
        The chain.
    meanings
        Of reason codes.
    is_cut
        Nobody asked for the number of strikes that is shown.
    """
    rows = [row for batch in found.answer.batches for row in batch.to_pylist()]
    for facts in found.roots:
        of_root = [row for row in rows if row["root"] == facts["root"]]
        console.print(_heading(found, facts), markup=False)
        console.print()
        wide = _beside(of_root)
        width = console.measure(wide, options=console.options.update(width=_UNLIMITED)).maximum
        if width <= console.width:
            console.print(wide)
        else:
            for side in ("call", "put"):
                console.print(f"{side}s", markup=False)
                console.print(_one(of_root, side))
    codes = sorted({row[f"{side}_reason"] for row in rows for side in ("call", "put")} - {None})
    for code in codes:
        console.print(f"{code}: {meanings.get(code, 'see `reason_codes`')}.", markup=False)
    console.print(_more(found, is_cut=is_cut), markup=False)


def _heading(found: Chain, facts: dict[str, Any]) -> str:
    root = "" if facts["root"] == found.underlying else f" ({facts['root']})"
    words = [
        f"{found.underlying}{root} on {found.session}, expires {found.expiration} "
        f"in {facts['days'] or 0:.1f} days",
        f"spot {_number(facts['spot'], 2)}",
        f"forward {_number(facts['forward'], 2)}",
    ]
    if facts.get("atm_iv") is not None:
        source = facts.get("fit_source")
        borrowed = "" if source == "own" else f" (smile: {source})"
        words.append(f"volatility at the forward {_percent(facts['atm_iv'])}{borrowed}")
    return ", ".join(words)


def _more(found: Chain, *, is_cut: bool) -> str:
    others = len(found.expirations) - 1
    parts = []
    if is_cut:
        parts.append(f"The {_STRIKES} strikes on each side of the forward: --near shows more.")
    if others:
        parts.append(
            f"{others} other expiries from {found.expirations[0]} to {found.expirations[-1]}: "
            "--expiration chooses."
        )
    return " ".join(parts)


_COLUMNS = ("bid", "ask", "mark", "source", "iv", "delta", "OI", "reason")
_LEFT = ("source", "reason")


def _beside(rows: list[dict[str, Any]]) -> Table:
    """Return calls left and puts right of the strikes."""
    table = terminal.table()
    calls, puts = tuple(reversed(_COLUMNS)), _COLUMNS
    for name in calls:
        _column(table, f"call\n{name}", name)
    table.add_column("\nstrike", justify="right", style="bold")
    for name in puts:
        _column(table, f"put\n{name}", name)
    for row in rows:
        table.add_row(
            *(_cell(row, "call", name) for name in calls),
            _strike(row),
            *(_cell(row, "put", name) for name in puts),
        )
    return table


def _one(rows: list[dict[str, Any]], side: str) -> Table:
    """Return calls or puts alone."""
    table = terminal.table()
    table.add_column("strike", justify="right", style="bold")
    for name in _COLUMNS:
        _column(table, name, name)
    for row in rows:
        table.add_row(_strike(row), *(_cell(row, side, name) for name in _COLUMNS))
    return table


def _column(table: Table, heading: str, name: str) -> None:
    table.add_column(heading, justify="left" if name in _LEFT else "right", no_wrap=True)


def _strike(row: dict[str, Any]) -> str:
    return f"{row['strike']:g}"


def _cell(row: dict[str, Any], side: str, name: str) -> str:
    value = row[f"{side}_{_FIELDS.get(name, name)}"]
    if value is None:
        return ""
    if name in _LEFT:
        return str(value)
    if name == "iv":
        return _percent(value)
    if name == "OI":
        return f"{value:,.0f}"
    return f"{value:,.3f}" if name == "delta" else f"{value:,.2f}"


_FIELDS = {"source": "mark_source", "OI": "open_interest"}


def _percent(value: float) -> str:
    return f"{100 * value:.2f}%"


def _number(value: float | None, digits: int) -> str:
    return "unknown" if value is None else f"{value:,.{digits}f}"
