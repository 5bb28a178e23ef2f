"""What bars inside a session are multiplied by, as known at the session's open."""

from engine.features.panel import opening_factors


def model(dbt, session):
    bars = dbt.ref("int_bars__5min")
    return opening_factors(
        bars.project("symbol, session_date, source, price_basis").distinct().to_arrow_table(),
        dbt.ref("int_bars__daily").to_arrow_table(),
        dbt.ref("int_bars__panel").to_arrow_table(),
        dbt.ref("dim_sessions").to_arrow_table(),
        dbt.ref("stg_lake__dividends").to_arrow_table(),
        dbt.ref("stg_lake__splits").to_arrow_table(),
    )
