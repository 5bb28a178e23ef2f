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

priorities as (

    select * from {{ ref('source_priority') }}

),

-- read twice, but the second time only where a symbol has several sources
minutes as not materialized (

    select
        stocks.symbol,
        stocks.source,
        stocks.session_date,
        stocks.ts,
        stocks.known_at,
        stocks.price_basis,
        stocks.open,
        stocks.high,
        stocks.low,
        stocks.close,
        stocks.volume,
        stocks.transactions,
        stocks.vwap,
        coalesce(priorities.priority, 100) as source_priority,
        sessions.open_at,
        sessions.close_at,
        sessions.minutes as session_minutes,
        ((epoch_us(stocks.ts) - epoch_us(sessions.open_at)) // 60000000)::integer as minute_index
    from {{ ref('stg_lake__stocks') }} as stocks
    inner join {{ ref('dim_sessions') }} as sessions using (session_date)
    left join priorities using (source)
    where
        stocks.bar_seconds = 60
        and stocks.segment = 'regular'
        and stocks.open is not null
        and stocks.{{ lake_batch_dates() }}

),

shared as (

    select
        symbol,
        session_date
    from {{ ref('int_lake__stock_days') }}
    where has_several_sources and {{ lake_batch_dates() }}

)

select minutes.*
from minutes
anti join shared using (symbol, session_date)
union all
select minutes.*
from minutes
semi join shared using (symbol, session_date)
qualify row_number() over (
    partition by minutes.symbol, minutes.session_date, minutes.ts
    order by minutes.source_priority, minutes.source
) = 1
