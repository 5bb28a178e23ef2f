{{ config(
    materialized='lake_incremental',
    dataset='stocks',
    stamps_from='stg_lake__stock_rejects',
) }}
-- What became of each symbol's rows, by day; and whether several sources have minutes of it.
with

staged as (

    select
        session_date,
        symbol,
        count(*) as count_staged,
        coalesce(
            min(case when bar_seconds = 60 then source end)
            != max(case when bar_seconds = 60 then source end),
            false
        ) as has_several_sources
    from {{ ref('stg_lake__stocks') }}
    group by session_date, symbol

),

rejected as (

    select
        session_date,
        symbol,
        count(*) as count_rejected
    from {{ ref('stg_lake__stock_rejects') }}
    group by session_date, symbol

)

select
    session_date,
    symbol,
    coalesce(staged.count_staged, 0) as count_staged,
    coalesce(rejected.count_rejected, 0) as count_rejected,
    coalesce(staged.has_several_sources, false) as has_several_sources
from staged
full join rejected using (session_date, symbol)
