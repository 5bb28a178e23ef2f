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
        ln(close / lag(close) over symbol_sessions) as close_return
    from {{ ref('int_bars__panel') }}
    window symbol_sessions as (partition by symbol order by session_date)

),

horizons as (

    {% for horizon in var('target_horizons') -%}
    {{ target_horizon('panel', horizon) }}
    {% if not loop.last -%} union all {%- endif %}
    {% endfor -%}

)

select
    symbol,
    session_date,
    horizon,
    exit_session,
    known_at,
    if(is_whole, ln(exit_close / adj_open), null) as forward_return,
    if(
        is_whole,
        sqrt(252.0 / horizon * list_sum(list_transform(returns, lambda r: r * r))),
        null
    ) as realised_vol,
    if(has_ranges, ln(highest / adj_open), null) as max_gain,
    if(has_ranges, ln(lowest / adj_open), null) as max_loss
from horizons
where has_ended
