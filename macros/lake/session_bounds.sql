{#-
    Each session's New York day and its 04:00-20:00 as instants: rows are compared with these
    instead of converting every row's time to the zone. And its close, and the open after it.
-#}
{% macro session_bounds() -%}
    select
        sessions.session_date,
        sessions.close_at,
        following.open_at as next_open_at,
        timezone('America/New_York', sessions.session_date::timestamp) as day_starts_at,
        timezone('America/New_York', (sessions.session_date + 1)::timestamp) as day_ends_at,
        timezone('America/New_York', sessions.session_date + time '04:00:00') as trading_starts_at,
        timezone('America/New_York', sessions.session_date + time '20:00:00') as trading_ends_at
    from {{ ref('dim_sessions') }} as sessions
    left join {{ ref('dim_sessions') }} as following
        on sessions.next_session = following.session_date
{%- endmacro %}
