"""`quant sql` and `quant export`: answers from the published warehouse."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from engine.service import terminal
from engine.service.stores import stores

_SHOWN_ROWS = 100


class TextFormat(enum.StrEnum):
    """How `quant sql` prints."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class FileFormat(enum.StrEnum):
    """What `quant export` writes."""

    PARQUET = "parquet"
    CSV = "csv"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("sql")(sql)
    app.command("export")(export)


def sql(
    statement: Annotated[str, typer.Argument(help="One SELECT, DESCRIBE, SHOW or EXPLAIN.")],
    output: Annotated[
        TextFormat, typer.Option("--format", "-f", help="How to print.")
    ] = TextFormat.TABLE,
) -> None:
    """Ask the published warehouse one question."""
    from engine.service import printing
    from engine.warehouse import connect, query

    with connect.published(stores()) as connection:
        answer = query.ask(connection, statement)
        if output is TextFormat.TABLE:
            printing.print_table(terminal.out(), answer, _SHOWN_ROWS)
        elif output is TextFormat.CSV:
            printing.print_csv(answer)
        else:
            printing.print_json(answer)


def export(
    table: Annotated[str, typer.Argument(help="A published table.")],
    where: Annotated[str | None, typer.Option("--where", "-w", help="A condition in SQL.")] = None,
    output: Annotated[
        FileFormat, typer.Option("--format", "-f", help="Of the file.")
    ] = FileFormat.PARQUET,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file; else TABLE.FORMAT here.")
    ] = None,
) -> None:
    """Write a published table, or some of its rows, to a file for other tools."""
    from engine.warehouse import connect, query

    path = out or Path(f"{table}.{output.value}")
    with connect.published(stores()) as connection:
        rows = query.export(connection, table, path, where=where, kind=output.value)
    terminal.out().print(f"{rows:,} rows of {table} in {path}", markup=False)
