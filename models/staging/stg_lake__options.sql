{{ config(materialized='view') }}
select
    -- ids
    symbol,
    root,
    underlying,
    expiration,
    strike,
    option_type,
    exercise_style,
    settlement,
    source,
    -- times
    session_date,
    dte,
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
    bid,
    ask,
    bid_size,
    ask_size,
    open_interest,
    vendor_iv,
    vendor_delta,
    underlying_price
from {{ ref('stg_lake__option_rows') }}
where reject_reason is null
