{{ config(
    materialized='view',
    meta={'publish': 'parts', 'stamps_from': 'int_options__exposures'},
) }}
-- Gamma exposure by strike, all expiries together. Over the strikes of a session, gex_net adds up
-- to net_gex of gex_levels.
with

strikes as (

    select
        underlying,
        session_date,
        unnest(struct_extract(strikes, 'strike')) as strike,
        known_at,
        spot,
        unnest(struct_extract(strikes, 'call_oi')) as call_oi,
        unnest(struct_extract(strikes, 'put_oi')) as put_oi,
        unnest(struct_extract(strikes, 'gex_call')) as gex_call,
        unnest(struct_extract(strikes, 'gex_put')) as gex_put,
        sign_convention
    from {{ ref('int_options__exposures') }}

)

select
    -- ids
    underlying,
    session_date,
    strike::decimal(9, 3) as strike,
    -- time
    known_at,
    -- the chain
    spot,
    call_oi,
    put_oi,
    -- dollars per 1% move
    gex_call,
    gex_put,
    gex_call + gex_put as gex_net,
    sign_convention
from strikes
