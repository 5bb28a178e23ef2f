{{ config(materialized='view') }}
-- Every column of the change_point module, as of the close of session_date.
select
    kernels.symbol,
    kernels.session_date,
    greatest(kernels.known_at, statistics.known_at) as known_at,
    {{ feature_columns('change_point', engine='kernel', relation='kernels') }},
    {{ feature_columns('change_point', engine='session', relation='statistics') }}
from {{ ref('feat_change_point__kernels') }} as kernels
left join {{ ref('int_session__change_point') }} as statistics
    on
        kernels.symbol = statistics.symbol
        and kernels.session_date = statistics.session_date
