"""`quant build`, `quant publish` and `quant demo`: from the lake to a version that serves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.service import terminal
from engine.service.stores import stores

if TYPE_CHECKING:
    from engine.settings import Settings
    from engine.warehouse.pipeline import Outcome
    from engine.warehouse.runner import Options

LakeOption = Annotated[
    Path | None, typer.Option("--lake", help="The lake; else QUANT_LAKE, else data/lake.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("build")(build)
    app.command("publish")(publish)
    app.command("demo")(demo)


def build(
    select: Annotated[
        str, typer.Option("--select", "-s", help="dbt selection, e.g. 'stg_lake__stocks+'.")
    ] = "",
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", "-f", help="Make every table anew.")
    ] = False,
    target: Annotated[
        str | None, typer.Option("--target", "-t", help="Output of profiles.yml.")
    ] = None,
    variables: Annotated[
        str, typer.Option("--vars", help="dbt vars as YAML, e.g. '{day_bar_min_coverage: 0.9}'.")
    ] = "",
    quarantine_files: Annotated[
        bool,
        typer.Option(
            "--quarantine-files", help="Leave out day files that cannot be read, as rejects."
        ),
    ] = False,
    no_publish: Annotated[
        bool, typer.Option("--no-publish", help="Leave the build private.")
    ] = False,
    lake: LakeOption = None,
) -> None:
    """Build what changed, test it, publish it.

    Does nothing when lake, code, configuration, packages and journal are those of the published
    version. A failed test publishes nothing.
    """
    from engine.warehouse.runner import Options, parse_variables

    options = Options(
        select=tuple(select.split()),
        full_refresh=full_refresh,
        target=target,
        variables=parse_variables(variables),
    )
    run(stores(lake), options, quarantine=quarantine_files, publishing=not no_publish)


def publish() -> None:
    """Publish what `dbt build` made.

    Refuses unless every model and test succeeded, in an order that makes sense.
    """
    from engine.service import report
    from engine.warehouse.pipeline import publish_last_build

    settings = stores()
    with terminal.progress("Publishing") as progress:
        version = publish_last_build(settings, progress=progress)
    report.show_version(terminal.out(), version)


def demo(lake: LakeOption = None) -> None:
    """Make the sample lake if there is none, then build, publish, and say how to look at it."""
    from engine.lake.store import Lake
    from engine.warehouse.runner import Options

    settings = stores(lake)
    if not settings.lake.is_dir() or not Lake.open(settings.lake).days("stocks"):
        from engine.service.commands.lake import simulate_into

        simulate_into(settings.lake)
    run(settings, Options())


def run(
    settings: Settings,
    options: Options,
    *,
    quarantine: bool = False,
    publishing: bool = True,
    quiet: bool = False,
) -> Outcome:
    """Build with progress on the terminal, and show what came of it unless `quiet`."""
    from engine.service import report
    from engine.warehouse import pipeline

    with terminal.stages() as stage:
        building = stage("Building")
        building(0, 0, "reading the lake")
        outcome = pipeline.build(
            settings,
            options,
            quarantine=quarantine,
            publishing=publishing,
            node_progress=building,
            publish_progress=stage("Publishing"),
        )
    if not quiet:
        report.show_outcome(terminal.out(), outcome)
    return outcome
