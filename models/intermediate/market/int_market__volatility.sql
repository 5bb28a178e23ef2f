{{ config(materialized='view') }}
-- The volatility indices of every session side by side, as they stood in the evening, a quarter
-- of an hour after its close. What was published later is of no session; an index without a level
-- is NULL in its own column. Of several sources the one that was known first is taken, then the
-- first by name: what comes later, a revision say, changes no earlier number. `known_at` is the
-- evening whether or not a level came: a row must not tell by its time what it will hold.
with

evenings as (

    select
        session_date,
        close_at + interval 15 minutes as evening_at
    from {{ ref('dim_sessions') }}

),

levels as (

    select
        levels.index_symbol,
        levels.session_date,
        first(levels.close order by levels.known_at, levels.source) as close
    from {{ ref('stg_lake__index_levels') }} as levels
    inner join evenings
        on
            levels.session_date = evenings.session_date
            and levels.known_at <= evenings.evening_at
    where levels.index_symbol in ('VIX', 'VIX9D', 'VIX3M', 'VVIX', 'SKEW') and levels.close > 0
    group by levels.index_symbol, levels.session_date

),

sides as (

    select
        session_date,
        max(case when index_symbol = 'VIX' then close end) as vix,
        max(case when index_symbol = 'VIX9D' then close end) as vix9d,
        max(case when index_symbol = 'VIX3M' then close end) as vix3m,
        max(case when index_symbol = 'VVIX' then close end) as vvix,
        max(case when index_symbol = 'SKEW' then close end) as skew
    from levels
    group by session_date

)

select
    evenings.session_date,
    sides.vix,
    sides.vix9d,
    sides.vix3m,
    sides.vvix,
    sides.skew,
    evenings.evening_at as known_at
from evenings
left join sides on evenings.session_date = sides.session_date
