{{ config(
    materialized='lake_incremental',
    dataset='stocks',
    stamps_from='int_bars__minutes',
    uses_kernels=true,
) }}
-- Durations inside each session, by the kernel: lists in, a struct out. The lists of one group
-- are in one order; the kernel sorts them by minute.
with

sessions as (

    select
        symbol,
        session_date,
        max(known_at) as known_at,
        duration_session(
            list(minute_index),
            list(open),
            list(high),
            list(low),
            list(close),
            list(volume),
            any_value(session_minutes)
        ) as durations
    from {{ ref('int_bars__minutes') }}
    group by symbol, session_date

)

select
    symbol,
    session_date,
    known_at,
    durations.*
from sessions
