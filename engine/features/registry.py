"""The registry of features: one record a family, from which names, docs and tests follow.

A family is a name pattern with windows. `columns()` expands the families of every module into
features; a column that is not among them cannot be built, because the modules' kernels are
checked against it and the SQL contracts are generated from it (`make registry`).

A module is a Python module `engine.features.<name>` (or package) with a `FAMILIES` tuple; it is
found by being there.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import Any, Literal

Engine = Literal["kernel", "sql", "session", "fit"]
Tier = Literal["core", "stretch"]
Lag = Literal["previous_session", "none"]

NO_WINDOW: tuple[None, ...] = (None,)


@dataclass(frozen=True)
class Family:
    """Features that share one definition.

    Parameters
    ----------
    pattern
        Column name with `{window}` where the window goes, e.g. `raw_ret_{window}`.
    formula
        The definition, in the notation of `docs/features.md`.
    units
        Units of the value, e.g. "log return", "annual vol", "[0,1]".
    source
        Literature, or "practitioner" or "standard"; never a citation that was not checked.
    inputs
        What is read, e.g. ("close",).
    engine
        Who computes it: a Numba kernel over bars, SQL, the per-session kernel over minutes, or
        a scheduled fit.
    oracle
        What the tests compare it with.
    windows
        Window sizes in bars of the daily grid; `NO_WINDOW` for none. A window may be a tuple
        of sizes, joined by `_` in the name.
    lookback
        Bars (the current one included) that a value depends on, as a function of the window.
    min_obs
        Bars from which a value appears, as a function of the window; by default the lookback.
    lag
        "none" only for what is known in advance of the session (the calendar).
    tier
        "core" or "stretch".
    why
        Where the catalog's formula was changed: what and why.
    twin_of
        Column that this one equals by design.
    near_duplicates
        Columns that this family's may rank like, by design (rank correlation above 0.999);
        `{window}` stands for the column's own window.
    value
        The definition as code: a function of the workspace and the window's sizes. Families
        that share one visit of a window share it through the workspace.
    """

    pattern: str
    formula: str
    units: str
    source: str
    inputs: tuple[str, ...]
    engine: Engine
    oracle: str
    lookback: Callable[[int], int]
    windows: tuple[int | tuple[int, ...] | None, ...] = NO_WINDOW
    min_obs: Callable[[int], int] | None = None
    lag: Lag = "previous_session"
    tier: Tier = "core"
    why: str = ""
    twin_of: str = ""
    data_type: str = "double"
    near_duplicates: tuple[str, ...] = ()
    value: Callable[..., Any] | None = None


@dataclass(frozen=True)
class Feature:
    """One column: a family at one window."""

    name: str
    module: str
    scope: str
    sizes: tuple[int, ...]
    lookback: int
    min_obs: int
    family: Family

    @property
    def near_duplicates(self) -> tuple[str, ...]:
        """Columns that this one may rank like, by design."""
        label = "_".join(str(size) for size in self.sizes)
        return tuple(name.format(window=label) for name in self.family.near_duplicates)

    @property
    def description(self) -> str:
        """One paragraph for dbt docs: formula, units, source, lookback."""
        family = self.family
        window = f" Window: {' and '.join(map(str, self.sizes))} bars." if self.sizes else ""
        return f"{family.formula}.{window} Units: {family.units}. Source: {family.source}."


@dataclass(frozen=True)
class Module:
    """One feature module: a table `feat_<name>` and its columns, in order."""

    name: str
    scope: str
    title: str
    features: tuple[Feature, ...]
    code: ModuleType

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(feature.name for feature in self.features)

    @property
    def computed(self) -> tuple[str, ...]:
        """Names of the columns that the kernels compute, in order."""
        return tuple(f.name for f in self.features if f.family.engine in ("kernel", "fit"))


def expand(name: str, scope: str, families: tuple[Family, ...]) -> Iterator[Feature]:
    """Yield the features of a module's families, in order."""
    for family in families:
        for window in family.windows:
            sizes = (window,) if isinstance(window, int) else window or ()
            label = "_".join(str(size) for size in sizes)
            longest = max(sizes, default=1)
            lookback = family.lookback(longest)
            yield Feature(
                name=family.pattern.format(window=label),
                module=name,
                scope=scope,
                sizes=sizes,
                lookback=lookback,
                min_obs=family.min_obs(longest) if family.min_obs else lookback,
                family=family,
            )


@lru_cache(maxsize=1)
def modules() -> tuple[Module, ...]:
    """Return every feature module, ordered by `ORDER` in the modules and then by name.

    Raises
    ------
    ValueError
        When two families claim one column name.
    """
    import engine.features as package

    found = []
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"engine.features.{info.name}")
        families = getattr(module, "FAMILIES", None)
        if families is None:
            continue
        scope = getattr(module, "SCOPE", "daily")
        title = (module.__doc__ or info.name).strip().splitlines()[0]
        features = tuple(expand(info.name, scope, families))
        entry = Module(info.name, scope, title, features, module)
        found.append((getattr(module, "ORDER", 100), entry))
    ordered = tuple(module for _, module in sorted(found, key=lambda pair: (pair[0], pair[1].name)))
    seen: dict[str, str] = {}
    for entry in ordered:
        for feature in entry.features:
            if feature.name in seen:
                raise ValueError(
                    f"{feature.name} is registered by {seen[feature.name]} and by {entry.name}"
                )
            seen[feature.name] = entry.name
    return ordered


def module(name: str) -> Module:
    """Return one module by name.

    Raises
    ------
    KeyError
        When no module has that name.
    """
    for entry in modules():
        if entry.name == name:
            return entry
    raise KeyError(name)


def columns(scope: str | None = None) -> tuple[Feature, ...]:
    """Return every registered feature, of one scope or of all."""
    return tuple(
        feature
        for entry in modules()
        for feature in entry.features
        if scope is None or feature.scope == scope
    )
