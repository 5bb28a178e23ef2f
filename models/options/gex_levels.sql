{{ config(materialized='view', meta={'publish': 'table'}) }}
-- The exposure of a chain in a few numbers, and which of its contracts they are of.
select
    -- ids
    underlying,
    session_date,
    -- time
    known_at,
    -- dollars
    spot,
    net as net_gex,
    calls + puts as gross_gex,
    flip as gamma_flip,
    call_wall,
    put_wall,
    pin_strike,
    -- contracts
    coalesce(contracts, 0)::integer as contracts,
    left_out,
    left_out_unobserved,
    left_out_no_open_interest,
    left_out_expired,
    left_out_no_underlying,
    left_out_no_volatility,
    left_out_known_too_late,
    sign_convention,
    case
        when net is not null and flip is not null then null
        when net is not null then 'no_flip'
        -- what is nearest to the exposure that it lacks
        when left_out_known_too_late > 0 then 'known_too_late'
        when left_out_no_volatility > 0 then 'no_volatility'
        when left_out_no_underlying > 0 then 'no_underlying'
        when left_out_no_open_interest > 0 then 'no_open_interest'
        when left_out_expired > 0 then 'expired'
        else 'unobserved'
    end as reason
from {{ ref('int_options__exposures') }}
