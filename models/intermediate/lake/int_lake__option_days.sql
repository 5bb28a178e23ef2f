{{ config(
    materialized='lake_incremental',
    dataset='options',
    stamps_from='stg_lake__option_rejects',
) }}
-- What became of each underlying's rows, by day.
with

expirations as (

    select
        session_date,
        underlying,
        expiration,
        count(*) as count_rows
    from {{ ref('stg_lake__options') }}
    group by session_date, underlying, expiration

),

staged as (

    select
        session_date,
        underlying as symbol,
        count(*) as count_expirations,
        sum(count_rows)::bigint as count_staged
    from expirations
    group by session_date, underlying

),

rejected as (

    select
        session_date,
        underlying as symbol,
        count(*) as count_rejected
    from {{ ref('stg_lake__option_rejects') }}
    group by session_date, underlying

)

select
    session_date,
    symbol,
    coalesce(staged.count_expirations, 0) as count_expirations,
    coalesce(staged.count_staged, 0) as count_staged,
    coalesce(rejected.count_rejected, 0) as count_rejected
from staged
full join rejected using (session_date, symbol)
