{{ config(
    materialized='lake_incremental',
    dataset='stocks',
    stamps_from='int_bars__minutes',
    uses_kernels=true,
) }}
-- Jump statistics of each session's 5-minute returns, by the kernel: lists in, a struct out. The
-- lists of one group are in one order; the kernel sorts them by minute.
with

sessions as (

    select
        symbol,
        session_date,
        max(known_at) as known_at,
        change_point_session(
            list(minute_index),
            list(open),
            list(close),
            any_value(session_minutes)
        ) as statistics
    from {{ ref('int_bars__minutes') }}
    group by symbol, session_date

)

select
    symbol,
    session_date,
    known_at,
    {{ feature_columns('change_point', engine='session', relation='statistics') }},
    statistics.cp_lm_jumps
from sessions
