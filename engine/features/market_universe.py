"""Which symbols the market-wide features read, and in which part: two small seeds, no code.

`seeds/universe.csv` has the members and their roles, `seeds/cross_asset_pairs.csv` who is measured
against whom. The registry expands column names from them, so another universe is an edit of the
seeds and `make registry`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from engine.errors import BuildError
from engine.settings import project_root

MEMBERS_SEED = "seeds/universe.csv"
PAIRS_SEED = "seeds/cross_asset_pairs.csv"

BENCHMARK = "benchmark"
KINDS = (
    "ratio",
    "correlation",
    "residual_correlation",
    "risk_appetite",
    "credit",
    "stock_bond",
    "gold_oil",
    "volatility",
    "cyclical_growth",
    "style",
)


def token(symbol: str) -> str:
    """Return a symbol as it stands in column names."""
    return re.sub(r"[^a-z0-9]+", "_", symbol.lower())


@dataclass(frozen=True)
class Member:
    """One traded symbol of the universe.

    Parameters
    ----------
    symbol
        The symbol.
    asset_class
        equity, bond, commodity or volatility.
    role
        Its part, e.g. benchmark, style, sector, region, bonds.
    """

    symbol: str
    asset_class: str
    role: str


@dataclass(frozen=True)
class Pair:
    """One symbol measured against another.

    Parameters
    ----------
    kind
        What for; one of `KINDS`.
    name
        What stands for the pair in column names.
    symbol, against
        The two.
    given
        A third, whose part in `against` is taken out first; empty for none.
    """

    kind: str
    name: str
    symbol: str
    against: str
    given: str = ""

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that the pair reads."""
        return tuple(symbol for symbol in (self.symbol, self.against, self.given) if symbol)


@dataclass(frozen=True)
class Universe:
    """Members and pairs, in the order of the seeds."""

    members: tuple[Member, ...]
    pairs: tuple[Pair, ...]

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every member."""
        return tuple(member.symbol for member in self.members)

    @property
    def benchmark(self) -> str:
        """The member that the others are measured against."""
        return self.with_role(BENCHMARK)[0]

    @property
    def others(self) -> tuple[str, ...]:
        """Every member but the benchmark."""
        return tuple(symbol for symbol in self.symbols if symbol != self.benchmark)

    def with_role(self, *roles: str) -> tuple[str, ...]:
        """Return the members with one of these roles, by role."""
        return tuple(m.symbol for role in roles for m in self.members if m.role == role)

    def of_class(self, asset_class: str) -> tuple[str, ...]:
        """Return the members of an asset class."""
        return tuple(m.symbol for m in self.members if m.asset_class == asset_class)

    def of_kind(self, kind: str) -> tuple[Pair, ...]:
        """Return the pairs of a kind."""
        return tuple(pair for pair in self.pairs if pair.kind == kind)


def read(root: Path | None = None) -> Universe:
    """Return the universe of the seeds below `root`, by default this checkout's.

    Raises
    ------
    BuildError
        When there is not exactly one benchmark, or a pair names what the universe has not.
    """
    root = root or project_root()
    members = tuple(
        Member(row["symbol"], row["asset_class"], row["role"])
        for row in _rows(root / MEMBERS_SEED)
        if row["is_index"] != "true"
    )
    pairs = tuple(_pair(row) for row in _rows(root / PAIRS_SEED))
    return _checked(Universe(members, pairs))


@lru_cache(maxsize=1)
def universe() -> Universe:
    """Return this checkout's universe."""
    return read()


def seeds() -> tuple[Path, ...]:
    """Return the files that the market-wide features depend on."""
    root = project_root()
    return (root / MEMBERS_SEED, root / PAIRS_SEED)


def _rows(path: Path) -> Iterable[Mapping[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _pair(row: Mapping[str, str]) -> Pair:
    name = row["name"] or f"{token(row['symbol'])}_{token(row['against'])}"
    return Pair(row["kind"], name, row["symbol"], row["against"], row["given"] or "")


def _checked(found: Universe) -> Universe:
    benchmarks = found.with_role(BENCHMARK)
    if len(benchmarks) != 1:
        raise BuildError(
            f"The universe has {len(benchmarks)} members with the role {BENCHMARK}.",
            f"Give exactly one traded symbol that role in {MEMBERS_SEED}.",
        )
    known = set(found.symbols)
    for pair in found.pairs:
        absent = [symbol for symbol in pair.symbols if symbol not in known]
        if absent:
            raise BuildError(
                f"The {pair.kind} pair {pair.name} names {absent[0]}, which is no member.",
                f"Add it to {MEMBERS_SEED} or take the pair out of {PAIRS_SEED}.",
            )
        if pair.kind not in KINDS:
            raise BuildError(
                f"The pair {pair.name} is of the unknown kind {pair.kind}.",
                f"Kinds in {PAIRS_SEED} are {', '.join(KINDS)}.",
            )
    return found
