"""The lakes that studies look at, built under a scratch folder and used again by the next study."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from engine.lake.importers import import_files
from engine.lake.simulate import simulate
from engine.lake.store import Lake
from engine.settings import Settings, project_root
from engine.warehouse.pipeline import build
from engine.warehouse.runner import Options

SEED = 20_261_120
SIMULATED_SESSIONS = 40
SIMULATED_SYMBOLS = ("SPY", "TLT", "VXX", "XLF")

SPX = "opt_spx_cboe_snapshot_201904_201907.parquet"
ETFS = "opt_etf_last_iv_oi_2026.parquet"
VIX = "idx_vix_daily_cboe_1990_2026.parquet"
DAILY = "eq_daily_16etf_av_1999_2021.parquet"

MODELS = (
    "+option_marks",
    "+mark_reconciliation",
    "+chain_quality",
    "--indirect-selection=cautious",
)


@dataclass(frozen=True)
class Stores:
    """Where studies keep their lakes and where the real files are.

    Parameters
    ----------
    home
        Scratch folder.
    real
        Folder of the vendors' files.
    """

    home: Path
    real: Path

    def settings(self, name: str) -> Settings:
        """Return the three stores of a lake by name."""
        folder = self.home / name
        return Settings(folder / "lake", folder / "journal", folder / "warehouse")

    def simulated(self) -> Settings:
        """Return stores with a simulated market, whose truth is beside it."""
        settings = self.settings("sim")
        if not settings.lake.exists():
            simulate(
                settings.lake, sessions=SIMULATED_SESSIONS, symbols=SIMULATED_SYMBOLS, seed=SEED
            )
        return settings

    def imported(self, name: str, *files: tuple[str, str]) -> Settings:
        """Return stores with the real files named, as (vendor, file)."""
        settings = self.settings(name)
        if not settings.lake.exists():
            for vendor, file in files:
                import_files(settings.lake, [self.real / file], vendor=vendor)
        return settings

    def spx(self) -> Settings:
        """Return stores with the quotes of SPX and SPXW."""
        return self.imported("spx", ("cboe_quotes_snapshot", SPX), ("cboe_vix_history", VIX))

    def etfs(self) -> Settings:
        """Return stores with the last prices of ETF options."""
        return self.imported("etf", ("last_iv_oi", ETFS))

    def changed(self, name: str, lake: Path) -> Lake:
        """Return a copy of a lake, made anew, to take rows out of."""
        settings = self.settings(name)
        shutil.rmtree(settings.lake.parent, ignore_errors=True)
        return Lake(Path(shutil.copytree(lake, settings.lake, copy_function=shutil.copy2)))


def built(settings: Settings) -> duckdb.DuckDBPyConnection:
    """Build what marks need, exercise by root, and return a read-only connection to it."""
    options = Options(select=MODELS, variables=(("option_exercise", exercise(settings)),))
    build(settings, options, publishing=False)
    return duckdb.connect(str(settings.build_file), read_only=True)


def exercise(settings: Settings) -> str:
    """Return the setting that a lake's chains were made under."""
    if (settings.lake / "_truth").exists():
        import yaml

        project = yaml.safe_load((project_root() / "dbt_project.yml").read_text())
        return str(project["vars"]["option_exercise"])
    return "by_root"
