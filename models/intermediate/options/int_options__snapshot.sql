{{ config(materialized='view') }}
-- One row per contract that a session's files show: its quote, its last trade, and the price
-- that follows from them. A usable quote comes first; then a trade whose minute is known; then a
-- day's last trade.
with

option_rows as not materialized (

    select
        staged.*,
        feeds.role,
        feeds.has_many_times,
        feeds.has_minutes,
        feeds.chosen_ts
    from {{ ref('stg_lake__options') }} as staged
    inner join {{ ref('int_options__feeds') }} as feeds
        on
            staged.session_date = feeds.session_date
            and staged.underlying = feeds.underlying
            and staged.source = feeds.source
            and staged.bar_seconds = feeds.bar_seconds

),

quotes as not materialized (

    select
        session_date,
        underlying,
        {{ contract_key() }},
        known_at,
        bid,
        ask,
        bid_size,
        ask_size,
        volume,
        open_interest,
        vendor_iv,
        vendor_delta,
        underlying_price
    from option_rows
    where role = 'quotes' and not has_many_times
    union all by name
    select
        session_date,
        underlying,
        {{ contract_key() }},
        max(known_at) as known_at,
        max_by(bid, ts) as bid,
        max_by(ask, ts) as ask,
        max_by(bid_size, ts) as bid_size,
        max_by(ask_size, ts) as ask_size,
        max(volume) as volume,
        max(open_interest) as open_interest,
        max_by(vendor_iv, ts) as vendor_iv,
        max_by(vendor_delta, ts) as vendor_delta,
        max_by(underlying_price, ts) as underlying_price
    from option_rows
    where role = 'quotes' and has_many_times and ts <= chosen_ts
    group by session_date, underlying, {{ contract_key() }}

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

),

trades as not materialized (

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

),

joined as not materialized (

    select
        session_date,
        underlying,
        {{ contract_key() }},
        quotes.known_at as quote_known_at,
        quotes.bid,
        quotes.ask,
        quotes.bid_size,
        quotes.ask_size,
        trades.trade_known_at,
        trades.trade_price,
        coalesce(trades.has_trade_time, false) as has_trade_time,
        coalesce(quotes.volume, trades.volume) as volume,
        coalesce(quotes.open_interest, trades.open_interest) as open_interest,
        coalesce(quotes.vendor_iv, trades.vendor_iv) as vendor_iv,
        coalesce(quotes.vendor_delta, trades.vendor_delta) as vendor_delta,
        quotes.underlying_price as quote_spot,
        trades.underlying_price as trade_spot,
        case
            when quotes.known_at is null then 'no_quote'
            when quotes.bid > quotes.ask and quotes.ask > 0 then 'crossed'
            when not coalesce(quotes.ask > 0, false)
                then if(quotes.bid > 0, 'one_sided', 'no_quote')
            when not coalesce(quotes.bid > 0, false) then 'zero_bid'
            when quotes.bid = quotes.ask then 'locked'
            when
                quotes.ask - quotes.bid > greatest(
                    {{ var('option_wide_dollars') }},
                    {{ var('option_wide_share') }} * 0.5 * (quotes.bid + quotes.ask)
                )
                then 'wide'
            else 'good'
        end as quote_check
    from quotes
    full join trades using (session_date, underlying, {{ contract_key() }})

),

priced as not materialized (

    select
        *,
        case
            when quote_check in ('good', 'locked', 'wide') then 'quote_mid'
            when quote_check = 'zero_bid' then null
            when trade_price is null then null
            else if(has_trade_time, 'trade', 'trade_day')
        end as price_source
    from joined

)

select
    -- ids
    session_date,
    underlying,
    {{ contract_key() }},
    -- the quote
    bid,
    ask,
    bid_size,
    ask_size,
    quote_check,
    -- the price
    case price_source
        when 'quote_mid' then 0.5 * (bid + ask)
        when 'trade' then trade_price
        when 'trade_day' then trade_price
    end as price,
    price_source,
    case price_source
        when 'quote_mid' then quote_known_at
        when 'trade' then trade_known_at
        when 'trade_day' then trade_known_at
        else coalesce(quote_known_at, trade_known_at)
    end as known_at,
    if(price_source in ('trade', 'trade_day'), trade_spot, quote_spot) as underlying_price,
    -- activity
    volume,
    open_interest,
    vendor_iv,
    vendor_delta
from priced
