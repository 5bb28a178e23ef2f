{{ config(meta={'publish': 'table'}) }}
select
    -- ids
    panel.symbol,
    panel.session_date,
    panel.source,
    panel.price_basis,
    -- times
    sessions.open_at as open_ts,
    panel.known_at,
    -- numerics
    daily.open,
    daily.high,
    daily.low,
    daily.close,
    daily.volume,
    daily.transactions,
    daily.vwap,
    panel.factor as adj_factor,
    panel.open as adj_open,
    panel.high as adj_high,
    panel.low as adj_low,
    panel.close as adj_close,
    coalesce(bars.minutes, 0) as minutes,
    sessions.minutes as expected_minutes,
    panel.coverage,
    panel.bar_source
from {{ ref('int_bars__panel') }} as panel
inner join {{ ref('int_bars__daily') }} as daily using (symbol, session_date)
inner join {{ ref('dim_sessions') }} as sessions using (session_date)
left join {{ ref('int_bars__session') }} as bars using (symbol, session_date)
