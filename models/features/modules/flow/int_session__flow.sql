{{ config(
    materialized='lake_incremental',
    dataset='stocks',
    stamps_from='int_bars__minutes',
    uses_kernels=true,
) }}
-- Order flow of each session from its minutes, by the kernel: lists in, a struct out. The lists
-- of one group are in one order; the kernel sorts them by minute. Every field is free of scale,
-- so that a session needs no other one; the kernels over bars bring them into units.
with

sessions as (

    select
        symbol,
        session_date,
        max(known_at) as known_at,
        flow_session(
            list(minute_index),
            list(open),
            list(close),
            list(volume),
            any_value(session_minutes)
        ) as statistics
    from {{ ref('int_bars__minutes') }}
    group by symbol, session_date

)

select
    symbol,
    session_date,
    known_at,
    {{ feature_columns('flow', engine='session', relation='statistics') }},
    {{ feature_columns('mm_inventory', engine='session', relation='statistics') }},
    statistics.kyle_of_session,
    statistics.hasbrouck_of_session,
    statistics.amihud_of_session,
    statistics.net_fading_h1,
    statistics.net_fading_d1,
    statistics.net_fading_d5,
    statistics.net_of_last30,
    statistics.minute_variance
from sessions
