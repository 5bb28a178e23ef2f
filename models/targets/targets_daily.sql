{{ config(meta={'publish': 'table'}) }}
-- What came after: entered at the open of session t, left at the close of the horizon's last
-- session. Never joined into a feature table.
with

panel as (

    select
        symbol,
        session_date,
        known_at,
        open as adj_open,
        high as adj_high,
        low as adj_low,
        close as adj_close,
        ln(adj_close / lag(adj_close) over symbol_sessions) as close_return,
        ln(adj_close / adj_open) as first_return
    from {{ ref('int_bars__panel') }}
    window symbol_sessions as (partition by symbol order by session_date)

),

{% for horizon in var('target_horizons') -%}
horizon_{{ horizon }} as (

    select
        symbol,
        session_date,
        {{ horizon }} as horizon,
        max(known_at) over horizon_sessions as known_at,
        last_value(session_date) over horizon_sessions as exit_session,
        count(adj_close) over horizon_sessions as count_bars,
        count(*) over horizon_sessions as count_sessions,
        adj_open,
        last_value(adj_close) over horizon_sessions as exit_close,
        max(adj_high) over horizon_sessions as highest,
        min(adj_low) over horizon_sessions as lowest,
        first_return,
        {% if horizon > 1 -%}
        list(close_return) over (
            partition by symbol order by session_date
            rows between 1 following and {{ horizon - 1 }} following
        ) as later_returns
        {%- else -%}
        []::double[] as later_returns
        {%- endif %}
    from panel
    window horizon_sessions as (
        partition by symbol order by session_date
        rows between current row and {{ horizon - 1 }} following
    )

),

{% endfor -%}

horizons as (

    {% for horizon in var('target_horizons') -%}
    select * from horizon_{{ horizon }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select
    symbol,
    session_date,
    horizon,
    exit_session,
    known_at,
    if(count_bars = horizon, ln(exit_close / adj_open), null) as forward_return,
    if(
        count_bars = horizon,
        sqrt(
            252.0 / horizon
            * list_sum(list_transform([first_return] || later_returns, lambda r: r * r))
        ),
        null
    ) as realised_vol,
    if(count_bars = horizon, ln(highest / adj_open), null) as max_gain,
    if(count_bars = horizon, ln(lowest / adj_open), null) as max_loss
from horizons
where count_sessions = horizon
