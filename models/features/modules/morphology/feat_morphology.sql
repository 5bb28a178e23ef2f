{{ config(materialized='view') }}
-- Every column of the morphology module, as of the close of session_date.
with

kernels as (

    select * from {{ ref('feat_morphology__kernels') }}

),

profiles as (

    select * from {{ ref('int_session__morphology') }}

),

joined as (

    select
        kernels.symbol,
        kernels.session_date,
        greatest(kernels.known_at, profiles.known_at) as known_at,
        {{ feature_columns('morphology', engine='kernel', relation='kernels') }},
        {{ feature_columns('morphology', engine='session', relation='profiles') }}
    from kernels
    left join profiles
        on
            kernels.symbol = profiles.symbol
            and kernels.session_date = profiles.session_date

)

select
    symbol,
    session_date,
    known_at,
    {{ feature_columns('morphology') }}
from joined
