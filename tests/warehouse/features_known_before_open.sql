-- Every row of the wide tables is known before its session opens; a row of no session, or of
-- unknown time, fails too.
with

features as (

    select
        symbol,
        session_date,
        known_at
    from {{ ref('features_daily') }}
    union all
    select
        '*' as symbol,
        session_date,
        known_at
    from {{ ref('features_cross_asset') }}

)

select
    features.symbol,
    features.session_date,
    features.known_at,
    sessions.open_at
from features
left join {{ ref('dim_sessions') }} as sessions using (session_date)
where
    sessions.open_at is null
    or features.known_at is null
    or features.known_at >= sessions.open_at
