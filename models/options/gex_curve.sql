{{ config(
    materialized='view',
    meta={'publish': 'parts', 'stamps_from': 'int_options__exposures'},
) }}
-- Net gamma exposure where the underlying might go, every contract's gamma computed again there.
with

places as (

    select
        underlying,
        session_date,
        known_at,
        spot,
        unnest(range(len(curve))) as place,
        unnest(curve) as gex_net,
        sign_convention
    from {{ ref('int_options__exposures') }}

)

select
    -- ids
    underlying,
    session_date,
    ((place - 20) / 100)::decimal(4, 2) as log_move,
    -- time
    known_at,
    -- dollars
    spot * exp((place - 20) * 0.01) as spot_at,
    gex_net,
    sign_convention
from places
where gex_net is not null
