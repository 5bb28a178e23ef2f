-- Every row of the wide tables is known before its session opens; a row of no session, or of
-- unknown time, fails too.
with

features as (

    {% for scope in feature_scopes() -%}
    {{ 'union all' if not loop.first }}
    select
        {{ "'*' as symbol" if scope.of_market else 'symbol' }},
        session_date,
        known_at
    from {{ ref(scope.table) }}
    {% endfor %}

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
