{#-
    The sessions from t to the end of a horizon, from a panel without holes: whether the horizon
    has ended, whether every bar of it is there, and what happened in it.
-#}
{% macro target_horizon(panel, horizon) -%}
    select
        symbol,
        session_date,
        {{ horizon }} as horizon,
        last_value(session_date) over horizon_sessions as exit_session,
        max(known_at) over horizon_sessions as known_at,
        count(*) over horizon_sessions = {{ horizon }} as has_ended,
        count(adj_close) over horizon_sessions = {{ horizon }} as is_whole,
        count(adj_high) over horizon_sessions = {{ horizon }} as has_ranges,
        adj_open,
        last_value(adj_close) over horizon_sessions as exit_close,
        max(adj_high) over horizon_sessions as highest,
        min(adj_low) over horizon_sessions as lowest,
        [ln(adj_close / adj_open)]
        {%- if horizon > 1 %}
        || list(close_return) over (
            partition by symbol
            order by session_date
            rows between 1 following and {{ horizon - 1 }} following
        )
        {%- endif %} as returns
    from {{ panel }}
    window horizon_sessions as (
        partition by symbol
        order by session_date
        rows between current row and {{ horizon - 1 }} following
    )
{%- endmacro %}
