"""What the commands show: results on standard output, progress and notes on standard error."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_WIDE = 10_000  # a table takes only the width it needs

Report = Callable[[int, int, str], None]  # done, total (0 when unknown), what


def out() -> Console:
    """Return the console for results."""
    return _console(stderr=False)


def notes() -> Console:
    """Return the console for everything that is not a result."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    console = Console(stderr=stderr, highlight=False, soft_wrap=True)
    if not console.is_terminal:  # a log or a pipe has no width to respect
        console.width = _WIDE
    return console


def table() -> Table:
    """Return an empty table in the house's look."""
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)


@contextlib.contextmanager
def stages() -> Iterator[Callable[[str], Report]]:
    """Show progress while the block runs, when somebody is looking.

    Yields
    ------
    callable
        Takes a stage's name; returns what is to be called with done, total and what is being
        worked on. A stage is shown from its first report on.
    """
    console = notes()
    if not console.is_terminal:
        yield lambda label: lambda done, total, what: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[what]}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:

        def stage(label: str) -> Report:
            task = bar.add_task(label, total=None, visible=False, start=False, what="")

            def report(done: int, total: int, what: str) -> None:
                if not bar.tasks[task].started:
                    bar.start_task(task)
                bar.update(task, completed=done, total=total or None, what=what, visible=True)

            return report

        yield stage


@contextlib.contextmanager
def progress(label: str) -> Iterator[Report]:
    """Show the progress of one stage; see `stages`."""
    with stages() as stage:
        yield stage(label)
