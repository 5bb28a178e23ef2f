"""`quant status`: what serves, how fresh it is, and what changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from engine.service import terminal
from engine.service.stores import stores

if TYPE_CHECKING:
    from engine.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status")(status)


def status() -> None:
    """Show the published version, its tables, and what changed in the lake since."""
    from engine.service import report
    from engine.warehouse import versions

    settings = stores()
    version = versions.require_current(settings.warehouse)
    facts = version.facts()
    console = terminal.out()
    console.print(report.tables(facts))
    tests = facts.get("tests", [])
    warned = [test["name"] for test in tests if test["status"] == "warn"]
    revision = facts.get("git_revision") or "unknown"
    console.print(f"Version   {version.stamp}, {report.age(version.made_at)} old", markup=False)
    console.print(f"File      {version.path}", markup=False)
    console.print(f"Code      {revision}", markup=False)
    console.print(f"Tests     {len(tests)} held, {len(warned)} warned", markup=False)
    console.print(f"Lake      {lake_changes(settings, facts.get('lake_files', {}))}", markup=False)
    for name in warned:
        console.print(f"Warning: {name}", markup=False)


def lake_changes(settings: Settings, before: dict[str, dict[str, str]]) -> str:
    """Return what happened to the lake's day files since a version was made."""
    from engine.lake.store import Lake
    from engine.warehouse.pipeline import content_hashes

    if not settings.lake.is_dir():
        return f"{settings.lake} is gone"
    if not before:
        return "unknown: this version was published by hand; `quant build` keeps track"
    now = content_hashes(Lake.open(settings.lake).scan())
    changes = []
    for dataset in sorted({*now, *before}):
        old, new = before.get(dataset, {}), now.get(dataset, {})
        counts = {
            "new": len(new.keys() - old.keys()),
            "changed": sum(old[day] != new[day] for day in old.keys() & new.keys()),
            "gone": len(old.keys() - new.keys()),
        }
        told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        if told:
            changes.append(f"{dataset}: {told}")
    return "; ".join(changes) + " (run `quant build`)" if changes else "no day file changed since"
