{{ config(
    materialized='view',
    meta={'publish': 'parts', 'stamps_from': 'stg_lake__option_rejects'},
) }}
-- depends_on: {{ ref('stg_lake__files') }}
-- Option rows of the universe that are used. A view over the day files: nothing is copied.
with

source as (

    select
        try_cast(parse_filename(filename, true) as date) as session_date,
        file_row_number + 1 as file_row,
        *
    from {{ lake_rows('options') }}

)

select
    -- ids
    source.symbol,
    source.root,
    source.underlying,
    source.expiration,
    source.strike,
    source.option_type,
    roots.exercise_style,
    roots.settlement,
    source.source,
    -- times
    source.session_date,
    (source.expiration - source.session_date)::integer as dte,
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
    source.bid,
    source.ask,
    source.bid_size,
    source.ask_size,
    source.open_interest,
    source.vendor_iv,
    source.vendor_delta,
    source.underlying_price
from source
inner join {{ ref('option_roots') }} as roots
    on source.root = roots.root and source.underlying = roots.underlying
semi join {{ ref('dim_universe') }} as universe on source.underlying = universe.symbol
anti join {{ ref('stg_lake__option_rejects') }} as rejects
    on source.session_date = rejects.session_date and source.file_row = rejects.file_row
