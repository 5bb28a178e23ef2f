"""What the Cross-asset view asks: features of the market as symbols by sessions or by measures.

Which columns are one measure of different symbols is read from the catalog: a family is a name
without the symbols that its inputs mention.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from app import warehouse
from app.queries.catalog import Entry
from app.queries.prices import WINDOWS
from app.reduce import buckets

TABLE = "features_cross_asset"
MOST_CELLS = 3_900
MOST_PERIODS = 260
PAIR = " / "  # between the symbols of a pair
YEAR = 252  # sessions that a value is ranked among
_SYMBOL = re.compile(r"close of ([^,\s]+)(?:,|$)")
_RANGE = re.compile(r"\[(-?[\d.]+),\s*(-?[\d.]+)\]")


@dataclass(frozen=True)
class Family:
    """One measure of several symbols or pairs of them.

    Parameters
    ----------
    pattern
        The columns' name with `*` for the symbols.
    formula
        Of any of them, with A, B and C for the symbols.
    units
        Of the values.
    members
        Labels and columns: a symbol, or a pair.
    """

    pattern: str
    formula: str
    units: str
    members: tuple[tuple[str, str], ...]

    @property
    def of_pairs(self) -> bool:
        """Whether most members are pairs."""
        return 2 * sum(PAIR in label for label, _ in self.members) > len(self.members)

    @property
    def ends(self) -> tuple[float, float] | None:
        """Ends of the values where the units name them."""
        found = _RANGE.fullmatch(self.units)
        return (float(found[1]), float(found[2])) if found else None


def families(entries: Sequence[Entry], benchmark: str | None) -> list[Family]:
    """Return the families of the market's columns that have at least two members.

    Parameters
    ----------
    entries
        The catalog.
    benchmark
        Left out of a label when it stands first in all pairs that have it.
    """
    grouped: dict[str, list[tuple[tuple[str, ...], Entry]]] = {}
    for entry in entries:
        if entry["scope"] != "cross":
            continue
        named = {_token(one): one for one in _SYMBOL.findall(entry["inputs"] or "")}
        parts = entry["name"].split("_")
        symbols = tuple(named[part] for part in parts if part in named)
        if symbols:
            grouped.setdefault(_pattern(parts, named), []).append((symbols, entry))
    return [
        _family(pattern, members, benchmark)
        for pattern, members in grouped.items()
        if len(members) > 1
    ]


def _family(
    pattern: str, members: list[tuple[tuple[str, ...], Entry]], benchmark: str | None
) -> Family:
    pairs = [symbols for symbols, _ in members if len(symbols) > 1 and benchmark in symbols]
    is_first = bool(pairs) and all(symbols[0] == benchmark for symbols in pairs)
    first = members[0][1]
    return Family(
        pattern,
        _general(first["formula"], _SYMBOL.findall(first["inputs"])),
        first["units"],
        tuple(
            (PAIR.join(symbols[1:] if is_first and symbols in pairs else symbols), entry["name"])
            for symbols, entry in members
        ),
    )


def _token(symbol: str) -> str:
    return re.sub(r"[^a-z0-9]", "", symbol.lower())


def _pattern(parts: Sequence[str], named: dict[str, str]) -> str:
    """Return a name with one `*` for each run of symbols."""
    kept: list[str] = []
    for part in parts:
        if part not in named:
            kept.append(part)
        elif not kept or kept[-1] != "*":
            kept.append("*")
    return "_".join(kept)


def _general(formula: str, symbols: Sequence[str]) -> str:
    for symbol, letter in zip(dict.fromkeys(symbols), "ABCDEF", strict=False):
        formula = re.sub(rf"\b{re.escape(symbol)}\b", letter, formula)
    return formula


def benchmark() -> str | None:
    """Return the universe's benchmark."""
    if warehouse.missing("dim_universe"):
        return None
    rows = warehouse.records("select symbol from dim_universe where role = 'benchmark' order by 1")
    return rows[0]["symbol"] if rows else None


def over_time(family: Family, window: str) -> tuple[pa.Table, list[str], int]:
    """Return a family's values, reduced to the last of each period.

    Parameters
    ----------
    family
        What is drawn.
    window
        One of `app.queries.prices.WINDOWS`.

    Returns
    -------
    tuple
        period (its last session), label, amount where there is one; the periods in order; and
        the sessions of a period.
    """
    most = max(1, min(MOST_PERIODS, MOST_CELLS // len(family.members)))
    columns = [warehouse.quoted(column) for _, column in family.members]
    rows = warehouse.records(
        f"""
        with days as (
            select session_date, {", ".join(columns)}
            from {TABLE} order by session_date desc limit ?
        ),
        numbered as ({buckets("days", "session_date", most)})
        select
            strftime(max(session_date), '%Y-%m-%d') as period,
            count(*) as count_sessions,
            {", ".join(f"arg_max({column}, session_date) as {column}" for column in columns)}
        from numbered
        group by bucket
        order by bucket
        """,
        WINDOWS[window],
    )
    cells = [
        (row["period"], label, row[column])
        for row in rows
        for label, column in family.members
        if row[column] is not None
    ]
    table = pa.table(
        {
            "period": pa.array([cell[0] for cell in cells], pa.string()),
            "label": pa.array([cell[1] for cell in cells], pa.string()),
            "amount": pa.array([cell[2] for cell in cells], pa.float64()),
        }
    )
    longest = max((row["count_sessions"] for row in rows), default=0)
    return table, [row["period"] for row in rows], longest


def now(families: Sequence[Family]) -> tuple[str | None, list[dict[str, Any]]]:
    """Return the last value of each member, and its rank among the last year's.

    Parameters
    ----------
    families
        Whose members.

    Returns
    -------
    tuple
        The session, and for each column that has a value there: column, value, rank (share of
        the values of the last `YEAR` sessions that are below it, half of those that equal it).
    """
    columns = [column for family in families for _, column in family.members]
    last = warehouse.record(f"select max(session_date)::varchar as day from {TABLE}")["day"]
    if not columns or last is None:
        return last, []
    listed = ", ".join(warehouse.quoted(column) for column in columns)
    rows = warehouse.records(
        f"""
        with year as (
            select session_date, {listed} from {TABLE} order by session_date desc limit {YEAR}
        ),
        long as (unpivot year on {listed} into name feature value amount),
        newest as (select feature, amount from long where session_date = ?::date)
        select
            feature as column,
            any_value(newest.amount) as value,
            (count(*) filter (long.amount < newest.amount)
                + 0.5 * count(*) filter (long.amount = newest.amount)) / count(*) as rank
        from newest inner join long using (feature)
        group by 1
        """,
        last,
    )
    return last, rows
