"""The project's own exceptions: each says what was wrong, where, and what to do.

Every error carries a process exit code, so that the command line and `make` agree.
"""

from __future__ import annotations


class QuantError(Exception):
    """A fault that a person can act on.

    Parameters
    ----------
    what
        One clear sentence: what was wrong and where (file, row, column).
    remedy
        What to do about it.
    """

    exit_code = 1

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        """Return the sentence and, on the same line, the remedy."""
        return f"{self.what} {self.remedy}".strip()


class LakeError(QuantError):
    """The lake, or a file in it, cannot be used."""

    exit_code = 3


class MappingError(QuantError):
    """A vendor mapping is unknown or wrong."""

    exit_code = 4


class BuildError(QuantError):
    """A build or a test failed; nothing was published."""

    exit_code = 5


class PublishError(QuantError):
    """A version could not be published or opened."""

    exit_code = 6


class LockedError(QuantError):
    """Another process is writing the same store."""

    exit_code = 7


class AuditError(QuantError):
    """The leak audit found a difference."""

    exit_code = 8


class QueryError(QuantError):
    """A query cannot be answered: it is not one read-only statement, or it is wrong."""

    exit_code = 9


class OptionError(QuantError):
    """An option has no price or no volatility; the sentence says why."""

    exit_code = 10
