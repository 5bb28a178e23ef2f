-- Every column of the entropy module, as of the close of session_date.
with

kernels as (

    select * from {{ ref('feat_entropy__kernels') }}

),

session_entropies as (

    select * from {{ ref('int_session__entropy') }}

),

joined as (

    select
        kernels.symbol,
        kernels.session_date,
        greatest(kernels.known_at, session_entropies.known_at) as known_at,
        {{ feature_columns('entropy', engine='kernel', relation='kernels') }},
        {{ feature_columns('entropy', engine='session', relation='session_entropies') }}
    from kernels
    left join session_entropies
        on
            kernels.symbol = session_entropies.symbol
            and kernels.session_date = session_entropies.session_date

)

select
    symbol,
    session_date,
    known_at,
    {{ feature_columns('entropy') }}
from joined
