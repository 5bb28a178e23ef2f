{#-
    Each session's New York day and its 04:00-20:00 as instants: rows are compared with these
    instead of converting every row's time to the zone.
-#}
{% macro session_bounds() -%}
    select
        session_date,
        timezone('America/New_York', session_date::timestamp) as day_starts_at,
        timezone('America/New_York', (session_date + 1)::timestamp) as day_ends_at,
        timezone('America/New_York', session_date + time '04:00:00') as trading_starts_at,
        timezone('America/New_York', session_date + time '20:00:00') as trading_ends_at
    from {{ ref('dim_sessions') }}
{%- endmacro %}
