{{ config(
    materialized='lake_incremental',
    dataset='options',
    stamps_from='option_forwards',
    uses_kernels=true,
) }}
-- Every contract that a session's files show, with the volatility and Greeks that its own price
-- implies, or the reason why it implies none.
with

forwards as (

    select
        session_date,
        root,
        expiration,
        exercise_style,
        known_at as as_of,
        settles_at,
        spot,
        rate,
        forward,
        reason
    from {{ ref('option_forwards') }}
    where {{ lake_batch_dates() }}

),

placed as not materialized (

    select
        chains.*,
        forwards.exercise_style,
        forwards.rate,
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
        solve_european(
            option_type,
            price,
            spot,
            strike::double,
            t,
            rate,
            rate - ln(forward / spot) / t
        ) as solution
    from placed

)

select
    -- ids
    session_date,
    underlying,
    {{ contract_key() }},
    -- time
    priced_at as known_at,
    t,
    -- the price
    bid,
    ask,
    quote_check,
    price,
    price_source,
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
        when solution.reason is null and quote_check = 'wide' and price_source = 'quote_mid'
            then 'wide'
        when forward_reason is not null then forward_reason
        when price_source is not null or t <= 0 then solution.reason
        when quote_check != 'no_quote' then quote_check
        when volume = 0 then 'zero_volume'
        else 'no_price'
    end as reason
from solved
