"""What the Data quality page asks: rejects, coverage, reconciliation, tests."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from app import warehouse

MOST_CELLS = 3_600
MEASURES = {
    "Bars": ("avg((bar_source is not null)::integer)", True),
    "Minutes": ("avg(coverage)", True),
    "Option rows": ("avg(count_option_rows)", False),
}
_PERIODS = (("month", "%Y-%m"), ("quarter", "%Y-%m"), ("year", "%Y"))

REASONS = """
select
    rejects.reason,
    rejects.stage,
    rejects.dataset,
    count(*) as count_rows,
    min(rejects.session_date) as first_session,
    max(rejects.session_date) as last_session,
    any_value(codes.meaning) as meaning,
    any_value(codes.remedy) as remedy
from lake_rejects as rejects
left join reason_codes as codes on codes.code = rejects.reason
group by all
order by count_rows desc, reason, stage, dataset
limit 200
"""

EXAMPLES = """
select stage, dataset, source, session_date, file, file_row, entity, detail
from lake_rejects
where reason = ?
order by session_date desc nulls last, file, file_row
limit 200
"""

RECONCILED = """
select
    dataset,
    count(*) as count_files,
    sum(count_footer)::bigint as count_footer,
    sum(count_rows)::bigint as count_rows,
    sum(count_staged)::bigint as count_staged,
    sum(count_rejected)::bigint as count_rejected,
    sum(count_out_of_universe)::bigint as count_out_of_universe,
    sum(count_unexplained)::bigint as count_unexplained
from lake_reconciliation
group by 1
order by 1
"""

DAYS = """
select
    dataset,
    session_date,
    count_rows,
    count_staged,
    count_rejected,
    count_out_of_universe,
    count_unexplained
from lake_reconciliation
where dataset = ?
order by count_unexplained != 0 desc, count_rejected desc, session_date desc
limit 250
"""


def reconciled() -> list[dict[str, Any]]:
    """Return sums of the reconciliation by data set."""
    return warehouse.records(RECONCILED)


def by_period(dataset: str) -> list[dict[str, Any]]:
    """Return a data set's rows staged, rejected and out of the universe, by month or year."""
    months = warehouse.record(
        "select count(distinct date_trunc('month', session_date)) as n "
        "from lake_reconciliation where dataset = ?",
        dataset,
    )["n"]
    label = "%Y-%m" if months <= 72 else "%Y"
    return warehouse.records(
        f"""
        select
            strftime(session_date, '{label}') as period,
            sum(count_staged)::bigint as staged,
            sum(count_rejected)::bigint as rejected,
            sum(count_out_of_universe)::bigint as out_of_universe
        from lake_reconciliation
        where dataset = ?
        group by 1
        order by 1
        """,
        dataset,
    )


def coverage(measure: str) -> tuple[str, pa.Table]:
    """Return a measure of coverage by symbol and period, and the period's name.

    Periods are as short as keeps the heatmap's cells within `MOST_CELLS`.

    Parameters
    ----------
    measure
        One of `MEASURES`.

    Returns
    -------
    tuple
        "month", "quarter" or "year"; and rows of period, symbol, amount.
    """
    size = warehouse.record(
        """
        select
            count(distinct symbol) as symbols,
            count(distinct date_trunc('month', session_date)) as month,
            count(distinct date_trunc('quarter', session_date)) as quarter
        from lake_coverage
        """
    )
    period, label = next(
        (pair for pair in _PERIODS[:2] if size["symbols"] * size[pair[0]] <= MOST_CELLS),
        _PERIODS[2],
    )
    amount, _ = MEASURES[measure]
    rows = warehouse.table(
        f"""
        select
            strftime(date_trunc('{period}', session_date), '{label}') as period,
            symbol,
            round({amount}, 4) as amount
        from lake_coverage
        group by 1, 2
        order by 1, 2
        """
    )
    return period, rows


# states are positions in `app.charts.heat.DAY_STATES`
CALENDAR = """
select
    strftime(session_date, '%Y-%m-%d') as day,
    case
        when bar_source is null then 3
        when bar_source = 'day' then 2
        when coverage < 0.995 then 1
        else 0
    end as state,
    count_minutes as minutes,
    expected_minutes as expected,
    count_option_rows as option_rows
from lake_coverage
where symbol = ? and year(session_date) between ? and ?
order by 1
"""

YEARS = "select distinct year(session_date) as year from lake_coverage where symbol = ? order by 1"


def years(symbol: str) -> list[int]:
    """Return the years that a symbol's coverage touches."""
    return [row["year"] for row in warehouse.records(YEARS, symbol)]


def tests(facts: dict[str, Any]) -> pa.Table:
    """Return the published build's tests, those that warned first."""
    rows = [
        {
            "status": "warn" if test["status"] == "warn" else "pass",
            "test": test["name"],
            "kind": "unit test" if test["type"] == "unit_test" else "data test",
            "on": ", ".join(test.get("tests") or ()),
            "rows": test.get("failures"),
        }
        for test in facts.get("tests", [])
    ]
    rows.sort(key=lambda row: (row["status"] != "warn", row["on"], row["test"]))
    schema = pa.schema(
        [
            ("status", pa.string()),
            ("test", pa.string()),
            ("kind", pa.string()),
            ("on", pa.string()),
            ("rows", pa.int64()),
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema)


def tests_by_table(facts: dict[str, Any], most: int = 16) -> list[tuple[str, int]]:
    """Return how many tests guard each table, most guarded first."""
    count: dict[str, int] = {}
    for test in facts.get("tests", []):
        for name in (test.get("tests") or ["?"])[:1]:
            count[name] = count.get(name, 0) + 1
    return sorted(count.items(), key=lambda pair: (-pair[1], pair[0]))[:most]
