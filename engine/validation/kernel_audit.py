"""Audits of a feature module's kernels: what values depend on, and what bad bars do to them.

Each check recomputes the module's columns from bars that were changed in one way, and compares
bits with the columns of the bars as they are:

- `future`: the bars end earlier, or go on differently. No value before that may change.
- `start`: the bars begin later. After a column's declared lookback nothing may change.
- `append`: the last bars' rows are computed alone. They may not differ from the whole's.
- `missing_bar`: one bar is missing. Nothing before it may change, and nothing once the declared
  lookback has passed it.
- `blow_up`: bars that do not move or do not trade. No infinity, nothing out of all proportion.
- `empty`: a column without one value.
- `near_duplicate`: two columns that rank alike in every symbol without the registry saying so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.errors import AuditError
from engine.features import assemble, registry, tails
from engine.features.market_panel import Market
from engine.features.panel import Bars, Floats
from engine.features.tails import Tail
from engine.validation import changed_bars
from engine.validation.column_audit import Finding, empty_columns, undeclared_duplicates

OUT_OF_PROPORTION = 1e4  # times the largest value on ordinary bars
_SPACE = 1.5  # bars needed, in units of the longest lookback


@dataclass(frozen=True)
class ModuleAudit:
    """What the audit of one module found.

    Parameters
    ----------
    module
        Its name.
    columns, bars
        Columns and bars that were looked at.
    findings
        What failed, at most one a check, column and symbol.
    """

    module: str
    columns: int
    bars: int
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return not self.findings

    def require_passed(self) -> ModuleAudit:
        """Return the audit itself when it passed.

        Raises
        ------
        AuditError
            When something failed; says what.
        """
        if self.passed:
            return self
        lines = "\n  ".join(map(str, self.findings[:12]))
        more = len(self.findings) - 12
        raise AuditError(
            f"The audit of {self.module} found {len(self.findings)} faults:\n  {lines}"
            + (f"\n  and {more} more" if more > 0 else ""),
            "Correct the formula, or declare its lookback or near duplicates in the registry.",
        )


def audit_module(name: str, bars: Sequence[Bars | Market], *, seed: int = 0) -> ModuleAudit:
    """Run every check on a module's kernel columns.

    Parameters
    ----------
    name
        Module.
    bars
        One or more symbols without missing bars, with the extra columns that the module reads;
        at least 1.5 times the module's longest lookback each. For a module of scope "cross" the
        market instead: its audits change the bars of all members, and of one alone.
    seed
        Seed of where bars are cut, changed and left out.

    Raises
    ------
    AuditError
        When the bars are too few to say anything.
    """
    return audit_entry(registry.module(name), bars, seed=seed)


def audit_entry(
    module: registry.Module, bars: Sequence[Bars | Market], *, seed: int = 0
) -> ModuleAudit:
    """Run every check on a module, registered or not; see `audit_module`."""
    features = [f for f in module.features if f.name in set(module.computed)]
    _require_enough(module.name, features, bars)
    whole = [_columns(module, symbol) for symbol in bars]
    findings: list[Finding] = []
    for symbol, columns in zip(bars, whole, strict=True):
        audit = _SymbolAudit(module, features, symbol, columns, np.random.default_rng(seed))
        findings += [
            *audit.finite(),
            *audit.future(),
            *audit.start(),
            *audit.append(),
            *audit.missing_bar(),
            *audit.blow_up(_largest(whole)),
        ]
    findings += empty_columns(module.name, whole)
    findings += undeclared_duplicates(whole, features)
    return ModuleAudit(module.name, len(features), sum(map(len, bars)), tuple(findings))


def audit_catalog(
    bars: Sequence[Bars | Market],
    *,
    scope: str = "daily",
    names: Collection[str] = (),
    seed: int = 0,
) -> tuple[ModuleAudit, ...]:
    """Audit a scope's registered modules, all or some, and near duplicates between them.

    Returns
    -------
    tuple of ModuleAudit
        One a module, and one named `catalog` for pairs across modules.
    """
    modules = [
        module
        for module in registry.modules()
        if module.scope == scope and (not names or module.name in names)
    ]
    audits = [audit_entry(module, bars, seed=seed) for module in modules]
    features = [
        feature
        for module in modules
        for feature in module.features
        if feature.name in set(module.computed)
    ]
    whole = [
        {name: values for module in modules for name, values in _columns(module, symbol).items()}
        for symbol in bars
    ]
    home = {feature.name: feature.module for feature in features}
    pairs = [
        finding
        for finding in undeclared_duplicates(whole, features)
        if home[finding.column] != home[finding.other]
    ]
    total = ModuleAudit("catalog", len(features), sum(map(len, bars)), tuple(pairs))
    return (*audits, total)


def _require_enough(
    name: str, features: Sequence[registry.Feature], bars: Sequence[Bars | Market]
) -> None:
    longest = max((feature.lookback for feature in features), default=1)
    needed = int(_SPACE * longest) + changed_bars.FLAT_BARS
    short = [symbol for symbol in bars if len(symbol) < needed]
    if not bars or short:
        what = f"{short[0].symbol} has {len(short[0])} bars" if short else "no bars were given"
        raise AuditError(
            f"The audit of {name} needs {needed} bars a symbol, and {what}.",
            "Make a longer lake with `quant lake simulate --scale daily --sessions 2700`.",
        )
    for symbol in bars:
        if changed_bars.has_missing(symbol):
            raise AuditError(
                f"The audit of {name} makes its own missing bars, and {symbol.symbol} has some.",
                "Give it a stretch without missing bars.",
            )


def _columns(module: registry.Module, bars: Bars | Market) -> dict[str, Floats]:
    """Return the module's columns as its kernels give them, infinities and all."""
    return assemble.columns(module, bars)


# -- one symbol ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _SymbolAudit:
    module: registry.Module
    features: Sequence[registry.Feature]
    bars: Bars | Market
    whole: Mapping[str, Floats]
    rng: np.random.Generator

    def finite(self) -> Iterator[Finding]:
        for feature in self.features:
            infinite = np.isinf(self.whole[feature.name])
            if infinite.any():
                when = self.bars.time[infinite][0]
                yield self._finding("blow_up", feature, f"is infinite at {when}")

    def future(self) -> Iterator[Finding]:
        """End the bars at two places, and let them go on differently from a third."""
        count = len(self.bars)
        seen: set[str] = set()
        for end in self.rng.integers(count // 2, count - 1, 2):
            found = _columns(self.module, changed_bars.part(self.bars, 0, int(end)))
            yield from self._compare("future", found, 0, int(end), f"without bars from {end}", seen)
        turn = int(self.rng.integers(count // 2, count - 1))
        other = changed_bars.with_other_future(self.bars, turn, self.rng)
        found = _columns(self.module, other)
        yield from self._compare("future", found, 0, turn, f"with other bars from {turn}", seen)

    def start(self) -> Iterator[Finding]:
        seen: set[str] = set()
        room = len(self.bars) // 3
        for start in (1, *(int(k) for k in self.rng.integers(2, room, 2))):
            found = _columns(self.module, changed_bars.part(self.bars, start, len(self.bars)))
            shifted = {
                name: np.concatenate([np.full(start, np.nan), values])
                for name, values in found.items()
            }
            for feature in self.features:
                first = start + feature.lookback - 1
                what = f"when the bars begin at {start} (lookback {feature.lookback})"
                yield from self._compare_one(
                    "start", feature, shifted, first, len(self.bars), what, seen
                )

    def append(self) -> Iterator[Finding]:
        """Compute the last rows alone, as a build does that keeps the rows before them."""
        seen: set[str] = set()
        count = len(self.bars)
        broken = (bars for _, bars in changed_bars.without_bar(self.bars, count - 40))
        for bars, last in ((self.bars, 3), *((bars, 50) for bars in broken)):
            whole = self.whole if bars is self.bars else _columns(self.module, bars)
            end = Tail(bars, count - last)
            # Twice: as a build does that computes the ends of several symbols together.
            found = {
                name: values[last:]
                for name, values in tails.columns(self.module, [end, end]).items()
            }
            for feature in self.features:
                rows = replace(self, whole={feature.name: whole[feature.name][-last:]})
                what = f"of the last {last} when they are computed alone"
                yield from rows._compare_one("append", feature, found, 0, last, what, seen)

    def missing_bar(self) -> Iterator[Finding]:
        seen: set[str] = set()
        at = len(self.bars) // 3
        for whose, bars in changed_bars.without_bar(self.bars, at):
            found = _columns(self.module, bars)
            for feature in self.features:
                if np.isinf(found[feature.name]).any():
                    detail = f"is infinite when bar {at}{whose} is missing"
                    yield self._finding("blow_up", feature, detail)
                what = f"before the missing bar {at}{whose}"
                yield from self._compare_one("missing_bar", feature, found, 0, at, what, seen)
                what = f"after the missing bar {at}{whose} and the lookback of {feature.lookback}"
                first = at + feature.lookback
                yield from self._compare_one(
                    "missing_bar", feature, found, first, len(self.bars), what, seen
                )

    def blow_up(self, largest: Mapping[str, float]) -> Iterator[Finding]:
        for what, bars in changed_bars.degenerate(self.bars):
            found = _columns(self.module, bars)
            for feature in self.features:
                values = found[feature.name]
                known = values[~np.isnan(values)]
                if np.isinf(known).any():
                    yield self._finding("blow_up", feature, f"is infinite on {what}")
                    continue
                size = float(np.abs(known).max()) if known.size else 0.0
                usual = largest[feature.name] or 1.0
                if size > OUT_OF_PROPORTION * usual:
                    yield self._finding(
                        "blow_up", feature, f"is {size:.3g} on {what}, {usual:.3g} at most else"
                    )

    def _compare(
        self,
        check: str,
        found: Mapping[str, Floats],
        first: int,
        last: int,
        what: str,
        seen: set[str],
    ) -> Iterator[Finding]:
        for feature in self.features:
            yield from self._compare_one(check, feature, found, first, last, what, seen)

    def _compare_one(
        self,
        check: str,
        feature: registry.Feature,
        found: Mapping[str, Floats],
        first: int,
        last: int,
        what: str,
        seen: set[str],
    ) -> Iterator[Finding]:
        name = feature.name
        if name in seen:
            return
        differs = differing_bits(self.whole[name][first:last], found[name][first:last])
        if differs.any():
            seen.add(name)
            row = first + int(np.flatnonzero(differs)[0])
            was, now = float(self.whole[name][row]), float(found[name][row])
            yield self._finding(
                check,
                feature,
                f"at bar {row} is {was!r} and {now!r} {what} ({int(differs.sum())} bars)",
            )

    def _finding(self, check: str, feature: registry.Feature, detail: str) -> Finding:
        return Finding(check, self.module.name, feature.name, self.bars.symbol, detail)


def differing_bits(a: Floats, b: Floats) -> NDArray[np.bool_]:
    """Return where two arrays differ in any bit; NaN equals NaN, -0.0 is not 0.0."""
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    differs: NDArray[np.bool_] = a.view(np.int64) != b.view(np.int64)
    return differs & ~(np.isnan(a) & np.isnan(b))


def _largest(whole: Sequence[Mapping[str, Floats]]) -> dict[str, float]:
    """Return each column's largest finite absolute value in any symbol, 0 where it has none."""
    out: dict[str, float] = {}
    for columns in whole:
        for name, values in columns.items():
            finite = np.abs(values[np.isfinite(values)])
            out[name] = max(out.get(name, 0.0), float(finite.max()) if finite.size else 0.0)
    return out
