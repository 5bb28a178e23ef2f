{{ config(materialized='view') }}
-- The last trade of every contract by the moment that its chain is looked at: by the minute where
-- there are minutes, else of the day. A day without volume has no price.
with

option_rows as not materialized (

    select
        staged.*,
        feeds.role,
        feeds.has_minutes,
        feeds.chosen_ts
    from {{ ref('stg_lake__options') }} as staged
    inner join {{ ref('int_options__feeds') }} as feeds
        using (session_date, underlying, source, bar_seconds)
    where feeds.role in ('minutes', 'days')

),

last_trades as not materialized (

    select
        session_date,
        underlying,
        {{ contract_key() }},
        max(known_at) as trade_known_at,
        max_by(close, ts) as trade_price,
        sum(volume::decimal(18, 3))::double as volume,
        max(open_interest) as open_interest,
        max_by(vendor_iv, ts) as vendor_iv,
        max_by(vendor_delta, ts) as vendor_delta,
        max_by(underlying_price, ts) as underlying_price
    from option_rows
    where role = 'minutes' and known_at <= chosen_ts
    group by session_date, underlying, {{ contract_key() }}

),

-- the share price of each minute, where options traded by the minute
minute_spots as not materialized (

    select
        session_date,
        underlying,
        open_at + to_minutes(1 + minute_index::integer) as trade_known_at,
        minute_close
    from (
        select
            session_date,
            underlying,
            open_at,
            unnest(minute_indexes) as minute_index,
            unnest(minute_closes) as minute_close
        from {{ ref('int_options__market') }}
        where minute_indexes is not null
    )

),

minute_trades as not materialized (

    select
        last_trades.* replace (
            coalesce(last_trades.underlying_price, minute_spots.minute_close) as underlying_price
        )
    from last_trades
    left join minute_spots using (session_date, underlying, trade_known_at)

),

day_trades as not materialized (

    select
        session_date,
        underlying,
        {{ contract_key() }},
        known_at as trade_known_at,
        if(volume = 0, null, close) as trade_price,
        volume,
        open_interest,
        vendor_iv,
        vendor_delta,
        underlying_price,
        has_minutes
    from option_rows
    where role = 'days'

)

select
    * exclude (has_minutes),
    false as has_trade_time
from day_trades
where not has_minutes
union all by name
select
    *,
    true as has_trade_time
from minute_trades
union all by name
select
    day_trades.* exclude (has_minutes),
    false as has_trade_time
from day_trades
anti join minute_trades using (session_date, underlying, {{ contract_key() }})
where day_trades.has_minutes
