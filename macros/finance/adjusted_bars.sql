{#-
    A timeframe's bars with raw and forward-adjusted prices side by side. The factor is that of
    the bar's own session; it is known before that session opens.
-#}
{% macro adjusted_bars(relation) -%}
select
    -- ids
    bars.symbol,
    bars.session_date,
    bars.source,
    bars.price_basis,
    -- times
    bars.open_ts,
    bars.known_at,
    -- numerics
    bars.open,
    bars.high,
    bars.low,
    bars.close,
    bars.volume,
    bars.transactions,
    bars.dollar_volume / nullif(bars.volume, 0) as vwap,
    panel.factor as adj_factor,
    bars.open * panel.factor as adj_open,
    bars.high * panel.factor as adj_high,
    bars.low * panel.factor as adj_low,
    bars.close * panel.factor as adj_close,
    bars.minutes,
    bars.expected_minutes,
    bars.minutes / bars.expected_minutes as coverage
from {{ ref(relation) }} as bars
left join {{ ref('int_bars__panel') }} as panel using (symbol, session_date)
{%- endmacro %}
