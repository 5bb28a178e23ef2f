{{ config(materialized='view') }}
-- The volatility indices of a session side by side, as published after its close. Each index is
-- NULL where the lake has no level of it. Of several sources the one that was known first is
-- taken, then the first by name: what comes later, a revision say, changes no earlier number.
with

levels as (

    select
        index_symbol,
        session_date,
        first(close order by known_at, source) as close,
        min(known_at) as known_at
    from {{ ref('stg_lake__index_levels') }}
    where index_symbol in ('VIX', 'VIX9D', 'VIX3M', 'VVIX', 'SKEW') and close > 0
    group by index_symbol, session_date

)

select
    session_date,
    max(case when index_symbol = 'VIX' then close end) as vix,
    max(case when index_symbol = 'VIX9D' then close end) as vix9d,
    max(case when index_symbol = 'VIX3M' then close end) as vix3m,
    max(case when index_symbol = 'VVIX' then close end) as vvix,
    max(case when index_symbol = 'SKEW' then close end) as skew,
    max(known_at) as known_at
from levels
group by session_date
