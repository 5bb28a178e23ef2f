{{ config(materialized='view') }}
select
    -- ids
    symbol,
    source,
    price_basis,
    segment,
    -- times
    session_date,
    ts,
    known_at,
    bar_seconds,
    -- numerics
    open,
    high,
    low,
    close,
    volume,
    transactions,
    vwap
from {{ ref('stg_lake__stock_rows') }}
where reject_reason is null
