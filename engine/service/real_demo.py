"""`make real-demo`: real files into stores of their own, built, published, reconciled, checked.

    python -m engine.service.real_demo FOLDER [STORES]

FOLDER holds the vendors' files that `SOURCES.md` beside them describes; what is missing is
skipped by name. STORES (default `data/real` in the checkout) gets a lake, a journal and a
warehouse, so that real and simulated data never meet. The price sources overlap on purpose: the
warehouse has to choose. At the end the features are held to `engine.service.real_facts`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import AuditError, BuildError, LakeError
from engine.service import cli, real_facts, terminal
from engine.settings import Settings, project_root

if TYPE_CHECKING:
    from engine.lake.importers import ImportReport
    from engine.service.terminal import Report

FILES = (
    ("cboe_vix_history", "idx_vix_daily_cboe_1990_2026.parquet"),
    ("alphavantage_daily", "eq_daily_16etf_av_1999_2021.parquet"),
    ("yahoo_daily_adjusted", "eq_daily_15etf_yfadj_2021_2026.parquet"),
    ("adjclose_only", "eq_daily_16etf_adjclose_to_202608.parquet"),
    ("yahoo_minute", "eq_minute_16etf_yf_201912_202001.parquet"),
    ("minute_novolume", "eq_minute_14etf_202601_novolume.parquet"),
    ("cboe_quotes_snapshot", "opt_spx_cboe_snapshot_201904_201907.parquet"),
    ("last_iv_oi", "opt_etf_last_iv_oi_2026.parquet"),
)


def real_demo(folder: Path, home: Path) -> None:
    """Import, build, publish, reconcile, and check what the features say of known days.

    Parameters
    ----------
    folder
        The vendors' files.
    home
        Where the three stores are made.

    Raises
    ------
    LakeError
        When the folder or its files are not there.
    BuildError
        When a row is unaccounted for.
    AuditError
        When the features contradict a fact.
    """
    from engine.service.commands import build
    from engine.service.commands.lake import show_imports
    from engine.warehouse.runner import Options

    present = [(vendor, folder / name) for vendor, name in FILES if (folder / name).exists()]
    if not present:
        raise LakeError(
            f"There are no real files in {folder}.",
            "Name their folder: make real-demo REAL=FOLDER.",
        )
    for _, name in FILES:
        if not (folder / name).exists():
            terminal.notes().print(f"Not there, left out: {name}", markup=False)
    settings = Settings(home / "lake", home / "journal", home / "warehouse")
    show_imports(_import(settings, present))
    build.run(settings, Options())
    _reconcile(settings)
    if all((folder / name).exists() for name in (real_facts.PRICES, real_facts.LEVELS)):
        _check(settings, folder)


def _import(settings: Settings, files: list[tuple[str, Path]]) -> list[ImportReport]:
    from engine.lake.importers import import_files

    reports = []
    for vendor, file in files:
        with terminal.progress(vendor) as report:

            def tell(name: str, done: int, total: int, report: Report = report) -> None:
                report(done, total, name)

            reports += import_files(settings.lake, [file], vendor=vendor, progress=tell)
    return reports


def _reconcile(settings: Settings) -> None:
    """Show that every row of the lake is staged, rejected or out of the universe."""
    from engine.warehouse import connect

    with connect.published(settings, functions=False) as connection:
        rows = connection.execute(
            "select dataset, count(*), sum(count_rows), sum(count_staged), sum(count_rejected), "
            "sum(count_out_of_universe), sum(abs(count_unexplained)) "
            "from lake_reconciliation group by all order by all"
        ).fetchall()
        reasons = connection.execute(
            "select stage, dataset, reason, count(*) from lake_rejects group by all order by all"
        ).fetchall()
    for dataset, days, read, staged, rejected, outside, unexplained in rows:
        terminal.out().print(
            f"{dataset}: {read:,} rows of {days:,} days = {staged:,} staged + {rejected:,} "
            f"rejected + {outside:,} out of the universe; {unexplained:,} unexplained",
            markup=False,
        )
        if unexplained:
            raise BuildError(
                f"{unexplained:,} rows of {dataset} are unaccounted for.",
                'See them: quant sql "from lake_reconciliation where count_unexplained != 0"',
            )
    for stage, dataset, reason, count in reasons:
        terminal.out().print(f"  {stage} {dataset}: {count:,} {reason}", markup=False)


def _check(settings: Settings, folder: Path) -> None:
    """Show what the published features say of each fact."""
    from engine.warehouse import connect

    with connect.published(settings, functions=False) as connection:
        found = real_facts.outcomes(real_facts.Published(connection), real_facts.Vendor(folder))
    table = terminal.table()
    for heading in ("", "Fact", "The features say", "Known"):
        table.add_column(heading)
    for outcome in found:
        said, known = (_text(value) for value in (outcome.seen, outcome.told))
        table.add_row("yes" if outcome.holds else "NO", outcome.sentence, said, known)
    terminal.out().print(table, markup=False)
    wrong = [outcome.sentence for outcome in found if not outcome.holds]
    terminal.out().print(f"{len(found) - len(wrong)} of {len(found)} facts hold", markup=False)
    if wrong:
        raise AuditError(
            f"The features contradict: {'; '.join(wrong)}.",
            "Look at the feature's oracle test, then at the bars it was computed from.",
        )


def _text(value: object) -> str:
    """Return a value of a fact in few letters."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:,.6g}" if isinstance(value, float) else str(value)


def main(arguments: list[str]) -> int:
    """Run the demo; return an exit code."""
    if not 1 <= len(arguments) <= 2:
        sys.stderr.write("usage: python -m engine.service.real_demo FOLDER [STORES]\n")
        return 2
    folder = Path(arguments[0])
    home = Path(arguments[1]) if len(arguments) > 1 else project_root() / "data" / "real"
    return cli.guarded(lambda: real_demo(folder, home.absolute()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
