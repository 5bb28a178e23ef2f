"""Near duplicates are judged by rank, within each symbol, over the rows that two columns share."""

from __future__ import annotations

import duckdb
import numpy as np
from scipy import stats

from engine.features.registry import Family, expand
from engine.validation.column_audit import audit_table, effective_rank, near_duplicates


def columns(seed: int, count: int = 400) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    a, noise = rng.normal(size=count), rng.normal(size=count)
    close = a + 0.03 * noise
    gaps = np.where(rng.random(count) < 0.3, np.nan, a**3)
    ties = np.round(a, 1)
    return {"a": a, "close": close, "gaps": gaps, "ties": ties, "other": noise}


def test_correlations_agree_with_scipy_over_shared_rows():
    found = near_duplicates([columns(1)], threshold=0.9)
    expected = {}
    names = list(columns(1))
    for i, x in enumerate(names):
        for y in names[i + 1 :]:
            rho = stats.spearmanr(columns(1)[x], columns(1)[y], nan_policy="omit").statistic
            if abs(rho) > 0.9:
                expected[x, y] = rho
    assert found.keys() == expected.keys()
    assert len(found) >= 5
    for pair, rho in expected.items():
        assert abs(found[pair] - rho) < 1e-12


def test_two_columns_must_be_alike_in_every_symbol():
    first, second = columns(1), columns(2)
    second["close"] = second["other"]
    found = near_duplicates([first, second], threshold=0.95)
    assert ("a", "close") not in found
    assert ("a", "gaps") in found


def test_a_constant_column_is_no_ones_duplicate():
    both = {"a": np.arange(300.0), "b": np.ones(300)}
    assert near_duplicates([both]) == {}


def test_columns_that_share_few_rows_are_not_compared():
    a = np.arange(300.0)
    b = np.where(np.arange(300) < 50, a, np.nan)
    assert near_duplicates([{"a": a, "b": b}]) == {}


def test_a_built_table_is_checked_against_the_registry():
    def family(name: str) -> Family:
        return Family(name, "", "", "", (), "sql", "", lambda w: 1)

    names = ("good", "twin", "empty", "infinite", "absent")
    features = tuple(expand("trial", "daily", tuple(map(family, names))))
    with duckdb.connect() as connection:
        connection.execute(
            "create table wide as select 'SPY' as symbol, hash(i) % 1000 as good, "
            "2 * good as twin, null::double as empty, "
            "if(i = 7, 'inf'::double, (hash(i + 1000) % 997)::double) as infinite "
            "from range(300) as r(i)"
        )
        findings = audit_table(connection, "wide", features)
    assert {(f.check, f.column) for f in findings} == {
        ("empty", "absent"),
        ("empty", "empty"),
        ("blow_up", "infinite"),
        ("near_duplicate", "good"),
    }


def test_the_effective_rank_of_copies_is_one_and_of_strangers_their_number():
    rng = np.random.default_rng(3)
    a = rng.normal(size=20_000)
    rank, counted = effective_rank({"a": a, "b": -a, "c": a**3, "flat": np.ones(20_000)})
    assert counted == 3
    assert abs(rank - 1.0) < 1e-9
    strangers = {str(k): rng.normal(size=20_000) for k in range(5)}
    assert abs(effective_rank(strangers)[0] - 5.0) < 0.01


def test_the_effective_rank_leaves_out_what_is_mostly_unknown():
    rng = np.random.default_rng(4)
    columns = {str(k): rng.normal(size=1000) for k in range(3)}
    columns["rare"] = np.where(np.arange(1000) < 600, np.nan, 1.0)
    columns["0"][:50] = np.nan
    assert effective_rank(columns)[1] == 3
