{{ config(materialized='view') }}
-- One row per contract that a session's files show: its quote, its last trade, and the price
-- that follows from them. A usable quote comes first; then a trade whose minute is known; then a
-- day's last trade.
with

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
        coalesce(quotes.quote_check, 'no_quote') as quote_check
    from {{ ref('int_options__quotes') }} as quotes
    full join {{ ref('int_options__trades') }} as trades
        using (session_date, underlying, {{ contract_key() }})

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
