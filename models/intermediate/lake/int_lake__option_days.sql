{{ config(
    materialized='lake_incremental',
    dataset='options',
    stamps_from='stg_lake__option_rows',
) }}
-- What became of each underlying's option rows, by day.
select
    session_date,
    underlying as symbol,
    count(*) filter (where reject_reason is null) as count_staged,
    count(*) filter (where reject_reason is not null) as count_rejected,
    count(distinct expiration) filter (where reject_reason is null) as count_expirations
from {{ ref('stg_lake__option_rows') }}
group by session_date, underlying
