{{ config(materialized='view') }}
-- Every column of the flow module, as of the close of session_date.
with

kernels as (

    select * from {{ ref('feat_flow__kernels') }}

),

session_flow as (

    select * from {{ ref('int_session__flow') }}

),

joined as (

    select
        kernels.symbol,
        kernels.session_date,
        greatest(kernels.known_at, session_flow.known_at) as known_at,
        {{ feature_columns('flow', engine='kernel', relation='kernels') }},
        {{ feature_columns('flow', engine='session', relation='session_flow') }}
    from kernels
    left join session_flow
        on
            kernels.symbol = session_flow.symbol
            and kernels.session_date = session_flow.session_date

)

select
    symbol,
    session_date,
    known_at,
    {{ feature_columns('flow') }}
from joined
