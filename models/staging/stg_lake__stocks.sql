{{ config(
    materialized='view',
    meta={'publish': 'parts', 'stamps_from': 'stg_lake__stock_rejects'},
) }}
-- depends_on: {{ ref('stg_lake__files') }}
-- Stock rows of the universe that are used. A view over the day files: nothing is copied.
with

source as (

    select
        try_cast(parse_filename(filename, true) as date) as session_date,
        file_row_number + 1 as file_row,
        *
    from {{ lake_rows('stocks') }}

)

select
    -- ids
    source.symbol,
    source.source,
    source.price_basis,
    case
        when source.bar_seconds = {{ day_seconds() }} then 'day'
        when source.ts < sessions.open_at then 'pre'
        when source.ts < sessions.close_at then 'regular'
        else 'post'
    end as segment,
    -- times
    source.session_date,
    source.ts,
    source.known_at,
    source.bar_seconds,
    -- numerics
    source.open,
    source.high,
    source.low,
    source.close,
    source.volume,
    source.transactions,
    source.vwap
from source
inner join {{ ref('dim_sessions') }} as sessions using (session_date)
semi join {{ ref('dim_universe') }} as universe on source.symbol = universe.symbol
anti join {{ ref('stg_lake__stock_rejects') }} as rejects
    on source.session_date = rejects.session_date and source.file_row = rejects.file_row
