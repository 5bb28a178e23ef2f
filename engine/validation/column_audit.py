"""Audits of columns as they are: something is in each, and no two say the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import duckdb
import numpy as np
from numpy.typing import NDArray

from engine.features import registry
from engine.features.panel import Floats, floats

ALIKE = 0.999  # absolute rank correlation from which two columns are near duplicates
_FEWEST_SHARED = 100  # rows that two columns must share to be compared


@dataclass(frozen=True)
class Finding:
    """One column that failed one check.

    Parameters
    ----------
    check
        Name of the check; see the module's text.
    module, column
        Where.
    symbol
        In whose bars; empty for all.
    detail
        What was seen.
    other
        The other column, where two are concerned.
    """

    check: str
    module: str
    column: str
    symbol: str
    detail: str
    other: str = ""

    def __str__(self) -> str:
        """Return the finding as a line."""
        symbol = f" ({self.symbol})" if self.symbol else ""
        return f"{self.check}: {self.module}.{self.column}{symbol} {self.detail}"


def empty_columns(module: str, whole: Sequence[Mapping[str, Floats]]) -> list[Finding]:
    """Return the columns that have no value in any symbol."""
    names = dict.fromkeys(name for columns in whole for name in columns)
    return [
        Finding("empty", module, name, "", "has no value at all")
        for name in names
        if all(np.isnan(columns[name]).all() for columns in whole)
    ]


def near_duplicates(
    whole: Sequence[Mapping[str, Floats]], *, threshold: float = ALIKE
) -> dict[tuple[str, str], float]:
    """Return pairs of columns whose rank correlation is extreme in every symbol.

    Parameters
    ----------
    whole
        Columns by name, one mapping a symbol. Symbols are ranked apart: pooled, the differences
        between symbols would make columns look alike that move differently in each.
    threshold
        Absolute rank correlation above which a pair counts.

    Returns
    -------
    dict
        Pair of names, in the columns' order, to the correlation nearest to zero of any symbol.
    """
    if not whole:
        return {}
    names = list(whole[0])
    weakest = np.full((len(names), len(names)), np.inf)
    compared = np.zeros(weakest.shape, dtype=bool)
    for columns in whole:
        found = _rank_correlations(np.column_stack([columns[name] for name in names]), threshold)
        known = ~np.isnan(found)
        smaller = known & (np.abs(found) < np.abs(weakest))
        weakest[smaller] = found[smaller]
        compared |= known
    alike = np.triu(compared & (np.abs(weakest) > threshold), k=1)
    return {(names[a], names[b]): float(weakest[a, b]) for a, b in np.argwhere(alike).tolist()}


def effective_rank(columns: Mapping[str, Floats]) -> tuple[float, int]:
    """Return how many independent columns a table is worth, and how many were counted.

    The exponential of the entropy of the rank correlation matrix's eigenvalues, as shares (Roy
    and Vetterli 2007): k columns that know nothing of each other give k, k copies give 1.

    Parameters
    ----------
    columns
        Columns of one symbol. Constant columns, and those that are mostly unknown, do not count;
        of the rows those in which all the others are known.
    """
    matrix = np.column_stack(list(columns.values()))
    known = np.isfinite(matrix)
    matrix = matrix[:, known.mean(axis=0) > 0.5]
    matrix = matrix[np.isfinite(matrix).all(axis=1)]
    if len(matrix) < _FEWEST_SHARED:
        return float("nan"), 0
    matrix = matrix[:, np.ptp(matrix, axis=0) > 0.0]
    ranks = np.column_stack([_ranks(x, np.ones(len(x), dtype=bool)) for x in matrix.T])
    share = np.linalg.eigvalsh(np.corrcoef(ranks, rowvar=False))
    share = share[share > 0.0] / share[share > 0.0].sum()
    return float(np.exp(-(share * np.log(share)).sum())), matrix.shape[1]


def _rank_correlations(values: Floats, threshold: float) -> Floats:
    """Return Spearman's correlations over the rows that each pair shares.

    Ranks over a column's own rows give an approximation by matrix products; pairs near the
    threshold are then ranked over the rows they share.
    """
    known = np.isfinite(values)
    ranks = np.column_stack([_ranks(values[:, k], known[:, k]) for k in range(values.shape[1])])
    weights = known.astype(np.float64)
    shared = weights.T @ weights
    with np.errstate(invalid="ignore", divide="ignore"):
        sums = ranks.T @ weights
        squares = (ranks**2).T @ weights
        products = ranks.T @ ranks
        covariance = products - sums * sums.T / shared
        variance = squares - sums**2 / shared
        found: Floats = covariance / np.sqrt(variance * variance.T)
    found[shared < _FEWEST_SHARED] = np.nan
    close = np.triu(np.abs(found) > threshold - 0.02, k=1)
    for a, b in np.argwhere(close).tolist():
        both = known[:, a] & known[:, b]
        x, y = (_ranks(values[both, k], np.ones(both.sum(), dtype=bool)) for k in (a, b))
        # A column that is constant where both are known has no rank correlation.
        moves = np.ptp(x) > 0 and np.ptp(y) > 0
        found[a, b] = found[b, a] = np.corrcoef(x, y)[0, 1] if moves else np.nan
    return found


def _ranks(values: Floats, known: NDArray[np.bool_]) -> Floats:
    """Return mid-ranks from 0 to 1 of the known values, 0 elsewhere."""
    out = np.zeros(len(values))
    x = values[known]
    if x.size:
        _, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
        last = np.cumsum(counts)
        out[known] = ((last - 0.5 * (counts - 1))[inverse]) / x.size
    return out


def undeclared_duplicates(
    whole: Sequence[Mapping[str, Floats]], features: Sequence[registry.Feature]
) -> list[Finding]:
    """Return near duplicates that the registry does not declare.

    A family declares them by `twin_of` or `near_duplicates`: names of columns, with `{window}`
    for the column's own, or shell patterns. One side of a pair suffices.
    """
    by_name = {feature.name: feature for feature in features}
    return [
        Finding(
            "near_duplicate",
            by_name[a].module,
            a,
            "",
            f"has a rank correlation of {correlation:.5f} or beyond with {b}",
            other=b,
        )
        for (a, b), correlation in near_duplicates(whole).items()
        if a in by_name and b in by_name and not _declared(by_name[a], by_name[b])
    ]


def _declared(a: registry.Feature, b: registry.Feature) -> bool:
    return _names(a, b.name) or _names(b, a.name)


def _names(feature: registry.Feature, other: str) -> bool:
    return other == feature.family.twin_of or any(
        fnmatchcase(other, pattern) for pattern in feature.near_duplicates
    )


def audit_table(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    features: Sequence[registry.Feature],
    *,
    symbols: int = 3,
) -> list[Finding]:
    """Check a built feature table: a value in every column, none infinite, no near duplicates.

    Parameters
    ----------
    connection
        A build file or a published version.
    table
        Name of the table, with a `symbol` column and columns of `features`.
    features
        What the registry says of its columns.
    symbols
        Symbols, the first by name, between whose columns near duplicates are looked for.

    Returns
    -------
    list of Finding
        Also one a registered column that the table lacks.
    """
    known = {name for name, *_ in connection.execute(f"describe {table}").fetchall()}
    absent = [
        Finding("empty", feature.module, feature.name, "", f"is not in {table}")
        for feature in features
        if feature.name not in known
    ]
    features = [feature for feature in features if feature.name in known]
    counts = connection.execute(
        "select "
        + ", ".join(
            f'count("{f.name}"), count(*) filter (where isinf("{f.name}"::double))'
            for f in features
        )
        + f" from {table}"
    ).fetchone()
    assert counts is not None
    empty = [
        Finding("empty", feature.module, feature.name, "", "has no value at all")
        for place, feature in enumerate(features)
        if counts[2 * place] == 0
    ]
    infinite = [
        Finding("blow_up", f.module, f.name, "", f"is infinite in {counts[2 * place + 1]} rows")
        for place, f in enumerate(features)
        if counts[2 * place + 1]
    ]
    names = connection.execute(
        f"select distinct symbol from {table} order by symbol limit {int(symbols)}"
    ).fetchall()
    selected = ", ".join(f'"{feature.name}"' for feature in features)
    whole = []
    for (symbol,) in names:
        found = connection.sql(
            f"select {selected} from {table} where symbol = $symbol", params={"symbol": symbol}
        ).to_arrow_table()
        whole.append({name: floats(found[name]) for name in found.column_names})
    return [*absent, *empty, *infinite, *undeclared_duplicates(whole, features)]
