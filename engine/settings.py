"""Where the three stores are: the lake, the journal and the warehouse.

Paths come from the environment, with defaults that work from the project's root.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Paths of the stores.

    Parameters
    ----------
    lake, journal, warehouse
        Folders; see `docs/architecture.md` for what each holds.
    """

    lake: Path
    journal: Path
    warehouse: Path

    @property
    def build_file(self) -> Path:
        """The private file that dbt writes; nobody else opens it for writing."""
        return self.warehouse / "build" / "quant.duckdb"

    @property
    def current(self) -> Path:
        """The symlink to the published version."""
        return self.warehouse / "current.duckdb"

    def environment(self) -> dict[str, str]:
        """Return the variables that hand these paths to another process."""
        return {
            "QUANT_LAKE": str(self.lake),
            "QUANT_JOURNAL": str(self.journal),
            "QUANT_WAREHOUSE": str(self.warehouse),
        }


def load(
    lake: Path | None = None, journal: Path | None = None, warehouse: Path | None = None
) -> Settings:
    """Return the settings of this process: arguments, else environment, else defaults."""

    def pick(given: Path | None, name: str, default: str) -> Path:
        return given if given is not None else Path(os.environ.get(name, default))

    return Settings(
        lake=pick(lake, "QUANT_LAKE", "data/lake"),
        journal=pick(journal, "QUANT_JOURNAL", "data/journal"),
        warehouse=pick(warehouse, "QUANT_WAREHOUSE", "data/warehouse"),
    )


def project_root() -> Path:
    """Return the checkout's root: the folder that holds `dbt_project.yml`."""
    return Path(__file__).resolve().parent.parent
