"""Where the stores are, for a command that may be typed in any folder."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from engine.settings import Settings, load, project_root


def stores(lake: Path | None = None) -> Settings:
    """Return the settings with absolute paths.

    Parameters
    ----------
    lake
        A lake given on the command line, relative to the current folder.

    Returns
    -------
    Settings
        What the command line or the environment names; the defaults lie in the checkout,
        wherever the command is typed.
    """
    settings = load(lake)

    def place(path: Path, variable: str, given: Path | None = None) -> Path:
        is_default = given is None and variable not in os.environ
        return (project_root() / path if is_default else path).absolute()

    return replace(
        settings,
        lake=place(settings.lake, "QUANT_LAKE", lake),
        journal=place(settings.journal, "QUANT_JOURNAL"),
        warehouse=place(settings.warehouse, "QUANT_WAREHOUSE"),
    )
