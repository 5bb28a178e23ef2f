{{ config(
    materialized='lake_incremental',
    dataset='stocks',
    stamps_from='int_bars__minutes',
) }}
-- Five-minute bars from minutes. Sums run over decimals, so that their order cannot matter.
with

placed as (

    select
        *,
        minute_index // 5 as bar_index
    from {{ ref('int_bars__minutes') }}

)

select
    symbol,
    session_date,
    bar_index,
    any_value(open_at) + to_minutes(5 * bar_index) as open_ts,
    greatest(
        least(any_value(open_at) + to_minutes(5 * (bar_index + 1)), any_value(close_at)),
        max(known_at)
    ) as known_at,
    arg_min(open, ts) as open,
    max(high) as high,
    min(low) as low,
    arg_max(close, ts) as close,
    sum(volume::decimal(18, 3))::double as volume,
    sum(transactions)::bigint as transactions,
    sum(
        (volume * if(vwap between low and high, vwap, close))::decimal(18, 4)
    )::double as dollar_volume,
    count(*)::integer as minutes,
    least(5, any_value(session_minutes) - 5 * bar_index)::integer as expected_minutes,
    min(price_basis) as price_basis,
    arg_min(source, (source_priority, source)) as source,
    min(source_priority) as source_priority
from placed
group by symbol, session_date, bar_index
-- prices of two bases make no bar: it counts as missing
having min(price_basis) = max(price_basis)
