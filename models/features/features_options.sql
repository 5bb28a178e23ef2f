-- The one lag: the row of session t takes every options module's row of the session before. An
-- underlying has a row for every session after its first chain, the one after its last included.
{% set modules = feature_modules('options') -%}
with

sessions as (

    select
        panel.symbol,
        panel.session_date as last_session,
        panel.known_at,
        sessions.next_session as session_date
    from {{ ref('int_options__panel') }} as panel
    inner join {{ ref('dim_sessions') }} as sessions using (session_date)
    where panel.session_date >= panel.first_chain

)

select
    sessions.symbol,
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
    on
        sessions.symbol = {{ module.name }}.symbol
        and sessions.last_session = {{ module.name }}.session_date
{% endfor -%}
