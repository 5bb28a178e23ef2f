-- The one lag: the row of session t takes every module's row of the session before, and only the
-- calendar of t itself. A symbol has a row for every session after its first bar, the one that
-- comes after its last bar included.
{% set modules = feature_modules('daily') -%}
with

sessions as (

    select
        panel.symbol,
        panel.session_date as last_session,
        panel.known_at,
        sessions.next_session as session_date
    from {{ ref('int_bars__panel') }} as panel
    inner join {{ ref('dim_sessions') }} as sessions using (session_date)

)

select
    sessions.symbol,
    sessions.session_date,
    {% for module in modules -%}
    {{ feature_columns(module.name, relation=module.name) }},
    {% if module.calendar_model -%}
    {{ feature_columns(module.name, lag='none', relation=module.name ~ '_calendar') }},
    {% endif -%}
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
{% if module.calendar_model -%}
left join {{ ref(module.calendar_model) }} as {{ module.name }}_calendar
    on sessions.session_date = {{ module.name }}_calendar.session_date
{% endif -%}
{% endfor -%}
