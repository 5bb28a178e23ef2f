-- Every column of the raw module that is lagged, as of the close of session_date. The kernels
-- did the windows; here are the session's own statistics and what is derived from columns.
with

kernels as (

    select * from {{ ref('feat_raw__kernels') }}

),

ratios as (

    select
        symbol,
        session_date,
        {% for short, long in [(5, 20), (10, 60), (20, 60), (20, 120), (60, 252)] %}
        ln(nullif(
            {{ safe_divide('raw_vol_cc_' ~ short, 'raw_vol_cc_' ~ long, 'raw_vol_cc_' ~ long) }}, 0
        )) as raw_volratio_{{ short }}_{{ long }},
        {% endfor %}
    from kernels

),

statistics as (

    select * from {{ ref('int_session__raw') }}

),

joined as (

    select
        kernels.symbol,
        kernels.session_date,
        greatest(kernels.known_at, statistics.known_at) as known_at,
        {{ feature_columns('raw', engine=['kernel', 'fit'], relation='kernels') }},
        {{ feature_columns('raw', engine='session', relation='statistics') }},
        {{ feature_columns('raw', engine='sql', relation='ratios') }}
    from kernels
    inner join ratios
        on
            kernels.symbol = ratios.symbol
            and kernels.session_date = ratios.session_date
    left join statistics
        on
            kernels.symbol = statistics.symbol
            and kernels.session_date = statistics.session_date

)

select
    symbol,
    session_date,
    known_at,
    {{ feature_columns('raw') }}
from joined
