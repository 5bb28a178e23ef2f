"""Models that look ahead, each in another way, beside honest twins of each.

They are added to a copy of the project, never to the project.
"""

from __future__ import annotations

import shutil
from pathlib import Path

PARTS = ("models", "macros", "python_models", "seeds", "tests/generic")
FILES = ("dbt_project.yml", "profiles.yml")

# Row t of each is as of the close of session t.
LEAKS_DAILY = """
{{ config(schema='main', meta={'publish': 'table', 'grain': ['symbol', 'session_date']}) }}
with

vix as (

    select
        session_date,
        known_at,
        close
    from {{ ref('stg_lake__index_levels') }}
    where index_symbol = 'VIX' and source = 'sim'

)

select
    bars.symbol,
    bars.session_date,
    bars.known_at,
    lag(bars.close) over sessions as yesterdays_close,
    lead(bars.close) over sessions as tomorrows_close,
    (
        select arg_min(dividends.amount, dividends.ex_date)
        from {{ ref('stg_lake__dividends') }} as dividends
        where
            dividends.symbol = bars.symbol
            and dividends.ex_date > bars.session_date
            and dividends.known_at <= bars.known_at
    ) as declared_dividend,
    (
        select arg_min(dividends.amount, dividends.ex_date)
        from {{ ref('stg_lake__dividends') }} as dividends
        where dividends.symbol = bars.symbol and dividends.ex_date > bars.session_date
    ) as undeclared_dividend,
    (
        select arg_max(vix.close, vix.session_date) from vix where vix.known_at <= bars.known_at
    ) as known_vix,
    (
        select any_value(vix.close) from vix where vix.session_date = bars.session_date
    ) as unknown_vix
from {{ ref('bars_1d') }} as bars
window sessions as (partition by bars.symbol order by bars.session_date)
"""

LEAKS_INTRADAY = """
{{ config(schema='main', meta={'publish': 'table', 'grain': ['symbol', 'open_ts']}) }}
select
    bars.symbol,
    bars.open_ts,
    bars.known_at,
    finished.close as finished_hour,
    running.close as unfinished_hour
from {{ ref('bars_5min') }} as bars
asof left join {{ ref('bars_1h') }} as finished
    on bars.symbol = finished.symbol and bars.known_at >= finished.known_at
asof left join {{ ref('bars_1h') }} as running
    on bars.symbol = running.symbol and bars.open_ts >= running.open_ts
"""

MODELS = {"leaks_daily": LEAKS_DAILY, "leaks_intraday": LEAKS_INTRADAY}


def leaking_project(project: Path, target: Path) -> Path:
    """Copy the project to `target` and add the models."""
    for part in PARTS:
        shutil.copytree(project / part, target / part)
    for name in FILES:
        shutil.copy2(project / name, target / name)
    folder = target / "models" / "leaks"
    folder.mkdir()
    for name, sql in MODELS.items():
        (folder / f"{name}.sql").write_text(sql.lstrip())
    return target
