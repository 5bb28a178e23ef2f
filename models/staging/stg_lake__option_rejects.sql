{{ config(
    materialized='lake_incremental',
    dataset='options',
    invalidate_on=['dim_universe', 'option_roots'],
) }}
-- depends_on: {{ ref('stg_lake__files') }}
-- Option rows of the universe that cannot be used, each with its reason. Quotes are not judged
-- here (crossed, wide, empty): the mark decides what a quote is worth.
with

sessions as (

    {{ session_bounds() }}

),

source as not materialized (

    select * from {{ source('lake', 'options') }}

),

renamed as not materialized (

    select
        try_cast(parse_filename(filename, true) as date) as session_date,
        file_row_number + 1 as file_row,
        symbol,
        root,
        underlying,
        expiration,
        strike,
        option_type,
        source,
        bar_seconds,
        ts,
        known_at,
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
    from source
    semi join {{ ref('dim_universe') }} as universe on source.underlying = universe.symbol

),

judged as not materialized (

    select
        renamed.session_date,
        renamed.file_row,
        renamed.symbol,
        renamed.root,
        renamed.underlying,
        renamed.expiration,
        renamed.strike,
        renamed.option_type,
        renamed.source,
        renamed.bar_seconds,
        renamed.ts,
        hash(
            renamed.known_at,
            renamed.open,
            renamed.high,
            renamed.low,
            renamed.close,
            renamed.volume,
            renamed.transactions,
            renamed.bid,
            renamed.ask,
            renamed.bid_size,
            renamed.ask_size,
            renamed.open_interest,
            renamed.vendor_iv,
            renamed.vendor_delta,
            renamed.underlying_price
        ) as payload_hash,
        case
            when sessions.session_date is null then 'not_a_session'
            when
                renamed.ts is null
                or renamed.ts < sessions.day_starts_at
                or renamed.ts >= sessions.day_ends_at
                then 'wrong_date'
            when right(renamed.root, 1) between '0' and '9' then 'adjusted_contract'
            when roots.root is null then 'unknown_root'
            when renamed.option_type not in ('C', 'P') or renamed.option_type is null
                then 'bad_option_type'
            when renamed.strike is null or renamed.strike <= 0 then 'bad_strike'
            when renamed.expiration is null or renamed.expiration < renamed.session_date
                then 'expired'
            when
                renamed.known_at is null
                or renamed.known_at < if(
                    renamed.bar_seconds = {{ day_seconds() }}, sessions.close_at, renamed.ts
                )
                then 'known_before_bar'
            when
                least(renamed.open, renamed.high, renamed.low, renamed.close) <= 0
                or least(renamed.bid, renamed.ask) < 0
                or not coalesce(isfinite(greatest(renamed.open, renamed.high, renamed.low)), true)
                or not coalesce(isfinite(greatest(renamed.close, renamed.bid, renamed.ask)), true)
                then 'non_positive_price'
            when
                renamed.high < greatest(renamed.open, renamed.close, renamed.low)
                or renamed.low > least(renamed.open, renamed.close)
                then 'bad_ohlc'
            when
                least(renamed.volume, renamed.transactions, renamed.open_interest) < 0
                or not coalesce(isfinite(greatest(renamed.volume, renamed.open_interest)), true)
                then 'negative_volume'
        end as reason
    from renamed
    left join {{ ref('option_roots') }} as roots
        on renamed.root = roots.root and renamed.underlying = roots.underlying
    left join sessions using (session_date)

),

{{ repeated_rows(
    every_row='renamed',
    judged='judged',
    key=[
        'session_date', 'root', 'expiration', 'strike', 'option_type', 'source', 'bar_seconds', 'ts',
    ],
) }}

select
    session_date,
    file_row,
    symbol,
    underlying,
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
    underlying,
    source,
    bar_seconds,
    ts,
    reason
from repeated_rows
