{{ config(
    materialized='lake_incremental',
    dataset='stocks',
    stamps_from='stg_lake__stock_rejects',
) }}
-- The vendors' day bars, each source's own: kept, so that a new day opens its file only.
select
    symbol,
    source,
    price_basis,
    session_date,
    ts,
    known_at,
    open,
    high,
    low,
    close,
    volume,
    transactions,
    vwap
from {{ ref('stg_lake__stocks') }}
where bar_seconds = {{ day_seconds() }}
