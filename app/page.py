"""What a page says of itself, and how the pages are found.

A page is a module in `app/screens` with a `PAGE` and a function `render()`. Adding the file adds
the page to the navigation; nothing else has to change.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """A page of the app.

    Parameters
    ----------
    title
        Name in the navigation and above the page.
    icon
        One emoji or `:material/name:`.
    section
        Heading of the navigation under which it stands.
    order
        Place in the navigation; a section stands where its first page does.
    """

    title: str
    icon: str
    section: str
    order: int


@dataclass(frozen=True)
class Found:
    """A page and the code that draws it."""

    name: str
    page: Page
    render: Callable[[], None]


def find(package: str = "app.screens") -> tuple[Found, ...]:
    """Return the pages of a package, in the order of the navigation.

    Parameters
    ----------
    package
        Name of the package that is listed.

    Raises
    ------
    TypeError
        When a module of it has no `PAGE` or no `render`; says which.
    """
    found = []
    for info in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{package}.{info.name}")
        page, render = getattr(module, "PAGE", None), getattr(module, "render", None)
        if not isinstance(page, Page) or not callable(render):
            raise TypeError(f"{package}.{info.name} needs PAGE = Page(...) and def render()")
        found.append(Found(info.name, page, render))
    return tuple(sorted(found, key=lambda one: (one.page.order, one.name)))


def by_section(found: tuple[Found, ...]) -> dict[str, list[Found]]:
    """Return pages by section, sections in the order of their first pages."""
    sections: dict[str, list[Found]] = {}
    for one in found:
        sections.setdefault(one.page.section, []).append(one)
    return sections
