"""Results as text: on the terminal, and as the Markdown of docs/benchmarks.md."""

from __future__ import annotations

from typing import Any

_HEAD = ("figure", "measured", "target", "note")


def number(value: float | None, unit: str) -> str:
    """Return a value with its unit, rounded to what can be trusted."""
    if value is None:
        return "-"
    if abs(value) >= 1e6:
        text = f"{value / 1e6:.2f} M"
    elif abs(value) >= 1000:
        text = f"{value:,.0f}"
    elif abs(value) >= 100 or float(value).is_integer():
        text = f"{value:.0f}"
    elif abs(value) >= 10:
        text = f"{value:.1f}"
    else:
        text = f"{value:.2f}"
    return f"{text} {unit}".strip()


def target(figure: dict[str, Any]) -> str:
    """Return a figure's target and whether it is met."""
    if figure["target"] is None:
        return ""
    words = "under" if figure["is_ceiling"] else "at least"
    verdict = {True: "met", False: "MISSED", None: "not measured"}[figure["is_met"]]
    return f"{words} {number(figure['target'], '')}: {verdict}"


def rows(document: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return a result's figures as rows of text."""
    return [
        (
            figure["name"],
            number(figure["value"], figure["unit"]),
            target(figure),
            figure["note"],
        )
        for figure in document["figures"]
    ]


def plain(document: dict[str, Any]) -> str:
    """Return a result for a terminal."""
    lines = [_HEAD, *rows(document)]
    widths = [max(len(row[i]) for row in lines) for i in range(3)]
    text = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]])
        for row in lines
    ]
    return "\n".join([document["part"], *("  " + line.rstrip() for line in text)])


def markdown(document: dict[str, Any]) -> str:
    """Return a result as a Markdown table."""
    lines = [_HEAD, ("---", "---:", "---", "---"), *rows(document)]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines)


def machine_note(machine: dict[str, Any]) -> str:
    """Return what the figures were measured on, in a sentence."""
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['system']}, Python {machine['python']}, {packages}; "
        f"revision {machine['revision']}, load at the start {machine['load'][0]}."
    )
