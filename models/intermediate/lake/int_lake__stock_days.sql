{{ config(
    materialized='lake_incremental',
    dataset='stocks',
    stamps_from='stg_lake__stock_rows',
) }}
-- What became of each symbol's stock rows, by day.
select
    session_date,
    symbol,
    count(*) filter (where reject_reason is null) as count_staged,
    count(*) filter (where reject_reason is not null) as count_rejected
from {{ ref('stg_lake__stock_rows') }}
group by session_date, symbol
