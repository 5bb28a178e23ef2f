{{ config(
    materialized='lake_incremental',
    dataset='stocks',
    invalidate_on=['dim_universe'],
) }}
-- depends_on: {{ ref('stg_lake__files') }}
-- Every stock row of the universe with the reason that keeps it out, if one does.
with

source as (

    select * from {{ source('lake', 'stocks') }}

),

renamed as (

    select
        try_cast(parse_filename(filename, true) as date) as session_date,
        file_row_number + 1 as file_row,
        symbol,
        source,
        bar_seconds,
        ts,
        known_at,
        price_basis,
        open,
        high,
        low,
        close,
        volume,
        transactions,
        vwap
    from source

),

judged as (

    select
        renamed.*,
        case
            when renamed.bar_seconds = {{ day_seconds() }} then 'day'
            when renamed.ts < sessions.open_at then 'pre'
            when renamed.ts < sessions.close_at then 'regular'
            else 'post'
        end as segment,
        case
            when sessions.session_date is null then 'not_a_session'
            when timezone('America/New_York', renamed.ts)::date != renamed.session_date
                then 'wrong_date'
            when renamed.bar_seconds < {{ day_seconds() }}
                and timezone('America/New_York', renamed.ts)::time
                not between time '04:00:00' and time '19:59:59.999999' then 'outside_hours'
            when renamed.known_at is null or renamed.known_at < renamed.ts
                then 'known_before_bar'
            {{ price_reasons('renamed') }}
        end as reason
    from renamed
    inner join {{ ref('dim_universe') }} as universe using (symbol)
    left join {{ ref('dim_sessions') }} as sessions using (session_date)

),

{{ repeated_rows(
    'judged',
    key=['session_date', 'symbol', 'source', 'bar_seconds', 'ts'],
    payload=[
        'known_at', 'price_basis', 'open', 'high', 'low', 'close', 'volume', 'transactions', 'vwap',
    ],
) }}

select
    judged.session_date,
    judged.file_row,
    judged.symbol,
    judged.source,
    judged.bar_seconds,
    judged.ts,
    judged.known_at,
    judged.price_basis,
    judged.segment,
    judged.open,
    judged.high,
    judged.low,
    judged.close,
    judged.volume,
    judged.transactions,
    judged.vwap,
    coalesce(judged.reason, repeated_rows.reason) as reject_reason
from judged
left join repeated_rows using (session_date, file_row)
