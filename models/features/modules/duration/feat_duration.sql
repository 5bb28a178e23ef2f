{{ config(materialized='view') }}
-- Every column of the duration module, as of the close of session_date.
with

kernels as (

    select * from {{ ref('feat_duration__kernels') }}

),

durations as (

    select * from {{ ref('int_session__duration') }}

),

joined as (

    select
        kernels.symbol,
        kernels.session_date,
        greatest(kernels.known_at, durations.known_at) as known_at,
        {{ feature_columns('duration', engine=['kernel', 'fit'], relation='kernels') }},
        {{ feature_columns('duration', engine='session', relation='durations') }}
    from kernels
    left join durations
        on
            kernels.symbol = durations.symbol
            and kernels.session_date = durations.session_date

)

select
    symbol,
    session_date,
    known_at,
    {{ feature_columns('duration') }}
from joined
