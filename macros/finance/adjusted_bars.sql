{#-
    A timeframe's bars with raw and forward-adjusted prices side by side. The factor is the one
    known at the session's open. Not the panel's: its row of a session exists, and is of this
    source or that, by what the whole day turns out to be.
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
    factors.factor as adj_factor,
    bars.open * factors.factor as adj_open,
    bars.high * factors.factor as adj_high,
    bars.low * factors.factor as adj_low,
    bars.close * factors.factor as adj_close,
    bars.minutes,
    bars.expected_minutes,
    bars.minutes / bars.expected_minutes as coverage
from {{ ref(relation) }} as bars
left join {{ ref('int_bars__factors') }} as factors
    using (symbol, session_date, source, price_basis)
{%- endmacro %}
