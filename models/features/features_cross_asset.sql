-- The one lag: the row of session t takes every market-wide module's row of the session before.
-- There is a row for the session that comes after the last one, too.
{% set modules = feature_modules('cross') -%}
with

sessions as (

    select
        market.session_date as last_session,
        max(market.known_at) as known_at,
        any_value(sessions.next_session) as session_date
    from {{ ref('int_market__panel') }} as market
    inner join {{ ref('dim_sessions') }} as sessions using (session_date)
    group by market.session_date

)

select
    sessions.session_date,
    {% for module in modules -%}
    {{ feature_columns(module.name, relation=module.name) }},
    {% endfor -%}
    greatest(
        sessions.known_at, {{ modules | map(attribute='name') | join('.known_at, ') }}.known_at
    ) as known_at
from sessions
{% for module in modules -%}
left join {{ ref(module.model) }} as {{ module.name }}
    on sessions.last_session = {{ module.name }}.session_date
{% endfor -%}
