{{ config(
    materialized='lake_incremental',
    dataset='stocks',
    stamps_from='int_bars__minutes',
    uses_kernels=true,
) }}
-- Entropies of each session's minute returns, by the kernel: an ordered list in, a struct out.
with

sessions as (

    select
        symbol,
        session_date,
        max(known_at) as known_at,
        entropy_session(
            list(close order by minute_index),
            any_value(session_minutes)
        ) as entropies
    from {{ ref('int_bars__minutes') }}
    group by symbol, session_date

)

select
    symbol,
    session_date,
    known_at,
    {{ feature_columns('entropy', engine='session', relation='entropies') }}
from sessions
