"""The page of every feature: what is committed, and how it is made."""

from __future__ import annotations

import re

import duckdb
import pytest

from engine.errors import QueryError
from engine.features import registry
from engine.settings import project_root
from engine.warehouse.feature_page import Sample, feature_page, read_page, render, sample

PAGE = project_root() / "docs" / "feature_catalog.md"
REMEDY = "`quant features page --out docs/feature_catalog.md` on a simulated lake"
SIMULATED = Sample(2, 504, "2024-01-02", "2025-12-31", ("sim",))


def row(name, **changes):
    return {
        "name": name,
        "module": "raw",
        "scope": "daily",
        "formula": "mean of |r|",
        "units": "log return",
        "source": "standard",
        "windows": "5",
        "lookback": 6,
        "engine": "kernel",
        "oracle": "pandas",
        "why": None,
        "null_share": 0.0119,
        "first_session": "2024-01-10",
        "cost_ns": 41.7,
        "audit_status": "passed",
        "audited_on": "2026-01-05",
    } | changes


def version(source):
    connection = duckdb.connect()
    connection.execute(
        "create table bars_1d as select 'SPY' as symbol, date '2024-01-02' as session_date, "
        "? as source",
        [source],
    )
    return connection


def test_the_committed_page_names_exactly_the_registered_columns_with_their_formulas():
    shown = read_page(PAGE.read_text(encoding="utf-8"))
    expected = {feature.name: feature.family.formula for feature in registry.columns()}
    assert sorted(shown.items() ^ expected.items()) == [], REMEDY


def test_the_committed_page_is_in_the_registrys_order_and_of_simulated_data():
    text = PAGE.read_text(encoding="utf-8")
    assert list(read_page(text)) == [feature.name for feature in registry.columns()], REMEDY
    (sources,) = re.findall(r"^Sample: .*source: (.*)\.$", text, flags=re.MULTILINE)
    assert all(re.match("sim(_|$)", source) for source in sources.split(", "))


def test_a_row_says_what_the_catalog_says_and_reads_back():
    text = render([row("raw_a"), row("raw_b", formula="a * b", cost_ns=None)], SIMULATED)
    line = (
        r"| `raw_a` | mean of \|r\| | log return | standard | 6 | 1.2% | 2024-01-10 | 42 | pandas "
        "| passed, 2026-01-05 |"
    )
    assert line in text.splitlines()
    assert read_page(text) == {"raw_a": "mean of |r|", "raw_b": "a * b"}
    assert "| [raw](#raw) | `features_daily` | 2 | 2 | 42 |" in text.splitlines()


def test_a_column_without_values_or_audit_says_so():
    (line,) = [
        line
        for line in render(
            [
                row("raw_a", first_session=None, null_share=1.0, cost_ns=None, audited_on=None)
                | {"audit_status": "not_audited"}
            ],
            SIMULATED,
        ).splitlines()
        if line.startswith("| `raw_a`")
    ]
    assert line.endswith("| 6 | 100.0% |  |  | pandas | not audited |")


def test_columns_that_share_a_reason_share_a_note():
    rows = [row(f"raw_{k}", why="Two passes.") for k in range(6)] + [row("raw_x", why="Else.")]
    notes = [line for line in render(rows, SIMULATED).splitlines() if line.startswith("- ")]
    assert notes == [
        "- `raw_0`, `raw_1`, `raw_2`, `raw_3` and 2 more: Two passes.",
        "- `raw_x`: Else.",
    ]


def test_a_vendors_data_is_not_shown_unless_asked_for():
    connection = version("alphavantage_daily")
    assert sample(connection).sources == ("alphavantage_daily",)
    with pytest.raises(QueryError, match="holds data of alphavantage_daily"):
        feature_page(connection)


def test_a_simulated_version_is_simulated():
    assert sample(version("sim")) == Sample(1, 1, "2024-01-02", "2024-01-02", ("sim",))
    assert not Sample(1, 1, "", "", ("simple_broker",)).is_simulated
