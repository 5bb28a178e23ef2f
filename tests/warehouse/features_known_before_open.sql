-- Every row of features_daily is known before its session opens; a row of no session, or of
-- unknown time, fails too.
select
    features.symbol,
    features.session_date,
    features.known_at,
    sessions.open_at
from {{ ref('features_daily') }} as features
left join {{ ref('dim_sessions') }} as sessions using (session_date)
where
    sessions.open_at is null
    or features.known_at is null
    or features.known_at >= sessions.open_at
