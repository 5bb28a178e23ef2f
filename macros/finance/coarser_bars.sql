{#- Bars of `minutes` minutes out of five-minute bars, counted from the session's open. -#}
{% macro coarser_bars(minutes) -%}
with

placed as (

    select
        bars.*,
        sessions.open_at,
        sessions.close_at,
        sessions.minutes as session_minutes,
        bars.bar_index // {{ minutes // 5 }} as coarse_index
    from {{ ref('int_bars__5min') }} as bars
    inner join {{ ref('dim_sessions') }} as sessions using (session_date)

)

select
    symbol,
    session_date,
    coarse_index as bar_index,
    any_value(open_at) + to_minutes({{ minutes }} * coarse_index) as open_ts,
    greatest(
        least(
            any_value(open_at) + to_minutes({{ minutes }} * (coarse_index + 1)),
            any_value(close_at)
        ),
        max(known_at)
    ) as known_at,
    arg_min(open, bar_index) as open,
    max(high) as high,
    min(low) as low,
    arg_max(close, bar_index) as close,
    sum(volume::decimal(18, 3))::double as volume,
    sum(transactions)::bigint as transactions,
    sum(dollar_volume::decimal(18, 4))::double as dollar_volume,
    sum(minutes)::integer as minutes,
    least({{ minutes }}, any_value(session_minutes) - {{ minutes }} * coarse_index)::integer
        as expected_minutes,
    min(price_basis) as price_basis,
    arg_min(source, (source_priority, source)) as source,
    min(source_priority) as source_priority
from placed
group by symbol, session_date, coarse_index
having min(price_basis) = max(price_basis)
{%- endmacro %}
