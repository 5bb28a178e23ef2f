"""The `quant` command: its groups, and how a fault becomes a sentence and an exit code."""

from __future__ import annotations

import errno
import importlib
import os
import pkgutil
import sys
from collections.abc import Callable

import typer

from engine.errors import QuantError

INTERRUPTED = 130  # what a shell reports for Ctrl-C
PIPE_CLOSED = 141  # and for a tool whose reader has gone, like `head`


def application() -> typer.Typer:
    """Return the application with every command in `engine.service.commands`."""
    from engine.service import commands

    app = typer.Typer(
        name="quant",
        help="From raw Parquet to a published, tested warehouse.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for info in pkgutil.iter_modules(commands.__path__):
        importlib.import_module(f"{commands.__name__}.{info.name}").register(app)
    return app


def main(arguments: list[str] | None = None) -> None:
    """Run `quant` and end the process with its exit code.

    A fault that a person can act on is one sentence and a remedy on standard error; anything
    else is a defect and keeps its traceback.
    """
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run `quant` with arguments; return its exit code."""
    return guarded(lambda: application()(arguments, prog_name="quant"))


def guarded(work: Callable[[], object]) -> int:
    """Do some work; return the exit code, and say what a fault was."""
    try:
        work()
        sys.stdout.flush()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if _is_closed_pipe(ended.__context__) or not _flushed():
            code = _end_quietly()
    except BrokenPipeError:
        code = _end_quietly()
    except QuantError as error:
        _complain(error)
        return error.exit_code
    except KeyboardInterrupt:
        code = INTERRUPTED
    else:
        code = 0
    if code == INTERRUPTED:
        sys.stderr.write("Interrupted. What was published before keeps serving.\n")
    return code


def _is_closed_pipe(error: BaseException | None) -> bool:
    return isinstance(error, OSError) and error.errno == errno.EPIPE


def _flushed() -> bool:
    """Write out what is printed; return whether somebody reads it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return False
    return True


def _end_quietly() -> int:
    """Leave the closed pipe, so that Python does not complain of it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return PIPE_CLOSED


def _complain(error: QuantError) -> None:
    sys.stderr.write(f"Error: {error.what}\n")
    if error.remedy:
        sys.stderr.write(f"{error.remedy}\n")


if __name__ == "__main__":
    main()
