"""Every symbol's day bars on the calendar, forward-adjusted."""

from engine.features.panel import build_panel


def model(dbt, session):
    return build_panel(
        dbt.ref("int_bars__daily").to_arrow_table(),
        dbt.ref("dim_sessions").to_arrow_table(),
        dbt.ref("stg_lake__dividends").to_arrow_table(),
        dbt.ref("stg_lake__splits").to_arrow_table(),
    )
