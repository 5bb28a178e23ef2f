{{ config(
    materialized='lake_incremental',
    dataset='options',
    stamps_from='option_forwards',
    uses_kernels=true,
) }}
-- depends_on: {{ ref('int_options__quotes') }}, {{ ref('int_options__trades') }}
-- depends_on: {{ ref('option_roots') }}
-- Every contract that a session's files show, with the volatility and Greeks that its own price
-- implies, or the reason why it implies none.
with

forwards as (

    select
        forwards.session_date,
        sessions.session_index,
        forwards.root,
        forwards.expiration,
        forwards.exercise_style,
        forwards.known_at as as_of,
        forwards.settles_at,
        forwards.spot,
        forwards.rate,
        forwards.forward,
        forwards.dividends,
        forwards.dividend_times,
        forwards.dividend_amounts,
        forwards.reason
    from {{ ref('option_forwards') }} as forwards
    inner join {{ ref('dim_sessions') }} as sessions using (session_date)
    where forwards.{{ lake_batch_dates() }}

),

placed as not materialized (

    select
        chains.*,
        forwards.session_index,
        forwards.exercise_style,
        forwards.rate,
        forwards.dividends,
        forwards.dividend_times,
        forwards.dividend_amounts,
        forwards.reason as forward_reason,
        coalesce(chains.underlying_price, forwards.spot) as spot,
        -- the expiry's carry, from the share price of this row
        forwards.forward * coalesce(chains.underlying_price / forwards.spot, 1.0) as forward,
        greatest(
            epoch(forwards.settles_at) - epoch(coalesce(chains.known_at, forwards.as_of)), 0
        ) / {{ year_seconds() }} as t,
        coalesce(chains.known_at, forwards.as_of) as priced_at
    from {{ ref('int_options__snapshot') }} as chains
    inner join forwards using (session_date, root, expiration)
    where chains.{{ lake_batch_dates() }}

),

solved as not materialized (

    select
        *,
        {{ by_exercise('solve', [
            'option_type', 'price', 'spot', 'strike::double', 't', 'rate'
        ]) }} as solution
    from placed

)

select
    -- ids
    session_date,
    session_index,
    underlying::{{ option_names('underlying') }} as underlying,
    root::{{ option_names('root') }} as root,
    expiration,
    strike,
    option_type::{{ option_types() }} as option_type,
    -- its own price is its mark
    coalesce(
        solution.iv is not null
        and price_source in ('quote_mid', 'trade_day')
        and quote_check != 'wide'
        and forward_reason is null,
        false
    ) as is_marked,
    -- time
    priced_at as known_at,
    t,
    -- the price
    bid,
    ask,
    quote_check,
    price,
    price_source::{{ price_sources() }} as price_source,
    volume,
    open_interest,
    vendor_iv,
    vendor_delta,
    -- the market
    spot,
    forward,
    rate,
    -- what the price implies
    solution.iv as iv,
    solution.delta as delta,
    solution.gamma as gamma,
    solution.vega as vega,
    solution.theta as theta,
    solution.rho as rho,
    solution.vanna as vanna,
    solution.volga as volga,
    solution.charm as charm,
    case
        when price_source = 'trade_day' and solution.reason is null then 'trade_time_unknown'
        when solution.reason is null and quote_check = 'wide' and price_source = 'quote_mid'
            then 'wide'
        when forward_reason is not null then forward_reason
        when price_source is not null or t <= 0 then solution.reason
        when quote_check != 'no_quote' then quote_check
        when volume = 0 then 'zero_volume'
        else 'no_price'
    end as reason
from solved
