"""Every dividend and split, with the reason that keeps it from being applied to the bars."""

from engine.features.corporate_actions import judge_events


def model(dbt, session):
    return judge_events(
        dbt.ref("int_bars__daily").to_arrow_table(),
        dbt.ref("dim_sessions").to_arrow_table(),
        dbt.ref("stg_lake__dividends").to_arrow_table(),
        dbt.ref("stg_lake__splits").to_arrow_table(),
    )
