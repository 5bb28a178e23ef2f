"""Two builds are equal when every bit of every known row is."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import duckdb
import pytest

from engine.errors import AuditError
from engine.validation.compare_tables import (
    ROWS,
    TableResult,
    WideTable,
    compare_builds,
    public_tables,
)

INSTANT = dt.datetime(2024, 7, 2, 15, 0, tzinfo=dt.UTC)
TABLE = WideTable("wide", "main", ("symbol", "day"))
ROW = "('SPY', date '2024-07-01', timestamptz '2024-07-01 20:00:00+00', {x}::double, {k})"
SECOND = "('SPY', date '2024-07-02', timestamptz '2024-07-02 15:00:00+00', 2.0, 2)"
LATER = "('SPY', date '2024-07-03', timestamptz '2024-07-02 15:00:00.000001+00', {x}, 3)"


def build(path: Path, *rows: str, columns: str = "symbol, day, known_at, x, k") -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"create table wide as from (values {', '.join(rows)}) as t ({columns})")
    return path


def compare(tmp_path: Path, reference: tuple[str, ...], rebuilt: tuple[str, ...]) -> TableResult:
    (result,) = compare_builds(
        build(tmp_path / "reference.duckdb", *reference),
        build(tmp_path / "rebuilt.duckdb", *rebuilt),
        [TABLE],
        INSTANT,
    )
    return result


def first(x: str = "1.5", k: str = "1") -> str:
    return ROW.format(x=x, k=k)


def test_equal_rows_pass_and_rows_known_later_are_not_looked_at(tmp_path: Path) -> None:
    result = compare(
        tmp_path, (first(), SECOND, LATER.format(x=1.0)), (first(), SECOND, LATER.format(x=9.0))
    )
    assert result.passed
    assert (result.rows, result.missing, result.extra) == (2, 0, 0)
    assert {column.column: column.values for column in result.columns} == {
        "known_at": 2,
        "x": 2,
        "k": 2,
    }


@pytest.mark.parametrize(
    ("reference", "rebuilt"),
    [
        ("0.1", "0.1 + 1e-17 + 2e-17"),
        ("1.0", "null"),
        ("null", "0.0"),
        ("0.0", "'-0.0'"),
        ("'nan'", "0.0"),
        ("'inf'", "'-inf'"),
    ],
)
def test_any_other_value_differs_and_only_its_column_is_named(
    tmp_path: Path, reference: str, rebuilt: str
) -> None:
    if rebuilt.startswith("0.1 "):  # one unit in the last place
        rebuilt = "0.10000000000000002"
    result = compare(tmp_path, (first(reference), SECOND), (first(rebuilt), SECOND))
    assert [found.column for found in result.differences] == ["x"]
    assert {c.column: c.different for c in result.columns} == {"known_at": 0, "x": 1, "k": 0}
    assert dict(result.differences[0].key) == {"symbol": "SPY", "day": "2024-07-01"}


@pytest.mark.parametrize("value", ["null", "'nan'", "'inf'", "'-0.0'"])
def test_what_is_not_a_plain_number_equals_itself(tmp_path: Path, value: str) -> None:
    assert compare(tmp_path, (first(value),), (first(value),)).passed


def test_a_row_that_vanishes_or_appears_is_named_as_rows(tmp_path: Path) -> None:
    result = compare(tmp_path, (first(), SECOND), (first(),))
    assert (result.missing, result.extra) == (1, 0)
    assert [found.column for found in result.differences] == [ROWS]
    assert dict(result.differences[0].key)["day"] == "2024-07-02"
    assert (result.differences[0].reference, result.differences[0].rebuilt) == ("a row", "no row")


def test_a_row_too_much_is_found(tmp_path: Path) -> None:
    result = compare(tmp_path, (first(),), (first(), SECOND))
    assert (result.missing, result.extra) == (0, 1)
    assert not result.passed


def test_a_row_that_is_known_later_without_the_future_is_missing(tmp_path: Path) -> None:
    late = SECOND.replace("15:00:00+00", "15:00:01+00")
    result = compare(tmp_path, (first(), SECOND), (first(), late))
    assert (result.missing, result.extra) == (1, 0)


@pytest.mark.parametrize("repeats", ["reference", "rebuilt"])
def test_a_repeated_key_is_found_in_either_build(tmp_path: Path, repeats: str) -> None:
    once, twice = (first(), SECOND), (first(), SECOND, SECOND)
    result = compare(tmp_path, *((twice, once) if repeats == "reference" else (once, twice)))
    assert not result.passed
    assert (result.missing, result.extra) == ((1, 0) if repeats == "reference" else (0, 1))


def test_a_column_that_only_one_build_has_differs(tmp_path: Path) -> None:
    reference = build(tmp_path / "reference.duckdb", first())
    rebuilt = build(tmp_path / "rebuilt.duckdb", first(), columns="symbol, day, known_at, other, k")
    (result,) = compare_builds(reference, rebuilt, [TABLE], INSTANT)
    assert {found.column for found in result.differences} == {"x", "other"}


def test_a_value_in_a_list_is_compared_by_its_bits(tmp_path: Path) -> None:
    rows = [first().replace("1.5::double", f"[1.0, {x}::double]") for x in ("0.0", "'-0.0'")]
    result = compare(tmp_path, (rows[0],), (rows[1],))
    assert [found.column for found in result.differences] == ["x"]


def test_the_first_difference_is_the_first_by_time(tmp_path: Path) -> None:
    result = compare(
        tmp_path, (SECOND, first(k="1")), (SECOND.replace("2.0, 2", "2.0, 8"), first(k="7"))
    )
    (found,) = result.differences
    assert (found.reference, found.rebuilt) == ("1", "7")
    assert found.known_at.startswith("2024-07-01 20:00:00")


def test_a_table_without_known_at_is_passed_over(tmp_path: Path) -> None:
    columns = "symbol, day, seen_at, x, k"
    paths = [build(tmp_path / f"{name}.duckdb", first(), columns=columns) for name in "ab"]
    assert compare_builds(*paths, [TABLE], INSTANT) == ()


def test_a_table_without_a_grain_is_refused(tmp_path: Path) -> None:
    paths = [build(tmp_path / f"{name}.duckdb", first()) for name in "ab"]
    with pytest.raises(AuditError, match="declares no grain"):
        compare_builds(*paths, [WideTable("wide", "main", ())], INSTANT)


def test_a_table_that_a_build_lacks_is_named(tmp_path: Path) -> None:
    paths = [build(tmp_path / f"{name}.duckdb", first()) for name in "ab"]
    with pytest.raises(AuditError, match=r"no table main\.absent"):
        compare_builds(*paths, [WideTable("absent", "main", ("symbol",))], INSTANT)


def test_only_published_models_are_public(tmp_path: Path) -> None:
    def node(name: str, kind: str = "model", **meta: object) -> dict[str, object]:
        return {"name": name, "resource_type": kind, "schema": "main", "config": {"meta": meta}}

    content = {
        "nodes": {
            "1": node("wide", publish="table", grain=["symbol", "day"]),
            "2": node("private", grain=["symbol"]),
            "3": node("seeded", "seed", publish="table"),
            "4": node("a_part", publish="parts", grain=["symbol"]),
        }
    }
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    found = public_tables(tmp_path / "manifest.json")
    assert [table.name for table in found] == ["a_part", "wide"]
    assert found[1].grain == ("symbol", "day")


def test_a_missing_manifest_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="cannot be read"):
        public_tables(tmp_path / "manifest.json")
