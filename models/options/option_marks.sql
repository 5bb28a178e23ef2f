{{ config(
    materialized='view',
    meta={'publish': 'parts', 'stamps_from': 'int_options__filled'},
) }}
-- One price a contract and session, with its source: own prices as they were solved, the rest
-- as it was filled.
select
    -- ids
    session_date,
    underlying::varchar as underlying,
    root::varchar as root,
    expiration,
    strike,
    option_type::varchar as option_type,
    true as is_observed,
    -- the mark
    known_at,
    price as mark,
    price_source::varchar as mark_source,
    if(price_source = 'trade_day', null, 0.0) as mark_age,
    -- the market
    t,
    bid,
    ask,
    quote_check::varchar as quote_check,
    volume,
    open_interest,
    vendor_iv,
    vendor_delta,
    spot,
    forward,
    rate,
    -- volatility and Greeks
    iv,
    'own' as iv_source,
    delta,
    gamma,
    vega,
    theta,
    rho,
    vanna,
    volga,
    charm,
    reason
from {{ ref('int_options__solved') }}
where is_marked
union all by name
select * from {{ ref('int_options__filled') }}
