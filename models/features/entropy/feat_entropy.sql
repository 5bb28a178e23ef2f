-- Every column of the entropy module, as of the close of session_date.
with

kernels as (

    select * from {{ ref('feat_entropy__kernels') }}

),

statistics as (

    select * from {{ ref('int_session__entropy') }}

),

joined as (

    select
        kernels.symbol,
        kernels.session_date,
        greatest(kernels.known_at, statistics.known_at) as known_at,
        {{ feature_columns('entropy', engine='kernel', relation='kernels') }},
        {{ feature_columns('entropy', engine='session', relation='statistics') }}
    from kernels
    left join statistics
        on
            kernels.symbol = statistics.symbol
            and kernels.session_date = statistics.session_date

)

select
    symbol,
    session_date,
    known_at,
    {{ feature_columns('entropy') }}
from joined
