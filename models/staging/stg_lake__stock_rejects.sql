{{ config(
    materialized='lake_incremental',
    dataset='stocks',
    invalidate_on=['dim_universe'],
) }}
-- depends_on: {{ ref('stg_lake__files') }}
-- Stock rows of the universe that cannot be used, each with its reason.
with

sessions as (

    {{ session_bounds() }}

),

source as not materialized (

    select * from {{ source('lake', 'stocks') }}

),

renamed as not materialized (

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
    semi join {{ ref('dim_universe') }} using (symbol)

),

judged as not materialized (

    select
        renamed.session_date,
        renamed.file_row,
        renamed.symbol,
        renamed.source,
        renamed.bar_seconds,
        renamed.ts,
        hash(
            renamed.known_at,
            renamed.price_basis,
            renamed.open,
            renamed.high,
            renamed.low,
            renamed.close,
            renamed.volume,
            renamed.transactions,
            renamed.vwap
        ) as payload_hash,
        case
            when sessions.session_date is null then 'not_a_session'
            when
                renamed.ts is null
                or renamed.ts < sessions.day_starts_at
                or renamed.ts >= sessions.day_ends_at
                then 'wrong_date'
            when coalesce(renamed.bar_seconds not in (60, {{ day_seconds() }}), true)
                then 'unsupported_bar_length'
            when
                renamed.bar_seconds < {{ day_seconds() }}
                and (
                    renamed.ts < sessions.trading_starts_at
                    or renamed.ts >= sessions.trading_ends_at
                )
                then 'outside_hours'
            when
                renamed.known_at is null
                or renamed.known_at < if(
                    renamed.bar_seconds = {{ day_seconds() }},
                    sessions.close_at,
                    renamed.ts + interval 1 minute
                )
                then 'known_before_bar'
            when renamed.known_at >= sessions.next_open_at then 'known_too_late'
            when
                coalesce(
                    renamed.price_basis not in ('raw', 'split_adjusted', 'total_return'), true
                )
                then 'bad_price_basis'
            {{ price_reasons('renamed') }}
        end as reason
    from renamed
    left join sessions using (session_date)

),

{{ repeated_rows(
    every_row='renamed',
    judged='judged',
    key=['session_date', 'symbol', 'source', 'bar_seconds', 'ts'],
) }}

select
    session_date,
    file_row,
    symbol,
    source,
    bar_seconds,
    ts,
    reason
from judged
where reason is not null
union all
select
    session_date,
    file_row,
    symbol,
    source,
    bar_seconds,
    ts,
    reason
from repeated_rows
