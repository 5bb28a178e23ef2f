{{ config(
    materialized='lake_incremental',
    dataset='stocks',
    stamps_from='stg_lake__stock_rejects',
    invalidate_on=['source_priority'],
) }}
-- Regular-session minutes, one per symbol and minute. Where several sources have a minute, the
-- one first in source_priority is taken: a fixed order, because a choice by how complete a
-- source's day turned out would look ahead.
with

minutes as (

    select
        symbol,
        source,
        session_date,
        ts,
        known_at,
        price_basis,
        open,
        high,
        low,
        close,
        volume,
        transactions,
        vwap
    from {{ ref('stg_lake__stocks') }}
    where
        bar_seconds = 60
        and segment = 'regular'
        and open is not null
        and {{ lake_batch_dates() }}

),

shared as (

    select
        symbol,
        session_date
    from minutes
    group by symbol, session_date
    having min(source) != max(source)

),

from_one_source as (

    select
        minutes.*,
        coalesce(priorities.priority, 100) as source_priority
    from minutes
    anti join shared using (symbol, session_date)
    left join {{ ref('source_priority') }} as priorities using (source)

),

from_several as (

    select
        minutes.*,
        coalesce(priorities.priority, 100) as source_priority
    from minutes
    semi join shared using (symbol, session_date)
    left join {{ ref('source_priority') }} as priorities using (source)
    qualify row_number() over (
        partition by minutes.symbol, minutes.session_date, minutes.ts
        order by coalesce(priorities.priority, 100), minutes.source
    ) = 1

),

chosen as (

    select * from from_one_source
    union all by name
    select * from from_several

)

select
    chosen.*,
    sessions.open_at,
    sessions.close_at,
    sessions.minutes as session_minutes,
    (epoch(chosen.ts) - epoch(sessions.open_at))::integer // 60 as minute_index
from chosen
inner join {{ ref('dim_sessions') }} as sessions using (session_date)
