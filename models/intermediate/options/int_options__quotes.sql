{{ config(materialized='view') }}
-- The quote of every contract at the moment that its chain is looked at, and what it is worth.
with

quotes as not materialized (

    select
        staged.session_date,
        staged.underlying,
        {{ contract_key('staged') }},
        staged.known_at,
        staged.bid,
        staged.ask,
        staged.bid_size,
        staged.ask_size,
        staged.volume,
        staged.open_interest,
        staged.vendor_iv,
        staged.vendor_delta,
        staged.underlying_price,
        feeds.has_minutes
    from {{ ref('stg_lake__options') }} as staged
    inner join {{ ref('int_options__feeds') }} as feeds
        using (session_date, underlying, source, bar_seconds)
    where feeds.role = 'quotes' and not feeds.has_many_times
    union all by name
    select
        staged.session_date,
        staged.underlying,
        {{ contract_key('staged') }},
        max(staged.known_at) as known_at,
        max_by(staged.bid, staged.ts) as bid,
        max_by(staged.ask, staged.ts) as ask,
        max_by(staged.bid_size, staged.ts) as bid_size,
        max_by(staged.ask_size, staged.ts) as ask_size,
        max(staged.volume) as volume,
        max(staged.open_interest) as open_interest,
        max_by(staged.vendor_iv, staged.ts) as vendor_iv,
        max_by(staged.vendor_delta, staged.ts) as vendor_delta,
        max_by(staged.underlying_price, staged.ts) as underlying_price,
        bool_or(feeds.has_minutes) as has_minutes
    from {{ ref('stg_lake__options') }} as staged
    inner join {{ ref('int_options__feeds') }} as feeds
        using (session_date, underlying, source, bar_seconds)
    where feeds.role = 'quotes' and feeds.has_many_times and staged.ts <= feeds.chosen_ts
    group by staged.session_date, staged.underlying, {{ contract_key('staged') }}

)

select
    *,
    case
        when bid > ask and ask > 0 then 'crossed'
        when not coalesce(ask > 0, false) then if(bid > 0, 'one_sided', 'no_quote')
        when not coalesce(bid > 0, false) then 'zero_bid'
        when bid = ask then 'locked'
        when
            ask - bid > greatest(
                {{ var('option_wide_dollars') }},
                {{ var('option_wide_share') }} * 0.5 * (bid + ask)
            )
            then 'wide'
        else 'good'
    end::{{ quote_checks() }} as quote_check
from quotes
